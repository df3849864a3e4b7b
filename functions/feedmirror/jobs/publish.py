"""The site's half of the protocol: pages are opened before the rules are read, and put after.

A listing's ``feed.json`` is its own index: the request that reads its ETag brings what it shows.
Put last, it also remembers the ETags that the other two got, so that whoever has it need not look:
an ETag that was read long ago is the same promise as one read now, only stricter. Where something
died between the files it remembers what will never be right, so who loses a condition by it looks.
The three files of a listing are put in one order, ``index.html`` first and ``feed.json`` last, so
of two writers one stops at the first file, and what stands in ``feed.json`` stands in the others.
Takedowns put ``feed.json`` first: nothing of theirs stands beside an index that still has the item.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from feedmirror.configuration import FeedSettings
from feedmirror.jobs.rules import Rules
from feedmirror.layout import (
    ATOM,
    FRONT,
    INDEX,
    JSON,
    LISTING_FILES,
    REMOVED,
    ItemId,
    host_folder,
    item_page,
    month_folder,
    record_key,
    records_prefix,
)
from feedmirror.ports.object_store import Content, LostConditionError, ObjectStore, StoredObject
from feedmirror.ports.workers import Workers
from feedmirror.publishing.cards import Card
from feedmirror.publishing.documents import Document, without_nonce
from feedmirror.publishing.listings import Buried, Listing, ListingUnreadableError, read_listing
from feedmirror.publishing.selection import Publication, select
from feedmirror.records import Item, Record, RecordUnreadableError, Tombstone, record_from_json
from feedmirror.suppression import RuleUnreadableError

if TYPE_CHECKING:
    from feedmirror.publishing.pages import Renderer


_ETAG_OF = "etag-"  # before a file's name, among the metadata of a ``feed.json``
_GONE = {"410", "451"}  # a tombstone's page, as its metadata say
UNCHECKED = "unchecked"  # in place of the digest of rules: none has been applied


@dataclass(frozen=True, slots=True)
class OpenPage:
    """One key of the site, and what was there when its ETag was read."""

    key: str
    found: StoredObject | None


@dataclass(frozen=True, slots=True)
class OpenListing:
    """One listing, what it showed, and the ETags of its files."""

    listing: Listing
    etags: Mapping[str, str | None]

    @property
    def hosts(self) -> frozenset[str]:
        """The hosts whose rules may cover what the listing shows."""
        return hosts_of_cards(self.listing.cards)


@dataclass(frozen=True, slots=True)
class OpenListings:
    """All listings that a batch may change, by folder."""

    by_folder: Mapping[str, OpenListing]

    @property
    def hosts(self) -> frozenset[str]:
        """The hosts whose rules may cover anything that the listings show."""
        return frozenset(host for opened in self.by_folder.values() for host in opened.hosts)

    def months_of(self, host: str) -> tuple[str, ...]:
        """Return the months that a host's latest listing knows: each links to the one before."""
        known = self.by_folder.get(host_folder(host))
        return known.listing.months if known else ()


