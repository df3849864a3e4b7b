"""What a process of their own costs the parsers, beside the same parsers in this process.

``python tests/benchmarks/bench_isolation.py`` prints the time from nothing to the first feed, the
processor seconds and the time of many feeds with their markup made safe (those of the corpus, where
it is beside this checkout, else the two of the tests), both ways, and the memory of both processes.
"""

import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

from feedmirror.adapters.isolation.child_process import ChildProcess
from feedmirror.adapters.isolation.feed_parsers import IsolatedParsers
from feedmirror.mirroring.entries import FeedUnreadableError
from feedmirror.mirroring.parsing import Markup, Parsers
from in_process import IN_PROCESS
from world import entry, rss

TESTS = Path(__file__).parents[1]
CORPUS = TESTS / "../../shared/corpus/feeds"
URL = "https://news.example.com/feed"
OPERATIONS = "feedmirror.adapters.isolation.feed_operations"
STARTS = 9
EVERY = 4  # of the feeds


class Cost(NamedTuple):
    """Seconds of a processor, of this process and its child, and by the clock."""

    cpu: float
    wall: float


def documents() -> list[bytes]:
    """Return every fourth of the real feeds, or else those of the tests."""
    folder = CORPUS if CORPUS.is_dir() else TESTS / "data" / "feeds"
    return [path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix != ".json"][
        ::EVERY
    ]


def read(parsers: Parsers, document: bytes) -> None:
    """Read a feed and all of its entries' markup."""
    try:
        feed = parsers.feed(document, url=URL, content_type="")
    except FeedUnreadableError:
        return
    parsers.texts(
        [
            Markup(whole=each.content_html or each.summary_html, base_url=URL, shown=True)
            for each in feed.entries
        ]
    )


def cost_of(work: Callable[[], object], child: ChildProcess | None = None) -> Cost:
    """Run something and return what it cost."""
    cpu, began = cpu_of(child), time.perf_counter()
    work()
    return Cost(cpu_of(child) - cpu, time.perf_counter() - began)


def cpu_of(child: ChildProcess | None) -> float:
    """Return the processor seconds of this process and a child so far."""
    own = time.process_time()
    if child is None or child.pid is None:
        return own
    fields = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()
    return own + (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def first_feed() -> float:
    """Return the seconds from no process at all to the first feed read, and end it."""
    child = ChildProcess(OPERATIONS)
    wall = cost_of(lambda: read(IsolatedParsers(lambda: child), rss(entry(1)).encode())).wall
    child.close()
    return wall


def peak_of(child: ChildProcess) -> tuple[int, int]:
    """Return the most memory and the most address space that a child had, in MB."""
    status = Path(f"/proc/{child.pid}/status").read_text().splitlines()
    found = {line.split(":")[0]: line.split()[1] for line in status if line.startswith("Vm")}
    return int(found["VmHWM"]) // 1024, int(found["VmPeak"]) // 1024


def work(parsers: Parsers, found: list[bytes]) -> Callable[[], None]:
    """Return what reads all of the documents."""

    def read_all() -> None:
        for document in found:
            read(parsers, document)

    return read_all


def table(found: list[bytes], child: ChildProcess) -> list[str]:
    """Return both sides' costs as lines."""
    isolated = IsolatedParsers(lambda: child)
    small = [rss(entry(1)).encode()]
    read(isolated, small[0])
    one, alone = (
        1000 * median(cost_of(work(parsers, small)).wall for _ in range(99))
        for parsers in (isolated, IN_PROCESS)
    )
    here = cost_of(work(IN_PROCESS, found))
    apart = cost_of(work(isolated, found), child)
    more = apart.cpu / here.cpu - 1
    return [
        f"{len(found)} feeds, {sum(map(len, found)) / 1e6:.1f} MB, with all their markup",
        f"{'':24}{'processor s':>12}{'clock s':>10}",
        f"{'in this process':24}{here.cpu:12.2f}{here.wall:10.2f}",
        f"{'in a child':24}{apart.cpu:12.2f}{apart.wall:10.2f}",
        f"{more:.1%} more of a processor; a feed of one entry: {one:.1f} ms, here {alone:.1f}",
    ]


def main() -> None:
    """Print both sides."""
    starts = [first_feed() for _ in range(STARTS)]
    child = ChildProcess(OPERATIONS)
    lines = table(documents(), child)
    memory, space = peak_of(child)
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    lines += [
        f"from no process to its first feed: {median(starts) * 1000:.0f} ms (median of {STARTS})",
        f"the child: {memory} MB of memory, {space} MB of address space; this process: {own} MB",
    ]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
