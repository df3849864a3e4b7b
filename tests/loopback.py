"""A scripted publisher on a loopback address, which writes down all that it is asked.

Every address of 127.0.0.0/8 is a host of its own, so one test can have many publishers::

    with Publisher({"/feed": Answer(body=b"<rss/>")}, address="127.0.0.3") as publisher:
        ...publisher.url("/feed")...
    assert publisher.seen[0].header("user-agent")
"""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from io import BufferedIOBase
from types import TracebackType
from typing import Self


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it came: header names and values keep every byte (latin-1)."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """Return the value of a header, or None if it was not sent."""
        values = self.all_of(name)
        return values[-1] if values else None

    def all_of(self, name: str) -> tuple[str, ...]:
        """Return every value of a header, in order."""
        return tuple(value for key, value in self.headers if key.lower() == name.lower())


@dataclass(frozen=True, slots=True)
class Answer:
    """What the publisher sends; ``pause`` is in seconds, before the answer.

    The length is stated unless the headers frame the body themselves. ``raw``, in pieces, is sent
    in place of all else, and the connection is closed behind it.
    """

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    pause: float = 0.0
    raw: Iterable[bytes] | None = None

    def pieces(self) -> Iterator[bytes]:
        """Yield the bytes to send."""
        if self.raw is not None:
            yield from self.raw
            return
        lines = [f"HTTP/1.1 {self.status} Scripted"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        framed = {"content-length", "transfer-encoding"} & {n.lower() for n, _ in self.headers}
        if not framed and self.status not in {204, 304}:
            lines.append(f"Content-Length: {len(self.body)}")
        yield "\r\n".join([*lines, "", ""]).encode("latin-1") + self.body


# Not counted unless a test has it; a publisher without it answers 404.
_OF_COURSE = {"/.well-known/tdmrep.json"}

Script = Mapping[str, Answer] | Callable[[Seen], Answer]
# What every origin is asked for beside its feeds, once a day: most tests are not about it.
BESIDE = {"/robots.txt"}


class Publisher:
    """An HTTP/1.1 server of one script: answers by path, or a function of the request.

    ``connects`` counts the connections that were accepted, ``most_at_once`` the requests that were
    being answered at the same time, ``still_open`` the connections that the client has not closed,
    ``resumed`` those of TLS that began from an earlier session.

    ``seen`` are the requests for what the script is about, ``asked_beside`` those for robots.txt
    unless the script has one: 404, or what ``robots`` answers. ``everything_seen`` has all, those
    for files of terms as well.
    """

    def __init__(
        self,
        script: Script,
        *,
        address: str = "127.0.0.2",
        tls: ssl.SSLContext | None = None,
        robots: Callable[[Seen], Answer | None] = lambda _: None,
    ) -> None:
        """Listen on a free port; nothing is answered before the ``with`` begins."""
        self.seen: list[Seen] = []
        self.asked_beside: list[Seen] = []
        self.everything_seen: list[Seen] = []
        self._robots = robots
        self.connects = 0
        self.resumed = 0
        self.most_at_once = 0
        self._script = script
        self._tls = tls
        self._at_once = 0
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server((address, 0), backlog=256)
        self.address = address
        self.port: int = self._listener.getsockname()[1]

    def url(self, path: str = "/", *, host: str | None = None) -> str:
        """Return the address of a path, with another spelling of the host if one is given."""
        scheme = "http" if self._tls is None else "https"
        return f"{scheme}://{host or self.address}:{self.port}{path}"

    @property
    def still_open(self) -> int:
        """How many connections the client has not closed."""
        with self._lock:
            return len(self._connections)

    def __enter__(self) -> Self:
        """Begin to answer."""
        self._begin(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close every connection and wait for the threads."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._threads[0].join()  # the accepting one: no connection comes after it
        with self._lock:
            for connection in self._connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _begin(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):  # the listener was closed
            while True:
                connection, _ = self._listener.accept()
                with self._lock:
                    self.connects += 1
                    self._connections.add(connection)
                self._begin(self._serve, connection)

    def _serve(self, plain: socket.socket) -> None:
        connection = plain
        with suppress(OSError, ValueError):  # the client went away
            if self._tls is not None:
                connection = secured = self._tls.wrap_socket(plain, server_side=True)
                with self._lock:
                    self.resumed += bool(secured.session_reused)
            self._converse(connection)
        with self._lock:
            self._connections.discard(plain)
        connection.close()
        plain.close()

    def _converse(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection.makefile("rb") as stream:
            while (seen := _read_request(stream)) is not None:
                with self._answering(seen):
                    answer = self._answer(seen)
                    time.sleep(answer.pause)
                    for piece in answer.pieces():
                        connection.sendall(piece)
                if answer.raw is not None:
                    return

    @contextmanager
    def _answering(self, seen: Seen) -> Iterator[None]:
        with self._lock:
            self.everything_seen.append(seen)
            if self._is_scripted(seen) or seen.target not in (BESIDE | _OF_COURSE):
                self.seen.append(seen)
            elif seen.target in BESIDE:
                self.asked_beside.append(seen)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            yield
        finally:
            with self._lock:
                self._at_once -= 1

    def _is_beside(self, seen: Seen) -> bool:
        return seen.target in BESIDE and not self._is_scripted(seen)

    def _is_scripted(self, seen: Seen) -> bool:
        return not callable(self._script) and seen.target in self._script

    def _answer(self, seen: Seen) -> Answer:
        if self._is_beside(seen):
            return self._robots(seen) or Answer(404)
        if callable(self._script):
            return self._script(seen)
        return self._script.get(seen.target, Answer(404))


def _read_request(stream: BufferedIOBase) -> Seen | None:
    lines = iter(stream.readline, b"")
    first = next(lines, b"")
    if not first.strip():
        return None
    method, target, _ = first.decode("latin-1").split(" ", 2)
    headers: list[tuple[str, str]] = []
    for line in lines:
        if line == b"\r\n":
            seen = Seen(method, target, tuple(headers))
            return replace(seen, body=stream.read(int(seen.header("content-length") or 0)))
        name, _, value = line.decode("latin-1").partition(":")
        # Only the framing goes: one space in front, the line's end behind.
        headers.append((name, value.removeprefix(" ").removesuffix("\r\n")))
    return None
