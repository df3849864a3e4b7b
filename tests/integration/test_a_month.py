"""Fewer requests than other guests, at no longer a wait: the month of ``months.py``.

The suite takes a working day of three feeds and computes what the others would do; ``make guest``
takes all twelve feeds over the whole month, with the others beside us.
"""

import os
from dataclasses import replace
from datetime import timedelta

import pytest

from guests import CRON, OURS, READER, ours, visits
from months import BEGINS, Month, the_feeds

WHOLE = int(os.environ.get("FEEDMIRROR_TEST_DAYS", "0"))
HOUR, HALF_HOUR = timedelta(hours=1), timedelta(minutes=30)


@pytest.mark.xfail(strict=True, reason="polls are hourly until the schedule learns")
def test_a_working_day_costs_less_than_fixed_schedules_at_no_longer_a_wait() -> None:
    feeds = {feed.name: feed for feed in the_feeds()}
    few = [replace(feeds[name], size=12) for name in ("newsroom", "daily", "silent")]
    morning = BEGINS + timedelta(days=1, hours=7)
    with Month(few, begins=morning, lasts=12 * HOUR, patience=HOUR, client=OURS) as month:
        world = ours(month)
        figures = month.figures(OURS)
        cron, reader = month.if_asked(HALF_HOUR), month.if_asked(HOUR)

    assert figures.missed == 0
    assert len(world.items()) == len(month.had[OURS])
    assert figures.requests < reader.requests < cron.requests
    assert figures.usual <= cron.usual < reader.usual


@pytest.mark.xfail(strict=True, reason="polls are hourly until the schedule learns")
@pytest.mark.skipif(not WHOLE, reason="the whole month takes minutes: make guest")
@pytest.mark.timeout(1800)
def test_a_month_costs_less_than_the_others_at_no_longer_a_wait() -> None:
    mine, reader, cron = visits((OURS, READER, CRON), WHOLE)

    for visit in (mine, reader, cron):
        assert visit.whole.missed == 0, visit.client
    assert mine.kept == reader.kept == cron.kept
    assert mine.whole.requests < min(reader.whole.requests, cron.whole.requests)
    assert mine.whole.usual <= min(reader.whole.usual, cron.whole.usual)
    for name, figures in mine.by_feed.items():
        assert figures.requests <= cron.by_feed[name].requests, name
