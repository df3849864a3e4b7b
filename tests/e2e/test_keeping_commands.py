"""Backup, load and rebuild as they are typed: on this machine, and on an account."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import boto3
import pytest

from feedmirror.cli import commands
from feedmirror.publishing.documents import without_nonce
from keeping import AS_OF
from moto_endpoint import moto_endpoint
from typed import forget, run_quickly

NONCE = re.compile(rb'"nonce": "[0-9a-f]+"')
GONE = "The swing bridge turns again on Saturday"  # what the demo takes down


def run(*arguments: str, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command in an environment that holds nothing else of ours."""
    return run_quickly(*arguments, cwd=cwd, **more)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo, done once, and a backup of it."""
    folder = tmp_path_factory.mktemp("demo")
    assert run("demo", "--local", "d", cwd=folder).returncode == 0
    done = run("backup", "b.sqlite", "--local", "d/demo", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "Backed up: 18 records, 2 rules, 2 cases; 0.1 MB in b.sqlite\n"
    return folder


@pytest.fixture
def desk(tmp_path: Path, told: Path) -> Path:
    """A folder with the demo's mirror in ``old`` and its backup beside it."""
    shutil.copytree(told / "d/demo", tmp_path / "old")
    shutil.copy(told / "b.sqlite", tmp_path)
    return tmp_path


@pytest.fixture
def account(desk: Path) -> Iterator[dict[str, str]]:
    """An account whose buckets are empty; what names them for a command."""
    credentials = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with moto_endpoint() as endpoint:
        client = boto3.Session("testing", "testing", region_name="us-east-1").client(
            "s3", endpoint_url=endpoint
        )
        names = {name: f"{desk.name[:30].replace('_', '-')}-{name}" for name in BUCKETS}
        for bucket in names.values():
            client.create_bucket(Bucket=bucket)
        variables = {f"FEEDMIRROR_{name.upper()}_BUCKET": each for name, each in names.items()}
        yield {**credentials, **variables, "AWS_ENDPOINT_URL": endpoint}


BUCKETS = ("archive", "site", "ledger", "mail")


def held(store: Path) -> dict[str, tuple[bytes, str, str]]:
    """Return what a backup holds, nonces and what a run of its own has written apart."""
    query = "SELECT key, body, content_type, metadata FROM objects WHERE key NOT LIKE 'state/%'"
    with closing(sqlite3.connect(store)) as connection:
        rows = connection.execute(query).fetchall()
    return {
        key: (NONCE.sub(b"", body), content_type, metadata)
        for key, body, content_type, metadata in rows
    }


def change(store: Path, statement: str) -> None:
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute(statement)


def site(folder: Path) -> dict[str, bytes]:
    """Return the pages of a mirror in a folder, without their nonces, and as of when they tell."""
    with closing(sqlite3.connect(folder / "store.sqlite")) as connection:
        rows = connection.execute("SELECT key, body FROM objects WHERE bucket = 'site'").fetchall()
    return {key: AS_OF.sub(b"", without_nonce(body)) for key, body in rows}


def test_a_backup_becomes_a_mirror_again(desk: Path) -> None:
    loaded = run("load", "b.sqlite", "--local", "new", cwd=desk)
    audited = run("audit", "--local", "new", cwd=desk)

    again = run("load", "b.sqlite", "--local", "new", "--json", cwd=desk)

    assert (loaded.returncode, loaded.stderr) == (0, "")
    assert "The configuration is the backup's." in loaded.stdout
    assert "16 items and 2 tombstones of 4 hosts" in loaded.stdout
    assert audited.returncode == 0
    assert "0 findings" in audited.stdout
    assert (desk / "new/site/index.html").is_file()
    assert not [key for key, body in site(desk / "new").items() if GONE.encode() in body]
    assert site(desk / "new").keys() == site(desk / "old").keys()
    told = json.loads(again.stdout)
    assert {told[name] for name in ("ledger", "markers", "items", "tombstones")} == {0}
    assert (told["kept"], told["configuration"]) == (16, "kept")
    assert told["site"]["pages"] == {"written": 0, "unchanged": 18}


def test_a_backup_can_be_opened_as_a_mirror(desk: Path) -> None:
    (desk / "opened").mkdir()
    shutil.copy(desk / "b.sqlite", desk / "opened/store.sqlite")

    assert len(run("cases", "--all", "--local", "opened", cwd=desk).stdout.splitlines()) >= 3
    done = run("rebuild", "--local", "opened", "--json", cwd=desk)

    assert json.loads(done.stdout)["pages"] == {"written": 18, "unchanged": 0}
    assert run("audit", "--local", "opened", cwd=desk).returncode == 0


