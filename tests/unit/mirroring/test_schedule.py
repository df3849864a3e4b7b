"""When a feed is due, exactly, and for which reason (rules S5, S6, V4)."""

from datetime import UTC, datetime, timedelta

import pytest

from feedmirror.mirroring.moves import Move
from feedmirror.mirroring.poll_state import FeedState
from feedmirror.mirroring.schedule import is_due, next_poll, shard_of

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("state", "interval", "wait", "reason"),
    [
        (FeedState(attempted=AT), None, HOUR, "usual"),
        (FeedState(attempted=AT), HOUR / 2, HOUR / 2, "configured"),
        (FeedState(attempted=AT, hint=7200), None, 2 * HOUR, "Cache-Control"),
        (FeedState(attempted=AT, ttl=7200), None, 2 * HOUR, "ttl"),
        (FeedState(attempted=AT, ttl=7200, hint=10800), None, 3 * HOUR, "Cache-Control"),
        (FeedState(attempted=AT, hint=60), None, HOUR, "usual"),
        (FeedState(attempted=AT, hint=7200), HOUR / 2, HOUR / 2, "configured"),
        (FeedState(attempted=AT, failures=1), None, 2 * HOUR, "a failure"),
        (FeedState(attempted=AT, failures=3), None, 8 * HOUR, "3 failures"),
        (FeedState(attempted=AT, failures=99), None, 24 * HOUR, "99 failures"),
        (FeedState(attempted=AT, failures=99), 48 * HOUR, 48 * HOUR, "99 failures"),
        (FeedState(attempted=AT, not_before=AT + 5 * HOUR), None, 5 * HOUR, "Retry-After"),
        (FeedState(attempted=AT, not_before=AT + HOUR / 4), None, HOUR, "usual"),
        (FeedState(attempted=AT, failures=1, gone_since=AT), None, 24 * HOUR, "after a 410"),
        (FeedState(attempted=AT, failures=9, gone_since=AT), 48 * HOUR, 48 * HOUR, "after a 410"),
    ],
)
def test_the_next_poll_and_its_reason(
    state: FeedState, interval: timedelta | None, wait: timedelta, reason: str
) -> None:
    upcoming = next_poll(state, interval=interval)

    assert upcoming is not None
    assert upcoming.due == AT + wait
    assert reason in upcoming.reason


def test_a_feed_is_due_at_its_time_and_not_before() -> None:
    state = FeedState(attempted=AT)

    assert not is_due(state, interval=None, now=AT + HOUR - timedelta(seconds=1))
    assert is_due(state, interval=None, now=AT + HOUR)


def test_a_feed_never_attempted_is_due_and_one_that_is_gone_never() -> None:
    assert is_due(FeedState(), interval=None, now=AT)
    assert not is_due(FeedState(gone=True), interval=None, now=AT + 999 * HOUR)


def test_a_feed_that_has_become_another_one_is_polled_as_that_one_only() -> None:
    upcoming = next_poll(
        FeedState(attempted=AT, move=Move(into="https://b.example/")), interval=HOUR
    )

    assert upcoming is not None
    assert upcoming.due is None
    assert upcoming.reason == "moved to https://b.example/, which is polled anyway"


def test_a_feed_that_the_operator_has_ended_is_never_due_whatever_is_known_of_it() -> None:
    for state in (FeedState(), FeedState(attempted=AT), FeedState(gone=True)):
        upcoming = next_poll(state, interval=HOUR, ended=True)
        assert upcoming is not None
        assert (upcoming.due, upcoming.reason) == (None, "ended in the configuration")


def test_hosts_spread_over_shards_and_stay_where_they_are() -> None:
    hosts = [f"{number}.example.com" for number in range(1000)]
    shards = [shard_of(host, 4) for host in hosts]

    assert shards == [shard_of(host, 4) for host in hosts]
    assert all(200 < shards.count(shard) < 300 for shard in range(4))
