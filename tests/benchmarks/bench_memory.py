"""Memory of a run by the number of feeds: it should not grow with them.

``python tests/benchmarks/bench_memory.py`` mirrors 1,000 and 10,000 small feeds (``SIZES``), a
thousand in each shard, into the embedded store, and prints the peak of the process and of its child
in a first run, in one where nothing changed and in one with a new entry in one feed of ten. Each
shard has its turn in the same process, as in a function that Lambda keeps.
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.origin import Publishing
from benchmarks.rounds import Comparison, compared

SCENES = ("cold", "all 304", "tick")
OURS = "ours-by-turns"


def row(found: Comparison) -> str:
    """Return one size as a line of the table."""
    costs = [found.of(OURS, scene)[0].cost for scene in SCENES]
    peaks = " | ".join(f"{cost.peak:.0f} + {cost.child_peak:.0f}" for cost in costs)
    seconds = " | ".join(f"{cost.cpu:.1f}" for cost in costs)
    return f"| {found.publishing.feeds:,} | {found.publishing.shards} | {peaks} | {seconds} |"


def main() -> None:
    """Print the table, and how much the largest takes beside the smallest."""
    sizes = [int(size) for size in os.environ.get("SIZES", "1000,10000").split(",")]
    found = [compared(Publishing(size, small=True), [OURS], scenes=SCENES) for size in sizes]
    first, *_, last = (max(each.of(OURS, scene)[0].cost.both for scene in SCENES) for each in found)
    head = ["feeds", "shards", *SCENES, *(f"s, {scene}" for scene in SCENES)]
    lines = [
        "peak MB, own + child's, and processor seconds",
        f"| {' | '.join(head)} |",
        f"| {' | '.join(['---'] * len(head))} |",
        *map(row, found),
        f"{sizes[-1] / sizes[0]:g} times the feeds: {last / first:.2f} times the memory",
    ]
    print("\n".join(lines))  # noqa: T201 -- what a benchmark is for


if __name__ == "__main__":
    main()
