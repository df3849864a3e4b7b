"""How long what a feed has brought is kept: the operator's bounds, and what lies beyond them.

Items are ranked by when they are shown from, ties by their ids. All bounds come down to one *cut*:
what ranks below it is not stored, and goes if it is. What has gone stays away until the operator
changes the settings, since only newer items ever come to rank above it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto

from feedmirror.addresses import digest
from feedmirror.configuration import Ended, FeedSettings
from feedmirror.layout import ItemId
from feedmirror.mirroring.items import Draft
from feedmirror.mirroring.poll_state import FeedState, Look, Rank
from feedmirror.mirroring.schedule import AT_ONCE
from feedmirror.mirroring.terms import Verdict, extent_of
from feedmirror.mirroring.terms_table import Extent
from feedmirror.records import Record

LOOK_EVERY, LOOK_SOON = timedelta(days=1), timedelta(hours=1)
# Of an ended feed of which nothing is left to do: what a takedown had hidden may be back.
LOOK_AGAIN = timedelta(days=30)
ALL = Verdict(Extent.FULL, "")


class Fate(Enum):
    """What becomes of an item."""

    STAYS = auto()
    BECOMES_EXCERPT = auto()
    BECOMES_LINK = auto()
    GOES = auto()


@dataclass(frozen=True, slots=True)
class Keeper:
    """A feed whose bounds are looked at, and whether it is the only one of its host.

    What a host shows of a feed that is configured no more, as under an earlier address, falls to
    the host's only feed. ``terms`` are what the publisher permits of the feed as a whole.
    """

    settings: FeedSettings
    is_only: bool
    terms: Verdict = ALL

    def keeps(self, feed: str) -> bool:
        """Tell whether what a feed brought is to be kept within these bounds."""
        return self.is_only or feed == self.settings.url


def bounds_of(settings: FeedSettings) -> str:
    """Return a digest of what the operator says about keeping; empty where that is nothing."""
    ended, age, items = settings.ended, settings.max_age, settings.max_items
    if ended is None and age is None and items is None:
        return ""
    return digest("bounds", ended or "", str(age), str(items))[:8]


def under_settings(state: FeedState, settings: FeedSettings) -> FeedState:
    """Return a feed's state under the settings in force.

    Where they say something else about keeping than when it was last looked at, every entry is read
    again: what they left out may be wanted now.
    """
    bounds = bounds_of(settings)
    return state if state.look.bounds == bounds else replace(state, terms="", look=Look(bounds))


def next_look(look: Look, settings: FeedSettings, extent: Extent = Extent.FULL) -> datetime | None:
    """Return when it is due to see what lies beyond the bounds; None where nothing ever does.

    At once where the publisher permits less than was left of each item before. Of what may not be
    shown at all a takedown takes care.
    """
    if Extent.NOTHING < extent < extent_of(look.shown):
        return AT_ONCE
    if settings.ended in {None, Ended.STAY} and not _grows_old(settings):
        return None
    return look.again or AT_ONCE


def look_again(settings: FeedSettings, *, now: datetime, wrote: bool, failed: bool) -> datetime:
    """Return when a look is due after one now, which wrote something or failed at something."""
    if failed:
        return now + LOOK_SOON
    return now + (LOOK_EVERY if wrote or _grows_old(settings) else LOOK_AGAIN)


def _grows_old(settings: FeedSettings) -> bool:
    """Tell whether time alone, or what comes, takes items beyond the bounds."""
    return settings.max_age is not None or settings.max_items is not None


def rank_of(draft: Draft, stored: Record | None, *, now: datetime) -> Rank:
    """Return a draft's rank as an item.

    An entry without a date counts from when it was first seen, which its record tells, if there is
    one: also the tombstone of what is retired.
    """
    first_seen = (stored.first_seen if stored else None) or now
    stated = draft.entry.published or draft.entry.updated or first_seen
    return min(stated, first_seen), draft.id


def floor_of(settings: FeedSettings, ranks: Collection[Rank]) -> Rank | None:
    """Return the last rank within the number of items that is kept, if there are as many."""
    most = settings.max_items
    return None if most is None or len(ranks) < most else sorted(ranks, reverse=True)[most - 1]


def cut_of(settings: FeedSettings, floors: Collection[Rank | None], *, now: datetime) -> Rank:
    """Return the rank below which nothing is kept, given floors by number, old ones and new."""
    oldest = datetime.min.replace(tzinfo=now.tzinfo)
    if settings.max_age is not None:
        oldest = now - settings.max_age
    return max([(oldest, ""), *(floor for floor in floors if floor is not None)])


def wanted_besides(
    beyond: Mapping[ItemId, Rank], settings: FeedSettings, state: FeedState, *, now: datetime
) -> frozenset[ItemId]:
    """Return which items that another feed gives up this one offers too, and would keep."""
    cut = cut_of(settings, (state.look.floor,), now=now)
    return frozenset(
        item
        for item, rank in beyond.items()
        if item in state.entries and fate_of(rank, settings, cut) is Fate.STAYS
    )


def fate_of(rank: Rank, settings: FeedSettings, cut: Rank, *, extent: Extent = Extent.FULL) -> Fate:
    """Decide on one item of a feed; ``extent`` is what the publisher's terms permit of it."""
    if rank < cut or settings.ended is Ended.GO:
        return Fate.GOES
    if settings.ended is Ended.LINKS or extent is Extent.LINK:
        return Fate.BECOMES_LINK
    return Fate.BECOMES_EXCERPT if extent is Extent.EXCERPT else Fate.STAYS
