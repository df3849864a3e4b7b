"""What the embedded store promises beyond the protocol: many processes, a killed one, one file."""

import hashlib
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from feedmirror.adapters import sqlite
from feedmirror.adapters.sqlite import SqliteStore
from feedmirror.ports.object_store import (
    Content,
    Fault,
    LostConditionError,
    StoreUnavailableError,
)

PROCESSES = 4
TURNS = 40

WRITE_UNTIL_KILLED = """
import sys
from pathlib import Path
from feedmirror.adapters.sqlite import SqliteStore
from feedmirror.ports.object_store import Content

store, life = SqliteStore(Path(sys.argv[1]), "archive"), sys.argv[2]
known = store.head("shared")
etag = known and known.etag
for number in range(1_000_000):
    body = f"{life} {number} ".encode() * (1 + number * 37 % 4000)
    meta = {"number": str(number)}
    store.put(f"{life}/{number}", Content(body, "text/plain", None, meta), replaces=None)
    etag = store.put("shared", Content(body, "text/plain", None, meta), replaces=etag)
    print(number, flush=True)
"""
COUNT = """
import sys
from pathlib import Path
from feedmirror.adapters.sqlite import SqliteStore
from feedmirror.ports.object_store import Content, LostConditionError

print("ready", flush=True)
sys.stdin.readline()
store, turns = SqliteStore(Path(sys.argv[1]), "archive"), int(sys.argv[2])
while turns:
    present = store.get("counter")
    count = int(present.content.body) if present else 0
    more = Content(str(count + 1).encode(), "text/plain")
    try:
        store.put("counter", more, replaces=present and present.etag)
    except LostConditionError:
        continue
    turns -= 1
"""
FORK = """
import os, sys
from pathlib import Path
from feedmirror.adapters.sqlite import SqliteStore
from feedmirror.ports.object_store import Content

store, content = SqliteStore(Path(sys.argv[1]), "archive"), Content(b"x", "text/plain")
store.put("parent", content, replaces=None)
before = len(os.listdir("/proc/self/fd")) # open files: the child must open the store's again
process = os.fork()
if process == 0:
    store.put("child", content, replaces=None)
    os._exit(0 if len(os.listdir("/proc/self/fd")) > before else 3)
status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
store.put("again", content, replaces=None)
sys.exit(status)
"""


def text(body: str) -> Content:
    return Content(body.encode(), "text/plain")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "objects.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore(path, "archive")) as opened:
        yield opened


