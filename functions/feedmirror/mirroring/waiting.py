"""How long to wait for a feed's next poll, so that least is waited for the requests that it takes.

An entry that nobody has fetched yet waits. Polls are set so that what is expected to have waited,
entries times minutes, comes to the same before each: at a constant rate λ that is one in each
sqrt(2θ/λ), which no other way to spread as many requests over feeds beats (Sia, Cho, Cho: Efficient
Monitoring Algorithm for Fast News Alerts, IEEE TKDE 19(7), 2007). So a feed is asked at the hours
at which it publishes, and seldom at night.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import count, islice, pairwise

from feedmirror.mirroring.rhythm import DAYS, HOURS, MINUTES, Rhythm, rate, shape_of

# What a request is worth: that one entry waits as long, or two half as long. Over months of twelve
# feeds (`make guest`), with half an hour at least between two polls, entries so wait no longer than
# where every feed is asked each half hour, at a third of the requests.
PATIENCE = timedelta(minutes=1)
LONGEST = timedelta(days=1)
_STEP, _HOUR, _DAY = 300, 3600, 86400  # the mirror function is called each five minutes
_AHEAD = 3 * _HOUR

Point = tuple[int, float, float]  # seconds since the attempt; entries by then; what they waited


@lru_cache(maxsize=16384)  # a warm function reckons the same feeds run after run
def best_wait(rhythm: Rhythm, attempted: datetime, fastest: timedelta) -> timedelta:
    """Return how long after an attempt a feed is best polled, between ``fastest`` and a day.

    Two polls are set, one by the other, where as much as may wait has waited. Then the first is
    moved to where least waits by the second, or, where they are close, over some hours with polls
    at the same distance: just behind the minutes at which a feed usually publishes, not just before
    them. At an even rate it stays where it is.
    """
    if is_quiet(rhythm, attempted):
        return max(LONGEST, fastest)
    shortest, longest = int(fastest.total_seconds()), int(LONGEST.total_seconds())
    ahead = points(rhythm, attempted)
    passed = [(0, 0.0, 0.0)]
    first = _walk(ahead, passed, shortest)[0]
    if first >= longest:
        return max(LONGEST, fastest)
    gap = _walk(ahead, passed, shortest)[0] - first
    end = first + gap * max(1, _AHEAD // gap)
    passed += islice(ahead, max(0, end // _STEP + 1 - len(passed)))
    choice = min(
        range(-(-shortest // _STEP) * _STEP, first + gap, _STEP),
        key=lambda at: _cost(passed, [0, *range(at, end, gap), end]),
    )
    return max(timedelta(seconds=min(choice, longest)), fastest)


def is_quiet(rhythm: Rhythm, attempted: datetime) -> bool:
    """Tell by the hour whether so little comes in a day that it cannot be worth a poll before.

    More than may wait is reckoned: all of an hour's entries as if they came when it begins. So not
    all are told that wait a day; but as most feeds are silent, most that is to reckon falls away.
    """
    hours, days = shape_of(rhythm.hours, HOURS), shape_of(rhythm.days, DAYS)
    begin = int(attempted.timestamp())
    end, waits = begin + int(LONGEST.total_seconds()), 0.0
    for at in range(begin - begin % _HOUR, end, _HOUR):
        waits += hours[at % _DAY // _HOUR] * days[_weekday(at // _DAY)] * (end - at)
    return rate(rhythm, at=attempted) * _HOUR * waits < PATIENCE.total_seconds()


def _cost(passed: list[Point], polls: list[int]) -> float:
    """Return what polls cost that are made after so many seconds: their number, and what waits."""
    waits = (_waited(passed[one // _STEP], passed[two // _STEP]) for one, two in pairwise(polls))
    return sum(waits) + len(polls) * PATIENCE.total_seconds()


def _walk(points: Iterator[Point], passed: list[Point], shortest: int) -> Point:
    """Go on from a poll to where the next is due, and note what is passed."""
    begin, known, waited_before = passed[-1]
    least, longest = begin + shortest, begin + int(LONGEST.total_seconds())
    patience = PATIENCE.total_seconds()
    for point in points:  # hundreds of them: what waits is reckoned as in ``_waited``, but here
        passed.append(point)
        at, _, waited = point
        if at >= longest:
            break
        if at >= least and waited - waited_before - known * (at - begin) >= patience:
            break
    return passed[-1]


def _waited(start: Point, end: Point) -> float:
    """Return what waits between two moments, if all that came before is fetched at the first."""
    return end[2] - start[2] - start[1] * (end[0] - start[0])


def points(rhythm: Rhythm, attempted: datetime) -> Iterator[Point]:
    """Yield what is expected after an attempt, at each five minutes from then."""
    begin = int(attempted.timestamp())
    entries = waited = 0.0
    for after, each in zip(count(_STEP, _STEP), _rates(rhythm, attempted, begin), strict=False):
        new = each * _STEP
        waited += (entries + new / 2) * _STEP
        entries += new
        yield after, entries, waited


def _rates(rhythm: Rhythm, attempted: datetime, begin: int) -> Iterator[float]:
    """Yield how many entries a second are expected in each five minutes from ``begin``."""
    mean = rate(rhythm, at=attempted)
    hours = [mean * each for each in shape_of(rhythm.hours, HOURS)]
    days, minutes = shape_of(rhythm.days, DAYS), shape_of(rhythm.minutes, MINUTES)
    part = begin % _STEP / _STEP  # of a step lies in the five minutes of the clock that are next
    minutes = [
        each * (1 - part) + minutes[(number + 1) % MINUTES] * part
        for number, each in enumerate(minutes)
    ]
    day, second = divmod(begin, _DAY)
    passed = second // _STEP  # of the first day
    for number in count(day):
        of_day = days[_weekday(number)]
        yield from [hour * of_day * each for hour in hours for each in minutes][passed:]
        passed = 0


def _weekday(day: int) -> int:
    """Return the day of the week of a day since 1970, whose first was a Thursday."""
    return (day + 3) % DAYS
