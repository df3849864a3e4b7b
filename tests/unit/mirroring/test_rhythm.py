"""What a feed's history says of when its next entry comes (rules S1-S4)."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedmirror.mirroring.poll_state import FeedState, ShardState, state_from_json, state_to_json
from feedmirror.mirroring.rhythm import Arrivals, Rhythm, expected, learn, rate, shape_of

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)  # a Sunday
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
A_DAY = DAY.total_seconds()


def read(*dates: datetime | None, now: datetime = NOW) -> Rhythm:
    """Return what a first document tells."""
    return learn(Rhythm(), Arrivals(dates, dates), now=now)


def more(rhythm: Rhythm, *dates: datetime | None, previous: datetime | None = NOW) -> Rhythm:
    """Return what is known a day later, when some more entries came."""
    return learn(rhythm, Arrivals(dates, dates, previous), now=NOW + DAY)


def test_the_first_document_is_a_history() -> None:
    rhythm = read(*(NOW - number * DAY + 9 * MINUTE for number in range(1, 31)))

    assert rate(rhythm, at=NOW) * A_DAY == pytest.approx(1, rel=0.1)
    assert max(range(24), key=rhythm.hours.__getitem__) == 12
    assert rhythm.minutes[1] == max(rhythm.minutes)
    assert rhythm.newest == NOW - DAY + 9 * MINUTE


def test_rule_s1_twice_as_many_entries_are_twice_the_rate() -> None:
    one, two = (
        read(*(NOW - number * DAY / often for number in range(1, 30 * often))) for often in (1, 2)
    )

    assert rate(two, at=NOW) == pytest.approx(2 * rate(one, at=NOW), rel=0.1)


def test_rules_s2_and_s3_what_falls_silent_is_expected_less_and_less_without_a_note() -> None:
    rhythm = read(*(NOW - number * DAY for number in range(1, 31)))
    rates = [rate(rhythm, at=NOW + weeks * 7 * DAY) * A_DAY for weeks in range(5)]

    for earlier, later in pairwise(rates):
        assert later == pytest.approx(earlier / 2, rel=0.1)


def test_rule_s4_a_feed_that_is_unknown_is_taken_for_a_daily_one_and_soon_for_a_silent_one() -> (
    None
):
    assert rate(Rhythm(), at=NOW) * A_DAY == pytest.approx(1)
    nothing = read()
    assert rate(nothing, at=NOW) * A_DAY == pytest.approx(1)
    assert rate(nothing, at=NOW + 7 * DAY) * A_DAY < 0.01


def test_a_feed_that_begins_to_publish_more_is_asked_more_within_days() -> None:
    rhythm = read(*(NOW - number * 30 * DAY for number in range(1, 21)))
    busy = more(rhythm, *(NOW + number * HOUR for number in range(1, 24)))

    assert rate(rhythm, at=NOW) * A_DAY < 0.05
    assert rate(busy, at=NOW + DAY) * A_DAY > 2


@pytest.mark.parametrize(
    "date",
    [
        NOW + HOUR,
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime.max.replace(tzinfo=timezone(-HOUR)),
        None,
    ],
)
def test_dates_that_are_none_tell_nothing_in_the_first_document(date: datetime | None) -> None:
    assert read(*[date] * 9) == replace(read(), reach=read(*[date] * 9).reach)


def test_an_entry_without_a_date_came_when_it_was_first_seen() -> None:
    rhythm = more(read(), None, NOW + 9 * DAY, NOW - HOUR)

    assert rhythm.count == 3
    assert rhythm.newest == NOW + DAY
    assert sum(rhythm.hours) == 0  # at some hour of the day that went by
    known = learn(read(), Arrivals([None], [None], NOW), now=NOW + HOUR / 2)
    assert known.hours[12] == 1


def test_an_archive_that_is_put_into_a_feed_is_nothing_new() -> None:
    assert more(read(), *(NOW - number * 30 * DAY for number in range(1, 99))).count == 0


def test_a_date_without_a_time_tells_a_day_and_no_hour() -> None:
    rhythm = read(*(datetime(2026, 11, day, tzinfo=UTC) for day in range(2, 22, 7)))

    assert sum(rhythm.hours) == sum(rhythm.minutes) == 0
    assert rhythm.days[0] > 2
    assert sum(rhythm.days[1:]) == 0


def test_a_site_that_was_built_anew_has_published_once() -> None:
    assert read(*(NOW - HOUR + timedelta(seconds=n) for n in range(20))).count < 1.1


def test_how_far_a_document_reaches_back_is_not_told_by_an_entry_that_is_pinned() -> None:
    dates = [NOW - number * HOUR for number in range(1, 20)]

    assert read(*dates, NOW - 900 * DAY).reach == NOW - 16 * HOUR
    assert read(*dates[:4]).reach is None


def test_without_dates_a_document_reaches_back_as_far_as_it_usually_takes_to_fill_it() -> None:
    rhythm = read(*[None] * 20)
    assert rhythm.reach == NOW - 15 * DAY  # at an entry a day, as long as nothing is known

    filled = more(rhythm, *[None] * 20)
    assert filled.reach is not None
    assert NOW + DAY - filled.reach < DAY


def test_a_delta_or_a_damaged_document_does_not_tell_how_far_the_feed_reaches() -> None:
    dates = [NOW - number * HOUR for number in range(1, 20)]
    rhythm = read(*dates)
    part = learn(rhythm, Arrivals([NOW + HOUR], [NOW + HOUR], NOW, is_whole=False), now=NOW + DAY)

    assert (part.reach, part.whole) == (rhythm.reach, NOW)
    assert part.count > rhythm.count * 0.9


def test_few_entries_say_little_of_hours_and_many_say_much() -> None:
    assert shape_of((), 24) == [1.0] * 24
    one, many = (shape_of((count, *[0.0] * 23), 24) for count in (1.0, 100.0))

    assert one[0] < 7
    assert many[0] > 23
    for shape in (one, many):
        assert sum(shape) == pytest.approx(24)


def test_what_should_have_come_grows_with_silence_and_then_silence_is_believed() -> None:
    rhythm = read(*(NOW - number * DAY for number in range(1, 31)))
    overdue = [expected(rhythm, at=NOW + days * DAY) for days in range(60)]

    assert max(overdue) > 3
    assert overdue[-1] < 1
    assert expected(Rhythm(), at=NOW) == 0


ZONES = [UTC, timezone(14 * HOUR), timezone(-12 * HOUR)]
MOMENTS = st.none() | st.datetimes(timezones=st.sampled_from(ZONES))


@settings(max_examples=30)
@given(st.lists(MOMENTS, max_size=30), st.lists(MOMENTS, max_size=30), MOMENTS)
def test_whatever_dates_a_feed_has_its_rhythm_is_kept_and_read_back(
    first: list[datetime | None], later: list[datetime | None], previous: datetime | None
) -> None:
    rhythm = learn(read(*first), Arrivals(later, later, previous), now=NOW + DAY)

    assert 0 < rate(rhythm, at=NOW + DAY) < 1
    state = ShardState({"https://news.example.com/feed": FeedState(rhythm=rhythm)})
    body = state_to_json(state, "1")
    assert state_from_json(body) == state
    assert len(json.dumps(json.loads(body)["feeds"])) < 1000
