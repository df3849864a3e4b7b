"""What keeps `serve` from starting is said in words, and leaves nothing behind."""

import socket
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from feedmirror.cli.serve import serve
from feedmirror.local.serving.places import FolderTakenError, hold, is_held

ANY = ("--http-port=0", "--smtp-port=0")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(serve, arguments)


@pytest.mark.parametrize("option", ["--http-port", "--smtp-port"])
def test_a_port_that_is_taken_is_named_with_what_to_say_instead(
    tmp_path: Path, option: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        other = next(each for each in ANY if not each.startswith(option))

        done = run(f"--data={tmp_path}", f"{option}={port}", other)

    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == (
        f"Error: port {port} is taken; say {option} with another, or 0 for any that is free\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["--feed", "ftp://x.example/feed"], 2, "'ftp://x.example/feed' is no http(s) address"),
        (["--http-port", "70000"], 2, "70000 is not in the range"),
        (["--feeds", "nowhere.opml"], 2, "'nowhere.opml' does not exist"),
    ],
)
def test_a_command_that_is_not_understood_makes_no_folder(
    tmp_path: Path, arguments: Sequence[str], status: int, said: str
) -> None:
    done = run("--local", str(tmp_path / "d"), *ANY, *arguments)

    assert (done.exit_code, done.stdout) == (status, "")
    assert said in done.stderr
    assert not (tmp_path / "d").exists()


def test_a_wrong_file_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "mirror.toml").write_text("[mirror]\nname = 1\n")

    done = run(f"--data={tmp_path / 'd'}", *ANY, f"--feeds={tmp_path / 'mirror.toml'}")

    assert done.exit_code == 1
    assert "mirror.toml" in done.stderr


def test_a_start_that_is_refused_leaves_no_folder(tmp_path: Path) -> None:
    done = run(f"--data={tmp_path / 'd'}", *ANY)

    assert done.exit_code == 1
    assert list(tmp_path.iterdir()) == []


def test_a_site_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "site" / "index.html"
    page.parent.mkdir()
    page.write_text("mine")

    done = run(f"--data={tmp_path}", *ANY, "--feed=https://news.example/feed")

    assert (done.exit_code, page.read_text()) == (1, "mine")
    assert "and no mirror's" in done.stderr


def test_a_folder_is_its_owners_alone_and_one_serves(tmp_path: Path) -> None:
    folder = tmp_path / "d"
    assert not is_held(folder)
    with hold(folder):
        assert folder.stat().st_mode & 0o777 == 0o700
        assert is_held(folder)
        with pytest.raises(FolderTakenError), hold(folder):
            pass
        assert is_held(folder)
        (folder / "kept").touch()

    assert not is_held(folder)
    assert [path.name for path in folder.iterdir()] == ["kept"]
    with hold(folder):
        assert is_held(folder)


def test_a_lock_that_a_killed_process_left_holds_nobody_up(tmp_path: Path) -> None:
    (tmp_path / "serve.lock").touch()

    assert not is_held(tmp_path)
    with hold(tmp_path):
        assert is_held(tmp_path)
