"""Time and memory of an audit, by the size of what is audited.

``python tests/benchmarks/bench_audit.py [records]`` fills an embedded store with records (100,000
unless told otherwise) of 500 hosts, each with its page, its marker and its host's listing, one in
ten of them taken down, and audits it; then a tenth as many, to show what grows.
"""

import resource
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

from feedmirror.configuration import Configuration
from feedmirror.wiring.audit import compose_audit

sys.path.insert(0, str(Path(__file__).parents[1]))

from builders import a_mirror
from large_mirror import SPAWN, Mirror, fill
from world import START


def audit(pipe: Connection, folder: str) -> None:
    """Audit a mirror, and send how long it took, the peak memory in MB, and what was checked."""
    mirror = Mirror(Path(folder))
    configuration = Configuration(mirror=a_mirror(), feeds=())
    whole = compose_audit(mirror.stores, mirror.mail, configuration, clock=lambda: START)
    told = [0]

    def progress(count: int) -> None:
        told[0] += count

    began = time.perf_counter()
    report = whole.run(progress)
    took = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    pipe.send((took, peak, told[0], dict(report.checked), len(report.findings) + report.more))


def main() -> None:
    """Print a line for each size."""
    most = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    for count in (most // 10, most):
        with tempfile.TemporaryDirectory() as folder:
            filling = SPAWN.Process(target=fill, args=(folder, count))
            filling.start()
            filling.join()
            here, there = SPAWN.Pipe()
            process = SPAWN.Process(target=audit, args=(there, folder))
            process.start()
            took, peak, looked, checked, found = here.recv()
            process.join()
            line = (
                f"{count} records: {took:.1f} s, {peak:.0f} MB, {looked} things, {found} findings"
            )
            print(f"{line}; {checked}")  # noqa: T201 -- what a benchmark is for


if __name__ == "__main__":
    main()
