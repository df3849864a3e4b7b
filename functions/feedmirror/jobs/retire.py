"""The daily look at what a feed has brought: what is beyond its bounds goes, or becomes less.

Less is a link, or an excerpt where the publisher's terms have come to permit no more; such a change
makes a look due at once.

The months' listings are the index: they name every item that is shown, by whom it was brought,
since when, and whether as a link. So a look that dies is taken up by the next run where it ended;
one that time cuts off as well, behind the feeds that wait for theirs.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import groupby

from feedmirror.configuration import Ended, FeedSettings
from feedmirror.jobs.publish import Publisher
from feedmirror.jobs.retire_items import Retired, RetireItems, Sentence
from feedmirror.layout import FRONT, ItemId, host_folder
from feedmirror.mirroring.poll_state import FeedState, Look, Rank
from feedmirror.mirroring.retention import (
    Fate,
    Keeper,
    cut_of,
    fate_of,
    floor_of,
    look_again,
    next_look,
)
from feedmirror.mirroring.terms import permitted
from feedmirror.mirroring.terms_table import Extent
from feedmirror.publishing.listings import FRONT_CARDS, Buried, Listing
from feedmirror.publishing.selection import Publication
from feedmirror.publishing.texts import link
from feedmirror.records import Tombstone
from feedmirror.suppression import Ground

_BATCH = 200  # items whose records and pages are read and put together


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look did, and what is to be remembered of it."""

    look: Look
    retired: Retired


@dataclass(frozen=True, slots=True)
class _Shown:
    """An item as a month's listing shows it."""

    folder: str
    rank: Rank
    is_own: bool
    is_link: bool
    is_short: bool  # an excerpt, or less

    @property
    def id(self) -> ItemId:
        return ItemId(self.rank[1])


@dataclass(frozen=True, slots=True)
class _Month:
    """What a look needs of one month's listing, which may be large: not its texts."""

    shown: tuple[_Shown, ...] = ()
    buried: Buried | None = None
    is_missing: bool = False


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
        known = [(states[feed.url], feed) for feed in feeds]
        looks = [
            (next_look(state.look, feed, permitted(state.stated, feed).extent), feed)
            for state, feed in known
        ]
        due = [(at, feed) for at, feed in looks if at is not None and at <= self.clock()]
        return [feed for _, feed in sorted(due, key=lambda each: (each[0], each[1].url))]

    def run(
        self,
        keeper: Keeper,
        last: Look,
        *,
        enough: Callable[[], bool],
        hand_over: Callable[[Mapping[ItemId, Rank]], None],
    ) -> Looked:
        """Look at one feed, as long as it is not ``enough`` for this run.

        Before anything goes it is handed over to whom it may belong besides.
        """
        settings = keeper.settings
        now, folder = self.clock(), host_folder(settings.host)
        found = self.publisher.shown(folder)
        latest = found or Listing(folder)
        months = self.publisher.workers.map(
            partial(self._month, keeper, self._whole(keeper, latest)),
            [f"{folder}{month}/" for month in latest.months],
        )
        shown = [each for month in months for each in month.shown]
        floor = floor_of(settings, [each.rank for each in shown if each.is_own])
        beyond = _beyond(shown, keeper, floor, now=now)
        if beyond:
            hand_over({each.id: each.rank for each in beyond})
        retired = _gone_before(months, last)
        for month, batch in _batches(beyond):
            if enough():
                return Looked(replace(last, again=now), retired)
            sentences = [Sentence(each.id, beyond[each]) for each in batch]
            retired += self.items.run(keeper, month, sentences, now=now)
        gone = {each for each, fate in beyond.items() if fate is Fate.GOES}
        latest = latest.updated_with((), [Buried(each.id, settings.host, now) for each in gone])
        mended = self._mend(latest, (each for each in shown if each not in gone), now=now)
        is_missing = found is None or any(month.is_missing for month in months)
        failed = bool(retired.lost) or not mended
        again = look_again(
            settings, now=now, wrote=retired.written > 0 or is_missing, failed=failed
        )
        left = last.shown if failed else keeper.terms.extent.word
        return Looked(Look(last.bounds, again, floor, left), retired)

    def _whole(self, keeper: Keeper, latest: Listing) -> frozenset[ItemId]:
        """Return what a host's latest or the front still shows more of than is to be left."""
        settings, extent = keeper.settings, keeper.terms.extent
        if settings.ended is not Ended.LINKS and extent is Extent.FULL:
            return frozenset()
        front = self.publisher.shown(FRONT) or Listing(FRONT)
        cards = (card for card in (*latest.cards, *front.cards) if card.host == settings.host)
        to_excerpts = settings.ended is not Ended.LINKS and extent is Extent.EXCERPT
        return frozenset(
            card.id for card in cards if not (card.is_link or (to_excerpts and card.is_excerpt))
        )

    def _month(self, keeper: Keeper, whole: Collection[ItemId], folder: str) -> _Month:
        """Return what a month shows; a card names its feed by the address that may be shown.

        An item is a link only if no listing shows more of it: something may have died in between.
        """
        listing = self.publisher.shown(folder)
        if listing is None:
            return _Month(is_missing=True)
        own = link(keeper.settings.url) or ""
        shown = (
            _Shown(
                folder,
                (card.shown_from, card.id),
                is_own=keeper.is_only or card.feed.url == own,
                is_link=card.is_link and card.id not in whole,
                is_short=(card.is_link or card.is_excerpt) and card.id not in whole,
            )
            for card in listing.cards
        )
        return _Month(tuple(shown), next(iter(listing.buried), None))

    def _mend(self, latest: Listing, left: Iterable[_Shown], *, now: datetime) -> bool:
        """Have a host's latest show the newest of what is left; tell whether it does."""
        ranks = sorted((each.rank for each in left), reverse=True)
        newest = {ItemId(item) for _, item in ranks[:FRONT_CARDS]}
        known = {ItemId(item) for _, item in ranks}
        showing = {card.id for card in latest.cards}
        wrong = (newest - showing) | (showing - known)
        return not wrong or self.items.mend(latest.host, wrong, now=now)


