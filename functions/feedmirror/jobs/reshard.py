"""After a change of ``shards``: what is known of each feed moves to the shard that polls it now.

Objects that were written under another number of shards first hand on what is not theirs, and say
so. Once all have, they let it go and say that they are of the present number: those that nobody
polls any more first, since it is the others that a run looks at. Whatever dies between goes on
where it was, and the newer of two states of a feed wins.

Calls that still hold an earlier configuration may do the same at the same time in the other
direction. A feed is let go only under the ETag under which it was read, handed on and noted, and
whoever takes it in changes an ETag even if it is there already: so of two objects that hand it to
each other at most one lets it go.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from feedmirror.jobs.shard_objects import ShardObjects, Standing
from feedmirror.layout import state_key
from feedmirror.mirroring.house_terms import HouseTerms
from feedmirror.mirroring.houses import House
from feedmirror.mirroring.poll_state import FeedState, ShardState
from feedmirror.mirroring.robots import origin_of
from feedmirror.ports.object_store import LostConditionError, StoreUnavailableError

_RESERVE = timedelta(seconds=60)  # for what is moved together
_TOGETHER = 32  # objects whose feeds are moved together: bounds memory, and spares writes
_ATTEMPTS = 8  # to write against other runs
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Origins:
    """What is known of some origins: what they say to robots, and of terms."""

    houses: dict[str, House]
    terms: dict[str, HouseTerms]

    def of(self, feeds: Mapping[str, FeedState]) -> "_Origins":
        """Return what is known of the origins that some feeds are asked at."""
        used = {origin_of(state.move.asked_at(url)) for url, state in feeds.items()}
        return _Origins(
            {origin: house for origin, house in self.houses.items() if origin in used},
            {origin: house for origin, house in self.terms.items() if origin in used},
        )


@dataclass(frozen=True, slots=True)
class Reshard:
    """Moves what is known of feeds to the shards of the configuration in force."""

    objects: ShardObjects
    _settled: list[dict[int, Standing]] = field(default_factory=list, init=False)

    def run(self, *, time_left: Callable[[], timedelta]) -> dict[int, Standing] | None:
        """Move what objects hold for others; return what each then says of itself.

        None means that it is not done yet, for want of time or since other runs write as well: the
        next run goes on. Once it is done nothing is looked at again. Raises StoreUnavailableError.
        """
        if not self._settled:
            standings = self._move(time_left)
            self._settled.extend([] if standings is None else [standings])
        return self._settled[0] if self._settled else None

    def _move(self, time_left: Callable[[], timedelta]) -> dict[int, Standing] | None:
        standings = self.objects.look_over()
        if not self._outdated(standings):
            return standings
        for shards in _parts(self._not_handed_on(standings)):
            if time_left() < _RESERVE:
                return None
            self._hand_on(shards)
        standings = self.objects.look_over()
        if self._not_handed_on(standings):  # another run has written one meanwhile
            return None
        outdated = self._outdated(standings)
        left = [shard for shard in outdated if shard >= self.objects.shards]
        used = [shard for shard in outdated if shard < self.objects.shards]
        for shards in (*_parts(left), *_parts(used)):
            if time_left() < _RESERVE:
                return None
            self.objects.workers.map(self._let_go, shards)
        standings = self.objects.look_over()
        return None if self._outdated(standings) else standings

    def _outdated(self, standings: Mapping[int, Standing]) -> list[int]:
        """Return the shards whose objects were not written under the present number of shards."""
        present = self.objects.shards
        return [shard for shard, found in standings.items() if found.shards != present]

    def _not_handed_on(self, standings: Mapping[int, Standing]) -> list[int]:
        """Return those of them whose strangers were not yet taken to where they are at home."""
        present = self.objects.shards
        return [s for s in self._outdated(standings) if standings[s].handed != present]

    def _hand_on(self, shards: Sequence[int]) -> None:
        """Take what is not at home in some objects to where it is, and note in them that it is."""
        read = dict(zip(shards, self.objects.workers.map(self.objects.read, shards), strict=True))
        moving = self._by_home({shard: state for shard, (state, _) in read.items()})
        origins = _Origins({}, {})
        for state, _ in read.values():
            origins.houses.update(state.houses)
            origins.terms.update(state.house_terms)
        taken = self.objects.workers.map(
            lambda moved: self._take_in(*moved, origins), moving.items()
        )
        for shard, before, after in taken:
            # What was written into one of them by this very run is no reason to begin again.
            if shard in read and read[shard][1] == before:
                read[shard] = after

        def note(shard: int) -> None:
            state, etag = read[shard]
            if etag is not None:
                self._write(shard, replace(state, handed=self.objects.shards), etag)

        self.objects.workers.map(note, shards)

    def _by_home(self, found: Mapping[int, ShardState]) -> dict[int, dict[str, FeedState]]:
        """Return the feeds that are not at home where they were found, by where they are."""
        moving: defaultdict[int, dict[str, FeedState]] = defaultdict(dict)
        for shard, state in found.items():
            for url, home in self._strangers(shard, state):
                known = moving[home].get(url)
                moving[home][url] = _newer(state.feeds[url], known)
        return moving

    def _strangers(self, shard: int, state: ShardState) -> Iterator[tuple[str, int]]:
        """Yield the feeds of an object that another shard polls, and which one."""
        for url in state.feeds:
            home = self.objects.home_of(url)
            if home is not None and home != shard:
                yield url, home

    def _take_in(
        self, shard: int, feeds: Mapping[str, FeedState], origins: "_Origins"
    ) -> tuple[int, str | None, tuple[ShardState, str | None]]:
        """Add feeds to a shard's object, and change its ETag even if they are there already.

        What is known of the feeds' ``origins`` comes with them, where it is not known there. An
        object of another number of shards is then of none: its own runs look at it again.
        Returns the shard, the ETag before, and what is there now with its ETag.
        """
        present = self.objects.shards
        theirs = origins.of(feeds)
        for _ in range(_ATTEMPTS):
            state, etag = self.objects.read(shard)
            merged = {url: _newer(feed, state.feeds.get(url)) for url, feed in feeds.items()}
            taken = replace(
                state,
                feeds={**state.feeds, **merged},
                shards=present if state.shards == present else 0,
                # A new one has no strangers.
                handed=present if state.handed == present or etag is None else 0,
                houses={**theirs.houses, **state.houses},
                house_terms={**theirs.terms, **state.house_terms},
            )
            written = self._write(shard, taken, etag)
            if written is not None:
                return shard, etag, (taken, written)
        raise StoreUnavailableError(f"{state_key(shard)}: other runs keep writing it")

    def _let_go(self, shard: int) -> None:
        """Leave an object its own feeds alone, if nothing was written since it handed on the rest.

        What was is seen by the look that follows.
        """
        state, etag = self.objects.read(shard)
        if state.handed != self.objects.shards:
            return
        strangers = {url for url, _ in self._strangers(shard, state)}
        own = {url: feed for url, feed in state.feeds.items() if url not in strangers}
        self._write(shard, replace(state, feeds=own, shards=self.objects.shards, handed=0), etag)

    def _write(self, shard: int, state: ShardState, etag: str | None) -> str | None:
        """Write a state under the ETag that was read; None if somebody else has meanwhile."""
        try:
            return self.objects.write(shard, state, etag)
        except LostConditionError:
            return None


def _newer(one: FeedState, other: FeedState | None) -> FeedState:
    """Return what was learnt last; of two from one attempt, what the attempt brought comes last."""
    if other is None or (one.attempted or _NEVER) >= (other.attempted or _NEVER):
        return one
    return other


def _parts(shards: Sequence[int]) -> list[Sequence[int]]:
    """Return some shards by as many as are moved together."""
    return [shards[start : start + _TOGETHER] for start in range(0, len(shards), _TOGETHER)]
