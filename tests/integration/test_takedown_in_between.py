"""A takedown that runs from end to end between two calls of whoever puts what is there already.

Where a record stays as it is, it has no put that could lose its condition. The takedown here
reaches the item by a claim that its record does not tell in words: the host of its guid.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from feedmirror.configuration import Ended
from feedmirror.layout import LISTING_FILES
from feedmirror.takedowns.casework.cases import State
from keeping import readable
from memory_world import MemoryWorld
from walks import walk
from world import SITE, Documents, entry, rss

CANARY = "canary-words"
HOST = "news.example.com"
OLD = "old.example.net"
Job = Callable[[MemoryWorld], object]


@pytest.fixture
def world(documents: Documents) -> MemoryWorld:
    world = MemoryWorld(documents)
    world.serve(rss(entry(1, title=CANARY, guid=f"https://{OLD}/story"), entry(2)))
    world.run()
    return world


def take_down(world: MemoryWorld) -> None:
    """Have the host of the guid asked for, and the challenge answered."""
    sender = f"webmaster@{OLD}"
    case = world.write(f"Please remove our whole site {OLD}, now and in the future.", sender=sender)
    (reply,) = world.sent()[-1]["Reply-To"].addresses
    world.write("Yes, that was me.", sender=sender, to=reply.addr_spec)
    assert world.case(case).state is State.REMOVED


def another_look_at_links(world: MemoryWorld) -> Job:
    world.feeds[0] = replace(world.feeds[0], ended=Ended.LINKS, max_age=timedelta(days=1000))
    world.later(25)
    world.run()
    world.later(25)
    return MemoryWorld.run


def a_look_that_has_found_links_in_part(world: MemoryWorld) -> Job:
    """The first look died behind its records and pages."""
    world.feeds[0] = replace(world.feeds[0], ended=Ended.LINKS)
    world.later(25)
    whole = world.copy()
    whole.run()
    for key, item in world.all(whole.stores.archive, "items/").items():
        found = world.stores.archive.get(key)
        assert found is not None
        world.stores.archive.put(key, replace(found.content, body=item), replaces=found.etag)
    return MemoryWorld.run


def a_restore_that_is_done_again(world: MemoryWorld) -> Job:
    case = world.write(f"Please take down {SITE}/1 now and in the future.")
    world.takedowns().restore(world.case(case))
    return lambda other: other.takedowns().restore(other.case(case))


@pytest.mark.parametrize("folder", ["", f"{HOST}/", f"{HOST}/2026-11/"])
def test_a_listing_that_shows_what_is_taken_down_is_found_within_the_hour(
    world: MemoryWorld, folder: str
) -> None:
    before = world.copy()
    take_down(world)
    for name in LISTING_FILES:
        shown, gone = before.stores.site.get(folder + name), world.stores.site.head(folder + name)
        assert shown is not None
        assert gone is not None
        world.stores.site.put(folder + name, shown.content, replaces=gone.etag)
    assert readable(world, CANARY)

    repaired = world.takedowns().hour(time_left=lambda: world.time_left).repaired
    assert repaired == 1
    assert readable(world, CANARY) == []
    world.later()
    assert world.takedowns().hour(time_left=lambda: world.time_left).repaired == 0


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    "job",
    [
        another_look_at_links,
        a_look_that_has_found_links_in_part,
        a_restore_that_is_done_again,
    ],
)
def test_what_is_taken_down_meanwhile_is_not_put_back(
    world: MemoryWorld, job: Callable[[MemoryWorld], Job], when: str
) -> None:
    run = job(world)
    assert readable(world, CANARY)
    undisturbed = world.copy()
    undisturbed.watch()
    run(undisturbed)
    for call in walk(len(undisturbed.requests.asked), when):
        other = world.copy()
        ran: list[str] = []

        def happens(_: str, key: str, other: MemoryWorld = other, ran: list[str] = ran) -> None:
            ran.append(key)
            take_down(other)

        other.disturb(call, happens, when=when)
        run(other)
        other.calm()
        if ran:  # nothing comes after a put that loses its condition
            assert readable(other, CANARY) == [], (call, undisturbed.requests.asked[call - 1])
