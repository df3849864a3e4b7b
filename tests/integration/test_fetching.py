"""The fetcher against publishers on loopback: what it sends, takes and refuses (rules V1, V6)."""

import gc
import gzip
import math
import os
import signal
import socket
import sys
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import brotli  # type: ignore[import-untyped,unused-ignore]  # ships no types
import pycurl
import pytest

from certificates import server_context, write_certificate
from feedmirror.adapters.fetching import CurlFetcher
from feedmirror.adapters.isolation.child_process import ChildProcess
from feedmirror.adapters.sessions import TlsSessions
from feedmirror.adapters.targets import Target, target_of
from feedmirror.adapters.transfers import Terms, Transfer
from feedmirror.adapters.turns import Exchange, Turns
from feedmirror.ports.fetching import Fetched, FetchFailure, FetchRequest, Hop, Unfetched
from loopback import Answer, Publisher, Seen

LOOPBACK = (ip_network("127.0.0.0/8"),)
FEED = b"<rss><channel><title>x</title></channel></rss>" * 40
AGENT = "feedmirror/0.1 (+https://mirror.example.org)"


def fetcher(**changes: Any) -> CurlFetcher:  # noqa: ANN401 -- any field of the fetcher's
    return CurlFetcher(**{"user_agent": AGENT, "allowed_networks": LOOPBACK, **changes})


def fetch(*urls: str | FetchRequest, **changes: Any) -> list[Fetched | Unfetched]:  # noqa: ANN401 -- as above
    requests = [FetchRequest(url) if isinstance(url, str) else url for url in urls]
    return list(fetcher(**changes).fetch(requests))


def fetched(url: str | FetchRequest, **changes: Any) -> Fetched:  # noqa: ANN401 -- as above
    (outcome,) = fetch(url, **changes)
    assert isinstance(outcome, Fetched), outcome
    return outcome


def unfetched(url: str | FetchRequest, **changes: Any) -> Unfetched:  # noqa: ANN401 -- as above
    (outcome,) = fetch(url, **changes)
    assert isinstance(outcome, Unfetched), outcome
    return outcome


def always(answer: Answer, *, address: str = "127.0.0.2") -> Publisher:
    return Publisher(lambda _: answer, address=address)


def open_sockets(process: int | str = "self") -> int:
    descriptors = Path(f"/proc/{process}/fd")
    if not descriptors.is_dir():
        pytest.skip("this system does not list a process's descriptors")
    count = 0
    for entry in os.listdir(descriptors):  # noqa: PTH208 -- entries that vanish must not matter
        try:
            count += os.readlink(descriptors / entry).startswith("socket:")  # noqa: PTH115 -- as above
        except FileNotFoundError:
            continue
    return count


# ------------------------------------------------------------------ what is sent


def test_a_plain_poll_sends_its_name_and_what_it_takes_and_nothing_that_follows_it_around() -> None:
    """Rules V4 and V5."""
    with always(Answer(body=FEED, headers=(("Set-Cookie", "a=b"),))) as publisher:
        assert fetched(publisher.url("/feed?a=%20b&c=ü")).body == FEED
        fetch(publisher.url("/feed"), publisher.url("/feed"))

    first = publisher.seen[0]
    assert (first.method, first.target) == ("GET", "/feed?a=%20b&c=%C3%BC")
    assert first.header("user-agent") == AGENT
    assert "application/atom+xml" in (first.header("accept") or "")
    assert first.header("accept-encoding") == "gzip, deflate, br"
    sent = {name.lower() for seen in publisher.seen for name, _ in seen.headers}
    assert sent == {"host", "user-agent", "accept", "accept-encoding"}


@pytest.mark.parametrize(
    "etag",
    ['"abc"', 'W/"a"', "unquoted", '"with spaces, and commas"', '""', "caf\xe9", '"a\\"b";', "'"],
)
def test_validators_go_back_byte_for_byte(etag: str) -> None:
    moment = "Sunday the 1st, about noon"
    answers = Answer(headers=(("ETag", etag), ("Last-Modified", moment)), body=FEED)
    with always(answers) as publisher:
        first = fetched(publisher.url())
        stored = first.headers["etag"], first.headers["last-modified"]
        fetch(FetchRequest(publisher.url(), *stored))

    assert stored == (etag, moment)
    assert publisher.seen[0].header("if-none-match") is None
    assert publisher.seen[0].header("if-modified-since") is None
    assert publisher.seen[1].all_of("if-none-match") == (etag,)
    assert publisher.seen[1].all_of("if-modified-since") == (moment,)


def test_deltas_are_asked_for_only_together_with_an_etag() -> None:
    """Rule V5."""
    delta = Answer(226, headers=(("IM", "feed"), ("ETag", '"2"')), body=b"<delta/>")
    with always(delta) as publisher:
        outcome = fetched(FetchRequest(publisher.url(), etag='"1"'))
        fetch(FetchRequest(publisher.url(), last_modified="x"), publisher.url())

    assert (outcome.status, outcome.body, outcome.headers["im"]) == (226, b"<delta/>", "feed")
    assert [seen.header("a-im") for seen in publisher.seen] == ["feed", None, None]


@pytest.mark.parametrize(
    "bad", ['"a"\r\nX-Injected: 1', "a\nb", "a\x00b", "a\tb", "a\x7f", "€", ""]
)
def test_a_validator_that_no_header_can_carry_is_not_sent(bad: str) -> None:
    with always(Answer(body=FEED)) as publisher:
        assert fetched(FetchRequest(publisher.url(), etag=bad, last_modified=bad)).body == FEED

    sent = {name.lower() for name, _ in publisher.seen[0].headers}
    assert sent == {"host", "user-agent", "accept", "accept-encoding"}


def test_no_proxy_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with always(Answer(418), address="127.0.0.9") as proxy, always(Answer(body=FEED)) as publisher:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "https_proxy"):
            monkeypatch.setenv(name, proxy.url())
        monkeypatch.delenv("no_proxy", raising=False)
        assert fetched(publisher.url()).body == FEED

    assert proxy.connects == 0


