"""What a long job could not do, told once each, and counted where it is too much to tell."""

from dataclasses import dataclass, field

_MOST = 1000  # that are told one by one


@dataclass(slots=True)
class Problems:
    """Problems in the order in which they came; ``more`` counts those that are not kept."""

    _kept: dict[str, None] = field(default_factory=dict)
    more: int = 0

    @property
    def told(self) -> tuple[str, ...]:
        """Those that are told."""
        return tuple(self._kept)

    def add(self, problem: str) -> None:
        """Add one, unless it is there."""
        if problem in self._kept:
            return
        if len(self._kept) < _MOST:
            self._kept[problem] = None
        else:
            self.more += 1
