"""An object that nests deeper than Python reads is damaged, and costs no more than any other."""

from datetime import UTC, datetime

import pytest

from builders import AN_ID
from feedmirror.adapters.workers import InOrder
from feedmirror.jobs.auditing.audit_report import Kind
from feedmirror.jobs.latest import FrontState, LatestLists, Place
from feedmirror.jobs.pausing import Pause, Switch
from feedmirror.jobs.token_looks import TokenLooks
from feedmirror.layout import FRONT_STATE, LIFTS, LOOKS, MARKERS, PAUSED, latest_key
from feedmirror.ports.object_store import Content, ObjectStore
from keeping import back_up, configure, load, rebuild
from memory_store import MemoryStore
from memory_world import MemoryWorld
from world import SITE, START, Documents, entry, rss

A_PLACE = Place(datetime(2026, 11, 22, tzinfo=UTC), "news.example.com", "a.example", AN_ID)
DEEP = b"[" * 100_000
WHOLE_SITE = "Please remove our whole site news.example.com from your mirror, now and in future."


def put(store: ObjectStore, key: str) -> None:
    found = store.head(key)
    store.put(key, Content(DEEP, "application/json"), replaces=found.etag if found else None)


def broken(store: ObjectStore, prefix: str) -> None:
    """Break whatever lies under a prefix."""
    for summary in list(store.list(prefix)):
        put(store, summary.key)


@pytest.fixture
def world(documents: Documents) -> MemoryWorld:
    """A mirror of two items, none of whose markers can be read any more."""
    world = MemoryWorld(documents)
    world.serve(rss(entry(1), entry(2)))
    world.run()
    broken(world.stores.archive, MARKERS)
    return world


def test_a_pause_holds_whatever_stands_there() -> None:
    archive = MemoryStore()
    put(archive, PAUSED)

    assert Switch(archive).look() == Pause(None, DEEP[:500].decode())
    assert Switch(archive).resume(at=START) is not None
    assert Switch(archive).look() is None


def test_the_lists_of_the_newest_and_the_looks_begin_anew() -> None:
    archive = MemoryStore()
    for key in (LOOKS, FRONT_STATE, latest_key(0)):
        put(archive, key)
    lists = LatestLists(archive=archive, workers=InOrder(), nonce=lambda: "a")

    assert lists.load()[0] == FrontState()
    assert lists.unseen({})[0] == []
    lists.note(0, [A_PLACE])
    assert lists.unseen({})[0] == [A_PLACE]
    assert TokenLooks(archive=archive, nonce=lambda: "a").load()[0] == {}


def test_a_takedown_reaches_what_its_markers_no_longer_tell(world: MemoryWorld) -> None:
    world.write(WHOLE_SITE, sender="webmaster@news.example.com")

    assert world.items() == []


def test_the_audit_names_each_of_them(world: MemoryWorld) -> None:
    world.write(f"Please take down {SITE}/1 now and in the future. Ann")
    broken(world.stores.archive, MARKERS)

    findings = world.audit().run().findings

    assert {finding.kind for finding in findings} == {Kind.UNREADABLE}


def test_the_audit_goes_on_where_a_lift_cannot_be_read(world: MemoryWorld) -> None:
    case = world.write(f"Please take down {SITE}/1 now and in the future. Ann")
    world.takedowns().restore(case)
    assert list(world.stores.ledger.list(LIFTS))
    broken(world.stores.ledger, LIFTS)

    assert world.audit().run().checked["records"] == 2


def test_the_site_is_made_anew_without_them(world: MemoryWorld) -> None:
    world.write(f"Please take down {SITE}/1 now and in the future. Ann")

    assert rebuild(world).problems == ()
    assert "Entry 2" in world.pages()["news.example.com/index.html"]


def test_a_backup_with_them_is_loaded_and_its_lift_stays_away(
    world: MemoryWorld, documents: Documents
) -> None:
    case = world.write(f"Please take down {SITE}/1 now and in the future. Ann")
    world.takedowns().restore(case)
    broken(world.stores.ledger, LIFTS)
    configure(world)
    fresh = MemoryWorld(documents)

    report = load(back_up(world), fresh)

    assert [each for each in report.problems if LIFTS in each]
    assert {item.title for item in fresh.items()} == {"Entry 2"}
