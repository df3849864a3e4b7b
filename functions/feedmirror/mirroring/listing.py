"""What a document that was read says of its feed's entries, for `absence` to compare."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from feedmirror.addresses import digest
from feedmirror.layout import ItemId
from feedmirror.mirroring.absence import Dated, Listing
from feedmirror.mirroring.entries import DeletedEntry, Entry, Feed
from feedmirror.mirroring.identity import guid_hash, ids_of_guid
from feedmirror.mirroring.items import MOST_ENTRIES, Reading
from feedmirror.mirroring.poll_state import EntryState, FeedState

MOST_DELETED = 500  # of which one document may say so


@dataclass(frozen=True, slots=True)
class Document:
    """A document that was read; ``plain`` says that it is whole, and the feed's own address's."""

    feed: Feed
    reading: Reading
    plain: bool


def dates_of(entry: Entry) -> Dated:
    """Return an entry's own dates; where only one is stated it stands for both."""
    published = _seconds(entry.published or entry.updated)
    updated = _seconds(entry.updated or entry.published)
    return Dated(published, 0 if updated == published else updated)


def known_of(state: FeedState) -> dict[ItemId, Dated]:
    """Return what a feed's last document listed."""
    return {item: Dated(e.published, e.updated) for item, e in state.entries.items()}


def with_dates(entries: Mapping[ItemId, EntryState], reading: Reading) -> dict[ItemId, EntryState]:
    """Return what was seen of entries with the dates that they have now, in the document's order.

    What the document does not list comes behind.
    """
    listed = {
        draft.id: _dated(entries[draft.id], dates_of(draft.entry))
        for draft in reading.drafts
        if draft.id in entries
    }
    return {**listed, **{item: known for item, known in entries.items() if item not in listed}}


def listing_of(document: Document, before: FeedState, deleted: Mapping[ItemId, int]) -> Listing:
    """Return what a document lists, and what it says is deleted.

    Where entries are told apart by another rung than before, or are more than are mirrored, what
    seems to be missing may only go by another name.
    """
    feed, reading = document.feed, document.reading
    same = reading.rung == before.rung and len(feed.entries) <= MOST_ENTRIES
    return Listing(
        items={draft.id: dates_of(draft.entry) for draft in reading.drafts},
        deleted=deleted,
        is_whole=document.plain and same and bool(feed.entries) and not feed.is_part,
        is_complete=feed.complete,
        is_damaged=feed.damaged,
    )


def owned(document: Document, before: FeedState, *, host: str, now: datetime) -> dict[ItemId, int]:
    """Return which of a feed's own entries it says are deleted, and since when (rule U1).

    An entry is the feed's own if it lists it, or did in its last document.
    """
    by_guid = {entry.guid: item for item, entry in before.entries.items() if entry.guid}
    by_guid |= {draft.guid: draft.id for draft in document.reading.drafts if draft.guid}
    return {
        by_guid[guid]: when
        for guid, when in _stated(document.feed.deleted, host=host, now=now)
        if guid in by_guid
    }


def derived(
    feed: Feed, known: Collection[str], *, host: str, now: datetime
) -> Iterator[tuple[str, int, tuple[ItemId, ...]]]:
    """Yield what else is said to be deleted, and the ids that it would have been stored under.

    ``known`` are digests, such as this yields first, of what was looked for already.
    """
    for entry in feed.deleted[:MOST_DELETED]:
        mark = digest("deleted", entry.ref)[:10]
        if mark not in known:
            yield mark, _when(entry, now), ids_of_guid(entry.ref, host=host)


def _stated(
    deleted: tuple[DeletedEntry, ...], *, host: str, now: datetime
) -> Iterator[tuple[str, int]]:
    for entry in deleted[:MOST_DELETED]:
        yield guid_hash(entry.ref, host=host), _when(entry, now)


def _when(entry: DeletedEntry, now: datetime) -> int:
    """Return since when an entry is deleted: never a time to come; without one, since now."""
    return _seconds(min(entry.when or now, now))


def _dated(entry: EntryState, dated: Dated) -> EntryState:
    if (entry.published, entry.updated) == (dated.published, dated.updated):
        return entry
    return EntryState(
        entry.fingerprint, entry.attributes, entry.guid, dated.published, dated.updated
    )


def _seconds(moment: datetime | None) -> int:
    return int(moment.timestamp()) if moment else 0
