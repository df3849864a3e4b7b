"""A running ``feedmirror serve``, and mail clients that write to it."""

import os
import re
import shutil
import smtplib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self, TypeVar
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from needed import missing

CONTACT = "takedown@mirror.example"
_Found = TypeVar("_Found")
SECONDS = 30.0  # that a slow machine is waited for
_PLACES = {
    "http": re.compile(r"site +http://(?:127\.0\.0\.1|localhost):(\d+)/"),
    "smtp": re.compile(r"mail +smtp://127\.0\.0\.1:(\d+) "),
    "console": re.compile(r"console +http://(?:127\.0\.0\.1|localhost):\d+(/-/\w+/)"),
}


class Serving:
    """One process over a folder, on free ports; it is killed at the end if it still runs."""

    def __init__(self, folder: Path, *options: str) -> None:
        command = Path(sys.executable).parent / "feedmirror"
        self.folder = folder
        self.lines: list[str] = []
        self._process = subprocess.Popen(  # noqa: S603 -- our own command
            [command, "serve", "--data", str(folder), "--http-port=0", "--smtp-port=0", *options],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(folder),
                "FEEDMIRROR_ALLOWED_NETWORKS": "127.0.0.0/8",
                **{name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ},
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line.rstrip("\n"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def process_id(self) -> int:
        """The id of the process."""
        return self._process.pid

    def kill(self) -> None:
        """Kill it as kill -9 does."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def stop(self, signal: int) -> int:
        """Send a signal and return the exit status."""
        self._process.send_signal(signal)
        return self._process.wait(SECONDS)

    def said(self, text: str) -> str:
        """Wait for a line that holds a text, and return it."""

        def find() -> str | None:
            return next((line for line in self.lines if text in line), None)

        return until(find, f"{text!r} in {self.lines}")

    def place(self, name: str) -> str:
        """Return a port, or the console's path, as it was printed."""

        def find() -> str | None:
            found = (_PLACES[name].search(line) for line in self.lines)
            return next((match[1] for match in found if match), None)

        return until(find, f"{name} in {self.lines}")

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        """Return the status and the text of a page."""
        address = f"http://127.0.0.1:{self.place('http')}{path}"
        try:
            with urlopen(Request(address, headers=headers), timeout=SECONDS) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def shows(self, path: str, status: int) -> None:
        """Wait until a page has a status."""
        until(lambda: self.get(path)[0] == status or None, f"{status} for {path}: {self.lines}")

    def send(self, mail: bytes, *, sender: str = "ann@news.example.com") -> bool:
        """Send a mail by SMTP; tell whether it was acknowledged before the server went away."""
        acknowledged = False
        with suppress(OSError, smtplib.SMTPException):
            port = int(self.place("smtp"))
            with smtplib.SMTP("127.0.0.1", port, "mx.news.example", timeout=SECONDS) as client:
                client.sendmail(sender, [CONTACT], mail)
                acknowledged = True
        return acknowledged


def until(look: Callable[[], _Found | None], what: str) -> _Found:
    """Look again and again until there is something."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        found = look()
        if found is not None:
            return found
        time.sleep(0.02)
    raise AssertionError(f"never: {what}")


def tool(name: str) -> str:
    """Return where a tool is, or skip the test."""
    return shutil.which(name) or missing(f"{name} is not installed")


def taken_port() -> socket.socket:
    """Return a socket that has a port of its own."""
    return socket.create_server(("127.0.0.1", 0))
