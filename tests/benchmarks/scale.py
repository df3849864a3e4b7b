"""Scale in simulation: 1,000 to 1,000,000 feeds, on service times measured in the same run.

``python tests/benchmarks/scale.py [seed]`` measures what the product's own code costs here, lets
feeds publish as real ones do, has the product's own schedule say when they are polled, and
simulates every poll of every feed through shards, queue and Lambda. It prints what each size takes
and costs, where a mirror breaks first as it grows, and the remedy. Without the corpus of real feeds
beside the clone there is nothing to measure, and it says so.
"""

import gc
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.scale_calibration import calibrate, documents_of
from benchmarks.scale_limits import OF_SHARD, ROOM, Plan, breaks, load_with
from benchmarks.scale_rhythms import (
    DAY,
    TICK,
    Clockwork,
    Publishing,
    Tail,
    Typical,
    live,
    publishing_of,
    typical,
    typical_rates,
    walked,
)
from benchmarks.scale_service import Rates, Service, Setup, Work
from benchmarks.scale_simulation import Outcome, Simulation, Times, Workers, mirrored
from benchmarks.scale_tables import (
    break_lines,
    measured_lines,
    outside_lines,
    row,
    size_lines,
    spread,
)
from builders import a_mirror
from feedmirror.cli.cost_model import Traffic, bill, read_prices, total
from feedmirror.configuration import Configuration, FeedSettings
from feedmirror.mirroring.entries import Feed, FeedUnreadableError
from feedmirror.mirroring.feeds import parse_feed

CORPUS = Path(__file__).parents[2] / "../shared/corpus/feeds"
SIZES = {1_000: 48, 10_000: 24, 100_000: 6, 1_000_000: 2}  # feeds, and the hours that are counted
WARM = 24  # ticks before anything is counted
KINDS = 48  # rates that stand for all
MEMORIES = (1024, 2048, 4096, 8192, 10240)  # MB
OF_README = 100  # feeds in a shard, as infra/README.md advises
_IN_AN_HOUR = 3600 // TICK
_READ, _MIRRORED = 3, 5  # every so many of the corpus
_ALONE = 2000  # feeds whose polls are counted where nothing takes time


@dataclass(frozen=True, slots=True)
class Instant:
    """Calls that take no time: what is left is the schedule's own."""

    def turn(self, _: Work) -> float:
        """Take no time."""
        return 0.0

    def most_polls(self, _: Work) -> int:
        """Have time for all."""
        return sys.maxsize

    def hand_out(self, _: float, __: Work) -> float:
        """Take no time."""
        return 0.0


@dataclass(frozen=True, slots=True)
class Publishers:
    """Who publishes: typical feeds, at which hours, and the share that does not answer."""

    typical: Sequence[Typical]
    clockwork: Clockwork
    silent: float

    def simulate(
        self, service: Service, *, hours: int, seed: int, times: Times | None = None
    ) -> Outcome:
        """Simulate some hours of a set-up, by its own times or by others."""
        setup, outside, random = service.setup, service.outside, Random(seed)  # noqa: S311 -- a draw that can be had again
        feeds = mirrored(
            setup.feeds,
            setup.shards,
            typical=self.typical,
            clockwork=self.clockwork,
            silent=self.silent,
            random=random,
        )
        more = outside.batches_a_minute.value / 60
        workers = Workers(setup.concurrency, int(outside.batches_at_first.value), more)
        simulation = Simulation(feeds, times or service, workers, random)
        return simulation.run(WARM + hours * _IN_AN_HOUR, warm=WARM)


def read_corpus(names: Sequence[str]) -> Iterator[Feed]:
    """Yield the feeds of some documents, as the product reads them."""
    for name in names:
        try:
            yield parse_feed((CORPUS / name).read_bytes(), url=f"https://news.example.com/{name}")
        except FeedUnreadableError:
            continue


