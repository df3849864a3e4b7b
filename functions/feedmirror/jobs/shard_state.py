"""A shard's poll state, taken and given back: who polls which feed, and what was learnt of it.

A feed's last attempt is its lease. It is written before anything is fetched and under the ETag that
was read, so of two runs at once only one polls a feed; nothing depends on a lease for safety.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from feedmirror.configuration import FeedSettings
from feedmirror.jobs.reshard import Reshard
from feedmirror.jobs.shard_objects import ShardObjects
from feedmirror.layout import ItemId, state_key
from feedmirror.mirroring.admission import with_permission
from feedmirror.mirroring.backfill import Backfill, next_look
from feedmirror.mirroring.changing import changed
from feedmirror.mirroring.following import settled
from feedmirror.mirroring.house_terms import HouseTerms, asked_now
from feedmirror.mirroring.houses import House
from feedmirror.mirroring.limits import held_until
from feedmirror.mirroring.poll_state import FeedState, Look, ShardState
from feedmirror.mirroring.retention import under_settings
from feedmirror.mirroring.robots import origin_of
from feedmirror.mirroring.schedule import is_asking_to_wait, is_due, is_read_whole
from feedmirror.ports.object_store import LostConditionError, StoreUnavailableError

MOVING = "feeds are moving to other shards: polled again once all are there"
_ATTEMPTS = 8  # to write the state against other runs


class FeedsMovingError(Exception):
    """Feeds are on their way to other shards: nothing is polled before all have arrived."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The feeds that a run polls, the state before, and the state that says it polls them.

    ``asked`` are the origins that are first asked for robots.txt, ``older`` the feeds of which an
    older document is read besides.
    """

    shard: int
    before: ShardState
    state: ShardState
    etag: str | None
    due: Mapping[str, FeedSettings]
    asked: frozenset[str] = frozenset()
    older: Mapping[str, FeedSettings] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Note:
    """What was found out of a feed beside its polls: a look, and entries to be read again.

    ``backfill`` is how far its older documents are read.
    """

    look: Look | None = None
    again: frozenset[ItemId] = frozenset()
    backfill: Backfill | None = None

    def on(self, state: FeedState) -> FeedState:
        """Return a feed's state with what was found out."""
        start = state.backfill.start
        backfill = replace(self.backfill, start=start) if self.backfill else state.backfill
        noted = state.forgetting(self.again)
        return replace(noted, look=self.look or state.look, backfill=backfill)

    def __or__(self, other: "Note") -> "Note":
        """Return both."""
        backfill = other.backfill or self.backfill
        return Note(other.look or self.look, self.again | other.again, backfill)


