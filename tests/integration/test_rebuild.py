"""The site from the archive: the same as it was, and beside a live mirror nothing that is gone."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from feedmirror.jobs.rebuilding.rebuild import NothingHeldError
from feedmirror.layout import (
    FRONT,
    INDEX,
    JSON,
    host_folder,
    item_page,
    record_key,
    suppressions_prefix,
)
from feedmirror.ports.object_store import Content, ObjectStore
from feedmirror.publishing.card_json import EXTENSION
from feedmirror.publishing.listings import read_listing
from feedmirror.records import Item, Tombstone
from keeping import rebuild, site
from memory_store import MemoryStore
from memory_world import CrashError, MemoryWorld, crash
from walks import walk
from world import SITE, Documents, entry, rss

HOST = "news.example.com"
CANARY = "canary-words"
BLOG = "https://blog.example.net"


@pytest.fixture
def world(documents: Documents) -> MemoryWorld:
    """A mirror of two hosts, one of which links elsewhere, over two months."""
    world = MemoryWorld(documents)
    world.serve(rss(entry(1, title=CANARY, text=CANARY), entry(2)))
    world.serve(rss(entry(7, link="https://linked.example.org/7")), "/blog", site=BLOG)
    world.run()
    world.later(24 * 20)
    world.serve(rss(entry(3), entry(1, title=CANARY, text=CANARY), entry(2)))
    world.run()
    return world


def lost(world: MemoryWorld) -> MemoryWorld:
    """Return the world without its site."""
    other = world.copy()
    other.stores = replace(other.stores, site=MemoryStore())
    return other


def overwrite(store: ObjectStore, key: str, body: bytes) -> None:
    found = store.get(key)
    kept = found.content if found else Content(b"", "text/html; charset=utf-8")
    store.put(key, replace(kept, body=body), replaces=found.etag if found else None)


def readable(world: MemoryWorld) -> list[str]:
    return [key for key, body in site(world).items() if CANARY.encode() in body]


def without_body(content: Content) -> Content:
    """Return how an object is served, but for the moment and the ETags that it tells of."""
    told = {name: value for name, value in content.metadata.items() if name != "as-of"}
    told = {name: value for name, value in told.items() if not name.startswith("etag-")}
    return replace(content, body=b"", metadata=told)


def without_marks(pages: dict[str, bytes]) -> dict[str, Any]:
    """Return pages without what tells which rules a listing was last checked against."""
    told: dict[str, Any] = dict(pages)
    for key, body in pages.items():
        if key.endswith(JSON):
            told[key] = json.loads(body)
            told[key][EXTENSION]["rules"] = ""
    return told


def test_after_the_whole_site_is_lost_it_is_the_same_as_before(world: MemoryWorld) -> None:
    again = lost(world)

    report = rebuild(again)

    before, after = site(world), site(again)
    assert after.keys() == before.keys()
    # The first month's listings learn only here that a month follows.
    older = {f"{HOST}/2026-11/{name}" for name in ("index.html", "feed.xml")}
    assert {key for key in before if before[key] != after[key]} <= older
    assert (report.hosts, report.items, report.problems) == (2, 4, ())
    assert all(world.stores.site.get(key) is not None for key in after)
    for key in after:
        was, found = world.stores.site.get(key), again.stores.site.get(key)
        assert was is not None
        assert found is not None
        assert without_body(was.content) == without_body(found.content)


def test_after_takedowns_the_site_is_the_same_too(world: MemoryWorld) -> None:
    world.write(f"Please take down {SITE}/1 now and in the future. Ann")
    rebuild(world)
    again = lost(world)

    rebuild(again)

    assert site(again) == site(world)
    assert readable(again) == []
    gone = [key for key, record in world.records().items() if isinstance(record, Tombstone)]
    (item,) = (key.split("/")[2].removesuffix(".json") for key in gone)
    for feed in ("feed.xml", f"{HOST}/feed.xml", f"{HOST}/2026-11/feed.xml"):
        assert f"{HOST}/{item}/" in site(again)[feed].decode()


def test_what_a_takedown_left_is_what_a_rebuild_makes(documents: Documents) -> None:
    world = MemoryWorld(documents)
    world.serve(rss(entry(1, title=CANARY, text=CANARY), entry(2)))
    world.run()
    world.write(f"Please take down {SITE}/1 now and in the future. Ann")
    again = lost(world)

    rebuild(again)

    assert without_marks(site(again)) == without_marks(site(world))


def test_what_is_as_it_should_be_is_not_written(world: MemoryWorld) -> None:
    rebuild(world)
    world.watch()

    report = rebuild(world)

    assert world.requests.done == []
    assert report.pages == {"written": 0, "unchanged": 4}
    assert report.listings == {"written": 0, "unchanged": 6}


def test_a_changed_name_contact_and_purpose_reach_every_page(world: MemoryWorld) -> None:
    world.mirror = replace(
        world.mirror, name="New Name", contact="gone@new.example", purpose="for study"
    )

    rebuild(world)

    for item in world.items():
        page = world.pages()[item_page(item.host, item.id)]
        assert "New Name" in page
        assert f"gone+{item.id}@new.example" in page
        assert "for study" in page
        assert f"gone+{item.id}@new.example" in world.pages()[f"{item.host}/{JSON}"]


@pytest.mark.parametrize("body", [b"", b"{}", b"not json", b"stale"])
@pytest.mark.parametrize("folder", [FRONT, f"{HOST}/", f"{HOST}/2026-11/"])
def test_a_listing_that_is_damaged_or_stale_is_made_from_records(
    world: MemoryWorld, body: bytes, folder: str
) -> None:
    rebuild(world)
    expected = site(world)
    if body == b"stale":
        told = json.loads(world.pages()[folder + JSON])
        told["items"] = told["items"][:1]
        told[EXTENSION]["months"] = []
        body = json.dumps(told).encode()
    overwrite(world.stores.site, folder + JSON, body)
    overwrite(world.stores.site, folder + INDEX, b"vandalised")

    report = rebuild(world)

    assert site(world) == expected
    assert report.listings["written"] == 1


def test_a_page_that_shows_something_else_is_put_right(world: MemoryWorld) -> None:
    rebuild(world)
    expected = site(world)
    for item in world.items():
        overwrite(world.stores.site, item_page(item.host, item.id), b"vandalised")

    rebuild(world)

    assert site(world) == expected


def test_a_page_that_no_record_stands_behind_is_gone_for_every_reader_and_the_audit(
    world: MemoryWorld,
) -> None:
    (item,) = (each for each in world.items() if each.title == CANARY)
    forgotten = MemoryStore()
    for summary in world.stores.archive.list(""):
        found = world.stores.archive.get(summary.key)
        if found and summary.key != record_key(item.host, item.id):
            forgotten.put(summary.key, found.content, replaces=None)
    world.stores = replace(world.stores, archive=forgotten)
    assert world.audit().run().findings

    report = rebuild(world)

    assert report.buried == 1
    assert readable(world) == []
    assert world.audit().run().findings == ()
    page = world.stores.site.get(item_page(item.host, item.id))
    assert page is not None
    assert page.content.metadata == {"status": "410"}


def test_a_host_of_which_no_record_is_left_shows_nothing(world: MemoryWorld) -> None:
    forgotten = MemoryStore()
    for summary in world.stores.archive.list(""):
        found = world.stores.archive.get(summary.key)
        if found and not summary.key.startswith(f"items/{HOST}/"):
            forgotten.put(summary.key, found.content, replaces=None)
    world.stores = replace(world.stores, archive=forgotten)

    assert rebuild(world).buried == 3

    assert world.audit().run().findings == ()
    assert readable(world) == []


def test_an_archive_without_any_record_does_not_end_the_site(world: MemoryWorld) -> None:
    before = site(world)
    world.stores = replace(world.stores, archive=MemoryStore())

    with pytest.raises(NothingHeldError, match="net: load a backup first"):
        rebuild(world)

    assert site(world) == before


def test_an_empty_mirror_gets_the_pages_that_show_no_item(documents: Documents) -> None:
    world = MemoryWorld(documents)

    rebuild(world)

    assert {"index.html", "feed.json", "404.html", "takedown/index.html"} <= site(world).keys()


def test_a_record_that_cannot_be_read_is_told_and_its_page_is_left(world: MemoryWorld) -> None:
    (item,) = (each for each in world.items() if each.title == "Entry 2")
    key = record_key(item.host, item.id)
    overwrite(world.stores.archive, key, b'{"schema": 2}')
    page = item_page(item.host, item.id)
    before = site(world)[page]

    report = rebuild(world)

    (problem,) = report.problems
    assert problem.startswith(f"archive {key}: the record is of schema 2")
    assert site(world)[page] == before
    assert "Entry 2" not in world.pages()[f"{HOST}/{JSON}"]


def test_a_rule_that_cannot_be_read_leaves_its_host_as_it_is(world: MemoryWorld) -> None:
    world.mirror = replace(world.mirror, name="New Name")
    key = f"{suppressions_prefix(HOST)}broken.json"
    world.stores.ledger.put(key, Content(b"{}", "application/json"), replaces=None)

    report = rebuild(world)

    assert [each for each in report.problems if f"ledger {key}" in each]
    for page, body in world.pages().items():
        if page.startswith(host_folder(HOST)) or page == FRONT + INDEX:
            assert "New Name" not in body
    assert "New Name" in world.pages()["blog.example.net/index.html"]


def each_call(
    world: MemoryWorld, when: str, happens: Callable[[MemoryWorld], object], *, of_lost: bool = True
) -> Iterator[MemoryWorld]:
    """Yield a world behind a rebuild, for each of whose calls something happened at that one."""
    measured = lost(world) if of_lost else world.copy()
    measured.watch()
    rebuild(measured)
    for call in walk(len(measured.requests.asked), when):
        other = lost(world) if of_lost else world.copy()
        other.disturb(call, lambda *_, it=other: happens(it), when=when)
        rebuild(other)
        other.calm()
        yield other


@pytest.mark.parametrize("when", ["before", "after"])
def test_what_is_taken_down_during_a_rebuild_is_not_shown_behind_it(
    world: MemoryWorld, when: str
) -> None:
    def take_down(other: MemoryWorld) -> None:
        other.write(f"Please take down {SITE}/1 now and in the future. Ann")

    count = 0
    for other in each_call(world, when, take_down):
        count += 1
        assert readable(other) == []
        assert len(other.sent()) == 1
        if count % 4 == 0:
            assert other.audit().run().findings == ()
    assert count > 10


def test_what_goes_by_a_claim_that_no_record_knows_is_not_shown_either(
    world: MemoryWorld,
) -> None:
    """A second feed names another author: only a marker says so, and the rule is of that author."""
    by_bob = entry(1, title=CANARY, text=CANARY, more="<dc:creator>Bob Beta</dc:creator>")
    world.serve(rss(by_bob), "/second")
    world.later()
    world.run()

    def take_down(other: MemoryWorld) -> None:
        case = other.write(
            "Please remove all articles by Bob Beta from your mirror of news.example.com.",
            sender="bob@news.example.com",
        )
        other.takedowns().approve(case, time_left=lambda: other.time_left)

    for other in each_call(world, "before", take_down):
        assert readable(other) == []


def test_a_host_that_is_taken_down_during_a_rebuild_is_not_named_by_the_front(
    world: MemoryWorld,
) -> None:
    def take_down(other: MemoryWorld) -> None:
        other.write(
            "Please remove our whole site news.example.com, now and in the future.",
            sender="webmaster@news.example.com",
        )
        reply = other.sent()[-1]["Reply-To"].addresses[0].addr_spec
        other.write("Yes, that was me.", sender="webmaster@news.example.com", to=reply)

    for number, other in enumerate(each_call(world, "before", take_down)):
        assert readable(other) == []
        front = read_listing(FRONT, other.pages()[JSON].encode())
        assert HOST not in {each.host for each in front.hosts}
        if number % 8 == 0:
            assert other.audit().run().findings == ()


def test_a_run_of_the_mirror_during_a_rebuild_loses_nothing(world: MemoryWorld) -> None:
    world.later()
    world.serve(rss(entry(4), entry(3, title="Edited"), entry(2)))

    for other in each_call(world, "before", MemoryWorld.run):
        other.run()
        titles = {item.title for item in other.items()}
        assert titles == {CANARY, "Entry 2", "Edited", "Entry 4", "Entry 7"}
        shown = read_listing(FRONT, other.pages()[JSON].encode())
        assert {card.title for card in shown.cards} == titles
        for item in other.items():
            assert item.title in other.pages()[item_page(item.host, item.id)]
            month = f"{item.host}/{item.first_seen:%Y-%m}/{JSON}"
            assert item.title in other.pages()[month]


def test_a_month_that_begins_during_a_rebuild_stays_among_the_hosts(world: MemoryWorld) -> None:
    def begin_january(other: MemoryWorld) -> None:
        other.now = datetime(2027, 1, 1, tzinfo=UTC)
        other.serve(rss(entry(4), entry(3), entry(1, title=CANARY, text=CANARY), entry(2)))
        other.run()

    world.mirror = replace(world.mirror, name="Another")
    for other in each_call(world, "before", begin_january, of_lost=False):
        assert "2027-01" in read_listing(f"{HOST}/", site(other)[f"{HOST}/{JSON}"]).months
        assert "2027-01/" in site(other)[f"{HOST}/{INDEX}"].decode()


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_rebuild_that_dies_anywhere_is_run_again(world: MemoryWorld, when: str) -> None:
    whole = lost(world)
    rebuild(whole)
    expected, calls = site(whole), len(whole.requests.asked)

    for call in walk(calls, when):
        other = lost(world)
        other.disturb(call, crash, when=when)
        with pytest.raises(CrashError):
            rebuild(other)
        rebuild(other)
        assert site(other) == expected


def test_a_restored_item_comes_back_whole_beside_a_rebuild(world: MemoryWorld) -> None:
    world.write(f"Please take down {SITE}/1 now and in the future. Ann")
    receipt = world.sent()[-1]["Reply-To"].addresses[0].addr_spec
    rebuild(world)

    for other in each_call(
        world,
        "before",
        lambda other: other.write("I withdraw my request, please put it back.", to=receipt),
        of_lost=False,
    ):
        (item,) = (each for each in other.items() if each.title == CANARY)
        assert isinstance(item, Item)
        assert item_page(item.host, item.id) in readable(other)
        assert f"{HOST}/{JSON}" in readable(other)
