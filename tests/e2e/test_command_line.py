"""The command line as an operator types it: output, exit status, and errors that say what to do."""

import json
import os
import pty
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lxml.html
import pytest

from feedmirror.configuration import MirrorSettings
from feedmirror.configuration_file import parse_configuration
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
        (["mirror"], 1, "For a mirror on this machine add --local"),
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


MIRROR = (
    *("--name", "A mirror", "--site", "https://m.example.org"),
    *("--contact", "takedown@m.example.org", "--operator", "me@example.org"),
)


def test_a_first_configuration_is_written_and_mirrors_at_once(
    tmp_path: Path, publisher: Publisher
) -> None:
    (tmp_path / "mine.opml").write_text(OPML.format(publisher.url("/feed")))

    done = run("init", *MIRROR, "--feeds", "mine.opml", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("mirror.toml: 1 feed. What next:\n")
    next_one = shlex.split(done.stdout.splitlines()[1].split("   ")[0])
    assert next_one[:3] == ["feedmirror", "mirror", "--local"]
    mirrored = run(*next_one[1:], "--json", cwd=tmp_path)
    assert json.loads(mirrored.stdout)["created"] == 2


def test_what_is_not_said_is_asked_for_on_a_terminal(tmp_path: Path) -> None:
    main, terminal = pty.openpty()
    command = [str(Path(sys.executable).parent / "feedmirror"), "init", "--name", "A mirror"]
    with subprocess.Popen(  # noqa: S603 -- our own command
        command, cwd=tmp_path, stdin=terminal, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as asked:
        os.write(main, b"m.example.org\nhttps://m.example.org\n\nme@example.org\n")
        said, _ = asked.communicate(timeout=60)

    assert asked.returncode == 0, said
    assert b"expected an https address" in said  # asked again
    assert b"[takedown@m.example.org]" in said  # a guess, taken by the empty line
    written = (tmp_path / "mirror.toml").read_text()
    assert parse_configuration(written).mirror == MirrorSettings(
        name="A mirror",
        site="https://m.example.org",
        contact="takedown@m.example.org",
        operator="me@example.org",
    )


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ([], 2, "no terminal to ask on: say --name, --site, --contact, --operator"),
        ([*MIRROR, "there.toml"], 1, "there.toml is there already"),
        ([*MIRROR, "--site", "http://m.example.org"], 1, "expected an https address"),
        ([*MIRROR, "--contact", "take+down@m.example.org"], 1, "and no +"),
        ([*MIRROR, "--feed", "nonsense"], 2, "no http(s) address"),
        ([*MIRROR, "nowhere/m.toml"], 1, "there is no folder nowhere; make it first"),
        ([*MIRROR, "mirror.txt"], 1, "name a file that ends in .toml"),
    ],
)
def test_a_configuration_that_could_not_work_is_not_written(
    tmp_path: Path, arguments: list[str], status: int, said: str
) -> None:
    (tmp_path / "there.toml").write_text("mine")

    done = run("init", *arguments, cwd=tmp_path)

    assert done.returncode == status
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["there.toml"]
    assert (tmp_path / "there.toml").read_text() == "mine"


def test_the_cost_of_a_month_is_told_part_by_part(tmp_path: Path, publisher: Publisher) -> None:
    (tmp_path / "mine.opml").write_text(OPML.format(publisher.url("/feed")))

    people = run("cost", "mine.opml", cwd=tmp_path)
    program = run("cost", "mine.opml", "--json", "--views", "0", cwd=tmp_path)

    assert (people.returncode, people.stderr, program.stderr) == (0, "", "")
    lines = people.stdout.splitlines()
    assert lines[0].split() == ["part", "for", "a", "month", "unit", "free", "dollars"]
    assert any("S3, writes and lists" in line for line in lines)
    assert re.fullmatch(r"About \d+\.\d\d dollars a month for 1 feed; .*", lines[-2])
    assert re.fullmatch(r"List prices of \d{4}-\d\d-\d\d in us-east-1, without tax.", lines[-1])
    told = json.loads(program.stdout)
    assert told["dollars"] == pytest.approx(sum(p["dollars"] for p in told["parts"]), abs=0.01)
    requests = next(p for p in told["parts"] if p["what"] == "CloudFront, requests")
    assert requests["quantity"] == 0


@pytest.mark.parametrize("command", ["check {0}", "mirror --local --feed {0}", "cost f.opml"])
def test_a_reader_that_has_seen_enough_is_no_error(
    tmp_path: Path, publisher: Publisher, command: str
) -> None:
    (tmp_path / "f.opml").write_text(OPML.format(publisher.url("/feed")))
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(  # noqa: S603 -- our own command
        [
            str(Path(sys.executable).parent / "feedmirror"),
            *command.format(publisher.url("/feed")).split(),
        ],
        cwd=tmp_path,
        env={**os.environ, "FEEDMIRROR_ALLOWED_NETWORKS": "127.0.0.0/8"},
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writer)

    assert (done.returncode, done.stderr) == (0, b"")


def test_the_cost_of_what_is_in_force_is_told_too(tmp_path: Path, publisher: Publisher) -> None:
    run("mirror", "--local", "--feed", publisher.url("/feed"), cwd=tmp_path)

    done = run("cost", "--local", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert "for 1 feed;" in done.stdout
    assert run("cost", "--local", "nowhere", cwd=tmp_path).returncode == 1