@dataclass(frozen=True, slots=True)
class Learnt:
    """What a run has learnt: the states of feeds that it polled, and notes on any of the shard.

    ``houses`` are the origins whose robots.txt was looked at, ``house_terms`` those whose files of
    terms were.
    """

    polled: Mapping[str, FeedState] = field(default_factory=dict)
    notes: Mapping[str, Note] = field(default_factory=dict)
    houses: Mapping[str, House] = field(default_factory=dict)
    house_terms: Mapping[str, HouseTerms] = field(default_factory=dict)

    def on(
        self, feeds: Mapping[str, FeedState], leased: Mapping[str, FeedState]
    ) -> dict[str, FeedState]:
        """Return the states of a shard's feeds with what was learnt of them since they were leased.

        What another run has noted meanwhile, it has noted of feeds that are polled as well.
        """
        states = {**feeds}
        for url, polled in self.polled.items():
            meanwhile = _forgotten(leased.get(url), feeds.get(url))
            states[url] = polled.forgetting(meanwhile)
        return states | {
            url: note.on(states[url]) for url, note in self.notes.items() if url in states
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardStates:
    """Leases feeds by their shard; ``mark`` is a digest of the configuration in force.

    Without ``reshard`` the schedule has seen to it, before it handed out the shard.
    """

    objects: ShardObjects
    reshard: Reshard | None
    clock: Callable[[], datetime]
    mark: str

    def lease(
        self, shard: int, *, at_once: datetime | None, time_left: Callable[[], timedelta]
    ) -> Lease:
        """Take the feeds that are due; ``at_once`` those too that were not attempted since then.

        What asks to be left alone is, in any case. Raises FeedsMovingError, and
        StoreUnavailableError if other runs keep writing the state.
        """
        feeds = {
            url: feed
            for url, feed in self.objects.feeds.items()
            if self.objects.home_of(url) == shard
        }
        unknown = FeedState()
        for _ in range(_ATTEMPTS):
            before, etag = self._read(shard, time_left)
            now = self.clock()
            known = settled(
                {
                    url: with_permission(under_settings(before.feeds.get(url, unknown), feed), feed)
                    for url, feed in feeds.items()
                },
                self.objects.feeds,
            )
            held = self.held(known)
            due = _due(feeds, known, held, at_once=at_once, now=now)
            attempted = {url: _attempted(known[url], now) for url in due}
            addresses = {url: state.move.asked_at(url) for url, state in known.items()}
            houses, asked = _houses(before, known, due, now=now)
            free = {url: feed for url, feed in feeds.items() if held.get(url, now) <= now}
            older = _with_older_asked({**known, **attempted}, free, now=now)
            state = ShardState(
                {**known, **attempted, **older},
                before.mark,
                self.objects.shards,
                houses=houses,
                house_terms=asked_now(before.house_terms, addresses, due, now=now),
            )
            # Before anything is done under other settings, it stands there that they are others.
            if (
                not due
                and not older
                and known == {url: before.feeds.get(url, unknown) for url in feeds}
            ):
                return Lease(shard, before, state, etag, due)
            try:
                written = self.objects.write(shard, state, etag)
            except LostConditionError:
                continue
            wanted = {url: feeds[url] for url in older}
            return Lease(shard, before, state, written, due, asked, wanted)
        raise StoreUnavailableError(f"{state_key(shard)}: other runs keep writing it")

    def save(self, lease: Lease, learnt: Learnt, *, whole: bool) -> None:
        """Save what was learnt, also where another run has written meanwhile.

        Unless the ``whole`` of what follows from the configuration is shown, it stays a new one.
        A leased feed that was not reached is given back as it was. Where only time has passed since
        the lease was written, nothing is written again (promise P6). An object that is of another
        number of shards by now is then of none, so that what was learnt moves on.
        Raises StoreUnavailableError if other runs keep writing the state.
        """
        unknown = FeedState()
        given_back = {url: lease.before.feeds.get(url, unknown) for url in lease.due}
        results = replace(learnt, polled={**given_back, **learnt.polled})
        not_asked = {origin: lease.before.houses.get(origin, House()) for origin in lease.asked}
        learnt_of = {**not_asked, **learnt.houses}
        state, etag = lease.state, lease.etag
        mark = self.mark if whole else lease.before.mark
        for _ in range(_ATTEMPTS):
            shards = state.shards if state.shards == self.objects.shards else 0
            feeds = results.on(state.feeds, lease.state.feeds)
            saved = ShardState(
                feeds,
                mark,
                shards,
                houses={**state.houses, **learnt_of},
                house_terms={**state.house_terms, **learnt.house_terms},
            )
            if saved == state:
                return
            try:
                self.objects.write(lease.shard, saved, etag)
            except LostConditionError:
                state, etag = self.objects.read(lease.shard)
            else:
                return
        raise StoreUnavailableError(f"{state_key(lease.shard)}: other runs keep writing it")

    def note(self, shard: int, notes: Mapping[str, Note]) -> None:
        """Save notes at once, before anything is done that they speak of."""
        for _ in range(_ATTEMPTS):
            state, etag = self.objects.read(shard)
            try:
                noted = replace(state, feeds=Learnt(notes=notes).on(state.feeds, {}))
                self.objects.write(shard, noted, etag)
            except LostConditionError:
                continue
            return
        raise StoreUnavailableError(f"{state_key(shard)}: other runs keep writing it")

    def held(self, known: Mapping[str, FeedState]) -> dict[str, datetime]:
        """Return until when feeds are held back by what others of their hosts were told."""
        feeds = self.objects.feeds
        found = {url: (state, feeds[url]) for url, state in known.items() if url in feeds}
        return held_until(found, self.objects.shared)

    def _read(
        self, shard: int, time_left: Callable[[], timedelta]
    ) -> tuple[ShardState, str | None]:
        """Read a shard's state, once what other objects hold of it has arrived."""
        state, etag = self.objects.read(shard)
        if state.shards == self.objects.shards or (etag is None and self.reshard is None):
            return state, etag
        if self.reshard is None or self.reshard.run(time_left=time_left) is None:
            raise FeedsMovingError
        state, etag = self.objects.read(shard)
        if etag is not None and state.shards != self.objects.shards:
            raise FeedsMovingError
        return state, etag


def _due(
    feeds: Mapping[str, FeedSettings],
    known: Mapping[str, FeedState],
    held: Mapping[str, datetime],
    *,
    at_once: datetime | None,
    now: datetime,
) -> dict[str, FeedSettings]:
    """Return the feeds that may be polled now."""
    return {
        url: feed
        for url, feed in feeds.items()
        if (
            at_once is not None
            and feed.ended is None
            and held.get(url, now) <= now
            and _is_wanted(known[url], since=at_once, now=now)
        )
        or is_due(known[url], feed, now=now, held=held.get(url))
    }


def _houses(
    before: ShardState, feeds: Mapping[str, FeedState], due: Collection[str], *, now: datetime
) -> tuple[dict[str, House], frozenset[str]]:
    """Return the houses of the origins in use, and which of them due feeds have asked now."""
    used = {url: {origin_of(each) for each in state.addresses(url)} for url, state in feeds.items()}
    unknown = House()
    known = {
        origin: before.houses.get(origin, unknown) for each in used.values() for origin in each
    }
    asked = frozenset(each for url in due for each in used[url] if known[each].is_stale(now))
    houses = {
        origin: replace(house, asked=now) if origin in asked else house
        for origin, house in sorted(known.items())
        if origin in asked or origin in before.houses
    }
    return houses, asked


def _with_older_asked(
    states: Mapping[str, FeedState], feeds: Mapping[str, FeedSettings], *, now: datetime
) -> dict[str, FeedState]:
    """Return the feeds of which an older document is asked for now; never where a feed fails."""
    looks = {
        url: next_look(states[url].backfill, most=feed.backfill, now=now)
        for url, feed in feeds.items()
        if feed.ended is None and not states[url].error and not states[url].is_over
    }
    return {url: replace(states[url], backfill=look) for url, look in looks.items() if look}


def _forgotten(leased: FeedState | None, now: FeedState | None) -> frozenset[ItemId]:
    """Return the entries that have come to be read again since a feed was leased."""
    if leased is None or now is None or now is leased:
        return frozenset()
    return frozenset(
        item
        for item, entry in now.entries.items()
        if not entry.fingerprint and leased.entries.get(item, entry).fingerprint
    )


def _attempted(state: FeedState, now: datetime) -> FeedState:
    """Return the state that says that a feed is polled now, and whether it is read whole."""
    whole = now if is_read_whole(state, now=now) else state.rhythm.whole
    return replace(state, attempted=now, rhythm=changed(state.rhythm, whole=whole))


def _is_wanted(state: FeedState, *, since: datetime, now: datetime) -> bool:
    """Tell whether a feed is polled although it is not due: not again for the same wish."""
    attempted = state.attempted is not None and state.attempted > since
    return not (attempted or is_asking_to_wait(state, now=now))
