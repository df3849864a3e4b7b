"""The simulation of scale: nothing is lost in it, and it agrees with what is reckoned by hand."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from math import inf
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.scale_bill import bill_of
from benchmarks.scale_calibration import Measured, documents_of
from benchmarks.scale_limits import Plan, breaks, load_with
from benchmarks.scale_rhythms import (
    DAY,
    TICK,
    TICKS_A_DAY,
    Clockwork,
    Tail,
    Typical,
    live,
    publishing_of,
    typical,
    typical_rates,
    walked,
)
from benchmarks.scale_service import Load, Rates, Service, Setup, Work
from benchmarks.scale_simulation import (
    RETENTION,
    Mirrored,
    Outcome,
    Simulation,
    Workers,
    mirrored,
)
from feedmirror.cli import cost_model
from feedmirror.mirroring.feeds import parse_feed
from feedmirror.wiring.stores import THREADS
from stack_template import written
from street import dated

HOUR = 3600
EVEN = Clockwork([1 / 24] * 24)
MEASURED = Measured(
    look=0.01,
    unchanged=0.0007,
    robots=0.0003,
    changed=0.04,
    item=0.003,
    listed=25.0,
    request=0.001,
    state_read=0.0001,
    state_write=0.0001,
    state_size=5000.0,
    state_memory=50_000.0,
    configuration_read=0.00004,
    configuration_memory=1700.0,
    sharing_out=0.000001,
    front=0.000015,
    front_size=230.0,
    front_memory=2000.0,
    memory=145.0,
    poll_size=700.0,
    document_size=70_000.0,
    sample=65,
)
RATES = Rates(polls=12.0, changed=4.5, entries=11.0)


@dataclass
class Constant:
    seconds: float = 0.0
    most: int = 10**6

    def turn(self, _: Work) -> float:
        return self.seconds

    def most_polls(self, _: Work) -> int:
        return self.most

    def hand_out(self, _: float, __: Work) -> float:
        return 0.0


class Never(Clockwork):
    def next_entry(self, after: float, rate: float, random: Random) -> float:  # noqa: ARG002 -- as what it stands in for
        return inf


class AtOnce(Random):  # every feed is due at the first call
    def random(self) -> float:
        return 0.0


def seeded(seed: int) -> Random:
    return Random(seed)  # noqa: S311 -- a draw that can be had again


def hourly(rate: float = 1.0) -> Typical:
    return Typical(rate, (float(HOUR),) * TICKS_A_DAY)


def each_its_own_shard(count: int, typical_feeds: Sequence[Typical]) -> Mirrored:
    kinds = array("h", (number % len(typical_feeds) for number in range(count)))
    phases, shards = array("h", [0] * count), array("i", range(count))
    return Mirrored(typical_feeds, EVEN, kinds, phases, shards, count)


def drawn(feeds: int, shards: int, seed: int, silent: float = 0.0) -> Mirrored:
    some = [hourly(0.1), hourly(5.0), Typical(40.0, (1800.0,) * TICKS_A_DAY)]
    return mirrored(feeds, shards, typical=some, clockwork=EVEN, silent=silent, random=seeded(seed))


def simulation(
    feeds: Mirrored, times: Constant, workers: int, *, at_first: int = 10**6, seed: int = 1
) -> Simulation:
    return Simulation(feeds, times, Workers(workers, at_first), seeded(seed))


def test_where_nothing_takes_time_every_feed_is_polled_as_its_schedule_says() -> None:
    run = simulation(each_its_own_shard(50, [hourly()]), Constant(), workers=1)

    outcome = run.run(24 * 12 + 1, warm=0)

    # Due within the first hour, and each hour from then on.
    assert set(run.polled_of) == {24}
    assert outcome.polls == 50 * 24
    assert outcome.turns == outcome.handed_out == 50 * 24


@pytest.mark.parametrize(("workers", "seconds"), [(1, 2.0), (3, 5.0), (7, 30.0)])
def test_a_constant_service_waits_as_long_as_can_be_reckoned_by_hand(
    workers: int, seconds: float
) -> None:
    """All feeds due at one call: the n-th turn waits for the n // workers before it."""
    feeds = replace(each_its_own_shard(20, [hourly()]), clockwork=Never([1 / 24] * 24))
    run = Simulation(feeds, Constant(seconds), Workers(workers, at_first=workers), AtOnce())

    outcome = run.run(1 + 12, warm=0)

    lags = list(outcome.lags[:20])
    assert lags == [number // workers * seconds for number in range(20)]
    assert outcome.most_at_once() == workers
    assert set(outcome.lengths) == {seconds}


def test_as_many_turns_are_under_way_as_littles_law_says() -> None:
    run = simulation(drawn(200, 60, seed=3), Constant(20.0), workers=9)
    outcome = run.run(12 * 12, warm=12)

    random = seeded(5)
    begins, ends = outcome.begun[0], outcome.begun[-1]
    looks = [random.uniform(begins, ends) for _ in range(4000)]
    spans = list(zip(outcome.begun, outcome.lengths, strict=True))
    seen = sum(sum(at <= look < at + took for at, took in spans) for look in looks)

    assert seen / len(looks) == pytest.approx(outcome.turns / outcome.seconds * 20.0, rel=0.05)
    assert outcome.at_once == pytest.approx(outcome.turns / outcome.seconds * 20.0)


class Counted(Clockwork):
    """Counts the entries that are drawn: one for each feed at first, and one behind each."""

    def __init__(self) -> None:
        super().__init__([1 / 24] * 24)
        self.drawn = 0

    def next_entry(self, after: float, rate: float, random: Random) -> float:
        self.drawn += 1
        found = super().next_entry(after, rate, random)
        assert found >= after
        return found


@given(
    feeds=st.integers(1, 40),
    shards=st.integers(1, 12),
    workers=st.integers(1, 5),
    seconds=st.sampled_from([0.0, 1.0, 40.0, 700.0]),
    most=st.sampled_from([1, 3, 1000]),
    silent=st.sampled_from([0.0, 0.3]),
    seed=st.integers(0, 1000),
)
def test_no_feed_and_no_entry_is_lost_however_long_turns_take(
    feeds: int, shards: int, workers: int, seconds: float, most: int, silent: float, seed: int
) -> None:
    clockwork = Counted()
    drawn_feeds = replace(drawn(feeds, shards, seed, silent), clockwork=clockwork)
    run = simulation(drawn_feeds, Constant(seconds, most), workers, seed=seed)

    outcome = run.run(200, warm=0)

    answering = sum(kind >= 0 for kind in drawn_feeds.kinds)
    assert run.scheduled() == feeds
    assert outcome.polls == sum(run.polled_of)
    assert outcome.entries == clockwork.drawn - answering
    assert all(wait >= seconds for wait in outcome.waits)
    assert all(0 <= lag <= RETENTION for lag in outcome.lags)
    assert outcome.most_at_once() <= workers
    assert outcome.empty <= outcome.turns <= outcome.handed_out


def test_a_mirror_with_too_few_workers_hands_out_again_and_lets_messages_expire() -> None:
    run = simulation(drawn(100, 100, seed=2), Constant(250.0), workers=1)

    outcome = run.run(60 * 12, warm=0)

    assert outcome.expired > 0
    assert outcome.empty > 0  # of several messages for a shard the later ones come in vain
    assert outcome.at_once == pytest.approx(1.0, abs=0.01)
    assert run.scheduled() == 100


def test_a_queue_that_fills_is_taken_up_by_five_and_by_more_as_time_goes_by() -> None:
    starts = Workers(8, at_first=5, more_a_second=0.5).starts(100.0)
    assert starts == [100.0] * 5 + [102.0, 104.0, 106.0]


def test_the_same_seed_is_the_same_run() -> None:
    runs = [
        simulation(drawn(60, 7, seed=4), Constant(3.0), 2, seed=9).run(100, warm=4)
        for _ in range(2)
    ]

    assert runs[0] == runs[1]
    assert runs[0].entries > 0


@given(share=st.floats(0, 30), hours=st.lists(st.floats(0.001, 1), min_size=24, max_size=24))
def test_a_time_of_day_and_the_share_of_its_entries_are_each_others_inverse(
    share: float, hours: list[float]
) -> None:
    clockwork = Clockwork([hour / sum(hours) for hour in hours])

    assert clockwork.share_at(clockwork.time_of(share)) == pytest.approx(share, abs=1e-6)


def test_a_feed_brings_as_many_entries_as_its_rate_says() -> None:
    random, at, count = seeded(8), 0.0, 0
    while at < 400 * DAY:
        at = EVEN.next_entry(at, 3.0, random)
        count += 1

    assert count == pytest.approx(1200, rel=0.1)


def test_a_feed_walked_by_its_table_is_polled_as_often_as_by_the_schedule_itself() -> None:
    random, rates = seeded(6), (0.02, 0.1, 0.3, 1.0, 4.0, 20.0)
    walked_polls = sum(walked(typical(rate, EVEN, random), days=7) for rate in rates)
    own = sum(live(rate, EVEN, random).polls for rate in rates)

    assert walked_polls == pytest.approx(own, rel=0.15)


def test_rates_come_from_dates_and_their_mean_is_kept_by_those_that_stand_for_all() -> None:
    days = [datetime(2026, 11, day, 8, 30, tzinfo=UTC) for day in range(1, 21)]
    documents = [dated(some, site="https://news.example.com") for some in (days, days[:2])]
    found = publishing_of(parse_feed(each, url="https://news.example.com") for each in documents)

    assert found.rates == (1.0,)
    assert found.hours[8] == max(found.hours)
    assert sum(found.hours) == pytest.approx(1.0)
    few = typical_rates(found, Tail(share=0.2, most=50.0), 8, seeded(1))
    many = typical_rates(found, Tail(share=0.2, most=50.0), 400, seeded(1))
    assert sum(few) / 8 == pytest.approx(sum(many) / 400)
    assert max(many) <= 50.0


def test_a_document_is_measured_without_its_first_entry_and_with_it(tmp_path: Path) -> None:
    rss = b"<rss><channel><item><title>New</title></item><item>Old</item></channel></rss>"
    atom = b"<feed><entry a='1'>New</entry><entry>Old</entry></feed>"
    for name, body in (("rss", rss), ("atom", atom), ("empty", b"<rss></rss>")):
        (tmp_path / name).write_bytes(body)

    assert documents_of(tmp_path, ["rss", "atom", "empty"]) == [
        (b"<rss><channel><item>Old</item></channel></rss>", rss),
        (b"<feed><entry>Old</entry></feed>", atom),
    ]


def test_a_turn_takes_longer_for_all_that_there_is_more_of() -> None:
    service = Service(Setup(feeds=1000, shards=10), MEASURED)
    turns = [
        service.turn(work)
        for work in (
            Work(),
            Work(unchanged=5),
            Work(unchanged=100),
            Work(unchanged=100, changed=5, entries=5),
            Work(unchanged=100, changed=5, entries=50),
            Work(unchanged=100, changed=5, entries=50, silent=1),
        )
    ]

    assert turns == sorted(set(turns))
    larger = Service(Setup(feeds=10_000, shards=100), MEASURED)
    assert larger.turn(Work()) > turns[0]  # its configuration is
    parted = Service(Setup(feeds=10_000, shards=100, parted=True), MEASURED)
    assert parted.turn(Work()) == pytest.approx(
        Service(Setup(feeds=1000, shards=10, parted=True), MEASURED).turn(Work())
    )


def test_first_documents_take_the_processors_time_and_the_stores() -> None:
    service = Service(Setup(feeds=1000, shards=2), MEASURED)
    quick = replace(service.outside, latency=replace(service.outside.latency, value=0))
    # 25 entries of 3 ms, and 100 requests of 1 ms, on 1024 of 1769 MB, by all threads.
    alone, waited = (25 * 0.003 + 100 * 0.001) * 1769 / 1024, 100 / THREADS * 0.05

    assert replace(service, outside=quick).first_seconds(10) == pytest.approx(10 * alone)
    assert service.first_seconds(10) == pytest.approx(10 * (alone + waited))
    assert service.first_hours() == pytest.approx(service.first_seconds(500) / 3600)  # two at once


def test_what_fits_in_a_turn_fits_and_no_more() -> None:
    service = Service(Setup(feeds=1000, shards=2), MEASURED)
    mixture = Work(unchanged=60, changed=30, entries=60)
    most = service.most_polls(mixture)
    share = most / mixture.polls
    full = Work(60 * share, 30 * share, 60 * share)

    assert service.turn(full) <= service.setup.budget * 1.05
    assert service.turn(full) >= service.setup.budget * 0.8


def test_simulation_and_closed_form_agree_where_there_are_workers_enough() -> None:
    setup = Setup(feeds=2000, shards=20, concurrency=1000)
    service = Service(setup, MEASURED)
    feeds = mirrored(2000, 20, typical=[hourly(4.0)], clockwork=EVEN, silent=0.0, random=seeded(3))
    outcome = Simulation(feeds, service, Workers(1000, 1000), seeded(4)).run(100, warm=20)
    share = DAY / outcome.seconds / 2000
    rates = Rates(outcome.polls * share, outcome.changed * share, outcome.entries * share)
    answering = replace(
        service, outside=replace(service.outside, silent=replace(service.outside.silent, value=0))
    )

    reckoned = Load(answering, rates)

    assert outcome.at_once == pytest.approx(reckoned.at_once, rel=0.05)
    assert outcome.turns / 80 == pytest.approx(reckoned.due, rel=0.05)


def test_each_break_is_where_its_limit_is_crossed_and_the_next_comes_behind_it() -> None:
    load_of = load_with(Service(Setup(feeds=1), MEASURED), RATES)
    found = list(breaks(load_of))

    plan = Plan()
    for each in found:
        at, before = (load_of(plan.of(feeds)) for feeds in (each.feeds, each.feeds - 1))
        assert each.limit.load(at) > each.limit.bound(at)
        crossed_before = each.limit.load(before) > each.limit.bound(before)
        assert not crossed_before or each.feeds == found[found.index(each) - 1].feeds
        assert each.then != plan
        plan = each.then or plan
    assert all(one.feeds <= other.feeds for one, other in pairwise(found))
    assert found[0].limit.name.endswith("polls everything")


def test_more_shards_than_the_setting_takes_are_never_planned_for() -> None:
    load_of = load_with(Service(Setup(feeds=1), MEASURED), RATES)
    crowded = list(breaks(load_of, Plan(of_shard=2)))

    assert "shards" in {each.limit.name for each in crowded}


def hours_of(count: int) -> Outcome:
    found = Outcome(HOUR * count, 5000 * count, 1800 * count, 4600 * count, 240 * count)
    found.news = found.handed_out = found.turns
    found.lengths.extend([4.0] * found.turns)
    found.hand_outs.extend([3.0] * 12 * count)
    return found


def test_the_bill_of_a_month_does_not_depend_on_how_long_was_looked() -> None:
    service = Service(Setup(feeds=10_000, shards=20), MEASURED)

    bills = [bill_of(outcome, service) for outcome in map(hours_of, (1, 2))]

    assert {name: part.quantity for name, part in bills[0].items()} == pytest.approx(
        {name: part.quantity for name, part in bills[1].items()}
    )
    # 10,000 entries' records, markers and pages are 3 puts each, at $5 a million.
    assert bills[0]["s3_writes"].dollars > 4600 * 720 * 3 * 5e-6
    assert bills[0]["lambda_time"].quantity > (4 * 240 + 3 * 12) * 720


def test_what_is_simulated_is_what_the_template_deploys() -> None:
    found = {name: each.get("Properties") for name, each in written()["Resources"].items()}
    setup = Setup(feeds=1)

    assert found["MirrorPolls"]["ScalingConfig"]["MaximumConcurrency"] == setup.concurrency
    assert found["MirrorPolls"]["BatchSize"] == 1
    assert found["MirrorFunction"]["MemorySize"] == setup.memory
    assert found["MirrorFunction"]["Timeout"] == setup.timeout
    assert found["PollQueue"]["MessageRetentionPeriod"] == RETENTION
    assert cost_model.TICK.total_seconds() == TICK
