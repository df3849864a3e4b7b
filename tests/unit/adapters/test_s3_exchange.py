"""One request over one connection: what is sent, what of the answer counts, what is kept open."""

import time
from collections.abc import Iterator
from http.client import HTTPException, HTTPResponse
from io import BytesIO
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest
from hypothesis import example, given
from hypothesis import strategies as st
from urllib3 import HTTPConnectionPool, Timeout

from feedmirror.adapters.s3_exchange import exchange, plain_headers
from loopback import Answer, Publisher

HEAD = b"HTTP/1.1 200 OK\r\n"
ETAG = b'ETag: "e"\r\n'
LENGTH = b"Content-Length: 0\r\n"
# Of such pieces answers are made: what is plain, what is not, and what is hardly HTTP.
PIECES = (
    HEAD, b"HTTP/1.1 200 \r\n", b"HTTP/1.1 204 No\r\n", b"HTTP/1.0 200 OK\r\n", ETAG, LENGTH,
    b"HTTP/1.1 100 Continue\r\n\r\n", b"x-amz-id-2:  a b \t\r\n", b"X-Odd: \xe4:\x0b\r\n",
    b"Content-Length: 1\r\n", b"content-length: 0, 0\r\n", b"Content-Length: 00\r\n",
    b"Transfer-Encoding: chunked\r\n", b"Connection: close\r\n", b"Connection: Keep-Alive\r\n",
    b" folded\r\n", b"a b: c\r\n", b": nameless\r\n", b"no colon\r\n", b"bare\nline: x\r\n", b"\r",
    b"\n", b"\r\n", b"x",
)  # fmt: skip
PLAIN = HEAD + ETAG + LENGTH + b"\r\n"


class Stream(BytesIO):
    """What can be looked at once ``http.client`` has closed it."""

    def close(self) -> None:
        """Stay open."""


class Wire:
    """A connection on which an answer has come in."""

    def __init__(self, data: bytes) -> None:
        self.data = Stream(data)

    def makefile(self, _mode: str) -> Stream:
        return self.data


@given(
    pieces=st.lists(st.sampled_from(PIECES), max_size=8)
    | st.lists(st.sampled_from(PIECES), max_size=4).map(lambda few: [HEAD, *few, LENGTH, b"\r\n"]),
    method=st.sampled_from(["PUT", "HEAD"]),
)
@example(pieces=[PLAIN], method="PUT")
@example(pieces=[HEAD, ETAG, b"Content-Length: 1\r\n\r\n"], method="HEAD")
def test_an_answer_that_is_taken_apart_at_once_says_what_http_client_says(
    pieces: list[bytes], method: str
) -> None:
    data = b"".join(pieces)
    headers = plain_headers(data, method)
    if headers is None:
        assert data != PLAIN
        return
    wire: Any = Wire(data)
    whole = HTTPResponse(wire, method=method)
    whole.begin()

    assert (whole.status, whole.will_close) == (200, False)
    assert headers == {name.lower(): text.strip(" \t") for name, text in whole.headers.items()}
    assert (whole.read(), wire.data.read()) == (b"", b"")


def a_request(server: Publisher, *, body: bytes = b"", more: str = "Ann") -> AWSPreparedRequest:
    headers: Any = {
        "user-agent": "test",
        "content-length": str(len(body)),
        "x-amz-meta-author": more,
    }
    method, address = "PUT" if body else "HEAD", server.url("/bucket/k%C3%A4y")
    return AWSPreparedRequest(method, address, headers, body or None, stream_output=False)


@pytest.fixture
def pool() -> Iterator[HTTPConnectionPool]:
    found = HTTPConnectionPool("127.0.0.1", timeout=Timeout(connect=1, read=0.2))
    yield found
    found.close()


