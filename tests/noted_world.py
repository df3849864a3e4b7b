"""A mirror in memory that notes what it asks, to be compared with the model's processes."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import pytest

from feedmirror.adapters.workers import InOrder
from feedmirror.jobs.store_entries import StoreEntries
from feedmirror.ports.object_store import Content, ObjectStore, ObjectSummary, StoredObject
from feedmirror.takedowns.casework.cases import Event, case_from_json
from feedmirror.wiring.stores import Stores
from memory_world import MemoryWorld
from world import Documents, entry, rss

HOST = "news.example.com"
KINDS = (
    (r"addresses/", "marker"),
    (r"items/", "record"),
    (r"suppressions/", "rule"),
    (r"lifts/", "lift"),
    (r"recovery/", "copy"),
    (rf"{HOST}/[a-z2-7]{{26}}/index\.html$", "page"),
    (rf"{HOST}/index\.html$", "index.html"),
    (rf"{HOST}/feed\.json$", "feed.json"),
)
NOTES = {
    Event.SLICE: "swept",
    Event.REMOVED: "done",
    Event.MASKED: "done",
    Event.RESTORED: "ended",
    Event.UNDONE: "undone",
}
FENCED = {"record", "page", "index.html", "feed.json"}
BODIES = {("get", "rule"), ("get", "marker")}  # created once, so the list might as well bring them


@dataclass
class Asked:
    """One request that the code made."""

    method: str
    key: str
    etag: str | None = None  # that a read brought, or that a put was to replace
    body: bytes = b""

    @property
    def kind(self) -> str:
        """What the model calls such a key; empty if it knows none."""
        if self.key.startswith("cases/") and self.method == "put":
            return NOTES.get(case_from_json(self.body).entries[-1].event, "")
        return next((kind for pattern, kind in KINDS if re.match(pattern, self.key)), "")


@dataclass(frozen=True)
class Noting:
    """A store that notes what it is asked, with conditions and bodies."""

    store: ObjectStore
    asked: list[Asked] = field(default_factory=list)

    def get(self, key: str) -> StoredObject | None:
        found = self.store.get(key)
        # An index tells the ETag that another file had when it was put: as if that was read first.
        if found and (told := found.content.metadata.get("etag-index.html")):
            self.asked.append(Asked("get", key.replace("feed.json", "index.html"), told))
        self.asked.append(Asked("get", key, found.etag if found else None))
        return found

    def head(self, key: str) -> ObjectSummary | None:
        found = self.store.head(key)
        self.asked.append(Asked("get", key, found.etag if found else None))
        return found

    def put(self, key: str, content: Content, *, replaces: str | None) -> str:
        self.asked.append(Asked("put", key, replaces, content.body))
        return self.store.put(key, content, replaces=replaces)

    def list(self, prefix: str, *, after: str = "") -> Iterator[ObjectSummary]:
        self.asked.append(Asked("list", prefix))
        return self.store.list(prefix, after=after)


class NotedWorld(MemoryWorld):
    """A mirror whose requests are noted for comparison."""

    def __init__(self, documents: Documents) -> None:
        super().__init__(documents)
        self.asked: list[Asked] = []
        archive, site, ledger = (
            Noting(store, self.asked)
            for store in (self.stores.archive, self.stores.site, self.stores.ledger)
        )
        self.stores = Stores(archive, site, ledger, workers=InOrder())
        self.mail = Noting(self.mail, self.asked)

    def publish(self, author: str = "Ann") -> None:
        """Publish the item; another author is an edit that needs a further marker."""
        self.serve(rss(entry(1, more=f"<dc:creator>{author}</dc:creator>")))

    def stored_by(self, patched: pytest.MonkeyPatch) -> list[Asked]:
        """Run the mirror; return what is asked from the drafts on, until they are stored."""
        found: list[Asked] = []
        run = StoreEntries.run

        def noted(*given: object, **named: object) -> object:
            begin = len(self.asked)
            result = run(*given, **named)  # type: ignore[arg-type]  # as it is called
            found.extend(self.asked[begin:])
            return result

        with patched.context() as patch:
            patch.setattr(StoreEntries, "run", noted)
            self.later()
            self.run()
        assert found
        return found

    def since(self, what: Callable[[], object], first: str) -> list[Asked]:
        """Do something; return what is asked, beginning with the first put of a kind."""
        self.asked.clear()
        what()
        began = next(n for n, a in enumerate(self.asked) if (a.method, a.kind) == ("put", first))
        return self.asked[began:]


def in_order(asked: Iterable[Asked]) -> list[str]:
    """Return what the model speaks of, each run of the same once.

    A listing that is read for another's sake, and not put, is left out.
    """
    told = []
    for each in asked:
        if not each.kind or (each.method, each.kind) in BODIES:
            continue
        is_announcement = each.kind == "marker" and each.method == "get"
        is_absence = each.kind == "record" and each.method == "list"
        method = "put" if is_announcement else "get" if is_absence else each.method
        told.append(f"{method} {each.kind}")
    return compared(told)


def compared(requests: Sequence[str]) -> list[str]:
    """Return what is compared: each run of the same once, without reads for another's sake."""
    needed = (
        request
        for n, request in enumerate(requests)
        if request not in {"get index.html", "get feed.json"}
        or request.replace("get", "put") in requests[n:]
    )
    return [request for request, _ in groupby(needed)]
