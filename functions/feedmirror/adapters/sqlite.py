"""The embedded object store: one SQLite file behaves as S3 does, on one machine.

It is safe against a killed process, not against a lost disk: in WAL mode with
``synchronous=NORMAL`` a commit is in the operating system's hands, whole, when a put returns
(SQLite, "Write-Ahead Logging"). A store that is ``durable`` has it on the disk by then. Keys sort
by their UTF-8 bytes, as S3 lists them.
"""

import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from feedmirror.adapters.limits import KEY_LIMIT, acceptable, check_key
from feedmirror.ports.object_store import (
    Content,
    Fault,
    LostConditionError,
    ObjectSummary,
    StoredObject,
    StoreUnavailableError,
)
from feedmirror.stored import read_json

_PATIENCE = 30.0  # seconds that one writer waits for the others
_FIRST_PAGE, _PAGE = 64, 1000  # rows; many who list want the first alone, or there are few
_LAST = "\U0010ffff"
_SURROGATES = range(0xD800, 0xE000)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    bucket TEXT NOT NULL,
    key TEXT NOT NULL,
    etag TEXT NOT NULL,
    content_type TEXT NOT NULL,
    cache_control TEXT,
    metadata TEXT NOT NULL,
    body BLOB NOT NULL, -- last, so that nothing else is read through it
    PRIMARY KEY (bucket, key)
)
"""
_GET = """
SELECT etag, content_type, cache_control, metadata, body FROM objects WHERE bucket = ? AND key = ?
"""
_HEAD = "SELECT etag, length(body), metadata FROM objects WHERE bucket = ? AND key = ?"
_CREATE = """
INSERT INTO objects (etag, content_type, cache_control, metadata, body, bucket, key)
VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""
_REPLACE = """
UPDATE objects SET etag = ?, content_type = ?, cache_control = ?, metadata = ?, body = ?
WHERE bucket = ? AND key = ? AND etag = ?
"""
_FROM = """
SELECT key, etag, length(body) FROM objects
WHERE bucket = ? AND key >= ? AND key < ? ORDER BY key LIMIT ?
"""
_BEHIND = """
SELECT key, etag, length(body) FROM objects
WHERE bucket = ? AND key > ? AND key < ? ORDER BY key LIMIT ?
"""


