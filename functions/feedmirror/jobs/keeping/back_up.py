"""A backup: the archive and the ledger, object by object, into a store that was empty before.

What is copied first is what may become wrong: the items, then their markers, then the ledger. So no
item is in a backup without the marker that a takedown finds it by, and none without a rule that
stood when the last item was copied. In the ledger the order of keys is the right one: a case is
copied before the rules that it may say it has made, and a lift before the rule that takes the place
of what it ended.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from feedmirror.jobs.batches import batches
from feedmirror.layout import (
    CLOSED,
    LAST_GOOD_CONFIGURATION,
    MARKERS,
    RECORDS,
    STATES,
)
from feedmirror.ports.object_store import ObjectStore, folders
from feedmirror.ports.workers import Workers

_BATCH = 64  # objects held at once


@dataclass(frozen=True, slots=True)
class BackedUp:
    """How many objects were copied, by the folder that they lie in, and their bytes."""

    archive: Mapping[str, int]
    ledger: Mapping[str, int]
    size: int

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "archive": dict(self.archive),
            "ledger": dict(self.ledger),
            "bytes": self.size,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class BackUp:
    """Copies a mirror's archive and ledger."""

    archive: ObjectStore
    ledger: ObjectStore
    into_archive: ObjectStore
    into_ledger: ObjectStore
    workers: Workers

    def run(self, progress: Callable[[int], object] = lambda _: None) -> BackedUp:
        """Copy all; ``progress`` is told how many objects more are. Raises StoreUnavailableError.

        Poll state is a cache, and left out but for the configuration that was last good. What says
        that a case is closed follows from the case, and may be another moment's than it.
        """
        archive = self._copy(
            self._of_archive(), self.archive, into=self.into_archive, progress=progress
        )
        ledger = self._copy(
            self._of_ledger(), self.ledger, into=self.into_ledger, progress=progress
        )
        size = archive.pop("") + ledger.pop("")
        return BackedUp(archive=archive, ledger=ledger, size=size)

    def _of_archive(self) -> Iterator[str]:
        yield from _keys(self.archive, RECORDS)
        yield from _keys(self.archive, MARKERS)
        for folder in folders(self.archive, ""):
            if f"{folder}/" not in {RECORDS, MARKERS, STATES}:
                yield from _keys(self.archive, f"{folder}/")
        yield LAST_GOOD_CONFIGURATION

    def _of_ledger(self) -> Iterator[str]:
        return (key for key in _keys(self.ledger, "") if not key.startswith(CLOSED))

    def _copy(
        self,
        keys: Iterator[str],
        source: ObjectStore,
        *,
        into: ObjectStore,
        progress: Callable[[int], object],
    ) -> Counter[str]:
        """Copy objects as they are; count them by folder, and their bytes under no name."""
        copied = Counter({"": 0})
        for batch in batches(keys, _BATCH):
            for key, found in zip(batch, self.workers.map(source.get, batch), strict=True):
                if found is None:
                    continue
                into.put(key, found.content, replaces=None)
                copied[key.partition("/")[0]] += 1
                copied[""] += len(found.content.body)
            progress(len(batch))
        return copied


def _keys(store: ObjectStore, prefix: str) -> Iterator[str]:
    return (summary.key for summary in store.list(prefix))
