"""When feeds publish, and when the product's own schedule polls them.

Rates are those of real feeds, with a heavy tail. A few feeds of typical rates live some weeks under
the schedule itself (``learn``, ``next_poll``); from what it has learnt of each by then a table is
made of how long it waits after a poll at any five minutes of the day, which a million feeds share.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from itertools import accumulate
from random import Random
from statistics import fmean

from feedmirror.configuration import FeedSettings
from feedmirror.mirroring.entries import Feed
from feedmirror.mirroring.poll_state import FeedState
from feedmirror.mirroring.rhythm import Arrivals, Rhythm, learn
from feedmirror.mirroring.schedule import next_poll

TICK, DAY = 300, 86400  # seconds: the schedule of the mirror function; a day
TICKS_A_DAY = DAY // TICK
BEGINS = datetime(2026, 11, 2, tzinfo=UTC)  # a Monday
LISTS = 15  # entries of a document, in the middle of the corpus
_NEWEST = 30  # entries of a feed that tell its rate
_FEWEST = 5  # that tell one at all
_DRAWN = 4000  # rates, of which the mean of each equal part is a typical one
_WEEK = timedelta(days=7)
_DATE_ALONE = time()  # midnight to the second
_SPARE = 1e-9


@dataclass(frozen=True, slots=True)
class Publishing:
    """Entries a day of real feeds, and the share of a day's entries in each hour, in UTC."""

    rates: tuple[float, ...]
    hours: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Tail:
    """What a corpus of ordinary feeds lacks: a ``share`` whose rates follow Pareto's law.

    Its exponent is ``alpha``, it begins at the corpus's ninth tenth, and no feed brings more than
    ``most`` entries a day. These are assumptions.
    """

    share: float = 0.1
    alpha: float = 1.2
    most: float = 288.0


@dataclass(frozen=True, slots=True)
class Typical:
    """Feeds of one rate, in entries a day: ``waits`` are seconds from a poll to the next due time.

    They are by the five minutes of the day of the poll.
    """

    rate: float
    waits: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Lived:
    """One feed under the schedule itself, in its last week: how it was polled, and what waited."""

    polls: int
    entries: int
    waited: float  # seconds, of all entries
    rhythm: Rhythm


def publishing_of(feeds: Iterable[Feed]) -> Publishing:
    """Return the rates of feeds by the dates of their newest entries, and the hours of all."""
    rates, hours = [], [1] * 24  # no hour is quite without
    for feed in feeds:
        dates = sorted(each for entry in feed.entries if (each := entry.published or entry.updated))
        newest = dates[-_NEWEST:]
        if len(newest) < _FEWEST or newest[0] == newest[-1]:
            continue
        rates.append((len(newest) - 1) / ((newest[-1] - newest[0]) / timedelta(days=1)))
        for date in newest:
            moment = date.astimezone(UTC)
            hours[moment.hour] += moment.time() != _DATE_ALONE
    return Publishing(tuple(sorted(rates)), tuple(count / sum(hours) for count in hours))


