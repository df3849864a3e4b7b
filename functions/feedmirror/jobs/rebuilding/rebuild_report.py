"""What a rebuild looked at, wrote, and could not write."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from feedmirror.jobs.problems import Problems


class Done(StrEnum):
    """What became of a page, or of a listing's three files."""

    WRITTEN = "written"
    UNCHANGED = "unchanged"
    LOST = "lost"  # another writer came first


@dataclass(frozen=True, slots=True)
class RebuildReport:
    """What was looked at and what became of it; why some pages are as they were."""

    hosts: int
    items: int
    tombstones: int
    pages: Mapping[str, int]
    listings: Mapping[str, int]
    buried: int  # pages that no record stood behind
    problems: tuple[str, ...] = ()
    more: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "hosts": self.hosts,
            "items": self.items,
            "tombstones": self.tombstones,
            "pages": dict(self.pages),
            "listings": dict(self.listings),
            "pages_without_record": self.buried,
            "problems": list(self.problems),
            "more": self.more,
        }


@dataclass(slots=True)
class Tally:
    """A rebuild's report in the making; ``progress`` is told how many records more are done."""

    progress: Callable[[int], object]
    hosts: int = 0
    items: int = 0
    tombstones: int = 0
    pages: Counter[Done] = field(default_factory=Counter)
    listings: Counter[Done] = field(default_factory=Counter)
    buried: int = 0
    problems: Problems = field(default_factory=Problems)

    def report(self) -> RebuildReport:
        """Return what has been done so far."""
        return RebuildReport(
            hosts=self.hosts,
            items=self.items,
            tombstones=self.tombstones,
            pages={done.value: self.pages[done] for done in (Done.WRITTEN, Done.UNCHANGED)},
            listings={done.value: self.listings[done] for done in (Done.WRITTEN, Done.UNCHANGED)},
            buried=self.buried,
            problems=self.problems.told,
            more=self.problems.more,
        )
