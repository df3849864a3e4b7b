"""The page of each host that tells its publisher how the mirror treats it, by the protocol.

Its ETag is read first, then the rules, then it is put; a takedown puts it behind its rule, whatever
stands there (design §4). What a rule covers is not told: of a feed nothing, of a host no feed.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from feedmirror.configuration import FeedSettings
from feedmirror.jobs.publish import OpenPage, Publisher, content_of, same_but_for_nonce
from feedmirror.jobs.rules import RuleReader, Rules
from feedmirror.layout import about_page, state_key
from feedmirror.ports.object_store import LostConditionError, StoreUnavailableError
from feedmirror.suppression import (
    RuleUnreadableError,
    Subject,
    Suppression,
    describe,
    feed_key,
    find_suppression,
)

if TYPE_CHECKING:
    from feedmirror.mirroring.poll_state import FeedState, ShardState
    from feedmirror.publishing.documents import Document
    from feedmirror.publishing.treatment import Days, FeedTreatment

_BATCH = 100  # hosts
_ATTEMPTS = 4  # against other writers; who loses more often comes again with the next poll
_MOST_ATTEMPTS = 64  # of a takedown, before whose pages all others give up


@dataclass(slots=True)
class Telling:
    """What a run has told: feeds' states to be remembered, and whether its time was enough."""

    states: dict[str, "FeedState"] = field(default_factory=dict)
    whole: bool = True


