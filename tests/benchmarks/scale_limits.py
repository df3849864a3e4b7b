"""Where a mirror breaks first as it grows, what moves that, and where it breaks then.

Each limit is a load in closed form beside its bound; both grow with the feeds, so where they cross
is found by halving. Then the remedy is taken, and what crosses next is looked for.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

from benchmarks.scale_rhythms import TICK
from benchmarks.scale_service import Load, Rates, Service, Setup
from feedmirror.cli.cost_model import HOST

MOST_FEEDS = 10**8
MOST_SHARDS = 10_000  # of the setting
OF_SHARD = 500  # what is recommended
ROOM = 0.8  # of what may be under way at once: the rest is for the hours with most entries
_MOST_STAGES = 20
_TEMPLATE = Setup(feeds=0)


@dataclass(frozen=True, slots=True)
class Plan:
    """How a mirror is set up whatever its size; no ``of_shard`` is one shard for all."""

    of_shard: int | None = None
    setup: Setup = _TEMPLATE

    def of(self, feeds: int) -> Setup:
        """Return the set-up of so many feeds."""
        shards = 1 if self.of_shard is None else max(2, ceil(feeds / self.of_shard))
        return replace(self.setup, feeds=feeds, shards=shards)

    def but(self, **changes: Any) -> "Plan":  # noqa: ANN401 -- the fields of a set-up
        """Return the plan with another set-up."""
        return replace(self, setup=replace(self.setup, **changes))


@dataclass(frozen=True, slots=True)
class Limit:
    """Something that a load must not exceed; ``remedy`` is None where there is none left."""

    name: str
    load: Callable[[Load], float]
    bound: Callable[[Load], float]
    unit: str
    moved_by: str
    remedy: Callable[[Plan], Plan | None]


@dataclass(frozen=True, slots=True)
class Break:
    """Where a plan breaks: at how many feeds, by what, and the plan that moves it."""

    feeds: int
    limit: Limit
    bound: float
    then: Plan | None


def _is_alone(load: Load) -> bool:
    return load.service.setup.shards == 1


def _alone(of: Callable[[Load], float]) -> Callable[[Load], float]:
    return lambda load: of(load) if _is_alone(load) else 0.0


def _by_queue(of: Callable[[Load], float]) -> Callable[[Load], float]:
    return lambda load: 0.0 if _is_alone(load) else of(load)


def _most_at_once(load: Load) -> float:
    outside, setup = load.service.outside, load.service.setup
    return ROOM * min(setup.concurrency, outside.account.value, outside.batches.value)


def _site_puts(load: Load) -> float:
    """Return the puts a second in the site's bucket: pages, and three files of two listings."""
    work = load.work
    return (work.entries + HOST.writes * work.changed) / TICK


def _archive_gets(load: Load) -> float:
    """Return the reads a second in the archive: items for the front, and what shards know."""
    return (load.work.entries + load.due + load.service.setup.shards) / TICK


def _more_at_once(plan: Plan) -> Plan | None:
    setup = plan.setup
    if setup.concurrency < 1000:
        return plan.but(concurrency=min(setup.concurrency * 10, 1000))
    return None


def _more_memory(plan: Plan) -> Plan | None:
    return plan.but(memory=min(plan.setup.memory * 2, 10240)) if plan.setup.memory < 10240 else None


def _configuration_share(load: Load) -> float:
    service = load.service
    return service.configuration / service.processor / load.turn


def _no_remedy(_: Plan) -> None:
    return None