@dataclass(frozen=True, slots=True)
class _News:
    """What changed, with the cards of what is shown by folder: one card serves every listing."""

    cards: Mapping[str, Sequence[Card]]
    publication: Publication
    vacant: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """Writes item pages and listings under the conditions of design §4."""

    site: ObjectStore
    archive: ObjectStore
    renderer: "Callable[[], Renderer]"
    workers: Workers
    nonce: Callable[[], str]

    def open_page(self, host: str, item: ItemId, *, fresh: bool) -> OpenPage:
        """Read an item's page; a fresh one is known to be absent, and conditions make it sure."""
        key = item_page(host, item)
        return OpenPage(key, None if fresh else self.site.get(key))

    def put_page(self, page: OpenPage, item: Item) -> bool:
        """Put an item's page if it changed; returns False if the condition was lost."""
        return self.put_document(page, self.renderer().item_page(item, nonce=self.nonce()))

    def put_tombstone(self, page: OpenPage, stone: Tombstone) -> bool:
        """Put the page of what is no longer there; returns False if the condition was lost."""
        return self.put_document(page, self.renderer().tombstone_page(stone, nonce=self.nonce()))

    def put_fixed_pages(self, feeds: Iterable[FeedSettings]) -> None:
        """Put the pages that follow from the configuration alone, where they changed.

        The log of removals is only created here; the takedowns write it.
        """
        documents = self.renderer().fixed_pages(feeds=tuple(feeds), nonce=self.nonce())
        for key, document in documents.items():
            self.put_document(OpenPage(key, self.site.get(key)), document)
        if self.site.head(REMOVED) is None:
            self.put_document(
                OpenPage(REMOVED, None), self.renderer().removed_page((), nonce=self.nonce())
            )

    def shown(self, folder: str) -> Listing | None:
        """Return what a folder shows, or None if there is no such folder."""
        found = self.site.get(folder + JSON)
        return None if found is None else self._read(folder, found)

    def open(
        self,
        folders: Iterable[str],
        unknown: Collection[str] = frozenset(),
        *,
        looks: bool = True,
    ) -> OpenListings:
        """Read the listings, the index of each last; hosts that are ``unknown`` have none yet.

        Who ``looks`` has the ETags as they are; else they are those that the index remembers.
        """

        def opened(folder: str) -> OpenListing:
            listing = Listing(folder)
            if listing.host in unknown:
                return OpenListing(listing, dict.fromkeys(LISTING_FILES))
            return (None if looks else self._remembered(folder)) or self._open(folder)

        wanted = sorted(folders)
        return OpenListings(dict(zip(wanted, self.workers.map(opened, wanted), strict=True)))

    def update(
        self,
        listings: OpenListings,
        publication: Publication,
        rules: Rules,
        *,
        now: datetime,
        vacant: frozenset[str] = frozenset(),
    ) -> Mapping[str, str]:
        """Bring the listings up to date; returns why, by folder, for each that could not be.

        Hosts that are ``vacant`` leave the front's list.
        """
        cards = map(self.renderer().card, publication.items)
        news = _News(_by_folder(cards), publication, vacant)

        def update(opened: OpenListing) -> str:
            folder = opened.listing.folder
            try:
                updated = self._updated(opened.listing, news, rules, now=now)
            except RuleUnreadableError as error:
                return str(error)
            months = listings.months_of(updated.host)
            if updated == opened.listing or self.put_listing(opened, updated, months):
                return ""
            return f"site {folder or '/'}: changed meanwhile"

        folders = sorted(listings.by_folder)
        opened = [listings.by_folder[folder] for folder in folders]
        failed = zip(folders, self.workers.map(update, opened), strict=True)
        return {folder: why for folder, why in failed if why}

    def put_listing(
        self,
        opened: OpenListing,
        updated: Listing,
        months: tuple[str, ...],
        *,
        files: Sequence[str] = LISTING_FILES,
    ) -> bool:
        """Put the three files in their order; returns False at the first lost condition."""
        documents = self.renderer().listing(updated, nonce=self.nonce(), months=months)
        return self.put_files(updated.folder, documents, {n: opened.etags[n] for n in files})

    def put_files(
        self, folder: str, documents: Mapping[str, Document], etags: Mapping[str, str | None]
    ) -> bool:
        """Put files of a listing in the order of their ETags; False at the first lost condition."""
        put: dict[str, str] = {}
        try:
            for name, etag in etags.items():
                content = content_of(documents[name])
                if name == JSON:
                    content = replace(content, metadata=_etags_told(put))
                put[name] = self.site.put(folder + name, content, replaces=etag)
        except LostConditionError:
            return False
        return True

    def _updated(self, listing: Listing, news: _News, rules: Rules, *, now: datetime) -> Listing:
        """Return the listing with what changed; all of it is shown by the rules in force."""
        cards = news.cards.get(listing.folder, ())
        hosts = hosts_of_cards(listing.cards) | hosts_of_cards(cards)
        gone = {(stone.host, stone.id): stone for stone in news.publication.tombstones}
        mark = rules.mark(hosts)
        if mark != listing.rules:
            records = self.records((card.host, card.id) for card in listing.cards)
            checked = select(records, rules.concerning(hosts), now=now)
            gone |= {(stone.host, stone.id): stone for stone in checked.tombstones}
            allowed = {(item.host, item.id) for item in checked.items}
        else:
            allowed = {(card.host, card.id) for card in listing.cards}
        buried = [
            Buried(card.id, card.host, stone.when if stone else now)
            for card in listing.cards
            if (stone := gone.get((card.host, card.id))) or (card.host, card.id) not in allowed
        ]
        updated = listing.updated_with(cards, buried)
        return replace(updated.without_hosts(news.vacant.__contains__), rules=mark)

    def records(self, wanted: Iterable[tuple[str, ItemId]]) -> list[Record]:
        """Read the records of items by host and id, as far as they can be read."""
        keys = [record_key(host, item) for host, item in wanted]
        found = self.workers.map(self.archive.get, keys)
        return list(_readable(found))

    def _open(self, folder: str) -> OpenListing:
        etags: dict[str, str | None] = {}
        for name in (INDEX, ATOM):
            summary = self.site.head(folder + name)
            etags[name] = summary.etag if summary else None
        found = self.site.get(folder + JSON)
        etags[JSON] = found.etag if found else None
        return OpenListing(self._read(folder, found) if found else Listing(folder), etags)

    def _remembered(self, folder: str) -> OpenListing | None:
        """Open a listing by its index alone, or return None if that does not tell the ETags.

        Where there is no index there should be no other file either.
        """
        found = self.site.get(folder + JSON)
        if found is None:
            return OpenListing(Listing(folder), dict.fromkeys(LISTING_FILES))
        told = found.content.metadata
        etags = {name: told[_ETAG_OF + name] for name in (INDEX, ATOM) if _ETAG_OF + name in told}
        if len(etags) < len((INDEX, ATOM)):
            return None
        return OpenListing(self._read(folder, found), {**etags, JSON: found.etag})

    def _read(self, folder: str, found: StoredObject) -> Listing:
        try:
            return read_listing(folder, found.content.body)
        except ListingUnreadableError:
            return self._from_records(folder)

    def _from_records(self, folder: str) -> Listing:
        """Make a listing that cannot be read anew from the records of its host.

        It is then checked against the rules like any listing whose rules have changed. The front
        has no host, and fills again with what is new.
        """
        host = folder.partition("/")[0]
        keys = [found.key for found in self.archive.list(records_prefix(host))] if host else []
        items = [
            record
            for record in _readable(self.workers.map(self.archive.get, keys))
            if isinstance(record, Item)
        ]
        cards = [self.renderer().card(item) for item in items]
        fresh = Listing(folder).updated_with(c for c in cards if folder in folders_of_card(c))
        return replace(fresh, rules=UNCHECKED)

    def put_document(self, page: OpenPage, document: Document) -> bool:
        """Put a page if it changed; returns False if the condition was lost."""
        content, found = content_of(document), page.found
        if found is not None and same_but_for_nonce(found.content, content):
            return True
        try:
            self.site.put(page.key, content, replaces=found.etag if found else None)
        except LostConditionError:
            return False
        return True


