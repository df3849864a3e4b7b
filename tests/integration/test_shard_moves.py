"""A change of ``shards`` while calls are under way, cut off by time, over many objects.

Two calls take turns at every request of the store, in random orders that their seeds repeat; ``make
schedules`` takes more of them.
"""

import os
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from feedmirror.jobs.shard_turn import read_turn
from feedmirror.layout import STATES, shard_of_state
from feedmirror.mirroring.poll_state import ShardState, state_from_json
from feedmirror.mirroring.schedule import shard_of
from shard_world import FIRSTS, HOSTS, ONCE, a_world, in_memory, polled, serve, titles_on_the_front
from world import Documents, Handed, World, entry

SEEDS = range(int(os.environ.get("FEEDMIRROR_TEST_SCHEDULES", "30")) // 10)


@dataclass
class Baton:
    """Lets one of some threads go on at a time, for some steps, as chance has it."""

    chance: random.Random
    alive: set[int]
    turn: int = 0
    steps: int = 0
    changed: threading.Condition = field(default_factory=threading.Condition)

    def step(self, who: int) -> None:
        """Go on when it is one's turn."""
        with self.changed:
            self._pass_on()
            self.changed.wait_for(lambda: self.turn == who)

    def end(self, who: int) -> None:
        """Leave the others alone with it."""
        with self.changed:
            self.alive.discard(who)
            self.steps = 0
            self._pass_on()

    def _pass_on(self) -> None:
        if self.steps and self.turn in self.alive:
            self.steps -= 1
        elif self.alive:
            self.turn = self.chance.choice(sorted(self.alive))
            self.steps = self.chance.choice([0, 0, 1, 2, 5, 10])
        self.changed.notify_all()


def together(world: World, chance: random.Random, *calls: Callable[[], object]) -> None:
    """Run calls in threads that take turns at each of their requests."""
    baton = Baton(chance, set(range(len(calls))))
    names: dict[int, int] = {}
    wrong: list[BaseException] = []

    def run(who: int, call: Callable[[], object]) -> None:
        names[threading.get_ident()] = who
        with baton.changed:
            baton.changed.wait_for(lambda: baton.turn == who)
        try:
            call()
        except BaseException as error:  # noqa: BLE001 -- told by the thread that started it
            wrong.append(error)
        finally:
            baton.end(who)

    world.requests.before = lambda *_: baton.step(names[threading.get_ident()])
    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    world.requests.before = lambda *_: None
    assert not any(thread.is_alive() for thread in threads)
    assert wrong == []


def places(world: World) -> list[tuple[int, str]]:
    """Return the shard and the address of every feed's state that is kept."""
    states = world.all(world.stores.archive, STATES)
    return [
        (shard, url)
        for key, body in states.items()
        if (shard := shard_of_state(key)) is not None
        for url in (state_from_json(body) or ShardState()).feeds
    ]


def held(world: World) -> list[str]:
    """Return the feeds whose state is kept, each as often as it is."""
    return [url for _, url in places(world)]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("due", [True, False])
@pytest.mark.parametrize(("before", "after"), [(4, 6), (2, 5), (5, 2)])
def test_turns_under_the_old_number_and_a_schedule_under_the_new_lose_nothing(
    tmp_path: Path, documents: Documents, before: int, after: int, *, due: bool, seed: int
) -> None:
    world = a_world(tmp_path, documents, shards=before)
    in_memory(world)
    world.run(at_once=False)
    polled(world)
    if due:
        world.later()
    world.dispatch(at_once=not due)
    turns: list[dict[str, Any]] = [
        {name: told for name, told in message.items() if name != "at_once"}
        for message in world.turns()
    ]
    jobs = [world.jobs() for _ in turns]
    world.mirror = replace(world.mirror, shards=after)
    schedule = world.jobs().dispatch(world.polls)

    def old() -> None:
        for job, message in zip(jobs, turns, strict=True):
            job.turn().run(read_turn(message), time_left=lambda: timedelta(hours=1))

    together(
        world,
        random.Random(seed),  # noqa: S311 -- an order that its seed repeats
        old,
        lambda: schedule.run(time_left=lambda: timedelta(hours=1)),
    )
    for message in world.turns():
        world.turn(message)
    for _ in range(2):
        world.run(at_once=False)

    asked = [(each.target, each.header("if-none-match")) for each in world.publisher.seen]
    assert polled(world) == (ONCE if due else {})
    assert [target for target, validator in asked if validator is None] == []
    assert sorted(held(world)) == sorted(feed.url for feed in world.feeds)
    assert titles_on_the_front(world) == FIRSTS


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("due", [True, False])
@pytest.mark.parametrize("numbers", [(6, 5), (3, 6), (7, 2)])
def test_schedules_of_two_numbers_at_once_lose_nothing(
    tmp_path: Path, documents: Documents, numbers: tuple[int, int], *, due: bool, seed: int
) -> None:
    """As when a configuration is changed twice while calls are under way, each with turns."""
    world = a_world(tmp_path, documents, shards=4)
    in_memory(world)
    world.run(at_once=False)
    polled(world)
    if due:
        world.later()

    def call(shards: int) -> Callable[[], object]:
        mirror = replace(world.mirror, shards=shards)
        world.mirror, before = mirror, world.mirror
        queue = Handed()
        schedule, turns = world.jobs().dispatch(queue), [world.jobs() for _ in range(shards)]
        world.mirror = before

        def run() -> None:
            for _ in range(2):
                schedule.run(time_left=lambda: timedelta(hours=1))
            for job, message in zip(turns, queue.tasks, strict=False):
                job.turn().run(read_turn(message), time_left=lambda: timedelta(hours=1))

        return run

    chance = random.Random(seed)  # noqa: S311 -- an order that its seed repeats
    together(world, chance, *map(call, numbers))
    world.mirror = replace(world.mirror, shards=numbers[0])
    for _ in range(2):
        world.run(at_once=False)

    asked = [each.header("if-none-match") for each in world.publisher.seen]
    assert None not in asked
    assert polled(world) == (ONCE if due else {})
    assert sorted(held(world)) == sorted(feed.url for feed in world.feeds)
    world.later()
    world.run(at_once=False)
    assert {each.header("if-none-match") is None for each in world.publisher.seen} == {False}
    assert polled(world) == ONCE


@pytest.fixture
def wide(tmp_path: Path, documents: Documents) -> World:
    """A mirror of ninety hosts in seventy shards: more than are moved together."""
    world = a_world(tmp_path, documents, shards=70)
    in_memory(world)
    world.feeds.clear()
    for number in range(90):
        host = f"wide{number}.example.com"
        serve(world, host, entry(1, link=f"https://{host}/1"))
    world.run(at_once=False)
    polled(world)
    return world


def moved(world: World, *, looks: int) -> int:
    """Run the schedule with time for so many parts of a move; return how many puts it took."""
    left = iter([timedelta(hours=1)] * looks)
    requests = world.watch()
    world.jobs().dispatch(world.polls).run(time_left=lambda: next(left, timedelta(0)))
    return len([key for key in requests.done if key.startswith(STATES)])


def test_a_move_that_time_cuts_off_goes_on_where_it_was(wide: World) -> None:
    wide.mirror = replace(wide.mirror, shards=83)

    puts = [moved(wide, looks=1) for _ in range(12)]

    wide.later()
    wide.run(at_once=False)
    assert {each.header("if-none-match") is None for each in wide.publisher.seen} == {False}
    assert set(polled(wide).values()) == {1}
    assert sorted(held(wide)) == sorted(feed.url for feed in wide.feeds)
    # Handing on: each feed's home once at the most, and each object's own note; letting go: once.
    assert sum(puts) <= 90 + 70 + 70 + 83
    assert puts[-1] == 0


def test_nothing_is_polled_before_all_have_arrived(wide: World) -> None:
    wide.mirror = replace(wide.mirror, shards=83)
    wide.later()

    moved(wide, looks=2)

    assert wide.turns() == []
    assert polled(wide) == {}
    wide.by_queue = False
    report = wide.run(at_once=False, time_left=timedelta(0))
    assert report.problems == (
        ("", "feeds are moving to other shards: polled again once all are there"),
    )
    assert polled(wide) == {}


def test_a_turn_whose_feeds_are_moving_is_over(wide: World) -> None:
    wide.later()
    wide.dispatch()
    (message, *_) = wide.turns()
    wide.mirror = replace(wide.mirror, shards=83)
    moved(wide, looks=2)
    wide.mirror = replace(wide.mirror, shards=70)

    assert wide.turn(message).polled == 0
    assert polled(wide) == {}


def test_one_process_polls_nothing_either_before_all_have_arrived(
    tmp_path: Path, documents: Documents
) -> None:
    """Most of the objects are not there yet; which shard comes first is the clock's."""
    world = a_world(tmp_path, documents, shards=1)
    in_memory(world)
    world.by_queue = False
    world.run(at_once=False)
    polled(world)
    world.mirror = replace(world.mirror, shards=9)

    for _ in range(9):
        world.later(0.01)
        world.run(at_once=False, time_left=timedelta(0))

    assert polled(world) == {}


def test_what_a_turn_learns_while_its_shard_is_moved_away_and_back_is_kept_with_all_else(
    tmp_path: Path, documents: Documents
) -> None:
    world = a_world(tmp_path, documents, shards=4)
    in_memory(world)
    world.run(at_once=False)
    polled(world)
    world.later()
    for host in HOSTS:
        serve(world, host, entry(1, link=f"https://{host}/1"), entry(2, link=f"https://{host}/2"))
    world.dispatch()

    for message in world.turns():
        job = world.jobs()

        def move(method: str, key: str) -> None:
            if (method, key) == ("list", "lifts/"):
                world.requests.before = lambda *_: None
                world.mirror = replace(world.mirror, shards=6)
                world.jobs().dispatch(Handed()).run(time_left=lambda: timedelta(hours=1))
                world.mirror = replace(world.mirror, shards=4)

        world.requests.before = move  # behind the lease, before what was learnt is saved
        job.turn().run(read_turn(message), time_left=lambda: timedelta(hours=1))
        world.requests.before = lambda *_: None
        world.jobs().dispatch(Handed()).run(time_left=lambda: timedelta(hours=1))
        assert {host: shard_of(host, 4) for host in HOSTS} == {
            urlsplit(url).path.removeprefix("/"): shard for shard, url in places(world)
        }

    assert polled(world) == ONCE
    assert sorted(held(world)) == sorted(feed.url for feed in world.feeds)
    world.later()
    world.run(at_once=False)
    assert {each.header("if-none-match") is None for each in world.publisher.seen} == {False}
    assert polled(world) == ONCE
