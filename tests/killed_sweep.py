"""A large host taken down by processes that are killed, again and again, until one is not.

``python tests/killed_sweep.py [items] [kills] [seed]`` (``make scale``) fills an embedded store
with a host of so many items and another that nobody asks about, has a webmaster's mail arrive and
then the answer to our question, and kills whatever process works on it, by SIGKILL, at calls of the
store that the seed draws. The event comes again, as Lambda and the work queue bring it. What is
readable is told by words that only the host's items have, in every object of archive and site.
"""

import hashlib
import itertools
import json
import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from builders import a_mirror, an_attribution, an_item
from feedmirror.adapters.sqlite import SqliteStore
from feedmirror.addresses import digest
from feedmirror.jobs.takedown.case_book import CaseBook
from feedmirror.layout import (
    ATOM,
    FRONT,
    INDEX,
    JSON,
    SUPPRESSIONS,
    ItemId,
    host_folder,
    item_page,
    markers_prefix,
    month_folder,
    page_keys,
    record_key,
)
from feedmirror.ports.object_store import Content
from feedmirror.publishing.listings import Listing
from feedmirror.publishing.pages import Renderer
from feedmirror.records import Item, Publisher, object_metadata, record_to_json
from feedmirror.takedowns.casework.cases import State, case_of_mail
from takedown_world import CONTACT, TakedownWorld, a_mail
from world import SITE, START, Documents, Requests, entry, rss

HOST, OTHER = "news.example.com", "quiet.example.com"
WORD, OTHERS_WORD = "Wellingtonia", "Sassafras"
FEED = "http://127.0.0.2:1/feed"
WEBMASTER = f"webmaster@{HOST}"
WHOLE = f"Please remove our whole site {HOST} from your mirror, now and in the future."
_MONTHS, _LEAST = 100, 100  # items of a month at the least
_JSON = "application/json"
_ITEMS, _OTHERS = 100_000, 50


# ------------------------------------------------------------------ the mirror


def fill(folder: Path, count: int) -> None:
    """Put two hosts' items as the mirror's jobs would have put them: markers, records, pages."""
    filling = _Filling(folder)
    for host, word, number in ((HOST, WORD, count), (OTHER, OTHERS_WORD, _OTHERS)):
        filling.put_host(host, word, number)
    filling.put_listing(Listing(FRONT).updated_with(filling.newest))
    filling.close()


