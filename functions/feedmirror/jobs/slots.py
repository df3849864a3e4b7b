"""One draft on its way through the protocol of design §4: what is found, decided and done."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from feedmirror.addresses import digest, host_of
from feedmirror.configuration import FeedSettings, Images
from feedmirror.jobs.publish import OpenPage
from feedmirror.layout import ItemId, host_of_rule, page_keys
from feedmirror.mirroring.items import Draft, build_item, markup_of
from feedmirror.mirroring.parsing import Parsers, Texts, Unread
from feedmirror.mirroring.planning import Circumstances, Step, plan_entry, updated_item
from feedmirror.mirroring.poll_state import EntryState, Rank
from feedmirror.mirroring.retention import cut_of, floor_of, rank_of
from feedmirror.publishing.selection import Publication
from feedmirror.records import Item, Record, Tombstone
from feedmirror.suppression import Subject, case_key, likenesses

WRITES = {Step.CREATE, Step.UPDATE, Step.RESTORE}


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
    floor: Rank | None = None  # by the number of items that is kept


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
    covered: bool = False  # by a rule about more than items

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
        elif isinstance(self.stored, Tombstone) and self.stored.case and not self.stored.rules:
            keys |= {case_key(self.stored.case)}
        return Subject(keys | self.item.subject.keys if self.item else keys)

    @property
    def is_own(self) -> bool:
        """Whether the item is, or would be, the feed's own: nobody else has brought it."""
        match self.stored:
            case None:
                return True
            case Tombstone():
                return self.stored.is_retired
            case Item():
                return self._is_owner(self.stored)

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
    kept_away: frozenset[ItemId] = frozenset()  # by rules
    covered: bool = False  # by a rule about the whole host or feed
    lost: int = 0
    hosts: frozenset[str] = frozenset()  # under which rules put the tombstones that were met
    publication: Publication = field(default_factory=Publication)
    first_seen: tuple[datetime, ...] = ()  # of the items that are the feed's own

    @property
    def suppressed(self) -> int:
        """How many items rules keep away."""
        return len(self.kept_away)

    @property
    def written(self) -> int:
        """How many records were written."""
        return self.created + self.updated + self.restored


def plan_batch(batch: Sequence[Slot], parsers: Parsers, *, images: Images, now: datetime) -> None:
    """Decide on the drafts of one delivery; what lies beyond the feed's bounds is left."""
    if not batch:
        return
    delivery = batch[0].delivery
    ranks = {slot.draft.id: _rank(slot, now=now) for slot in batch}
    own = [ranks[slot.draft.id] for slot in batch if slot.is_own]
    floors = (delivery.floor, floor_of(delivery.settings, own))
    cut = cut_of(delivery.settings, floors, now=now)
    for slot in batch:
        if ranks[slot.draft.id] >= cut:
            _plan_slot(slot)
    written = [slot for slot in batch if slot.step in WRITES]
    texts = parsers.texts([markup_of(slot.draft, images=images) for slot in written])
    for slot, found in zip(written, texts, strict=True):
        _build(slot, found, now=now)


def _rank(slot: Slot, *, now: datetime) -> Rank:
    """Return a draft's rank; what was read before and left out is no newer for an edit."""
    entry = slot.draft.entry
    known = slot.delivery.entries.get(slot.draft.id)
    was_left = slot.stored is None and known is not None and known.fingerprint
    if was_left and not (entry.published or entry.updated):
        return datetime.min.replace(tzinfo=now.tzinfo), slot.draft.id
    return rank_of(slot.draft, slot.stored, now=now)


def _plan_slot(slot: Slot) -> None:
    """Decide what is to be done."""
    if slot.problem:
        return
    slot.step = plan_entry(slot.draft, slot.stored, slot.delivery.around)
    stored = slot.stored
    if slot.step is Step.CONFIRM and isinstance(stored, Item):
        slot.item = stored


def _build(slot: Slot, texts: Texts | Unread, *, now: datetime) -> None:
    """Build the item that would be shown; an entry that cannot be read leaves what is there."""
    if isinstance(texts, Unread):
        slot.step, slot.lost = Step.LEAVE, texts.later
        slot.problem = f"{slot.draft.host}/{slot.draft.id} is left out: {texts.why}"
        return
    fresh = build_item(slot.draft, texts, now=now)
    slot.item = fresh if slot.stored is None else updated_item(slot.stored, fresh)


def announcements(draft: Draft) -> list[tuple[str, str]]:
    """Return the hosts and addresses that an item is announced under.

    Its link under the link's host and under its source host, and a guid that is an address under
    that address's host: whoever asks by one of them finds the item with one request.
    """
    link = draft.attribution.original_url
    guid = (draft.entry.guid or "") if draft.guid else ""
    pairs = {(draft.host, link), (host_of(link), link), (host_of(guid), guid)}
    return sorted((host, address) for host, address in pairs if host)


def marker_body(slot: Slot, first_seen: datetime) -> bytes:
    """Return a marker's body: hashes of what rules match on, and the pages; nothing readable."""
    fields = {
        "schema": 1,
        "subject": sorted(slot.claims.keys),
        "pages": page_keys(slot.draft.host, slot.draft.id, first_seen),
    }
    return json.dumps(fields).encode()


def attributes_of(slot: Slot, body: bytes) -> str:
    """Return what tells a marker from others of the same item: a hash of its body, and likenesses.

    The body is what the hash is of, so two markers of one name say the same.
    """
    return digest(body.decode()) + likenesses(slot.claims.keys)


def outcome_of(
    batch: Sequence[Slot], publication: Publication, failed: Mapping[str, str]
) -> Stored:
    """Sum up one delivery; an entry that is to be looked at again has no fingerprint."""
    entries: dict[ItemId, EntryState] = {}
    hosts = {slot.draft.host for slot in batch}
    reasons = tuple(why for folder, why in failed.items() if folder.partition("/")[0] in hosts)
    for slot in batch:
        slot.lost = slot.lost or (slot.item is not None and bool(reasons))
        seen = "" if slot.lost or slot.problem else slot.draft.fingerprint
        if slot.step is not Step.LEAVE or not slot.delivery.around.damaged:
            entries[slot.draft.id] = EntryState(
                seen, slot.attributes, slot.draft.guid, span=slot.draft.span if seen else ""
            )
    written = [slot.step for slot in batch if slot.written]
    return Stored(
        entries=entries,
        problems=(*dict.fromkeys(slot.problem for slot in batch if slot.problem), *reasons),
        created=written.count(Step.CREATE),
        updated=written.count(Step.UPDATE),
        restored=written.count(Step.RESTORE),
        kept_away=frozenset(slot.draft.id for slot in batch if slot.suppressed),
        covered=bool(batch) and all(slot.covered for slot in batch),
        lost=sum(slot.lost for slot in batch),
        hosts=frozenset(
            host_of_rule(rule)
            for slot in batch
            if isinstance(slot.stored, Tombstone)
            for rule in slot.stored.rules
        ),
        publication=publication,
        first_seen=tuple(
            item.first_seen
            for slot in batch
            for item in (slot.item or slot.stored,)
            if slot.is_own and isinstance(item, Item)
        ),
    )
