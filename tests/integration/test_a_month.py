"""Fewer requests than other guests, at no longer a wait: the month of ``months.py``.

The suite takes the schedule alone, of the feeds that do nothing but publish, and computes what the
others would do; ``make guest`` takes all twelve feeds and the whole mirror, the others beside it.
"""

import os
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from statistics import median

import pytest

from feedmirror.mirroring.poll_state import FeedState
from feedmirror.mirroring.rhythm import Arrivals, learn
from feedmirror.mirroring.schedule import next_poll
from guests import CRON, OURS, READER, settings_of, visits, wake_of
from months import BEGINS, Feed, Month, the_feeds
from street import WAKE

WHOLE = int(os.environ.get("FEEDMIRROR_TEST_DAYS", "0"))
HOUR, HALF_HOUR = timedelta(hours=1), timedelta(minutes=30)


def test_a_month_of_the_schedule_costs_less_than_fixed_ones_at_no_longer_a_wait() -> None:
    names = {"newsroom", "magazine", "daily", "blog", "podcast", "hobby", "silent"}
    feeds = [feed for feed in the_feeds() if feed.name in names]
    with Month(feeds) as month:
        moments = {feed.name: list(polled(month, feed)) for feed in feeds}
        waits = [
            (moments[feed.name][at] - post.dated) / timedelta(minutes=1)
            for feed, _, post in month.expected()
            if (at := bisect_left(moments[feed.name], post.appears)) < len(moments[feed.name])
        ]
        cron, reader = month.if_asked(HALF_HOUR), month.if_asked(HOUR)

    assert len(waits) == len(cron.waits)
    assert sum(map(len, moments.values())) < reader.requests < cron.requests
    assert median(waits) <= cron.usual < reader.usual


@pytest.mark.skipif(not WHOLE, reason="the whole month takes minutes: make guest")
@pytest.mark.timeout(1800)
def test_a_month_costs_less_than_the_others_at_no_longer_a_wait() -> None:
    mine, reader, cron = visits((OURS, READER, CRON), WHOLE)

    for visit in (mine, reader, cron):
        assert visit.whole.missed == 0, visit.client
        assert visit.kept == visit.had, visit.client
    assert mine.whole.requests < min(reader.whole.requests, cron.whole.requests)
    assert mine.whole.usual <= min(reader.whole.usual, cron.whole.usual)
    for name, figures in mine.by_feed.items():
        assert figures.requests <= cron.by_feed[name].requests, name


def polled(month: Month, feed: Feed) -> Iterator[datetime]:
    """Yield when a feed is polled: the schedule alone, woken like the mirror function."""
    random = Random(1)  # noqa: S311 -- a draw that can be had again
    settings = settings_of(feed, month)
    state, at, known = FeedState(), wake_of(month.begins, random), 0
    while at < month.ends:
        yield at
        first, behind = feed.listed(at)
        if behind > known:
            listed = [post.dated for post in feed.posts[first:behind]]
            fresh = [post.dated for post in feed.posts[max(first, known) : behind]]
            arrivals = Arrivals(fresh, listed, state.attempted)
            state = replace(state, rhythm=learn(state.rhythm, arrivals, now=at))
            known = behind
        state = replace(state, attempted=at)
        upcoming = next_poll(state, settings)
        assert upcoming is not None
        assert upcoming.due is not None
        at = next_wake(upcoming.due, random)


def next_wake(due: datetime, random: Random) -> datetime:
    """Return the first wake at which something is due: as the mirror function is called."""
    minute = due - (due - BEGINS) % WAKE - WAKE
    while (wake := wake_of(minute, random)) < due:
        minute += WAKE
    return wake
