"""What the product's own code costs on this machine: the service times of the simulation.

Real feeds are mirrored into a store in memory by a process of its own, from publishers in another;
processor time is that of the mirror and of its parsers' process. Requests to S3 are measured apart,
by the product's client for S3 against a server on loopback that keeps nothing.
"""

import multiprocessing
import os
import re
import resource
import threading
import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from builders import a_mirror
from feedmirror.adapters.s3 import S3Store, make_client
from feedmirror.adapters.workers import InOrder
from feedmirror.configuration import Configuration, FeedSettings
from feedmirror.configuration_file import parse_configuration, write_configuration
from feedmirror.jobs.shard_objects import ShardObjects
from feedmirror.layout import state_key
from feedmirror.mirroring.poll_state import state_from_json, state_to_json
from feedmirror.ports.object_store import Content
from feedmirror.publishing.listings import HostSummary, Listing, read_listing
from feedmirror.publishing.pages import Renderer
from feedmirror.wiring.stores import Stores
from loopback import Answer, Publisher, Seen
from memory_store import MemoryStore
from world import Documents, World

SPAWN = multiprocessing.get_context("spawn")
_ENTRY = re.compile(rb"<(item|entry)[ >].*?</\1>", re.DOTALL)
_ROUNDS = 3  # of what is cheap: the least counts, what is above it was the machine's
_MANY = 3000  # feeds in a configuration, hosts on the front
_PUTS = 300
_TICK = os.sysconf("SC_CLK_TCK")
_HEADERS = 300  # bytes, about, of an answer's head


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Processor seconds of each piece of work, and bytes; requests to S3 are not in the others."""

    look: float  # a call that finds nothing due, its configuration read already
    unchanged: float  # a poll that is answered 304
    robots: float  # a robots.txt, asked for beside a poll
    changed: float  # a poll that brings something new, with its host's listings
    item: float  # of a first document: parsed, stored and published
    listed: float  # entries of a first document
    request: float  # to S3
    state_read: float  # of one feed, with its part of the object
    state_write: float
    state_size: float  # bytes of one feed
    state_memory: float  # bytes at the peak, while it is read and written again
    configuration_read: float  # of one feed, by a function that has read it before
    configuration_memory: float  # bytes at the peak, of one feed
    sharing_out: float  # of one feed, asked whose shard it is in
    front: float  # read and rendered again, of one host
    front_size: float  # bytes of index.html, of one host
    front_memory: float
    memory: float  # MB: the whole process that mirrored the calibration's feeds
    poll_size: float  # bytes both ways of an unchanged poll
    document_size: float  # bytes of a changed one
    sample: int  # feeds


class _Mirrored(NamedTuple):
    look: float
    unchanged: float
    robots: float
    changed: float
    item: float
    listed: float
    state: bytes
    memory: float
    sizes: tuple[float, float]


def documents_of(corpus: Path, names: Sequence[str]) -> list[tuple[bytes, bytes]]:
    """Return real documents without their first entry, and with it: so one entry is new."""
    found = []
    for name in names:
        whole = (corpus / name).read_bytes()
        before = _ENTRY.sub(b"", whole, count=1)
        if before != whole:
            found.append((before, whole))
    return found


def calibrate(documents: Sequence[tuple[bytes, bytes]]) -> Measured:
    """Measure everything once; takes about half a minute."""
    here, there = SPAWN.Pipe()
    publisher = SPAWN.Process(target=_publish, args=(there, documents))
    publisher.start()
    try:
        port, bucket = here.recv()
        told, telling = SPAWN.Pipe()
        mirror = SPAWN.Process(target=_mirror, args=(telling, here, port, len(documents)))
        mirror.start()
        found: _Mirrored = told.recv()
        mirror.join()
        request = _request(bucket)
    finally:
        here.send("stop")
        publisher.join()
    state_read, state_write, state_memory = _state(found.state)
    configuration_read, sharing_out, configuration_memory = _configuration()
    front, front_size, front_memory = _front()
    feeds = len(documents)
    return Measured(
        look=found.look,
        unchanged=found.unchanged,
        robots=found.robots,
        changed=found.changed,
        item=found.item,
        listed=found.listed,
        request=request,
        state_read=state_read / feeds,
        state_write=state_write / feeds,
        state_size=len(found.state) / feeds,
        state_memory=state_memory / feeds,
        configuration_read=configuration_read,
        configuration_memory=configuration_memory,
        sharing_out=sharing_out,
        front=front,
        front_size=front_size,
        front_memory=front_memory,
        memory=found.memory,
        poll_size=found.sizes[0],
        document_size=found.sizes[1],
        sample=feeds,
    )


def processor_seconds() -> float:
    """Return what this process has spent so far, and the processes that it has started."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = time.process_time() + ended.ru_utime + ended.ru_stime
    for task in Path("/proc/self/task").iterdir():
        for child in (task / "children").read_text(encoding="ascii").split():
            fields = Path(f"/proc/{child}/stat").read_text(encoding="utf-8").rpartition(")")[2]
            spent += sum(int(field) for field in fields.split()[11:13]) / _TICK
    return spent


def _cost(work: Callable[[], object]) -> float:
    began = processor_seconds()
    work()
    return processor_seconds() - began


def _least(work: Callable[[], object]) -> float:
    return min(_cost(work) for _ in range(_ROUNDS))


