"""The publishers of benchmarks: many feeds at many addresses, in a process of its own.

Answers are rendered before anybody asks. ``scene`` says how they are served from then on:
``plain`` with validators and 304; ``tick`` with a new entry on top of one feed in ten or so;
``noval`` as they are, but without validators and always whole; ``churn`` with only dates moved.
"""

import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from benchmarks.documents import Document, real_documents, small_documents
from benchmarks.event_server import EventServer, Reply, Request

SPAWN = multiprocessing.get_context("spawn")
CHANGED = 0.095  # of the feeds have a new entry: half-hourly polls of an ordinary list
_OF_A_SHARD = 1000  # feeds
_ADDRESSES = 0.7  # for each feed: some hosts have several
_MODIFIED = "Sun, 22 Nov 2026 12:{:02}:00 GMT"
_MISSING = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
_FAILING = b"HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\n\r\n"


class Publishing(NamedTuple):
    """What is published: how many feeds, of which kind, and how badly.

    ``latency`` is in seconds before each answer; of the feeds a ``failing`` share always answers
    503.
    """

    feeds: int
    small: bool = False
    latency: float = 0.0
    failing: float = 0.0

    @property
    def shards(self) -> int:
        """How many shards of a mirror they make."""
        return max(1, self.feeds // _OF_A_SHARD)


class Answered(NamedTuple):
    """What was asked since the last time: feeds by status, files beside them, and the cost."""

    by_kind: Counter[str]
    cpu: float
    real: bool


@dataclass
class _Feed:
    """One feed as it is served now; ``version`` tells its validators apart."""

    document: Document
    version: int = 0

    def becomes(self, document: Document) -> None:
        """Serve another document from now on, prepared."""
        self.document, self.version = document, self.version + 1
        document.packed  # noqa: B018 -- made now, not when somebody asks

    @property
    def etag(self) -> str:
        """What tells this version from the others."""
        return f'"{self.version}-{len(self.document.body):x}"'

    def answer(self, request: Request, *, validated: bool) -> tuple[str, bytes]:
        """Return the kind of the answer and its bytes."""
        etag, headers = self.etag, request.headers
        modified = _MODIFIED.format(self.version)
        validators = f"ETag: {etag}\r\nLast-Modified: {modified}\r\n".encode()
        if validated and headers.get("if-none-match") == etag:
            return "304", b"HTTP/1.1 304 Not Modified\r\n" + validators + b"\r\n"
        lines = b"Content-Type: application/xml\r\n" + (validators if validated else b"")
        body = self.document.body
        if "gzip" in headers.get("accept-encoding", ""):
            body, lines = self.document.packed, lines + b"Content-Encoding: gzip\r\n"
        return "200", b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n%b" % (
            lines,
            len(body),
            body,
        )


class _Origin:
    def __init__(self, publishing: Publishing) -> None:
        self._publishing = publishing
        count = publishing.feeds
        documents = [] if publishing.small else real_documents(count)
        self.real = bool(documents)
        made = documents or small_documents(count, entries=1 if publishing.small else 15)
        self._made = made
        self._feeds: list[_Feed] = []
        self._validated = True
        self._seen: Counter[str] = Counter()
        self._cpu = 0.0
        self.scene("new")

    @property
    def sites(self) -> list[str]:
        """Whose each feed is."""
        return [document.site for document in self._made]

    def answer(self, request: Request) -> Reply:
        """Answer one request and count it."""
        number = request.target[2:]
        if not (request.target.startswith("/f") and number.isdigit()):
            self._seen["beside"] += 1
            return Reply(_MISSING, self._publishing.latency)
        if self._fails(int(number)):
            self._seen["503"] += 1
            return Reply(_FAILING, self._publishing.latency)
        kind, data = self._feeds[int(number)].answer(request, validated=self._validated)
        self._seen[kind] += 1
        return Reply(data, self._publishing.latency)

    def command(self, message: tuple[str, str]) -> Any:  # noqa: ANN401 -- whatever was asked for
        """Do what the benchmark asks for between two clients."""
        match message:
            case ("scene", name):
                self.scene(name)
                return self.changed()
            case ("sites", _):
                return self.sites
            case _:
                return self.answered()

    def scene(self, name: str) -> None:
        """Serve as a scene says; each goes on from the one before, ``new`` begins at the first."""
        self._validated = name != "noval"
        if name == "new":
            self._feeds = [_Feed(document) for document in self._made]
        for number, feed in enumerate(self._feeds):
            if name == "new":
                feed.becomes(feed.document)
            elif name == "churn":
                feed.becomes(feed.document.churned)
            elif name == "tick" and self._ticks(number) and feed.document.ticked:
                feed.becomes(feed.document.ticked)

    def changed(self) -> int:
        """Return how many feeds a tick gives a new entry."""
        return sum(
            self._ticks(number) and feed.ticked is not None
            for number, feed in enumerate(self._made)
        )

    def answered(self) -> Answered:
        """Return what was asked since the last time."""
        seen, self._seen = self._seen, Counter()
        cpu = time.process_time()
        spent, self._cpu = cpu - self._cpu, cpu
        return Answered(seen, spent, self.real)

    def _ticks(self, number: int) -> bool:
        return int((number + 1) * CHANGED) > int(number * CHANGED)

    def _fails(self, number: int) -> bool:
        share = self._publishing.failing
        return int((number + 1) * share) > int(number * share)


def _serve(pipe: Connection, publishing: Publishing) -> None:
    origin = _Origin(publishing)
    server = EventServer(origin.answer)
    pipe.send(server.port)
    server.serve(pipe, origin.command)


@dataclass(frozen=True)
class Origin:
    """The publishers, as whoever asks sees them."""

    port: int
    publishing: Publishing
    _ask: Callable[[tuple[str, str]], Any]

    @property
    def urls(self) -> list[str]:
        """Every feed's address."""
        addresses = max(1, int(self.publishing.feeds * _ADDRESSES))
        places = ((n, n % addresses) for n in range(self.publishing.feeds))
        return [
            f"http://127.{10 + at // 50_000}.{at // 200 % 250}.{at % 200 + 2}:{self.port}/f{n}"
            for n, at in places
        ]

    def sites(self) -> list[str]:
        """Return whose each feed is, by its number."""
        found: list[str] = self._ask(("sites", ""))
        return found

    def scene(self, name: str) -> int:
        """Serve as a scene says; return how many feeds a tick changes."""
        changed: int = self._ask(("scene", name))
        return changed

    def answered(self) -> Answered:
        """Return what was asked since the last time, and what answering it cost."""
        found: Answered = self._ask(("answered", ""))
        return found


@contextmanager
def an_origin(publishing: Publishing) -> Iterator[Origin]:
    """Run the publishers in a process of their own."""
    with served(_serve, publishing) as (port, ask):
        yield Origin(port, publishing, ask)


@contextmanager
def served(
    serve: Callable[[Connection, Any], None], what: object
) -> Iterator[tuple[int, Callable[[Any], Any]]]:
    """Run a server in a process of its own; yield its port, and what asks it something."""
    here, there = SPAWN.Pipe()
    process = SPAWN.Process(target=serve, args=(there, what), daemon=True)
    process.start()
    there.close()  # if it dies, nobody is waited for

    def ask(message: object) -> object:
        here.send(message)
        return here.recv()

    try:
        yield here.recv(), ask
    finally:
        with suppress(BrokenPipeError):
            here.send(None)
        process.join()