def test_no_password_is_taken_from_a_netrc_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".netrc").write_text("default login a password b\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    with always(Answer(401, headers=(("WWW-Authenticate", 'Basic realm="x"'),))) as publisher:
        assert fetched(publisher.url()).status == 401

    assert publisher.seen[0].header("authorization") is None
    assert len(publisher.seen) == 1


# ------------------------------------------------------------------ what is taken


def test_an_unchanged_feed_costs_one_request() -> None:
    with always(Answer(304, headers=(("ETag", '"2"'), ("Content-Length", "9999999999")))) as server:
        outcome = fetched(FetchRequest(server.url("/feed"), etag='"1"'))

    assert (outcome.status, outcome.body, outcome.headers["etag"]) == (304, b"", '"2"')
    assert outcome.url == server.url("/feed")
    assert outcome.hops == ()
    assert len(server.seen) == 1


@pytest.mark.parametrize("status", [200, 204, 300, 305, 403, 404, 410, 429, 500, 503])
def test_an_answer_of_any_status_is_an_answer(status: int) -> None:
    with always(Answer(status, headers=(("Retry-After", "120"),))) as publisher:
        outcome = fetched(publisher.url())

    assert (outcome.status, outcome.body) == (status, b"")
    assert outcome.headers["retry-after"] == "120"


def bare_deflate(body: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(body) + stream.flush()


COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "GZIP": lambda body: gzip.compress(body[:100]) + gzip.compress(body[100:]),
    "identity, gzip": lambda body: gzip.compress(body) + b"\x00" * 512,
    "deflate": zlib.compress,
    "Deflate": bare_deflate,
    "br": brotli.compress,
    "identity": bytes,
}


def compressed(coding: str, body: bytes) -> bytes:
    return COMPRESS[coding](body)


CODINGS = list(COMPRESS)


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("slowly", [False, True])
def test_a_compressed_body_comes_out_whole(coding: str, *, slowly: bool) -> None:
    body = compressed(coding, FEED)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {len(body)}\r\n\r\n"

    def drip() -> Iterator[bytes]:
        yield head.encode()
        step = max(1, len(body) // 7)
        for start in range(0, len(body), step):
            time.sleep(0.002)
            yield body[start : start + step]

    pieces = drip() if slowly else [head.encode() + body]
    with always(Answer(raw=pieces)) as publisher:
        assert fetched(publisher.url()).body == FEED


@pytest.mark.parametrize("coding", [coding for coding in CODINGS if coding != "identity"])
def test_a_compressed_body_that_breaks_off_is_no_answer(coding: str) -> None:
    cut = compressed(coding.replace("identity, ", ""), FEED)[:-9]
    with always(Answer(headers=(("Content-Encoding", coding),), body=cut)) as publisher:
        outcome = unfetched(publisher.url())

    assert outcome.failure is FetchFailure.ENCODING
    assert "127.0.0.2 sends a compressed body that breaks off" in outcome.detail


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "gzip, br", "nonsense"])
def test_a_body_that_does_not_decode_is_no_answer(coding: str) -> None:
    with always(Answer(headers=(("Content-Encoding", coding),), body=b"\xffplain")) as publisher:
        assert unfetched(publisher.url()).failure is FetchFailure.ENCODING


def test_a_gzip_body_with_a_wrong_checksum_is_no_answer() -> None:
    body = bytearray(gzip.compress(FEED))
    body[-8] ^= 1
    with always(Answer(headers=(("Content-Encoding", "gzip"),), body=bytes(body))) as publisher:
        assert unfetched(publisher.url()).failure is FetchFailure.ENCODING


@pytest.mark.parametrize("status", [200, 304, 404])
def test_an_empty_body_needs_no_decoding(status: int) -> None:
    with always(Answer(status, headers=(("Content-Encoding", "gzip"),))) as publisher:
        outcome = fetched(publisher.url())

    assert (outcome.status, outcome.body) == (status, b"")


CUT = {
    "a stated length": b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n<rss>",
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<rss>\r\n",
    "within a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n50\r\n<rss>",
    "within the headers": b"HTTP/1.1 200 OK\r\nETag: half",
    "within the status line": b"HTTP/1.1 2",
    "at once": b"",
    "after an interim answer": b"HTTP/1.1 103 Early Hints\r\n\r\n",
    "no http": b"SSH-2.0-OpenSSH_9.6\r\n",
    "a status that goes on": b"HTTP/1.1 200abc\r\nContent-Length: 0\r\n\r\n",
    "a status of five digits": b"HTTP/1.1 99999 x\r\nContent-Length: 0\r\n\r\n",
    "a status among the headers": b"HTTP/1.1 200 OK\r\nHTTP/foo: bar\r\nContent-Length: 0\r\n\r\n",
    "another protocol": b"HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\n\r\nPRI * HTTP/2.0\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 5\r\n\r\n<rss>",
}