def _publish(pipe: Connection, documents: Sequence[tuple[bytes, bytes]]) -> None:
    """Serve the first of each pair until told ``next``; tell the bytes that passed; then stop."""
    version, passed = [0], [0]

    def script(seen: Seen) -> Answer:
        etag = f'"{version[0]}"'
        passed[0] += sum(len(name) + len(value) + 4 for name, value in seen.headers) + _HEADERS
        if seen.header("if-none-match") == etag:
            return Answer(304, headers=(("ETag", etag),))
        body = documents[int(seen.target.strip("/"))][version[0]]
        passed[0] += len(body)
        return Answer(headers=(("ETag", etag),), body=body)

    with Publisher(script, address="0.0.0.0") as publisher:  # noqa: S104 -- all of 127.0.0.0/8
        bucket = ThreadingHTTPServer(("127.0.0.1", 0), _Bucket)
        threading.Thread(target=bucket.serve_forever, daemon=True).start()
        pipe.send((publisher.port, bucket.server_port))
        while (asked := pipe.recv()) != "stop":
            version[0] += asked == "next"
            pipe.send(passed[0])
            passed[0] = 0


class _Bucket(BaseHTTPRequestHandler):
    """Takes every put as S3 does, with ``100 Continue``, and keeps nothing."""

    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("ETag", '"1"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _mirror(telling: Connection, publisher: Connection, port: int, feeds: int) -> None:
    """Mirror the feeds: as new, unchanged, a day later, and with an entry more each."""

    def passed(asked: str = "bytes") -> float:
        publisher.send(asked)
        found: int = publisher.recv()
        return found / feeds

    stores = Stores(MemoryStore(), MemoryStore(), MemoryStore(), workers=InOrder())
    with Documents() as unused:
        world = World(Path("memory"), unused, stores=stores)
        for number in range(feeds):
            address = f"127.{number // 200}.0.{number % 200 + 1}"
            site = f"https://f{number}.example.com"
            world.configure(f"http://{address}:{port}/{number}", site=site)
        reports = []
        cold = _cost(lambda: reports.append(world.run()))
        look = _least(lambda: world.run(at_once=False))
        passed()
        unchanged = min(_after(world, 2) for _ in range(_ROUNDS))
        size = passed() / _ROUNDS
        day = min(_after(world, 25) for _ in range(_ROUNDS))
        passed("next")
        changed = _after(world, 2)
        stored = stores.archive.get(state_key(0))
        assert stored is not None
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        found = _Mirrored(
            look=look,
            unchanged=(unchanged - look) / feeds,
            robots=max(day - unchanged, 0.0) / feeds,
            changed=(changed - look) / feeds,
            item=(cold - look) / max(reports[0].created, 1),
            listed=reports[0].created / feeds,
            state=stored.content.body,
            memory=peak,
            sizes=(size, passed()),
        )
        telling.send(found)


def _after(world: World, hours: float) -> float:
    """Return what it costs to poll every feed after some hours."""
    world.later(hours)
    return _cost(world.run)


def _request(port: int) -> float:
    """Return what a conditional put of two kilobytes costs by the product's client for S3."""
    os.environ |= {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    os.environ |= {"AWS_DEFAULT_REGION": "us-east-1"}
    endpoint = f"http://127.0.0.1:{port}"
    store = S3Store(make_client(endpoint_url=endpoint), "calibration")
    content = Content(b"x" * 2000, "application/json", metadata={"host": "news.example.com"})
    store.put("warm", content, replaces=None)

    def put() -> None:
        for number in range(_PUTS):
            store.put(f"items/{number}", content, replaces='"1"')

    return _least(put) / _PUTS


def _state(body: bytes) -> tuple[float, float, float]:
    """Return what a shard's whole state costs to read and to write, and its memory."""
    state = state_from_json(body)
    assert state is not None
    read = _least(lambda: state_from_json(body))
    write = _least(lambda: state_to_json(state, "1"))

    def both() -> None:
        again = state_from_json(body)
        assert again is not None
        state_to_json(again, "1")

    return read, write, _peak(both)


def _configuration() -> tuple[float, float, float]:
    """Return what a feed costs to read, to be asked for its shard, and its memory.

    A warm function is given the text that it knows: it is compared, and what came of it is there.
    """
    feeds = (f"https://feeds{number}.example-publisher.com/index.xml" for number in range(_MANY))
    settings = tuple(FeedSettings(url=url) for url in feeds)
    stored = write_configuration(Configuration(mirror=a_mirror(), feeds=settings)).encode()
    read = _least(lambda: parse_configuration(stored.decode()))
    objects = ShardObjects(
        archive=MemoryStore(),
        workers=InOrder(),
        nonce=lambda: "1",
        shards=10,
        feeds={feed.url: feed for feed in settings},
    )
    shared = _least(lambda: [objects.home_of(url) for url in objects.feeds])
    another = stored.decode() + "\n"
    return read / _MANY, shared / _MANY, _peak(lambda: parse_configuration(another)) / _MANY


def _front() -> tuple[float, float, float]:
    renderer, shown = Renderer(a_mirror()), datetime(2026, 11, 1, tzinfo=UTC)
    names = (f"feeds{number}.example-publisher.com" for number in range(_MANY))
    hosts = (HostSummary(name, f"News of {name}", f"https://{name}/", shown) for name in names)
    files = renderer.listing(Listing("", hosts=tuple(hosts)), nonce="1")

    def again() -> None:
        renderer.listing(read_listing("", files["feed.json"].body), nonce="2")

    size = len(files["index.html"].body) / _MANY
    return _least(again) / _MANY, size, _peak(again) / _MANY


def _peak(work: Callable[[], object]) -> float:
    """Return the bytes that some work holds at its peak."""
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak
