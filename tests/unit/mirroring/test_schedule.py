"""When a feed is due, exactly, and for which reason (rules S5, S6, V2, V4)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmirror.configuration import Ended, FeedSettings
from feedmirror.mirroring.limits import first_due, held_until
from feedmirror.mirroring.moves import Move
from feedmirror.mirroring.poll_state import FeedState
from feedmirror.mirroring.refusals import Refusal
from feedmirror.mirroring.rhythm import Arrivals, Rhythm, learn
from feedmirror.mirroring.schedule import (
    NextPoll,
    is_due,
    is_read_whole,
    next_poll,
    shard_of,
    soonest,
)

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)  # a Sunday
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
FEED = FeedSettings(url="https://news.example.com/feed")
MARKED = Refusal(feed=True)
HOURLY = replace(FEED, interval=HOUR)
# Forty entries a day at any time, and one a year, with documents that reach a month back.
BUSY = Rhythm(AT - 60 * DAY, AT, count=404.0, newest=AT, reach=AT - 30 * DAY, whole=AT)
SILENT = Rhythm(AT - 365 * DAY, AT - 365 * DAY, count=1.0, newest=AT - 365 * DAY, whole=AT)


def planned(state: FeedState, settings: FeedSettings = FEED, chance: float = 0) -> NextPoll:
    upcoming = next_poll(state, settings, chance=chance)
    assert upcoming is not None
    return upcoming


def wait(state: FeedState, settings: FeedSettings = FEED, chance: float = 0) -> timedelta:
    due = planned(state, settings, chance).due
    assert due is not None
    assert state.attempted is not None
    return due - state.attempted


@pytest.mark.parametrize(
    ("rhythm", "changes", "settings", "expected", "reason"),
    [
        (BUSY, {}, FEED, HOUR, "the fastest that is configured"),
        (BUSY, {}, replace(FEED, fastest=HOUR / 4), HOUR / 4, "the fastest"),
        (SILENT, {}, FEED, DAY, "once a day, as nothing is expected sooner"),
        (BUSY, {}, replace(FEED, interval=HOUR / 2), HOUR / 2, "the configured interval"),
        (SILENT, {}, replace(FEED, interval=HOUR / 2), HOUR / 2, "the configured interval"),
        (BUSY, {"hint": 7200}, FEED, 2 * HOUR, "the publisher's Cache-Control or Expires"),
        (BUSY, {"ttl": 7200}, FEED, 2 * HOUR, "the feed's ttl"),
        (BUSY, {"ttl": 7200, "hint": 10800}, FEED, 3 * HOUR, "Cache-Control"),
        (BUSY, {"hint": 60}, FEED, HOUR, "the fastest"),
        (SILENT, {"hint": 7200}, FEED, DAY, "once a day"),
        (SILENT, {"hint": 5 * 86400}, FEED, 5 * DAY, "Cache-Control"),
        (BUSY, {"ttl": 99 * 86400}, FEED, 7 * DAY, "the feed's ttl"),
        (BUSY, {"hint": 7200}, HOURLY, HOUR, "the configured interval"),
        (BUSY, {"not_before": AT + 5 * HOUR}, FEED, 5 * HOUR, "the publisher's Retry-After"),
        (BUSY, {"not_before": AT + DAY, "refusal": MARKED}, FEED, DAY, "the publisher's mark"),
        (
            BUSY,
            {"not_before": AT + DAY, "refusal": MARKED, "failures": 1},
            FEED,
            DAY,
            "the publisher's Retry-After",
        ),
        (BUSY, {"not_before": AT + HOUR / 4}, FEED, HOUR, "the fastest"),
        (BUSY, {"not_before": AT + 5 * HOUR}, HOURLY, 5 * HOUR, "Retry-After"),
        (SILENT, {"failures": 2, "not_before": AT + 31 * DAY}, FEED, 31 * DAY, "Retry-After"),
        (BUSY, {"failures": 1, "gone_since": AT}, FEED, DAY, "after a 410"),
        (BUSY, {"failures": 9, "gone_since": AT}, FEED, DAY, "after a 410"),
        (BUSY, {"failures": 9, "gone_since": AT}, replace(FEED, interval=2 * DAY), 2 * DAY, "410"),
    ],
)
def test_rule_s6_the_longest_of_rhythm_and_hints_within_bounds_and_its_reason(
    rhythm: Rhythm,
    changes: dict[str, object],
    settings: FeedSettings,
    expected: timedelta,
    reason: str,
) -> None:
    state = replace(FeedState(attempted=AT, rhythm=rhythm), **changes)  # type: ignore[arg-type]  # any

    assert wait(state, settings) == expected
    assert reason in planned(state, settings).reason


@pytest.mark.parametrize(
    ("failures", "settings", "expected"),
    [
        (1, FEED, 2 * HOUR),
        (3, FEED, 8 * HOUR),
        (5, FEED, DAY),
        (30, FEED, DAY),
        (31, FEED, 7 * DAY),
        (10**6, FEED, 7 * DAY),
        (1, replace(FEED, fastest=HOUR / 2), HOUR),
        (99, replace(FEED, interval=10 * DAY), 10 * DAY),
    ],
)
def test_rule_s5_failures_double_the_wait_to_a_day_then_a_week_and_never_end_it(
    failures: int, settings: FeedSettings, expected: timedelta
) -> None:
    state = FeedState(attempted=AT, failures=failures, rhythm=BUSY)

    assert wait(state, settings) == expected
    assert "failure" in planned(state, settings).reason


def test_rule_s5_a_429_without_retry_after_backs_off_and_is_asked_again_within_six_hours() -> None:
    limited = FeedState(attempted=AT, limited=AT, rhythm=BUSY)

    waits = [wait(replace(limited, failures=number)) for number in (1, 2, 3, 99)]
    assert waits == [2 * HOUR, 4 * HOUR, 6 * HOUR, 6 * HOUR]
    longer = replace(limited, failures=1, not_before=AT + 12 * HOUR)
    assert wait(longer) == 12 * HOUR


def test_rule_v4_a_server_without_validators_is_asked_daily_unless_its_document_forgets() -> None:
    whole = FeedState(attempted=AT, unvalidated=True, rhythm=BUSY)
    short = replace(whole, rhythm=replace(BUSY, reach=AT - 4 * HOUR))

    assert wait(whole) == DAY
    assert "without ETag or Last-Modified" in planned(whole).reason
    assert wait(short) == 2 * HOUR
    assert wait(whole, HOURLY) == HOUR


def test_a_document_is_asked_for_again_before_it_has_forgotten_half_of_what_it_holds() -> None:
    silent = FeedState(attempted=AT, rhythm=replace(SILENT, reach=AT - 10 * HOUR))

    assert wait(silent) == 5 * HOUR
    assert "lets go of what is unseen" in planned(silent).reason
    assert wait(replace(silent, rhythm=replace(SILENT, reach=AT - HOUR))) == HOUR


@pytest.mark.parametrize(
    ("hours", "days", "expected"),
    [
        ((13, 14), (), 3 * HOUR),
        ((12,), (), HOUR),
        ((), ("Sunday",), 12 * HOUR),
        (tuple(range(24)), (), HOUR),
        ((), ("Saturday", "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday"), HOUR),
        ((0, 1), ("Sunday", "Monday"), 36 * HOUR + 2 * HOUR),
    ],
)
def test_rule_s6_hours_and_days_to_skip_are_skipped_unless_they_are_the_whole_week(
    hours: tuple[int, ...], days: tuple[str, ...], expected: timedelta
) -> None:
    state = FeedState(attempted=AT, rhythm=BUSY, skip_hours=hours, skip_days=days)

    for settings in (FEED, HOURLY):
        assert wait(state, settings) == expected
    assert ("skip" in planned(state).reason) == (expected > HOUR)


def test_after_hours_to_skip_not_all_are_asked_in_the_first_minute() -> None:
    state = FeedState(attempted=AT, rhythm=BUSY, skip_hours=(13,))

    assert wait(state, chance=0.5) == 2 * HOUR + HOUR / 4


def test_chance_moves_what_others_wait_for_as_well_and_not_what_is_planned_to_the_minute() -> None:
    hinted = FeedState(attempted=AT, rhythm=BUSY, hint=7200)

    assert wait(hinted, chance=0.5) == 2 * HOUR + timedelta(minutes=6)
    assert wait(replace(hinted, hint=86400), chance=0.5) == DAY + HOUR / 4
    assert wait(hinted, HOURLY, chance=0.5) == HOUR
    assert wait(FeedState(attempted=AT, rhythm=BUSY), chance=0.5) == HOUR


def test_our_own_choice_counts_from_the_minute_and_what_is_asked_of_us_from_the_second() -> None:
    """The schedule calls at any second of its minute: 12:00:47, and an hour later 13:00:09."""
    at = AT + 47 * SECOND
    busy = FeedState(attempted=at, rhythm=BUSY)

    for settings in (FEED, HOURLY):
        assert planned(busy, settings).due == AT + HOUR
    assert planned(replace(busy, hint=7200)).due == at + 2 * HOUR
    assert planned(replace(busy, hint=3600)).due == at + HOUR
    for until in (AT + HOUR + SECOND, at + HOUR):
        assert planned(replace(busy, not_before=until), HOURLY).due == until
        held = next_poll(busy, HOURLY, held=until)
        assert held is not None
        assert held.due == until


def test_a_feed_is_due_at_its_time_and_not_before() -> None:
    state = FeedState(attempted=AT)

    assert not is_due(state, HOURLY, now=AT + HOUR - SECOND)
    assert is_due(state, HOURLY, now=AT + HOUR)


def test_a_feed_never_attempted_is_due_and_one_that_is_gone_never() -> None:
    assert is_due(FeedState(), FEED, now=AT)
    assert not is_due(FeedState(gone=True), FEED, now=AT + 999 * DAY)


def test_a_feed_that_is_held_back_is_not_due_whether_it_was_attempted_or_not() -> None:
    for state in (FeedState(), FeedState(attempted=AT - DAY)):
        assert not is_due(state, HOURLY, now=AT, held=AT + SECOND)
        assert is_due(state, HOURLY, now=AT, held=AT)
        upcoming = next_poll(state, HOURLY, held=AT + SECOND)
        assert upcoming == NextPoll(AT + SECOND, "another feed of its host was told to wait (429)")


def test_a_feed_that_has_become_another_one_is_looked_at_once_a_month() -> None:
    """Rule D6: by then the other may be gone, or each may have been moved to the other."""
    merged = FeedState(attempted=AT, move=Move(into="https://b.example/"))

    upcoming = planned(merged, HOURLY)

    assert upcoming == NextPoll(
        AT + 30 * DAY, "moved to https://b.example/, which is polled anyway"
    )


def test_a_feed_that_the_operator_has_ended_is_never_due_whatever_is_known_of_it() -> None:
    for state in (FeedState(), FeedState(attempted=AT), FeedState(gone=True)):
        upcoming = next_poll(state, replace(FEED, ended=Ended.STAY))
        assert upcoming == NextPoll(None, "ended in the configuration")


STATES = st.builds(
    FeedState,
    attempted=st.sampled_from([AT, AT + 47 * SECOND]),
    hint=st.integers(0, 10**7),
    ttl=st.integers(0, 10**7),
    failures=st.integers(0, 100),
    unvalidated=st.booleans(),
    limited=st.none() | st.just(AT),
    not_before=st.none() | st.timedeltas(timedelta(), 31 * DAY).map(AT.__add__),
    skip_hours=st.sets(st.integers(0, 23)).map(tuple),
    rhythm=st.builds(
        Rhythm,
        since=st.timedeltas(HOUR, 900 * DAY).map(AT.__sub__),
        until=st.just(AT),
        count=st.floats(0, 5000),
        hours=st.just(()) | st.lists(st.floats(0, 99), min_size=24, max_size=24).map(tuple),
        minutes=st.just(()) | st.lists(st.floats(0, 99), min_size=12, max_size=12).map(tuple),
        reach=st.none() | st.timedeltas(timedelta(), 900 * DAY).map(AT.__sub__),
    ),
)
CHANCES = st.floats(0, 1, exclude_max=True)
FASTEST = st.sampled_from([HOUR / 4, HOUR / 2, HOUR, DAY])


@given(STATES, FASTEST, CHANCES)
def test_no_feed_is_asked_before_the_fastest_or_retry_after_nor_later_than_the_bounds(
    state: FeedState, fastest: timedelta, chance: float
) -> None:
    attempted = state.attempted
    assert attempted is not None
    taken = wait(state, replace(FEED, fastest=fastest), chance)

    assert attempted + taken >= AT + fastest  # by the minute
    if state.not_before is not None:
        assert attempted + taken >= state.not_before
    hints = [timedelta(seconds=min(hint, 7 * 86400)) for hint in (state.hint, state.ttl)]
    failing = 7 * DAY if state.failures > 30 else timedelta()
    floor = (state.not_before or AT) - AT
    assert taken <= max(DAY, fastest, failing, floor, *hints) + HOUR + DAY * bool(state.skip_hours)
    if len(state.skip_hours) < 24:
        assert (attempted + taken).hour not in state.skip_hours


@given(STATES, FASTEST, CHANCES)
def test_chance_only_ever_makes_it_later_and_the_same_question_has_the_same_answer(
    state: FeedState, fastest: timedelta, chance: float
) -> None:
    settings = replace(FEED, fastest=fastest)
    exact = wait(replace(state, skip_hours=()), settings, 0)
    moved = wait(replace(state, skip_hours=()), settings, chance)

    assert exact <= moved <= exact + min(exact / 10, HOUR / 2)
    assert next_poll(state, settings) == next_poll(replace(state), replace(settings))


def test_two_feeds_that_were_asked_together_are_not_asked_together_again() -> None:
    state = FeedState(attempted=AT, hint=86400)
    feeds = [replace(FEED, url=f"https://news.example.com/{number}") for number in range(20)]

    assert len({next_poll(state, feed) for feed in feeds}) == 20


def test_rule_v2_a_frozen_etag_is_found_out_as_the_feed_is_read_whole_where_it_is_overdue() -> None:
    """Of a daily blog that only ever answers 304: asked once in a week, and later not as often."""
    days = [AT - number * DAY for number in range(1, 21)]
    rhythm = learn(Rhythm(), Arrivals(days, days), now=AT)
    state = FeedState(attempted=AT, etag='"1"', rhythm=rhythm)
    asked = []
    for hour in range(90 * 24):
        now = AT + hour * HOUR
        if is_read_whole(state, now=now):
            asked.append((now - AT) // DAY)
            state = replace(state, rhythm=replace(state.rhythm, whole=now))

    assert asked == [7, 14, 44, 74]
    assert not is_read_whole(replace(state, etag=None), now=AT + 900 * DAY)


def test_hosts_spread_over_shards_and_stay_where_they_are() -> None:
    hosts = [f"{number}.example.com" for number in range(1000)]
    shards = [shard_of(host, 4) for host in hosts]

    assert shards == [shard_of(host, 4) for host in hosts]
    assert all(200 < shards.count(shard) < 300 for shard in range(4))


def test_a_clock_that_was_ahead_keeps_no_feed_waiting_until_then() -> None:
    now = datetime(2026, 11, 29, tzinfo=UTC)
    settings = FeedSettings(url="https://news.example.com/feed", site="https://news.example.com")
    state = FeedState(attempted=now + timedelta(days=365))

    assert is_due(state, settings, now=now)
    assert not is_due(replace(state, gone=True), settings, now=now)
    assert not is_due(replace(state, attempted=now + timedelta(seconds=5)), settings, now=now)


STATES = st.builds(
    FeedState,
    attempted=st.none() | st.timedeltas(timedelta(), 3 * DAY).map(AT.__sub__),
    rhythm=st.sampled_from([Rhythm(), BUSY, SILENT, replace(BUSY, reach=AT - 2 * HOUR)]),
    failures=st.integers(0, 40),
    hint=st.sampled_from([0, 7200]),
    not_before=st.none() | st.timedeltas(-DAY, DAY).map(AT.__add__),
    limited=st.none() | st.just(AT),
    gone_since=st.none() | st.just(AT),
    gone=st.booleans(),
    covered=st.booleans(),
    unvalidated=st.booleans(),
    skip_hours=st.just(()) | st.just((12, 13)),
    move=st.sampled_from([Move(), Move(trial=True), Move(into="https://b.example/")]),
)
SETTINGS = st.builds(
    FeedSettings,
    url=st.integers(0, 10**6).map("https://{}.example/feed".format),
    interval=st.none() | st.sampled_from([HOUR / 4, DAY]),
    fastest=st.sampled_from([HOUR / 4, HOUR, DAY]),
    ended=st.none() | st.just(Ended.STAY),
)


@given(STATES, SETTINGS, st.none() | st.timedeltas(-DAY, DAY).map(AT.__add__))
def test_no_feed_is_due_before_the_soonest(
    state: FeedState, settings: FeedSettings, held: datetime | None
) -> None:
    upcoming = next_poll(state, settings, held=held)
    due = AT - 99 * DAY if upcoming is None else upcoming.due
    if upcoming is not None and due is not None:
        assert soonest(state, settings) <= due
    for now in (AT - DAY, AT, AT + DAY, AT + 9 * DAY):
        assert is_due(state, settings, now=now, held=held) == (
            (due is not None and due <= now)
            or (
                not (state.gone or settings.ended)
                and state.attempted is not None
                and state.attempted - now > HOUR
            )
        )


@given(st.lists(st.tuples(STATES, SETTINGS), max_size=9))
def test_the_first_that_is_due_is_the_first_of_all(
    feeds: list[tuple[FeedState, FeedSettings]],
) -> None:
    known = {settings.url: (state, settings) for state, settings in feeds}
    held = held_until(known, ())
    polls = [next_poll(*each, held=held.get(url)) for url, each in known.items()]
    due = [datetime.min.replace(tzinfo=UTC) if poll is None else poll.due for poll in polls]

    assert first_due(feeds) == min((moment for moment in due if moment), default=None)
