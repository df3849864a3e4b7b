"""The command line as an operator types it: output, exit status, and errors that say what to do."""

import json
import os
import re
import shlex
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lxml.html
import pytest

from feedmirror.configuration import MirrorSettings
from feedmirror.configuration_file import parse_configuration
from loopback import Answer, Publisher
from typed import COMMAND, environment, run_here, run_on_terminal, run_quickly, said_in_words
from world import entry, rss

DOCUMENTS = {
    "/feed": Answer(body=rss(entry(1), entry(2)).encode()),
    "/page": Answer(body=b"<!doctype html><title>A page</title><p>x"),
}
OPML = '<opml version="2.0"><head/><body><outline type="rss" text="x" xmlUrl="{0}"/></body></opml>'


def run(*arguments: str, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command, which may fetch from this machine."""
    return run_quickly(
        *arguments, cwd=cwd, **{"FEEDMIRROR_ALLOWED_NETWORKS": "127.0.0.0/8", **more}
    )


@pytest.fixture(scope="module")
def publisher() -> Iterator[Publisher]:
    with Publisher(DOCUMENTS, address="127.0.0.1") as served:
        yield served


def shown_in_the_readme() -> list[str]:
    """Return the lines that the quick start shows of the demo; an ellipsis stands for anything."""
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    block = readme.partition("```\nFour sample publishers")[2].partition("```")[0]
    return [line for line in f"Four sample publishers{block}".splitlines() if line not in {"", "…"}]


def test_the_demo_ends_by_itself_and_says_what_to_open(tmp_path: Path) -> None:
    done = run("demo", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert "First run: 4 feeds polled, 0 unchanged, 18 items stored, 0 failed." in done.stdout
    assert "Second run: 4 feeds polled, 4 unchanged, 0 items stored, 0 failed." in done.stdout
    address = done.stdout.split()[-1]
    assert address == (tmp_path / ".feedmirror/demo/site/index.html").as_uri()
    index = (tmp_path / ".feedmirror/demo/site/index.html").read_text()
    assert "The Tidewater Ledger" in index
    for line in shown_in_the_readme():
        pattern = re.sub(r"(\\ )+", " +", re.escape(line)).replace("…", ".*")
        assert re.search(f"^{pattern} *$", done.stdout, re.MULTILINE), line


def test_the_links_of_the_exported_site_lead_to_files(tmp_path: Path) -> None:
    run("demo", cwd=tmp_path)
    site = tmp_path / ".feedmirror/demo/site"
    assert site.is_dir()

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


def test_check_says_that_it_names_nobody_unless_it_is_told_whom(
    tmp_path: Path, publisher: Publisher
) -> None:
    unnamed = run("check", publisher.url("/feed"), cwd=tmp_path)
    named = run("check", publisher.url("/feed"), "--contact", "me@example.org", cwd=tmp_path)

    assert "publishers see --contact in every request" in unnamed.stdout.splitlines()[-1]
    assert "--contact" not in named.stdout
    for line in (*unnamed.stdout.splitlines(), *named.stdout.splitlines()):
        assert line == line.rstrip()  # also of tables, whose cells are filled up


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
        (["nonsense"], 2, "nonsense"),
    ],
)
def test_what_is_wrong_is_said_in_words_and_by_the_exit_status(
    tmp_path: Path, publisher: Publisher, arguments: list[str], status: int, said: str
) -> None:
    (tmp_path / "bad.toml").write_text('[mirror]\nname = 7\n[[feed]]\nurl = "x"\n')
    (tmp_path / "bad.opml").write_bytes(b"\x00\xff")
    (tmp_path / "file").write_text("")
    names = {"page": publisher.url("/page"), "none": publisher.url("/none")}

    done = run_here(
        *(part.format(**names) for part in arguments),
        cwd=tmp_path,
        FEEDMIRROR_ALLOWED_NETWORKS="127.0.0.0/8",
    )

    assert done.status == status
    assert said in done.err
    assert "Traceback" not in done.err


def test_a_wrong_variable_is_named_with_what_would_be_right(tmp_path: Path) -> None:
    wrong = {"FEEDMIRROR_ALLOWED_NETWORKS": "localhost"}

    (line,) = said_in_words(run_here("check", "http://127.0.0.1/", cwd=tmp_path, **wrong))

    assert "FEEDMIRROR_ALLOWED_NETWORKS = 'localhost': expected networks" in line


def test_a_publisher_who_asks_for_time_is_given_it(tmp_path: Path) -> None:
    answer = Answer(429, headers=(("Retry-After", "3600"),))
    with Publisher({"/feed": answer}, address="127.0.0.1") as busy:
        mirror = ("mirror", "--local", "--feed", busy.url("/feed"))
        run(*mirror, cwd=tmp_path)
        done = run(*mirror, cwd=tmp_path)

        assert len(busy.seen) == 1
        assert "Note: 1 feed not asked: the publisher wants time, or it has ended" in done.stdout


MIRROR = (
    *("--name", "A mirror", "--site", "https://m.example.org"),
    *("--contact", "takedown@m.example.org", "--operator", "me@example.org"),
)


def next_lines(out: str) -> list[str]:
    """Return the commands that are named as what comes next, with what they do."""
    return [line.strip() for line in out.splitlines()[1:]]


def test_a_first_configuration_is_written_and_mirrors_at_once(
    tmp_path: Path, publisher: Publisher
) -> None:
    (tmp_path / "mine.opml").write_text(OPML.format(publisher.url("/feed")))

    done = run("init", *MIRROR, "--feeds", "mine.opml", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("mirror.toml: 1 feed. What next:\n")
    served, pushed, *_ = (shlex.split(line.split("   ")[0]) for line in next_lines(done.stdout))
    assert served == ["feedmirror", "serve", "--feeds", "mirror.toml"]
    assert run(*pushed[1:], "--yes", cwd=tmp_path).returncode == 0
    mirrored = run("mirror", "--local", "--json", cwd=tmp_path)
    assert json.loads(mirrored.stdout)["created"] == 2


def test_what_is_not_said_is_asked_for_on_a_terminal(tmp_path: Path) -> None:
    asked = run_on_terminal(
        "init",
        *("--name", "A mirror"),
        cwd=tmp_path,
        typed="m.example.org\nhttps://m.example.org\n\nme@example.org\n",
    )

    assert (asked.returncode, asked.stderr) == (0, "")
    assert "expected an https address" in asked.stdout  # asked again
    assert "[takedown@m.example.org]" in asked.stdout  # a guess, taken by the empty line
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


@pytest.mark.parametrize(
    "command",
    ["check {0} --json", "mirror --local --feed {0}", "cost f.opml", "cost f.opml --json"],
)
def test_a_reader_that_has_seen_enough_is_no_error(
    tmp_path: Path, publisher: Publisher, command: str
) -> None:
    (tmp_path / "f.opml").write_text(OPML.format(publisher.url("/feed")))
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(  # noqa: S603 -- our own command
        [COMMAND, *command.format(publisher.url("/feed")).split()],
        cwd=tmp_path,
        env=environment(tmp_path, FEEDMIRROR_ALLOWED_NETWORKS="127.0.0.0/8"),
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


def configured(folder: Path) -> list[str]:
    """Return the feeds that a mirror in a folder polls, as its own store has them."""
    with sqlite3.connect(folder / "store.sqlite") as connection:
        query = "SELECT body FROM objects WHERE bucket = 'archive' AND key = 'config/mirror.toml'"
        ((body,),) = connection.execute(query).fetchall()
    return [feed.url for feed in parse_configuration(body.decode()).feeds]


def test_a_feed_that_is_named_later_joins_those_before(
    tmp_path: Path, publisher: Publisher
) -> None:
    first, second = publisher.url("/feed"), publisher.url("/feed?other")
    contact = ("--contact", "me@example.org")
    run("mirror", "--local", "here", "--feed", first, *contact, cwd=tmp_path)

    done = run("mirror", "--local", "here", "--feed", second, cwd=tmp_path)

    assert configured(tmp_path / "here") == [first, second]
    assert done.stdout.splitlines()[:2] == [f"Added: {second}", "The mirror has 2 feeds now."]
    asked = [seen.header("user-agent") or "" for seen in publisher.seen]
    assert "me@example.org" in asked[-1]  # whom publishers may write to stays as well


def test_a_file_of_feeds_is_the_whole_list_and_what_goes_is_said(
    tmp_path: Path, publisher: Publisher
) -> None:
    first, second = publisher.url("/feed"), publisher.url("/feed?other")
    (tmp_path / "f.opml").write_text(OPML.format(second))
    run("mirror", "--local", "here", "--feed", first, cwd=tmp_path)

    done = run("mirror", "--local", "here", "--feeds", "f.opml", cwd=tmp_path)

    assert configured(tmp_path / "here") == [second]
    assert f"Added: {second}\nNo longer polled: {first}\n" in done.stdout


def test_a_feed_in_another_spelling_is_the_same_feed(tmp_path: Path, publisher: Publisher) -> None:
    feed = publisher.url("/feed")
    run("mirror", "--local", "here", "--feed", feed, cwd=tmp_path)

    done = run("mirror", "--local", "here", "--feed", f"{feed}/", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert configured(tmp_path / "here") == [feed]
    assert "Added" not in done.stdout


def test_a_bad_outline_is_told_and_the_others_are_taken(
    tmp_path: Path, publisher: Publisher
) -> None:
    outline = '<outline xmlUrl="{}"/>\n'
    feeds = "".join(map(outline.format, ("ftp://a.example/", publisher.url("/feed"))))
    (tmp_path / "f.opml").write_text(f"<opml>\n<body>\n{feeds}</body></opml>")

    done = run("mirror", "--local", "here", "--feeds", "f.opml", "--json", cwd=tmp_path)

    assert done.returncode == 0
    assert json.loads(done.stdout)["created"] == 2
    assert done.stderr.splitlines() == [
        (
            'feedmirror: f.opml: line 3: xmlUrl="ftp://a.example/": expected an address that starts'
            " with http:// or https://"
        ),
        "feedmirror: f.opml: 1 feed taken, 1 skipped",
    ]


def test_a_folder_of_ones_own_is_not_taken_for_a_mirrors(
    tmp_path: Path, publisher: Publisher
) -> None:
    for mine in ("site", "demo"):
        (tmp_path / mine).mkdir()
        (tmp_path / mine / "mine.txt").write_text("mine")

    mirrored = run("mirror", "--local", ".", "--feed", publisher.url("/feed"), cwd=tmp_path)
    shown = run("demo", "--local", ".", cwd=tmp_path)

    for done, folder in ((mirrored, "site"), (shown, "demo")):
        assert done.returncode == 1
        assert f"feedmirror: {folder} is there already, and no" in done.stderr
        assert (tmp_path / folder / "mine.txt").read_text() == "mine"


def test_the_demo_leaves_a_mirror_of_ones_own_alone(tmp_path: Path, publisher: Publisher) -> None:
    run("mirror", "--local", "--feed", publisher.url("/feed"), cwd=tmp_path)
    before = (tmp_path / ".feedmirror/site/index.html").read_bytes()

    run("demo", cwd=tmp_path)

    assert (tmp_path / ".feedmirror/site/index.html").read_bytes() == before
