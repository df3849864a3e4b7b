"""The file of a backup: an embedded store that is whole, or not there under its name.

It is made under a temporary name beside its own, and gets its own when all is in it. A backup is
one file: the log that SQLite keeps beside a store is merged into it before.
"""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from feedmirror.adapters.sqlite import SqliteStore

ARCHIVE, LEDGER = "archive", "ledger"
_LOGS = ("-wal", "-shm")
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}


class BackupFileError(Exception):
    """A file that cannot be a backup, or be made one; the message names it and says why."""


@dataclass(frozen=True, slots=True)
class BackupFile:
    """The two buckets of a backup."""

    archive: SqliteStore
    ledger: SqliteStore


@contextmanager
def new_backup(path: Path, *, mark: str) -> Iterator[BackupFile]:
    """Make a file to back up into; it gets its name once everything went well.

    ``mark`` makes the temporary name one's own. Raises BackupFileError if the name is taken.
    """
    if path.exists() or path.is_symlink():
        raise BackupFileError(_taken(path))
    if not path.parent.is_dir():
        raise BackupFileError(f"{path}: there is no folder {path.parent}")
    part = path.with_name(f".{path.name}.{mark}.part")
    backup = BackupFile(SqliteStore(part, ARCHIVE), SqliteStore(part, LEDGER))
    try:
        backup.archive.head("nothing")  # an empty mirror's backup is a file too
        yield backup
        _close(backup)
        _merge_log(part)
        _give_name(part, path)
    finally:
        _close(backup)
        for suffix in ("", *_LOGS):
            Path(f"{part}{suffix}").unlink(missing_ok=True)


@contextmanager
def open_backup(path: Path) -> Iterator[BackupFile]:
    """Open a backup, or any embedded store, to read; raises BackupFileError for what is none."""
    if not path.is_file():
        raise BackupFileError(f"{path}: there is no such file")
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as found:
            (held,) = found.execute(
                "SELECT count(DISTINCT bucket) FROM objects WHERE bucket IN (?, ?)",
                (ARCHIVE, LEDGER),
            ).fetchone()
    except (sqlite3.Error, UnicodeDecodeError) as error:  # whose own message may be no text
        raise BackupFileError(f"{path} is no backup: {error}") from error
    if not held:
        raise BackupFileError(f"{path} is no backup: it holds no archive and no ledger")
    backup = BackupFile(*(SqliteStore(path, name, only_read=True) for name in (ARCHIVE, LEDGER)))
    try:
        yield backup
    finally:
        _close(backup)


def _close(backup: BackupFile) -> None:
    backup.archive.close()
    backup.ledger.close()


def _merge_log(path: Path) -> None:
    """Merge SQLite's log into the file, which is then on the disk, and end it."""
    with closing(sqlite3.connect(path)) as connection:
        (mode,) = connection.execute("PRAGMA journal_mode=DELETE").fetchone()
    if mode != "delete":
        raise BackupFileError(f"{path}: its log could not be merged into it")


def _give_name(part: Path, path: Path) -> None:
    """Give a file its name, unless another has it by now."""
    try:
        os.link(part, path)
    except FileExistsError as error:
        raise BackupFileError(_taken(path)) from error
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        try:  # a file system without links: the name is taken first
            path.open("x").close()
        except FileExistsError as taken:
            raise BackupFileError(_taken(path)) from taken
        part.replace(path)


def _taken(path: Path) -> str:
    return f"{path} is there already: a backup takes no other file's place"
