"""What publishers delete upstream, found by whole runs of the mirror at loopback publishers."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from feedmirror.configuration import Vanished
from feedmirror.suppression import Ground, RuleId, Scope, Suppression, item_key
from loopback import Answer
from memory_world import CrashError, MemoryWorld, crash
from world import START, Documents, entry, rss

TOMBSTONES = "xmlns:at='http://purl.org/atompub/tombstones/1.0'"
HISTORY = "xmlns:fh='http://purl.org/syndication/history/1.0'"


@pytest.fixture
def world() -> Iterator[MemoryWorld]:
    with Documents() as documents:
        yield MemoryWorld(documents)


def on(day: int, **fields: str) -> str:
    """Return an entry of a day of November."""
    return entry(day, more=f"<pubDate>{day:02} Nov 2026 08:00:00 GMT</pubDate>", **fields)


def days(*numbers: int, extra: str = "") -> str:
    return rss(*map(on, sorted(numbers, reverse=True)), extra=extra)


def deleted(day: int, *, since: int) -> str:
    when = f"2026-11-{since:02}T12:00:00Z"
    return f"<at:deleted-entry {TOMBSTONES} ref='g{day}' when='{when}'/>"


def handed(world: MemoryWorld) -> list[tuple[str, bool, int]]:
    """Take what was handed on: why, whether on, and how many items."""
    tasks, world.handed.tasks = world.handed.tasks, []
    assert all(task["host"] == "news.example.com" for task in tasks)
    return [(task["reason"], task["on"], len(task["items"])) for task in tasks]


def poll(world: MemoryWorld, document: str | None = None) -> list[tuple[str, bool, int]]:
    if document is not None:
        world.serve(document)
    world.later()
    world.run()
    return handed(world)


def id_of(world: MemoryWorld, day: int) -> str:
    return next(item.id for item in world.items() if item.title == f"Entry {day}")


def test_u1_a_deletion_is_handed_on_at_once_with_its_item(world: MemoryWorld) -> None:
    poll(world, days(1, 2, 3))
    item = id_of(world, 2)
    world.serve(days(1, 3, extra=deleted(2, since=4)))
    world.later()

    report = world.run()

    (task,) = world.handed.tasks
    assert task == {
        "kind": "withdrawal",
        "reason": "deleted",
        "host": "news.example.com",
        "feed": world.feeds[0].url,
        "items": [item],
        "on": True,
        "words": "the feed says that they are deleted (at:deleted-entry)",
        "seen": world.now.isoformat(),
    }
    assert report.findings == 1
    assert handed(world) == [("deleted", True, 1)]
    assert poll(world) == []


def test_u1_a_deletion_of_what_the_feed_had_long_left_out_is_found_in_the_archive(
    world: MemoryWorld,
) -> None:
    linked = "https://news.example.com/old"
    poll(world, rss(on(1, guid=linked, link=linked), on(2)))
    poll(world, days(2, 3))
    gone, item = deleted(1, since=20).replace("'g1'", f"'{linked}'"), id_of(world, 1)

    assert poll(world, days(3, 4, extra=gone + deleted(7, since=20))) == [("deleted", True, 1)]
    asked = world.watch().asked
    assert poll(world, days(3, 4, 5, extra=gone + deleted(7, since=20))) == []
    assert not [key for _, key in asked if item in key]


def test_u1_a_feed_deletes_nothing_that_another_feed_of_its_host_has_brought(
    world: MemoryWorld,
) -> None:
    linked = "https://news.example.com/old"
    world.serve(rss(entry(1, guid=linked, link=linked)), "/other")
    poll(world, days(2, 3))

    gone = deleted(1, since=20).replace("'g1'", f"'{linked}'")
    assert poll(world, days(2, 3, extra=gone)) == []


def test_u1_what_is_deleted_is_not_stored_by_the_poll_that_says_so_nor_later(
    world: MemoryWorld,
) -> None:
    poll(world, days(1, 3))
    world.handed.tasks.clear()

    assert poll(world, days(1, 2, 3, extra=deleted(2, since=5))) == [("deleted", True, 1)]
    assert poll(world, days(1, 2, 3, 4, extra=deleted(2, since=5))) == []
    assert [item.title for item in world.items()] == ["Entry 1", "Entry 3", "Entry 4"]


def carried_out(world: MemoryWorld) -> None:
    """Have the takedown function do what it was handed."""
    tasks, world.handed.tasks = world.handed.tasks, []
    for task in tasks:
        world.takedowns().do(task, time_left=lambda: world.time_left)


def test_u2_what_vanishes_is_taken_down_and_back_once_it_is_listed_again(
    world: MemoryWorld,
) -> None:
    whole, lacking = days(*range(1, 11)), days(*range(1, 11)).replace(on(5), "")
    polls = [whole, lacking, None, None, whole, None]
    shown = []
    for document in polls:
        if document:
            world.serve(document)
        world.later()
        assert world.run().lost == 0
        carried_out(world)
        shown.append("Entry 5" in {item.title for item in world.items()})

    assert shown == [True, True, False, False, True, True]
    (stored,) = [item for item in world.items() if item.title == "Entry 5"]
    assert stored.first_seen == START + timedelta(hours=2)


def test_u1_what_is_deleted_is_taken_down_and_back_in_a_version_since_then(
    world: MemoryWorld,
) -> None:
    newer = on(2).replace("02 Nov", "21 Nov")
    gone = days(1, 3, extra=deleted(2, since=20))
    shown = []
    for document in (days(1, 2, 3), gone, days(1, 2, 3), rss(newer, on(3), on(1)), None):
        if document:
            world.serve(document)
        world.later()
        world.run()
        carried_out(world)
        shown.append(any(item.title == "Entry 2" for item in world.items()))

    assert shown == [True, False, False, True, True]
    pages = [page for key, page in world.pages().items() if key.endswith("feed.xml")]
    assert not [page for page in pages if "at:deleted-entry ref" in page]


def test_u1_a_mails_rule_outlives_the_deletion(world: MemoryWorld) -> None:
    poll(world, days(1, 2, 3))
    item = id_of(world, 2)
    rule = Suppression(
        id=RuleId("rulerulerule"),
        scope=Scope.ITEM,
        host="news.example.com",
        keys=frozenset({item_key("news.example.com", item)}),
        ground=Ground.PUBLISHER,
        case="casecasecasecase",
        when=START,
    )
    world.serve(days(1, 3, extra=deleted(2, since=4)))
    world.later()
    world.run()
    world.suppress(rule)
    carried_out(world)
    newer = on(2).replace("Nov 2026", "Dec 2026")
    for _ in range(3):
        world.serve(rss(newer, on(3), on(1)))
        world.later()
        world.run()
        carried_out(world)

    assert [each.title for each in world.items()] == ["Entry 1", "Entry 3"]


def test_u2_nothing_is_forgotten_where_it_cannot_be_handed_on(world: MemoryWorld) -> None:
    poll(world, days(*range(1, 11)))
    poll(world, days(*range(1, 11)).replace(on(5), ""))
    world.handed.full = True
    world.later()

    report = world.run()

    assert report.findings == 0
    assert any("not handed on" in what for _, what in report.problems)
    world.handed.full = False
    assert poll(world) == [("vanished", True, 1)]
    assert poll(world) == []


def test_u3_a_redirected_feed_and_one_that_is_kept_by_its_operator_infer_nothing(
    world: MemoryWorld,
) -> None:
    url = world.serve(days(*range(1, 11)))
    world.run()
    world.documents["/elsewhere"] = Answer(body=days(*range(1, 11)).replace(on(5), "").encode())
    world.documents["/feed"] = Answer(302, headers=(("Location", "/elsewhere"),))

    assert [poll(world), poll(world), poll(world)] == [[], [], []]

    world.feeds = [replace(world.feeds[0], url=url, vanished=Vanished.KEEP)]
    assert poll(world, days(*range(1, 12))) == []
    assert poll(world, days(*range(1, 12)).replace(on(6), "")) == []
    assert poll(world) == []


@pytest.mark.parametrize(
    "answer",
    [
        Answer(body=b"<!DOCTYPE html><html><title>Maintenance</title></html>"),
        Answer(body=b""),
        Answer(503),
        Answer(body=rss().encode()),
        Answer(body=days(*range(1, 11)).replace(on(5), "").encode()[:-30]),
    ],
    ids=["HTML", "empty", "503", "no entries", "cut off"],
)
def test_u3_no_fallback_of_a_server_removes_anything(world: MemoryWorld, answer: Answer) -> None:
    poll(world, days(*range(1, 11)))
    world.documents["/feed"] = answer

    assert [poll(world), poll(world), poll(world)] == [[], [], []]
    assert poll(world, days(*range(1, 11))) == []


def test_u3_a_paged_feed_infers_nothing(world: MemoryWorld) -> None:
    page = "<atom:link rel='next' href='/feed?page=2'/>"
    poll(world, days(*range(1, 11), extra=page))

    assert poll(world, days(*range(1, 11), extra=page).replace(on(5), "")) == []
    assert poll(world) == []


def test_u4_what_a_complete_feed_leaves_out_is_gone_unless_another_feed_lists_it(
    world: MemoryWorld,
) -> None:
    complete = f"<fh:complete {HISTORY}/>"
    world.serve(days(3), "/other")
    poll(world, days(1, 2, 3, extra=complete))

    assert poll(world, days(1, extra=complete)) == []
    assert poll(world) == [("unlisted", True, 1)]
    assert poll(world, days(1, 2, extra=complete)) == [("unlisted", False, 1)]


def test_an_unchanged_feed_with_something_withdrawn_is_written_once_a_run(
    world: MemoryWorld,
) -> None:
    poll(world, days(1, 2, 3))
    poll(world, days(1, 3, extra=deleted(2, since=4)))
    requests = world.watch()

    poll(world)

    assert [key for key in requests.done if key.startswith("state/")] == ["state/0.json"]


def test_what_was_handed_on_before_a_crash_is_handed_on_again(world: MemoryWorld) -> None:
    poll(world, days(*range(1, 11)))
    poll(world, days(*range(1, 11)).replace(on(5), ""))
    states: list[str] = []

    def before(method: str, key: str) -> None:
        states.extend([key] if method == "put" and key.startswith("state/") else [])
        if len(states) == 2:
            crash(method, key)

    world.requests.before = before
    world.later()
    with pytest.raises(CrashError):
        world.run()
    world.calm()

    assert handed(world) == [("vanished", True, 1)]
    assert poll(world) == [("vanished", True, 1)]
    assert poll(world) == []
