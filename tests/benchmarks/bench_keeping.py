"""Time and memory of a backup, of a rebuild and of a load, by the size of the mirror.

``python tests/benchmarks/bench_keeping.py [records]`` fills an embedded store with records (5,000
unless told otherwise) as the audit's benchmark does, and does all three in processes of their own;
before that with a tenth as many, to show what grows.
"""

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

from feedmirror.adapters.backup_file import new_backup, open_backup
from feedmirror.adapters.clock import fresh_nonce
from feedmirror.configuration import Configuration
from feedmirror.configuration_file import write_configuration
from feedmirror.layout import CONFIGURATION
from feedmirror.ports.object_store import Content
from feedmirror.wiring.keeping import compose_backup, compose_load
from feedmirror.wiring.rebuild import compose_rebuild

sys.path.insert(0, str(Path(__file__).parents[1]))

from builders import a_mirror
from large_mirror import SPAWN, Mirror, fill
from world import START

EMPTY = Configuration(mirror=a_mirror(), feeds=())


def back_up(folder: Path) -> None:
    """Back a mirror up."""
    mirror = Mirror(folder)
    content = Content(write_configuration(EMPTY).encode(), "application/toml")
    mirror.stores.archive.put(CONFIGURATION, content, replaces=None)
    with new_backup(folder / "backup.sqlite", mark="1") as into:
        compose_backup(mirror.stores, into.archive, into.ledger).run()


def rebuild(folder: Path) -> None:
    """Rebuild a mirror's site, most of which is not there."""
    job = compose_rebuild(Mirror(folder).stores, EMPTY, clock=lambda: START, nonce=fresh_nonce)
    assert not job.run().problems


def load(folder: Path) -> None:
    """Load the backup into a mirror that is new."""
    mirror = Mirror(folder / "new")
    with open_backup(folder / "backup.sqlite") as found:
        job = compose_load((found.archive, found.ledger), mirror.stores, mirror.mail)
        assert not job.run().problems


def measure(pipe: Connection, job: Callable[[Path], None], folder: str) -> None:
    """Send how long a job took, and the peak of this process's memory in MB."""
    idle = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    began = time.perf_counter()
    job(Path(folder))
    took = time.perf_counter() - began
    pipe.send((took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, idle))


def main() -> None:
    """Print a line for each job and size."""
    most = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
    for count in (most // 10, most):
        with tempfile.TemporaryDirectory() as folder:
            filling = SPAWN.Process(target=fill, args=(folder, count))
            filling.start()
            filling.join()
            for job in (back_up, rebuild, load):
                here, there = SPAWN.Pipe()
                process = SPAWN.Process(target=measure, args=(there, job, folder))
                process.start()
                took, peak, idle = here.recv()
                process.join()
                line = f"{job.__name__:<8} {count} records: {took:.1f} s, {peak:.0f} MB"
                print(f"{line}, of which {idle:.0f} before it began")  # noqa: T201 -- what a benchmark is for


if __name__ == "__main__":
    main()
