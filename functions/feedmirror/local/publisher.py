"""Four made-up publishers on this machine: the bundled sample feeds, served as a good site would.

Conditional requests follow RFC 9110 §13, so that a second poll of the same feed costs a 304.
"""

import gzip
import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from threading import Thread

from feedmirror.configuration import FeedSettings

LOOPBACK = "127.0.0.1"
_CHANGED = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
_PATIENCE = 10.0  # seconds that a silent client is waited for
_GZIP = re.compile(r"(?:^|[\s,])(?:gzip|\*)\s*(?:;\s*q=([\d.]+))?\s*(?:,|$)", re.IGNORECASE)
_ETAG = re.compile(r'(?:W/)?("[^"]*")')


@dataclass(frozen=True, slots=True)
class _Sample:
    """One bundled file: how it is served, and whose it is."""

    file: str
    site: str
    content_type: str


_SAMPLES = (
    _Sample("news.xml", "https://news.example", "application/rss+xml; charset=UTF-8"),
    _Sample("essays.xml", "https://essays.example", "application/atom+xml; charset=UTF-8"),
    _Sample("workshop.json", "https://workshop.example", "application/feed+json"),
    _Sample("radio.xml", "https://radio.example", "application/rss+xml; charset=UTF-8"),
)


@dataclass(frozen=True, slots=True)
class SamplePublisher:
    """What is served while it lasts: each feed by its loopback address, under its own site."""

    feeds: tuple[FeedSettings, ...]
    _server: "_Server" = field(repr=False)

    def edit(self, old: str, new: str) -> None:
        """Put other words in the place of some, wherever they stand, as an editor would.

        Feeds without those words stay as they are, validators and all.
        """
        self._server.documents = {
            path: replace(document, body=body, packed=_packed(body), etag=_etag(body))
            for path, document in self._server.documents.items()
            for body in (document.body.replace(old.encode(), new.encode()),)
        }


@dataclass(frozen=True, slots=True)
class _Document:
    """A sample in memory, plain and compressed; each form has its own strong ETag."""

    content_type: str
    body: bytes
    packed: bytes
    etag: str

    def tag(self, *, packed: bool) -> str:
        return f'"{self.etag}-gzip"' if packed else f'"{self.etag}"'


@contextmanager
def serve_samples() -> Iterator[SamplePublisher]:
    """Serve the bundled feeds from a free port of this machine until the block ends."""
    server = _Server({f"/{sample.file}": _load(sample) for sample in _SAMPLES})
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    origin = f"http://{LOOPBACK}:{server.server_port}"
    try:
        yield SamplePublisher(
            tuple(FeedSettings(url=f"{origin}/{one.file}", site=one.site) for one in _SAMPLES),
            server,
        )
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _load(sample: _Sample) -> _Document:
    body = resources.files("feedmirror.local").joinpath("samples", sample.file).read_bytes()
    return _Document(
        content_type=sample.content_type,
        body=body,
        packed=_packed(body),
        etag=_etag(body),
    )


def _packed(body: bytes) -> bytes:
    return gzip.compress(body, mtime=0)


def _etag(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:16]


class _Server(ThreadingHTTPServer):
    """A loopback server of a fixed set of documents."""

    daemon_threads = True

    def __init__(self, documents: dict[str, _Document]) -> None:
        self.documents = documents
        super().__init__((LOOPBACK, 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that hangs up is no concern of a demonstration."""


class _Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD; anything else is refused by the base class (501)."""

    server: _Server
    timeout = _PATIENCE
    server_version = "feedmirror-samples"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer with the document, or with a 304 if the client has it."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """Answer as to GET, without the body (RFC 9110 §9.3.2)."""
        self._answer(with_body=False)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class's name
        """Say nothing."""

    def _answer(self, *, with_body: bool) -> None:
        document = self.server.documents.get(self.path.partition("?")[0])
        if document is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        packed = _accepts_gzip(self.headers.get("Accept-Encoding", ""))
        known = self._is_known(document)
        self.send_response(HTTPStatus.NOT_MODIFIED if known else HTTPStatus.OK)
        self.send_header("ETag", document.tag(packed=packed))
        self.send_header("Last-Modified", format_datetime(_CHANGED, usegmt=True))
        self.send_header("Cache-Control", "max-age=900")
        self.send_header("Vary", "Accept-Encoding")
        body = document.packed if packed else document.body
        if not known:
            self.send_header("Content-Type", document.content_type)
            self.send_header("Content-Length", str(len(body)))
            if packed:
                self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        if with_body and not known:
            self.wfile.write(body)

    def _is_known(self, document: _Document) -> bool:
        """Tell whether the client has this version; an ETag outranks a date (§13.2.2)."""
        stated = self.headers.get("If-None-Match")
        if stated is not None:
            tags = {document.tag(packed=packed) for packed in (True, False)}
            return stated.strip() == "*" or not tags.isdisjoint(_ETAG.findall(stated))
        since = self.headers.get("If-Modified-Since", "")
        with suppress(ValueError, TypeError):
            return parsedate_to_datetime(since) >= _CHANGED
        return False


def _accepts_gzip(accepted: str) -> bool:
    """Tell whether gzip may be sent; a weight of zero means that it may not (§12.5.3)."""
    stated = _GZIP.search(accepted)
    return stated is not None and float(stated[1] or 1) > 0