def rates_of(outcome: Outcome, feeds: int) -> Rates:
    """Return what an average feed did in a day."""
    share = DAY / outcome.seconds / feeds
    return Rates(outcome.polls * share, outcome.changed * share, outcome.entries * share)


def sized(plan: Plan, feeds: int, service: Service, rates: Rates) -> Service:
    """Return a plan's service with the memory and the concurrency that a size needs."""
    load_of, setup = load_with(service, rates), plan.of(feeds)
    for memory in MEMORIES:
        setup = replace(setup, memory=memory)
        found = load_of(setup).service
        if max(found.turn_memory(), found.hand_out_memory()) <= memory:
            break
    needed = ceil(load_of(setup).at_once / ROOM)
    most = int(service.outside.batches.value)
    setup = replace(setup, concurrency=min(max(setup.concurrency, needed), most))
    return load_of(setup).service


def publishing_lines(publishing: Publishing, tail: Tail, rates: Sequence[float]) -> Iterator[str]:
    """Yield how often feeds publish."""
    count = len(publishing.rates)
    tenths = ", ".join(f"{publishing.rates[count * n // 10]:.3g}" for n in (1, 3, 5, 7, 9))
    yield f"Entries a day of {count} real feeds, tenths 1, 3, 5, 7, 9: {tenths}"
    yield (
        f"With a tail: {tail.share:.0%} of feeds by Pareto, exponent {tail.alpha}, from the ninth"
        f" tenth on, at most {tail.most:g} a day; {sum(rates) / len(rates):.2f} a day on average"
    )


def schedule_lines(publishers: Publishers, seed: int) -> Iterator[str]:
    """Yield how the tables of waits compare with the schedule itself, over the typical feeds."""
    random = Random(seed)  # noqa: S311 -- a draw that can be had again
    lives = [live(each.rate, publishers.clockwork, random) for each in publishers.typical]
    own = sum(each.polls for each in lives)
    by_table = sum(walked(each, days=7) for each in publishers.typical)
    yield (
        f"Polls of {len(lives)} feeds in a week: {own} by the schedule itself, {by_table} by the"
        f" tables made from it: {by_table / own:.3f}"
    )


def shard_lines(service: Service, rates: Rates, feeds: int) -> Iterator[str]:
    """Yield what the number of feeds in a shard costs and takes, at one size."""
    yield row("feeds in a shard", ("turn (s)", "at once", "GB-hours a day", "first (s)", "KB"))
    for of_shard in (50, 100, 250, 500, 1000, 2000):
        load = load_with(service, rates)(Plan(of_shard).of(feeds))
        found = load.service
        hours = load.at_once * 24 * found.setup.memory / 1024
        first = found.first_seconds(of_shard)
        told = (load.turn, load.at_once, hours, first, found.state_kilobytes())
        yield row(f"{of_shard:,}", (f"{each:,.1f}" for each in told))


def say(lines: Iterator[str] | Sequence[str]) -> None:
    """Print some lines, and an empty one."""
    print("\n".join([*lines, ""]), flush=True)  # noqa: T201 -- what a benchmark is for


def reckoned_line(service: Service, rates: Rates) -> str:
    """Return what ``feedmirror cost`` says of a set-up: the most that can happen."""
    setup = service.setup
    urls = (f"https://feeds{number}.example.com/" for number in range(setup.feeds))
    feeds = tuple(FeedSettings(url=url) for url in urls)
    configuration = Configuration(mirror=a_mirror(shards=setup.shards), feeds=feeds)
    traffic = Traffic(items_a_day=rates.entries, views=0, mails=0)
    dollars = total(bill(configuration, traffic, read_prices()))
    return f"feedmirror cost says {dollars:,.2f} $ at most for {setup.feeds:,} feeds of that"


