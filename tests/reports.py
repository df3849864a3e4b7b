"""A report of a mirror with everything in it, hostile words included: for all that looks at one."""

from datetime import UTC, date, datetime, timedelta
from functools import cache

from builders import a_mirror
from feedmirror.cli.report_page import render_page
from feedmirror.cli.reporting import page_of
from feedmirror.cli.standing import FeedRow, Standing
from feedmirror.configuration import Configuration, FeedSettings
from feedmirror.jobs.configure import Configured
from feedmirror.jobs.feed_states import KnownFeed
from feedmirror.jobs.survey import Survey
from feedmirror.mirroring.poll_state import FeedState

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOSTILE = "</script><script>document.title='taken'</script>\"'><img src=x onerror=\"taken()\">"
STATES = (
    FeedState(attempted=NOW, title="Well"),
    FeedState(attempted=NOW, title="Well, too"),
    FeedState(attempted=NOW, failures=4, error=f"the document is no feed: {HOSTILE}"),
    FeedState(attempted=NOW, gone=True, error="410 Gone: the publisher has ended this feed"),
    FeedState(),
)


def days(*counts: int) -> dict[date, int]:
    """Return counts by day, the last of them today."""
    first = NOW.date() - timedelta(days=len(counts) - 1)
    return {first + timedelta(days=n): count for n, count in enumerate(counts)}


def a_report(*states: FeedState, survey: Survey, name: str = HOSTILE) -> bytes:
    """Return the report of some feeds."""
    feeds = tuple(
        FeedSettings(url=f"https://h{number}.example.com/a-long-name-of-a-feed?and={number}")
        for number in range(len(states))
    )
    configuration = Configuration(mirror=a_mirror(name=name), feeds=feeds)
    rows = (
        FeedRow(feed, KnownFeed(state, entries=3), 12)
        for feed, state in zip(feeds, states, strict=True)
    )
    standing = Standing(
        now=NOW,
        configured=Configured(configuration, "", ""),
        feeds=tuple(rows),
        records=12 * len(states),
    )
    return render_page(page_of(standing, survey, configuration))


@cache
def a_full_report() -> bytes:
    """Return one in which every part has something to show."""
    items = days(*(number % 7 * 3 for number in range(30)))
    removed = days(*(0,) * 20, 3, 0, 0, 1, 0, 0, 0, 0, 0, 2)
    took = tuple(timedelta(seconds=seconds) for seconds in (8, 20, 45, 200, 90_000))
    return a_report(*STATES, survey=Survey(items, removed, took, cases=6))