@contextmanager
def child(script: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", script, *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:  # noqa: S603 -- our own script
        try:
            yield process
        finally:
            process.kill()


def killed_after(path: Path, life: str, puts: int) -> int:
    """Let a child write until it has reported so many puts, kill it, and return its last report."""
    with child(WRITE_UNTIL_KILLED, str(path), life) as process:
        assert process.stdout
        reported = -1
        while reported < puts:
            reported = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        reports = process.stdout.read().rpartition("\n")[0].splitlines()
        assert process.wait() == -signal.SIGKILL
    return int(reports[-1]) if reports else reported


def test_a_killed_writer_leaves_every_put_that_it_reported_whole(
    path: Path, store: SqliteStore
) -> None:
    """Some 4 MB of log make a checkpoint, so these children die before, after and within one."""
    for life, puts in {"first": 30, "second": 150, "third": 400}.items():
        last = killed_after(path, life, puts)
        for number in range(last + 1):
            found = store.get(f"{life}/{number}")
            assert found is not None
            assert found.content.body == f"{life} {number} ".encode() * (1 + number * 37 % 4000)
            assert found.content.metadata == {"number": str(number)}
        shared = store.get("shared")
        assert shared is not None
        number = int(shared.content.metadata["number"])
        assert number in {last, last + 1}
        assert shared.content.body.startswith(f"{life} {number} ".encode())

    etags = {summary.key: summary.etag for summary in store.list("")}
    for key, etag in etags.items():
        found = store.get(key)
        assert found is not None
        assert etag == f'"{hashlib.md5(found.content.body, usedforsecurity=False).hexdigest()}"'
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_processes_that_make_the_same_store_at_once_lose_no_update(
    path: Path, store: SqliteStore
) -> None:
    with ThreadPoolExecutor(PROCESSES) as pool:
        ready = threading.Barrier(PROCESSES)

        def run(_number: int) -> int:
            with child(COUNT, str(path), str(TURNS)) as process:
                assert process.stdin
                assert process.stdout
                assert process.stdout.readline() == "ready\n"
                ready.wait()
                process.stdin.write("go\n")
                process.stdin.flush()
                return process.wait()

        statuses = list(pool.map(run, range(PROCESSES)))

    assert statuses == [0] * PROCESSES
    found = store.get("counter")
    assert found is not None
    assert found.content.body == str(PROCESSES * TURNS).encode()


def test_threads_that_open_a_new_file_at_once_all_get_in(tmp_path: Path) -> None:
    for turn in range(10):
        path = tmp_path / f"new-{turn}" / "objects.sqlite"
        start = threading.Barrier(8)

        def create(number: int, path: Path = path, start: threading.Barrier = start) -> SqliteStore:
            store = SqliteStore(path, "archive")
            start.wait()
            store.put(f"{number}", text("x"), replaces=None)
            return store

        with ThreadPoolExecutor(8) as pool:
            stores = list(pool.map(create, range(8)))

        assert [summary.key for summary in stores[0].list("")] == [str(n) for n in range(8)]
        for store in stores:
            store.close()


def test_a_list_that_is_being_consumed_holds_nothing_open(path: Path, store: SqliteStore) -> None:
    """An open read would keep the log from being written back, and a file from being closed."""
    for number in range(3):
        store.put(f"{number}", text("x"), replaces=None)
    listing = store.list("")
    next(listing)

    store.put("3", text("y"), replaces=None)

    with closing(sqlite3.connect(path, timeout=0)) as connection:
        busy, log, written_back = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    assert (busy, log, written_back) == (0, 0, 0)
    assert len(list(listing)) == 2


def test_a_list_sees_what_is_written_on_pages_that_it_has_not_read(store: SqliteStore) -> None:
    for number in range(1001):
        store.put(f"{number:04d}", text("x"), replaces=None)
    listing = store.list("")
    next(listing)

    store.put("9999", text("late"), replaces=None)

    assert [summary.key for summary in listing][-1] == "9999"


def test_etags_are_the_md5_that_s3_gives(store: SqliteStore) -> None:
    """RFC 1321 §A.5 has these digests."""
    assert store.put("a", text(""), replaces=None) == '"d41d8cd98f00b204e9800998ecf8427e"'
    assert store.put("b", text("abc"), replaces=None) == '"900150983cd24fb0d6963f7d28e17f72"'


def test_a_put_waits_for_another_writer(path: Path, store: SqliteStore) -> None:
    store.put("a", text("x"), replaces=None)
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.3, other.execute, ["ROLLBACK"])
    release.start()

    store.put("b", text("y"), replaces=None)

    release.join()
    other.close()
    assert store.get("b") is not None


def test_a_new_file_that_another_process_is_making_is_waited_for(
    path: Path, store: SqliteStore
) -> None:
    """SQLite's own patience does not cover the switch to a write-ahead log."""
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("CREATE TABLE another_s (a)")
    other.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.3, other.execute, ["ROLLBACK"])
    release.start()

    store.put("key", text("x"), replaces=None)

    release.join()
    other.close()
    with closing(sqlite3.connect(path)) as later:
        assert later.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_the_file_outlives_its_stores(path: Path) -> None:
    with closing(SqliteStore(path, "archive")) as first:
        etag = first.put("key", text("kept"), replaces=None)

    with closing(SqliteStore(path, "archive")) as second:
        found = second.get("key")

    assert found is not None
    assert (found.content, found.etag) == (text("kept"), etag)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_closed_store_opens_itself_again(store: SqliteStore) -> None:
    store.put("key", text("x"), replaces=None)
    store.close()

    assert store.get("key") is not None


def test_a_store_makes_its_folder(tmp_path: Path) -> None:
    with closing(SqliteStore(tmp_path / "a" / "b" / "objects.sqlite", "archive")) as store:
        store.put("key", text("x"), replaces=None)

        assert store.head("key") is not None


def test_a_file_that_is_no_store_is_trouble_told_with_its_place(path: Path) -> None:
    path.write_bytes(b"a text that is much longer than the header of a database file" * 20)
    store = SqliteStore(path, "archive")

    with pytest.raises(
        StoreUnavailableError, match=r"objects\.sqlite, archive/key: .*database"
    ) as refused:
        store.get("key")
    assert (refused.value.fault, refused.value.place) == (Fault.NO_DATABASE, str(path))
    with pytest.raises(StoreUnavailableError, match=r"archive/key"):
        store.put("key", text("x"), replaces=None)
    with pytest.raises(StoreUnavailableError, match=r"archive/prefix"):
        list(store.list("prefix"))


