"""What was too much or malformed about a mail: named, never repeated."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Remarks:
    """Collects, while a mail is read, the caps that it exceeds and what was malformed."""

    excess: dict[str, None] = field(default_factory=dict)
    faults: dict[str, None] = field(default_factory=dict)

    def exceeds(self, cap: str) -> None:
        """Note that a cap is exceeded; once is enough."""
        self.excess[cap] = None

    def fault(self, what: str) -> None:
        """Note that something is malformed; once is enough."""
        self.faults[what] = None
