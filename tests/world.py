"""A whole mirror in a folder, with publishers on loopback: what the tests of jobs run against.

Only the clock and the nonces are the test's own; stores, fetcher, jobs and pages are the real ones.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Self

from builders import a_mirror
from feedmirror.adapters.fetching import CurlFetcher
from feedmirror.adapters.sqlite import SqliteStore
from feedmirror.adapters.workers import InOrder
from feedmirror.configuration import Configuration, FeedSettings, MirrorSettings
from feedmirror.jobs.configure import Configured
from feedmirror.jobs.reports import MirrorReport, added_up
from feedmirror.jobs.shard_turn import read_turn
from feedmirror.layout import lift_key, state_key, suppressions_prefix
from feedmirror.mirroring.poll_state import FeedState, state_from_json
from feedmirror.ports.dns import DnsUnavailableError
from feedmirror.ports.object_store import (
    Content,
    ObjectStore,
    ObjectSummary,
    StoredObject,
    StoreUnavailableError,
)
from feedmirror.records import Item, Tombstone, record_from_json
from feedmirror.suppression import Suppression, rule_to_json
from feedmirror.wiring.mirror import MirrorJobs, compose
from feedmirror.wiring.outside import Outside
from feedmirror.wiring.stores import Stores
from loopback import Answer, Publisher, Seen

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
LOOPBACK = (ip_network("127.0.0.0/8"),)
SITE = "https://news.example.com"


@dataclass
class Requests:
    """What was asked of a bucket: the method and the key, in order; puts that were done apart."""

    asked: list[tuple[str, str]] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    before: Callable[[str, str], object] = lambda *_: None
    after: Callable[[str, str], object] = lambda *_: None


@dataclass(frozen=True)
class Watched:
    """A store whose calls are noted, and may be made to fail before or after they happen."""

    store: ObjectStore
    requests: Requests

    def get(self, key: str) -> StoredObject | None:
        with self._noted("get", key):
            return self.store.get(key)

    def head(self, key: str) -> ObjectSummary | None:
        with self._noted("head", key):
            return self.store.head(key)

    def put(self, key: str, content: Content, *, replaces: str | None) -> str:
        with self._noted("put", key):
            etag = self.store.put(key, content, replaces=replaces)
            self.requests.done.append(key)
            return etag

    def list(self, prefix: str, *, after: str = "") -> Iterator[ObjectSummary]:
        with self._noted("list", prefix):
            return self.store.list(prefix, after=after)

    def _noted(self, method: str, key: str) -> "_Noted":
        return _Noted(self.requests, method, key)


@dataclass(frozen=True)
class _Noted:
    requests: Requests
    method: str
    key: str

    def __enter__(self) -> None:
        self.requests.asked.append((self.method, self.key))
        self.requests.before(self.method, self.key)

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is None:
            self.requests.after(self.method, self.key)


class Documents:
    """A loopback publisher of documents by path, with ETags that it honours."""

    def __init__(self, address: str = "127.0.0.2") -> None:
        self.by_path: dict[str, Answer] = {}
        self.publisher = Publisher(self._answer, address=address, robots=self._robots)

    def __enter__(self) -> Self:
        self.publisher.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.publisher.__exit__(None, None, None)

    def _robots(self, seen: Seen) -> Answer | None:
        return self._answer(seen) if seen.target in self.by_path else None

    def _answer(self, seen: Seen) -> Answer:
        answer = self.by_path.get(seen.target, Answer(404))
        etag = dict(answer.headers).get("ETag")
        if etag and seen.header("if-none-match") == etag:
            return Answer(304, headers=answer.headers)
        return answer


@dataclass
class Handed:
    """The takedown function's end of the work queue: what it was handed; ``full`` takes nothing."""

    tasks: list[dict[str, Any]] = field(default_factory=list)
    full: bool = False

    def send(self, task: Mapping[str, Any]) -> None:
        if self.full:
            raise StoreUnavailableError("the queue is full")
        self.tasks.append(dict(task))


@dataclass
class Names:
    """TXT records by name; a name that is down is not answered for."""

    records: dict[str, tuple[bytes, ...]] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    def txt(self, name: str) -> tuple[bytes, ...]:
        self.asked.append(name)
        if name in self.down:
            raise DnsUnavailableError("no answer within 5 s")
        return self.records.get(name, ())


def state_of(world: "World", url: str) -> FeedState:
    """Return what is known of a feed of the first shard."""
    found = world.stores.archive.get(state_key(0))
    assert found is not None
    state = state_from_json(found.content.body)
    assert state is not None
    return state.feeds[url]


