"""The mirror's half of the protocol of design §4, for a batch of feeds that brought something new.

In this order, and none other: a marker for every item whose attributes have none; the ETag of every
key that may be written; the rules; then every put under the ETag that was read. What loses its
condition is left to the next run, which is told to look again. An ETag read before the marker is
the same promise, only stricter: whatever came in between makes the put fail.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from feedmirror.addresses import digest, host_of
from feedmirror.configuration import FeedSettings, Images
from feedmirror.jobs.publish import OpenPage, Publisher
from feedmirror.jobs.rules import RuleReader, Rules
from feedmirror.layout import (
    ItemId,
    host_folder,
    marker_key,
    month_folder,
    page_keys,
    record_key,
    records_prefix,
)
from feedmirror.mirroring.items import Draft, build_item
from feedmirror.mirroring.planning import Circumstances, Step, plan_entry, updated_item
from feedmirror.mirroring.poll_state import EntryState
from feedmirror.ports.object_store import Content, LostConditionError, ObjectStore
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
    RuleUnreadableError,
    Subject,
    case_key,
    find_suppression,
)

_ONE_PAGE = 1000  # keys of one list request (AWS: ListObjectsV2)
_WRITES = {Step.CREATE, Step.UPDATE, Step.RESTORE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The drafts of one feed that are not as they were last seen.

    ``entries`` is what was last seen; ``trusted`` says that an entry not among them is new, so that
    nothing need be read to see that its key is free.
    """

    settings: FeedSettings
    drafts: tuple[Draft, ...]
    entries: Mapping[ItemId, EntryState]
    trusted: bool
    around: Circumstances


@dataclass(slots=True)
class Slot:
    """One draft on its way through the protocol, with what is found in its place."""

    draft: Draft
    delivery: Delivery
    vacant: bool = False
    attributes: str = ""
    stored: Record | None = None
    etag: str | None = None
    step: Step = Step.LEAVE
    item: Item | None = None
    page: OpenPage | None = None
    problem: str = ""
    lost: bool = False
    written: bool = False
    suppressed: bool = False

    @property
    def hosts(self) -> frozenset[str]:
        """The hosts whose rules may cover the draft."""
        return self.draft.hosts

    @property
    def claims(self) -> Subject:
        """Everything that the item is known by: to hide, any claim counts, old or new.

        Where an item's own feed brings nothing that is published, nothing new is claimed either.
        """
        keys = self.draft.subject.keys
        if isinstance(self.stored, Item):
            if self.step is Step.CONFIRM and self._is_owner(self.stored):
                return self.stored.subject
            keys |= self.stored.subject.keys
        elif isinstance(self.stored, Tombstone):
            keys |= {case_key(self.stored.case)}
        return Subject(keys | self.item.subject.keys if self.item else keys)

    def _is_owner(self, stored: Item) -> bool:
        return stored.attribution.feed.url == self.draft.attribution.feed.url


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of one delivery."""

    entries: Mapping[ItemId, EntryState]
    problems: tuple[str, ...] = ()
    created: int = 0
    updated: int = 0
    restored: int = 0
    suppressed: int = 0
    lost: int = 0
    publication: Publication = field(default_factory=Publication)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreEntries:
    """Brings the archive and the site up to date with a batch of deliveries, one a host."""

    archive: ObjectStore
    rules: RuleReader
    publisher: Publisher
    workers: Workers
    images: Images

    def run(self, deliveries: Sequence[Delivery], *, now: datetime) -> tuple[Stored, ...]:
        """Carry the deliveries through the protocol; outcomes in their order."""
        batches = self._look(deliveries)
        slots = [slot for batch in batches for slot in batch]
        for slot in slots:
            _plan(slot, images=self.images, now=now)
        self.workers.map(self._announce, [slot for slot in slots if slot.step is not Step.LEAVE])
        shown = [slot for slot in slots if slot.item is not None]
        self.workers.map(self._open_page, shown)
        listings = self.publisher.open(_folders(shown))
        rules = self.rules.read({host for slot in shown for host in slot.hosts} | listings.hosts)
        self.workers.map(lambda slot: self._put_record(slot, rules), shown)
        publications = {id(batch): self._publish(batch, rules, now=now) for batch in batches}
        merged = _joined(publications.values())
        failed = self.publisher.update(listings, merged, rules, now=now)
        return tuple(_outcome(batch, publications[id(batch)], failed) for batch in batches)

    def _look(self, deliveries: Sequence[Delivery]) -> list[list[Slot]]:
        """Read what is stored in the drafts' places, where it cannot be known without."""
        free = self.workers.map(self._absent, deliveries)
        batches = [
            [Slot(draft, delivery, vacant=draft.id in absent) for draft in delivery.drafts]
            for delivery, absent in zip(deliveries, free, strict=True)
        ]
        self.workers.map(
            self._read, [slot for batch in batches for slot in batch if not slot.vacant]
        )
        return batches

    def _absent(self, delivery: Delivery) -> frozenset[ItemId]:
        """Return the drafts whose keys are free, as far as one request can tell."""
        ids = frozenset(draft.id for draft in delivery.drafts)
        if delivery.trusted:
            return ids - delivery.entries.keys()
        prefix = records_prefix(delivery.settings.host)
        page = [found.key for found in islice(self.archive.list(prefix), _ONE_PAGE)]
        if len(page) == _ONE_PAGE:
            return frozenset()
        taken = {key.removeprefix(prefix).removesuffix(".json") for key in page}
        return frozenset(item for item in ids if item not in taken)

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
        first_seen = slot.item.first_seen if slot.item else None
        if first_seen is None:
            return
        body = _marker(slot, first_seen)
        slot.attributes = digest(body.decode())
        known = slot.delivery.entries.get(slot.draft.id)
        if known is not None and known.attributes == slot.attributes:
            return
        for under, address in _announcements(slot.draft):
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
        fresh = slot.step is Step.CREATE and slot.delivery.trusted
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
        slot.suppressed = covered is not None
        key = record_key(slot.item.host, slot.item.id)
        if slot.step is Step.CONFIRM:  # what is shown is what is there behind the rules
            found = self.archive.head(key)
            slot.lost = found is None or found.etag != slot.etag
        if slot.suppressed or slot.step not in _WRITES:
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


