"""HTTP as readers and proxies speak it: methods, validators, what is refused."""

import http.client
import socket
from collections.abc import Iterator

import pytest

from feedmirror.local.serving.console import Console, Table
from feedmirror.local.serving.places import PortTakenError
from feedmirror.local.serving.web import Web, WebServer
from feedmirror.ports.object_store import Content, StoredObject, StoreUnavailableError
from memory_store import MemoryStore

HTML = "text/html; charset=utf-8"
KEY = "0123"


class Shaky(MemoryStore):
    away = False

    def get(self, key: str) -> StoredObject | None:
        if self.away:
            raise StoreUnavailableError("disk")
        return super().get(key)


@pytest.fixture
def site() -> Shaky:
    store = Shaky()
    store.put("index.html", Content(b"<p>front", HTML, "public, max-age=60"), replaces=None)
    store.put("x/index.html", Content(b"gone", HTML, None, {"status": "410"}), replaces=None)
    return store


@pytest.fixture
def port(site: Shaky) -> Iterator[int]:
    server = WebServer(0)
    server.begin(Web(site, Console(key=KEY, mail=MemoryStore(), tables=list, notes=list)))
    yield server.server_port
    server.end()


def ask(
    port: int, path: str, method: str = "GET", **headers: str
) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, headers=named)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


def raw_answer(port: int, request_text: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(request_text)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(4096), b""))


def test_a_page_is_sent_with_its_length_and_a_query_changes_nothing(port: int) -> None:
    answer, body = ask(port, "/?utm_source=x")

    assert (answer.status, body) == (200, b"<p>front")
    assert answer.getheader("Content-Length") == "8"
    assert answer.getheader("Server") == "feedmirror"


def test_a_head_is_answered_as_a_get_without_its_body(port: int) -> None:
    """RFC 9110 §9.3.2."""
    whole, _ = ask(port, "/")

    answer, body = ask(port, "/", "HEAD")

    assert body == b""
    assert raw_answer(port, b"HEAD / HTTP/1.0\r\n\r\n").endswith(b"\r\n\r\n")
    undated = [(name, value) for name, value in answer.getheaders() if name != "Date"]
    assert undated == [(name, value) for name, value in whole.getheaders() if name != "Date"]


def test_a_reader_who_has_the_page_is_told_so(port: int) -> None:
    etag = ask(port, "/")[0].getheader("ETag")
    assert etag is not None

    answer, body = ask(port, "/", If_None_Match=etag)

    assert (answer.status, body) == (304, b"")
    assert answer.getheader("Content-Length") is None


def test_a_tombstone_is_gone(port: int) -> None:
    assert ask(port, "/x/")[0].status == 410


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"])
def test_no_other_method_is_allowed(port: int, method: str) -> None:
    """RFC 9110 §15.5.6."""
    answer, _ = ask(port, "/", method)

    assert (answer.status, answer.getheader("Allow")) == (405, "GET, HEAD")


def test_a_store_that_does_not_answer_is_no_missing_page(port: int, site: Shaky) -> None:
    site.away = True

    answer, body = ask(port, "/")

    assert (answer.status, answer.getheader("Retry-After")) == (503, "5")
    assert b"disk" not in body


def test_a_page_that_cannot_be_made_is_told_as_such(site: Shaky) -> None:
    def broken() -> list[Table]:
        raise RuntimeError("ann@news.example")

    web = Web(site, Console(key=KEY, mail=MemoryStore(), tables=broken, notes=list))

    answer = web.answer(f"/-/{KEY}/", host="localhost", known=None)

    assert answer.status == 500
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.body == b"RuntimeError: this page cannot be made.\n"


def test_the_console_is_found_by_its_address_alone(port: int) -> None:
    assert ask(port, f"/-/{KEY}/")[0].status == 200
    assert ask(port, f"/-/{KEY}/?x")[0].status == 200
    assert ask(port, "/-/")[0].status == 403
    assert ask(port, f"/-/{KEY}/", Host="evil.example")[0].status == 403


@pytest.mark.parametrize(
    "request_text",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n",
    ],
    ids=["no request", "another version", "too long"],
)
def test_what_is_no_request_is_refused_in_a_line(port: int, request_text: bytes) -> None:
    said = raw_answer(port, request_text)

    assert said.split()[1] in {b"400", b"414", b"505"}
    assert b"<" not in said
    assert b"\r\nX-Content-Type-Options: nosniff\r\n" in said
    assert b"\r\nContent-Security-Policy: default-src 'none'" in said


def test_a_silent_reader_keeps_nobody_waiting(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)):
        assert ask(port, "/")[0].status == 200


def test_a_port_that_is_taken_is_named(port: int) -> None:
    with pytest.raises(PortTakenError, match=f"port {port} is taken; say --http-port with another"):
        WebServer(port)
