"""What a run did, in numbers and in words for the operator."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorReport:
    """One run's outcome; ``failures`` are pairs of a feed's address and what was wrong with it."""

    feeds: int = 0
    polled: int = 0
    unchanged: int = 0
    changed: int = 0
    left: int = 0  # due, but not reached in time: the next run takes them
    created: int = 0
    updated: int = 0
    restored: int = 0
    retired: int = 0  # beyond what is kept or permitted of their feeds: gone, or shown less of
    suppressed: int = 0
    lost: int = 0  # conditions lost to another writer: the next run looks again
    dispatched: int = 0  # shards handed to the poll queue
    findings: int = 0  # handed on to the takedown function
    failures: tuple[tuple[str, str], ...] = ()
    problems: tuple[tuple[str, str], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON has it."""
        pairs = {
            name: [{"feed": feed, "what": what} for feed, what in getattr(self, name)]
            for name in ("failures", "problems")
        }
        return {**asdict(self), **pairs}


def added_up(reports: Iterable[MirrorReport]) -> MirrorReport:
    """Return the sum of several shards' reports."""
    parts = tuple(reports)
    sums = {
        name.name: sum((getattr(part, name.name) for part in parts), start=_zero(name.name))
        for name in fields(MirrorReport)
    }
    return MirrorReport(**sums)


def _zero(name: str) -> Any:  # noqa: ANN401 -- counts start at 0, lists empty
    return () if name in ("failures", "problems") else 0