def _plan(slot: Slot, *, images: Images, now: datetime) -> None:
    """Decide what is to be done, and build the item that would be shown."""
    if slot.problem:
        return
    slot.step = plan_entry(slot.draft, slot.stored, slot.delivery.around)
    stored = slot.stored
    if slot.step is Step.CONFIRM and isinstance(stored, Item):
        slot.item = stored
    elif slot.step in _WRITES:
        fresh = build_item(slot.draft, settings=slot.delivery.settings, images=images, now=now)
        slot.item = updated_item(stored, fresh) if isinstance(stored, Item) else fresh


def _announcements(draft: Draft) -> list[tuple[str, str]]:
    """Return the hosts and addresses that an item is announced under.

    Its link under the link's host and under its source host, and a guid that is an address under
    that address's host: whoever asks by one of them finds the item with one request.
    """
    link, guid = draft.attribution.original_url, draft.entry.guid or ""
    pairs = {(draft.host, link), (host_of(link), link), (host_of(guid), guid)}
    return sorted((host, address) for host, address in pairs if host)


def _marker(slot: Slot, first_seen: datetime) -> bytes:
    """Return a marker's body: hashes of what rules match on, and the pages; nothing readable."""
    fields = {
        "schema": 1,
        "subject": sorted(slot.claims.keys),
        "pages": page_keys(slot.draft.host, slot.draft.id, first_seen),
    }
    return json.dumps(fields).encode()


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


def _outcome(batch: Sequence[Slot], publication: Publication, failed: Mapping[str, str]) -> Stored:
    """Sum up one delivery; an entry that is to be looked at again has no fingerprint."""
    entries: dict[ItemId, EntryState] = {}
    hosts = {slot.draft.host for slot in batch}
    reasons = tuple(why for folder, why in failed.items() if folder.partition("/")[0] in hosts)
    for slot in batch:
        slot.lost = slot.lost or (slot.item is not None and bool(reasons))
        seen = "" if slot.lost or slot.problem else slot.draft.fingerprint
        if slot.step is not Step.LEAVE or not slot.delivery.around.damaged:
            entries[slot.draft.id] = EntryState(seen, slot.attributes, slot.draft.guid)
    written = [slot.step for slot in batch if slot.written]
    return Stored(
        entries=entries,
        problems=(*dict.fromkeys(slot.problem for slot in batch if slot.problem), *reasons),
        created=written.count(Step.CREATE),
        updated=written.count(Step.UPDATE),
        restored=written.count(Step.RESTORE),
        suppressed=sum(slot.suppressed for slot in batch),
        lost=sum(slot.lost for slot in batch),
        publication=publication,
    )