LIMITS: Sequence[Limit] = (
    Limit(
        "one call polls everything within its time",
        _alone(lambda load: load.whole),
        lambda load: load.service.setup.budget,
        "s",
        f"shards = feeds / {OF_SHARD}",
        lambda plan: replace(plan, of_shard=OF_SHARD),
    ),
    Limit(
        "a turn ends within its time",
        _by_queue(lambda load: load.turn),
        lambda load: load.service.setup.budget,
        "s",
        "its shard's part of the configuration alone (code)",
        lambda plan: None if plan.setup.parted else plan.but(parted=True),
    ),
    Limit(
        "turns at once",
        _by_queue(lambda load: load.at_once),
        _most_at_once,
        "of MaximumConcurrency, a fifth spare",
        "MaximumConcurrency of MirrorPolls times ten, at most 1000",
        _more_at_once,
    ),
    Limit(
        "half of a turn is the configuration, looked at",
        _by_queue(_configuration_share),
        lambda _: 0.5,
        "of the turn's time",
        "its shard's part of the configuration alone (code)",
        lambda plan: plan.but(parted=True),
    ),
    Limit(
        "memory of a call that polls everything",
        _alone(lambda load: load.service.turn_memory()),
        lambda load: float(load.service.setup.memory),
        "MB",
        f"shards = feeds / {OF_SHARD}",
        lambda plan: replace(plan, of_shard=OF_SHARD),
    ),
    Limit(
        "memory of a turn",
        _by_queue(lambda load: load.service.turn_memory()),
        lambda load: float(load.service.setup.memory),
        "MB",
        "MemorySize of MirrorFunction, doubled",
        _more_memory,
    ),
    Limit(
        "memory of the scheduled call",
        lambda load: load.service.hand_out_memory(),
        lambda load: float(load.service.setup.memory),
        "MB",
        "MemorySize of MirrorFunction, doubled",
        _more_memory,
    ),
    Limit(
        "the scheduled call ends within its time",
        _by_queue(lambda load: load.hand_out),
        lambda load: load.service.setup.budget,
        "s",
        "MemorySize of MirrorFunction, doubled: more of a processor",
        lambda plan: _more_memory(plan) if plan.setup.memory < 1769 else None,
    ),
    Limit(
        "the front is compressed by CloudFront",
        lambda load: (
            0.0
            if load.service.setup.short_front
            else load.service.setup.feeds * load.service.measured.front_size
        ),
        lambda load: load.service.outside.compressed.value,
        "bytes of index.html",
        "a front that names no hosts but its items' (code)",
        lambda plan: plan.but(short_front=True),
    ),
    Limit(
        "shards",
        lambda load: float(load.service.setup.shards),
        lambda _: float(MOST_SHARDS),
        "of the setting's most",
        "twice the feeds in a shard",
        lambda plan: replace(plan, of_shard=2 * (plan.of_shard or OF_SHARD)),
    ),
    Limit(
        "reads of the archive before S3 has split it",
        _archive_gets,
        lambda load: load.service.outside.gets.value,
        "a second",
        "nothing: S3 splits by prefix, and hosts are prefixes",
        _no_remedy,
    ),
    Limit(
        "puts into the site's bucket before S3 has split it",
        _site_puts,
        lambda load: load.service.outside.puts.value,
        "a second",
        "nothing: S3 splits by prefix, and hosts are prefixes",
        _no_remedy,
    ),
)


def first_break(plan: Plan, load_of: Callable[[Setup], Load], least: int = 1) -> Break | None:
    """Return where a plan breaks first from a size on; None if nowhere."""
    found = [(_crossing(limit, plan, load_of, least), limit) for limit in LIMITS]
    feeds, limit = min(found, key=lambda each: each[0])
    if feeds > MOST_FEEDS:
        return None
    bound = limit.bound(load_of(plan.of(feeds)))
    return Break(feeds, limit, bound, limit.remedy(plan))


def breaks(load_of: Callable[[Setup], Load], plan: Plan = Plan()) -> Iterator[Break]:
    """Yield one break after the other, each behind the remedies of those before."""
    least = 1
    for _ in range(_MOST_STAGES):
        found = first_break(plan, load_of, least)
        if found is None:
            return
        yield found
        if found.then is None:
            return
        plan, least = found.then, found.feeds


def load_with(service: Service, rates: Rates) -> Callable[[Setup], Load]:
    """Return what makes the load of any set-up from one that was measured."""
    return lambda setup: Load(replace(service, setup=setup), rates)


def _crossing(limit: Limit, plan: Plan, load_of: Callable[[Setup], Load], least: int) -> int:
    """Return the fewest feeds at which a limit is exceeded; more than there are if it never is."""

    def exceeded(feeds: int) -> bool:
        load = load_of(plan.of(feeds))
        return limit.load(load) > limit.bound(load)

    if not exceeded(MOST_FEEDS):
        return MOST_FEEDS + 1
    low, high = max(least - 1, 0), MOST_FEEDS
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if exceeded(middle) else (middle, high)
    return high