def asked(
    pool: HTTPConnectionPool, *answers: Answer, body: bytes = b"a note", connects: int
) -> list[tuple[int, bytes]]:
    """Send a request for each answer; return what came, and look how often it was connected."""
    left = iter(answers)
    with Publisher(lambda _: next(left), address="127.0.0.1") as server:
        pool.port = server.port
        found = [exchange(pool, a_request(server, body=body), host="h:1") for _ in answers]
        assert server.connects == connects
        assert [seen.body for seen in server.seen] == [body] * len(answers)
    return [(answer.status_code, answer.content) for answer in found]


def test_what_is_sent_is_what_urllib3_would_send(pool: HTTPConnectionPool) -> None:
    with Publisher(lambda _: Answer(), address="127.0.0.1") as server:
        pool.port = server.port
        for body in (b"", b"a note", bytes(300_000)):
            request: Any = a_request(server, body=body)
            pool.urlopen(
                request.method, "/bucket/k%C3%A4y", body=request.body, headers=request.headers
            )
            exchange(pool, request, host=f"127.0.0.1:{server.port}")

        for theirs, ours in zip(server.seen[::2], server.seen[1::2], strict=True):
            assert (ours.method, ours.target, ours.body) == (
                theirs.method,
                theirs.target,
                theirs.body,
            )
            assert lowered(ours.headers) == lowered(theirs.headers)


def lowered(headers: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    return sorted((name.lower(), text) for name, text in headers)


def test_a_connection_is_used_again_whatever_its_answers_say(pool: HTTPConnectionPool) -> None:
    refused, chunked = Answer(status=412, body=b"<Error/>"), b"3\r\nabc\r\n0\r\n\r\n"
    framed = Answer(headers=(("Transfer-Encoding", "chunked"),), body=chunked)

    found = asked(pool, Answer(), refused, framed, Answer(), connects=1)

    assert found == [(200, b""), (412, b"<Error/>"), (200, b"abc"), (200, b"")]


def test_a_head_has_the_length_of_a_body_that_does_not_come(pool: HTTPConnectionPool) -> None:
    length = Answer(headers=(("Content-Length", "7"),))

    assert asked(pool, length, length, body=b"", connects=1) == [(200, b"")] * 2


def test_a_connection_that_the_server_will_close_is_not_used_again(
    pool: HTTPConnectionPool,
) -> None:
    closing = Answer(headers=(("Connection", "close"),))

    assert asked(pool, closing, Answer(), connects=2) == [(200, b"")] * 2


def test_a_connection_that_is_gone_meanwhile_is_opened_anew(pool: HTTPConnectionPool) -> None:
    answers = iter([Answer(raw=[PLAIN]), Answer()])  # the first closes without a word
    with Publisher(lambda _: next(answers), address="127.0.0.1") as server:
        pool.port = server.port
        request = a_request(server, body=b"a note")
        exchange(pool, request, host="h")
        while server.still_open:
            time.sleep(0.001)

        assert exchange(pool, request, host="h").status_code == 200
        assert server.connects == 2


@pytest.mark.parametrize("raw", [[], [HEAD + b"Content-Length: 9\r\n\r\nabc"]])
def test_an_answer_that_breaks_off_is_none(pool: HTTPConnectionPool, raw: list[bytes]) -> None:
    broken, late = Answer(raw=raw), Answer(pause=0.5)
    whole = [Answer(), Answer()]
    answers = iter([broken, whole[0], late, whole[1]])
    with Publisher(lambda _: next(answers), address="127.0.0.1") as server:
        pool.port = server.port
        request = a_request(server, body=b"a note")
        for trouble in ((HTTPException, ConnectionError), TimeoutError):
            with pytest.raises(trouble):
                exchange(pool, request, host="h")
            # What the broken answer left behind is nothing that the next one would begin with.
            assert exchange(pool, request, host="h").status_code == 200


def test_a_header_that_would_be_two_is_not_sent(pool: HTTPConnectionPool) -> None:
    with Publisher(lambda _: Answer(), address="127.0.0.1") as server:
        pool.port = server.port
        for text in ('"e"\r\nx-amz-acl: public-read', "a\nb"):
            with pytest.raises(ValueError, match="more than one line"):
                exchange(pool, a_request(server, more=text), host="h")

    assert server.seen == []
