"""What a load brought, what was there already, and what could not be brought."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from feedmirror.jobs.problems import Problems
from feedmirror.jobs.rebuilding.rebuild_report import RebuildReport


class Brought(StrEnum):
    """What became of one thing of a backup, or of the mirror that it is loaded into."""

    LEDGER = "entries of the ledger"
    CASES = "cases carried further"
    MARKERS = "markers"
    ITEMS = "items"
    TOMBSTONES = "tombstones"
    COVERED = "items that a rule covers, as tombstones"
    TAKEN_DOWN = "items taken down by rules of the backup"
    KEPT = "records kept as they are here"
    OTHER = "other objects"


class Configured(StrEnum):
    """What became of the configuration."""

    LOADED = "loaded"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class LoadReport:
    """A load in numbers, why some things are not loaded, and the site that was made of it."""

    brought: Mapping[Brought, int]
    configuration: Configured
    problems: tuple[str, ...]
    more: int
    site: RebuildReport

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            **{what.name.lower(): self.brought.get(what, 0) for what in Brought},
            "configuration": self.configuration.value,
            "problems": list(self.problems),
            "more": self.more,
            "site": self.site.to_dict(),
        }


@dataclass(slots=True)
class LoadTally:
    """A load's report in the making; ``progress`` is told how many objects more are done."""

    progress: Callable[[int], object]
    brought: Counter[Brought] = field(default_factory=Counter)
    problems: Problems = field(default_factory=Problems)
