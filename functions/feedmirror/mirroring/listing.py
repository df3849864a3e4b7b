"""What a document that was read says of its feed's entries, for `absence` to compare."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from feedmirror.addresses import digest
from feedmirror.layout import ItemId
from feedmirror.mirroring.absence import Dated, Listing
from feedmirror.mirroring.entries import DeletedEntry, Feed
from feedmirror.mirroring.identity import guid_hash, ids_of_guid
from feedmirror.mirroring.items import Draft
from feedmirror.mirroring.poll_state import EntryState, FeedState
from feedmirror.mirroring.reading import Reading, known_dates
from feedmirror.mirroring.spans import MOST_ENTRIES

MOST_DELETED = 500  # of which one document may say so


@dataclass(frozen=True, slots=True)
class Document:
    """A document that was read; ``plain`` says that it is whole, and the feed's own address's."""

    feed: Feed
    reading: Reading
    plain: bool


def known_of(state: FeedState) -> dict[ItemId, Dated]:
    """Return what a feed's last document listed."""
    return {item: known_dates(entry) for item, entry in state.entries.items()}


def as_listed(entries: Mapping[ItemId, EntryState], reading: Reading) -> dict[ItemId, EntryState]:
    """Return what was seen of entries with the dates and the bytes that they have now.

    They are in the document's order; what the document does not list comes behind.
    """
    read = {draft.id: draft for draft in reading.drafts}
    listed = {
        item: _as_read(entries[item], dated, read.get(item))
        for item, dated in reading.listed.items()
        if item in entries
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
        items=reading.listed,
        deleted=deleted,
        is_whole=document.plain and same and bool(reading.listed) and not feed.is_part,
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
    return int(min(entry.when or now, now).timestamp())


def _as_read(entry: EntryState, dated: Dated, draft: Draft | None) -> EntryState:
    """Return what is known of an entry once it was read, if it was.

    Bytes are known with the fingerprint that they have; what was held back has another one.
    """
    span = entry.span
    if draft is not None:
        span = draft.span if draft.fingerprint == entry.fingerprint else ""
    fresh = (dated.published, dated.updated, span)
    if (entry.published, entry.updated, entry.span) == fresh:
        return entry
    return EntryState(entry.fingerprint, entry.attributes, entry.guid, *fresh)
