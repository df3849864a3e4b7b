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

_Point = tuple[int, float, float]  # seconds since the attempt; entries by then; what they waited


@lru_cache(maxsize=16384)  # a warm function reckons the same feeds run after run
def best_wait(rhythm: Rhythm, attempted: datetime, fastest: timedelta) -> timedelta:
    """Return how long after an attempt a feed is best polled, between ``fastest`` and a day.

    Two polls are set, one by the other, where as much as may wait has waited. Then the first is
    moved to where least waits by the second, or, where they are close, over some hours with polls
    at the same distance: just behind the minutes at which a feed usually publishes, not just before
    them. At an even rate it stays where it is.
    """
    shortest, longest = int(fastest.total_seconds()), int(LONGEST.total_seconds())
    points = _points(rhythm, attempted)
    passed = [(0, 0.0, 0.0)]
    first = _walk(points, passed, shortest)[0]
    if first >= longest:
        return max(LONGEST, fastest)
    gap = _walk(points, passed, shortest)[0] - first
    end = first + gap * max(1, _AHEAD // gap)
    passed += islice(points, max(0, end // _STEP + 1 - len(passed)))
    choice = min(
        range(-(-shortest // _STEP) * _STEP, first + gap, _STEP),
        key=lambda at: _cost(passed, [0, *range(at, end, gap), end]),
    )
    return max(timedelta(seconds=min(choice, longest)), fastest)


def _cost(points: list[_Point], polls: list[int]) -> float:
    """Return what polls cost that are made after so many seconds: their number, and what waits."""
    waits = (_waited(points[one // _STEP], points[two // _STEP]) for one, two in pairwise(polls))
    return sum(waits) + len(polls) * PATIENCE.total_seconds()


def _walk(points: Iterator[_Point], passed: list[_Point], shortest: int) -> _Point:
    """Go on from a poll to where the next is due, and note what is passed."""
    begin, patience = passed[-1], PATIENCE.total_seconds()
    longest = begin[0] + int(LONGEST.total_seconds())
    for point in points:
        passed.append(point)
        is_allowed = point[0] - begin[0] >= shortest
        if point[0] >= longest or (is_allowed and _waited(begin, point) >= patience):
            break
    return passed[-1]


def _waited(start: _Point, end: _Point) -> float:
    """Return what waits between two moments, if all that came before is fetched at the first."""
    return end[2] - start[2] - start[1] * (end[0] - start[0])


def _points(rhythm: Rhythm, attempted: datetime) -> Iterator[_Point]:
    """Yield what is expected after an attempt, at each five minutes from then."""
    mean = rate(rhythm, at=attempted)
    hours = [mean * each for each in shape_of(rhythm.hours, HOURS)]
    days, minutes = shape_of(rhythm.days, DAYS), shape_of(rhythm.minutes, MINUTES)
    begin = int(attempted.timestamp())
    part = begin % _STEP / _STEP  # of a step lies in the five minutes of the clock that are next
    minutes = [
        each * (1 - part) + minutes[(number + 1) % MINUTES] * part
        for number, each in enumerate(minutes)
    ]
    entries = waited = 0.0
    for after in count(_STEP, _STEP):
        # The first of January 1970 was a Thursday.
        at = begin + after - _STEP
        now = hours[at % _DAY // _HOUR] * days[(at // _DAY + 3) % DAYS]
        now *= minutes[at % _HOUR // _STEP]
        waited += (entries + now * _STEP / 2) * _STEP
        entries += now * _STEP
        yield after, entries, waited
