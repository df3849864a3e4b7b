"""An HTTP/1.1 server on one event loop, for what benchmarks ask: it costs little and counts.

It reads whole requests, hands them to one function and sends what that returns. Clients are our
own and well behaved: no chunked requests, nothing pipelined.
"""

import select
import socket
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

_READ = 1 << 18
_END = b"\r\n\r\n"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Request(NamedTuple):
    """One request as it came; names of headers in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


class Reply(NamedTuple):
    """All bytes of an answer, and in how many seconds they are sent."""

    data: bytes
    delay: float = 0.0


@dataclass(slots=True)
class _Open:
    """A connection: what has come of a request, and what is left of an answer."""

    socket: socket.socket
    read: bytearray = field(default_factory=bytearray)
    left: memoryview = field(default_factory=lambda: memoryview(b""))
    told_to_continue: bool = False


def _next_of(control: Connection) -> Any:  # noqa: ANN401 -- whatever is asked for
    """Return the next message; None if whoever sends them has died."""
    try:
        return control.recv()
    except EOFError:
        return None


class EventServer:
    """Answers every address of 127.0.0.0/8 at one port, until it is told to stop."""

    def __init__(self, answer: Callable[[Request], Reply]) -> None:
        """Listen at a free port; nothing is answered before :meth:`serve`."""
        self._answer = answer
        self._listener = socket.create_server(("0.0.0.0", 0), backlog=4096)  # noqa: S104 -- all of 127.0.0.0/8
        self._listener.settimeout(0)
        self.port: int = self._listener.getsockname()[1]
        self._poll = select.epoll()
        self._open: dict[int, _Open] = {}
        self._later: deque[tuple[float, int, bytes]] = deque()

    def serve(self, control: Connection, command: Callable[[Any], Any]) -> None:
        """Serve, and answer each message of ``control`` by ``command``, until one is None."""
        self._poll.register(self._listener, select.EPOLLIN)
        self._poll.register(control.fileno(), select.EPOLLIN)
        while True:
            for number, event in self._poll.poll(self._next_delay()):
                if number == self._listener.fileno():
                    self._accept()
                elif number == control.fileno():
                    message = _next_of(control)
                    if message is None:
                        return
                    control.send(command(message))
                elif number in self._open:
                    self._go_on(number, event)
            self._send_what_is_due()

    def _accept(self) -> None:
        while True:
            try:
                found, _ = self._listener.accept()
            except BlockingIOError:
                return
            found.settimeout(0)
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._open[found.fileno()] = _Open(found)
            self._poll.register(found, select.EPOLLIN)

    def _go_on(self, number: int, event: int) -> None:
        connection = self._open[number]
        try:
            if event & select.EPOLLOUT:
                self._send(connection)
            else:
                self._receive(connection)
        except (ConnectionError, BlockingIOError):
            self._close(connection)

    def _receive(self, connection: _Open) -> None:
        data = connection.socket.recv(_READ)
        if not data:
            self._close(connection)
            return
        connection.read += data
        request = self._whole_request(connection)
        if request is None:
            return
        reply = self._answer(request)
        if reply.delay:
            due = time.monotonic() + reply.delay
            self._later.append((due, connection.socket.fileno(), reply.data))
        else:
            self._begin(connection, reply.data)

    def _whole_request(self, connection: _Open) -> Request | None:
        """Return a request once all of it is there."""
        read = connection.read
        end = read.find(_END)
        if end < 0:
            return None
        first, *lines = bytes(read[:end]).decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        begins = end + len(_END)
        length = int(headers.get("content-length", 0))
        if len(read) < begins + length:
            if "expect" in headers and not connection.told_to_continue:
                connection.told_to_continue = True
                connection.socket.send(_CONTINUE)
            return None
        body = bytes(read[begins : begins + length])
        connection.read = bytearray()
        connection.told_to_continue = False
        method, target, _ = first.split(" ")
        return Request(method, target, headers, body)

    def _begin(self, connection: _Open, data: bytes) -> None:
        sent = connection.socket.send(data)
        if sent < len(data):
            connection.left = memoryview(data)[sent:]
            self._poll.modify(connection.socket, select.EPOLLOUT)

    def _send(self, connection: _Open) -> None:
        sent = connection.socket.send(connection.left)
        connection.left = connection.left[sent:]
        if not connection.left:
            self._poll.modify(connection.socket, select.EPOLLIN)

    def _close(self, connection: _Open) -> None:
        del self._open[connection.socket.fileno()]
        connection.socket.close()

    def _next_delay(self) -> float | None:
        return max(0.0, self._later[0][0] - time.monotonic()) if self._later else None

    def _send_what_is_due(self) -> None:
        """Send what was delayed; every delay is of one length, so the first is due first."""
        while self._later and self._later[0][0] <= time.monotonic():
            _, number, data = self._later.popleft()
            if number in self._open:
                self._begin(self._open[number], data)
