"""Rounds of clients over the same publishers: who is measured, in which scenes, and what it cost.

In a round each client goes through all scenes in order, in a fresh process for each, over what it
keeps in a folder (or in S3) of its own; then it is the next client's turn.
"""

import json
import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from benchmarks.clients import Job, write_job
from benchmarks.measured import Cost, cost_of
from benchmarks.origin import Answered, Origin, Publishing, an_origin
from benchmarks.s3_stub import BUCKETS, S3Stub, an_s3_stub
from builders import a_mirror
from feedmirror.adapters.s3 import S3Store, make_client
from feedmirror.adapters.sqlite import SqliteStore
from feedmirror.configuration import Configuration, FeedSettings
from feedmirror.configuration_file import write_configuration
from feedmirror.layout import CONFIGURATION
from feedmirror.ports.object_store import Content, ObjectStore

TESTS = Path(__file__).parents[1]
SCENES = {
    "cold": "new",
    "all 304": "plain",
    "tick": "tick",
    "same bytes": "noval",
    "dates move": "churn",
}
OF_S3 = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "not-looked-at",
    "AWS_DEFAULT_REGION": "us-east-1",
}
OF_MEMORY = {"MALLOC_ARENA_MAX": "1"}  # as the template has it
FEW = 3  # feeds by which every module is compiled before anything is measured


class Run(NamedTuple):
    """One client in one scene: its cost, what it told, and what it asked of whom."""

    cost: Cost
    told: Mapping[str, Any]
    asked: Answered
    s3: Counter[tuple[str, str]]

    @property
    def polls(self) -> int:
        """How many feeds were asked for, whatever they answered."""
        return sum(self.asked.by_kind[status] for status in ("200", "304", "503"))

    @property
    def busy(self) -> float:
        """Which share of the run's time the publishers' process was at work."""
        return self.asked.cpu / self.cost.wall


Runs = dict[tuple[str, str], list[Run]]  # by client and scene, one for each round


class Comparison(NamedTuple):
    """All that was measured, of how many feeds; ``ticks`` of them had a new entry.

    ``starts`` are the processor seconds of each client with hardly any feed, all unchanged.
    """

    publishing: Publishing
    runs: Runs
    ticks: int
    real: bool
    starts: Mapping[str, float]

    @property
    def clients(self) -> list[str]:
        """Who was measured, in the order they were named."""
        return list(dict.fromkeys(client for client, _ in self.runs))

    @property
    def scenes(self) -> list[str]:
        """In which scenes, in order."""
        return list(dict.fromkeys(scene for _, scene in self.runs))

    def of(self, client: str, scene: str) -> list[Run]:
        """Return a client's runs of a scene."""
        return self.runs[client, scene]

    def cpu(self, client: str, scene: str) -> float:
        """Return the median of a client's processor seconds in a scene."""
        return median(run.cost.cpu for run in self.of(client, scene))

    def ratio(self, client: str, peer: str, scene: str) -> float | None:
        """Return how often a client costs a peer's processor time, the median within rounds."""
        if not {(client, scene), (peer, scene)} <= self.runs.keys():
            return None
        pairs = zip(self.of(client, scene), self.of(peer, scene), strict=True)
        return median(ours.cost.cpu / theirs.cost.cpu for ours, theirs in pairs)


@dataclass(frozen=True)
class _Place:
    """Where a client keeps what it keeps, and what its process finds in the environment."""

    folder: Path
    environment: dict[str, str]


def compared(
    publishing: Publishing,
    clients: list[str],
    *,
    rounds: int = 1,
    scenes: Sequence[str] = tuple(SCENES),
    profiles: Path | None = None,
) -> Comparison:
    """Measure the clients in turn, round by round.

    Where a folder is given for them, each run is profiled (cProfile) into a file of its own, and
    the times are those of a profiled process: shares are told by them, and nothing else.
    """
    runs: Runs = {(client, scene): [] for scene in scenes for client in clients}
    ticks, real = 0, False
    with an_origin(publishing) as origin, an_s3_stub() as s3, TemporaryDirectory() as folder:
        course = _Course(origin, s3, Path(folder), profiles)
        starts = {client: course.started(client) for client in clients}
        for number in range(rounds):
            # Who comes first has a machine of another minute than who comes last.
            for client in clients[number % len(clients) :] + clients[: number % len(clients)]:
                for scene, run, changed in course.through(client, scenes):
                    runs[client, scene].append(run)
                    ticks, real = changed, run.asked.real
    return Comparison(publishing, runs, ticks, real, starts)


