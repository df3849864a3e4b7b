"""What publishers take back and offer again, from their feeds to the site and back (issue 6)."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from feedmirror.ports.object_store import Content
from feedmirror.records import Tombstone
from feedmirror.suppression import Ground
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


@pytest.mark.parametrize("against", [DENY, MARK])
def test_a_mark_ends_also_where_the_feed_has_another_address_by_then(
    world: MemoryWorld, against: str
) -> None:
    poll(world, days(1, 2))
    assert poll(world, days(1, 2, extra=against)) == []
    world.documents["/new"] = Answer(body=days(1, 2, extra=against).encode())
    world.feeds = [replace(world.feeds[0], url=world.publisher.url("/new"))]
    assert poll(world) == []

    world.documents["/new"] = Answer(body=days(1, 2).encode())
    poll(world)

    assert poll(world) == ["Entry 1", "Entry 2"]


TEXT = " ".join(f"word{number}" for number in range(200))
RESERVED = "<copyright>All rights reserved</copyright>"


def long(*days_of: int, extra: str = "") -> str:
    return rss(*(on(day, text=TEXT) for day in days_of), extra=extra)


def whole(world: MemoryWorld) -> list[str]:
    """Return all of the archive and the site that has a text in full."""
    records = [item.title for item in world.items() if "word199" in item.content_html]
    return [*records, *(key for key, page in world.pages().items() if "word199" in page)]


@pytest.mark.parametrize("against", [DENY, MARK])
def test_what_terms_take_back_is_gone_and_comes_back_as_far_as_they_then_permit(
    world: MemoryWorld, against: str
) -> None:
    assert poll(world, long(2, 1)) == ["Entry 1", "Entry 2"]
    first_seen = {item.title: item.first_seen for item in world.items()}

    assert poll(world, long(3, 2, extra=against)) == []
    stones = [each for each in world.records().values() if isinstance(each, Tombstone)]
    assert [stone.ground for stone in stones] == [Ground.PUBLISHER] * 2
    assert whole(world) == []
    assert not [key for key, page in world.pages().items() if "Entry" in page]
    assert poll(world) == []

    poll(world, long(3, 2, extra=RESERVED))
    world.later(0.25)  # the next run of the schedule, in which the feed is not due
    asked = len(world.publisher.seen)
    world.run(at_once=False)
    assert (whole(world), len(world.publisher.seen)) == ([], asked)

    # The first is listed no more, and the third was never stored before.
    assert poll(world) == ["Entry 1", "Entry 2", "Entry 3"]
    assert whole(world) == []
    assert {item.terms.shown for item in world.items() if item.terms} == {"excerpt"}
    assert {item.title: item.first_seen for item in world.items()[:2]} == first_seen
    assert len(world.all(world.stores.ledger, "lifts/")) == 1

    assert poll(world, long(3, 2)) == ["Entry 1", "Entry 2", "Entry 3"]
    poll(world)
    assert {item.title for item in world.items() if "word199" in item.content_html} == {
        "Entry 2",
        "Entry 3",
    }
