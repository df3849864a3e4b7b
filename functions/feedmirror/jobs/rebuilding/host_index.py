"""What the archive holds of one host, in short: where its items lie and which listings show them.

It says where to look and decides nothing: whatever is put is read again behind the rules.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import merge

from feedmirror.jobs.batches import batches
from feedmirror.jobs.takedown.entomb import folders_of
from feedmirror.jobs.takedown.sweep import Marker, read_marker_key
from feedmirror.layout import (
    JSON,
    RECORDS,
    ItemId,
    host_folder,
    item_page,
    markers_prefix,
    month_folder,
    records_prefix,
)
from feedmirror.ports.object_store import ObjectStore, StoredObject, folders
from feedmirror.ports.workers import Workers
from feedmirror.records import (
    Item,
    RecordUnreadableError,
    record_from_json,
)
from feedmirror.stored import read_json

_BATCH = 200  # records
_ITEM = re.compile(r"[a-z2-7]{26}")
_MONTH = re.compile(r"\d{4}-\d{2}")


@dataclass(frozen=True, slots=True, order=True)
class Held:
    """An item: when it is shown from, where it lies, its month's listing, and its link's host."""

    shown_from: datetime
    host: str
    id: ItemId
    folder: str
    link_host: str


@dataclass(frozen=True, slots=True, order=True)
class Gone:
    """A tombstone: since when, where, and the months' listings that may have shown the item."""

    when: datetime
    host: str
    id: ItemId
    folders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HostIndex:
    """One host: its items and tombstones, what cannot be read, and what the site shows of it."""

    host: str
    held: tuple[Held, ...]
    gone: tuple[Gone, ...]
    unreadable: Mapping[ItemId, str]
    alone: tuple[ItemId, ...]  # pages that no record stands behind
    listings: frozenset[str]  # the folders of the host and of its months that there are

    @property
    def is_host(self) -> bool:
        """Whether it is a host at all, and no folder of the mirror's own pages."""
        return bool(self.held or self.gone or self.unreadable or self.alone or self.listings)

    @property
    def months(self) -> tuple[str, ...]:
        """The months that have a listing, as ``yyyy-mm``, newest first."""
        own = {each.folder for each in self.held}
        own |= {folder for each in self.gone for folder in each.folders}
        months = (own | self.listings) - {host_folder(self.host)}
        return tuple(sorted((month.split("/")[1] for month in months), reverse=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexHosts:
    """Reads what there is of hosts; every method may raise StoreUnavailableError."""

    archive: ObjectStore
    site: ObjectStore
    workers: Workers

    def hosts(self) -> Iterator[str]:
        """Yield every host that has a record or a folder of the site, in the order of keys."""
        found = merge(folders(self.archive, RECORDS), folders(self.site, ""), key=host_folder)
        last = ""
        for host in found:
            if host != last:
                yield host
            last = host

    def has_records(self) -> bool:
        """Tell whether the archive holds anything to make a site of."""
        return next(iter(self.archive.list(RECORDS)), None) is not None

    def index(self, host: str) -> HostIndex:
        """Return what there is of one host."""
        held: list[Held] = []
        gone: dict[ItemId, datetime] = {}
        unreadable: dict[ItemId, str] = {}
        for keys in batches((s.key for s in self.archive.list(records_prefix(host))), _BATCH):
            for key, found in zip(keys, self.workers.map(self.archive.get, keys), strict=True):
                item = ItemId(key.removeprefix(records_prefix(host)).removesuffix(".json"))
                entry = _entry(host, item, found)
                if isinstance(entry, Held):
                    held.append(entry)
                elif isinstance(entry, Gone):
                    gone[item] = entry.when
                else:
                    unreadable[item] = f"archive {key}: {entry}; what shows it is left as it is"
        pages, listings = self._on_site(host)
        known = {*gone, *unreadable, *(each.id for each in held)}
        return HostIndex(
            host=host,
            held=tuple(held),
            gone=self._gone(host, gone),
            unreadable=unreadable,
            alone=tuple(item for item in pages if item not in known),
            listings=listings,
        )

    def _on_site(self, host: str) -> tuple[list[ItemId], frozenset[str]]:
        """Return the items that have a page, and the listings that the site has of a host."""
        pages: list[ItemId] = []
        listings: set[str] = set()
        own = host_folder(host)
        for summary in self.site.list(own):
            part, _, rest = summary.key.removeprefix(own).partition("/")
            if _ITEM.fullmatch(part) and summary.key == item_page(host, ItemId(part)):
                pages.append(ItemId(part))
            elif _MONTH.fullmatch(part) and rest:
                listings.add(f"{own}{part}/")
            elif part == JSON:
                listings.add(own)
        return pages, frozenset(listings)

    def _gone(self, host: str, gone: Mapping[ItemId, datetime]) -> tuple[Gone, ...]:
        """Return the tombstones with the months that their items' markers name."""
        listed = (read_marker_key(s.key) for s in self.archive.list(markers_prefix(host)))
        wanted = (m for m in listed if m is not None and m.host == host and m.id in gone)
        months: dict[ItemId, set[str]] = {}
        for markers in batches(wanted if gone else ()):
            for marker, pages in zip(markers, self.workers.map(self._pages, markers), strict=True):
                months.setdefault(marker.id, set()).update(_months_of(host, pages))
        return tuple(
            Gone(when, host, item, tuple(sorted(months.get(item, ()))))
            for item, when in gone.items()
        )

    def _pages(self, marker: Marker) -> Sequence[str]:
        found = self.archive.get(marker.key)
        try:
            return [str(page) for page in read_json(found.content.body)["pages"]] if found else []
        except (ValueError, KeyError, TypeError):
            return []


def _entry(host: str, item: ItemId, found: StoredObject | None) -> Held | Gone | str:
    """Return an index's entry of a record, or why there is none."""
    try:
        record = record_from_json(found.content.body if found else b"")
    except RecordUnreadableError as error:
        return str(error)
    if not isinstance(record, Item):
        return Gone(record.when, host, item)
    month = month_folder(host, record.first_seen)
    return Held(record.shown_from, host, item, month, record.link_host)


def _months_of(host: str, pages: Iterable[str]) -> set[str]:
    own = host_folder(host)
    found = (folder for folder in folders_of(pages) if folder.startswith(own))
    return {folder for folder in found if _MONTH.fullmatch(folder.removeprefix(own).strip("/"))}
