"""The commands of an operator's day as they are typed, on this machine and on an account."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from loopback import Answer, Publisher
from world import entry, rss

DOCUMENTS = {"/feed": Answer(body=rss(entry(1), entry(2)).encode())}


@pytest.fixture(scope="module")
def publisher() -> Iterator[Publisher]:
    with Publisher(DOCUMENTS, address="127.0.0.1") as served:
        yield served


def run(
    *arguments: str, cwd: Path, typed: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the installed command in an environment that holds nothing else of ours."""
    command = Path(sys.executable).parent / "feedmirror"
    bare = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    bare |= {"HOME": str(cwd), "AWS_EC2_METADATA_DISABLED": "true"}
    return subprocess.run(  # noqa: S603 -- our own command
        [command, *arguments],
        cwd=cwd,
        env={**bare, "FEEDMIRROR_ALLOWED_NETWORKS": "127.0.0.0/8", **environment},
        input=typed,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_mirror_stands_still_between_pause_and_resume(
    tmp_path: Path, publisher: Publisher
) -> None:
    mirror = ("mirror", "--local", "--feed", publisher.url("/feed"))
    assert run(*mirror, cwd=tmp_path).returncode == 0
    asked = len(publisher.seen)

    paused = run("pause", "--note", "a publisher called", "--local", cwd=tmp_path)
    again = run("pause", "--local", cwd=tmp_path)
    stopped = run(*mirror, "--json", cwd=tmp_path)

    assert (paused.returncode, paused.stderr) == (0, "")
    assert paused.stdout.startswith("Paused. feedmirror resume --local .feedmirror ends it.")
    assert (again.returncode, again.stderr) == (0, "")
    assert again.stdout.startswith("It is paused already, since 20")
    assert (stopped.returncode, stopped.stdout) == (1, "")
    assert stopped.stderr.startswith("Error: the mirror is paused since 20")
    assert "(a publisher called); feedmirror resume --local .feedmirror ends it" in stopped.stderr
    assert len(publisher.seen) == asked

    resumed = run("resume", "--local", cwd=tmp_path)
    twice = run("resume", "--local", cwd=tmp_path)
    assert (resumed.returncode, resumed.stderr) == (0, "")
    assert "(a publisher called)" in resumed.stdout
    assert (twice.returncode, twice.stdout) == (0, "It was not paused: the mirror runs.\n")
    report = run(*mirror, "--json", cwd=tmp_path)
    assert (report.returncode, json.loads(report.stdout)["polled"]) == (0, 1)


def test_where_there_is_no_mirror_there_is_nothing_to_pause(tmp_path: Path) -> None:
    done = run("pause", "--local", cwd=tmp_path)

    assert (done.returncode, done.stdout) == (1, "")
    assert "there is no mirror in .feedmirror" in done.stderr