class _Filling:
    """Rows of the store's file, written many at once: a put for each would take minutes."""

    def __init__(self, folder: Path) -> None:
        for bucket in ("archive", "site", "ledger", "mail"):
            SqliteStore(_file(folder), bucket).head("made")
        self._rows = sqlite3.connect(_file(folder))
        self._renderer = Renderer(a_mirror())
        self.newest: list[Any] = []

    def put_host(self, host: str, word: str, count: int) -> None:
        """Put a host, month by month."""
        months: list[str] = []
        latest: list[Any] = []
        like = _an_item(host, word, "NUMBER")
        card, record = self._renderer.card(like), record_to_json(like, "1").decode()
        page = self._renderer.item_page(like, nonce="1").body.decode()
        for month, numbers in enumerate(_by_month(count)):
            seen = START.replace(year=START.year - 1 - month // 12, month=12 - month % 12, day=1)
            ids = [_id_of(host, word, str(number)) for number in numbers]
            for number, item in zip(numbers, ids, strict=True):
                said = {"NUMBER": str(number), like.id: item}
                self._put_item(like, item, _changed(record, said), seen)
                self._put("site", item_page(host, item), _changed(page, said))
            cards = [
                replace(card, id=item, title=f"{word} {number}", first_seen=seen)
                for number, item in zip(numbers, ids, strict=True)
            ]
            folder = month_folder(host, seen)
            self.put_listing(Listing(folder).updated_with(cards))
            months.append(folder.split("/")[1])
            latest = latest or cards
        self.put_listing(Listing(host_folder(host), months=tuple(months)).updated_with(latest))
        self.newest += latest

    def put_listing(self, listing: Listing) -> None:
        """Put a listing's three files."""
        for name, document in self._renderer.listing(listing, nonce="1").items():
            self._put("site", listing.folder + name, document.body.decode())

    def close(self) -> None:
        """Keep it all."""
        self._rows.commit()
        self._rows.close()

    def _put_item(self, like: Item, item: ItemId, record: str, seen: datetime) -> None:
        host = like.host
        # A hash of its own stands for all that a rule about the host does not look at.
        subject = sorted({*like.subject.keys, f"address:{item}"})
        pages = page_keys(host, item, seen)
        marker = json.dumps({"schema": 1, "subject": subject, "pages": pages})
        key = f"{markers_prefix(host)}{item[::-1]}/{host}/{item}.{item}"
        self._put("archive", key, marker)
        record = record.replace(
            f'"first_seen": "{_z(like.first_seen)}"', f'"first_seen": "{_z(seen)}"'
        )
        self._put("archive", record_key(host, item), record, object_metadata(like))

    def _put(
        self, bucket: str, key: str, text: str, metadata: Mapping[str, str] | None = None
    ) -> None:
        body = text.encode()
        etag = f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
        kind = _JSON if bucket == "archive" else "text/html"
        self._rows.execute(
            "INSERT INTO objects VALUES (?, ?, ?, ?, NULL, ?, ?)",
            (bucket, key, etag, kind, json.dumps(dict(metadata or {})), body),
        )


def _an_item(host: str, word: str, number: str) -> Item:
    url = f"https://{host}/{word.lower()}/{number}"
    return an_item(
        id=_id_of(host, word, number),
        host=host,
        title=f"{word} {number}",
        content_html=f"<p>A {word} of {number} feet.</p>",
        attribution=an_attribution(
            original_url=url, publisher=Publisher(word, f"https://{host}/", host)
        ),
    )


def _z(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _id_of(host: str, word: str, number: str) -> ItemId:
    return ItemId(digest("item", host, word, number))


def _changed(text: str, said: Mapping[str, str]) -> str:
    for like, own in said.items():
        text = text.replace(like, own)
    return text


def _by_month(count: int) -> Iterator[range]:
    each = max(_LEAST, count // _MONTHS)
    for first in range(0, count, each):
        yield range(first, min(first + each, count))


def _file(folder: Path) -> Path:
    return folder / "store.sqlite"


def readable(folder: Path, word: str) -> list[str]:
    """Return the keys of archive and site that say a word, in body, metadata or name."""
    connection = sqlite3.connect(f"file:{_file(folder)}?mode=ro", uri=True)
    found = connection.execute(
        "SELECT bucket || ' ' || key FROM objects WHERE bucket IN ('archive', 'site') AND"
        " (instr(body, ?) OR instr(metadata, ?) OR instr(key, ?))",
        (word.encode(), word, word),
    ).fetchall()
    connection.close()
    return [key for (key,) in found]


# ------------------------------------------------------------------ a process at work


class _Tally(list[Any]):
    """A list that keeps nothing but how many of each method it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0
        self.by_method: Counter[str] = Counter()

    def append(self, asked: object) -> None:
        self.calls += 1
        self.by_method[asked[0] if isinstance(asked, tuple) else "put done"] += 1


@dataclass
class _Attempt:
    """One process: it does what an event asks, and may be killed at one of its calls."""

    folder: Path
    number: int
    deadly: int
    began: float = field(default_factory=time.process_time)
    marks: dict[str, float] = field(default_factory=dict)
    unclean: set[str] = field(default_factory=set)

    def run(self, mails: Sequence[str]) -> str:
        """Have the newest mail taken in; return the state of its case."""
        tally = _Tally()
        world = a_world(self.folder, Documents.__new__(Documents), number=self.number)
        world.requests = Requests(asked=tally, done=_Tally())
        world.requests.before = lambda *_: self._may_die(tally, 2 * tally.calls)
        world.requests.after = lambda method, key: self._after(tally, method, key)
        self.unclean = set(unclean_listings(self.folder))
        ses_id = mails[-1]
        found = world.mail.get(f"inbound/{ses_id}")
        assert found is not None
        self.began = time.process_time()
        case = world.take_in(ses_id, found.content.body, to=found.content.metadata["to"])
        self._tell(tally, str(case.state))
        return str(case.state)

    def _after(self, tally: _Tally, method: str, key: str) -> None:
        if method == "put":
            if key.startswith(SUPPRESSIONS):
                self.marks.setdefault("fenced", self._elapsed())
            elif key in self.unclean:
                self.unclean.discard(key)
                if not self.unclean:
                    self.marks["clean"] = self._elapsed()
        self._may_die(tally, 2 * tally.calls + 1)

    def _may_die(self, tally: _Tally, moment: int) -> None:
        if moment == self.deadly:
            self._tell(tally, "killed")
            os.kill(os.getpid(), signal.SIGKILL)

    def _tell(self, tally: _Tally, how: str) -> None:
        told = {
            "how": how,
            "asked": tally.by_method,
            "marks": self.marks,
            "took": self._elapsed(),
            "megabytes": _peak(),
        }
        print(json.dumps(told), flush=True)  # noqa: T201 -- what the parent reads

    def _elapsed(self) -> float:
        return time.process_time() - self.began


def unclean_listings(folder: Path) -> list[str]:
    """Return the listings' files that name one of the host's items."""
    files = (INDEX, ATOM, JSON)
    said = (key.partition(" ")[2] for key in readable(folder, f"{WORD} "))
    return [key for key in said if key.endswith(files) and key.count("/") < 3 and len(key) < 40]


def a_world(folder: Path, documents: Documents, *, number: int) -> TakedownWorld:
    """Return the mirror for one process, whose nonces are its own."""
    documents.by_path = getattr(documents, "by_path", {})
    documents.publisher = getattr(documents, "publisher", None)  # type: ignore[assignment]
    world = TakedownWorld(folder, documents)
    world.configure(FEED, site=SITE)
    world._nonces = itertools.count((number + 1) << 40)  # noqa: SLF001 -- its own kind
    return world


# ------------------------------------------------------------------ the story


@dataclass
class Told:
    """What all attempts came to; seconds are processor time of all processes in turn."""

    items: int
    seed: int
    kills: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    megabytes: float = 0.0
    readable: int = 0
    stored: int = 0
    back: int = 0
    lost: int = 0

    def lines(self) -> list[str]:
        """Return a table for people."""
        rows = [("items, kills, seed", f"{self.items:,}, {self.kills}, {self.seed}")]
        rows += [
            (f"processor seconds until {what}", f"{each:.1f}")
            for what, each in self.seconds.items()
        ]
        rows += [
            (f"{method} for each item", f"{count / self.items:.3f}")
            for method, count in sorted(self.asked.items())
            if method != "put done"
        ]
        rows += [
            ("peak memory of a process", f"{self.megabytes:.0f} MB"),
            ("readable after the acknowledgement", str(self.readable)),
            ("stored by runs behind the fence", str(self.stored)),
            ("back after it was gone", str(self.back)),
            ("lost of another host", str(self.lost)),
        ]
        return [f"| {what} | {value} |" for what, value in rows]


class Story:
    """One takedown of a whole host, in as many processes as it takes."""

    def __init__(self, folder: Path, *, items: int, kills: int, seed: int) -> None:
        """Fill the mirror, in a process of its own."""
        self._folder = folder
        self._chance = random.Random(f"{seed}")  # noqa: S311 -- a seed draws the same again
        self._attempts = itertools.count(1)
        self._gone: set[str] = set()
        self.told = Told(items, seed)
        self._kills = kills
        _in_a_process("fill", str(folder), str(items))
        self._others = set(readable(folder, OTHERS_WORD))

    def run(self) -> Told:
        """Ask for all of it to go, prove it, and look at what is left."""
        asked = self._arrive(WHOLE, to=CONTACT)
        # Half of the deaths while it is masked, half while that is made a removal.
        state = self._carry_through([asked], "masked", self._kills // 2)
        assert state == State.MASKED, state
        self.told.readable += len(readable(self._folder, f"{WORD} "))
        answer = self._arrive("Yes, that was me.", to=self._reply_to())
        self._carry_through([asked, answer], "removed", self._kills - self.told.kills)
        cases = CaseBook(SqliteStore(_file(self._folder), "ledger"), lambda: START)
        case = cases.load(case_of_mail(asked))
        assert case is not None
        assert case.state is State.REMOVED, case.state
        self.told.readable += len(readable(self._folder, f"{WORD} "))
        assert self.told.kills == self._kills, self.told.kills
        self.told.lost = len(self._others - set(readable(self._folder, OTHERS_WORD)))
        return self.told

    def _carry_through(self, mails: Sequence[str], what: str, kills: int) -> str:
        """Work on a mail until nothing kills the process and all is done."""
        spent, how = 0.0, ""
        for deadly in (*self._moments(kills), -1, -1, -1):
            told = self._attempt(deadly, mails)
            for mark, seconds in told["marks"].items():
                self.told.seconds.setdefault(f"{what}: {mark}", spent + seconds)
            spent, how = spent + told["took"], told["how"]
            if how not in {"killed", State.RECEIVED}:
                break
            if how == "killed":
                self.told.kills += 1
                self._look_behind_the_fence(told)
        self.told.seconds[f"{what}: swept"] = spent
        return how

    def _moments(self, kills: int) -> list[int]:
        """Return at which moment each process dies: some at once, the others all along the way.

        A call has two moments, and an item at least nine, so that nobody is done before.
        """
        early = kills // 4
        all_along = range(2, 9 * self.told.items)
        points = [0, *sorted(self._chance.sample(all_along, kills - early))]
        first = [self._chance.randrange(2, 100) for _ in range(early)]
        return first + [max(2, later - point) for point, later in pairwise(points)]

    def _attempt(self, deadly: int, mails: Sequence[str]) -> dict[str, Any]:
        number = next(self._attempts)
        told = _in_a_process(
            "attempt", str(self._folder), str(number), str(deadly), json.dumps(mails)
        )
        self.told.asked.update(told["asked"])
        self.told.megabytes = max(self.told.megabytes, told["megabytes"])
        return told

    def _look_behind_the_fence(self, told: Mapping[str, Any]) -> None:
        """See that what is gone stays gone, and that a run stores nothing once the rule stands."""
        connection = sqlite3.connect(_file(self._folder))
        rows = connection.execute(
            "SELECT key FROM objects WHERE bucket = 'archive' AND key LIKE 'items/%'"
            ' AND instr(body, \'"kind": "tombstone"\')'
        )
        gone = {key for (key,) in rows}
        rules = connection.execute(
            "SELECT count(*) FROM objects WHERE bucket = 'ledger' AND key LIKE 'suppressions/%'"
        ).fetchone()[0]
        connection.close()
        self.told.back += len(self._gone - gone)
        self._gone = gone
        if rules and (told["marks"].get("fenced") or self.told.kills % 5 == 0):
            self.told.stored += self._mirror()

    def _mirror(self) -> int:
        """Poll a feed of the host that has new entries, and edited ones; return what was stored."""
        with Documents() as documents:
            world = TakedownWorld(self._folder, documents)
            world._nonces = itertools.count(next(self._attempts) << 40)  # noqa: SLF001 -- its own kind
            links = (f"{SITE}/{WORD.lower()}/{number}" for number in range(20))
            entries = [entry(n, title=f"{WORD} edited", link=link) for n, link in enumerate(links)]
            url = world.serve(rss(entry("new", title=f"{WORD} new"), *entries))
            world.feeds = [replace(feed, site=SITE) for feed in world.feeds if feed.url == url]
            report = world.run()
        assert report.suppressed, report
        return report.created + report.updated + report.restored

    def _arrive(self, text: str, *, to: str) -> str:
        mail = SqliteStore(_file(self._folder), "mail")
        ses_id = f"ses{next(self._attempts):020}"
        raw = a_mail(text, sender=WEBMASTER, to=to, date=START)
        content = Content(raw, "message/rfc822", metadata={"to": to})
        mail.put(f"inbound/{ses_id}", content, replaces=None)
        return ses_id

    def _reply_to(self) -> str:
        world = a_world(self._folder, Documents.__new__(Documents), number=0)
        asked = [mail for mail in world.sent() if WEBMASTER in str(mail["To"])]
        address: str = asked[-1]["Reply-To"].addresses[0].addr_spec
        return address


def _peak() -> float:
    """Return the most memory that this process has held, in megabytes.

    Where the system tells it, of this program alone: what is known of a child that has ended
    (getrusage) begins with what its parent held when it was started.
    """
    with suppress(OSError):
        status = Path("/proc/self/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _in_a_process(*arguments: str) -> dict[str, Any]:
    """Run this file in a process of its own; return what it told."""
    command = [sys.executable, __file__, *arguments]
    paths = os.pathsep.join(path for path in sys.path if path)
    with subprocess.Popen(  # noqa: S603 -- our own command
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": paths}
    ) as child:
        assert child.stdout is not None
        said = child.stdout.read()
    if child.returncode not in {0, -signal.SIGKILL}:
        raise RuntimeError(f"{' '.join(arguments)}: exit status {child.returncode}")
    return json.loads(said or "{}")  # type: ignore[no-any-return]  # an object, or nothing


def main(arguments: Sequence[str]) -> None:
    """Tell the story, or be one of its processes."""
    match arguments:
        case ["fill", folder, count]:
            fill(Path(folder), int(count))
        case ["attempt", folder, number, deadly, mails]:
            _Attempt(Path(folder), int(number), int(deadly)).run(json.loads(mails))
        case _:
            numbers = [int(each) for each in arguments]
            items, kills, seed = (*numbers, *(_ITEMS, 20, 1)[len(numbers) :])
            with tempfile.TemporaryDirectory() as folder:
                told = Story(Path(folder), items=items, kills=kills, seed=seed).run()
            print("\n".join(told.lines()))  # noqa: T201 -- what it is for


if __name__ == "__main__":
    main(sys.argv[1:])