def size_table(
    title: str, services: Sequence[Service], publishers: Publishers, rates: Rates, seed: int
) -> Iterator[str]:
    """Simulate each size, and yield what it takes."""
    found = [
        (each, publishers.simulate(each, hours=SIZES[each.setup.feeds], seed=seed))
        for each in services
    ]
    yield title
    yield from size_lines(found, rates.polls)


def publishers_of(publishing: Publishing, tail: Tail, silent: float, seed: int) -> Publishers:
    """Return typical feeds that publish as others do, with how long each waits for its polls."""
    random, clockwork = Random(seed), Clockwork(publishing.hours)  # noqa: S311 -- a draw that can be had again
    rates = typical_rates(publishing, tail, KINDS, random)
    return Publishers([typical(rate, clockwork, random) for rate in rates], clockwork, silent)


def growth(service: Service, publishing: Publishing, seed: int) -> None:
    """Print what growth takes and where it breaks, by what one feed was measured to take."""
    tail = Tail()
    publishers = publishers_of(publishing, tail, service.outside.silent.value, seed)
    say(publishing_lines(publishing, tail, [each.rate for each in publishers.typical]))
    say(schedule_lines(publishers, seed))
    alone = publishers.simulate(service, hours=48, seed=seed, times=Instant())
    rates = rates_of(alone, service.setup.feeds)
    say(average_lines(rates, alone))
    as_is = [replace(service, setup=Plan(OF_README).of(feeds)) for feeds in SIZES]
    title = f"As infra/README.md had it: {OF_README} feeds in a shard, the template as it is"
    say(size_table(title, as_is, publishers, rates, seed))
    title = f"{OF_SHARD} feeds in a shard, memory and concurrency as needed"
    needed = [sized(Plan(OF_SHARD), feeds, service, rates) for feeds in SIZES]
    say([*size_table(title, needed, publishers, rates, seed), reckoned_line(needed[1], rates)])
    title = "The same, once a turn reads its part of the configuration and the front is short"
    mended = Plan(OF_SHARD, Setup(feeds=0, parted=True, short_front=True))
    services = [sized(mended, feeds, service, rates) for feeds in SIZES]
    say(size_table(title, services, publishers, rates, seed))
    say(["How large a shard, at 100,000 feeds:", *shard_lines(service, rates, 100_000)])
    load_of = load_with(service, rates)
    title = f"Where it breaks, with {OF_README} feeds in a shard:"
    say([title, *break_lines(list(breaks(load_of, Plan(OF_README))))])
    say(["Where it breaks, from one shard on:", *break_lines(list(breaks(load_of)))])


def average_lines(rates: Rates, alone: Outcome) -> Iterator[str]:
    """Yield what an average feed does, and what waits by the schedule alone."""
    yield (
        f"An average feed in a day: {rates.polls:.2f} polls, of which {rates.changed:.2f} bring"
        f" something, {rates.entries:.2f} entries"
    )
    yield (
        f"If nothing took time, an entry would wait {spread(alone.waits, 60)} minutes: the median,"
        " and what 95 of 100 do not exceed; so below, too"
    )


def main() -> None:
    """Measure, simulate, print."""
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    if not CORPUS.is_dir():
        say(["the corpus of real feeds is not beside this checkout: nothing is simulated"])
        return
    began = time.process_time()
    listed = json.loads((CORPUS / "manifest.json").read_text(encoding="utf-8"))
    names = [document["name"] for document in listed]
    measured = calibrate(documents_of(CORPUS, names[::_MIRRORED]))
    setup = Setup(feeds=_ALONE, shards=_ALONE // OF_SHARD, concurrency=1000)
    service = Service(setup, measured)
    say(measured_lines(measured))
    say(outside_lines(service.outside))
    publishing = publishing_of(read_corpus(names[::_READ]))
    gc.freeze()
    gc.disable()  # millions of numbers, and no cycles
    growth(service, publishing, seed)
    say([f"{time.process_time() - began:.0f} s of processor time, beside what is measured"])


if __name__ == "__main__":
    main()
