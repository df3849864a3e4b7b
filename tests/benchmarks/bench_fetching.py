"""CPU time of polls: the fetcher beside a pool of threads on urllib3, in one run.

``python tests/benchmarks/bench_fetching.py [polls]`` prints, for unchanged feeds (304) and for
feeds of 60 kB in gzip, the processor seconds of both and their ratio. The publisher runs in a
process of its own, so only the client is counted; what counts is the ratio, not the seconds.
"""

import gzip
import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from ipaddress import ip_network
from multiprocessing.connection import Connection
from pathlib import Path

import urllib3

from feedmirror.adapters.fetching import CurlFetcher
from feedmirror.ports.fetching import Fetched, FetchRequest

sys.path.insert(0, str(Path(__file__).parents[1]))

from loopback import Answer, Publisher, Seen

ROUNDS = 5
ETAG = '"1"'
ENTRY = "<item><title>Title {0}</title><link>https://example.org/{0}</link>{1}</item>"
BODY = gzip.compress(
    "".join(ENTRY.format(n, n * 7919 % 10007 * 12345) for n in range(700)).encode(), mtime=0
)


def script(seen: Seen) -> Answer:
    """Answer as a publisher of validators does."""
    if seen.header("if-none-match") == ETAG:
        return Answer(304, headers=(("ETag", ETAG), ("Cache-Control", "max-age=600")))
    headers = (("ETag", ETAG), ("Content-Encoding", "gzip"), ("Content-Type", "text/xml"))
    return Answer(headers=headers, body=BODY)


def publish(pipe: Connection) -> None:
    """Serve every address of loopback until the other side says stop."""
    with Publisher(script, address="0.0.0.0") as publisher:  # noqa: S104 -- all of 127.0.0.0/8
        pipe.send(publisher.port)
        pipe.recv()


@contextmanager
def publisher() -> Iterator[int]:
    """Run the publisher beside this process and yield its port."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=publish, args=(there,))
    process.start()
    try:
        yield here.recv()
    finally:
        here.send("stop")
        process.join()


def with_fetcher(urls: list[str], etag: str | None) -> list[int]:
    """Poll with the fetcher; return each body's size."""
    polite = CurlFetcher(user_agent="bench", allowed_networks=(ip_network("127.0.0.0/8"),))
    outcomes = list(polite.fetch(FetchRequest(url, etag) for url in urls))
    return [len(outcome.body) for outcome in outcomes if isinstance(outcome, Fetched)]


def with_threads(urls: list[str], etag: str | None) -> list[int]:
    """Poll with sixteen threads on one urllib3 pool; return each body's size."""
    headers = {"Accept-Encoding": "gzip", **({"If-None-Match": etag} if etag else {})}
    with (
        urllib3.PoolManager(num_pools=len(urls), maxsize=1) as pool,
        ThreadPoolExecutor(16) as threads,
    ):
        answers = threads.map(lambda url: pool.request("GET", url, headers=headers), urls)
        return [len(answer.data) for answer in answers]


def cpu_of(
    work: Callable[[list[str], str | None], list[int]], urls: list[str], etag: str | None
) -> float:
    """Return the processor seconds of one run; raises ValueError if a poll was lost."""
    began = time.process_time()
    sizes = work(urls, etag)
    spent = time.process_time() - began
    expected = 0 if etag else len(gzip.decompress(BODY))
    if sizes != [expected] * len(urls):
        raise ValueError(f"{len(sizes)} of {len(urls)} polls were answered")
    return spent


def main() -> None:
    """Print the table."""
    polls = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with publisher() as port:
        # A host for each poll, as most feeds have.
        urls = [
            f"http://127.{n // 40000}.{n // 200 % 200}.{n % 200 + 2}:{port}/" for n in range(polls)
        ]
        for name, etag in (("unchanged, 304", ETAG), ("60 kB in gzip", None)):
            rounds = [
                (cpu_of(with_fetcher, urls, etag), cpu_of(with_threads, urls, etag))
                for _ in range(ROUNDS)
            ]
            ours, theirs = (statistics.median(column) for column in zip(*rounds, strict=True))
            ratio = statistics.median(other / own for own, other in rounds)
            line = f"{name}: fetcher {ours:.3f} s, urllib3 {theirs:.3f} s, {ratio:.1f} times"
            print(line)  # noqa: T201 -- what a benchmark is for


if __name__ == "__main__":
    main()
