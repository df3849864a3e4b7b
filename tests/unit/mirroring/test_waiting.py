"""How long a feed is best waited for: by how much of it is expected to wait meanwhile."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from math import sqrt
from random import Random
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedmirror.mirroring.rhythm import (
    DAYS,
    HOURS,
    MINUTES,
    Arrivals,
    Rhythm,
    learn,
    rate,
    shape_of,
)
from feedmirror.mirroring.waiting import LONGEST, PATIENCE, Point, best_wait, is_quiet, points

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)  # a Sunday
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
STEP = 5 * MINUTE


def evenly(entries_a_day: float) -> Rhythm:
    """Return a rhythm without any hour that is another than the others."""
    return Rhythm(AT - 900 * DAY, AT, count=entries_a_day * 10.1)


def polls(rhythm: Rhythm, days: int = 7, fastest: timedelta = HOUR) -> list[datetime]:
    """Return when a feed is polled that brings nothing new meanwhile."""
    now, found = AT, []
    while now < AT + days * DAY:
        now += best_wait(rhythm, now, fastest)
        found.append(now)
    return found


@pytest.mark.parametrize("entries_a_day", [0.2, 1, 4])
def test_at_an_even_rate_a_poll_comes_by_the_square_root_of_it(entries_a_day: float) -> None:
    rhythm = evenly(entries_a_day)
    seconds = sqrt(2 * PATIENCE.total_seconds() / rate(rhythm, at=AT))

    assert abs(best_wait(rhythm, AT, 15 * MINUTE).total_seconds() - seconds) < 2 * 300


def test_a_newsroom_is_asked_as_often_as_may_be_and_a_silent_feed_once_a_day() -> None:
    assert best_wait(evenly(200), AT, HOUR / 2) == HOUR / 2
    assert best_wait(evenly(0), AT, HOUR) == LONGEST


def test_a_feed_is_asked_at_the_hours_at_which_it_publishes() -> None:
    office = [
        AT - day * DAY - 12 * HOUR + hour * HOUR + 20 * MINUTE
        for day in range(1, 30)
        for hour in range(8, 18)
    ]
    rhythm = learn(Rhythm(), Arrivals(office, office), now=AT - 12 * HOUR)
    hours = [poll.hour for poll in polls(rhythm, days=2)]

    assert sum(8 <= hour <= 18 for hour in hours) > 2 * 8
    assert sum(hour < 7 for hour in hours) <= 2 * 2


def test_a_blog_with_a_routine_time_is_asked_just_behind_it() -> None:
    routine = [AT - day * DAY - 5 * HOUR + 2 * MINUTE for day in range(1, 30)]  # at 07:02
    rhythm = learn(Rhythm(), Arrivals(routine, routine), now=AT)
    delays = [
        min(poll - published for poll in polls(rhythm, days=1) if poll >= published)
        for published in [AT + 19 * HOUR + 2 * MINUTE]
    ]

    assert max(delays) < 30 * MINUTE
    assert len(polls(rhythm, days=1)) < 10


def test_where_polls_are_as_close_as_may_be_they_come_behind_the_usual_minutes() -> None:
    sharp = [AT - hour * HOUR + 30 * n * MINUTE + MINUTE for hour in range(1, 400) for n in (0, 1)]
    rhythm = learn(Rhythm(), Arrivals(sharp, sharp), now=AT)
    settled = [poll.minute % 30 for poll in polls(rhythm, days=1, fastest=HOUR / 2)][5:]

    assert all(1 <= minute <= 10 for minute in settled)


def newsroom(chance: Random) -> Iterator[datetime]:
    """Yield when some forty entries a day come, at minutes as in real feeds: a fifth by minute 5.

    Of 5,400 dates in real feeds a fifth to a quarter lie there, and as many are sharp.
    """
    for day in range(-45, 14):
        for _ in range(40 if (AT + day * DAY).weekday() < 5 else 8):
            hour = min(23, max(0, int(chance.gauss(13, 3.5))))
            minute = chance.choices(range(60), [9, 3, 3, 3, 3, *[1.4] * 55])[0]
            yield AT - 12 * HOUR + day * DAY + hour * HOUR + minute * MINUTE


def routine() -> Iterator[datetime]:
    """Yield when a daily blog publishes."""
    yield from (AT + day * DAY - 4 * HOUR + 3 * MINUTE for day in range(-45, 14))


def asked(published: list[datetime], *, window: int = 20) -> list[datetime]:
    """Return when a feed is polled over a fortnight, by a schedule that calls each five minutes."""
    rhythm, previous, now, found = Rhythm(), None, AT, []
    while now < AT + 14 * DAY:
        found.append(now)
        listed = [date for date in published if date <= now][-window:]
        fresh = [date for date in listed if previous is None or date > previous]
        if fresh or previous is None:
            rhythm = learn(rhythm, Arrivals(fresh, listed, previous), now=now)
        previous = now
        now += -(-best_wait(rhythm, now, HOUR / 2) // STEP) * STEP
    return found


def test_a_fortnight_takes_fewer_requests_than_asking_hourly_and_no_longer_than_half_hourly() -> (
    None
):
    feeds = [sorted(newsroom(Random(7))), list(routine()), [AT - 300 * DAY]]  # noqa: S311 -- no secret
    polls_of = [asked(published) for published in feeds]

    def delays(polled: list[list[datetime]]) -> float:
        return median(
            (polls[bisect_left(polls, date)] - date).total_seconds()
            for polls, published in zip(polled, feeds, strict=True)
            for date in published
            if AT <= date <= polls[-1]
        )

    each_half_hour = [AT + number * HOUR / 2 for number in range(14 * 48)]
    assert sum(map(len, polls_of)) < 0.8 * 14 * 24 * len(feeds)
    assert delays(polls_of) <= delays([each_half_hour] * len(feeds))


RHYTHMS = st.builds(
    Rhythm,
    since=st.timedeltas(HOUR, 900 * DAY).map(AT.__sub__),
    until=st.just(AT),
    count=st.floats(0, 5000),
    hours=st.lists(st.floats(0, 99), min_size=24, max_size=24).map(tuple),
    days=st.lists(st.floats(0, 99), min_size=7, max_size=7).map(tuple),
    minutes=st.lists(st.floats(0, 99), min_size=12, max_size=12).map(tuple),
)


@settings(max_examples=30)
@given(
    RHYTHMS,
    st.timedeltas(timedelta(), 30 * DAY),
    st.sampled_from([15 * MINUTE, 17 * MINUTE, HOUR / 2, HOUR, DAY]),
)
def test_no_rhythm_makes_a_feed_wait_less_than_the_fastest_or_more_than_a_day(
    rhythm: Rhythm, later: timedelta, fastest: timedelta
) -> None:
    assert fastest <= best_wait(rhythm, AT + later, fastest) <= DAY


def stepwise(rhythm: Rhythm, attempted: datetime) -> Iterator[Point]:
    """Yield what is expected after an attempt, each five minutes looked up by themselves."""
    hours, days = shape_of(rhythm.hours, HOURS), shape_of(rhythm.days, DAYS)
    minutes = shape_of(rhythm.minutes, MINUTES)
    mean, begin = rate(rhythm, at=attempted), int(attempted.timestamp())
    part = begin % 300 / 300
    entries = waited = 0.0
    for step in count():
        at = datetime.fromtimestamp(begin + 300 * step, UTC)
        here, there = minutes[at.minute // 5], minutes[(at.minute // 5 + 1) % MINUTES]
        now = mean * hours[at.hour] * days[at.weekday()] * (here * (1 - part) + there * part)
        waited += (entries + now * 150) * 300
        entries += now * 300
        yield 300 * (step + 1), entries, waited


@settings(max_examples=20)
@given(RHYTHMS, st.timedeltas(timedelta(), 30 * DAY))
def test_what_is_expected_is_what_each_five_minutes_bring(rhythm: Rhythm, later: timedelta) -> None:
    both = zip(points(rhythm, AT + later), stepwise(rhythm, AT + later), strict=False)
    for found, expected in islice(both, 700):
        assert found == pytest.approx(expected, rel=1e-9)


@given(
    st.builds(
        replace,
        RHYTHMS,
        count=st.floats(0, 0.3),
        hours=st.just(()) | st.lists(st.floats(0, 9), min_size=24, max_size=24).map(tuple),
        minutes=st.just(()) | st.lists(st.floats(0, 9), min_size=12, max_size=12).map(tuple),
    ),
    st.timedeltas(timedelta(), 300 * DAY),
)
def test_of_a_quiet_feed_nothing_is_worth_a_poll_within_a_day(
    rhythm: Rhythm, later: timedelta
) -> None:
    quiet = is_quiet(rhythm, AT + later)
    *_, (_, _, waited) = islice(points(rhythm, AT + later), DAY // STEP)

    assert not quiet or waited < PATIENCE.total_seconds()


def test_a_feed_without_news_for_months_is_quiet_and_one_with_some_each_day_is_not() -> None:
    silent = Rhythm(since=AT - 90 * DAY, until=AT, count=0.0)

    assert is_quiet(silent, AT)
    assert not is_quiet(replace(silent, count=90.0), AT)
