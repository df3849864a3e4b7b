"""What a feed no longer lists, or says is deleted, and what that means (rules U1-U4).

A publisher says that an entry is gone by ``at:deleted-entry`` (RFC 6721), or by leaving it out of a
feed that says that it is complete (RFC 5005 §2). Of any other feed it is inferred, and only where
nothing else explains it: the feed lists its newest entries in order, a few entries are missing
among those that it still lists, and they are missing on two fetches. What is inferred is suspended,
and comes back with the entry.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise

from feedmirror.layout import ItemId

DELETED, VANISHED, UNLISTED = "deleted", "vanished", "unlisted"  # why; as findings name it
MOST_REMEMBERED = 2000  # items withdrawn of one feed, of each kind
_SHARE = 5  # at most every fifth of what a feed listed is missing at once (rule U3)
_SETTLES = timedelta(days=1)  # in which stale copies, which lack just the newest, are gone
_UNSTEADY = timedelta(days=30)  # that nothing is inferred of a feed that has proved the rule wrong


@dataclass(frozen=True, slots=True)
class Absence:
    """What is known of a feed's missing entries, by item.

    ``missing`` and ``unlisted`` wait to be seen missing once more; the former tell since when, and
    the entry's dates. ``deleted`` (with since when) and ``suspended`` (with why) were handed on,
    and are kept until the feed lists them again. ``unsteady`` is when the feed last showed that its
    window is none of newest entries. ``nobodys`` are digests of deleted ones that never were here.
    """

    missing: Mapping[ItemId, Sequence[int]] = field(default_factory=dict)
    unlisted: tuple[ItemId, ...] = ()
    deleted: Mapping[ItemId, int] = field(default_factory=dict)
    suspended: Mapping[ItemId, str] = field(default_factory=dict)
    unsteady: datetime | None = None
    nobodys: tuple[str, ...] = ()

    @property
    def withdrawn(self) -> frozenset[ItemId]:
        """The items that are kept away."""
        return frozenset({*self.deleted, *self.suspended})


@dataclass(frozen=True, slots=True)
class Dated:
    """An entry's own dates, in seconds since 1970; 0 is none, and one stands for both."""

    published: int = 0
    updated: int = 0

    @property
    def newest(self) -> int:
        """When it was last changed, as far as it says."""
        return self.updated or self.published


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What one document of a feed lists, in its order, and what it says is deleted since when.

    ``is_whole``: what it does not list, the feed does not list (neither delta nor page nor cut).
    """

    items: Mapping[ItemId, Dated]
    deleted: Mapping[ItemId, int] = field(default_factory=dict)
    is_whole: bool = True
    is_complete: bool = False
    is_damaged: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """What is to be remembered once it is handed on what is gone, and what is back, and why."""

    absence: Absence
    gone: Mapping[ItemId, str] = field(default_factory=dict)
    back: Mapping[ItemId, str] = field(default_factory=dict)


def read_listing(
    listing: Listing,
    known: Mapping[ItemId, Dated],
    absence: Absence,
    *,
    now: datetime,
    infers: bool = True,
) -> Seen:
    """Compare a document with what the last one listed (``known``).

    ``infers`` says whether the operator has what vanishes without a word suspended. A damaged
    document neither removes nor brings back anything (rule C5).
    """
    if listing.is_damaged:
        return Seen(replace(absence, missing={}, unlisted=()))
    vanished = (item for item, why in absence.suspended.items() if why == VANISHED)
    if any(item in listing.items for item in (*absence.missing, *vanished)):
        absence = replace(absence, unsteady=now)
    back = dict(_back(listing, absence))
    if not infers:
        back |= {item: VANISHED for item, why in absence.suspended.items() if why == VANISHED}
    deleted = {
        item: when
        for item, when in listing.deleted.items()
        if not _revives(listing.items.get(item), when)
    }
    # What was only suspended is deleted from now on, and nothing else.
    back |= {item: absence.suspended[item] for item in deleted if item in absence.suspended}
    gone = dict.fromkeys(deleted.keys() - absence.deleted.keys(), DELETED)
    absence = _remembered(absence, deleted, back)
    if not listing.is_whole:
        return Seen(_without_listed(absence, listing.items), gone, back)
    if listing.is_complete:
        absence, missed = _by_completeness(listing, known, absence)
    else:
        absence, missed = _by_window(listing, known, absence, now=now, infers=infers)
    return Seen(absence, gone | missed, back)


def read_again(
    known: Mapping[ItemId, Dated], absence: Absence, *, now: datetime, infers: bool = True
) -> Seen:
    """Take note that a feed's last document still stands: what it lacks is missing once more."""
    listing = Listing(items=known, is_complete=bool(absence.unlisted))
    waits = absence.missing or absence.unlisted or not infers
    return read_listing(listing, known, absence, now=now, infers=infers) if waits else Seen(absence)


