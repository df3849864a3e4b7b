"""The pages of items, made anew from the records by the protocol of design §4.

Each page's ETag is read first, then the rules, then the records: what a takedown overwrites behind
the ETag makes the put fail, and what it overwrote before is a tombstone by the time of the records.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from feedmirror.jobs.publish import OpenPage, Publisher, content_of, same_but_for_nonce
from feedmirror.jobs.rebuilding.host_index import Held
from feedmirror.jobs.rebuilding.rebuild_report import Done, Tally
from feedmirror.jobs.rules import RuleReader, Rules
from feedmirror.layout import ItemId, item_page, record_key
from feedmirror.ports.object_store import Content, LostConditionError, ObjectStore
from feedmirror.publishing.documents import Document
from feedmirror.publishing.selection import select
from feedmirror.records import (
    Item,
    Record,
    RecordUnreadableError,
    Tombstone,
    object_metadata,
    record_from_json,
    record_to_json,
)
from feedmirror.suppression import Ground, RuleUnreadableError

ATTEMPTS = 4  # against other writers
NO_CASE = "rebuild"  # in a tombstone that no case has put there
_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class _Page:
    """One page on its way: what was found under its key, and in the archive."""

    id: ItemId
    opened: OpenPage


@dataclass(frozen=True, slots=True, kw_only=True)
class RebuildPages:
    """Puts the pages of one host's items and tombstones."""

    publisher: Publisher
    rules: RuleReader
    clock: Callable[[], datetime]

    @property
    def archive(self) -> ObjectStore:
        """The records."""
        return self.publisher.archive

    def run(self, host: str, items: Mapping[ItemId, Held | None], tally: Tally) -> None:
        """Put the pages of some items; what another writer changes meanwhile is looked at again."""
        hosts = {host, *(each.link_host for each in items.values() if each)}
        left: Sequence[ItemId] = list(items)
        for _ in range(ATTEMPTS):
            left = self._put_all(host, left, hosts, tally=tally)
            if not left:
                return
        for item in left:
            tally.problems.add(f"site {item_page(host, item)}: changed {ATTEMPTS} times")

    def bury(self, host: str, item: ItemId) -> bool:
        """Put a tombstone where a page has no record; False if there is a record by now.

        Nobody could have such a page taken down, since nothing says whose it is.
        """
        stone = Tombstone(
            id=item, host=host, when=self.clock(), case=NO_CASE, ground=Ground.UPSTREAM
        )
        body = record_to_json(stone, self.publisher.nonce())
        content = Content(body, _JSON, metadata=object_metadata(stone))
        try:
            self.archive.put(record_key(host, item), content, replaces=None)
        except LostConditionError:
            return False
        return True

    def _put_all(
        self, host: str, items: Sequence[ItemId], hosts: set[str], *, tally: Tally
    ) -> list[ItemId]:
        """Put pages once; return the items whose page has to be looked at again."""
        workers = self.publisher.workers

        def open_page(item: ItemId) -> _Page:
            return _Page(item, self.publisher.open_page(host, item, fresh=False))

        pages = workers.map(open_page, items)
        rules = self.rules.read(hosts)
        done = workers.map(lambda page: self._put(host, page, rules, hosts=hosts), pages)
        again: list[ItemId] = []
        for page, outcome in zip(pages, done, strict=True):
            if isinstance(outcome, frozenset):
                hosts |= outcome
                again.append(page.id)
            elif not isinstance(outcome, Done):
                tally.problems.add(outcome)
            elif outcome is Done.LOST:
                again.append(page.id)
            else:
                tally.pages[outcome] += 1
        return again

    def _put(
        self, host: str, page: _Page, rules: Rules, *, hosts: set[str]
    ) -> Done | str | frozenset[str]:
        """Put one page; return what became of it, why not, or whose rules have to be read too."""
        key = record_key(host, page.id)
        found = self.archive.get(key)
        try:
            record = record_from_json(found.content.body if found else b"")
            concerned = hosts_of(record)
            if not concerned <= hosts:
                return concerned
            document = self._document(record, rules)
        except RecordUnreadableError as error:
            return f"archive {key}: {error}; what shows it is left as it is"
        except RuleUnreadableError as error:
            return str(error)
        if page.opened.found and same_but_for_nonce(
            page.opened.found.content, content_of(document)
        ):
            return Done.UNCHANGED
        put = self.publisher.put_document(page.opened, document)
        return Done.WRITTEN if put else Done.LOST

    def _document(self, record: Record, rules: Rules) -> Document:
        """Return the page of what may be shown of a record."""
        # A tombstone is one whatever the rules say, also where they cannot be read.
        in_force = rules.concerning(hosts_of(record)) if isinstance(record, Item) else ()
        publication = select([record], in_force, now=self.clock())
        nonce = self.publisher.nonce()
        for item in publication.items:
            return self.publisher.renderer().item_page(item, nonce=nonce)
        return self.publisher.renderer().tombstone_page(publication.tombstones[0], nonce=nonce)


def hosts_of(record: Record) -> frozenset[str]:
    """Return the hosts whose rules may cover a record."""
    own = {record.link_host} if isinstance(record, Item) else set[str]()
    return frozenset({record.host, *own})
