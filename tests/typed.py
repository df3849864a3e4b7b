"""Commands as they are typed: in a process of their own, or in this one where many are asked."""

import io
import logging
import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import pytest

from feedmirror.adapters import aws
from feedmirror.cli.commands import run as run_commands
from feedmirror.wiring import mirror, takedown

COMMAND = str(Path(sys.executable).parent / "feedmirror")


def environment(home: Path, **more: str) -> dict[str, str]:
    """Return an environment that holds nothing of ours but what is named."""
    code = {"PYTHONPATH": os.environ["PYTHONPATH"]} if "PYTHONPATH" in os.environ else {}
    bare = {"PATH": os.environ["PATH"], "HOME": str(home), "AWS_EC2_METADATA_DISABLED": "true"}
    return {**code, **bare, **more}


def run_on_terminal(
    *arguments: str, cwd: Path, typed: str, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run the installed command with somebody at a terminal, who types."""
    with at_terminal(*arguments, cwd=cwd, **more) as (asked, type_in):
        type_in(typed)
        out, err = asked.communicate(timeout=60)
    return subprocess.CompletedProcess(arguments, asked.returncode, out, err)


@contextmanager
def at_terminal(
    *arguments: str, cwd: Path, **more: str
) -> Iterator[tuple[subprocess.Popen[str], Callable[[str], object]]]:
    """Yield the installed command at work, and what types at its terminal."""
    main, terminal = pty.openpty()
    with subprocess.Popen(  # noqa: S603 -- our own command
        [COMMAND, *arguments],
        cwd=cwd,
        env=environment(cwd, **more),
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as asked:
        yield asked, lambda text: os.write(main, text.encode())
    os.close(main)
    os.close(terminal)


@dataclass(frozen=True, slots=True)
class Done:
    """What a command came to."""

    status: int
    out: str
    err: str


def forget() -> None:
    """Have nothing of what was run in this process before: each holds an environment, a folder."""
    for cached in (aws._session, mirror._function, takedown._function):  # noqa: SLF001 -- see above
        cached.cache_clear()
    for service in ("mirror", "takedown"):  # Powertools sets up each once: its level, its stream
        logging.Logger.manager.loggerDict.pop(service, None)


def run_here(*arguments: str, cwd: Path, typed: str = "", **more: str) -> Done:
    """Run a command in this process, as if nothing had been run in it before."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    forget()
    try:
        with (
            chdir(cwd),
            patch.dict(os.environ, environment(cwd, **more), clear=True),
            patch.object(sys, "argv", ["feedmirror", *arguments]),
            patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(typed.encode()))),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            status = run_commands()
    finally:
        forget()
    return Done(status, *(stream.buffer.getvalue().decode() for stream in (out, err)))


def run_quickly(
    *arguments: str, cwd: Path, typed: str = "", **more: str
) -> subprocess.CompletedProcess[str]:
    """Run a command in this process; what came of it is told as of one of its own."""
    done = run_here(*arguments, cwd=cwd, typed=typed, **more)
    return subprocess.CompletedProcess(arguments, done.status, done.out, done.err)


def said_in_words(done: Done) -> list[str]:
    """Return the lines of a refusal, which are all that is said: plain words, each of ours."""
    assert done.out == "", done.out
    lines = done.err.splitlines()
    assert lines
    for line in lines:
        assert line.startswith("feedmirror: "), line
        for raw in ("Traceback", "[Errno", "Error(", "botocore", "<class", "Aborted"):
            assert raw not in line, line
    if done.status not in {1, 2, 130}:
        pytest.fail(f"exit status {done.status}")
    return lines