@dataclass(frozen=True, slots=True)
class SqliteStore:
    """One bucket of the store in a file, made on first use; for many threads and processes.

    One that is opened only to be read leaves the file as it is.
    """

    path: Path
    bucket: str
    durable: bool = False
    only_read: bool = False
    # By process: a connection must not be carried across a fork (SQLite, "How To Corrupt").
    _idle: dict[int, list[sqlite3.Connection]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def get(self, key: str) -> StoredObject | None:
        """Return the object under a key, or None.

        Raises StoreUnavailableError, and ValueError for a key that S3 refuses.
        """
        check_key(key)
        with self._connection(key) as connection:
            rows = connection.execute(_GET, (self.bucket, key)).fetchall()
            for etag, content_type, cache_control, metadata, body in rows:
                cached = None if cache_control is None else _text(cache_control)
                told = _metadata(metadata)
                content = Content(_bytes(body), _text(content_type), cached, told)
                return StoredObject(content, _text(etag))
        return None

    def head(self, key: str) -> ObjectSummary | None:
        """Return what is known of the object under a key, or None.

        Raises StoreUnavailableError, and ValueError for a key that S3 refuses.
        """
        check_key(key)
        with self._connection(key) as connection:
            rows = connection.execute(_HEAD, (self.bucket, key)).fetchall()
            for etag, size, metadata in rows:
                return ObjectSummary(key, _text(etag), size, _metadata(metadata))
        return None

    def put(self, key: str, content: Content, *, replaces: str | None) -> str:
        """Write under a condition, in one statement, and return the new ETag.

        The ETag is the body's MD5 in quotes, as S3's is for a single put without KMS (API
        reference, "Object"). Raises LostConditionError if the condition did not hold and nothing
        was written, ValueError beyond S3's limits, and StoreUnavailableError.
        """
        kept = acceptable(key, content, replaces=replaces)
        etag = f'"{hashlib.md5(kept.body, usedforsecurity=False).hexdigest()}"'
        headers = (kept.content_type, kept.cache_control, json.dumps(kept.metadata))
        row = (etag, *headers, kept.body, self.bucket, key)
        with self._connection(key) as connection:
            if replaces is None:
                written = connection.execute(_CREATE, row).rowcount
            else:
                written = connection.execute(_REPLACE, (*row, replaces)).rowcount
        if not written:
            raise LostConditionError(f"{self.bucket}/{key} is not in the state {replaces}")
        return etag

    def list(self, prefix: str, *, after: str = "") -> Iterator[ObjectSummary]:
        """Yield the objects under a prefix, by the UTF-8 bytes of their keys.

        They are read by the page, and nothing is held while the consumer works. Raises
        StoreUnavailableError.
        """
        query, start = (_BEHIND, after) if after >= prefix and after else (_FROM, prefix)
        end, page = _behind(prefix), _FIRST_PAGE
        while True:
            with self._connection(prefix) as connection:
                rows = connection.execute(query, (self.bucket, start, end, page)).fetchall()
                listed = [ObjectSummary(_text(key), _text(etag), size) for key, etag, size in rows]
            yield from listed
            if len(rows) < page:
                return
            query, start, page = _BEHIND, rows[-1][0], _PAGE

    def close(self) -> None:
        """Close the connections that are not at work; the store can be used again all the same."""
        idle = self._idle.get(os.getpid()) or []
        while idle:
            idle.pop().close()

    @contextmanager
    def _connection(self, key: str) -> Iterator[sqlite3.Connection]:
        """Lend a connection to one thread, from those at rest or a new one."""
        idle = self._idle.setdefault(os.getpid(), _AtRest(os.getpid()))
        try:
            try:
                connection = idle.pop()
            except IndexError:
                connection = self._connected()
            try:
                yield connection
            finally:
                idle.append(connection)
        except (sqlite3.Error, OSError, ValueError) as error:  # ValueError: bytes that are no text
            message = f"{self.path}, {self.bucket}/{key}: {error}"
            fault = _fault(error)
            raise StoreUnavailableError(message, fault=fault, place=str(self.path)) from error

    def _connected(self) -> sqlite3.Connection:
        if self.only_read:
            return _connect_to_read(self.path)
        return _connect(self.path, synchronous="FULL" if self.durable else "NORMAL")


# SQLite, "Result and Error Codes": the lowest byte is the primary code.
_FAULTS = {
    sqlite3.SQLITE_BUSY: Fault.LOCKED,
    sqlite3.SQLITE_LOCKED: Fault.LOCKED,
    sqlite3.SQLITE_READONLY: Fault.NOT_OPENED,
    sqlite3.SQLITE_CANTOPEN: Fault.NOT_OPENED,
    sqlite3.SQLITE_PERM: Fault.NOT_OPENED,
    sqlite3.SQLITE_CORRUPT: Fault.DAMAGED,
    sqlite3.SQLITE_FULL: Fault.FULL,
    sqlite3.SQLITE_IOERR: Fault.FULL,  # so are a quota, a limit, and a disk that fails
    sqlite3.SQLITE_NOTADB: Fault.NO_DATABASE,
}


def _metadata(value: object) -> dict[str, str]:
    """Return a column's metadata; raises ValueError where a file has anything else there."""
    told = read_json(_text(value).encode())
    if not isinstance(told, dict) or not all(isinstance(each, str) for each in told.values()):
        raise ValueError(f"{value!r:.40} are no metadata")
    return told


def _bytes(value: object) -> bytes:
    """Return a column's bytes; raises ValueError where a file has anything else there."""
    if not isinstance(value, bytes):
        raise ValueError(f"{value!r:.40} are no bytes")  # noqa: TRY004 -- of a damaged file
    return value


def _text(value: object) -> str:
    """Return a column's text; raises ValueError where a file has anything else there."""
    if not isinstance(value, str):
        raise ValueError(f"{value!r:.40} is no text")  # noqa: TRY004 -- of a damaged file
    return value


def _fault(error: Exception) -> Fault:
    if isinstance(error, ValueError):
        return Fault.DAMAGED
    if isinstance(error, OSError):  # its folder could not be made
        return Fault.NOT_OPENED
    return _FAULTS.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, Fault.UNKNOWN)


class _AtRest(list[sqlite3.Connection]):
    """The connections of one process that are not at work; they end with the store."""

    def __init__(self, process: int) -> None:
        super().__init__()
        self.process = process

    def __del__(self, current: Callable[[], int] = os.getpid) -> None:
        # What a fork inherited is not its own to close. Where an interpreter ends, this module's
        # names may be gone before the last store is.
        while self and self.process == current():
            self.pop().close()


def _behind(prefix: str) -> str:
    """Return the first text that sorts behind every key with a prefix, by their UTF-8 bytes."""
    kept = prefix.rstrip(_LAST)
    if not kept:
        return _LAST * (KEY_LIMIT // 4 + 1)
    following = ord(kept[-1]) + 1
    return kept[:-1] + chr(_SURROGATES.stop if following in _SURROGATES else following)


def _connect(path: Path, *, synchronous: str) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(
        path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
    )
    try:
        _switch_to_wal(connection)
        connection.execute(f"PRAGMA synchronous={synchronous}")
        connection.execute(_SCHEMA)
    except BaseException:
        connection.close()
        raise
    return connection


def _connect_to_read(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.resolve().as_uri()}?mode=ro",
        timeout=_PATIENCE,
        isolation_level=None,
        check_same_thread=False,
        uri=True,
    )


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Make the file a WAL one, also where several processes make the same new file at once.

    The switch takes an exclusive lock for which SQLite does not wait by itself.
    """
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        else:
            return
        time.sleep(0.01)