class World:
    """One mirror of some documents, and the time."""

    def __init__(self, folder: Path, documents: Documents, *, stores: Stores | None = None) -> None:
        path = folder / "store.sqlite"
        self.stores = stores or Stores(
            archive=SqliteStore(path, "archive"),
            site=SqliteStore(path, "site"),
            ledger=SqliteStore(path, "ledger"),
            workers=InOrder(),
        )
        self.documents = documents.by_path
        self.publisher = documents.publisher
        self.requests = Requests()
        self.names = Names()
        self.handed = Handed()
        self.polls = Handed()
        self.by_queue = False
        self.networks = list(LOOPBACK)
        self.now = START
        self.mirror: MirrorSettings = a_mirror()
        self.feeds: list[FeedSettings] = []
        self._nonces = itertools.count(1)

    def serve(self, document: str | bytes, path: str = "/feed", *, site: str = SITE) -> str:
        """Publish a document; a feed served for the first time is configured as the site's."""
        body = document.encode() if isinstance(document, str) else document
        self.documents[path] = Answer(body=body, headers=(("ETag", f'"{hash(body)}"'),))
        return self.configure(self.publisher.url(path), site=site)

    def configure(self, url: str, *, site: str = SITE) -> str:
        """Add a feed to the configuration, if it is not there yet."""
        if url not in {feed.url for feed in self.feeds}:
            self.feeds.append(FeedSettings(url=url, site=site))
        return url

    def later(self, hours: float = 2) -> None:
        """Let time pass: feeds with an interval are due again."""
        self.now += timedelta(hours=hours)

    def run(
        self, *, at_once: bool = True, time_left: timedelta = timedelta(hours=1)
    ) -> MirrorReport:
        """Run the mirror once over watched stores; by the queue where there are several shards.

        A run by the queue is two of the schedule, and all turns between them.
        """
        if not (self.by_queue and self.mirror.shards > 1):
            return self.jobs().whole().run(time_left=lambda: time_left, at_once=at_once)
        reports = [self.dispatch(at_once=at_once)]
        reports += [self.turn(message, time_left=time_left) for message in self.turns()]
        # The second shows what the turns have brought; what it hands out is another run's.
        reports.append(self.dispatch())
        self.polls.tasks.clear()
        return added_up(reports)

    def dispatch(
        self, *, at_once: bool = False, time_left: timedelta = timedelta(hours=1)
    ) -> MirrorReport:
        """Run the schedule once: what is due waits in the poll queue."""
        run = self.jobs().dispatch(self.polls)
        return run.run(time_left=lambda: time_left, at_once=at_once)

    def turn(
        self, message: Mapping[str, Any], *, time_left: timedelta = timedelta(hours=1)
    ) -> MirrorReport:
        """Run the shard that a message names."""
        return self.jobs().turn().run(read_turn(message), time_left=lambda: time_left)

    def turns(self) -> list[dict[str, Any]]:
        """Take every message out of the poll queue."""
        messages, self.polls.tasks = self.polls.tasks, []
        return messages

    def jobs(self) -> MirrorJobs:
        """Return the jobs of one call, over watched stores."""
        watched = replace(
            self.stores,
            archive=Watched(self.stores.archive, self.requests),
            site=Watched(self.stores.site, self.requests),
            ledger=Watched(self.stores.ledger, self.requests),
        )
        configuration = Configuration(mirror=self.mirror, feeds=tuple(self.feeds))
        jobs = compose(
            watched,
            fetcher=CurlFetcher(
                user_agent="test",
                allowed_networks=tuple(self.networks),
                shared=self.mirror.shared,
            ),
            configured=Configured(configuration, "text", f"mark {self.mirror.shards}"),
            outside=Outside(
                dns=lambda: self.names,
                clock=lambda: self.now,
                nonce=lambda: f"{next(self._nonces):016x}",
            ),
        )
        return jobs.handing_on(self.handed)

    def watch(self) -> Requests:
        """Begin to note requests anew."""
        self.requests.asked.clear()
        self.requests.done.clear()
        return self.requests

    def records(self) -> dict[str, Item | Tombstone]:
        """Return every record by key."""
        bodies = self.all(self.stores.archive, "items/")
        return {key: record_from_json(body) for key, body in bodies.items()}

    def items(self) -> list[Item]:
        """Return every item, by title."""
        found = [record for record in self.records().values() if isinstance(record, Item)]
        return sorted(found, key=lambda item: item.title)

    def pages(self) -> dict[str, str]:
        """Return every object of the site, as text."""
        found = self.all(self.stores.site, "")
        return {key: body.decode() for key, body in found.items()}

    def all(self, store: ObjectStore, prefix: str) -> dict[str, bytes]:
        """Return the bodies below a prefix."""
        found = {summary.key: store.get(summary.key) for summary in store.list(prefix)}
        return {key: stored.content.body for key, stored in found.items() if stored}

    def suppress(self, rule: Suppression) -> str:
        """Write a rule into the ledger, and nothing else; return its key."""
        key = f"{suppressions_prefix(rule.host)}{rule.id}.json"
        content = Content(rule_to_json(rule), "application/json")
        self.stores.ledger.put(key, content, replaces=None)
        return key

    def lift(self, rule_key: str) -> None:
        """End a rule."""
        self.stores.ledger.put(
            lift_key(rule_key), Content(b"{}", "application/json"), replaces=None
        )


def rss(*entries: str, title: str = "Example News", extra: str = "") -> str:
    """Return an RSS 2.0 document of items that are given as markup."""
    return (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:atom="http://www.w3.org/2005/Atom">'
        f"<channel><title>{title}</title><link>{SITE}/</link>{extra}{''.join(entries)}"
        "</channel></rss>"
    )


def entry(
    number: int | str,
    *,
    title: str | None = None,
    text: str = "Some text.",
    guid: str | None = None,
    link: str | None = None,
    more: str = "<dc:creator>Ann</dc:creator>",
) -> str:
    """Return one RSS item, told apart by a number."""
    return (
        f"<item><title>{title or f'Entry {number}'}</title>"
        f"<link>{link or f'{SITE}/{number}'}</link>"
        f"<guid isPermaLink='false'>{guid or f'g{number}'}</guid>{more}"
        f"<description>&lt;p&gt;{text}&lt;/p&gt;</description></item>"
    )
