"""What is known of every feed, read from the shards' states without what only a poll needs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from feedmirror.layout import STATES, shard_of_state, state_key
from feedmirror.mirroring.poll_state import FeedState, state_from_json
from feedmirror.ports.object_store import ObjectStore
from feedmirror.ports.workers import Workers


@dataclass(frozen=True, slots=True)
class KnownFeed:
    """A feed's state without its entries, of which there are so many."""

    state: FeedState = field(default_factory=FeedState)
    entries: int = 0


@dataclass(frozen=True, slots=True)
class FeedStates:
    """Reads the states of all shards, however many; it writes nothing."""

    archive: ObjectStore
    workers: Workers

    def run(self) -> dict[str, KnownFeed]:
        """Return what is known by address; where feeds are just moving, what was polled last."""
        listed = (shard_of_state(found.key) for found in self.archive.list(STATES))
        shards = [shard for shard in listed if shard is not None]
        return _newest(self.workers.map(self._read, shards))

    def _read(self, shard: int) -> Mapping[str, KnownFeed]:
        found = self.archive.get(state_key(shard))
        state = None if found is None else state_from_json(found.content.body)
        feeds = {} if state is None else state.feeds
        return {
            url: KnownFeed(replace(feed, entries={}, moved={}), len(feed.entries))
            for url, feed in feeds.items()
        }


def _newest(shards: Iterable[Mapping[str, KnownFeed]]) -> dict[str, KnownFeed]:
    found: dict[str, KnownFeed] = {}
    for feeds in shards:
        for url, known in feeds.items():
            other = found.get(url)
            if other is None or _is_newer(known.state, other.state):
                found[url] = known
    return found


def _is_newer(state: FeedState, other: FeedState) -> bool:
    if state.attempted is None or other.attempted is None:
        return other.attempted is None
    return state.attempted > other.attempted
