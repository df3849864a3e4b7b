"""The same documents read by two mirrors: one reads what is new in them, the other all of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from feedmirror.adapters.isolation.vouching import objection
from feedmirror.adapters.isolation.vouching_spans import objection_to_spans
from feedmirror.layout import state_key
from feedmirror.mirroring.entries import Feed
from feedmirror.mirroring.parsing import Markup, Parsers, Texts
from feedmirror.mirroring.poll_state import FeedState, state_from_json
from feedmirror.mirroring.reading import week_of
from feedmirror.wiring.mirror import MirrorJobs
from in_process import IN_PROCESS
from memory_world import MemoryWorld
from world import SITE, Documents


@dataclass
class Counting:
    """The parsers, in this process; what they say is vouched for, and how they are asked noted.

    ``whole`` lets them read everything of every document.
    """

    whole: bool = False
    asked: int = 0
    read: list[Feed] = field(default_factory=list)

    def feed(
        self,
        document: bytes,
        *,
        url: str,
        content_type: str,
        known: Collection[str] | None = None,
    ) -> Feed:
        self.asked += 1
        given = frozenset[str]() if self.whole and known is not None else known
        feed = IN_PROCESS.feed(document, url=url, content_type=content_type, known=given)
        assert objection(feed) == objection_to_spans(feed, document, given) == ""
        self.read.append(feed)
        return feed

    def texts(self, markups: Sequence[Markup]) -> Sequence[Texts]:
        return IN_PROCESS.texts(markups)

    def rsl(self, text: str, *, address: str) -> tuple[str, ...]:
        return IN_PROCESS.rsl(text, address=address)

    def shown(self, tokens: Sequence[str], document: bytes) -> frozenset[str]:
        return IN_PROCESS.shown(tokens, document)


class Reader(MemoryWorld):
    """A mirror that reads by some parsers."""

    def __init__(self, documents: Documents, *, whole: bool) -> None:
        super().__init__(documents)
        self.counting = Counting(whole=whole)

    def jobs(self) -> MirrorJobs:
        jobs = super().jobs()
        parsers: Parsers = self.counting
        store = replace(jobs.shard.store, parsers=parsers)
        return replace(jobs, shard=replace(jobs.shard, parsers=parsers, store=store))


class Twins:
    """Two mirrors of the same feeds, which are to know and to show the same."""

    def __init__(self, documents: Documents) -> None:
        self.delta, self.whole = (Reader(documents, whole=whole) for whole in (False, True))

    def serve(self, document: str | bytes, path: str = "/feed", *, site: str = SITE) -> str:
        """Publish a document for both; the first once no week of its feed's ends within a test."""
        first = not self.delta.feeds
        self.delta.serve(document, path, site=site)
        url = self.whole.serve(document, path, site=site)
        now = self.delta.now
        if first and week_of(url, now) != week_of(url, now + timedelta(days=1)):
            for world in (self.delta, self.whole):
                world.later(hours=24)
        return url

    def run(self) -> None:
        """Let both poll, two hours later."""
        for world in (self.delta, self.whole):
            world.counting.read.clear()
            world.later()
            world.watch()
            world.handed.tasks.clear()
            world.run()

    def known(self) -> tuple[dict[str, FeedState], dict[str, FeedState]]:
        """Return what the two know of each feed."""
        return _known(self.delta), _known(self.whole)

    def stored(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what the two have stored besides their state, and handed on."""
        return _stored(self.delta), _stored(self.whole)

    def check(self, what: str = "") -> None:
        """Fail unless both know, show, ask and hand on the same after a change that is named."""
        delta, whole = self.known()
        assert delta.keys() == whole.keys()
        for url, state in whole.items():
            # What is no longer claimed may be known for longer, as reading less cannot tell.
            assert {*state.hosts} <= {*delta[url].hosts}, (what, url)
            assert replace(delta[url], hosts=state.hosts, lifts=state.lifts) == state, (what, url)
            assert [*delta[url].entries] == [*state.entries], (what, url)
        assert self.delta.requests.asked == self.whole.requests.asked
        ours, theirs = self.stored()
        assert ours == theirs

    @property
    def left_unread(self) -> int:
        """How many entries one of them has not read this time, and the other has."""
        feeds = self.delta.counting.read
        return sum(len(feed.spans) - len(feed.entries) for feed in feeds if feed.spans)


def _known(world: Reader) -> dict[str, FeedState]:
    found = world.stores.archive.get(state_key(0))
    assert found is not None
    state = state_from_json(found.content.body)
    assert state is not None
    return {**state.feeds}


def _stored(world: Reader) -> dict[str, Any]:
    buckets = {
        f"{number} {key}": body
        for number, bucket in enumerate(world.buckets)
        for key, body in world.all(bucket, "").items()
        if not key.startswith("state/")
    }
    return {**buckets, "handed": world.handed.tasks}
