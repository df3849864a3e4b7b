"""One request over one connection of botocore's, for requests whose answers hardly have a body.

Between urllib3's pool and a socket, urllib3 and ``http.client`` write and read a head line by line,
send it apart from the body, and set the socket's time limit twice. Each of those calls lets go of
the interpreter, and with many threads another one takes it: of what a put costs that is more than
all else. Here a request is sent at once, and the answer that nearly all puts get, a head alone, is
taken apart in one go; any other is read by ``http.client``.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse
    from urllib3 import HTTPConnectionPool

_PLAIN = re.compile(rb"HTTP/1\.1 200 [^\r\n]*\r\n((?:[!-9;-~]+:[^\r\n]*\r\n)+)\r\n")
# What says that more follows than a head, or that the connection is not to be used again.
_MORE = {"transfer-encoding", "connection", "upgrade"}
_ASKED = ("accept-encoding: identity",)  # as http.client asks


@dataclass(frozen=True, slots=True)
class _Body:
    """A body that was read, as botocore asks for it."""

    data: bytes = b""

    def stream(self) -> Iterator[bytes]:
        yield self.data


def exchange(
    pool: "HTTPConnectionPool", request: "AWSPreparedRequest", *, host: str
) -> "AWSResponse":
    """Send a request of botocore's on one of its connections; return the answer, all of it read.

    ``host`` is the header of that name. The connection goes back to the pool, closed where its
    state is not known. Raises what sockets, TLS, urllib3 and ``http.client`` raise, and ValueError
    for a header that would be two.
    """
    sent: Any = request
    kept: Any = pool
    data = _head_of(sent, host) + (sent.body or b"")
    connection = kept._get_conn()  # noqa: SLF001 -- see fits
    is_clean = False
    try:
        if connection.is_closed:
            connection.timeout = kept.timeout.connect_timeout
            connection.connect()
        if connection.sock.gettimeout() != kept.timeout.read_timeout:
            connection.sock.settimeout(kept.timeout.read_timeout)
        # Whoever refuses a request may have answered before it was sent.
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sock.sendall(data)
        answer, is_clean = _answer(connection.sock, sent)
    finally:
        if not is_clean:
            connection.close()
        kept._put_conn(connection)  # noqa: SLF001 -- see fits
    return answer


def fits(pool: "HTTPConnectionPool") -> bool:
    """Tell whether a pool gives and takes connections as is needed here.

    What does that is named like a private thing, and meant for those who extend urllib3.
    """
    return all(hasattr(pool, name) for name in ("_get_conn", "_put_conn", "timeout"))


def target_of(request: "AWSPreparedRequest") -> str:
    """Return what a request asks a server for: its address from the path on."""
    return request.url[request.url.index("/", len("https://")) :]


def header_text(value: object) -> str:
    """Return a header's value as a text, whichever of both botocore has it as."""
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _head_of(request: Any, host: str) -> bytes:  # noqa: ANN401 -- headers of any mapping
    target = target_of(request)
    fields = (f"{name}: {header_text(value)}" for name, value in request.headers.items())
    lines = (f"{request.method} {target} HTTP/1.1", f"host: {host}", *_ASKED, *fields)
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError(f"a header of {target[:80]!r} has more than one line")
    return "\r\n".join((*lines, "", "")).encode("latin-1")


def _answer(sock: Any, request: Any) -> tuple["AWSResponse", bool]:  # noqa: ANN401 -- TLS's or not
    """Read an answer; tell as well whether the connection may be used again."""
    from botocore.awsrequest import AWSResponse  # noqa: PLC0415 -- loaded with the client

    with HTTPResponse(sock, method=request.method) as raw:
        stream: Any = raw.fp
        headers: Any = plain_headers(stream.peek(), request.method)
        if headers is not None:
            return AWSResponse(request.url, 200, headers, _Body()), True
        raw.begin()
        headers, body = raw.headers, _Body(raw.read())
        return AWSResponse(request.url, raw.status, headers, body), not raw.will_close


def plain_headers(data: bytes, method: str) -> dict[str, str] | None:
    """Return the headers of an answer that says 200 and has no body, if that is all there is."""
    found = _PLAIN.fullmatch(data)
    if found is None:
        return None
    lines = found[1].decode("latin-1").split("\r\n")[:-1]
    pairs = (line.split(":", 1) for line in lines)
    headers = {name.lower(): text.strip(" \t") for name, text in pairs}
    if len(headers) < len(lines) or _MORE & headers.keys():
        return None
    return headers if method == "HEAD" or headers.get("content-length") == "0" else None
