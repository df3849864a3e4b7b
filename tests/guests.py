"""Who comes to the publishers of ``months.py``: ours, the library ``reader``, and a cron line.

Each is woken as it would be, without sleeping: only its clock is the test's own. Stores, HTTP
stacks and parsers are the real ones.
"""

import multiprocessing
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

import feedparser
import feedparser_sgmllib
from reader import make_reader

from feedmirror.configuration import FeedSettings
from months import Feed, Figures, Month, the_feeds
from street import WAKE, WokenWorld

# reader's own copy of feedparser asks for this module by its old name, and declares neither.
sys.modules.setdefault("sgmllib", feedparser_sgmllib)

_HALF_HOUR = timedelta(minutes=30)
# The mirror function's schedule is rate(5 minutes): the minutes at which it calls follow from when
# it was made, so they are taken from the middle; within its minute a call comes at any second
# (EventBridge Scheduler, "Schedule types": 60 second precision).
_BEHIND, _WITHIN = timedelta(minutes=2), 60
FASTEST = _HALF_HOUR  # each feed is free to be polled every half hour, as by the others


def settings_of(feed: Feed, month: Month) -> FeedSettings:
    """Return a feed as an operator who wants it fresh configures it."""
    site = f"https://{feed.name}.example.com"
    return FeedSettings(url=month.url(feed), site=site, fastest=FASTEST)


def ours(month: Month) -> WokenWorld:
    """Mirror the month: woken every five minutes, as schedulers do."""
    world = WokenWorld(month.publisher, now=month.begins)
    world.feeds = [settings_of(feed, month) for feed in month.feeds]
    random = Random(1)  # noqa: S311 -- a draw that can be had again
    for minute in month.wakes(WAKE):
        world.now = month.now = wake_of(minute, random)
        world.wake()
        month.now = minute
    return world


def wake_of(minute: datetime, random: Random) -> datetime:
    """Return when the mirror function is called of which a full five minutes is the turn."""
    return minute + _BEHIND + timedelta(seconds=random.uniform(0, _WITHIN))


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
    """What a client cost and had, in all and of each feed; ``kept`` is what it has of the posts."""

    client: str
    whole: Figures
    by_feed: Mapping[str, Figures]
    had: int
    kept: int


def visit(client: str, days: int) -> Visit:
    """Let one client have the month's first days to itself; every client has the same."""
    with Month(the_feeds(), lasts=timedelta(days=days)) as month:
        month.client = client
        kept = _GUESTS[client](month)
        by_feed = {feed.name: month.figures(client, feed.name) for feed in month.feeds}
        return Visit(client, month.figures(client), by_feed, len(month.had[client]), kept)


def visits(clients: Sequence[str], days: int) -> list[Visit]:
    """Let clients have the month, two at a time, each with publishers of its own."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=spawn) as processes:
        return list(processes.map(visit, clients, [days] * len(clients)))