def shows_something(page: StoredObject | None) -> bool:
    """Tell whether an item's page is there, and is more than a tombstone's."""
    return page is not None and page.content.metadata.get("status") not in _GONE


def record_in(found: StoredObject | None) -> Record | None:
    """Return the record that an object holds, or None if it holds none that can be read."""
    if found is None:
        return None
    try:
        return record_from_json(found.content.body)
    except RecordUnreadableError:
        return None


def _readable(found: Iterable[StoredObject | None]) -> Iterator[Record]:
    """Yield the records that can be read; what cannot be is not shown."""
    return (record for record in map(record_in, found) if record is not None)


def same_but_for_nonce(stored: Content, fresh: Content) -> bool:
    """Tell whether two contents differ by no more than their nonce."""
    if _served(stored) != _served(fresh):
        return False
    return without_nonce(stored.body) == without_nonce(fresh.body)


def _served(content: Content) -> tuple[str, str | None, Mapping[str, str]]:
    """Return how a content is served and described; the ETags that it remembers say nothing."""
    told = {name: text for name, text in content.metadata.items() if not name.startswith(_ETAG_OF)}
    return content.content_type, content.cache_control, told


def _etags_told(put: Mapping[str, str]) -> Mapping[str, str]:
    """Return how the index of a listing remembers the files that were put before it, if any."""
    return {_ETAG_OF + name: etag for name, etag in put.items()}


def content_of(document: Document) -> Content:
    """Return what is put of a document."""
    return Content(
        document.body, document.content_type, document.cache_control, dict(document.metadata)
    )


def folders_of_card(card: Card) -> tuple[str, ...]:
    """Return the listings that a card may stand in."""
    return FRONT, host_folder(card.host), month_folder(card.host, card.first_seen)


def _by_folder(cards: Iterable[Card]) -> Mapping[str, Sequence[Card]]:
    found: defaultdict[str, list[Card]] = defaultdict(list)
    for card in cards:
        for folder in folders_of_card(card):
            found[folder].append(card)
    return found


def hosts_of_cards(cards: Iterable[Card]) -> frozenset[str]:
    """Return the hosts whose rules may cover some cards."""
    return frozenset(host for card in cards for host in (card.host, card.link_host))
