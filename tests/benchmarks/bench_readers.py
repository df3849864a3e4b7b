"""Polling a thousand real feeds: ours beside ``reader``, a fast loop, and libcurl as the floor.

``python tests/benchmarks/bench_readers.py`` prints tables of processor time, memory and requests in
five scenes, with the targets that are met and not, and draws ``build/bench-readers.png``. ``FEEDS``
says how many feeds (1,000), ``ROUNDS`` how often (once), ``CLIENTS`` who, such as ``ours,reader``;
``LATENCY`` in seconds before each answer and ``FAILING`` as a share of the feeds make the
publishers worse; ``PROFILES`` is a folder for cProfile's files of each run, by client and scene.
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.origin import Publishing
from benchmarks.readers_plot import draw
from benchmarks.readers_table import tables
from benchmarks.rounds import compared

CLIENTS = "ours,ours-s3,reader,reader-8,fastfeedparser,floor"
PLOT = Path(__file__).parents[2] / "build" / "bench-readers.png"


def main() -> None:
    """Measure, print and draw."""
    ask = os.environ.get
    publishing = Publishing(
        int(ask("FEEDS", "1000")),
        latency=float(ask("LATENCY", "0")),
        failing=float(ask("FAILING", "0")),
    )
    clients = ask("CLIENTS", CLIENTS).split(",")
    profiles = Path(folder) if (folder := ask("PROFILES")) else None
    found = compared(publishing, clients, rounds=int(ask("ROUNDS", "1")), profiles=profiles)
    sys.stdout.write(tables(found))
    draw(found, PLOT)
    sys.stdout.write(f"\ndrawn: build/{PLOT.name}\n")


if __name__ == "__main__":
    main()
