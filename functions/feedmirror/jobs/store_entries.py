"""The mirror's half of the protocol of design §4, for a batch of feeds that brought something new.

In this order, and none other: a marker for every item whose attributes have none; the ETag of every
key that may be written; the rules; then every put under the ETag that was read. What loses its
condition is left to the next run, which is told to look again; a listing is tried once more by this
one (``list_again.py``). An ETag read before the marker is the same promise, only stricter: whatever
came in between makes the put fail.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from feedmirror.configuration import Images
from feedmirror.jobs.publish import Publisher
from feedmirror.jobs.rules import RuleReader, Rules
from feedmirror.jobs.slots import (
    WRITES,
    Delivery,
    Slot,
    Stored,
    announcements,
    attributes_of,
    marker_body,
    outcome_of,
    plan_batch,
)
from feedmirror.layout import (
    ItemId,
    host_folder,
    marker_key,
    month_folder,
    record_key,
    records_prefix,
)
from feedmirror.mirroring.parsing import Parsers
from feedmirror.mirroring.planning import Step
from feedmirror.ports.object_store import (
    Content,
    LostConditionError,
    ObjectStore,
    keys_of_one_page,
)
from feedmirror.ports.workers import Workers
from feedmirror.publishing.selection import Publication, select
from feedmirror.records import (
    Item,
    Record,
    RecordUnreadableError,
    Tombstone,
    object_metadata,
    record_from_json,
    record_to_json,
)
from feedmirror.suppression import (
    WHOLE,
    RuleUnreadableError,
    find_suppression,
)


@dataclass(frozen=True, slots=True)
class _Look:
    """What one look tells of a delivery: whose keys are free, and whether all of the host's are."""

    free: frozenset[ItemId] = frozenset()
    is_unknown: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreEntries:
    """Brings the archive and the site up to date with a batch of deliveries, one a host."""

    archive: ObjectStore
    rules: RuleReader
    publisher: Publisher
    workers: Workers
    parsers: Parsers
    images: Images

    def run(self, deliveries: Sequence[Delivery], *, now: datetime) -> tuple[Stored, ...]:
        """Carry the deliveries through the protocol; outcomes in their order."""
        batches, unknown = self._look(deliveries)
        slots = [slot for batch in batches for slot in batch]
        for batch in batches:
            plan_batch(batch, self.parsers, images=self.images, now=now)
        self.workers.map(self._announce, [slot for slot in slots if slot.step is not Step.LEAVE])
        shown = [slot for slot in slots if slot.item is not None]
        self.workers.map(self._open_page, shown)
        listings = self.publisher.open(_folders(shown), unknown, looks=False)
        rules = self.rules.read({host for slot in shown for host in slot.hosts} | listings.hosts)
        self.workers.map(lambda slot: self._put_record(slot, rules), shown)
        publications = {id(batch): self._publish(batch, rules, now=now) for batch in batches}
        merged = _joined(publications.values())
        failed = self.publisher.update(listings, merged, rules, now=now)
        if failed:  # perhaps by an ETag that was remembered, and is another for good
            failed = self._list_again(failed, merged, now=now)
        return tuple(outcome_of(batch, publications[id(batch)], failed) for batch in batches)

    def _list_again(
        self, folders: Iterable[str], publication: Publication, *, now: datetime
    ) -> Mapping[str, str]:
        """Put listings of which a condition was lost; return why, by folder, if that failed."""
        from feedmirror.jobs.list_again import ListAgain  # noqa: PLC0415 -- most runs lose nothing

        again = ListAgain(publisher=self.publisher, rules=self.rules)
        records: tuple[Record, ...] = (*publication.items, *publication.tombstones)
        return again.run(folders, ((each.host, each.id) for each in records), now=now)

    def _look(self, deliveries: Sequence[Delivery]) -> tuple[list[list[Slot]], frozenset[str]]:
        """Read what is stored in the drafts' places, where it cannot be known without.

        Returns it with the hosts of which nothing has ever been stored.
        """
        looks = self.workers.map(self._absent, deliveries)
        batches = [
            [Slot(draft, delivery, vacant=draft.id in look.free) for draft in delivery.drafts]
            for delivery, look in zip(deliveries, looks, strict=True)
        ]
        self.workers.map(
            self._read, [slot for batch in batches for slot in batch if not slot.vacant]
        )
        found = zip(deliveries, looks, strict=True)
        return batches, frozenset(each.settings.host for each, look in found if look.is_unknown)

    def _absent(self, delivery: Delivery) -> _Look:
        """Return the drafts whose keys are free, as far as one request can tell."""
        ids = frozenset(draft.id for draft in delivery.drafts)
        if delivery.trusted:
            return _Look(ids - delivery.entries.keys())
        prefix = records_prefix(delivery.settings.host)
        page = keys_of_one_page(self.archive, prefix)
        if page is None:
            return _Look()
        taken = {key.removeprefix(prefix).removesuffix(".json") for key in page}
        return _Look(frozenset(item for item in ids if item not in taken), is_unknown=not page)

    def _read(self, slot: Slot) -> None:
        key = record_key(slot.draft.host, slot.draft.id)
        found = self.archive.get(key)
        if found is None:
            return
        slot.etag = found.etag
        try:
            slot.stored = record_from_json(found.content.body)
        except RecordUnreadableError as error:
            slot.problem = f"archive {key}: {error}; it is left as it is"

    def _announce(self, slot: Slot) -> None:
        """Create the markers of the draft's present attributes, unless they are known to exist."""
        if slot.item is None:
            return
        body = marker_body(slot, slot.item.first_seen)
        slot.attributes = attributes_of(slot, body)
        known = slot.delivery.entries.get(slot.draft.id)
        if known is not None and known.attributes == slot.attributes:
            return
        for under, address in announcements(slot.draft):
            key = marker_key(
                under,
                address=address,
                host=slot.draft.host,
                item=slot.draft.id,
                attributes=slot.attributes,
            )
            if slot.stored is not None and self.archive.head(key) is not None:
                continue
            try:
                self.archive.put(key, Content(body, "application/json"), replaces=None)
            except LostConditionError:
                continue  # it exists, and says the same: its key is a hash of its body

    def _open_page(self, slot: Slot) -> None:
        # Every writer puts the record before its page, so without a record there was no page.
        fresh = slot.step is Step.CREATE
        slot.page = self.publisher.open_page(slot.draft.host, slot.draft.id, fresh=fresh)

    def _put_record(self, slot: Slot, rules: Rules) -> None:
        """Put the item under the ETag that was read, unless a rule covers it."""
        if slot.item is None:
            return
        try:
            covered = find_suppression(slot.claims, rules.concerning(slot.hosts))
        except RuleUnreadableError as error:
            slot.problem, slot.lost = str(error), True
            return
        stone = slot.stored
        held = isinstance(stone, Tombstone) and any(map(self.rules.stands, stone.rules))
        slot.suppressed = held or covered is not None
        slot.covered = covered is not None and covered.scope in WHOLE
        key = record_key(slot.item.host, slot.item.id)
        if slot.step is Step.CONFIRM:  # what is shown is what is there behind the rules
            found = self.archive.head(key)
            slot.lost = found is None or found.etag != slot.etag
        if slot.suppressed or slot.step not in WRITES:
            return
        body = record_to_json(slot.item, self.publisher.nonce())
        content = Content(body, "application/json", metadata=object_metadata(slot.item))
        try:
            self.archive.put(key, content, replaces=slot.etag)
            slot.written = True
        except LostConditionError:
            slot.lost = True

    def _publish(self, batch: Sequence[Slot], rules: Rules, *, now: datetime) -> Publication:
        """Put the pages of what the archive now holds; what lost a condition is not among it."""
        held = [slot for slot in batch if slot.item is not None and not slot.lost]
        in_force = rules.concerning({host for slot in held for host in slot.hosts})
        shown = [slot.item for slot in held if slot.item and not slot.suppressed]
        publication = select(shown, in_force, now=now)
        pages = {slot.draft.id: slot for slot in held}

        def put(item: Item) -> None:
            slot = pages[item.id]
            if slot.page is not None and not self.publisher.put_page(slot.page, item):
                slot.lost = True

        self.workers.map(put, publication.items)
        kept = tuple(item for item in publication.items if not pages[item.id].lost)
        gone = select(
            (slot.stored for slot in held if slot.suppressed and slot.stored), in_force, now=now
        )
        return Publication(kept, gone.tombstones)


def _folders(slots: Iterable[Slot]) -> frozenset[str]:
    """Return the listings that may show the items."""
    return frozenset(
        folder
        for slot in slots
        if slot.item is not None
        for folder in (
            host_folder(slot.item.host),
            month_folder(slot.item.host, slot.item.first_seen),
        )
    )


def _joined(publications: Iterable[Publication]) -> Publication:
    parts = tuple(publications)
    return Publication(
        tuple(item for part in parts for item in part.items),
        tuple(stone for part in parts for stone in part.tombstones),
    )
