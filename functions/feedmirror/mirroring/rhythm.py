"""How often, and when, a feed brings something new: learnt from its own history (rules S1-S4).

Counts fade with time, so that what a feed does now outweighs what it once did. How often it brings
something fades by half in a week; at which hours, on which days and at which minutes it does, which
needs more to be seen and changes less, in eight. What is known is only written when a document
brought something new: silence needs no note, since the counts fade by themselves (promise P6).
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from math import log

WEEK = timedelta(days=7)
_FADES, _SHAPE_FADES = WEEK, 8 * WEEK  # by half
_OLDEST = 520 * WEEK  # an entry's date before that is a mistake, or of no interest
_SKEW = timedelta(minutes=10)  # that a publisher's clock may be ahead
_SPARSE = 5  # dated entries that a document must list for the oldest to say how far it reaches
# One entry a day of a feed that is unknown; after a week without any it is hardly believed.
_PRIOR_COUNT, _PRIOR_TIME = 0.01, timedelta(days=0.01)
_PRIOR_SHAPE = 3.0  # entries, spread evenly, that are put to what was seen
_HOUR = timedelta(hours=1)
HOURS, DAYS, MINUTES = 24, 7, 12  # parts that a day, a week and an hour have here


@dataclass(frozen=True, slots=True)
class Rhythm:
    """What a feed's history says of when its next entry comes.

    ``count`` is how many entries came between ``since`` and ``until``, faded as of then; ``hours``,
    ``days`` and ``minutes`` are how many came at each hour of the day, day of the week (Monday is
    first) and five minutes of the hour, all in UTC. ``newest`` is when the last one came, and
    ``reach`` how far back a document reaches: the date of the entry at three quarters of its
    length, so that one that is pinned does not count. ``whole`` is when the feed was last read, or
    asked for without validators (rule V2).
    """

    since: datetime | None = None
    until: datetime | None = None
    count: float = 0.0
    hours: tuple[float, ...] = ()
    days: tuple[float, ...] = ()
    minutes: tuple[float, ...] = ()
    newest: datetime | None = None
    reach: datetime | None = None
    whole: datetime | None = None


@dataclass(frozen=True, slots=True)
class Arrivals:
    """What one document tells: the dates of its entries, and of those that were never seen.

    ``previous`` is when the feed was last known to be without them; None where that is not known,
    as the last attempt failed. ``is_whole`` says that it is no delta (226) and no damaged document.
    """

    fresh: Collection[datetime | None]
    listed: Collection[datetime | None]
    previous: datetime | None = None
    is_whole: bool = True


def learn(rhythm: Rhythm, arrivals: Arrivals, *, now: datetime) -> Rhythm:
    """Return what is known once a document was read at ``now``.

    A date in the future, or absurdly old, is none. An entry without a date, or with one from before
    a poll that did not bring it, came when it was first seen, unless that was long before: then an
    archive was put into the feed. In the first document it says nothing. What came within one
    minute by its dates came at once, as where all of a site was built anew.
    """
    rhythm = _with_new(rhythm, arrivals, now=now)
    if not arrivals.is_whole:
        return rhythm
    return replace(rhythm, reach=_reach(rhythm, arrivals, now=now), whole=now)


def rate(rhythm: Rhythm, *, at: datetime) -> float:
    """Return how many entries a second a feed brings on average, as far as is known by then."""
    since, until = rhythm.since or at, rhythm.until or at
    whole_time = _FADES.total_seconds() / log(2)
    seen = whole_time * (1 - _fading(at - since, _FADES))
    count = rhythm.count * _fading(at - until, _FADES)
    return (count + _PRIOR_COUNT) / (seen + _PRIOR_TIME.total_seconds())


def expected(rhythm: Rhythm, *, at: datetime) -> float:
    """Return how many entries should have come since the newest; little where silence is usual."""
    if rhythm.newest is None:
        return 0.0
    return rate(rhythm, at=at) * max((at - rhythm.newest).total_seconds(), 0.0)


def shape_of(counts: Sequence[float], parts: int) -> list[float]:
    """Return how much more than on average comes in each part; about 1 where little is known."""
    if not counts:
        return [1.0] * parts
    total = sum(counts) + _PRIOR_SHAPE
    return [(parts * count + _PRIOR_SHAPE) / total for count in counts]


def _with_new(rhythm: Rhythm, arrivals: Arrivals, *, now: datetime) -> Rhythm:
    moments, hourly = _moments(rhythm, arrivals, now=now)
    if not moments:
        return replace(rhythm, since=rhythm.since or now, until=rhythm.until or now)
    hours, days, minutes = _shape_faded(rhythm, now=now)
    for moment in hourly:
        weight = _fading(now - moment, _SHAPE_FADES)
        days[moment.weekday()] += weight
        if moment.time() != time():  # midnight to the second is a date without a time
            hours[moment.hour] += weight
            minutes[moment.minute // 5] += weight
    count = rhythm.count * _fading(now - (rhythm.until or now), _FADES)
    count += sum(_fading(now - moment, _FADES) for moment in moments)
    return replace(
        rhythm,
        since=rhythm.since or min(moments),
        until=now,
        count=round(count, 3),
        hours=_rounded(hours),
        days=_rounded(days),
        minutes=_rounded(minutes),
        newest=max((*moments, rhythm.newest or moments[0])),
    )


def _usable(dates: Iterable[datetime | None], *, now: datetime) -> list[datetime]:
    earliest, latest = now - _OLDEST, now + _SKEW
    known = (date for date in dates if date is not None and earliest <= date <= latest)
    return [min(date.astimezone(UTC), now) for date in known]


def _reach(rhythm: Rhythm, arrivals: Arrivals, *, now: datetime) -> datetime | None:
    """Return how far back a document reaches; by what is usual where its entries have no dates."""
    length = len(arrivals.listed)
    dated = sorted(_usable(arrivals.listed, now=now), reverse=True)
    if len(dated) >= _SPARSE:
        return dated[3 * len(dated) // 4]
    if length < _SPARSE:
        return None
    return now - min(timedelta(seconds=0.75 * length / rate(rhythm, at=now)), _OLDEST)


def _moments(
    rhythm: Rhythm, arrivals: Arrivals, *, now: datetime
) -> tuple[list[datetime], list[datetime]]:
    """Return when the new entries came, and those moments of which the hour is known."""
    if rhythm.since is None:
        first = _once(_usable(arrivals.listed, now=now))
        return first, first
    previous, dated = arrivals.previous, _usable(arrivals.fresh, now=now)
    if previous is None:
        known, late = dated, len(arrivals.fresh) - len(dated)
    else:
        known = [date for date in dated if date > previous]
        old = sum(date < previous - WEEK for date in dated)
        late = len(arrivals.fresh) - len(known) - old
    once, unknown = _once(known), [now] * late
    is_close = previous is not None and now - previous <= _HOUR
    return once + unknown, once + (unknown if is_close else [])


def _once(dates: Iterable[datetime]) -> list[datetime]:
    return list({date.replace(second=0, microsecond=0): date for date in dates}.values())


def _shape_faded(rhythm: Rhythm, *, now: datetime) -> tuple[list[float], list[float], list[float]]:
    by = _fading(now - (rhythm.until or now), _SHAPE_FADES)
    hours = [count * by for count in rhythm.hours or (0.0,) * HOURS]
    days = [count * by for count in rhythm.days or (0.0,) * DAYS]
    minutes = [count * by for count in rhythm.minutes or (0.0,) * MINUTES]
    return hours, days, minutes


def _rounded(counts: Iterable[float]) -> tuple[float, ...]:
    return tuple(round(count, 2) for count in counts)


def _fading(age: timedelta, half: timedelta) -> float:
    """Return what is left of a count after some time; a clock that was set back fades nothing."""
    return float(0.5 ** max(age / half, 0.0))
