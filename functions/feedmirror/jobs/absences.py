"""What feeds have deleted or no longer list, found by a run and handed on (rules U1-U4)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from feedmirror.configuration import FeedSettings, Vanished
from feedmirror.jobs.withdrawals import HandOn
from feedmirror.layout import ItemId, record_key
from feedmirror.mirroring.absence import DELETED, UNLISTED, VANISHED, Seen, kept_after, read_again
from feedmirror.mirroring.absence import read_listing as compare
from feedmirror.mirroring.entries import Feed
from feedmirror.mirroring.listing import (
    MOST_DELETED,
    Document,
    derived,
    known_of,
    listing_of,
    owned,
)
from feedmirror.mirroring.poll_state import EntryState, FeedState
from feedmirror.ports.object_store import ObjectStore
from feedmirror.records import Item, RecordUnreadableError, record_from_json

_MOST_LOOKED_FOR = 50  # entries that a document says are deleted, and that its last one lacked
_WORDS = {
    VANISHED: "the feed lists older entries and newer ones, but on two fetches not these",
    DELETED: "the feed says that they are deleted (at:deleted-entry)",
    UNLISTED: "the feed says that it is complete (fh:complete), and no longer lists them",
}


@dataclass(slots=True)
class Absences:
    """One run's findings, by feed; they are handed on when all of the run is stored."""

    archive: ObjectStore
    hand_on: HandOn
    clock: Callable[[], datetime]
    found: dict[str, tuple[FeedSettings, Seen]] = field(default_factory=dict)

    def unchanged(self, settings: FeedSettings, before: FeedState, *, plain: bool) -> None:
        """Take note that a feed's last document still stands."""
        absence = before.absence
        if plain and (absence.missing or absence.unlisted or absence.suspended):
            infers = settings.vanished is Vanished.SUSPEND
            seen = read_again(known_of(before), absence, now=self.clock(), infers=infers)
            self.found[settings.url] = (settings, seen)

    def read(
        self, settings: FeedSettings, before: FeedState, document: Document
    ) -> frozenset[ItemId]:
        """Compare a document with the last one; return the items that must not be stored now.

        Raises StoreUnavailableError.
        """
        now = self.clock()
        absence, deleted = before.absence, dict[ItemId, int]()
        if document.feed.deleted and not document.feed.damaged:
            deleted = owned(document, before, host=settings.host, now=now)
            marks, more = self._looked_for(settings, before, document.feed, now=now)
            deleted = {**more, **deleted}
            absence = replace(absence, nobodys=(*absence.nobodys, *marks)[-MOST_DELETED:])
        listing = listing_of(document, before, deleted)
        infers = settings.vanished is Vanished.SUSPEND
        seen = compare(listing, known_of(before), absence, now=now, infers=infers)
        self.found[settings.url] = (settings, seen)
        return seen.absence.withdrawn | seen.back.keys()

    def finish(
        self,
        states: dict[str, FeedState],
        leased: Mapping[str, FeedState],
        feeds: Mapping[str, Iterable[str]],
    ) -> None:
        """Hand on what was found, and note in the feeds' new states what was taken.

        ``feeds`` are the addresses of each host's feeds. What could not be handed on is found
        again: its feed is read whole at the next poll. What could not be stored is as well.
        """
        known = {**leased, **states}
        for url, (settings, seen) in self.found.items():
            if states[url].error:
                continue
            others = [known[other] for other in feeds[settings.host] if other != url]
            offered = {item for other in others for item in other.entries}
            told = kept_after(seen, offered)
            taken = self._handed_on(settings, told) if told.gone or told.back else True
            if taken:
                states[url] = replace(states[url], absence=told.absence)
            if told.back or not taken:
                # Among the entries, so that nobody takes what is back for new.
                entries = {**dict.fromkeys(told.back, EntryState()), **states[url].entries}
                states[url] = replace(states[url].forgetting_body(), entries=entries)
                states[url] = states[url].forgetting(told.back)

    def _looked_for(
        self, settings: FeedSettings, before: FeedState, feed: Feed, *, now: datetime
    ) -> tuple[list[str], dict[ItemId, int]]:
        """Return what else the feed brought of what it says is deleted: the archive knows.

        Returns the digests too of all that was looked for, none of which is looked for twice.
        """
        marks: list[str] = []
        found: dict[ItemId, int] = {}
        for mark, when, ids in derived(feed, before.absence.nobodys, host=settings.host, now=now):
            if len(marks) >= _MOST_LOOKED_FOR:
                break
            marks.append(mark)
            known = before.entries.keys() | before.absence.withdrawn
            found |= {
                item: when for item in ids if item not in known and self._brought(settings, item)
            }
        return marks, found

    def _brought(self, settings: FeedSettings, item: ItemId) -> bool:
        """Tell whether an item is shown, and the feed has brought it."""
        stored = self.archive.get(record_key(settings.host, item))
        try:
            record = record_from_json(stored.content.body) if stored else None
        except RecordUnreadableError:
            return False
        return isinstance(record, Item) and record.attribution.feed.url == settings.url

    def _handed_on(self, settings: FeedSettings, seen: Seen) -> bool:
        """Hand on what is gone and what is back of one feed; return whether all was taken."""
        taken = [
            self.hand_on.of_feed(
                settings,
                why,
                on=on,
                words=_WORDS[why] if on else "the feed lists them again",
                items=sorted(item for item, reason in items.items() if reason == why),
            )
            for on, items in ((True, seen.gone), (False, seen.back))
            for why in sorted(set(items.values()))
        ]
        return all(taken)