def _beyond(
    shown: Iterable[_Shown], keeper: Keeper, floor: Rank | None, *, now: datetime
) -> dict[_Shown, Fate]:
    """Return what is not to stay as it is of a feed's own items, and what becomes of it."""
    settings, extent = keeper.settings, keeper.terms.extent
    cut = cut_of(settings, (floor,), now=now)
    fates = {
        each: fate_of(each.rank, settings, cut, extent=extent) for each in shown if each.is_own
    }
    return {each: fate for each, fate in fates.items() if not _is_done(each, fate)}


def _is_done(shown: _Shown, fate: Fate) -> bool:
    done = {
        Fate.STAYS: True,
        Fate.BECOMES_LINK: shown.is_link,
        Fate.BECOMES_EXCERPT: shown.is_short,
    }
    return done.get(fate, False)


def _gone_before(months: Iterable[_Month], last: Look) -> Retired:
    """Return one of what has gone since a look was due: one may have died over it.

    The front then looks at the host again.
    """
    buried = (month.buried for month in months if month.buried)
    some = max(buried, key=lambda each: each.when, default=None)
    if some is None or (last.again is not None and some.when < last.again):
        return Retired()
    stone = Tombstone(id=some.id, host=some.host, when=some.when, case="", ground=Ground.RETIRED)
    return Retired(Publication((), (stone,)))


def _batches(beyond: Iterable[_Shown]) -> Iterator[tuple[str, list[_Shown]]]:
    """Yield what is beyond by the months that show it, oldest first, in lists of bounded length."""
    ordered = sorted(beyond, key=lambda each: (each.folder, each.rank))
    for folder, items in groupby(ordered, key=lambda each: each.folder):
        found = list(items)
        for start in range(0, len(found), _BATCH):
            yield folder, found[start : start + _BATCH]
