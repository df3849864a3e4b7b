"""A backup holds what a mirror needs to be one again, and nothing that it must forget."""

import json
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from feedmirror.adapters.backup_file import BackupFileError, new_backup, open_backup
from feedmirror.adapters.workers import InOrder
from feedmirror.layout import CASES, CLOSED, SUPPRESSIONS, markers_prefix
from feedmirror.ports.object_store import (
    Content,
    ObjectSummary,
    StoredObject,
    StoreUnavailableError,
)
from feedmirror.records import Item, record_from_json
from feedmirror.suppression import rule_from_json
from feedmirror.takedowns.casework.cases import State, case_from_json
from feedmirror.wiring.keeping import compose_backup
from feedmirror.wiring.stores import Stores
from keeping import Backup, back_up, configure, load, readable, site, watched
from memory_store import MemoryStore
from memory_world import MemoryWorld, fail
from walks import walk
from world import SITE, Documents, entry, rss

CANARY = "canary-words"
LAST_GOOD = "state/mirror.toml"


@pytest.fixture
def world(documents: Documents) -> MemoryWorld:
    """A mirror that has taken something down, and holds a canary."""
    world = MemoryWorld(documents)
    world.serve(rss(entry(1, title=CANARY, text=CANARY), entry(2), entry(3)))
    configure(world)
    world.run()
    world.write(f"Please take down {SITE}/3 now and in the future. Ann")
    return world


def keys(backup: Backup) -> set[str]:
    return {summary.key for store in backup for summary in store.list("")}


def test_everything_but_caches_is_in_it_as_it_was(world: MemoryWorld) -> None:
    backup = back_up(world)

    for stored, copied in zip((world.stores.archive, world.stores.ledger), backup, strict=True):
        for summary in stored.list(""):
            is_cache = summary.key.startswith(("state/", CLOSED)) and summary.key != LAST_GOOD
            found = copied.get(summary.key)
            assert (found is None) == is_cache, summary.key
            assert is_cache or found == stored.get(summary.key)
    assert {"config/mirror.toml", LAST_GOOD} <= keys(backup)


def test_no_mail_and_no_address_of_a_person_is_in_it(world: MemoryWorld) -> None:
    world.write(f"Take down {SITE}/1", sender="somebody@private.example")

    for store in back_up(world):
        for summary in store.list(""):
            found = store.get(summary.key)
            assert found is not None
            assert b"somebody@" not in found.content.body


def disturbed(
    world: MemoryWorld, happens: Callable[[MemoryWorld], object]
) -> Iterator[tuple[MemoryWorld, Backup]]:
    """Yield a world and its backup, at each of whose calls something happened."""
    measured = world.copy()
    measured.watch()
    back_up(measured)
    for call in walk(len(measured.requests.asked), stride=1):
        other = world.copy()
        other.disturb(call, lambda *_, other=other: happens(other), when="before")
        yield other, back_up(other)


def test_nothing_is_in_it_whose_rule_is_missing_when_it_is_taken_down_meanwhile(
    world: MemoryWorld, documents: Documents
) -> None:
    def take_down(other: MemoryWorld) -> None:
        other.write(f"Please take down {SITE}/1 now and in the future. Ann")

    during = 0
    for _, backup in disturbed(world, take_down):
        rules = list(backup[1].list(SUPPRESSIONS))
        fresh = MemoryWorld(documents)
        load(backup, fresh)
        fresh.feeds = list(world.feeds)
        assert fresh.audit().run().findings == ()
        if len(rules) == 2:
            during += 1
            assert readable(fresh, CANARY) == []
    assert during > 10


def test_no_item_is_in_it_without_the_markers_that_a_takedown_finds_it_by(
    world: MemoryWorld,
) -> None:
    world.later()
    world.serve(rss(entry(4, link="https://linked.example.org/4"), entry(2, title="Edited")))

    for _, (archive, _) in disturbed(world, MemoryWorld.run):
        for summary in archive.list("items/"):
            found = archive.get(summary.key)
            assert found is not None
            record = record_from_json(found.content.body)
            if not isinstance(record, Item):
                continue
            for host in {record.host, record.link_host}:
                bodies = [
                    archive.get(marker.key)
                    for marker in archive.list(markers_prefix(host))
                    if f"/{record.host}/{record.id}." in marker.key
                ]
                known = [json.loads(body.content.body)["subject"] for body in bodies if body]
                assert any(record.subject.keys <= set(keys) for keys in known)


def test_no_case_is_in_it_that_says_more_than_the_rules_that_are(world: MemoryWorld) -> None:
    def take_down(other: MemoryWorld) -> None:
        other.write(f"Please take down {SITE}/1 now and in the future. Ann")

    for _, (_, ledger) in disturbed(world, take_down):
        cases = [case_from_json(body) for body in world.all(ledger, CASES).values()]
        rules = [rule_from_json(body) for body in world.all(ledger, SUPPRESSIONS).values()]
        removed = {case.id for case in cases if case.state is State.REMOVED}
        assert removed <= {rule.case for rule in rules}