def kept_after(seen: Seen, offered: Collection[ItemId]) -> Seen:
    """Return what was seen without what another feed of the host offers: that is not gone."""
    elsewhere = {item for item, why in seen.gone.items() if why != DELETED and item in offered}
    suspended = {i: why for i, why in seen.absence.suspended.items() if i not in elsewhere}
    back = {i: why for i, why in suspended.items() if i in offered}
    suspended = {i: why for i, why in suspended.items() if i not in back}
    gone = {item: why for item, why in seen.gone.items() if item not in elsewhere}
    missing = {i: dates for i, dates in seen.absence.missing.items() if i not in offered}
    absence = replace(seen.absence, missing=missing, suspended=suspended)
    return Seen(absence, gone, {**seen.back, **back})


def _back(listing: Listing, absence: Absence) -> Iterator[tuple[ItemId, str]]:
    """Yield what was withdrawn and is listed again: if deleted, only in a version since then."""
    for item, dated in listing.items.items():
        if item in absence.suspended:
            yield item, absence.suspended[item]
        if item in absence.deleted:
            again = listing.deleted.get(item)
            when = max(absence.deleted[item], again or 0)
            if _revives(dated, when) or (not dated.newest and again is None):
                yield item, DELETED


def _revives(dated: Dated | None, when: int) -> bool:
    """Tell whether an entry is none that was deleted: as new as that, or newer (RFC 6721 §3)."""
    return dated is not None and 0 < when <= dated.newest


def _remembered(absence: Absence, deleted: dict[ItemId, int], back: Collection[ItemId]) -> Absence:
    kept = {item: when for item, when in absence.deleted.items() if item not in back} | deleted
    return replace(
        absence,
        deleted=dict(list(kept.items())[-MOST_REMEMBERED:]),
        suspended={i: why for i, why in absence.suspended.items() if i not in back},
        missing={i: dates for i, dates in absence.missing.items() if i not in deleted},
        unlisted=tuple(item for item in absence.unlisted if item not in deleted),
    )


def _without_listed(absence: Absence, items: Collection[ItemId]) -> Absence:
    return replace(
        absence,
        missing={item: dates for item, dates in absence.missing.items() if item not in items},
        unlisted=tuple(item for item in absence.unlisted if item not in items),
    )


def _suspended(absence: Absence, items: Collection[ItemId], why: str) -> dict[ItemId, str]:
    """Return what is suspended with some more, as far as there is room to remember it."""
    room = MOST_REMEMBERED - len(absence.suspended)
    return {**absence.suspended, **dict.fromkeys(list(items)[: max(room, 0)], why)}


