"""What it costs to read what is new in a feed, beside reading all of it.

``python tests/benchmarks/bench_delta.py`` reads every fourth of the real feeds that lie beside this
checkout (``all`` takes all): without looking for where entries lie, whole, with one entry new to
it, and with none. It prints the processor time of each, the ratios within the same round, and the
share of documents that can be read in part.
"""

import json
import sys
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from pathlib import Path
from statistics import quantiles
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

from feedmirror.mirroring.entries import Feed, FeedUnreadableError
from feedmirror.mirroring.spans import digests_of
from in_process import IN_PROCESS

CORPUS = Path(__file__).parents[2] / "../shared/corpus/feeds"
URL = "https://news.example.com/feed"
LIVE = "kagisearch/fastfeedparser"  # whose documents were fetched from the live web
EVERY = 4
ROUNDS = 2  # of each order


class Cost(NamedTuple):
    """Milliseconds of a processor for one document, the least of some rounds."""

    unscanned: float
    whole: float
    one_new: float
    none_new: float


class Document(NamedTuple):
    """A document, which digests of its entries are known for which case, and where it is from."""

    body: bytes
    digests: tuple[str, ...]
    is_live: bool


def read(body: bytes, known: Collection[str] | None) -> Feed | None:
    """Read a document."""
    try:
        return IN_PROCESS.feed(body, url=URL, content_type="", known=known)
    except FeedUnreadableError:
        return None


def documents(*, every: int) -> list[Document]:
    """Return the real feeds."""
    listed = json.loads((CORPUS / "manifest.json").read_text(encoding="utf-8"))
    found = []
    for each in listed[::every]:
        body = (CORPUS / each["name"]).read_bytes()
        feed = read(body, ())
        digests = digests_of(body, feed.spans) if feed else ()
        found.append(Document(body, digests, each["repo"] == LIVE))
    return found


def cost_of(document: Document) -> Cost:
    """Return what a document costs, its cases in turn."""
    body, digests = document.body, document.digests
    cases: Sequence[Collection[str] | None] = (
        None,
        frozenset(),
        frozenset(digests[1:]),
        frozenset(digests),
    )
    least = [float("inf")] * len(cases)
    for turn in range(ROUNDS * len(cases)):  # each case comes first as often: that costs more
        for number in _turned(len(cases), turn):
            unseen = body + b" " * (turn * len(cases) + number)  # whose digests nobody has taken
            least[number] = min(least[number], _timed(partial(read, unseen, cases[number])))
    return Cost(*least)


def _turned(number: int, by: int) -> Iterator[int]:
    return ((each + by) % number for each in range(number))


def _timed(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1000


def table(found: list[Document], costs: list[Cost]) -> list[str]:
    """Return what was measured as lines."""
    number = len(found)
    sums = [sum(each) for each in zip(*costs, strict=True)]
    unscanned, whole, one, none = sums
    lines = [f"{number} documents, ms of a processor for each (least of {4 * ROUNDS} rounds)"]
    names = ("whole, without a scan", "whole, with one", "one entry new", "nothing new")
    lines += [f"{name:24}{each / number:8.2f}" for name, each in zip(names, sums, strict=True)]
    live = [each for each in found if each.is_live]
    lines += [
        f"scan's share of a whole reading: {whole / unscanned - 1:.1%}",
        f"one new against whole: {unscanned / one:.1f} times cheaper; {_spread(costs)}",
        f"nothing new against whole: {unscanned / none:.1f} times cheaper",
        f"read in part: {_share(found)}; of the live web: {_share(live)}",
    ]
    parts = [cost for document, cost in zip(found, costs, strict=True) if len(document.digests) > 1]
    ratio = sum(each.unscanned for each in parts) / sum(each.one_new for each in parts)
    return [*lines, f"where it is read in part: {ratio:.1f} times cheaper; {_spread(parts)}"]


def _spread(costs: Sequence[Cost]) -> str:
    ratios = sorted(each.unscanned / each.one_new for each in costs)
    tenths = quantiles(ratios, n=10)
    return (
        f"for each: least {ratios[0]:.2f}, p10/50/90 "
        f"{tenths[0]:.1f}/{tenths[4]:.1f}/{tenths[8]:.1f}"
    )


def _share(found: Sequence[Document]) -> str:
    parts = sum(bool(each.digests) for each in found)
    return f"{parts} of {len(found)} ({parts / max(len(found), 1):.1%})"


def main() -> None:
    """Print the table, if the feeds are there."""
    if not CORPUS.is_dir():
        sys.stdout.write("the corpus of real feeds is not beside this checkout\n")
        return
    found = documents(every=1 if sys.argv[1:] == ["all"] else EVERY)
    lines = table(found, [cost_of(document) for document in found])
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
