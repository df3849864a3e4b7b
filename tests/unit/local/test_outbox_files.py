"""Outgoing mail as files beside the store."""

from pathlib import Path

import pytest

from feedmirror.local.serving.outbox import OutboxFile, OutboxFiles
from feedmirror.ports.object_store import Content
from memory_store import MemoryStore


def a_store(*names: str) -> MemoryStore:
    store = MemoryStore()
    for name in names:
        store.put(f"outbox/{name}.eml", Content(name.encode(), "message/rfc822"), replaces=None)
    return store


def test_each_mail_is_written_once_and_only_its_owner_can_enter_the_folder(tmp_path: Path) -> None:
    files = OutboxFiles(a_store("a", "b"), tmp_path / "outbox")

    assert [file.path.read_bytes() for file in files.export()] == [b"a", b"b"]
    assert files.export() == []
    assert (tmp_path / "outbox").stat().st_mode & 0o777 == 0o700


def test_what_was_sent_and_taken_away_does_not_come_back_and_what_is_there_is_left(
    tmp_path: Path,
) -> None:
    store = a_store("a", "b")
    OutboxFiles(store, tmp_path).export()
    (tmp_path / "a.eml").unlink()
    (tmp_path / "b.eml").write_bytes(b"read")
    store.put(
        "outbox/c.eml", Content(b"To: ann@news.example\r\n\r\n", "message/rfc822"), replaces=None
    )

    written = OutboxFiles(store, tmp_path).export()

    assert written == [OutboxFile(tmp_path / "c.eml", "ann@news.example")]
    assert not (tmp_path / "a.eml").exists()
    assert (tmp_path / "b.eml").read_bytes() == b"read"


def test_what_could_not_be_written_is_written_by_the_next_start(tmp_path: Path) -> None:
    store = a_store("a")
    (tmp_path / "outbox").write_bytes(b"no folder")
    with pytest.raises(OSError, match="outbox"):
        OutboxFiles(store, tmp_path / "outbox").export()
    (tmp_path / "outbox").unlink()

    assert [file.path.name for file in OutboxFiles(store, tmp_path / "outbox").export()] == [
        "a.eml"
    ]


def test_what_a_killed_process_left_half_written_is_written_whole(tmp_path: Path) -> None:
    (tmp_path / "a.part").write_bytes(b"hal")

    OutboxFiles(a_store("a"), tmp_path).export()

    assert [path.name for path in tmp_path.iterdir()] == ["a.eml"]