# The file.


def file_of(world: MemoryWorld, path: Path) -> None:
    with new_backup(path, mark="m") as into:
        compose_backup(watched(world), into.archive, into.ledger).run()


def test_a_backup_is_one_file_that_every_command_can_open(
    world: MemoryWorld, tmp_path: Path
) -> None:
    path = tmp_path / "backup.sqlite"

    file_of(world, path)

    assert [each.name for each in tmp_path.iterdir()] == ["backup.sqlite"]
    with open_backup(path) as found:
        assert keys((found.archive, found.ledger)) == keys(back_up(world))


def test_reading_a_backup_leaves_the_file_as_it_is(
    world: MemoryWorld, tmp_path: Path, documents: Documents
) -> None:
    path = tmp_path / "backup.sqlite"
    file_of(world, path)
    path.chmod(0o400)
    tmp_path.chmod(0o500)
    before = path.read_bytes()
    fresh = MemoryWorld(documents)

    try:
        with open_backup(path) as found:
            load((found.archive, found.ledger), fresh)
            with pytest.raises(StoreUnavailableError):
                found.archive.put("x", Content(b"", "text/plain"), replaces=None)
    finally:
        tmp_path.chmod(0o700)

    assert path.read_bytes() == before
    assert len(fresh.items()) == 2


@pytest.mark.parametrize("what", ["file", "folder", "dangling link"])
def test_no_file_is_overwritten(world: MemoryWorld, tmp_path: Path, what: str) -> None:
    path = tmp_path / "there"
    if what == "file":
        path.write_text("precious")
    elif what == "folder":
        path.mkdir()
    else:
        path.symlink_to(tmp_path / "nowhere")

    with pytest.raises(BackupFileError, match="there already"):
        file_of(world, path)

    assert what != "file" or path.read_text() == "precious"
    assert [each.name for each in tmp_path.iterdir()] == ["there"]


def test_a_file_that_comes_up_meanwhile_is_not_overwritten_either(tmp_path: Path) -> None:
    path = tmp_path / "backup.sqlite"

    with pytest.raises(BackupFileError, match="there already"), new_backup(path, mark="m"):
        path.write_text("precious")

    assert path.read_text() == "precious"
    assert [each.name for each in tmp_path.iterdir()] == ["backup.sqlite"]


def test_a_backup_that_breaks_off_leaves_no_file(world: MemoryWorld, tmp_path: Path) -> None:
    path = tmp_path / "backup.sqlite"
    world.disturb(9, fail, when="before")

    with pytest.raises(StoreUnavailableError):
        file_of(world, path)

    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_named(world: MemoryWorld, tmp_path: Path) -> None:
    with pytest.raises(BackupFileError, match="there is no folder"):
        file_of(world, tmp_path / "no" / "backup.sqlite")


@pytest.mark.parametrize("body", [b"", b"a letter", b"SQLite format 3\0 and no more"])
def test_what_is_no_backup_is_said_to_be_none(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "other"
    path.write_bytes(body)

    with pytest.raises(BackupFileError, match="is no backup"), open_backup(path):
        pass

    assert path.read_bytes() == body
    assert [each.name for each in tmp_path.iterdir()] == ["other"]


def _written(world: MemoryWorld) -> dict[str, bytes]:
    found = site(world).items()
    return {key: body for key, body in found if not key.endswith(("feed.json", "about/index.html"))}


def test_a_loaded_backup_shows_the_same_site(world: MemoryWorld, documents: Documents) -> None:
    fresh = MemoryWorld(documents)

    report = load(back_up(world), fresh)

    assert report.problems == ()
    assert fresh.records() == world.records()
    # What a host's page tells of polls comes with the next one: poll state is a cache.
    assert _written(fresh) == _written(world)
    assert list(fresh.stores.ledger.list(CASES))


@dataclass(frozen=True)
class Large:
    """A bucket of so many records that nobody should hold them all: 20 kB each, made when read."""

    count: int
    size: int = 20_000

    def get(self, key: str) -> StoredObject | None:
        if not key.startswith("items/"):
            return None
        return StoredObject(Content(key.encode().ljust(self.size, b"."), "application/json"), "x")

    def list(self, prefix: str, *, after: str = "") -> Iterator[ObjectSummary]:
        for number in range(self.count):
            key = f"items/a.example/{number:06}.json"
            if key.startswith(prefix) and key > after:
                yield ObjectSummary(key, "x", self.size)


def test_the_memory_of_a_backup_does_not_grow_with_the_mirror(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        large: Any = Large(count)
        stores = Stores(archive=large, site=large, ledger=MemoryStore(), workers=InOrder())
        with new_backup(tmp_path / f"{count}.sqlite", mark="m") as into:
            tracemalloc.start()
            compose_backup(stores, into.archive, into.ledger).run()
            found = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        return found

    assert peak(1500) < peak(300) + 1_000_000  # of 24 MB more
