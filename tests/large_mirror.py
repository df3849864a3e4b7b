"""A large mirror in an embedded store, filled without its jobs, for benchmarks."""

import json
import multiprocessing
from pathlib import Path

from builders import a_mirror, a_rule, an_attribution, an_item
from feedmirror.adapters.sqlite import SqliteStore
from feedmirror.adapters.workers import InOrder
from feedmirror.addresses import digest
from feedmirror.layout import (
    ItemId,
    case_key,
    host_folder,
    item_page,
    marker_key,
    record_key,
    recovery_key,
    suppression_key,
)
from feedmirror.ports.object_store import Content
from feedmirror.publishing.listings import Listing
from feedmirror.publishing.pages import Renderer
from feedmirror.records import Item, Record, Tombstone, object_metadata, record_to_json
from feedmirror.suppression import Ground, Scope, item_key, rule_to_json
from feedmirror.takedowns.casework.cases import Case, Entry, Event, case_to_json
from feedmirror.wiring.stores import Stores
from world import START

SPAWN = multiprocessing.get_context("spawn")
HOSTS, LISTED, GONE = 500, 50, 10  # of ten records one is taken down
JSON = "application/json"


class Mirror:
    """A mirror in a folder, filled without its jobs."""

    def __init__(self, folder: Path) -> None:
        buckets = {name: SqliteStore(folder / "s.sqlite", name) for name in ("archive", "site")}
        ledger = SqliteStore(folder / "s.sqlite", "ledger")
        self.stores = Stores(**buckets, ledger=ledger, workers=InOrder())
        self.mail = SqliteStore(folder / "s.sqlite", "mail")
        self.renderer = Renderer(a_mirror())

    def fill(self, count: int) -> None:
        """Put so many records, host by host."""
        for host in range(HOSTS):
            items = [self._item(host, number) for number in range(host, count, HOSTS)]
            kept = [item for number, item in enumerate(items) if number % GONE]
            cards = [self.renderer.card(item) for item in kept[:LISTED]]
            folder = host_folder(f"h{host}.example.com")
            listing = Listing(folder).updated_with(cards)
            for name, document in self.renderer.listing(listing, nonce="1").items():
                self._put_site(folder + name, document.body)

    def _item(self, host: int, number: int) -> Item:
        name = f"h{host}.example.com"
        item = an_item(
            id=ItemId(digest("item", str(number))),
            host=name,
            attribution=an_attribution(original_url=f"https://{name}/{number}"),
        )
        subject = {"subject": sorted(item.subject.keys), "pages": []}
        marker = marker_key(
            name, address=f"https://{name}/{number}", host=name, item=item.id, attributes="a-g1"
        )
        archive = self.stores.archive
        archive.put(marker, Content(json.dumps(subject).encode(), JSON), replaces=None)
        record: Record = item
        if number // HOSTS % GONE == 0:
            record = self._take_down(item)
        body, key = record_to_json(record, "1"), record_key(name, item.id)
        archive.put(key, Content(body, JSON, metadata=object_metadata(record)), replaces=None)
        return item

    def _take_down(self, item: Item) -> Tombstone:
        case = item.id[:16]
        rule = a_rule(
            item_key(item.host, item.id), id=case, host=item.host, case=case, scope=Scope.ITEM
        )
        key = suppression_key(rule.host, rule.id)
        self.stores.ledger.put(key, Content(rule_to_json(rule), JSON), replaces=None)
        events = (Entry(Event.RECEIVED, START), Entry(Event.DECIDED, START, {"orders": []}))
        told = Case(case, (*events, Entry(Event.REMOVED, START)))
        self.stores.ledger.put(case_key(case), Content(case_to_json(told), JSON), replaces=None)
        copy = Content(record_to_json(item, "1"), JSON, metadata={"taken": START.isoformat()})
        self.mail.put(recovery_key(case, item.host, item.id), copy, replaces=None)
        stone = Tombstone(
            id=item.id,
            host=item.host,
            when=START,
            case=case,
            ground=Ground.PUBLISHER,
            rules=(key,),
        )
        self._put_site(item_page(item.host, item.id), b"<p>Gone.", status="410")
        return stone

    def _put_site(self, key: str, body: bytes, **metadata: str) -> None:
        self.stores.site.put(key, Content(body, "text/html", metadata=metadata), replaces=None)


def fill(folder: str, count: int) -> None:
    """Fill a mirror, in a process of its own, whose memory does not count."""
    Mirror(Path(folder)).fill(count)
