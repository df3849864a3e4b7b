"""A whole host taken down on moto's server: S3 requests for each item, beside as many plain puts.

``python tests/benchmarks/bench_takedown.py`` fills moto with a host of ``ITEMS`` items (2,000), has
a webmaster's mail mask them and the answer to our question remove them, by real boto3 over HTTP,
and then puts as many small objects by the same client with nothing around it, in the same process.
Processor time is the client's; moto's server has a process of its own.
"""

import json
import logging
import os
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.origin import SPAWN, served
from benchmarks.rounds import OF_S3, of_buckets
from feedmirror.adapters.s3 import S3Store
from feedmirror.adapters.s3_short_way import HANDED_ON
from feedmirror.settings import Settings
from feedmirror.takedowns.casework.cases import State
from feedmirror.wiring.stores import Stores, open_bucket, open_stores
from killed_sweep import FEED, WEBMASTER, WHOLE, fill
from takedown_world import TakedownWorld
from world import SITE, Documents

BODY = b"." * 2048  # of a tombstone's page, about
METADATA = {"record": "tombstone", "host": "news.example.com", "case": "0" * 16}


class Phase(NamedTuple):
    """What one part of the work cost: requests by method, and seconds of a processor."""

    asked: dict[str, int]
    cpu: float


def serve(pipe: Connection, folder: str) -> None:
    """Serve what an embedded store holds by moto, until the other side says stop."""
    from moto.server import ThreadedMotoServer  # noqa: PLC0415 -- two seconds, only in this process

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line for each request
    _copy(Path(folder) / "store.sqlite")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    pipe.send(server.get_host_and_port()[1])
    pipe.recv()
    server.stop()


def _copy(path: Path) -> None:
    """Put every object of an embedded store into moto's memory."""
    from moto.core.models import DEFAULT_ACCOUNT_ID  # noqa: PLC0415 -- see above
    from moto.s3.models import s3_backends  # noqa: PLC0415 -- the same

    backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
    for bucket in ("archive", "site", "ledger", "mail"):
        backend.create_bucket(bucket, "us-east-1")
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT bucket, key, content_type, metadata, body FROM objects")
    for bucket, key, content_type, metadata, body in rows:
        made = backend.put_object(bucket, key, body)
        made.set_metadata({"Content-Type": content_type, **_of_the_user(metadata)})
    connection.close()


def _of_the_user(metadata: str) -> dict[str, str]:
    return {f"x-amz-meta-{name}": value for name, value in json.loads(metadata).items()}


class _Client:
    """The takedown function over S3, and what it asks for."""

    def __init__(self, endpoint: str, folder: Path) -> None:
        os.environ |= {**OF_S3, "AWS_ENDPOINT_URL": endpoint}
        settings = Settings.from_environment(of_buckets())
        self._stores: Stores = open_stores(settings)
        archive, mail = self._stores.archive, open_bucket(settings, "mail")
        assert isinstance(archive, S3Store)
        assert isinstance(mail, S3Store)
        self._s3 = archive.client
        self._asked: Counter[str] = Counter()
        for client in (archive.client, mail.client):
            client.meta.events.register("before-send.s3.*", self._note)
        documents = Documents()
        documents.publisher = None  # type: ignore[assignment]  # nobody is polled
        self.world = TakedownWorld(folder, documents, stores=self._stores, mail=mail)
        self.world.configure(FEED, site=SITE)

    def phase(self, work: Callable[[], object]) -> Phase:
        """Do something and return what it cost."""
        self._asked.clear()
        began = _cpu()
        work()
        return Phase(dict(self._asked), _cpu() - began)

    def mask(self) -> None:
        """Have the webmaster's mail taken in."""
        self._case = self.world.write(WHOLE, sender=WEBMASTER)
        assert self._case.state is State.MASKED, self._case.state

    def remove(self) -> None:
        """Have the answer to our question taken in."""
        asked = [mail for mail in self.world.sent() if WEBMASTER in str(mail["To"])][-1]
        to = asked["Reply-To"].addresses[0].addr_spec
        self.world.write("Yes, that was me.", sender=WEBMASTER, to=to)
        case = self.world.case(self._case)
        assert case.state is State.REMOVED, case.state

    def put(self, count: int) -> None:
        """Put objects as many threads at a time as the function does, and nothing else."""

        def one(number: int) -> None:
            self._s3.put_object(
                Bucket="archive",
                Key=f"plain/{number}",
                Body=BODY,
                ContentType="text/html",
                Metadata=METADATA,
                IfNoneMatch="*",
            )

        self._stores.workers.map(one, range(count))

    def _note(self, request: Any, **_: object) -> None:  # noqa: ANN401 -- botocore's own
        if HANDED_ON in request.headers:
            return  # it was counted on the short way
        query = request.url.partition("?")[2]
        self._asked["LIST" if "list-type" in query else request.method] += 1


def _cpu() -> float:
    """Return the processor seconds of this process and the children that it has waited for."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def take_down(pipe: Connection, endpoint: str, folder: str) -> None:
    """Take the host down, then put as many plain objects; send what each cost."""
    client = _Client(endpoint, Path(folder))
    began = time.monotonic()
    phases = {"mask": client.phase(client.mask), "remove": client.phase(client.remove)}
    wall = time.monotonic() - began
    count = sum(phase.asked["PUT"] for phase in phases.values())
    phases["as many plain puts"] = client.phase(lambda: client.put(count))
    pipe.send((phases, wall))


def lines(phases: dict[str, Phase], items: int, wall: float) -> Iterable[str]:
    """Yield the table."""
    *ours, plain = phases.values()
    yield f"{items:,} items of one host, {wall:.0f} s by the clock; each item:"
    yield "| | GET | HEAD | PUT | LIST | processor ms |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for name, phase in phases.items():
        cells = [f"{phase.asked.get(kind, 0) / items:.2f}" for kind in ("GET", "HEAD", "PUT")]
        cells.append(f"{phase.asked.get('LIST', 0) / items:.4f}")
        yield f"| {name} | {' | '.join(cells)} | {1000 * phase.cpu / items:.2f} |"
    spent, asked = sum(each.cpu for each in ours), sum(sum(each.asked.values()) for each in ours)
    puts = plain.asked["PUT"]
    yield f"{spent / plain.cpu:.2f} times the processor time of as many puts by the same client,"
    yield f"{spent / asked / (plain.cpu / puts):.2f} times for each request, reads counted as well"


def main() -> None:
    """Print the table."""
    items = int(os.environ.get("ITEMS", "2000"))
    with TemporaryDirectory() as folder:
        filling = SPAWN.Process(target=fill, args=(Path(folder), items))
        filling.start()
        filling.join()
        with served(serve, folder) as (port, _):
            here, there = SPAWN.Pipe()
            endpoint = f"http://127.0.0.1:{port}"
            client = SPAWN.Process(target=take_down, args=(there, endpoint, folder))
            client.start()
            there.close()  # if it dies, nobody is waited for
            phases, wall = here.recv()
            client.join()
    print("\n".join(lines(phases, items, wall)))  # noqa: T201 -- what a benchmark is for


if __name__ == "__main__":
    main()
