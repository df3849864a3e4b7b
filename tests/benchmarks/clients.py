"""Whoever polls the feeds of a benchmark, each one run in a process of its own.

``python -m benchmarks.clients NAME JOB`` polls every feed once and writes what it had of it into
the job's ``told``. What a client keeps between two runs lies in the job's folder.
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

AT_ONCE = 64  # connections of the loops
_TIMEOUT = 20  # seconds


@dataclass(frozen=True, slots=True)
class Job:
    """What a client polls, where it keeps what it keeps, and where it tells what it had.

    ``profile`` is the file for a profile of it, or nothing; ``shards`` is how many a mirror of them
    has.
    """

    urls: list[str]
    folder: str
    told: str
    profile: str = ""
    shards: int = 1


class Kept:
    """What the plain loops keep: each feed's validators, and the entries that were seen."""

    def __init__(self, folder: str) -> None:
        """Read it."""
        self._path = Path(folder) / "kept.json"
        found = json.loads(self._path.read_bytes()) if self._path.exists() else [{}, []]
        self.etags: dict[str, str] = found[0]
        self.entries: set[str] = set(found[1])
        self.new = 0

    def see(self, url: str, entries: Iterator[str]) -> None:
        """Note a feed's entries."""
        before = len(self.entries)
        self.entries.update(f"{url} {entry}" for entry in entries)
        self.new += len(self.entries) - before

    def save(self) -> None:
        """Keep it for the next run."""
        self._path.write_text(json.dumps([self.etags, sorted(self.entries)]))


def ours(_: Job) -> dict[str, Any]:
    """Run the mirror's handler once, as Lambda would; where its buckets are, the environment says.

    Every feed is asked for, due or not, as by an operator's hand.
    """
    from feedmirror.handlers.mirror import handler  # noqa: PLC0415 -- each client loads its own
    from feedmirror.wiring.mirror import Unlimited  # noqa: PLC0415 -- the same

    return _told([handler({"at_once": True}, Unlimited())])


def ours_by_turns(job: Job) -> dict[str, Any]:
    """Run the mirror's handler once for each shard, as Lambda would in one process that it keeps.

    The front, which the schedule's call puts, is left out.
    """
    from feedmirror.handlers.mirror import handler  # noqa: PLC0415 -- as above
    from feedmirror.wiring.mirror import Unlimited  # noqa: PLC0415 -- the same

    turn = {"shards": job.shards, "at_once": datetime.now(UTC).isoformat()}
    bodies = [json.dumps({**turn, "shard": shard}) for shard in range(job.shards)]
    events = [{"Records": [{"messageId": "1", "body": body}]} for body in bodies]
    return _told([handler(event, Unlimited()) for event in events])


def _told(reports: list[dict[str, Any]]) -> dict[str, Any]:
    names = ("polled", "unchanged", "changed", "created", "updated")
    told: dict[str, Any] = {name: sum(each[name] for each in reports) for name in names}
    failures = sum(len(each["failures"]) for each in reports)
    return {**told, "new": told["created"], "failures": failures}


def with_reader(job: Job, workers: int = 1) -> dict[str, Any]:
    """Update everything with the library ``reader``."""
    import feedparser_sgmllib  # noqa: PLC0415 -- each client loads its own

    # reader's own copy of feedparser asks for this module by its old name, and declares neither.
    sys.modules.setdefault("sgmllib", feedparser_sgmllib)
    from reader import ParseError, UpdatedFeed, make_reader  # noqa: PLC0415 -- the same

    new = failed = 0
    with closing(make_reader(f"{job.folder}/reader.sqlite")) as reader:
        for url in job.urls:
            reader.add_feed(url, exist_ok=True)
        for _, outcome in reader.update_feeds_iter(scheduled=False, workers=workers):
            failed += isinstance(outcome, ParseError)
            new += outcome.new if isinstance(outcome, UpdatedFeed) else 0
    return {"new": new, "failures": failed}


def floor(job: Job) -> dict[str, Any]:
    """Ask with libcurl alone: bodies are decoded, counted and thrown away."""
    kept = Kept(job.folder)
    size = sum(len(body) for _, body in _by_curl(job.urls, kept))
    kept.save()
    return {"new": 0, "failures": 0, "bytes": size}


