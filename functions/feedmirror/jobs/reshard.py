"""After a change of ``shards``: what is known of each feed moves to the shard that polls it now.

Objects that were written under another number of shards first hand on what is not theirs. Once all
of it has arrived, they let it go and say that they are of the present number: those that nobody
polls any more first, since it is the others that a run looks at. Whatever dies between is done
again, and the newer of two states of a feed wins.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from feedmirror.jobs.shard_objects import ShardObjects, Standing
from feedmirror.layout import state_key
from feedmirror.mirroring.poll_state import FeedState, ShardState
from feedmirror.ports.object_store import LostConditionError, StoreUnavailableError

_RESERVE = timedelta(seconds=60)  # for what is moved together
_TOGETHER = 32  # objects whose feeds are moved together: bounds memory, and spares writes
_ATTEMPTS = 8  # to write against other runs
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Reshard:
    """Moves what is known of feeds to the shards of the configuration in force."""

    objects: ShardObjects

    def run(
        self, *, time_left: Callable[[], timedelta] = lambda: timedelta.max
    ) -> dict[int, Standing] | None:
        """Move what objects hold for others; return what each then says of itself.

        None means that time did not allow for all of it: the next run goes on. Raises
        StoreUnavailableError.
        """
        standings = self.objects.look_over()
        if not self._outdated(standings):
            return standings
        for shards in _parts(self._outdated(standings)):
            if time_left() < _RESERVE:
                return None
            self._hand_on(shards)
        outdated = self._outdated(self.objects.look_over())  # there may be new ones
        left = [shard for shard in outdated if shard >= self.objects.shards]
        used = [shard for shard in outdated if shard < self.objects.shards]
        for shards in (*_parts(left), *_parts(used)):
            if time_left() < _RESERVE:
                return None
            self._let_go_of(shards)
        return self.objects.look_over()

    def _outdated(self, standings: Mapping[int, Standing]) -> list[int]:
        """Return the shards whose objects were not written under the present number of shards."""
        present = self.objects.shards
        return [shard for shard, found in standings.items() if found.shards != present]

    def _hand_on(self, shards: Sequence[int]) -> dict[int, ShardState]:
        """Take what is not at home in some objects to where it is; return what they hold."""
        read = self.objects.workers.map(self.objects.read, shards)
        found = {shard: state for shard, (state, _) in zip(shards, read, strict=True)}
        self.objects.workers.map(lambda moved: self._take_in(*moved), self._by_home(found).items())
        return found

    def _let_go_of(self, shards: Sequence[int]) -> None:
        """Leave some objects only what is their own."""
        waiting = list(shards)
        for _ in range(_ATTEMPTS):
            found = self._hand_on(waiting)
            waiting = [shard for shard in waiting if not self._let_go(shard, found[shard])]
            if not waiting:
                return
        raise _busy(waiting[0])

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

    def _take_in(self, shard: int, feeds: Mapping[str, FeedState]) -> None:
        """Add feeds to a shard's object."""
        for _ in range(_ATTEMPTS):
            state, etag = self.objects.read(shard)
            merged = {url: _newer(feed, state.feeds.get(url)) for url, feed in feeds.items()}
            taken = replace(state, feeds={**state.feeds, **merged})
            if taken == state:
                return
            try:
                self.objects.write(shard, taken, etag)
            except LostConditionError:
                continue
            return
        raise _busy(shard)

    def _let_go(self, shard: int, seen: ShardState) -> bool:
        """Leave a shard its own feeds alone; False if it holds others than were handed on."""
        state, etag = self.objects.read(shard)
        strangers = {url for url, _ in self._strangers(shard, state)}
        if any(state.feeds[url] != seen.feeds.get(url) for url in strangers):
            return False
        own = {url: feed for url, feed in state.feeds.items() if url not in strangers}
        try:
            self.objects.write(shard, replace(state, feeds=own, shards=self.objects.shards), etag)
        except LostConditionError:
            return False
        return True


def _newer(one: FeedState, other: FeedState | None) -> FeedState:
    """Return what was learnt last; of two from one attempt, what the attempt brought comes last."""
    if other is None or (one.attempted or _NEVER) >= (other.attempted or _NEVER):
        return one
    return other


def _parts(shards: Sequence[int]) -> list[Sequence[int]]:
    """Return some shards by as many as are moved together."""
    return [shards[start : start + _TOGETHER] for start in range(0, len(shards), _TOGETHER)]


def _busy(shard: int) -> StoreUnavailableError:
    return StoreUnavailableError(f"{state_key(shard)}: other runs keep writing it")
