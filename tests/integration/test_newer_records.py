"""A deployment that was rolled back meets what its successor wrote, and destroys nothing of it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders import a_rule
from feedmirror.layout import JSON, host_folder, record_key
from feedmirror.ports.object_store import Content
from feedmirror.suppression import Scope, author_keys
from takedown_world import TakedownWorld
from world import SITE, Documents, entry, rss


@pytest.fixture
def world(tmp_path: Path) -> Iterator[TakedownWorld]:
    with Documents() as documents:
        yield TakedownWorld(tmp_path, documents)


def newer(world: TakedownWorld, title: str) -> str:
    """Have a record written by a later feedmirror; return its key."""
    (item,) = (found for found in world.items() if found.title == title)
    key = record_key(item.host, item.id)
    found = world.stores.archive.get(key)
    assert found is not None
    told = {**json.loads(found.content.body), "schema": 2, "mood": "cheerful"}
    content = Content(json.dumps(told).encode(), "application/json")
    world.stores.archive.put(key, content, replaces=found.etag)
    return key


def test_a_newer_record_stays_whatever_its_feed_brings(world: TakedownWorld) -> None:
    world.serve(rss(entry(1), entry(2)))
    world.run()
    key = newer(world, "Entry 1")
    before = world.stores.archive.get(key)

    world.later()
    world.serve(rss(entry(1, title="Edited"), entry(2, title="Edited too"), entry(3)))
    report = world.run()

    assert world.stores.archive.get(key) == before
    assert [what for _, what in report.problems if key in what and "upgrade" in what]
    world.later()
    world.serve(rss(entry(1, guid="anew", title="Edited"), entry(4)))
    world.suppress(a_rule(*author_keys("news.example.com", name="Nobody"), scope=Scope.AUTHOR))
    world.run()
    assert world.stores.archive.get(key) == before


def test_a_newer_record_is_taken_down_like_any_other(world: TakedownWorld) -> None:
    world.serve(rss(entry(1), entry(2)))
    world.run()
    key = newer(world, "Entry 1")

    world.write(f"Please take down {SITE}/1 now and in the future. Ann")

    assert b"tombstone" in world.all(world.stores.archive, key)[key]
    assert b"cheerful" not in world.all(world.stores.archive, key)[key]
    (copy,) = world.all(world.mail, "recovery/").values()
    assert b"cheerful" in copy
    assert "Entry 1" not in world.pages()[host_folder("news.example.com") + JSON]