def typical_rates(
    publishing: Publishing, tail: Tail, count: int, random: Random
) -> tuple[float, ...]:
    """Return as many rates as stand for all: the mean of each equal part, so none is lost."""
    start = publishing.rates[len(publishing.rates) * 9 // 10]

    def draw() -> float:
        if random.random() < tail.share:
            return start * float(random.paretovariate(tail.alpha))
        return random.choice(publishing.rates)

    size = _DRAWN // count
    drawn = sorted(min(draw(), tail.most) for _ in range(size * count))
    return tuple(fmean(drawn[at : at + size]) for at in range(0, len(drawn), size))


class Clockwork:
    """Turns a day's share of entries into the time of day and back."""

    def __init__(self, hours: Sequence[float]) -> None:
        """``hours`` are the shares of a day's entries in each hour."""
        self._by_hour = [0.0, *accumulate(hours)]

    def share_at(self, moment: float) -> float:
        """Return how many days' entries are expected until a time, in seconds."""
        day, within = divmod(moment, DAY)
        hour = int(within // 3600)
        begins, ends = self._by_hour[hour], self._by_hour[hour + 1]
        return float(day) + begins + (ends - begins) * (within % 3600) / 3600

    def time_of(self, share: float) -> float:
        """Return when so many days' entries are expected: the inverse."""
        day, within = divmod(share, 1.0)
        hour = min(bisect_right(self._by_hour, within) - 1, 23)
        begins, ends = self._by_hour[hour], self._by_hour[hour + 1]
        return day * DAY + 3600 * (hour + (within - begins) / max(ends - begins, _SPARE))

    def next_entry(self, after: float, rate: float, random: Random) -> float:
        """Return when the next entry comes of a feed that brings so many a day (Poisson)."""
        return self.time_of(self.share_at(after) + random.expovariate(rate))


def typical(rate: float, clockwork: Clockwork, random: Random, *, weeks: int = 3) -> Typical:
    """Let a feed live, and return how long the schedule waits by what it has learnt."""
    rhythm = live(rate, clockwork, random, weeks=weeks).rhythm
    waits = []
    for step in range(TICKS_A_DAY):
        later = timedelta(seconds=step * TICK)
        at = BEGINS + weeks * _WEEK + later
        waits.append((_next_due(_shifted(rhythm, later), at) - at).total_seconds())
    return Typical(rate, tuple(waits))


def walked(feed: Typical, *, days: int) -> int:
    """Return how often a feed is polled in some days, at full five minutes, by its table."""
    polls = step = 0
    while step < days * TICKS_A_DAY:
        polls += 1
        step += max(-int(-feed.waits[step % TICKS_A_DAY] // TICK), 1)
    return polls


def live(rate: float, clockwork: Clockwork, random: Random, *, weeks: int = 3) -> Lived:
    """Poll a feed as the schedule says, at full five minutes, from its first document on."""
    entries = _entries(rate, clockwork, random, until=weeks * _WEEK)
    state, known, now = FeedState(), 0, BEGINS
    polls = fresh_entries = 0
    waited = 0.0
    while now < BEGINS + weeks * _WEEK:
        behind = bisect_right(entries, now)
        fresh = entries[known:behind]
        measured = now >= BEGINS + (weeks - 1) * _WEEK
        polls += measured
        if measured:
            fresh_entries += len(fresh)
            waited += sum((now - entry).total_seconds() for entry in fresh)
        if fresh or state.attempted is None:
            listed = entries[max(0, behind - LISTS) : behind]
            arrivals = Arrivals(fresh, listed, state.attempted)
            state = replace(state, rhythm=learn(state.rhythm, arrivals, now=now))
        state, known = replace(state, attempted=now, etag='"1"'), behind
        due = next_poll(state, _settings(rate))
        assert due is not None
        assert due.due is not None
        ticks = -(-(due.due - now) // timedelta(seconds=TICK))
        now += max(ticks, 1) * timedelta(seconds=TICK)
    return Lived(polls, fresh_entries, waited, state.rhythm)


def _entries(
    rate: float, clockwork: Clockwork, random: Random, *, until: timedelta
) -> list[datetime]:
    """Return a feed's entries, with a document's worth from before it was first polled."""
    before = LISTS / rate * DAY
    at, found = -before, []
    while at < until.total_seconds():
        at = clockwork.next_entry(at, rate, random)
        found.append(BEGINS + timedelta(seconds=at))
    return found


def _shifted(rhythm: Rhythm, later: timedelta) -> Rhythm:
    """Return what would be known had all of it come somewhat later: as old, at another time."""
    until, newest, reach = (
        each and each + later for each in (rhythm.until, rhythm.newest, rhythm.reach)
    )
    return replace(rhythm, until=until, newest=newest, reach=reach)


def _next_due(rhythm: Rhythm, at: datetime) -> datetime:
    found = next_poll(FeedState(attempted=at, etag='"1"', rhythm=rhythm), _settings(0))
    assert found is not None
    assert found.due is not None
    return found.due


def _settings(rate: float) -> FeedSettings:
    return FeedSettings(url=f"https://news.example.com/{rate:.6f}")
