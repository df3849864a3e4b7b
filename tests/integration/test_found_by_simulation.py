"""What random schedules of the fault simulator have found, each by itself."""

from collections.abc import Callable
from contextlib import suppress

import pytest

from feedmirror.takedowns.casework.cases import Case, State
from memory_world import CrashError, MemoryWorld, crash
from takedown_world import TakedownWorld
from world import SITE, Documents, entry, rss

CANARY = "kanarie"
STRANGER = "legal@rival-legal.example"
PLANET = "https://planet.example.net"


def readable(world: TakedownWorld) -> list[str]:
    """Return the keys of archive and site under which the canary can be read."""
    return [
        key
        for store in (world.stores.archive, world.stores.site)
        for key, body in world.all(store, "").items()
        if CANARY.encode() in body
    ]


def mirror(world: TakedownWorld) -> None:
    world.later()
    world.run()


@pytest.fixture
def world(documents: Documents) -> MemoryWorld:
    return MemoryWorld(documents)


def refused_while_its_answer_leaves(world: MemoryWorld, *, at: Callable[[str, str], bool]) -> Case:
    """Return a stranger's case: as its answer leaves an operator refuses it, and dies at a call."""

    def refuse_and_die(method: str, _: str) -> None:
        if method != "send":
            return
        world.calm()
        (case,) = world.takedowns().cases.ids()
        known = world.takedowns().cases.load(case)
        assert known is not None
        world.requests.before = lambda what, key: crash(what, key) if at(what, key) else None
        with suppress(CrashError):
            world.takedowns().refuse(known)
        world.calm()

    world.requests.before = refuse_and_die
    case = world.write(f"Please take down {SITE}/1", sender=STRANGER)
    assert world.case(case).state is State.REFUSED
    return case


def test_what_was_refused_while_its_answer_left_comes_back_also_if_the_operator_died(
    world: MemoryWorld,
) -> None:
    """Whoever writes the answer closes no case that somebody else has ended and not undone."""
    world.serve(rss(entry(1, title=CANARY)))
    world.run()

    refused_while_its_answer_leaves(
        world, at=lambda what, key: what == "put" and key.startswith("lifts/")
    )
    assert readable(world) == []

    world.takedowns().hour(time_left=lambda: world.time_left)
    mirror(world)

    assert "feed.json" in readable(world)


def test_who_was_refused_while_an_answer_left_is_told_also_if_the_operator_died(
    world: MemoryWorld,
) -> None:
    """Whoever writes the answer closes no case of which another's mails are still to be sent."""
    world.serve(rss(entry(1)))
    world.run()

    case = refused_while_its_answer_leaves(world, at=lambda what, _: what == "send")
    told = len(world.sent())

    world.takedowns().hour(time_left=lambda: world.time_left)

    assert len(world.sent()) > told
    before = world.case(case)
    world.takedowns().hour(time_left=lambda: world.time_left)
    assert world.case(case) == before  # now it is closed


def test_what_a_person_approved_stays_away_whichever_feed_brings_it(world: MemoryWorld) -> None:
    """Also where only another site's copy of it was held when somebody asked."""
    world.serve(rss(entry(1, title=CANARY)), "/planet", site=PLANET)
    world.run()
    case = world.write(f"Please take down {SITE}/1", sender=STRANGER)
    assert case.state is State.MASKED
    world.takedowns().approve(case, time_left=lambda: world.time_left)
    assert world.case(case).state is State.REMOVED
    assert readable(world) == []

    world.serve(rss(entry(1, title=CANARY)), "/own")
    mirror(world)

    assert readable(world) == []