@pytest.mark.parametrize("how", CUT)
def test_an_answer_that_is_cut_short_or_is_none_is_no_answer(
    how: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with always(Answer(raw=[CUT[how]])) as publisher:
        outcome = unfetched(publisher.url())

    assert capfd.readouterr().err == ""  # a callback that raises is told there, by pycurl
    assert outcome.failure is FetchFailure.CONNECTION
    assert outcome.detail.startswith("127.0.0.2 ")


def test_an_old_server_may_end_its_body_by_closing() -> None:
    raw = [b"HTTP/1.0 200 OK\r\nETag: x\r\n\r\n", FEED]
    with always(Answer(raw=raw)) as publisher:
        outcome = fetched(publisher.url())

    assert (outcome.status, outcome.body, outcome.headers) == (200, FEED, {"etag": "x"})


def test_headers_are_lower_case_lists_are_joined_and_of_others_the_last_counts() -> None:
    raw = [
        b"HTTP/1.1 103 Early Hints\r\nLink: <early>\r\nX-Early: 1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nLINK: <a>\r\nlink:<b> \r\nCache-Control: max-age=5\r\n",
        b"Cache-Control: private\r\nETag: one\r\nEtag:  caf\xe9 \r\nX-Empty:\r\n",
        b"Transfer-Encoding: chunked\r\nTrailer: ETag\r\n\r\n2\r\nhi\r\n0\r\nETag: trailer\r\n\r\n",
    ]
    with always(Answer(raw=raw)) as publisher:
        outcome = fetched(publisher.url())

    assert outcome.body == b"hi"
    assert outcome.headers == {
        "link": "<a>, <b>",
        "cache-control": "max-age=5, private",
        "etag": "caf\xe9",
        "x-empty": "",
        "transfer-encoding": "chunked",
        "trailer": "ETag",
    }


# ------------------------------------------------------------------ what is too much


def endless(head: bytes, piece: bytes) -> Iterator[bytes]:
    yield head
    while True:
        yield piece


CAP = 100_000
EMPTY_BLOCKS = gzip.compress(b"")[:10], b"\x00\x00\x00\xff\xff" * 2000
TOO_MUCH = {
    "a stated length": [b"HTTP/1.1 200 OK\r\nContent-Length: 100001\r\n\r\n"],
    "an endless body": endless(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 10_000),
    "gzip that never says anything": endless(
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + EMPTY_BLOCKS[0], EMPTY_BLOCKS[1]
    ),
    "an endless redirect": endless(b"HTTP/1.1 301 Moved\r\nLocation: /\r\n\r\n", b"x" * 10_000),
    "many headers": [b"HTTP/1.1 200 OK\r\n", b"X-Filler: 12345678\r\n" * 4000, b"\r\n"],
    "one long header": [b"HTTP/1.1 200 OK\r\nX-Filler: ", b"x" * 70_000, b"\r\n\r\n"],
    "a longer one": [b"HTTP/1.1 200 OK\r\nX-Filler: ", b"x" * 500_000, b"\r\n\r\n"],
    "endless hints": endless(b"", b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" * 10),
}


@pytest.mark.parametrize("how", TOO_MUCH)
def test_more_than_the_cap_ends_the_answer(how: str) -> None:
    with always(Answer(raw=TOO_MUCH[how])) as publisher:
        outcome = unfetched(publisher.url(), max_bytes=CAP)

    assert outcome.failure is FetchFailure.TOO_LARGE
    assert outcome.detail.startswith("127.0.0.2 sends ")


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
def test_a_bomb_ends_at_the_cap_and_takes_no_memory(coding: str) -> None:
    bomb = compressed(coding, b"\x00" * 32_000_000)
    with always(Answer(headers=(("Content-Encoding", coding),), body=bomb)) as publisher:
        tracemalloc.start()
        outcome = unfetched(publisher.url(), max_bytes=1_000_000)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert outcome.failure is FetchFailure.TOO_LARGE
    assert "decodes to more than 1000000 bytes" in outcome.detail
    assert peak < 8_000_000


@pytest.mark.parametrize("coding", ["gzip", "br", "identity"])
def test_a_body_of_exactly_the_cap_is_taken(coding: str) -> None:
    body = compressed(coding, b"x" * CAP)
    with always(Answer(headers=(("Content-Encoding", coding),), body=body)) as publisher:
        assert len(fetched(publisher.url(), max_bytes=CAP).body) == CAP
        assert unfetched(publisher.url(), max_bytes=CAP - 1).failure is FetchFailure.TOO_LARGE


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
DRIPS = {
    "the status line": (b"", b"HTTP/1.1 200 O" + b"K" * 999),
    "a header": (b"HTTP/1.1 200 OK\r\nX: ", b"x" * 999),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"a:\r\n" * 200),
    "hints": (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 50),
    "a body": (b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n", b"x" * 999),
    "a body without end": (b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 999),
    "what stands beside a chunk's size": (CHUNKED + b"1;", b"x" * 999),
    "trailers": (CHUNKED + b"1\r\nx\r\n0\r\n", b"a:\r\n" * 200),
    "the body of a redirect": (b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", b"x" * 999),
}


@pytest.mark.parametrize("what", DRIPS)
def test_what_drips_meets_the_deadline(what: str) -> None:
    """Whatever drips, and however often something comes."""
    begun, slowly = DRIPS[what]

    def drip() -> Iterator[bytes]:
        yield begun
        for byte in slowly:
            time.sleep(0.02)
            yield bytes([byte])

    with always(Answer(raw=drip())) as publisher:
        began = time.monotonic()
        outcome = unfetched(publisher.url(), timeout=timedelta(seconds=0.3))
        took = time.monotonic() - began

    assert outcome.failure is FetchFailure.TIMEOUT
    assert "127.0.0.2 did not finish within 0.3 s" in outcome.detail
    assert 0.25 < took < 2


def test_the_deadline_is_for_all_redirects_together() -> None:
    def script(seen: Seen) -> Answer:
        step = int(seen.target.strip("/") or 0)
        return Answer(302, headers=(("Location", f"/{step + 1}"),), pause=0.2)

    with Publisher(script) as publisher:
        limit = timedelta(seconds=0.5)
        outcome = unfetched(publisher.url(), timeout=limit, max_redirects=100)

    assert outcome.failure is FetchFailure.TIMEOUT
    assert len(outcome.hops) == 2


def test_polls_go_on_while_the_caller_does_something_else() -> None:
    slow = Answer(body=FEED, pause=0.2)
    with always(Answer(body=b"quick")) as quick, always(slow, address="127.0.0.3") as publisher:
        requests = [FetchRequest(url) for url in (quick.url(), publisher.url("/1"))]
        outcomes = fetcher(connections=1).fetch([*requests, FetchRequest(publisher.url("/2"))])
        assert next(outcomes).request.url == quick.url()
        time.sleep(1)
        assert [seen.target for seen in publisher.seen] == ["/1"]  # whose outcome fills the place
        began = time.monotonic()
        next(outcomes)
        took = time.monotonic() - began
        assert [type(outcome) for outcome in outcomes] == [Fetched]

    assert took < 0.15


def test_a_caller_who_takes_all_of_the_processor_costs_no_poll_its_deadline() -> None:
    def drip() -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"
        for _ in range(100):
            yield b"x"

    with always(Answer(body=b"quick")) as quick, ExitStack() as stack:
        hosts = [Publisher(lambda _: Answer(raw=drip()), address=f"127.0.4.{n}") for n in range(20)]
        urls = [stack.enter_context(host).url() for host in hosts]
        outcomes = fetcher(timeout=timedelta(seconds=1)).fetch(
            map(FetchRequest, [quick.url(), *urls])
        )
        next(outcomes)
        switching = sys.getswitchinterval()
        sys.setswitchinterval(0.05)  # as on a processor that is ten times as slow
        try:
            end = time.monotonic() + 3
            while time.monotonic() < end:
                pass
        finally:
            sys.setswitchinterval(switching)
        rest = list(outcomes)

    assert [type(outcome) for outcome in rest] == [Fetched] * 20


def test_a_connection_that_is_not_accepted_meets_its_own_deadline() -> None:
    with socket.create_server(("127.0.0.8", 0)) as quiet:
        # The system accepts for it, but nobody ever answers the TLS handshake.
        url = f"https://127.0.0.8:{quiet.getsockname()[1]}/"
        outcome = unfetched(url, connect_timeout=timedelta(seconds=0.3))

    assert outcome.failure is FetchFailure.TIMEOUT
    assert "127.0.0.8 accepted no connection within 0.3 s" in outcome.detail


# ------------------------------------------------------------------ redirects


def test_redirects_are_followed_and_recorded_in_order() -> None:
    with always(Answer(body=FEED), address="127.0.0.3") as new:
        answers = {
            "/a/old": Answer(301, headers=(("Location", "../b"),)),
            "/b": Answer(308, headers=(("Location", "?c"),)),
            "/b?c": Answer(302, headers=(("Location", "//127.0.0.2:0/d"),)),
            "/d": Answer(303, headers=(("Location", "/e#part"),)),
            "/e": Answer(307, headers=(("Location", new.url("/n\xc3\xa9w feed")),)),
        }
        with Publisher({}) as old:
            here = f"//127.0.0.2:{old.port}/d"
            answers["/b?c"] = Answer(302, headers=(("Location", here),))
            old._script = answers  # noqa: SLF001 -- its port had to be known first
            outcome = fetched(old.url("/a/old"))

    assert outcome.body == FEED
    assert outcome.url == new.url("/n%C3%A9w%20feed")
    assert outcome.hops == (
        Hop(301, old.url("/b")),
        Hop(308, old.url("/b?c")),
        Hop(302, old.url("/d")),
        Hop(303, old.url("/e")),
        Hop(307, new.url("/n%C3%A9w%20feed")),
    )


def redirecting(target: str, status: int = 301) -> Publisher:
    return always(Answer(status, headers=(("Location", target),)))


def test_a_redirect_loop_ends() -> None:
    with redirecting("/") as publisher:
        outcome = unfetched(publisher.url())

    assert outcome.failure is FetchFailure.REDIRECTS
    assert len(publisher.seen) == 6
    assert len(outcome.hops) == 5


def test_a_redirect_to_nowhere_says_so() -> None:
    with always(Answer(302)) as publisher:
        outcome = unfetched(publisher.url())

    assert outcome.failure is FetchFailure.REDIRECTS
    assert "127.0.0.2 answered 302" in outcome.detail


@pytest.mark.parametrize(
    "target",
    [
        "file:///etc/passwd",
        "gopher://127.0.0.2/",
        "ftp://127.0.0.2/",
        "dict://127.0.0.2:11211/stat",
        "javascript:alert(1)",
        "http://user:secret@127.0.0.2/",
        "http://example.org@127.0.0.2/",
        "http://127.0.0.2\\@example.org/",
        "http://[::1/",
        "http://127.0.0.2:99999/",
        "http://127.0.0.2/" + "x" * 5000,
    ],
)
def test_a_redirect_to_what_is_no_plain_web_address_is_refused(target: str) -> None:
    with redirecting(target) as publisher:
        outcome = unfetched(publisher.url())

    assert outcome.failure is FetchFailure.ADDRESS
    assert "127.0.0.2 redirects to" in outcome.detail
    assert "secret" not in outcome.detail
    assert publisher.connects == 1


INSIDE = [
    ("http://169.254.169.254/latest/meta-data/", "169.254.169.254 port 80"),
    ("http://[::1]/", "::1 port 80"),
    ("http://0.0.0.0/", "0.0.0.0 port 80"),
    ("http://10.0.0.1:8080/", "10.0.0.1 port 8080"),
    ("http://2852039166/", "169.254.169.254 port 80"),
    ("http://0xa9fea9fe/", "169.254.169.254 port 80"),
    ("http://0xa9.0xfe.0xa9.0xfe/", "169.254.169.254 port 80"),
    ("http://0251.0376.0251.0376/", "169.254.169.254 port 80"),
    ("http://169.254.43518/", "169.254.169.254 port 80"),
    ("http://%31%36%39.254.169.254/", "169.254.169.254 port 80"),
    ("http://①⑥⑨.254.169.254/", "169.254.169.254 port 80"),
    ("http://169。254。169。254/", "169.254.169.254 port 80"),
    ("http://[::ffff:169.254.169.254]/", "::ffff:169.254.169.254 port 80"),
    ("http://[::ffff:7f00:2]/", "::ffff:127.0.0.2 port 80"),
    ("http://[64:ff9b::a9fe:a9fe]/", "64:ff9b::a9fe:a9fe port 80"),
    ("http://[fd00:ec2::254]/", "fd00:ec2::254 port 80"),
    ("http://[fe80::1%25lo]/", ""),
    ("http://192.0.0.192/", "192.0.0.192 port 80"),
    ("http://8.8.8.8:22/", "8.8.8.8 port 22"),
    ("https://8.8.8.8:25/", "8.8.8.8 port 25"),
]


@pytest.mark.parametrize(("target", "dialled"), INSIDE)
@pytest.mark.parametrize("by_redirect", [False, True])
def test_no_inner_address_is_dialled_in_any_spelling(
    target: str, dialled: str, *, by_redirect: bool
) -> None:
    with redirecting(target.encode().decode("latin-1")) as publisher:
        outcome = unfetched(publisher.url() if by_redirect else target)

    assert outcome.failure is FetchFailure.ADDRESS
    assert dialled in outcome.detail
    assert not dialled or "FEEDMIRROR_ALLOWED_NETWORKS" in outcome.detail


@pytest.mark.parametrize("host", ["127.0.0.2", "localhost", "2130706434", "0x7f000002", "127.2"])
def test_without_allowed_networks_loopback_is_never_connected_to(host: str) -> None:
    with always(Answer(body=FEED)) as publisher:
        outcome = unfetched(publisher.url(host=host), allowed_networks=())

    assert outcome.failure is FetchFailure.ADDRESS
    assert publisher.connects == 0


def test_a_name_is_judged_by_the_address_that_it_leads_to() -> None:
    with always(Answer(body=FEED), address="127.0.0.1") as publisher:
        inside = fetch(publisher.url(host="localhost"), allowed_networks=(ip_network("127.0.0.1"),))
        outside = unfetched(
            publisher.url(host="localhost"), allowed_networks=(ip_network("127.0.0.2"),)
        )

    assert [type(outcome) for outcome in inside] == [Fetched]
    assert outside.failure is FetchFailure.ADDRESS
    assert publisher.connects == 1


def test_validators_go_with_every_hop_of_their_origin_and_never_to_another() -> None:
    with always(Answer(304), address="127.0.0.3") as other:
        back = Answer(302, headers=(("Location", "/second"),))
        away = Answer(302, headers=(("Location", other.url("/third")),))
        with Publisher({"/first": back, "/second": away}) as publisher:
            request = FetchRequest(publisher.url("/first"), etag='"1"', last_modified="then")
            assert fetched(request).status == 304

    assert [seen.header("if-none-match") for seen in publisher.seen] == ['"1"', '"1"']
    assert [seen.header("if-modified-since") for seen in publisher.seen] == ["then", "then"]
    sent = {name.lower() for name, _ in other.seen[0].headers}
    assert sent == {"host", "user-agent", "accept", "accept-encoding"}


def test_validators_that_were_left_behind_do_not_come_back() -> None:
    with Publisher({}) as publisher, redirecting(publisher.url("/home")) as other:
        answers = {
            "/": Answer(302, headers=(("Location", other.url()),)),
            "/home": Answer(302, headers=(("Location", "/door"),)),
            "/door": Answer(),
        }
        publisher._script = answers  # noqa: SLF001 -- each had to know the other's port
        fetch(FetchRequest(publisher.url(), etag='"1"'))

    assert [seen.header("if-none-match") for seen in publisher.seen] == ['"1"', None, None]


# ------------------------------------------------------------------ addresses


BAD_ADDRESSES = [
    "",
    " ",
    "feed",
    "//127.0.0.2/feed",
    "http://",
    "http:///",
    "http://.../",
    "file:///etc/passwd",
    "gopher://127.0.0.2/",
    "http://user@127.0.0.2/",
    "http://127.0.0.2\\@example.org/",
    "http://exa mple.org/",
    "http://a..b/",
    "http://[::1",
    "http://127.0.0.2:port/",
    "http://127.0.0.2:0/",
    "http://\ud800.example/",
    "http://a\x00b/",
    "http://a\r\nHost: b/",
    "http://" + "ä" * 70 + ".example/",
    "http://" + "a" * 300 + "/",
    "http://127.0.0.2/" + "x" * 5000,
]


def test_every_bad_address_has_its_own_failure_and_costs_the_good_ones_nothing() -> None:
    with always(Answer(body=FEED)) as publisher:
        good = publisher.url()
        requests = [FetchRequest(url) for bad in BAD_ADDRESSES for url in (bad, good)]
        outcomes = list(fetcher().fetch(requests))

    failures = {o.request.url: o for o in outcomes if isinstance(o, Unfetched)}
    assert set(failures) == set(BAD_ADDRESSES)
    assert {o.failure for o in failures.values()} == {FetchFailure.ADDRESS}
    assert len(outcomes) == len(requests)
    assert len(publisher.seen) == len(BAD_ADDRESSES)
    for outcome in failures.values():
        assert outcome.detail.isascii()
        assert outcome.detail.isprintable()
        assert len(outcome.detail) < 600


def test_a_host_in_another_script_is_asked_by_its_ascii_name() -> None:
    # libcurl never looks up such a name (RFC 7686), so no test traffic leaves this machine.
    outcome = unfetched("http://bücher.onion/")

    assert outcome.failure is FetchFailure.NAME
    assert "xn--bcher-kva.onion has a name that leads to no address" in outcome.detail


def test_a_closed_port_is_a_connection_failure_that_names_the_host() -> None:
    with Publisher({}) as publisher:
        url = publisher.url()
    outcome = unfetched(url)

    assert outcome.failure is FetchFailure.CONNECTION
    assert outcome.detail.startswith("127.0.0.2 refused the connection")


# ------------------------------------------------------------------ many at once


def test_one_host_is_asked_one_thing_at_a_time_while_others_go_on() -> None:
    slow = Answer(body=b"slow", pause=0.1)
    with always(slow) as one, always(Answer(body=b"fast"), address="127.0.0.3") as other:
        urls = [one.url(f"/{n}") for n in range(5)] + [other.url(f"/{n}") for n in range(5)]
        outcomes = fetch(*urls)

    assert one.most_at_once == 1
    assert other.most_at_once == 1
    order = [outcome.body for outcome in outcomes if isinstance(outcome, Fetched)]
    assert sorted(order) == [b"fast"] * 5 + [b"slow"] * 5
    assert order[:4] == [b"fast"] * 4
    assert [s.target for s in one.seen] == [f"/{n}" for n in range(5)]
    assert (one.connects, other.connects) == (1, 1)


def test_two_ports_of_a_host_are_one_host() -> None:
    at_once, most, lock = 0, 0, threading.Lock()

    def script(_: Seen) -> Answer:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        time.sleep(0.05)
        with lock:
            at_once -= 1
        return Answer()

    with Publisher(script) as one, Publisher(script) as other:
        fetch(*(publisher.url() for publisher in (one, other) * 3))

    assert most == 1


def test_redirects_do_not_gather_on_the_host_that_they_lead_to() -> None:
    with always(Answer(body=FEED, pause=0.05), address="127.0.0.50") as target:
        away = Answer(301, headers=(("Location", target.url()),))
        with ExitStack() as stack:
            sources = [always(away, address=f"127.0.1.{n}") for n in range(1, 6)]
            urls = [stack.enter_context(source).url() for source in sources]
            outcomes = fetch(*urls, target.url())

    assert [type(outcome) for outcome in outcomes] == [Fetched] * 6
    assert target.most_at_once == 1


def a_transfer(**changes: Any) -> Transfer:  # noqa: ANN401 -- any field of the terms
    fields = {"user_agent": AGENT, "allowed_networks": LOOPBACK, "certificates": None}
    return Transfer(Terms(**{**fields, "max_bytes": CAP, "max_header_bytes": CAP, **changes}))


def test_a_libcurl_that_does_not_count_what_comes_is_stopped_all_the_same() -> None:
    transfer = a_transfer()
    transfer.handle.setopt(pycurl.MAXFILESIZE_LARGE, 0)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + EMPTY_BLOCKS[0]
    with always(Answer(raw=endless(head, EMPTY_BLOCKS[1]))) as publisher:
        target = target_of(publisher.url())
        assert isinstance(target, Target)
        transfer.aim(target, [])
        with pytest.raises(pycurl.error) as caught:
            transfer.handle.perform()
        failure = transfer.conclude(*caught.value.args)
        transfer.handle.close()

    assert failure is not None
    assert failure.kind is FetchFailure.TOO_LARGE


def test_a_connection_that_is_used_again_is_asked_about_again() -> None:
    transfer = a_transfer(allowed_networks=())
    # As if the socket had been opened under other terms: nothing is asked when it opens.
    lent = socket.socket()
    transfer.handle.setopt(pycurl.OPENSOCKETFUNCTION, lambda _purpose, _peer: lent)
    with lent, always(Answer(body=FEED)) as publisher:
        target = target_of(publisher.url())
        assert isinstance(target, Target)
        transfer.aim(target, [])
        with pytest.raises(pycurl.error) as caught:
            transfer.handle.perform()
    failure = transfer.conclude(*caught.value.args)
    transfer.handle.close()

    assert publisher.seen == []
    assert failure is not None
    assert failure.kind is FetchFailure.ADDRESS


def test_many_hosts_are_asked_at_once_but_no_more_than_the_bound() -> None:
    at_once, most, lock = 0, 0, threading.Lock()

    def script(_: Seen) -> Answer:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        time.sleep(0.05)
        with lock:
            at_once -= 1
        return Answer(body=FEED)

    publishers = [Publisher(script, address=f"127.0.2.{n}") for n in range(1, 31)]
    with ExitStack() as stack:
        urls = [stack.enter_context(publisher).url() for publisher in publishers]
        outcomes = fetch(*urls, connections=10)

    assert [type(outcome) for outcome in outcomes] == [Fetched] * 30
    assert 8 <= most <= 10


def test_a_failing_host_costs_the_others_nothing() -> None:
    broken = Answer(raw=[b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"])
    with always(broken, address="127.0.0.4") as bad, always(Answer(body=FEED)) as good:
        outcomes = fetch(*[url for n in range(10) for url in (bad.url(f"/{n}"), good.url(f"/{n}"))])

    failed = [outcome for outcome in outcomes if isinstance(outcome, Unfetched)]
    assert {outcome.failure for outcome in failed} == {FetchFailure.CONNECTION}
    assert len(failed) == 10
    assert [o.body for o in outcomes if isinstance(o, Fetched)] == [FEED] * 10


def test_nothing_happens_before_the_first_outcome_is_asked_for_and_no_more_than_must() -> None:
    taken: list[int] = []
    with always(Answer(body=FEED)) as one, always(Answer(body=FEED), address="127.0.0.3") as other:

        def requests() -> Iterator[FetchRequest]:
            for number in range(1000):
                taken.append(number)
                publisher = (one, other)[number % 2]
                yield FetchRequest(publisher.url(f"/{number}"))

        outcomes = fetcher(connections=2).fetch(requests())
        assert taken == []
        assert one.connects == 0
        next(outcomes)
        assert len(taken) < 10
        outcomes.close()  # type: ignore[attr-defined]  # an iterator by contract, a generator in fact

    assert len(one.seen) + len(other.seen) < 10


def test_no_requests_have_no_outcomes() -> None:
    assert fetch() == []


def test_a_fetcher_can_be_used_again() -> None:
    with always(Answer(body=FEED)) as publisher:
        polite = fetcher()
        for _ in range(3):
            (outcome,) = polite.fetch([FetchRequest(publisher.url())])
            assert isinstance(outcome, Fetched)

    assert publisher.connects == 3


def test_a_kept_connection_that_died_is_opened_anew() -> None:
    closing = Answer(raw=[b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"])
    with always(closing) as publisher:
        outcomes = fetch(*(publisher.url(f"/{n}") for n in range(5)))

    assert [o.body for o in outcomes if isinstance(o, Fetched)] == [b"hi"] * 5


# ------------------------------------------------------------------ what is left behind


def test_closing_early_leaves_nothing_open() -> None:
    before = open_sockets()
    slow = Answer(body=FEED, pause=0.2)
    with always(Answer(body=FEED)) as quick, always(slow, address="127.0.0.3") as waiting:
        outcomes = fetcher().fetch(
            [FetchRequest(quick.url()), FetchRequest(waiting.url()), FetchRequest(waiting.url())]
        )
        next(outcomes)
        outcomes.close()  # type: ignore[attr-defined]  # an iterator by contract, a generator in fact
        assert are_let_go(quick, waiting)
        assert len(waiting.seen) <= 1

    assert open_sockets() == before


def are_let_go(*publishers: Publisher) -> bool:
    """Tell whether every connection is closed, soon."""
    for _ in range(100):
        if sum(publisher.still_open for publisher in publishers) == 0:
            return True
        time.sleep(0.02)
    return False


def a_fetching_thread() -> bool:
    return any(thread.name == "fetcher" for thread in threading.enumerate())


def test_an_iterator_that_nobody_wants_any_more_ends_its_thread() -> None:
    before = open_sockets()
    with always(Answer(body=FEED)) as quick, always(Answer(pause=5), address="127.0.0.3") as slow:
        for outcome in fetcher().fetch([FetchRequest(quick.url()), FetchRequest(slow.url())]):
            assert isinstance(outcome, Fetched)
            assert a_fetching_thread()
            break
        gc.collect()

        assert not a_fetching_thread()
    assert open_sockets() == before


def test_the_end_of_the_outcomes_is_the_end_of_the_thread() -> None:
    with always(Answer(body=FEED)) as publisher:
        fetch(publisher.url())

    assert not a_fetching_thread()


def test_an_interrupted_wait_ends_the_thread() -> None:
    before = open_sockets()
    with always(Answer(pause=3)) as publisher:
        timer = threading.Timer(0.2, signal.raise_signal, [signal.SIGINT])
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            fetch(publisher.url())
        timer.join()

        assert not a_fetching_thread()
    assert open_sockets() == before


def test_what_requests_raise_is_raised_where_outcomes_are_taken() -> None:
    before = open_sockets()

    def requests() -> Iterator[FetchRequest]:
        yield FetchRequest(publisher.url())
        raise LookupError("no more addresses")

    with always(Answer(body=FEED)) as publisher:
        outcomes = fetcher().fetch(requests())
        with pytest.raises(LookupError, match="no more addresses"):
            list(outcomes)

    assert not a_fetching_thread()
    assert open_sockets() == before


def test_a_system_without_a_thread_left_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    before = open_sockets()
    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(RuntimeError, match="new thread"):
        fetch("http://127.0.0.2/")

    assert open_sockets() == before


def test_a_parser_that_is_started_meanwhile_inherits_no_connection() -> None:
    with (
        always(Answer(body=b"x" * 100_000)) as quick,
        always(Answer(pause=2), address="127.0.0.3") as slow,
    ):
        requests = [FetchRequest(quick.url()), FetchRequest(slow.url())]
        outcomes = fetcher().fetch(requests)
        next(outcomes)
        child = ChildProcess("hostile_operations")
        try:
            assert child.call("echo", [3], b"abc") == [[3], 3]
            assert child.pid is not None
            inherited = open_sockets(child.pid)
        finally:
            child.close()
        outcomes.close()  # type: ignore[attr-defined]  # an iterator by contract, a generator in fact

    assert inherited == 0


def test_a_finished_run_leaves_no_socket_and_no_body_behind() -> None:
    gc.collect()  # those of other tests
    before = open_sockets()
    with always(Answer(body=b"x" * 1_000_000)) as publisher:
        fetch(*(publisher.url(f"/{n}") for n in range(3)))
        gc.collect()
        tracemalloc.start()
        for _ in range(5):
            fetch(publisher.url())
        assert are_let_go(publisher)  # which holds its own answer until then
        gc.collect()
        left, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert left < 500_000
    assert open_sockets() == before


def test_a_run_keeps_no_body_that_it_has_given_away() -> None:
    looked = threading.Event()

    def script(seen: Seen) -> Answer:
        if seen.target == "/slow":
            looked.wait(30)
        return Answer(body=b"x" * 1_000_000, pause=0.1)

    with ExitStack() as stack:
        hosts = [stack.enter_context(Publisher(script, address=f"127.0.3.{n}")) for n in range(9)]
        stack.callback(looked.set)
        requests = [FetchRequest(host.url()) for host in hosts[:8]]
        tracemalloc.start()
        outcomes = fetcher().fetch([*requests, FetchRequest(hosts[8].url("/slow"))])
        for _ in range(8):
            next(outcomes)
        gc.collect()
        # The publishers live in this process too: only what the fetcher holds is counted.
        ours = [tracemalloc.Filter(inclusive=True, filename_pattern="*/feedmirror/adapters/*")]
        snapshot = tracemalloc.take_snapshot().filter_traces(ours)
        tracemalloc.stop()
        kept = sum(statistic.size for statistic in snapshot.statistics("filename"))
        outcomes.close()  # type: ignore[attr-defined]  # an iterator by contract, a generator in fact

    assert kept < 1_000_000


def test_waiting_costs_no_processor_time() -> None:
    with always(Answer(body=FEED, pause=0.5)) as publisher:
        began = time.process_time()
        fetched(publisher.url())
        spent = time.process_time() - began

    assert spent < 0.1


# ------------------------------------------------------------------ TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate of its own authority for 127.0.0.2, and keep it with its key."""
    path = tmp_path_factory.mktemp("tls") / "publisher.pem"
    write_certificate(path)
    return path


def secured(certificate: Path, address: str) -> Publisher:
    tls = server_context(certificate)
    return Publisher(lambda _: Answer(body=FEED), address=address, tls=tls)


def test_a_publisher_with_a_trusted_certificate_is_read(certificate: Path) -> None:
    with secured(certificate, "127.0.0.2") as publisher:
        outcome = fetched(publisher.url(), certificates=str(certificate))

    assert outcome.body == FEED


@pytest.mark.parametrize(("address", "trusted"), [("127.0.0.2", False), ("127.0.0.3", True)])
def test_a_certificate_of_a_stranger_or_for_another_host_is_refused(
    certificate: Path, address: str, *, trusted: bool
) -> None:
    with secured(certificate, address) as publisher:
        outcome = unfetched(publisher.url(), certificates=str(certificate) if trusted else None)

    assert outcome.failure is FetchFailure.TLS
    assert f"{address} offers no TLS connection that can be trusted" in outcome.detail
    assert publisher.seen == []


def test_a_connection_begins_from_the_session_of_an_earlier_run(certificate: Path) -> None:
    polite = fetcher(certificates=str(certificate), sessions=TlsSessions())
    with secured(certificate, "127.0.0.2") as publisher:
        for one in (polite, replace(polite, max_bytes=CAP), polite):  # as for a robots.txt
            (outcome,) = one.fetch([FetchRequest(publisher.url())])
            assert isinstance(outcome, Fetched)

    assert (publisher.connects, publisher.resumed) == (3, 2)


def test_handles_go_from_one_servers_sessions_to_anothers(certificate: Path) -> None:
    sessions = TlsSessions()
    with ExitStack() as stack:
        publishers = [stack.enter_context(secured(certificate, "127.0.0.2")) for _ in range(3)]
        with always(Answer(body=FEED), address="127.0.0.3") as plain:
            urls = [publisher.url() for publisher in (*publishers, plain) for _ in range(2)]
            for _ in range(2):
                outcomes = fetch(*urls, certificates=str(certificate), sessions=sessions)
                assert [type(outcome) for outcome in outcomes] == [Fetched] * len(urls)

    assert [(each.connects, each.resumed) for each in publishers] == [(2, 1)] * 3


def test_a_session_is_no_way_past_other_roots_of_trust(certificate: Path) -> None:
    sessions = TlsSessions()
    with secured(certificate, "127.0.0.2") as publisher:
        fetched(publisher.url(), certificates=str(certificate), sessions=sessions)
        assert unfetched(publisher.url(), sessions=sessions).failure is FetchFailure.TLS

    assert publisher.resumed == 0


# ------------------------------------------------------------------ limits and pauses


def held(outcomes: list[Fetched | Unfetched]) -> list[str]:
    return [
        outcome.request.url.rpartition("/")[2]
        for outcome in outcomes
        if isinstance(outcome, Unfetched) and outcome.failure is FetchFailure.HELD
    ]


def test_after_a_429_nothing_that_waits_for_its_host_is_asked_and_others_are() -> None:
    limiting = Publisher(
        lambda seen: Answer(429 if seen.target == "/2" else 200), address="127.0.0.2"
    )
    with limiting as publisher, always(Answer(), address="127.0.0.3") as other:
        urls = [publisher.url(f"/{number}") for number in range(1, 5)]
        outcomes = fetch(*urls, other.url("/5"), connections=2)

        assert [seen.target for seen in publisher.seen] == ["/1", "/2"]
        assert held(outcomes) == ["3", "4"]
        assert len(outcomes) == 5
        assert len(other.seen) == 1
        detail = next(o.detail for o in outcomes if isinstance(o, Unfetched))
        assert detail == "127.0.0.2 has said 429 to another request: it is asked another time."


def test_a_redirect_to_a_host_that_has_said_429_is_not_followed() -> None:
    with always(Answer(429), address="127.0.0.3") as limiting:
        location = ("Location", limiting.url("/to"))
        slow = Answer(302, headers=(location,), pause=0.2)
        with always(slow, address="127.0.0.2") as publisher:
            outcomes = fetch(publisher.url("/from"), limiting.url("/first"))

            assert held(outcomes) == ["from"]
            assert len(limiting.seen) == 1


def test_the_hosts_of_a_shared_domain_are_asked_one_at_a_time_and_limited_together() -> None:
    turns = Turns(shared=("blogs.example",))
    first, second, elsewhere = (
        Exchange(FetchRequest(url), a_target(url), 30.0)
        for url in ("http://a.blogs.example/", "http://b.blogs.example/", "http://c.example/")
    )
    assert all(turns.enter(exchange) for exchange in (first, second, elsewhere))

    assert [turns.next(0), turns.next(0), turns.next(0)] == [first, elsewhere, None]
    assert turns.limit(first) == [second]
    turns.leave(first, 0)
    assert turns.next(0) is None
    assert not turns.enter(second)


def test_a_pause_is_left_between_two_requests_to_a_host_and_holds_nobody_else() -> None:
    turns = Turns()
    one, two, other = (
        Exchange(FetchRequest(url, pause=10), a_target(url), 30.0)
        for url in ("http://a.example/1", "http://a.example/2", "http://b.example/")
    )
    for exchange in (one, two, other):
        turns.enter(exchange)

    assert [turns.next(0), turns.next(0), turns.next(0)] == [one, other, None]
    assert turns.wakes == math.inf
    turns.leave(one, 5)
    turns.leave(other, 6)
    assert turns.wakes == 15
    assert turns.next(14.9) is None
    assert turns.next(15) is two
    turns.leave(two, 16)
    late = Exchange(FetchRequest("http://a.example/3"), a_target("http://a.example/3"), 30.0)
    turns.enter(late)
    assert (turns.next(17), turns.wakes, turns.drop()) == (None, 26, [late])
    assert turns.wakes == math.inf


def test_pauses_are_sat_out_as_long_as_there_is_time_and_the_rest_is_given_back() -> None:
    with always(Answer(body=FEED)) as publisher:
        urls = [publisher.url(f"/{number}") for number in range(4)]
        short = [FetchRequest(url, pause=0.05) for url in urls]
        assert held(fetch(*short)) == []
        assert len(publisher.seen) == 4

        long = [FetchRequest(url, pause=0.2) for url in urls]
        assert held(fetch(*long, max_idle=timedelta(seconds=0.3))) == ["2", "3"]
        assert len(publisher.seen) == 6


def a_target(url: str) -> Target:
    target = target_of(url)
    assert isinstance(target, Target)
    return target