@dataclass(frozen=True)
class _Course:
    """The publishers, the store and the folders that every client goes through."""

    origin: Origin
    s3: S3Stub
    folder: Path
    profiles: Path | None

    def started(self, client: str) -> float:
        """Compile all that a client loads; return what it then costs with hardly any feeds."""
        with self._a_place(client, feeds=FEW) as place:
            self.origin.scene("new")
            self._run(client, place, feeds=FEW)
            self.origin.scene("plain")
            return self._run(client, place, feeds=FEW).cost.cpu

    def through(self, client: str, scenes: Sequence[str]) -> Iterator[tuple[str, Run, int]]:
        """Take a client through the scenes; yield each, what the client did, and what ticked."""
        with self._a_place(client) as place:
            for scene in scenes:
                changed = self.origin.scene(SCENES[scene])
                profile = ""
                if self.profiles is not None:
                    profile = str(self.profiles / f"{client}-{SCENES[scene]}.prof")
                yield scene, self._run(client, place, profile=profile), changed

    def _run(
        self, client: str, place: _Place, *, feeds: int | None = None, profile: str = ""
    ) -> Run:
        told = place.folder / "told.json"
        job = Job(
            self.origin.urls[:feeds],
            str(place.folder),
            str(told),
            profile,
            self.origin.publishing.shards,
        )
        path = write_job(job, place.folder / "job.json")
        command = [sys.executable, "-m", "benchmarks.clients", client, str(path)]
        self.origin.answered()
        self.s3.counted()
        cost = cost_of(command, place.environment)
        asked, s3 = self.origin.answered(), self.s3.counted().by_kind
        return Run(cost, json.loads(told.read_bytes()), asked, s3)

    @contextmanager
    def _a_place(self, client: str, feeds: int | None = None) -> Iterator[_Place]:
        """Yield a client's own place, configured; what it kept is gone afterwards."""
        own = self.folder / client
        own.mkdir()
        environment = {
            "PYTHONPATH": os.pathsep.join((str(TESTS.parent / "functions"), str(TESTS))),
            "PATH": os.environ["PATH"],
            "HOME": str(own),
        }
        with ExitStack() as stack:
            stack.callback(shutil.rmtree, own)
            if client.startswith("ours"):
                stack.callback(self.s3.forget)
                s3 = self.s3 if client == "ours-s3" else None
                environment |= _wiring(own, s3)
                _configure(own, self.origin, s3, feeds)
            yield _Place(own, environment)


def of_buckets() -> dict[str, str]:
    """Return the function's variables for buckets and publishers on loopback (design §3.4)."""
    named = {f"FEEDMIRROR_{name.upper()}_BUCKET": name for name in BUCKETS}
    return {**named, "FEEDMIRROR_ALLOWED_NETWORKS": "127.0.0.0/8"}


def _wiring(folder: Path, s3: S3Stub | None) -> dict[str, str]:
    """Return the environment of the function."""
    if s3 is None:
        return {**of_buckets(), "FEEDMIRROR_EMBEDDED_STORE": str(folder / "store.sqlite")}
    return {**of_buckets(), **OF_S3, **OF_MEMORY, "AWS_ENDPOINT_URL": s3.endpoint}


def _configure(folder: Path, origin: Origin, s3: S3Stub | None, feeds: int | None) -> None:
    """Put the operator's file where an operator puts it."""
    settings = (
        FeedSettings(url=url, site=site)
        for url, site in zip(origin.urls[:feeds], origin.sites()[:feeds], strict=True)
    )
    mirror = a_mirror(shards=origin.publishing.shards)
    text = write_configuration(Configuration(mirror=mirror, feeds=tuple(settings)))
    store: ObjectStore = SqliteStore(folder / "store.sqlite", "archive")
    if s3 is not None:
        os.environ.update(OF_S3)
        store = S3Store(make_client(endpoint_url=s3.endpoint), "archive")
    store.put(CONFIGURATION, Content(text.encode(), "application/toml"), replaces=None)
