"""What an operator takes down by hand is a case like any other (issue: operator's commands)."""

from datetime import timedelta
from pathlib import Path

import pytest

from feedmirror.jobs.takedown.by_hand import ByHand
from feedmirror.ports.object_store import StoreUnavailableError
from feedmirror.records import Item, Tombstone
from feedmirror.suppression import Ground, Scope
from feedmirror.takedowns.casework.cases import State
from feedmirror.takedowns.decisions.asks import Ask, whole_host
from takedown_world import TakedownWorld
from world import SITE, Documents, entry, rss

HOST = "news.example.com"


@pytest.fixture
def world(tmp_path: Path, documents: Documents) -> TakedownWorld:
    made = TakedownWorld(tmp_path, documents)
    made.serve(rss(entry(1), entry(2)))
    made.run()
    return made


def by_hand(world: TakedownWorld) -> ByHand:
    run = world.takedowns()
    draws = iter(range(1000))
    return ByHand(
        cases=run.cases,
        find=run.take_in.find,
        finish=run.finish,
        clock=lambda: world.now,
        draw=lambda: f"{next(draws):032x}",
    )


def page_of(number: int) -> Ask:
    return Ask(scope=Scope.ITEM, host=HOST, address=f"{SITE}/{number}")


def test_a_page_is_gone_stays_gone_and_comes_back_by_its_case(world: TakedownWorld) -> None:
    desk = by_hand(world)

    case = desk.suppress(
        desk.look(page_of(1)), Ground.LEGAL, note="by phone", time_left=lambda: world.time_left
    )

    assert case.state is State.REMOVED
    (stone,) = (found for found in world.records().values() if isinstance(found, Tombstone))
    assert (stone.case, stone.ground) == (case.id, Ground.LEGAL)
    world.serve(rss(entry(1, text="edited"), entry(2)))
    world.later()
    assert world.run().suppressed == 1
    assert world.takedowns().restore(case) == 1
    assert all(isinstance(found, Item) for found in world.records().values())


def test_an_address_that_nothing_is_held_of_is_kept_out(world: TakedownWorld) -> None:
    desk = by_hand(world)

    case = desk.suppress(desk.look(page_of(3)), Ground.PUBLISHER, time_left=lambda: world.time_left)

    assert case.state is State.REMOVED
    world.serve(rss(entry(1), entry(2), entry(3)))
    world.later()
    report = world.run()
    assert (report.created, report.suppressed) == (0, 1)


def test_what_time_cuts_off_the_next_hour_carries_on(world: TakedownWorld) -> None:
    desk = by_hand(world)
    claim = desk.look(whole_host(HOST))

    case = desk.suppress(claim, Ground.PUBLISHER, time_left=lambda: timedelta(seconds=1))
    assert case.state is State.RECEIVED
    world.takedowns().hour(time_left=lambda: world.time_left)

    assert world.case(case).state is State.REMOVED
    assert all(isinstance(found, Tombstone) for found in world.records().values())


def test_a_crash_at_any_request_leaves_all_to_the_hour_or_nothing(world: TakedownWorld) -> None:
    """The case is kept whole with its decision, so the hour can always carry it on."""
    desk = by_hand(world)
    claim = desk.look(page_of(1))
    puts = 0

    def crash(method: str, _: str) -> None:
        nonlocal puts
        puts += method == "put"
        if puts == 2:
            raise StoreUnavailableError("crashed")

    world.requests.before = crash
    with pytest.raises(StoreUnavailableError):
        desk.suppress(claim, Ground.PUBLISHER, time_left=lambda: world.time_left)
    world.requests.before = lambda *_: None
    (case,) = world.takedowns().cases.ids()

    hour = world.takedowns().hour(time_left=lambda: world.time_left)

    assert hour.problems == []
    loaded = world.takedowns().cases.load(case)
    assert loaded is not None
    assert loaded.state is State.REMOVED
