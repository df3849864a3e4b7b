"""The daily look at what a feed has brought: what is beyond its bounds goes, or becomes a link.

The months' listings are the index: they name every item that is shown, by whom it was brought and
since when. A look that dies, or that time cuts off, is not noted, and the next run takes it up.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from feedmirror.configuration import FeedSettings
from feedmirror.jobs.publish import Publisher
from feedmirror.jobs.retire_items import Retired, RetireItems, Sentence
from feedmirror.layout import ItemId, host_folder
from feedmirror.mirroring.poll_state import FeedState, Look, Rank
from feedmirror.mirroring.retention import Fate, cut_of, fate_of, floor_of, next_look
from feedmirror.publishing.listings import FRONT_CARDS, Buried, Listing
from feedmirror.publishing.selection import Publication
from feedmirror.publishing.texts import link
from feedmirror.records import Tombstone
from feedmirror.suppression import Ground

_BATCH = 200  # items whose records and pages are read and put together


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look did; ``look`` is None if time cut it off."""

    look: Look | None
    retired: Retired


@dataclass(frozen=True, slots=True)
class _Shown:
    """An item as a month's listing shows it."""

    folder: str
    rank: Rank
    is_own: bool

    @property
    def id(self) -> ItemId:
        return ItemId(self.rank[1])


@dataclass(frozen=True, slots=True)
class _Index:
    """What the listings of a host show; ``whole`` tells whether all of them are there."""

    latest: Listing
    months: tuple[Listing, ...]
    whole: bool

    def shown(self, settings: FeedSettings) -> list[_Shown]:
        """Return every item of the host; a card names its feed as it may be shown."""
        own = link(settings.url) or ""
        return [
            _Shown(month.folder, (card.shown_from, card.id), card.feed.url == own)
            for month in self.months
            for card in month.cards
        ]

    def gone_before(self, last: Look) -> tuple[Tombstone, ...]:
        """Return one of what has gone, where no look is noted: one may have died over it.

        The front then looks at the host again.
        """
        buried = (each for month in self.months for each in month.buried)
        some = next(buried, None) if last.at is None else None
        if some is None:
            return ()
        stone = Tombstone(
            id=some.id, host=some.host, when=some.when, case="", ground=Ground.RETIRED
        )
        return (stone,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retire:
    """Looks at feeds that have bounds; may raise StoreUnavailableError."""

    publisher: Publisher
    items: RetireItems
    clock: Callable[[], datetime]

    def due(
        self, feeds: Iterable[FeedSettings], states: Mapping[str, FeedState]
    ) -> list[FeedSettings]:
        """Return the feeds that are to be looked at now, longest waiting first."""
        looks = [(next_look(states[feed.url].look, feed), feed) for feed in feeds]
        due = [(at, feed) for at, feed in looks if at is not None and at <= self.clock()]
        return [feed for _, feed in sorted(due, key=lambda each: (each[0], each[1].url))]

    def run(
        self,
        settings: FeedSettings,
        last: Look,
        *,
        enough: Callable[[], bool],
        hand_over: Callable[[Mapping[ItemId, Rank]], None],
    ) -> Looked:
        """Look at one feed, as long as it is not ``enough`` for this run.

        Before anything goes it is handed over to whom it may belong besides.
        """
        now, index = self.clock(), self._index(settings.host)
        shown = index.shown(settings)
        own = [each for each in shown if each.is_own]
        floor = floor_of(settings, [each.rank for each in own])
        cut = cut_of(settings, (floor,), now=now)
        fates = {each: fate_of(each.rank, settings, cut) for each in own}
        beyond = {each: fate for each, fate in fates.items() if fate is not Fate.STAYS}
        if beyond:
            hand_over({each.id: each.rank for each in beyond})
        retired = Retired(Publication((), index.gone_before(last)))
        for folder, batch in _batches(beyond):
            if enough():
                return Looked(None, retired)
            sentences = [Sentence(each.id, beyond[each]) for each in batch]
            retired += self.items.run(settings, folder, sentences, now=now)
        gone = {each for each, fate in beyond.items() if fate is Fate.GOES}
        latest = index.latest.updated_with(
            (), [Buried(each.id, settings.host, now) for each in gone]
        )
        mended = self._mend(latest, (each for each in shown if each not in gone), now=now)
        settled = index.whole and mended and not (retired.written or retired.lost)
        return Looked(Look(last.bounds, now, settled, floor), retired)

    def _index(self, host: str) -> _Index:
        latest = self.publisher.shown(host_folder(host))
        folders = [f"{host}/{month}/" for month in latest.months] if latest else []
        read = self.publisher.workers.map(self.publisher.shown, folders)
        months = tuple(listing for listing in read if listing is not None)
        whole = latest is not None and len(months) == len(folders)
        return _Index(latest or Listing(host_folder(host)), months, whole)

    def _mend(self, latest: Listing, left: Iterable[_Shown], *, now: datetime) -> bool:
        """Have a host's latest show the newest of what is left; tell whether it does."""
        ranks = sorted((each.rank for each in left), reverse=True)
        newest = {ItemId(item) for _, item in ranks[:FRONT_CARDS]}
        known = {ItemId(item) for _, item in ranks}
        showing = {card.id for card in latest.cards}
        wrong = (newest - showing) | (showing - known)
        return not wrong or self.items.mend(latest.host, wrong, now=now)


def _batches(beyond: Iterable[_Shown]) -> Iterator[tuple[str, list[_Shown]]]:
    """Yield what is beyond by the months that show it, oldest first, in lists of bounded length."""
    ordered = sorted(beyond, key=lambda each: (each.folder, each.rank))
    for folder, items in groupby(ordered, key=lambda each: each.folder):
        found = list(items)
        for start in range(0, len(found), _BATCH):
            yield folder, found[start : start + _BATCH]
