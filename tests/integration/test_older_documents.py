"""Archives and further pages of feeds, read by whole runs of the mirror (RFC 5005)."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from loopback import Answer
from memory_world import MemoryWorld
from world import Documents, entry, rss


@pytest.fixture
def world() -> Iterator[MemoryWorld]:
    """A feed of two pages before its first: entries 6 and 5, 4 and 3, 2 and 1."""
    with Documents() as documents:
        world = MemoryWorld(documents)
        world.serve(page(6, 5, older="/feed?page=2"))
        world.documents["/feed?page=2"] = answer(page(4, 3, older="/feed?page=3"))
        world.documents["/feed?page=3"] = answer(page(2, 1))
        yield world


def on(day: int, **fields: str) -> str:
    return entry(day, more=f"<pubDate>{day:02} Nov 2026 08:00:00 GMT</pubDate>", **fields)


def page(*numbers: int, older: str = "", rel: str = "next") -> str:
    link = f"<atom:link rel='{rel}' href='{older}'/>" if older else ""
    return rss(*map(on, numbers), extra=link)


def answer(document: str) -> Answer:
    return Answer(body=document.encode())


def hourly(world: MemoryWorld, hours: int) -> None:
    for _ in range(hours):
        world.run(at_once=False)
        world.later(1)


def titles(world: MemoryWorld) -> list[str]:
    return [item.title for item in world.items()]


def asked(world: MemoryWorld) -> list[str]:
    return [seen.target for seen in world.publisher.seen]


def test_older_pages_are_read_once_one_an_hour_and_in_turn(world: MemoryWorld) -> None:
    hourly(world, 2)
    assert titles(world) == [f"Entry {n}" for n in (3, 4, 5, 6)]

    hourly(world, 6)

    assert titles(world) == [f"Entry {n}" for n in range(1, 7)]
    pages = [target for target in asked(world) if "page" in target]
    assert pages == ["/feed?page=2", "/feed?page=3"]
    assert world.publisher.most_at_once == 1


@pytest.mark.parametrize(("wanted", "count"), [(0, 2), (1, 4)])
def test_no_more_of_them_are_read_than_the_operator_wants(
    world: MemoryWorld, wanted: int, count: int
) -> None:
    world.feeds = [replace(world.feeds[0], backfill=wanted)]

    hourly(world, 5)

    assert len(world.items()) == count


def test_a_larger_number_begins_anew_and_doubles_nothing(world: MemoryWorld) -> None:
    world.feeds = [replace(world.feeds[0], backfill=1)]
    hourly(world, 4)
    first = world.all(world.stores.archive, "items/")

    world.feeds = [replace(world.feeds[0], backfill=9)]
    hourly(world, 4)

    stored = world.all(world.stores.archive, "items/")
    assert titles(world) == [f"Entry {n}" for n in range(1, 7)]
    assert {key: stored[key] for key in first} == first


def test_an_older_document_changes_nothing_removes_nothing_and_ends_nothing(
    world: MemoryWorld,
) -> None:
    gone = (
        "<at:deleted-entry xmlns:at='http://purl.org/atompub/tombstones/1.0' ref='g6'"
        " when='2026-11-20T00:00:00Z'/><fh:complete"
        " xmlns:fh='http://purl.org/syndication/history/1.0'/>"
    )
    old = rss(on(5, text="An older version."), on(3), extra=gone)
    world.documents["/feed?page=2"] = answer(old)
    before = world.feeds[0].url

    hourly(world, 5)

    (five,) = [item for item in world.items() if item.title == "Entry 5"]
    assert "older version" not in five.content_html
    assert titles(world) == ["Entry 3", "Entry 5", "Entry 6"]
    assert world.handed.tasks == []
    assert [feed.url for feed in world.feeds] == [before]


def test_the_entries_of_now_stay_in_memory_and_an_unchanged_feed_stays_unchanged(
    world: MemoryWorld,
) -> None:
    hourly(world, 6)
    world.run()  # and the host's page tells that the archive is read
    requests = world.watch()
    world.later()

    report = world.run()

    assert (report.unchanged, report.created) == (1, 0)
    assert [key for key in requests.done if not key.startswith("state/")] == []
    assert len([key for key in requests.done if key.startswith("state/")]) == 1


def test_what_lies_beyond_the_bounds_is_not_stored_and_nothing_older_is_asked_for(
    world: MemoryWorld,
) -> None:
    world.feeds = [replace(world.feeds[0], max_age=timedelta(days=18))]

    hourly(world, 6)

    assert titles(world) == ["Entry 5", "Entry 6"]
    assert "/feed?page=3" not in asked(world)


@pytest.mark.parametrize(
    "broken",
    [
        Answer(500),
        Answer(body=b"<!DOCTYPE html><html></html>"),
        Answer(302, headers=(("Location", "http://127.0.0.9:9/feed"),)),
    ],
    ids=["500", "HTML", "elsewhere"],
)
def test_a_document_that_cannot_be_read_is_given_up_and_costs_the_feed_nothing(
    world: MemoryWorld, broken: Answer
) -> None:
    world.documents["/feed?page=2"] = broken

    hourly(world, 8)

    assert titles(world) == ["Entry 5", "Entry 6"]
    assert 1 <= asked(world).count("/feed?page=2") <= 3
    assert world.run().failures == ()


def test_an_archive_is_read_backwards_and_json_feeds_name_their_next_page(
    world: MemoryWorld,
) -> None:
    world.serve(page(6, 5, older="/2026-10", rel="prev-archive"))
    world.documents["/2026-10"] = answer(page(4, older="/2026-09", rel="prev-archive"))
    world.documents["/2026-09"] = answer(
        '{"version": "https://jsonfeed.org/version/1.1", "title": "T", "next_url": "/2026-08",'
        ' "items": [{"id": "x", "title": "Entry J", "content_text": "T"}]}'
    )
    world.documents["/2026-08"] = answer(page(1))

    hourly(world, 6)

    assert titles(world) == ["Entry 1", "Entry 4", "Entry 5", "Entry 6", "Entry J"]


def test_the_hosts_latest_begin_with_the_newest_whenever_they_were_first_seen(
    world: MemoryWorld,
) -> None:
    hourly(world, 6)

    latest = world.pages()["news.example.com/index.html"]
    places = [latest.index(f">Entry {n}<") for n in range(6, 0, -1)]
    assert places == sorted(places)


def test_no_older_page_is_asked_of_a_host_that_has_just_said_429(world: MemoryWorld) -> None:
    world.serve(rss(on(7)), "/second")
    first, second = world.feeds
    world.feeds = [
        replace(first, interval=timedelta(days=1)),
        replace(second, interval=timedelta(minutes=45)),
    ]
    world.run(at_once=False)
    world.documents["/second"] = Answer(429, headers=(("Retry-After", "86400"),))
    world.publisher.seen.clear()
    world.later(1)

    hourly(world, 6)

    assert asked(world) == ["/second"]


def test_an_origin_of_unknown_robots_ends_no_reading_of_older_pages(world: MemoryWorld) -> None:
    """As behind a move to https, and once shards are others: its feed is to be asked first."""
    world.feeds = [replace(world.feeds[0], interval=timedelta(hours=6))]
    world.run(at_once=False)
    objects = world.jobs().shard.states.objects
    state, etag = objects.read(0)
    objects.write(0, replace(state, houses={}), etag)

    hourly(world, 40)

    assert len(world.items()) == 6


def test_older_pages_are_left_to_a_later_run_where_time_is_short(world: MemoryWorld) -> None:
    world.serve(page(7, older="/second?page=2"), "/second")
    world.documents["/second?page=2"] = answer(page(8))
    world.run(at_once=False)
    world.later(1)
    world.feeds = [replace(feed, interval=timedelta(days=1)) for feed in world.feeds]
    is_short = threading.Event()

    def time_left() -> timedelta:
        if threading.current_thread() is not threading.main_thread():
            is_short.set()  # as the second page is about to be asked for
        return timedelta() if is_short.is_set() else timedelta(hours=1)

    world.jobs().whole().run(time_left=time_left, at_once=False)

    assert sum("page" in target for target in asked(world)) == 1
    hourly(world, 4)
    assert len(world.items()) == 8


MARK = "<category>nofeedmirror</category>"
DENY = (
    "<access:restriction xmlns:access='http://www.bloglines.com/about/specs/fac-1.0'"
    " relationship='deny'/>"
)


@pytest.mark.parametrize("against", [MARK, DENY])
def test_what_an_older_page_marks_is_not_stored(world: MemoryWorld, against: str) -> None:
    marked = entry(4, more=f"<pubDate>04 Nov 2026 08:00:00 GMT</pubDate>{against}")
    world.documents["/feed?page=2"] = answer(rss(marked, on(3)))

    hourly(world, 4)

    assert titles(world) == ["Entry 3", "Entry 5", "Entry 6"]


@pytest.mark.parametrize("against", [MARK, DENY])
def test_behind_an_older_page_that_bears_the_mark_nothing_is_read(
    world: MemoryWorld, against: str
) -> None:
    older = "<atom:link rel='next' href='/feed?page=3'/>"
    world.documents["/feed?page=2"] = answer(rss(on(4), on(3), extra=older + against))

    hourly(world, 5)

    assert titles(world) == ["Entry 5", "Entry 6"]


def test_nothing_older_is_stored_of_a_feed_whose_terms_permit_nothing(world: MemoryWorld) -> None:
    older = "<atom:link rel='next' href='/feed?page=2'/>"
    world.serve(rss(on(6), on(5), extra=older + DENY))

    hourly(world, 5)

    assert titles(world) == []