def test_a_lost_site_is_the_same_again(desk: Path) -> None:
    run("rebuild", "--local", "old", cwd=desk)
    before = site(desk / "old")
    change(desk / "old/store.sqlite", "DELETE FROM objects WHERE bucket = 'site'")

    done = run("rebuild", "--local", "old", cwd=desk)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Rebuilt: 16 items and 2 tombstones of 4 hosts; 18 pages and 9")
    assert site(desk / "old") == before


def test_on_an_account_all_three_work_too(desk: Path, account: dict[str, str]) -> None:
    loaded = run("load", "b.sqlite", "--json", cwd=desk, **account)
    assert (loaded.returncode, loaded.stderr) == (0, "")
    assert json.loads(loaded.stdout)["items"] == 16

    assert run("audit", cwd=desk, **account).returncode == 0
    again = run("rebuild", "--json", cwd=desk, **account)
    assert json.loads(again.stdout)["pages"] == {"written": 0, "unchanged": 18}
    assert json.loads(again.stdout)["listings"] == {"written": 0, "unchanged": 9}

    backed_up = run("backup", "from-s3.sqlite", "--json", cwd=desk, **account)
    assert (backed_up.returncode, backed_up.stderr) == (0, "")
    report = json.loads(backed_up.stdout)
    assert (report["archive"]["items"], report["ledger"]["suppressions"]) == (18, 2)
    assert held(desk / "from-s3.sqlite") == held(desk / "b.sqlite")


@pytest.fixture
def at_once(desk: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., int]]:
    """Run a command in this process, since many are run that end at once."""
    kept = dict(os.environ)
    monkeypatch.chdir(desk)

    def command(*arguments: str) -> int:
        forget()
        monkeypatch.setattr(sys, "argv", ["feedmirror", *arguments])
        return commands.run()

    yield command
    forget()
    os.environ.clear()
    os.environ.update(kept)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["backup", "b.sqlite", "--local", "old"], "b.sqlite is there already"),
        (["backup", "no/b.sqlite", "--local", "old"], "there is no folder no"),
        (["backup", "x.sqlite", "--local", "nowhere"], "there is no mirror in nowhere"),
        (["backup", "x.sqlite"], "FEEDMIRROR_ARCHIVE_BUCKET is not set"),
        (["load", "none.sqlite", "--local", "new"], "none.sqlite: there is no such file"),
        (["load", "letter.txt", "--local", "new"], "letter.txt is no backup: file is not a data"),
        (["load", "b.sqlite"], "FEEDMIRROR_ARCHIVE_BUCKET is not set"),
        (["load", "other.sqlite", "--local", "new"], "other.sqlite is no backup: no such table"),
        (["load", "bare.sqlite", "--local", "new"], "config/mirror.toml is missing"),
        (["load", "old/store.sqlite", "--local", "old"], "is that mirror's own store"),
        (["rebuild", "--local", "nowhere"], "there is no mirror in nowhere"),
        (["rebuild", "--local", "empty"], "the archive holds no record, and the site shows"),
    ],
)
def test_what_is_wrong_is_one_line_and_changes_nothing(
    desk: Path,
    at_once: Callable[..., int],
    capfd: pytest.CaptureFixture[str],
    arguments: list[str],
    words: str,
) -> None:
    (desk / "letter.txt").write_text("Dear mirror,")
    change(desk / "other.sqlite", "CREATE TABLE recipes (name TEXT)")
    shutil.copy(desk / "b.sqlite", desk / "bare.sqlite")
    change(desk / "bare.sqlite", "DELETE FROM objects WHERE key LIKE '%mirror.toml'")
    shutil.copytree(desk / "old", desk / "empty")
    change(desk / "empty/store.sqlite", "DELETE FROM objects WHERE key LIKE 'items/%'")
    before = {name: (desk / name).read_bytes() for name in ("b.sqlite", "letter.txt")}

    status = at_once(*arguments)

    told = capfd.readouterr()
    assert status == 1
    assert words in told.err
    assert "Traceback" not in told.err
    assert told.out == ""
    assert not [each for each in desk.iterdir() if ".part" in each.name]
    assert not (desk / "x.sqlite").exists()
    assert not (desk / "new").exists()
    assert {name: (desk / name).read_bytes() for name in before} == before


def test_a_store_that_fails_half_way_is_named_and_leaves_no_backup(
    desk: Path, at_once: Callable[..., int], capfd: pytest.CaptureFixture[str]
) -> None:
    store = desk / "old/store.sqlite"
    body = bytearray(store.read_bytes())
    body[len(body) // 4 :] = bytes(len(body) - len(body) // 4)
    store.write_bytes(body)

    assert at_once("backup", "x.sqlite", "--local", "old") == 1

    told = capfd.readouterr()
    assert "store.sqlite" in told.err
    assert "Traceback" not in told.err
    assert not [each.name for each in desk.iterdir() if each.name.startswith((".x", "x"))]
