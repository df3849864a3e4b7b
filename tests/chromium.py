"""A headless Chromium, spoken to by the DevTools protocol over a pipe: no driver, no port.

What happens in its pages comes as events; whoever sends a command or waits hears them.
"""

import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PROGRAM = Path("/usr/bin/chromium")
_SWITCHES = (
    "headless no-sandbox disable-gpu disable-quic no-first-run disable-background-networking "
    "disable-component-update disable-sync disable-dev-shm-usage disable-extensions "
    "disable-popup-blocking remote-debugging-pipe "
    # One process and one session for all frames of a page, whatever their hosts.
    "disable-site-isolation-trials disable-features=IsolateOrigins,site-per-process,"
    "IsolateSandboxedIframes,OriginKeyedProcessesByDefault,HttpsUpgrades "
    "autoplay-policy=no-user-gesture-required"
)
_PATIENCE = 20.0  # seconds for an answer to a command
_CHUNK = 1 << 16

Event = dict[str, Any]


class BrowserStuckError(Exception):
    """The browser does not answer: something in a page keeps it busy."""


class Chromium:
    """A browser with a profile of its own; every host's name leads to one port on loopback."""

    def __init__(self, profile: Path, *, port: int, hear: Callable[[Event], None]) -> None:
        """Start it; ``hear`` is told every event."""
        self._hear = hear
        self._last = 0
        self._answers: dict[int, Event] = {}
        self._rest = b""
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        switches = [f"--{switch}" for switch in _SWITCHES.split()]
        rule = f"--host-resolver-rules=MAP * 127.0.0.1:{port}"
        # The protocol's pipe is file descriptors 3 and 4, which a shell can be asked for; other
        # shells than bash know no descriptor above 9.
        self._process = subprocess.Popen(  # noqa: S603 -- our own line
            [
                shutil.which("bash") or "bash",
                "-c",
                f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}',
                "bash",
                str(PROGRAM),
                *switches,
                f"--user-data-dir={profile}",
                rule,
            ],
            pass_fds=(theirs_in, theirs_out),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(theirs_in)
        os.close(theirs_out)

    def __enter__(self) -> Self:
        """Return the browser, which ends with the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the browser, its processes and the pipe."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, 9)
        self._process.wait()
        os.close(self._out)
        os.close(self._in)

    def call(self, method: str, *, session: str | None = None, **parameters: object) -> Event:
        """Send a command and return its result; raises BrowserStuckError, RuntimeError."""
        self._last += 1
        number = self._last
        command: dict[str, object] = {"id": number, "method": method, "params": parameters}
        if session:
            command["sessionId"] = session
        os.write(self._out, json.dumps(command).encode() + b"\0")
        if not self.wait(lambda: number in self._answers, seconds=_PATIENCE):
            raise BrowserStuckError(method)
        answer = self._answers.pop(number)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        result: Event = answer["result"]
        return result

    def wait(self, until: Callable[[], bool], *, seconds: float) -> bool:
        """Hear events until something is so; tell whether it is, after at most so long."""
        deadline = time.monotonic() + seconds
        while not until():
            left = deadline - time.monotonic()
            if left <= 0 or not self._read(left):
                return until()
        return True

    def _read(self, seconds: float) -> bool:
        if not select.select([self._in], [], [], seconds)[0]:
            return False
        received = os.read(self._in, _CHUNK)
        if not received:
            raise BrowserStuckError("the browser is gone")
        *messages, self._rest = (self._rest + received).split(b"\0")
        for message in map(json.loads, messages):
            if "id" in message:
                self._answers[message["id"]] = message
            else:
                self._hear(message)
        return True
