"""A mirror's days as discrete events: feeds fall due, shards are handed out, turns poll them.

Every poll and every entry of every feed is an event of its own; a turn polls all that is due in its
shard when it begins, which is its lease, and what it stores is there when it ends. A shard that is
still due at the next call of the schedule gets a message more, as the product does it.
"""

import heapq
from array import array
from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

from benchmarks.scale_rhythms import TICK, TICKS_A_DAY, Clockwork, Typical
from benchmarks.scale_service import Work
from feedmirror.mirroring.schedule import LONGEST_BACKOFF, shard_of

RETENTION = 7200  # seconds that a message waits at most (PollQueue in the template)
_MINUTE = 60
_SURELY = 64  # polls that there is time for in any turn: they are made at once


class Times(Protocol):
    """How long calls take, in seconds."""

    def turn(self, work: Work) -> float:
        """Return the time of a shard's turn."""

    def most_polls(self, work: Work) -> int:
        """Return how many polls of a mixture fit in a turn."""

    def hand_out(self, due: float, work: Work) -> float:
        """Return the time of the scheduled call, of which messages leave in the second half."""


@dataclass(frozen=True, slots=True)
class Workers:
    """How many turns may be under way: ``at_first`` when the queue fills, and more each second."""

    most: int
    at_first: int = 5
    more_a_second: float = 5.0

    def starts(self, filled: float) -> list[float]:
        """Return from when each may begin, if the queue filled at a time."""
        late = (max(0, number - self.at_first + 1) for number in range(self.most))
        return [filled + each / self.more_a_second for each in late]


@dataclass(frozen=True, slots=True)
class Mirrored:
    """The feeds: which rate each has, how its clock is put, and which shard it is in.

    A ``kind`` of -1 is a feed at a server that does not answer: it is asked once a day, in vain.
    """

    typical: Sequence[Typical]
    clockwork: Clockwork
    kinds: Sequence[int]
    phases: Sequence[int]  # ticks
    shards: Sequence[int]
    count: int  # of shards


def mirrored(
    feeds: int,
    shards: int,
    *,
    typical: Sequence[Typical],
    clockwork: Clockwork,
    silent: float,
    random: Random,
) -> Mirrored:
    """Draw some feeds; shards are given by the product's own hash of their hosts."""
    kinds = array("h", (random.randrange(len(typical)) for _ in range(feeds)))
    for number in range(round(feeds * silent)):
        kinds[number] = -1
    return Mirrored(
        typical,
        clockwork,
        kinds,
        array("h", (random.randrange(TICKS_A_DAY) for _ in range(feeds))),
        array("i", (shard_of(f"feeds{number}.example.com", shards) for number in range(feeds))),
        shards,
    )


@dataclass(slots=True)
class Outcome:
    """What was seen after the beginning was over: counts, and times in seconds."""

    seconds: float = 0.0
    polls: int = 0
    changed: int = 0
    entries: int = 0
    turns: int = 0
    empty: int = 0  # turns that found nothing due any more
    news: int = 0  # turns that brought something
    expired: int = 0  # messages that nobody took in time
    handed_out: int = 0
    waits: "array[float]" = field(default_factory=lambda: array("d"))  # of entries
    lags: "array[float]" = field(
        default_factory=lambda: array("d")
    )  # of turns, from their messages
    lengths: "array[float]" = field(default_factory=lambda: array("d"))
    hand_outs: "array[float]" = field(default_factory=lambda: array("d"))
    begun: "array[float]" = field(default_factory=lambda: array("d"))

    @property
    def at_once(self) -> float:
        """How many turns were under way on average."""
        return sum(self.lengths) / self.seconds if self.seconds else 0.0

    def most_at_once(self) -> int:
        """Return how many turns were under way at most."""
        ends = sorted(one + other for one, other in zip(self.begun, self.lengths, strict=True))
        begun = sorted(self.begun)
        under_way = (n + 1 - bisect_right(ends, at) for n, at in enumerate(begun))
        return max(under_way, default=0)


