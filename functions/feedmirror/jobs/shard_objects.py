"""The objects that poll state is kept in: read, written under conditions, and looked over.

What each says of itself stands in its metadata as well, so that a look at all of them reads none.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from feedmirror.configuration import FeedSettings
from feedmirror.layout import STATES, shard_of_state, state_key
from feedmirror.mirroring.limits import first_due
from feedmirror.mirroring.poll_state import ShardState, StateWriter, state_from_json
from feedmirror.mirroring.retention import next_look
from feedmirror.mirroring.schedule import AT_ONCE, shard_of
from feedmirror.ports.object_store import Content, ObjectStore, ObjectSummary
from feedmirror.ports.workers import Workers


@dataclass(frozen=True, slots=True)
class Standing:
    """What a shard's object says of itself; ``due`` is when its first feed is, None is never.

    A feed is due when it is to be polled, or what it has brought is to be looked at.
    """

    shards: int
    mark: str
    due: datetime | None
    handed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardObjects:
    """Keeps poll state in the archive; every method may raise StoreUnavailableError.

    ``shards`` is their number now, ``feeds`` are the operator's by address, and ``shared`` the
    domains whose hosts are one to a publisher's limits.
    """

    archive: ObjectStore
    workers: Workers
    nonce: Callable[[], str]
    shards: int
    feeds: Mapping[str, FeedSettings]
    shared: tuple[str, ...] = ()
    writer: StateWriter = field(default_factory=StateWriter)

    def home_of(self, url: str) -> int | None:
        """Return the shard that polls a feed now; None if nobody does, as it is not configured."""
        feed = self.feeds.get(url)
        return None if feed is None else shard_of(feed.host, self.shards)

    def shards_in_use(self) -> set[int]:
        """Return the shards that have a feed."""
        return {shard_of(feed.host, self.shards) for feed in self.feeds.values()}

    def read(self, shard: int) -> tuple[ShardState, str | None]:
        """Return a shard's state and its ETag; one that is lost begins anew."""
        found = self.archive.get(state_key(shard))
        if found is None:
            return ShardState(), None
        return state_from_json(found.content.body) or ShardState(shards=self.shards), found.etag

    def write(self, shard: int, state: ShardState, etag: str | None) -> str:
        """Write a shard's state under the ETag that was read; raises LostConditionError."""
        body = self.writer.write(state, self.nonce())
        content = Content(body, "application/json", metadata=self._standing_of(state))
        return self.archive.put(state_key(shard), content, replaces=etag)

    def look_over(self) -> dict[int, Standing]:
        """Return what each object says of itself, whatever number of shards it is of."""
        listed = [found.key for found in self.archive.list(STATES)]
        shards = [shard for shard in map(shard_of_state, listed) if shard is not None]
        heads = self.workers.map(self.archive.head, [state_key(shard) for shard in shards])
        return {shard: _read(head) for shard, head in zip(shards, heads, strict=True) if head}

    def _standing_of(self, state: ShardState) -> dict[str, str]:
        known = [(feed, self.feeds[url]) for url, feed in state.feeds.items() if url in self.feeds]
        looks = (next_look(feed.look, settings) for feed, settings in known)
        polled = first_due(known, self.shared)
        due = min((moment for moment in (polled, *looks) if moment), default=None)
        told = {"shards": str(state.shards), "mark": state.mark}
        told |= {"handed": str(state.handed)} if state.handed else {}
        return told if due is None else {**told, "due": due.isoformat()}


def _read(head: ObjectSummary) -> Standing:
    """Read what an object says of itself; one that does not say it is to be looked at."""
    told = head.metadata
    try:
        due = datetime.fromisoformat(told["due"]) if "due" in told else None
        return Standing(int(told["shards"]), told["mark"], due, int(told.get("handed", 0)))
    except (KeyError, ValueError):
        return Standing(0, "", AT_ONCE)