def test_a_file_that_another_holds_on_to_is_trouble_of_its_own_kind(
    path: Path, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put("a", text("x"), replaces=None)
    monkeypatch.setattr(sqlite, "_PATIENCE", 0.05)  # half a minute, for people
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")

        with pytest.raises(StoreUnavailableError) as refused:
            SqliteStore(path, "archive").put("b", text("y"), replaces=None)

    assert refused.value.fault is Fault.LOCKED


def test_a_damaged_file_is_trouble_of_its_own_kind(path: Path, store: SqliteStore) -> None:
    for number in range(60):
        store.put(f"{number}", text("x" * 999), replaces=None)
    store.close()
    with closing(sqlite3.connect(path)) as whole:
        whole.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))

    with pytest.raises(StoreUnavailableError) as refused:
        store.get("7")

    assert refused.value.fault is Fault.DAMAGED


@pytest.mark.parametrize(
    ("column", "value"),
    [
        *(
            ("metadata", each)
            for each in ("[" * 100_000, "[]", "null", "3", '{"a": 1}', "{", b"{}")
        ),
        ("body", "text"),
        ("body", 3),
        ("cache_control", b"no-store"),
        ("content_type", b"text/plain"),
        ("etag", b"x"),
    ],
)
def test_so_is_a_column_that_holds_what_no_put_has_written(
    path: Path, store: SqliteStore, column: str, value: object
) -> None:
    store.put("a.json", text("x"), replaces=None)
    with closing(sqlite3.connect(path)) as file, file:
        file.execute(f"UPDATE objects SET {column} = ?", (value,))  # noqa: S608 -- a name of ours

    with pytest.raises(StoreUnavailableError, match=r"a\.json"):
        store.get("a.json")


def test_a_folder_that_cannot_be_made_is_trouble(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(StoreUnavailableError, match="archive/key") as refused:
        SqliteStore(tmp_path / "file" / "objects.sqlite", "archive").head("key")

    assert refused.value.fault is Fault.NOT_OPENED


def test_a_lost_condition_leaves_the_store_usable(store: SqliteStore) -> None:
    etag = store.put("key", text("x"), replaces=None)
    for _ in range(3):
        with pytest.raises(LostConditionError):
            store.put("key", text("y"), replaces=None)

    assert store.put("key", text("z"), replaces=etag)


def test_a_forked_child_uses_a_connection_of_its_own(path: Path, store: SqliteStore) -> None:
    """In a process without threads, since Python warns of forking one that has some."""
    with child(FORK, str(path)) as process:
        assert process.wait() == 0

    assert [summary.key for summary in store.list("")] == ["again", "child", "parent"]


def test_only_a_durable_store_waits_for_the_disk(tmp_path: Path) -> None:
    """SQLite, "PRAGMA synchronous": NORMAL (1) in WAL mode, or FULL (2): no power cut undoes it."""
    usual = SqliteStore(tmp_path / "s.sqlite", "mail")
    durable = SqliteStore(tmp_path / "s.sqlite", "mail", durable=True)

    assert [_level(store) for store in (usual, durable)] == [1, 2]


def _level(store: SqliteStore) -> int:
    with store._connection("k") as connection:  # noqa: SLF001 -- a setting of the connection alone
        (level,) = connection.execute("PRAGMA synchronous").fetchone()
    return int(level)


@pytest.mark.parametrize("prefix", ["", "a/", "\ud7ff", "a\U0010ffff", "\U0010ffff", "~"])
def test_a_list_ends_where_its_prefix_does(tmp_path: Path, prefix: str) -> None:
    ends = ["", "b", "\U0010ffff", "\U0010ffff" * 3, "\ue000"]
    keys = {f"{prefix}{end}" for end in ends} | {"a", "a0", "b", "\ue000", "a\U0010ffff", "\x7f"}
    store = SqliteStore(tmp_path / "s", "b")
    for key in keys - {""}:
        store.put(key, Content(b"", "text/plain"), replaces=None)

    listed = [summary.key for summary in store.list(prefix)]

    assert set(listed) == {key for key in keys - {""} if key.startswith(prefix)}
    assert listed == sorted(listed, key=str.encode)
