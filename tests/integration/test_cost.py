"""What ``feedmirror cost`` reckons with: counted on real runs, and in the template."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from feedmirror.cli.cost_model import (
    ABOUT,
    ALARM_METRICS,
    DASHBOARDS,
    FRONT,
    GONE,
    GONE_ITEM,
    HAND_OUT,
    HOST,
    HOUR,
    ITEM,
    KEPT,
    LOOK,
    MAIL,
    NEWS,
    POLL,
    QUEUES,
    TICK,
    TURN_NEWS,
    Requests,
)
from feedmirror.configuration import Configuration
from feedmirror.configuration_file import write_configuration
from feedmirror.jobs.configure import ReadConfiguration
from feedmirror.ports.object_store import Content
from stack_template import resources, written
from takedown_world import TakedownWorld
from world import Documents, Watched, World, entry, rss

HOSTS = 12


def spent(world: World, work: Callable[[], object]) -> Requests:
    """Return the requests of one call: reading the configuration, and what the jobs do."""
    seen = world.watch()
    ReadConfiguration(Watched(world.stores.archive, seen), "1").run()
    work()
    count = Counter(method for method, _ in seen.asked)
    return Requests(count["put"] + count["list"], count["get"] + count["head"])


@pytest.fixture
def documents() -> Iterator[Documents]:
    with Documents() as served:
        yield served


@pytest.fixture
def world(tmp_path: Path, documents: Documents) -> World:
    """A mirror of twelve hosts with three items each, mirrored once."""
    made = TakedownWorld(tmp_path, documents)
    for number in range(HOSTS):
        bring(made, number, 3)
    configuration = Configuration(mirror=made.mirror, feeds=tuple(made.feeds))
    text = Content(write_configuration(configuration).encode(), "text/plain")
    made.stores.archive.put("config/mirror.toml", text, replaces=None)
    made.run()
    return made


def bring(world: World, number: int, items: int) -> None:
    site = f"https://h{number}.example.com"
    entries = [entry(f"{number}-{n}", link=f"{site}/{n}") for n in range(items)]
    world.serve(rss(*entries), f"/{number}", site=site)


def by_queue(world: World, shards: int) -> None:
    world.mirror = replace(world.mirror, shards=shards)
    world.by_queue = True
    world.run()


def test_a_call_with_nothing_due_is_a_look(world: World) -> None:
    world.later(0.1)

    assert spent(world, lambda: world.run(at_once=False)) == LOOK


def test_a_call_that_polls_adds_the_lease(world: World) -> None:
    world.later()

    assert spent(world, lambda: world.run(at_once=False)) == LOOK + POLL


@pytest.mark.parametrize(("hosts", "items"), [(1, 1), (1, 4), (3, 2)])
def test_news_cost_what_their_hosts_and_items_do(world: World, hosts: int, items: int) -> None:
    world.later()
    for number in range(hosts):
        bring(world, number, 3 + items)

    found = spent(world, lambda: world.run(at_once=False))

    assert found == LOOK + POLL + NEWS + HOST * hosts + ITEM * (hosts * items)


def test_the_first_news_of_a_day_cost_the_page_of_their_host_besides(world: World) -> None:
    world.later(24)
    bring(world, 0, 4)

    found = spent(world, lambda: world.run(at_once=False))

    assert found == LOOK + POLL + NEWS + HOST + ITEM + ABOUT


def test_a_look_at_what_is_kept_costs_a_read_a_month_and_what_goes_no_more_than_is_reckoned(
    world: World,
) -> None:
    world.feeds[0] = replace(world.feeds[0], max_age=timedelta(days=3))
    world.run()
    world.later(24)
    month = Requests(0, 1)
    assert spent(world, lambda: world.run(at_once=False)) == LOOK + POLL + KEPT + month

    for _ in range(2):
        world.later(24)
        world.run(at_once=False)
    world.later(24)
    found = spent(world, lambda: world.run(at_once=False))
    most = LOOK + POLL + KEPT + month + GONE + GONE_ITEM * 3
    assert (LOOK + POLL + KEPT).writes < found.writes <= most.writes
    assert (LOOK + POLL + KEPT).reads < found.reads <= most.reads
    assert not [item for item in world.items() if item.host == "h0.example.com"]


def test_handing_out_costs_a_head_for_each_shard(world: World) -> None:
    by_queue(world, 4)

    found = spent(world, world.dispatch)

    assert found == HAND_OUT + Requests(0, 4)


def test_a_turn_costs_what_a_polling_call_does(world: World) -> None:
    by_queue(world, 4)
    world.later()
    world.dispatch()
    (message, *_) = world.turns()

    assert spent(world, lambda: world.turn(message)) == LOOK + POLL


def test_a_turn_with_news_notes_them_for_the_front_which_costs_no_more_than_is_reckoned(
    world: World,
) -> None:
    by_queue(world, 4)
    world.later()
    bring(world, 0, 4)
    world.dispatch()
    turns = [spent(world, partial(world.turn, message)) for message in world.turns()]
    dearest = max(turns, key=lambda turn: turn.writes)
    # Its record is read for the front by the next call of the schedule.
    assert dearest == LOOK + POLL + TURN_NEWS + HOST + Requests(ITEM.writes, 0)

    shown = spent(world, world.dispatch)
    heads = Requests(0, 4)
    assert shown.writes == (HAND_OUT + FRONT).writes
    of_the_turn = Requests(0, 1)  # its list of the newest
    most = HAND_OUT + heads + FRONT + of_the_turn
    assert (HAND_OUT + heads).reads < shown.reads <= most.reads


def test_a_mail_and_an_hour_cost_no_more_than_is_reckoned(world: World) -> None:
    assert isinstance(world, TakedownWorld)
    mail = spent(
        world,
        lambda: world.write(
            "Please take down https://h0.example.com/1 now and for ever.",
            sender="ann@h0.example.com",
        ),
    )
    assert MAIL.writes / 2 < mail.writes <= MAIL.writes
    assert MAIL.reads / 4 < mail.reads <= MAIL.reads

    hour = spent(world, lambda: world.takedowns().hour(time_left=lambda: timedelta(minutes=15)))
    assert HOUR.writes / 4 < hour.writes <= HOUR.writes
    assert HOUR.reads / 4 < hour.reads <= HOUR.reads


def test_the_template_has_as_much_to_pay_for_as_is_reckoned() -> None:
    alarms = resources("AWS::CloudWatch::Alarm").values()
    metrics = [
        sum("MetricStat" in metric for metric in alarm.get("Metrics", ())) or 1 for alarm in alarms
    ]

    assert sum(metrics) == ALARM_METRICS
    assert len(resources("AWS::CloudWatch::Dashboard")) == DASHBOARDS
    assert len(resources("AWS::Lambda::EventSourceMapping")) == QUEUES
    minutes = TICK // timedelta(minutes=1)
    assert written()["Parameters"]["PollEvery"]["Default"] == f"rate({minutes} minutes)"