def with_feedparser(job: Job) -> dict[str, Any]:
    """Ask with libcurl and parse with feedparser's defaults; ids of entries are kept."""
    import feedparser  # noqa: PLC0415 -- each client loads its own

    kept = Kept(job.folder)
    for url, body in _by_curl(job.urls, kept):
        if body:
            entries = feedparser.parse(BytesIO(body)).entries
            kept.see(url, (str(each.get("id") or each.get("link")) for each in entries))
    kept.save()
    return {"new": kept.new, "failures": 0}


def _by_curl(urls: list[str], kept: Kept) -> Iterator[tuple[str, bytes]]:
    """Yield every feed's body, or nothing where it is unchanged."""
    import pycurl  # noqa: PLC0415 -- each client loads its own

    multi, waiting, free = pycurl.CurlMulti(), iter(urls), [pycurl.Curl() for _ in range(AT_ONCE)]
    under_way: dict[Any, tuple[str, BytesIO, list[bytes]]] = {}
    while True:
        while free and (url := next(waiting, None)):
            curl, body, lines = free.pop(), BytesIO(), []  # type: ignore[var-annotated]
            curl.setopt(pycurl.URL, url)
            curl.setopt(pycurl.ACCEPT_ENCODING, "gzip")
            curl.setopt(pycurl.TIMEOUT, _TIMEOUT)
            curl.setopt(pycurl.WRITEFUNCTION, body.write)
            curl.setopt(pycurl.HEADERFUNCTION, lines.append)
            etag = kept.etags.get(url)
            curl.setopt(pycurl.HTTPHEADER, [f"If-None-Match: {etag}"] if etag else [])
            multi.add_handle(curl)
            under_way[curl] = url, body, lines
        if not under_way:
            return
        multi.perform()
        _, done, failed = multi.info_read()
        for curl in (*done, *(each[0] for each in failed)):
            multi.remove_handle(curl)
            free.append(curl)
            url, body, lines = under_way.pop(curl)
            for line in lines:
                if line[:5].lower() == b"etag:":
                    kept.etags[url] = line[5:].strip().decode()
            yield url, body.getvalue()
        multi.select(1.0)


def with_fastfeedparser(job: Job) -> dict[str, Any]:
    """Ask with aiohttp and parse with fastfeedparser; ids of entries are kept."""
    import asyncio  # noqa: PLC0415 -- each client loads its own

    import aiohttp  # noqa: PLC0415 -- the same
    import fastfeedparser  # noqa: PLC0415 -- the same

    kept, failed = Kept(job.folder), 0

    async def poll(session: aiohttp.ClientSession, url: str) -> None:
        nonlocal failed
        etag = kept.etags.get(url)
        async with session.get(url, headers={"If-None-Match": etag} if etag else {}) as answer:
            if answer.status != 200:
                return
            kept.etags[url] = answer.headers.get("ETag", "")
            body = await answer.read()
        try:
            entries = fastfeedparser.parse(body).entries
        except ValueError:
            failed += 1
            return
        kept.see(url, (str(each.get("id") or each.get("link")) for each in entries))

    async def poll_all() -> None:
        connector = aiohttp.TCPConnector(limit=AT_ONCE)
        async with aiohttp.ClientSession(connector=connector) as session:
            await asyncio.gather(*(poll(session, url) for url in job.urls))

    asyncio.run(poll_all())
    kept.save()
    return {"new": kept.new, "failures": failed}


CLIENTS: dict[str, Callable[[Job], dict[str, Any]]] = {
    "ours": ours,
    "ours-s3": ours,
    "ours-by-turns": ours_by_turns,
    "reader": with_reader,
    "reader-8": lambda job: with_reader(job, workers=8),
    "fastfeedparser": with_fastfeedparser,
    "feedparser": with_feedparser,
    "floor": floor,
}


def write_job(job: Job, path: Path) -> Path:
    """Write what a client is to do."""
    path.write_text(json.dumps(asdict(job)))
    return path


def main() -> None:
    """Do one client's job."""
    name, path = sys.argv[1:]
    job = Job(**json.loads(Path(path).read_bytes()))
    told = _profiled(name, job) if job.profile else CLIENTS[name](job)
    Path(job.told).write_text(json.dumps(told))


def _profiled(name: str, job: Job) -> dict[str, Any]:
    from cProfile import Profile  # noqa: PLC0415 -- only to look into a client

    profiler = Profile()
    told = profiler.runcall(CLIENTS[name], job)
    profiler.dump_stats(job.profile)
    return told


if __name__ == "__main__":
    main()
