"""The sweep behind a rule: every item that it reaches, landed or announced, slice by slice.

The rule stands before the markers are listed, so whatever is announced behind the list will see
the rule (design §4). A slice can be done any number of times; where it ended is kept in the case,
so the next one begins there, in this call or in another.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from feedmirror.jobs.publish import record_in
from feedmirror.jobs.takedown.entomb import Cause, Concerned, Entomb, folders_of
from feedmirror.layout import (
    JSON,
    ItemId,
    domain_markers_prefixes,
    markers_prefix,
    month_folder,
    record_key,
)
from feedmirror.ports.object_store import ObjectStore
from feedmirror.ports.workers import Workers
from feedmirror.records import Item
from feedmirror.stored import read_json
from feedmirror.suppression import Scope, Suppression, may_be_like

SLICE = 500  # markers read between two notes of where the sweep is


@dataclass(frozen=True, slots=True)
class Marker:
    """One marker by its key: whose it is, the address it stands under, and its attributes."""

    key: str
    address: str
    host: str
    id: ItemId
    attributes: str


@dataclass(frozen=True, slots=True)
class Slice:
    """What one slice did, and behind which marker the next begins; None if it was the last."""

    items: tuple[Concerned, ...] = ()
    after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """Finds and takes down what a standing rule reaches."""

    archive: ObjectStore
    entomb: Entomb
    workers: Workers
    slice_size: int = field(default=SLICE)

    def run(
        self,
        rule: Suppression,
        cause: Cause,
        *,
        after: str = "",
        places: Sequence[tuple[str, ItemId]] = (),
    ) -> Slice:
        """Do one slice; ``places`` are items known beforehand, taken down in the first one."""
        items, last = self.batch(rule, after=after, places=places)
        if not after:
            found = {(item.host, item.id) for item in items}
            items += tuple(
                Concerned(host, item) for host, item in places if (host, item) not in found
            )
        if items:
            self.entomb.run(items, cause)
        return Slice(items, last)

    def batch(
        self,
        rule: Suppression,
        *,
        after: str = "",
        places: Sequence[tuple[str, ItemId]] = (),
    ) -> tuple[tuple[Concerned, ...], str | None]:
        """Return what one slice of markers reaches, and the marker that the next begins behind."""
        wanted = frozenset(item for _, item in places)
        markers = self.markers(rule, after=after, wanted=wanted)
        batch = list(islice(markers, self.slice_size))
        more = next(markers, None) is not None
        items = self._concerned(rule, batch, frozenset(places))
        return items, batch[-1].key if more else None

    def markers(
        self, rule: Suppression, *, after: str = "", wanted: frozenset[ItemId] = frozenset()
    ) -> Iterator[Marker]:
        """Yield the markers that a rule may reach, behind a key; for a host, all of them."""
        prefixes = markers_prefixes(rule)
        addresses = {key.removeprefix("address:") for key in rule.keys}
        for prefix in prefixes:
            for summary in self.archive.list(prefix, after=after if after > prefix else ""):
                marker = read_marker_key(summary.key)
                if marker is None or summary.key <= after:
                    continue
                if (
                    rule.scope is not Scope.ITEM
                    or marker.address in addresses
                    or marker.id in wanted
                    or may_be_like(marker.attributes, rule.keys)
                ):
                    yield marker

    def concerned(self, rule: Suppression, *, most: int | None = None) -> Iterator[Concerned]:
        """Yield what a rule reaches, batch by batch; one item may come more than once.

        No more than ``most`` markers are read.
        """
        markers = islice(self.markers(rule), most)
        while batch := list(islice(markers, self.slice_size)):
            yield from self._concerned(rule, batch)

    def known_by(
        self, host: str, items: Collection[ItemId], *, most: int
    ) -> dict[ItemId, frozenset[str]]:
        """Return all that some items of a host are known by, also where their records are gone.

        That is one list of the host's markers, of which no more than ``most`` are read.
        """
        listed = map(
            read_marker_key, (found.key for found in self.archive.list(markers_prefix(host)))
        )
        own = (each for each in listed if each and each.host == host and each.id in items)
        markers = list(islice(own, most))
        known: dict[ItemId, frozenset[str]] = {}
        for marker, (keys, _) in zip(markers, self.workers.map(self._read, markers), strict=True):
            known[marker.id] = known.get(marker.id, frozenset()).union(keys)
        return known

    def _concerned(
        self,
        rule: Suppression,
        markers: Sequence[Marker],
        places: frozenset[tuple[str, ItemId]] = frozenset(),
    ) -> tuple[Concerned, ...]:
        """Return the items among markers that share a key with the rule, each once."""
        folders: dict[tuple[str, ItemId], frozenset[str]] = {}
        for marker, body in zip(markers, self.workers.map(self._read, markers), strict=True):
            place = (marker.host, marker.id)
            keys, pages = body
            if place in places or not rule.keys.isdisjoint(keys):
                folders[place] = folders.get(place, frozenset()) | folders_of(pages)
        return tuple(Concerned(host, item, found) for (host, item), found in folders.items())

    def _read(self, marker: Marker) -> tuple[Iterable[str], Iterable[str]]:
        """Return the keys and pages that a marker names.

        A marker that cannot be read may name anything: whatever stands there is looked at itself.
        """
        found = self.archive.get(marker.key)
        try:
            fields = read_json(found.content.body) if found else {}
            return list(fields["subject"]), list(fields["pages"])
        except (ValueError, KeyError, TypeError):
            return self._read_record(marker)

    def _read_record(self, marker: Marker) -> tuple[Iterable[str], Iterable[str]]:
        record = record_in(self.archive.get(record_key(marker.host, marker.id)))
        if not isinstance(record, Item):
            return (), ()
        return record.subject.keys, (f"{month_folder(record.host, record.first_seen)}{JSON}",)


def markers_prefixes(rule: Suppression) -> tuple[str, ...]:
    """Return where the markers lie that a rule may reach; a domain's lie below it as well."""
    if rule.scope is Scope.DOMAIN:
        return domain_markers_prefixes(rule.host)
    return (markers_prefix(rule.host),)


def read_marker_key(key: str) -> Marker | None:
    """Read ``addresses/<surt>/<address-key>/<host>/<id>.<attributes>``; None if it is no such."""
    parts = key.split("/")
    if len(parts) != 5:  # noqa: PLR2004 -- as the key above
        return None
    item, _, attributes = parts[4].partition(".")
    return Marker(key, parts[2], parts[3], ItemId(item), attributes)
