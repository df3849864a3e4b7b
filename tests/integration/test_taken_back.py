"""What publishers take back and offer again, from their feeds to the site and back (issue 6)."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from feedmirror.ports.object_store import Content
from loopback import Answer
from memory_world import MemoryWorld
from world import Documents, entry, rss

MARK = "<category>nofeedmirror</category>"
DENY = (
    '<access:restriction xmlns:access="http://www.bloglines.com/about/specs/fac-1.0"'
    ' relationship="deny"/>'
)
SWITCH = b"User-agent: feedmirror\nDisallow: /\n"


@pytest.fixture
def world() -> Iterator[MemoryWorld]:
    with Documents() as documents:
        yield MemoryWorld(documents)


def on(day: int, *, more: str = "", **fields: str) -> str:
    dated = f"<pubDate>{day:02} Nov 2026 08:00:00 GMT</pubDate>{more}"
    return entry(day, more=dated, **fields)


def days(*numbers: int, extra: str = "") -> str:
    return rss(*map(on, sorted(numbers, reverse=True)), extra=extra)


def poll(world: MemoryWorld, document: str | None = None) -> list[str]:
    """Poll a day later, and have done what is handed on; return what is then shown."""
    if document is not None:
        world.serve(document)
    world.later(25)
    world.run()
    tasks, world.handed.tasks = world.handed.tasks, []
    for task in tasks:
        world.takedowns().do(task, time_left=lambda: world.time_left)
    return titles(world)


def titles(world: MemoryWorld) -> list[str]:
    return [item.title for item in world.items()]


def lose_the_state(world: MemoryWorld) -> None:
    archive = world.stores.archive
    for found in list(archive.list("state/")):
        archive.put(found.key, Content(b"lost", "application/json"), replaces=found.etag)


WHOLE = days(*range(1, 11))
TAKEN_BACK = {
    "an entry's terms": WHOLE.replace(on(5), on(5, more=DENY)),
    "an entry's mark": WHOLE.replace(on(5), on(5, more=MARK)),
    "the feed's terms": days(*range(1, 11), extra=DENY),
    "the feed's mark": days(*range(1, 11), extra=MARK),
    "left out": WHOLE.replace(on(5), ""),
}


@pytest.mark.parametrize("without", TAKEN_BACK.values(), ids=TAKEN_BACK)
def test_what_is_offered_again_comes_back_also_where_the_state_was_lost(
    world: MemoryWorld, without: str
) -> None:
    poll(world, WHOLE)
    poll(world, without)
    assert "Entry 5" not in poll(world)
    lose_the_state(world)

    poll(world, WHOLE.replace(on(5), ""))
    world.handed.full = True
    poll(world, WHOLE[:-30])  # broken off: it tells nothing
    poll(world, WHOLE)
    world.handed.full = False
    poll(world)

    assert len(poll(world)) == 10


def test_no_other_host_ends_what_a_hosts_own_robots_txt_takes_back(world: MemoryWorld) -> None:
    with Documents("127.0.0.3") as third:
        world.serve(days(1, 2), site=f"http://{world.publisher.address}/")
        poll(world)
        world.documents["/robots.txt"] = Answer(body=SWITCH)
        assert poll(world) == []
        third.by_path["/copy"] = Answer(body=days(1, 2).encode())

        world.feeds = [replace(world.feeds[0], url=third.publisher.url("/copy"))]

        assert (poll(world), poll(world)) == ([], [])
