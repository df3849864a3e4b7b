"""Who comes to the publishers of ``months.py``: ours, the library ``reader``, and a cron line.

Each is woken as it would be, without sleeping: only its clock is the test's own. Stores, HTTP
stacks and parsers are the real ones.
"""

import multiprocessing
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, NamedTuple

import feedparser
import feedparser_sgmllib
from reader import make_reader

from feedmirror.adapters.workers import InOrder
from feedmirror.configuration import FeedSettings
from feedmirror.layout import state_key
from feedmirror.wiring.stores import Stores
from memory_store import MemoryStore
from months import Feed, Figures, Month, the_feeds
from world import Documents, World

if TYPE_CHECKING:
    from feedmirror.jobs.reports import MirrorReport

# reader's own copy of feedparser asks for this module by its old name, and declares neither.
sys.modules.setdefault("sgmllib", feedparser_sgmllib)

_WAKE = timedelta(minutes=5)  # the schedule of the mirror function
_HALF_HOUR = timedelta(minutes=30)
_LATEST_WAKE = 20  # seconds that a wake comes after its minute
FASTEST = _HALF_HOUR  # each feed is free to be polled every half hour, as by the others


class GuestWorld(World):
    """Our mirror in memory over a month's publishers."""

    def __init__(self, month: Month) -> None:
        """Configure every feed of the month, each as often as the others may ask."""
        stores = Stores(MemoryStore(), MemoryStore(), MemoryStore(), workers=InOrder())
        super().__init__(Path("memory"), _served_by(month), stores=stores)
        self.feeds = [settings_of(feed, month) for feed in month.feeds]
        self.reports: list[MirrorReport] = []

    def due(self) -> datetime | None:
        """Return when something is due, by what the shard's object says of itself."""
        head = self.stores.archive.head(state_key(0))
        told = head.metadata.get("due") if head else None
        return datetime.fromisoformat(told) if told else None

    def wake(self, at: datetime) -> None:
        """Run once as the schedule does; a run with nothing due would ask nobody."""
        due = self.due()
        if self.reports and (due is None or due > at):
            return
        self.now = at
        self.reports.append(self.run(at_once=False))


def settings_of(feed: Feed, month: Month) -> FeedSettings:
    """Return a feed as an operator who wants it fresh configures it."""
    site = f"https://{feed.name}.example.com"
    return FeedSettings(url=month.url(feed), site=site, fastest=FASTEST)


def ours(month: Month) -> GuestWorld:
    """Mirror the month: woken every five minutes, a few seconds late as schedulers are."""
    world = GuestWorld(month)
    random = Random(1)  # noqa: S311 -- a draw that can be had again
    for minute in month.wakes(_WAKE):
        month.now = minute + timedelta(seconds=random.uniform(0, _LATEST_WAKE))
        world.wake(month.now)
        month.now = minute
    return world


def with_reader(month: Month) -> int:
    """Let ``reader`` update what its own schedule says (hourly), woken every half hour.

    Return how many entries it has.
    """
    with make_reader(":memory:") as reader:
        reader._now = lambda: month.now  # type: ignore[method-assign]  # noqa: SLF001 -- its clock
        for feed in month.feeds:
            reader.add_feed(month.url(feed))
        for _ in month.wakes(_HALF_HOUR):
            reader.update_feeds(scheduled=True)
        return reader.get_entry_counts().total or 0


def with_cron(month: Month, *, conditional: bool) -> int:
    """Fetch each feed every half hour with feedparser, as scripts do; with validators or without.

    Return how many entries it has seen.
    """
    entries: set[str] = set()
    validators: dict[str, tuple[str | None, str | None]] = {}
    for _ in month.wakes(_HALF_HOUR):
        for feed in month.feeds:
            etag, modified = validators.get(feed.name, (None, None))
            found = feedparser.parse(month.url(feed), etag=etag, modified=modified)
            entries |= {entry.id for entry in found.entries}
            if conditional and found.get("status") == 200:
                validators[feed.name] = (found.get("etag"), found.get("modified"))
    return len(entries)


OURS, READER, CRON, PLAIN = "feedmirror", "reader", "cron, conditional", "cron"
_GUESTS: dict[str, Callable[[Month], int]] = {
    OURS: lambda month: len(ours(month).items()),
    READER: with_reader,
    CRON: lambda month: with_cron(month, conditional=True),
    PLAIN: lambda month: with_cron(month, conditional=False),
}


class Visit(NamedTuple):
    """What one client cost and had: in all, and of each feed; it has ``kept`` so many posts."""

    client: str
    whole: Figures
    by_feed: Mapping[str, Figures]
    kept: int


def visit(client: str, days: int) -> Visit:
    """Let one client have the month's first days to itself; every client has the same."""
    with Month(the_feeds(), lasts=timedelta(days=days)) as month:
        month.client = client
        kept = _GUESTS[client](month)
        by_feed = {feed.name: month.figures(client, feed.name) for feed in month.feeds}
        return Visit(client, month.figures(client), by_feed, kept)


def visits(clients: Sequence[str], days: int) -> list[Visit]:
    """Let clients have the month, two at a time, each with publishers of its own."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=spawn) as processes:
        return list(processes.map(visit, clients, [days] * len(clients)))


def _served_by(month: Month) -> Documents:
    """Return the month's publisher where a world looks for its documents."""
    documents = Documents.__new__(Documents)
    documents.by_path, documents.publisher = {}, month.publisher
    return documents
