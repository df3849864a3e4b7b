"""CPU time and memory of whole runs: the mirror beside a loop of feedparser over the same feeds.

``python tests/benchmarks/bench_mirror.py [feeds]`` prints, for a first run and for one in which
nothing changed, the processor seconds and peak memory of both, each in a process of its own. The
loop fetches with the mirror's own fetcher and parses with feedparser's defaults; it stores nothing
and publishes nothing, so on a first run the mirror does several times its work.
"""

import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from io import BytesIO
from ipaddress import ip_network
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

import feedparser

from feedmirror.adapters.fetching import CurlFetcher
from feedmirror.ports.fetching import Fetched, FetchRequest

sys.path.insert(0, str(Path(__file__).parents[1]))

from loopback import Answer, Publisher, Seen
from world import Documents, World, entry, rss

SPAWN = multiprocessing.get_context("spawn")
LOOPBACK = (ip_network("127.0.0.0/8"),)
TEXT = "<p>A paragraph of ordinary length, with <a href='/x'>a link</a> and <b>weight</b>.</p>" * 12


class Cost(NamedTuple):
    """What one run cost: processor seconds, and the process's peak memory in MB so far."""

    cpu: float
    peak: float


def document(seen: Seen) -> Answer:
    """Answer with the feed of a path: fifteen entries of one kilobyte of text each."""
    name = seen.target.strip("/")
    if seen.header("if-none-match"):
        return Answer(304)
    text = TEXT.replace("&", "&amp;").replace("<", "&lt;")
    entries = [entry(n, text=text, link=f"https://{name}.example.com/{n}") for n in range(15)]
    return Answer(body=rss(*entries, title=name).encode(), headers=(("ETag", '"1"'),))


def publish(pipe: Connection) -> None:
    """Serve until the other side says stop."""
    with Publisher(document, address="0.0.0.0") as publisher:  # noqa: S104 -- all of 127.0.0.0/8
        pipe.send(publisher.port)
        pipe.recv()


def cost_of(work: Callable[[], object]) -> Cost:
    """Run something and return what it cost."""
    began = time.process_time()
    work()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Cost(time.process_time() - began, peak)


def mirror(pipe: Connection, port: int, feeds: int) -> None:
    """Mirror the feeds twice into the embedded store, and send what each run cost."""
    with tempfile.TemporaryDirectory() as folder, Documents() as unused:
        world = World(Path(folder), unused)
        for number in range(feeds):
            world.configure(
                f"http://127.{number // 200}.0.{number % 200 + 1}:{port}/f{number}",
                site=f"https://f{number}.example.com",
            )
        cold = cost_of(world.run)
        world.later(25)  # every feed is asked within a day
        pipe.send((cold, cost_of(lambda: world.run(at_once=False))))


def parse(pipe: Connection, port: int, feeds: int) -> None:
    """Fetch and parse the feeds twice, and send what each time cost."""
    urls = [f"http://127.{n // 200}.0.{n % 200 + 1}:{port}/f{n}" for n in range(feeds)]

    def work(etag: str | None) -> None:
        fetcher = CurlFetcher(user_agent="bench", allowed_networks=LOOPBACK)
        for answer in fetcher.fetch(FetchRequest(url, etag) for url in urls):
            if isinstance(answer, Fetched) and answer.body:
                feedparser.parse(BytesIO(answer.body))

    pipe.send((cost_of(lambda: work(None)), cost_of(lambda: work('"1"'))))


def measured(
    work: Callable[[Connection, int, int], None], port: int, feeds: int
) -> tuple[Cost, Cost]:
    """Run one side in a process of its own."""
    here, there = SPAWN.Pipe()
    process = SPAWN.Process(target=work, args=(there, port, feeds))
    process.start()
    costs: tuple[Cost, Cost] = here.recv()
    process.join()
    return costs


def main() -> None:
    """Print the table."""
    feeds = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    here, there = SPAWN.Pipe()
    server = SPAWN.Process(target=publish, args=(there,))
    server.start()
    try:
        port = here.recv()
        sides = [measured(work, port, feeds) for work in (mirror, parse)]
        for name, ours, theirs in zip(("first run", "nothing changed"), *sides, strict=True):
            line = (
                f"{feeds} feeds, {name}: mirror {ours.cpu:.2f} s, {ours.peak:.0f} MB; "
                f"feedparser loop {theirs.cpu:.2f} s, {theirs.peak:.0f} MB; "
                f"{ours.cpu / theirs.cpu:.1f} times"
            )
            print(line)  # noqa: T201 -- what a benchmark is for
    finally:
        here.send("stop")
        server.join()


if __name__ == "__main__":
    main()