class Simulation:
    """The whole of it, for one run; ``polled_of`` counts each feed's polls from the beginning."""

    def __init__(self, feeds: Mirrored, times: Times, workers: Workers, random: Random) -> None:
        """Begin with every feed due at some time of its first wait."""
        self.feeds, self.times, self.workers, self.random = feeds, times, workers, random
        self.outcome = Outcome()
        self.polled_of = array("i", [0]) * len(feeds.kinds)
        self.waiting: list[list[int]] = [[] for _ in range(feeds.count)]
        self._due: dict[int, list[int]] = {}  # by tick
        self._next_entry = array("d", [0.0]) * len(feeds.kinds)
        self._shards_due: dict[int, float] = {}  # in the order in which they came to be due
        self._queue: deque[tuple[float, int]] = deque()
        self._free: list[float] = []
        self._brought = Work()
        self._mixture = Work(unchanged=1)
        self._measuring_from = 0.0
        for feed in range(len(feeds.kinds)):
            self._begin(feed)

    def run(self, ticks: int, *, warm: int) -> Outcome:
        """Let some five minutes pass, of which the first ``warm`` are not counted."""
        self._measuring_from = warm * TICK
        for tick in range(ticks):
            self._tick(tick)
        self._work_until(ticks * TICK)
        self.outcome.seconds = (ticks - warm) * TICK
        return self.outcome

    def scheduled(self) -> int:
        """Return how many feeds are to be polled at some time: always all of them."""
        return sum(map(len, self._due.values())) + sum(map(len, self.waiting))

    def _begin(self, feed: int) -> None:
        kind = self.feeds.kinds[feed]
        wait = self._wait(feed, 0.0)
        self._schedule(feed, self.random.random() * wait)
        if kind >= 0:
            self._next_entry[feed] = self._entry_after(feed, 0.0)

    def _wait(self, feed: int, at: float) -> float:
        kind = self.feeds.kinds[feed]
        if kind < 0:
            return LONGEST_BACKOFF.total_seconds()
        step = (int(at) // TICK + self.feeds.phases[feed]) % TICKS_A_DAY
        return self.feeds.typical[kind].waits[step]

    def _entry_after(self, feed: int, at: float) -> float:
        moved = self.feeds.phases[feed] * TICK
        rate = self.feeds.typical[self.feeds.kinds[feed]].rate
        return self.feeds.clockwork.next_entry(at + moved, rate, self.random) - moved

    def _schedule(self, feed: int, due: float) -> None:
        self._due.setdefault(-int(-due // TICK), []).append(feed)

    def _tick(self, tick: int) -> None:
        """Work off what began before this call, then hand out what is due at it."""
        now = float(tick * TICK)
        self._work_until(now)
        for feed in self._due.pop(tick, ()):
            shard = self.feeds.shards[feed]
            self.waiting[shard].append(feed)
            self._shards_due.setdefault(shard, now)
        took = self.times.hand_out(len(self._shards_due), self._brought)
        self._brought = Work()
        if not self._queue:
            self._free = [max(one, other) for one, other in self._pairs(now + took / 2)]
            heapq.heapify(self._free)
        step = took / 2 / max(len(self._shards_due), 1)
        for number, shard in enumerate(self._shards_due):
            self._queue.append((now + took / 2 + step * number, shard))
        if now >= self._measuring_from:
            self.outcome.hand_outs.append(took)
            self.outcome.handed_out += len(self._shards_due)

    def _pairs(self, filled: float) -> list[tuple[float, float]]:
        starts = self.workers.starts(filled)
        busy = sorted(self._free) or [0.0] * len(starts)
        return list(zip(starts, busy, strict=True))

    def _work_until(self, end: float) -> None:
        """Begin every turn that can begin before a time, in the order of their messages."""
        queue, free = self._queue, self._free
        while queue:
            sent, shard = queue[0]
            begins = max(sent, free[0])
            if begins >= end:
                return
            queue.popleft()
            if begins - sent > RETENTION:
                self.outcome.expired += begins >= self._measuring_from
                continue
            took = self._turn(shard, begins)
            heapq.heapreplace(free, begins + took)
            if begins >= self._measuring_from:
                self.outcome.turns += 1
                self.outcome.begun.append(begins)
                self.outcome.lags.append(begins - sent)
                self.outcome.lengths.append(took)

    def _turn(self, shard: int, begins: float) -> float:
        """Poll what is due in a shard, as much as there is time for; return how long it took."""
        waiting = self.waiting[shard]
        most = self.times.most_polls(self._mixture) if len(waiting) > _SURELY else _SURELY
        leased, self.waiting[shard] = waiting[:most], waiting[most:]
        if not self.waiting[shard]:
            self._shards_due.pop(shard, None)
        work, entries = self._poll(leased, begins)
        took = self.times.turn(work)
        self._mixture = work if leased else self._mixture
        self._brought += work
        if begins >= self._measuring_from:
            outcome = self.outcome
            outcome.polls += len(leased)
            outcome.empty += not leased
            outcome.changed += int(work.changed)
            outcome.entries += len(entries)
            outcome.news += bool(entries)
            outcome.waits.extend(begins + took - entry for entry in entries)
        return took

    def _poll(self, leased: Sequence[int], begins: float) -> tuple[Work, list[float]]:
        kinds, next_entry = self.feeds.kinds, self._next_entry
        minute = begins // _MINUTE * _MINUTE  # from which the schedule counts
        silent = changed = 0
        entries: list[float] = []
        for feed in leased:
            self.polled_of[feed] += 1
            self._schedule(feed, minute + self._wait(feed, begins))
            if kinds[feed] < 0:
                silent += 1
                continue
            entry = next_entry[feed]
            changed += entry <= begins
            while entry <= begins:
                entries.append(entry)
                entry = self._entry_after(feed, entry)
            next_entry[feed] = entry
        unchanged = len(leased) - changed - silent
        return Work(unchanged, changed, len(entries), silent), entries
