"""The publisher's mark in the feed itself: what bears it is taken down, and back without it."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import pytest

from feedmirror.jobs.findings import Reason
from feedmirror.ports.object_store import Content
from loopback import Answer
from memory_world import CrashError, MemoryWorld, crash
from walks import STRIDE, walk
from world import SITE, Documents, Handed, entry, rss

MARK = "<category>NoFeedMirror</category>"
HOST = "news.example.com"


@pytest.fixture
def world(documents: Documents) -> Iterator[MemoryWorld]:
    documents.by_path.clear()
    made = MemoryWorld(documents)
    made.serve(rss(entry(1), entry(2)))
    made.run()
    assert titles(made) == ["Entry 1", "Entry 2"]
    yield made
    documents.by_path.clear()


def titles(world: MemoryWorld) -> list[str]:
    return [item.title for item in world.items()]


def run(world: MemoryWorld, hours: float = 25) -> int:
    """Run the mirror later and have done what it hands on; return how much that was."""
    world.later(hours)
    world.run()
    tasks = list(world.handed.tasks)
    world.handed.tasks.clear()
    for task in tasks:
        assert task["reason"] == Reason.SWITCH or not task["on"]
        world.takedowns().do(task, time_left=lambda: world.time_left)
    return len(tasks)


def marked(number: int) -> str:
    return entry(number, more=f"<dc:creator>Ann</dc:creator>{MARK}")


def test_a_feed_that_bears_the_mark_is_taken_down_and_comes_back_without_it(
    world: MemoryWorld,
) -> None:
    url = world.serve(rss(entry(1), entry(2), entry(3), extra=MARK))
    assert run(world) == 1
    assert titles(world) == []
    error = world.jobs().shard.states.objects.read(0)[0].feeds[url].error
    assert error.startswith("the feed bears the publisher's mark")
    before = len(world.publisher.seen)
    for _ in range(4):  # it is looked at daily, told once, and nothing comes back
        assert run(world, hours=12) == 0
    assert (len(world.publisher.seen) - before, titles(world)) == (2, [])

    world.serve(rss(entry(1), entry(2), entry(3)))
    assert run(world) == 1
    run(world)

    assert titles(world) == ["Entry 1", "Entry 2", "Entry 3"]


def test_an_error_or_a_damaged_document_brings_nothing_back(world: MemoryWorld) -> None:
    world.serve(rss(entry(1), extra=MARK))
    run(world)
    whole = rss(entry(1), entry(2)).encode()

    for answer in (Answer(500), Answer(body=b"<html>"), Answer(body=whole[:-60]), Answer(404)):
        world.documents["/feed"] = answer
        assert run(world, hours=24 * 8) == 0

    assert titles(world) == []


def test_a_feed_that_bears_the_mark_from_the_first_is_never_stored(world: MemoryWorld) -> None:
    world.serve(rss(entry(9), extra=MARK), "/new", site="https://other.example.net")

    run(world)

    assert titles(world) == ["Entry 1", "Entry 2"]


def test_an_entry_that_bears_the_mark_goes_alone_and_comes_back_alone(
    world: MemoryWorld,
) -> None:
    world.serve(rss(marked(1), entry(2), marked(3)))
    assert run(world) == 1
    assert titles(world) == ["Entry 2"]
    assert run(world) == 0

    world.serve(rss(entry(1), entry(2), marked(3)))
    assert run(world) == 1
    run(world)

    assert titles(world) == ["Entry 1", "Entry 2"]


def test_what_could_not_be_handed_on_is_found_again(world: MemoryWorld) -> None:
    world.serve(rss(entry(1), marked(2)))
    world.handed.full = True
    run(world)
    assert titles(world) == ["Entry 1", "Entry 2"]
    world.handed.full = False

    assert run(world, hours=2) == 1

    assert titles(world) == ["Entry 1"]


@pytest.mark.parametrize("of_host", [True, False])
def test_a_mark_that_went_while_the_state_was_lost_ends_as_well(
    world: MemoryWorld,
    of_host: bool,  # noqa: FBT001 -- a parameter of the test
) -> None:
    if of_host:
        world.feeds = [replace(world.feeds[0], site=f"http://{world.publisher.address}/")]
        run(world)
        world.documents["/robots.txt"] = Answer(body=b"User-agent: feedmirror\nDisallow: /\n")
    else:
        world.serve(rss(entry(1), extra=MARK))
    run(world)
    gone = titles(world)
    world.documents.pop("/robots.txt", None)
    world.serve(rss(entry(1), entry(2)))
    for found in list(world.stores.archive.list("state/")):
        lost = Content(b"lost", "application/json")
        world.stores.archive.put(found.key, lost, replaces=found.etag)

    assert run(world)
    run(world)

    assert titles(world) == sorted([*gone, "Entry 1", "Entry 2"])


def test_the_feeds_mark_holds_on_when_the_one_in_robots_txt_goes(world: MemoryWorld) -> None:
    world.serve(rss(entry(1), entry(2), extra=MARK))
    run(world)
    world.documents["/robots.txt"] = Answer(body=b"User-agent: feedmirror\nDisallow: /feed\n")
    run(world)
    del world.documents["/robots.txt"]

    for _ in range(3):
        run(world)
        assert titles(world) == []


@pytest.mark.parametrize("of_feed", [True, False])
@pytest.mark.parametrize("path", ["/", "/feed"])
def test_both_marks_end_where_they_go_together(
    world: MemoryWorld,
    path: str,
    of_feed: bool,  # noqa: FBT001 -- a parameter of the test
) -> None:
    world.feeds = [replace(world.feeds[0], site=f"http://{world.publisher.address}/")]
    run(world)
    world.serve(rss(entry(1), entry(2), extra=MARK) if of_feed else rss(marked(1), entry(2)))
    run(world)
    world.documents["/robots.txt"] = Answer(
        body=f"User-agent: feedmirror\nDisallow: {path}".encode()
    )
    run(world)
    del world.documents["/robots.txt"]

    world.serve(rss(entry(1), entry(2)))
    run(world)
    run(world)

    own = [each.title for each in world.items() if each.host == world.publisher.address]
    assert own == ["Entry 1", "Entry 2"]


@dataclass(kw_only=True)
class Inline(Handed):
    """A work queue of no length, as on one machine: what is handed on is done within the run."""

    world: MemoryWorld

    def send(self, task: Mapping[str, Any]) -> None:
        super().send(task)
        self.world.takedowns().do(task, time_left=lambda: self.world.time_left)


def test_without_a_queue_it_is_done_within_the_run(world: MemoryWorld) -> None:
    world.handed = Inline(world=world)
    world.serve(rss(marked(1), entry(2, text="edited"), entry(3)))
    world.serve(rss(entry(4), extra=MARK), "/second")
    world.later()

    report = world.run()

    assert (report.findings, report.created, report.updated) == (2, 1, 1)
    assert titles(world) == ["Entry 2", "Entry 3"]
    front = world.pages()["index.html"]
    assert [number for number in "1234" if f"Entry {number}<" in front] == ["2", "3"]
    world.later(25)
    assert world.run().findings == 0


def test_a_run_that_dies_behind_a_withdrawal_ends_in_the_same_place(world: MemoryWorld) -> None:
    world.handed = Inline(world=world)
    world.serve(rss(marked(1), entry(2), entry(3)))
    world.later()
    undisturbed = world.copy()
    undisturbed.handed = Inline(world=undisturbed)
    undisturbed.watch()
    undisturbed.run()
    calls = len(undisturbed.requests.asked)
    assert titles(undisturbed) == ["Entry 2", "Entry 3"]

    for call in walk(calls, stride=STRIDE * 2):
        disturbed = world.copy()
        disturbed.handed = Inline(world=disturbed)
        disturbed.disturb(call, crash, when="before")
        with suppress(CrashError):
            disturbed.run()
        disturbed.calm()
        disturbed.later(2)
        disturbed.run()
        assert titles(disturbed) == ["Entry 2", "Entry 3"], call
        assert len(list(disturbed.stores.ledger.list("suppressions/"))) == 1, call


def atom(feed: str, item: str) -> str:
    return (
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>News</title>'
        f"{feed}<id>urn:x</id><entry><id>urn:a</id><title>Entry A</title>{item}"
        f'<link href="{SITE}/a"/><updated>2026-11-01T00:00:00Z</updated></entry></feed>'
    )


def json_feed(feed: str, item: str) -> str:
    fields: dict[str, object] = {"version": "https://jsonfeed.org/version/1.1", "title": "News"}
    entry_fields = {"id": "a", "url": f"{SITE}/a", "title": "Entry A", **json.loads(item or "{}")}
    return json.dumps({**fields, **json.loads(feed or "{}"), "items": [entry_fields]})


ATOM_MARK = '<category term="nofeedmirror"/>'
JSON_MARK = '{"_feedmirror": {"mirror": false}}'


@pytest.mark.parametrize(("form", "mark"), [(atom, ATOM_MARK), (json_feed, JSON_MARK)])
@pytest.mark.parametrize("of_feed", [True, False])
def test_the_mark_is_read_in_atom_and_json_feed_as_well(
    world: MemoryWorld,
    form: Callable[[str, str], str],
    mark: str,
    of_feed: bool,  # noqa: FBT001 -- a parameter of the test
) -> None:
    world.serve(form("", ""), "/other")
    run(world)
    assert "Entry A" in titles(world)

    world.serve(form(mark, "") if of_feed else form("", mark), "/other")
    run(world)

    assert titles(world) == ["Entry 1", "Entry 2"]


@pytest.mark.parametrize(
    "other",
    ["<category>feedmirror</category>", '<x:category xmlns:x="urn:x">nofeedmirror</x:category>'],
)
def test_what_only_looks_like_the_mark_is_none(world: MemoryWorld, other: str) -> None:
    world.serve(rss(entry(1), entry(2), extra=other))

    assert run(world) == 0
