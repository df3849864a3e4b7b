"""The command line as an operator types it: output, exit status, and errors that say what to do."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lxml.html
import pytest

from loopback import Answer, Publisher
from world import entry, rss

DOCUMENTS = {
    "/feed": Answer(body=rss(entry(1), entry(2)).encode()),
    "/page": Answer(body=b"<!doctype html><title>A page</title><p>x"),
}
OPML = '<opml version="2.0"><head/><body><outline type="rss" text="x" xmlUrl="{0}"/></body></opml>'


@pytest.fixture(scope="module")
def publisher() -> Iterator[Publisher]:
    with Publisher(DOCUMENTS, address="127.0.0.1") as served:
        yield served


def run(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the installed command in an environment that holds nothing else of ours."""
    command = Path(sys.executable).parent / "feedmirror"
    bare = {"PATH": os.environ["PATH"], "HOME": str(cwd), "AWS_EC2_METADATA_DISABLED": "true"}
    return subprocess.run(  # noqa: S603 -- our own command
        [command, *arguments],
        cwd=cwd,
        env={**bare, "FEEDMIRROR_ALLOWED_NETWORKS": "127.0.0.0/8", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_demo_ends_by_itself_and_says_what_to_open(tmp_path: Path) -> None:
    done = run("demo", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert "First run: 4 feeds polled, 0 unchanged, 18 items stored, 0 failed." in done.stdout
    assert "Second run: 4 feeds polled, 4 unchanged, 0 items stored, 0 failed." in done.stdout
    address = done.stdout.split()[-1]
    assert address == (tmp_path / ".feedmirror/site/index.html").as_uri()
    index = (tmp_path / ".feedmirror/site/index.html").read_text()
    assert "The Tidewater Ledger" in index


def test_the_links_of_the_exported_site_lead_to_files(tmp_path: Path) -> None:
    run("demo", cwd=tmp_path)
    site = tmp_path / ".feedmirror/site"

    for page in site.glob("**/*.html"):
        if page.name == "404.html":
            continue  # served at any depth, so its links are absolute
        tree: Any = lxml.html.document_fromstring(page.read_text())
        for _, _, link, _ in tree.iterlinks():
            if not link.startswith(("http:", "https:", "mailto:", "#")):
                assert (page.parent / link).is_file(), f"{page}: {link}"


def test_a_feed_named_on_the_command_line_is_mirrored(tmp_path: Path, publisher: Publisher) -> None:
    done = run("mirror", "--local", "--feed", publisher.url("/feed"), cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / ".feedmirror/site/127.0.0.1/index.html").is_file()


@pytest.mark.parametrize("kind", ["opml", "toml"])
def test_a_file_of_feeds_is_mirrored(tmp_path: Path, publisher: Publisher, kind: str) -> None:
    url = publisher.url("/feed")
    toml = (
        '[mirror]\nname = "M"\nsite = "https://m.example"\ncontact = "t@m.example"\n'
        f'operator = "o@m.example"\n[[feed]]\nurl = "{url}"\n'
    )
    (tmp_path / f"feeds.{kind}").write_text(toml if kind == "toml" else OPML.format(url))

    done = run("mirror", "--local", "here", "--feeds", f"feeds.{kind}", "--json", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["created"] == 2
    assert (tmp_path / "here/site/index.html").is_file()


def test_one_bad_feed_is_named_and_the_others_are_mirrored(
    tmp_path: Path, publisher: Publisher
) -> None:
    feeds = [publisher.url("/page"), publisher.url("/feed"), publisher.url("/none")]
    options = [part for feed in feeds for part in ("--feed", feed)]

    done = run("mirror", "--local", "--json", *options, cwd=tmp_path)

    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert report["created"] == 2
    assert {failure["feed"] for failure in report["failures"]} == {feeds[0], feeds[2]}


def test_check_reports_and_stores_nothing(tmp_path: Path, publisher: Publisher) -> None:
    done = run("check", publisher.url("/feed"), "--json", cwd=tmp_path)

    report = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert [found["authors"] for found in report["entries"]] == [["Ann"], ["Ann"]]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["check", "ftp://a.example/"], 2, "no http(s) address"),
        (["check", "{page}"], 1, "HTML"),
        (["check", "{none}"], 1, "404"),
        (["mirror", "--feed", "https://a.example/"], 2, "--local"),
        (["mirror", "--local", "--feed", "nonsense"], 2, "no http(s) address"),
        (["mirror", "--local", "--feeds", "none.opml"], 2, "none.opml"),
        (["mirror", "--local", "--feeds", "bad.toml"], 1, "bad.toml:2"),
        (["mirror", "--local", "--feeds", "bad.opml"], 1, "bad.opml"),
        (["mirror", "--local", "file"], 2, "file"),
        (["mirror", "--local", "empty"], 1, "config/mirror.toml is missing"),
        (["mirror"], 1, "FEEDMIRROR_ARCHIVE_BUCKET"),
        (["mirror", "--local", "file/below"], 1, "file"),
        (["mirror", "--local", "garbage"], 1, "not a database"),
        (["nonsense"], 2, "nonsense"),
    ],
)
def test_what_is_wrong_is_said_in_words_and_by_the_exit_status(
    tmp_path: Path, publisher: Publisher, arguments: list[str], status: int, said: str
) -> None:
    (tmp_path / "bad.toml").write_text('[mirror]\nname = 7\n[[feed]]\nurl = "x"\n')
    (tmp_path / "bad.opml").write_bytes(b"\x00\xff")
    (tmp_path / "file").write_text("")
    (tmp_path / "garbage").mkdir()
    (tmp_path / "garbage/store.sqlite").write_bytes(b"no database" * 999)
    names = {"page": publisher.url("/page"), "none": publisher.url("/none")}

    done = run(*(part.format(**names) for part in arguments), cwd=tmp_path)

    assert done.returncode == status
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_an_account_that_cannot_be_reached_is_an_error_in_words(tmp_path: Path) -> None:
    buckets = {f"FEEDMIRROR_{name}_BUCKET": "some-bucket" for name in ("ARCHIVE", "SITE", "LEDGER")}

    done = run("mirror", cwd=tmp_path, AWS_DEFAULT_REGION="us-east-1", **buckets)

    assert done.returncode == 1
    assert "redentials" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_variable_is_named_with_what_would_be_right(tmp_path: Path) -> None:
    done = run("check", "http://127.0.0.1/", cwd=tmp_path, FEEDMIRROR_ALLOWED_NETWORKS="localhost")

    assert done.returncode == 1
    assert "FEEDMIRROR_ALLOWED_NETWORKS = 'localhost': expected networks" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_publisher_who_asks_for_time_is_given_it(tmp_path: Path) -> None:
    answer = Answer(429, headers=(("Retry-After", "3600"),))
    with Publisher({"/feed": answer}, address="127.0.0.1") as busy:
        for _ in range(3):
            run("mirror", "--local", "--feed", busy.url("/feed"), cwd=tmp_path)

        assert len(busy.seen) == 1
