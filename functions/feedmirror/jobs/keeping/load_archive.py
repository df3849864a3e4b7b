"""The archive of a backup, brought into a mirror's by the protocol of design §4.

Every marker comes before any record. A record is put only where there is none, behind the rules
that are then in force here: what one of them covers becomes its tombstone. What is here stays.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from feedmirror.jobs.batches import batches
from feedmirror.jobs.keeping.apply_rules import Place, by_keys, covering_rules
from feedmirror.jobs.keeping.load_report import Brought, LoadTally
from feedmirror.jobs.publish import record_in
from feedmirror.jobs.rebuilding.rebuild_pages import NO_CASE, hosts_of
from feedmirror.jobs.rules import RuleReader, Rules
from feedmirror.layout import (
    CONFIGURATION,
    LAST_GOOD_CONFIGURATION,
    MARKERS,
    RECORDS,
    STATES,
    record_key,
)
from feedmirror.ports.object_store import Content, LostConditionError, ObjectStore, folders
from feedmirror.ports.workers import Workers
from feedmirror.publishing.selection import bury
from feedmirror.records import (
    Item,
    Record,
    RecordUnreadableError,
    Tombstone,
    object_metadata,
    record_from_json,
    record_to_json,
)
from feedmirror.suppression import RuleUnreadableError

_BATCH = 64  # records held at once
_MARKERS = 500
_JSON = "application/json"
_CONFIGURATIONS = CONFIGURATION.partition("/")[0] + "/"


@dataclass(frozen=True, slots=True)
class _Here:
    """What is in a record's place already; None of a record that cannot be read."""

    record: Record | None

    def names(self, rules: Iterable[str]) -> bool:
        """Tell whether it is a tombstone that rules hold, these among them."""
        return isinstance(self.record, Tombstone) and set(rules) <= {*self.record.rules}


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadArchive:
    """Brings the objects of one archive into another; all of it may be done any number of times."""

    source: ObjectStore
    archive: ObjectStore
    rules: RuleReader
    workers: Workers
    clock: Callable[[], datetime]
    nonce: Callable[[], str]

    def markers(self, tally: LoadTally) -> None:
        """Bring the markers; one of the same key says the same."""
        keys = (summary.key for summary in self.source.list(MARKERS))
        tally.brought[Brought.MARKERS] += self._copy(keys, tally)

    def tombstones(self, tally: LoadTally) -> Iterator[Tombstone]:
        """Bring the tombstones; yield those in whose place not all of their rules are known here.

        An item may be there, or a tombstone of another case, or of what is no longer kept.
        """
        for batch in self._records(tally, told=True):
            stones = [record for record in batch if isinstance(record, Tombstone)]
            for stone, here in zip(stones, self.workers.map(self._put, stones), strict=True):
                if here is None:
                    tally.brought[Brought.TOMBSTONES] += 1
                elif not here.names(stone.rules):
                    yield stone

    def items(self, untold: frozenset[Place], tally: LoadTally) -> None:
        """Bring the items whose place is free; ``untold`` are those that no rule can be told of."""
        for batch in self._records(tally, told=False):
            items = [
                record
                for record in batch
                if isinstance(record, Item) and (record.host, record.id) not in untold
            ]
            hosts = frozenset[str]().union(*map(hosts_of, items))
            rules = self.rules.read(hosts)
            for done in self.workers.map(partial(self._bring, rules=rules, tally=tally), items):
                if done is not None:
                    tally.brought[done] += 1

    def has_configuration(self) -> bool:
        """Tell whether the operator's file is here already."""
        return self.archive.head(CONFIGURATION) is not None

    def configuration(self, tally: LoadTally) -> None:
        """Bring the templates, and behind them the operator's file, or the last good one."""
        listed = [summary.key for summary in self.source.list(_CONFIGURATIONS)]
        self._copy((key for key in listed if key != CONFIGURATION), tally)
        self._copy((CONFIGURATION,), tally)
        self._copy((LAST_GOOD_CONFIGURATION,), tally)

    def others(self, tally: LoadTally) -> None:
        """Bring what else there is in the archive, where there is nothing of that name."""
        known = {RECORDS, MARKERS, STATES, _CONFIGURATIONS}
        for folder in folders(self.source, ""):
            if f"{folder}/" not in known:
                keys = (summary.key for summary in self.source.list(f"{folder}/"))
                tally.brought[Brought.OTHER] += self._copy(keys, tally)

    def _copy(self, keys: Iterable[str], tally: LoadTally) -> int:
        """Copy objects where there are none; return how many."""
        copied = 0
        for batch in batches(keys, _MARKERS):
            copied += sum(self.workers.map(self._copy_one, batch))
            tally.progress(len(batch))
        return copied

    def _copy_one(self, key: str) -> bool:
        found = self.source.get(key)
        if found is None:
            return False
        try:
            self.archive.put(key, found.content, replaces=None)
        except LostConditionError:
            return False
        return True

    def _records(self, tally: LoadTally, *, told: bool) -> Iterator[list[Record]]:
        """Yield the backup's records in batches; ``told``: the reader is told of the others."""
        for keys in batches((summary.key for summary in self.source.list(RECORDS)), _BATCH):
            records: list[Record] = []
            for key, found in zip(keys, map(self.source.get, keys), strict=True):
                try:
                    record = record_from_json(found.content.body if found else b"")
                except RecordUnreadableError as error:
                    if told:
                        tally.problems.add(f"backup {key}: {error}; it is not loaded")
                    continue
                if record_key(record.host, record.id) == key:
                    records.append(record)
            yield records
            tally.progress(len(keys))

    def _bring(self, item: Item, *, rules: Rules, tally: LoadTally) -> Brought | None:
        """Put an item, or the tombstone that rules put in its place."""
        try:
            covering = covering_rules(item.subject, rules.concerning(hosts_of(item)))
        except RuleUnreadableError as error:
            tally.problems.add(str(error))
            return None
        record: Record = item
        if covering:
            stone = bury(item, covering[0], now=self.clock())
            record = replace(stone, rules=tuple(by_keys(covering)))
        if self._put(record) is not None:
            return Brought.KEPT
        return Brought.COVERED if covering else Brought.ITEMS

    def _put(self, record: Record) -> _Here | None:
        """Put a record where there is none; return what is there instead.

        A tombstone that a rebuild put, since a page had no record, gives way to the record: no
        rule has put it there, and a takedown that has come to it since has left its own in it.
        """
        key = record_key(record.host, record.id)
        content = Content(
            record_to_json(record, self.nonce()), _JSON, metadata=object_metadata(record)
        )
        etag: str | None = None
        while True:
            try:
                self.archive.put(key, content, replaces=etag)
            except LostConditionError:
                found = self.archive.get(key)
                here = record_in(found)
                if found is not None and (_is_nobodys(record) or not _is_nobodys(here)):
                    return _Here(here)
                etag = found.etag if found else None
                continue
            return None


def _is_nobodys(record: Record | None) -> bool:
    return isinstance(record, Tombstone) and record.case == NO_CASE and not record.rules
