"""Operations of a child process that does what a parser does once it is broken, or broken into."""

import ctypes
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from feedmirror.adapters.isolation.frames import LENGTHS, Json
from feedmirror.adapters.isolation.operation import Operations, RefusedError


def operations() -> Operations:
    """Return what can be asked for: everything that a document may not make a child do."""
    return {
        "echo": lambda arguments, body, _: [arguments, len(body)],
        "asks": lambda arguments, _, ask: [ask("double", number) for number in arguments],
        "refuses": _refuse,
        "raises": lambda *_: 1 / 0,
        "recurses": _recurse,
        "overflows": _overflow,
        "spins": _spin,
        "works": _work,
        "hangs": lambda *_: time.sleep(60),
        "hoards": lambda size, *_: len(bytearray(size)),
        "keeps": lambda size, *_: _kept.append(bytearray(size)),
        "dies": lambda number, *_: os.kill(os.getpid(), number),
        "exits": lambda status, *_: os._exit(status),
        "writes": lambda text, *_: os.write(1, text.encode("latin-1")),
        "floods": _flood,
        "pid": lambda *_: os.getpid(),
        "environment": lambda *_: dict(os.environ),
        "tries": _try,
    }


_LIBRARY = str(getattr(find_spec("_sqlite3"), "origin", ""))
_kept: list[bytearray] = []


def _try(what: Json, *_: object) -> Json:
    return _TRIED[what]()


def _refuse(words: Json, *_: object) -> Json:
    raise RefusedError(words)


def _recurse(*_: object) -> Json:
    return _recurse()


def _overflow(*_: object) -> Json:
    """Overflow the stack of the machine, as a parser in C does."""
    sys.setrecursionlimit(2**30)
    deep: list[object] = []
    for _each in range(400_000):
        deep = [deep]
    return json.dumps(deep)


def _spin(*_: object) -> Json:
    while True:
        pass


def _work(seconds: Json, *_: object) -> Json:
    """Return how many seconds of a processor it took, which is what was asked for or more."""
    began = time.process_time()
    while time.process_time() - began < seconds:
        pass
    return time.process_time() - began


def _flood(*_: object) -> Json:
    """Promise a short answer, and write for ever."""
    os.write(1, LENGTHS.pack(10, 0))
    while True:
        os.write(1, b"x" * 65536)


def _write_file() -> str:
    Path("/tmp/feedmirror-was-here").write_text("x")  # noqa: S108 -- it must not come to be
    return "written"


def _raise_limit() -> str:
    import resource  # noqa: PLC0415 -- Unix only

    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    return "raised"


_TRIED: dict[str, Callable[[], str]] = {
    "read a file": lambda: Path("/proc/self/environ").read_text(),
    "write a file": _write_file,
    "open a socket": lambda: str(socket.socket()),
    "open a pipe": lambda: str(os.pipe()),
    "start a program": lambda: subprocess.check_output(["/bin/true"]).decode(),
    "fork": lambda: str(os.fork()),
    "import a module": lambda: str(__import__("sqlite3")),
    "load a library": lambda: str(ctypes.CDLL(_LIBRARY)),
    "raise a limit": _raise_limit,
}
