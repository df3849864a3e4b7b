"""Outgoing mail as files beside the store."""

from pathlib import Path

from feedmirror.local.serving.outbox import OutboxFiles
from feedmirror.ports.object_store import Content
from memory_store import MemoryStore


def a_store(*names: str) -> MemoryStore:
    store = MemoryStore()
    for name in names:
        store.put(f"outbox/{name}.eml", Content(name.encode(), "message/rfc822"), replaces=None)
    return store


def test_each_mail_is_written_once_and_only_its_owner_can_enter_the_folder(tmp_path: Path) -> None:
    files = OutboxFiles(a_store("a", "b"), tmp_path / "outbox")

    assert [path.read_bytes() for path in files.export()] == [b"a", b"b"]
    assert files.export() == []
    assert (tmp_path / "outbox").stat().st_mode & 0o777 == 0o700


def test_what_is_missing_is_written_by_the_next_start_and_what_is_there_is_left(
    tmp_path: Path,
) -> None:
    store = a_store("a", "b")
    OutboxFiles(store, tmp_path).export()
    (tmp_path / "a.eml").unlink()
    (tmp_path / "b.eml").write_bytes(b"read")

    written = OutboxFiles(store, tmp_path).export()

    assert written == [tmp_path / "a.eml"]
    assert (tmp_path / "b.eml").read_bytes() == b"read"


def test_what_a_killed_process_left_half_written_is_written_whole(tmp_path: Path) -> None:
    (tmp_path / "a.part").write_bytes(b"hal")

    OutboxFiles(a_store("a"), tmp_path).export()

    assert [path.name for path in tmp_path.iterdir()] == ["a.eml"]