def _by_completeness(
    listing: Listing, known: Mapping[ItemId, Dated], absence: Absence
) -> tuple[Absence, dict[ItemId, str]]:
    """Tell what a complete feed no longer has (rule U4)."""
    waiting = [*absence.unlisted, *absence.missing]
    lacking = [item for item in waiting if item not in listing.items]
    first = [i for i in known if i not in listing.items and i not in absence.withdrawn]
    suspended = _suspended(absence, lacking, UNLISTED) if listing.items else absence.suspended
    gone = dict.fromkeys(suspended.keys() - absence.suspended.keys(), UNLISTED)
    unlisted = tuple(item for item in first if item not in gone) if listing.items else ()
    return replace(absence, missing={}, unlisted=unlisted, suspended=suspended), gone


def _by_window(
    listing: Listing,
    known: Mapping[ItemId, Dated],
    absence: Absence,
    *,
    now: datetime,
    infers: bool,
) -> tuple[Absence, dict[ItemId, str]]:
    """Tell what a feed of newest entries lacks among those that it lists (rules U2, U3)."""
    items = listing.items
    waiting = {item: Dated(*dates[1:]) for item, dates in absence.missing.items()}
    window = _Window.of(items, known)
    lacking = {
        item: dated
        for item, dated in {**waiting, **known}.items()
        if item not in items and item not in absence.withdrawn and window and window.has(dated)
    }
    if window and window.grew_older(items, known) > len(lacking):
        absence = replace(absence, unsteady=now)
    steady = absence.unsteady is None or now - absence.unsteady >= _UNSTEADY
    few = len(lacking) * _SHARE <= len({**waiting, **known})
    absence = replace(absence, unlisted=(), unsteady=None if steady else absence.unsteady)
    if not (infers and steady and few and window):
        return replace(absence, missing={}), {}
    seconds = int(now.timestamp())
    since = {item: absence.missing.get(item, [seconds])[0] for item in lacking}
    ripe = [
        item
        for item in lacking
        if item in waiting
        and (window.is_inside(lacking[item]) or seconds - since[item] >= _SETTLES.total_seconds())
    ]
    suspended = _suspended(absence, ripe, VANISHED)
    missing = {
        item: [since[item], dated.published, dated.updated]
        for item, dated in lacking.items()
        if item not in suspended
    }
    gone = dict.fromkeys(suspended.keys() - absence.suspended.keys(), VANISHED)
    return replace(absence, missing=missing, suspended=suspended), gone


@dataclass(frozen=True, slots=True)
class _Window:
    """What dates a feed's document spans: from the oldest that it has kept to the newest."""

    oldest: Dated
    newest: Dated

    @staticmethod
    def of(items: Mapping[ItemId, Dated], known: Mapping[ItemId, Dated]) -> "_Window | None":
        """Return the window of a document, or None if it is not one of dated entries in order.

        What has come in is no bound: something older may have been brought up again.
        """
        kept = [dated for item, dated in items.items() if item in known]
        if not kept or not all(dated.newest for dated in items.values()):
            return None
        published = [dated.published for dated in items.values()]
        updated = [dated.newest for dated in items.values()]
        if not (_in_order(published) or _in_order(updated)):
            return None
        oldest = Dated(min(d.published for d in kept), min(d.newest for d in kept))
        return _Window(oldest, Dated(max(published), max(updated)))

    def has(self, dated: Dated) -> bool:
        """Tell whether an entry would have to be listed, by whichever date the feed goes."""
        return self.oldest.published < dated.published and self.oldest.updated < dated.newest

    def is_inside(self, dated: Dated) -> bool:
        """Tell whether something newer is listed, so that the document is no stale copy."""
        return dated.published < self.newest.published or dated.newest < self.newest.updated

    def grew_older(self, items: Mapping[ItemId, Dated], known: Mapping[ItemId, Dated]) -> int:
        """Return how many entries have come in that are older than all that was listed."""
        last = min((dated.published for dated in known.values()), default=0)
        return sum(d.published < last for item, d in items.items() if item not in known)


def _in_order(dates: Sequence[int]) -> bool:
    return all(a >= b for a, b in pairwise(dates)) or all(a <= b for a, b in pairwise(dates))
