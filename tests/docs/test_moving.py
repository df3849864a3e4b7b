"""The commands of the page for those who move here are run as they stand there."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from feedmirror.cli.commands import feedmirror
from feedmirror.configuration_file import parse_configuration
from loopback import Answer, Publisher
from serving import Serving, until
from typed import forget
from world import entry, rss

PAGE = (Path(__file__).parents[2] / "functions/MOVING.md").read_text()
FEED = "https://blog.example.org/feed"
LISTS = {
    "feeds.opml": (
        '<opml version="1.0"><head/><body><outline text="Friends"><outline text="Blog"'
        f' type="link" xmlUrl="{FEED}" htmlUrl="https://blog.example.org"/></outline></body></opml>'
    ),
    "config.ini": (
        f"[Planet]\nname = Planet Example\nlink = https://x.example\n\n[{FEED}]\nname = Blog\n"
    ),
    "planet.ini": f"title = Planet Example\n\n[blog]\n  title = Blog\n  feed  = {FEED}\n",
}


def commands() -> list[str]:
    blocks = re.findall(r"^```\n(feedmirror .*?)```", PAGE, re.MULTILINE | re.DOTALL)
    joined = "".join(blocks).replace("\\\n", " ")
    return [line for line in joined.splitlines() if line]


def words(command: str, folder: Path) -> list[str]:
    """Return the arguments of a command as the shell makes them."""
    made = subprocess.run(  # noqa: S603 -- our own document
        ["/bin/sh", "-c", f"printf '%s\\n' {command}"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout.splitlines()[1:]


def served_front(folder: Path, *options: str) -> str:
    """Return the front page of a mirror that is served, as soon as it shows an item."""
    with Serving(folder, *options) as serving:

        def front() -> str | None:
            status, page = serving.get("/")
            return page if status == 200 and '<ul class="cards">' in page else None

        return until(front, f"an item: {serving.lines}")


@pytest.fixture
def alone() -> Iterator[None]:
    forget()
    yield
    forget()


@pytest.mark.usefixtures("alone")
def test_every_command_works_on_the_lists_that_people_bring(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for variable in (name for name in os.environ if name.startswith("FEEDMIRROR_")):
        monkeypatch.delenv(variable)
    monkeypatch.setenv("FEEDMIRROR_ALLOWED_NETWORKS", "127.0.0.0/8")
    monkeypatch.setattr(os, "environ", os.environ.copy())  # --local sets what it needs
    found = commands()
    assert [command.split()[1] for command in found] == [
        "init", "init", "init", "check", "serve", "cost",
    ]  # fmt: skip
    body, front = rss(entry(1), entry(2)).encode(), ""
    with Publisher({"/feed": Answer(body=body)}, address="127.0.0.1") as publisher:
        address = publisher.url("/feed")
        for name, text in LISTS.items():
            (tmp_path / name).write_text(text.replace(FEED, address))

        front = ""
        for command in found:
            arguments = words(command.replace(FEED, address), tmp_path)
            if arguments[0] == "serve":  # until it is told to stop
                front = served_front(tmp_path / ".feedmirror", *arguments[1:])
            else:
                feedmirror.main(arguments, prog_name="feedmirror", standalone_mode=False)

    for name in ("mirror.toml", "from-planet.toml", "from-pluto.toml"):
        configuration = parse_configuration((tmp_path / name).read_text())
        assert configuration.mirror.name == "Planet Example"
        assert [feed.url for feed in configuration.feeds] == [address]
    assert "Planet Example" in front
    assert '<ul class="cards">' in front