@dataclass(frozen=True, slots=True)
class _Found:
    """A host's page as it was when its ETag was read: by it, what it tells may be known too."""

    host: str
    page: OpenPage

    @property
    def etag(self) -> str | None:
        return self.page.found.etag if self.page.found else None

    @property
    def days(self) -> "Mapping[str, Days]":
        """The feeds that it tells of, by their anchors, with the days that it tells."""
        from feedmirror.publishing.treatment import days_told  # noqa: PLC0415 -- only where one is

        body = self.page.found.content.body if self.page.found else b""
        return days_told(body.decode(errors="replace"))

    @property
    def as_of(self) -> datetime | None:
        """The moment that it tells of, as its metadata has it."""
        told = self.page.found.content.metadata.get("as-of", "") if self.page.found else ""
        try:
            moment = datetime.fromisoformat(told)
        except ValueError:
            return None
        return moment if moment.tzinfo else None


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutPages:
    """Puts the pages of hosts; ``shards`` is the number of shards that feeds are kept in."""

    publisher: Publisher
    rules: RuleReader
    clock: Callable[[], datetime]
    feeds: tuple[FeedSettings, ...]
    shards: int

    def tell(
        self,
        shard: "ShardState",
        polled: Collection[str],
        *,
        every: bool,
        enough: Callable[[], bool],
    ) -> Telling:
        """Put the pages of the hosts of which something is to be told that was not; or of all.

        ``shard`` is what is known of its feeds, ``polled`` are those whose states can be
        remembered. An unchanged feed costs nothing here. What could not be put is told at the
        feed's next poll.
        """
        from feedmirror.jobs.treatments import mark_of  # noqa: PLC0415 -- only where feeds are

        known = shard.feeds
        own = [feed for feed in self.feeds if feed.url in known]
        marks = {feed.url: mark_of(feed, shard) for feed in own if feed.url in polled}
        news = {url for url, mark in marks.items() if known[url].told.page != mark}
        hosts = sorted({feed.host for feed in own if every or feed.url in news})
        done, told = set[str](), Telling()
        for batch in _in_batches(hosts):
            if enough():
                told.whole = False
                break
            done |= self.put(batch, shard)
        told.states = {
            feed.url: replace(state, told=replace(state.told, page=marks[feed.url]))
            for feed in own
            if feed.url in news and feed.host in done
            for state in [known[feed.url]]
        }
        return told

    def put(self, hosts: Iterable[str], shard: "ShardState | None" = None) -> frozenset[str]:
        """Put the pages of some hosts where they changed; return those of which all is as it is.

        Without ``shard`` what is stored of their feeds is read.
        """
        left, done = frozenset(hosts), frozenset[str]()
        known = self._stored(left) if shard is None else shard
        for _ in range(_ATTEMPTS):
            done |= self._put_once(sorted(left - done), known)
            if done >= left:
                break
        return done

    def _put_once(self, hosts: Sequence[str], shard: "ShardState") -> frozenset[str]:
        """Put pages once; return the hosts of those that need no other try."""
        opened = self.publisher.workers.map(self._open, hosts)
        rules = self.rules.read(hosts)

        def put(page: _Found) -> bool:
            return self._put(page, rules, shard)

        done = zip(hosts, self.publisher.workers.map(put, opened), strict=True)
        return frozenset(host for host, is_done in done if is_done)

    def withdraw(self, rules: Sequence[Suppression]) -> None:
        """Put the pages behind rules that stand, of each host of which a feed is covered by them.

        They are put whatever stands there: a writer that has not seen the rules loses its
        condition. Raises StoreUnavailableError.
        """
        self._put_behind({feed.host for feed in self.feeds if _is_covered(feed, rules)})

    def repair(self, rule: Suppression) -> int:
        """Put the pages that name what a standing rule covers; return how many there were.

        There should be none, as of everything that the ledger is applied to again.
        """
        covered = [feed for feed in self.feeds if _is_covered(feed, (rule,))]
        pages = {host: self._open(host).days for host in {feed.host for feed in covered}}
        wrong = {
            feed.host
            for feed in covered
            if feed_key(feed.url).partition(":")[2] in pages[feed.host]
        }
        self._put_behind(wrong)
        return len(wrong)

    def _put_behind(self, hosts: Collection[str]) -> None:
        if not hosts:
            return
        shard = self._stored(hosts)
        for host in sorted(hosts):
            self._put_whatever(host, shard)

    def again(self, rules: Sequence[Suppression]) -> None:
        """Put the pages of hosts of which a feed was covered by rules that are lifted by now."""
        hosts = {feed.host for feed in self.feeds if _is_covered(feed, rules)}
        if hosts:
            self.put(hosts)

    def put_unasked(self, hosts: Iterable[str]) -> None:
        """Put the pages of those among some hosts of which no feed is configured: so they say."""
        from feedmirror.mirroring.poll_state import ShardState  # noqa: PLC0415 -- only here and below

        unasked = frozenset(hosts) - {feed.host for feed in self.feeds}
        for batch in _in_batches(sorted(unasked)):
            self.put(batch, ShardState())

    def _put_whatever(self, host: str, shard: "ShardState") -> None:
        for _ in range(_MOST_ATTEMPTS):
            found = self._open(host)
            document = self._behind_rules(found, shard)
            try:
                self.publisher.site.put(found.page.key, content_of(document), replaces=found.etag)
            except LostConditionError:
                continue
            return
        raise StoreUnavailableError(f"site {about_page(host)}: changed {_MOST_ATTEMPTS} times")

    def _behind_rules(self, found: _Found, shard: "ShardState") -> "Document":
        """Return a host's page; where it is not known what is covered, nothing is told."""
        now = self.clock()
        try:
            return self._document(found, self.rules.read([found.host]), shard, as_of=now)
        except RuleUnreadableError:
            return self._page(found.host, (), covered=True, as_of=now)

    def _open(self, host: str) -> _Found:
        key = about_page(host)
        return _Found(host, OpenPage(key, self.publisher.site.get(key)))

    def _put(self, found: _Found, rules: Rules, shard: "ShardState") -> bool:
        """Put one page, unless it tells the same already; False if it has to be tried again."""
        stored, before = found.page.found, found.as_of
        try:
            if stored is not None and before is not None:
                document = self._document(found, rules, shard, as_of=before)
                if same_but_for_nonce(stored.content, content_of(document)):
                    return True
            document = self._document(found, rules, shard, as_of=self.clock())
        except RuleUnreadableError:
            return False
        return self.publisher.put_document(found.page, document)

    def _document(
        self, found: _Found, rules: Rules, shard: "ShardState", *, as_of: datetime
    ) -> "Document":
        """Return a host's page; raises RuleUnreadableError if it is not known what is covered."""
        from feedmirror.jobs.treatments import treatment_of  # noqa: PLC0415 -- only what is put
        from feedmirror.publishing.treatment import Days  # noqa: PLC0415 -- the same

        host, never = found.host, Days()
        in_force, before = rules.concerning({host}), found.days
        covered = find_suppression(_subject(host), in_force) is not None
        feeds = () if covered else (each for each in self.feeds if each.host == host)
        told = (treatment_of(feed, shard) for feed in feeds if not _is_covered(feed, in_force))
        dated = tuple(feed.with_days(before.get(feed.anchor, never)) for feed in told)
        return self._page(host, dated, covered=covered, as_of=as_of)

    def _page(
        self, host: str, feeds: tuple["FeedTreatment", ...], *, covered: bool, as_of: datetime
    ) -> "Document":
        from feedmirror.publishing.treatment import HostTreatment  # noqa: PLC0415 -- as above

        treatment = HostTreatment(host=host, feeds=feeds, covered=covered, as_of=as_of)
        renderer = self.publisher.renderer()
        return renderer.about_page(treatment, nonce=self.publisher.nonce())

    def _stored(self, hosts: Iterable[str]) -> "ShardState":
        """Read what is known of the feeds of some hosts; what is not there is not told."""
        from feedmirror.mirroring.poll_state import (  # noqa: PLC0415 -- only here
            ShardState,
            state_from_json,
        )
        from feedmirror.mirroring.schedule import shard_of  # noqa: PLC0415 -- the same

        keys = sorted({state_key(shard_of(host, self.shards)) for host in hosts})
        found = self.publisher.workers.map(self.publisher.archive.get, keys)
        states = (state_from_json(stored.content.body) for stored in found if stored)
        known = [state for state in states if state is not None]
        return ShardState(
            feeds={url: feed for state in known for url, feed in state.feeds.items()},
            houses={origin: house for state in known for origin, house in state.houses.items()},
        )


def _in_batches(hosts: Sequence[str]) -> Iterator[Sequence[str]]:
    return (hosts[at : at + _BATCH] for at in range(0, len(hosts), _BATCH))


def _is_covered(feed: FeedSettings, rules: Sequence[Suppression]) -> bool:
    """Tell whether a rule covers a feed: its address, or the host that it is of."""
    return find_suppression(_subject(feed.host, feed.url), rules) is not None


@lru_cache(maxsize=4096)  # asked for each rule
def _subject(host: str, *feeds: str) -> Subject:
    return describe(hosts=(host,), addresses=(), guid=None, authors=(), feeds=feeds)
