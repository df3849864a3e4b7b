"""A file that an operator takes for a backup."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from feedmirror.adapters.backup_file import BackupFileError, new_backup, open_backup
from feedmirror.ports.object_store import Content, StoreUnavailableError
from fuzz.target import CHUNKS, Target

_MEMORY = Path("/dev/shm")  # noqa: S108 -- where the system has it; else the usual place
_PLACE = str(_MEMORY) if _MEMORY.is_dir() else None


def _read(document: bytes) -> dict[str, bytes]:
    handle, name = tempfile.mkstemp(dir=_PLACE, suffix=".backup")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(document)
        return _everything(Path(name))
    finally:
        for suffix in ("", "-wal", "-shm", "-journal"):
            Path(f"{name}{suffix}").unlink(missing_ok=True)


def _everything(path: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    with open_backup(path) as backup:
        for store in (backup.archive, backup.ledger):
            for listed in store.list(""):
                stored = store.get(listed.key)
                if stored is not None:
                    found[listed.key] = stored.content.body
    return found


def check(_document: bytes, found: object) -> None:
    """Fail unless whatever is in a backup has a key and a body."""
    assert isinstance(found, dict)
    for key, body in found.items():
        assert isinstance(key, str)
        assert isinstance(body, bytes)


def _backups() -> Iterator[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.backup"
        with new_backup(path, mark="x") as backup:
            content = Content(b"{}", "application/json", metadata={"record": "item"})
            backup.archive.put("items/news.example.com/a.json", content, replaces=None)
            backup.ledger.put("cases/a.json", content, replaces=None)
        yield path.read_bytes()


TARGETS = (
    Target(
        name="backups",
        read=_read,
        check=check,
        seeds=_backups,
        refuses=(BackupFileError, StoreUnavailableError),
        grain=CHUNKS,
        longest=2**16,
    ),
)
