"""Bringing back what a case took down, exactly as it was: lifts, then the recovery copies.

This is the writer's half of design §4 like the mirror's: the ETags of records, pages and listings
are read first, then the rules, then everything is put under the ETag that was read. The items'
markers stand since they were first stored. What loses its condition is tried again from the top.
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from feedmirror.jobs.about_pages import AboutPages
from feedmirror.jobs.publish import OpenPage, Publisher
from feedmirror.jobs.rules import RuleReader
from feedmirror.jobs.takedown.sweep import markers_prefixes, read_marker_key
from feedmirror.layout import (
    FRONT,
    ItemId,
    host_folder,
    lift_key,
    month_folder,
    record_key,
    recovery_key,
    recovery_prefix,
    suppression_key,
)
from feedmirror.ports.object_store import Content, LostConditionError, ObjectStore
from feedmirror.publishing.selection import Publication
from feedmirror.records import (
    Item,
    Record,
    RecordUnreadableError,
    Tombstone,
    object_metadata,
    record_from_json,
    record_to_json,
)
from feedmirror.suppression import Scope, Suppression, covers_all_of, find_suppression

_BATCH = 200  # items
_ATTEMPTS = 8
_JSON = "application/json"
Place = tuple[str, ItemId]


@dataclass(frozen=True, slots=True)
class _Grave:
    """What is to be there again, what was found in its place, and whether that is it already.

    It is an item, or the tombstone of one that was no longer kept when it was taken down.
    """

    record: Record
    etag: str
    page: OpenPage
    is_back: bool

    @property
    def place(self) -> Place:
        return self.record.host, self.record.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Restore:
    """Lifts rules and puts back what they took down."""

    archive: ObjectStore
    ledger: ObjectStore
    mail: ObjectStore
    publisher: Publisher
    about: AboutPages
    rules: RuleReader
    clock: Callable[[], datetime]

    def lift(self, rules: Iterable[Suppression], *, by: str) -> None:
        """End rules, each by its id; ``by`` is the case that ends them."""

        def lift(rule: Suppression) -> None:
            key = lift_key(suppression_key(rule.host, rule.id))
            body = json.dumps({"schema": 1, "by": by, "when": self.clock().isoformat()}).encode()
            try:
                self.ledger.put(key, Content(body, _JSON), replaces=None)
            except LostConditionError:
                return  # it was lifted before

        ended = tuple(rules)
        self.publisher.workers.map(lift, ended)
        self.about.again(ended)

    def run(self, case: str, places: Collection[Place] | None = None, *, anew: bool = True) -> int:
        """Put back what a case took down, or only some of it; return how many items are shown.

        What another rule still covers stays down. What is back is listed ``anew``, as whoever put
        it back may have died before that; or else it is left as it is.
        """
        wanted = self._copies(case) if places is None else iter(sorted(places))
        shown = 0
        while batch := list(islice(wanted, _BATCH)):
            shown += self._restore(case, batch, anew=anew)
        return shown

    def list_again(self, case: str, rules: Iterable[Suppression]) -> None:
        """Have the listings show what ended rules covered as a whole, and no sweep had reached.

        The first slice of such a sweep takes all of a host's cards out of them, so of what the
        later ones have not come to there is no copy, and nothing is down but its card.
        """
        left = {place: None for rule in rules for place in self._announced(rule)}
        for place in self._copies(case) if left else ():
            left.pop(place, None)
        places = iter(sorted(left))
        while batch := list(islice(places, _BATCH)):
            self._restore("", batch, anew=True)

    def _announced(self, rule: Suppression) -> Iterator[Place]:
        """Yield what a rule covers because of its host, by the markers' keys."""
        if rule.scope not in {Scope.HOST, Scope.DOMAIN}:
            return
        for prefix in markers_prefixes(rule):
            for summary in self.archive.list(prefix):
                marker = read_marker_key(summary.key)
                if marker is not None and covers_all_of(rule, marker.host):
                    yield marker.host, marker.id

    def _copies(self, case: str) -> Iterator[Place]:
        prefix = recovery_prefix(case)
        for summary in self.mail.list(prefix):
            host, _, name = summary.key.removeprefix(prefix).partition("/")
            yield host, ItemId(name.removesuffix(".json"))

    def _restore(self, case: str, places: Sequence[Place], *, anew: bool) -> int:
        shown: set[Place] = set()
        left = list(places)
        for _ in range(_ATTEMPTS):
            dug = self.publisher.workers.map(lambda place: self._dig(case, place), left)
            graves = [grave for grave in dug if grave and (anew or not grave.is_back)]
            put, settled = self._put_back(graves)
            shown |= put
            left = [grave.place for grave in graves if grave.place not in settled]
            if not left:
                break
        return len(shown)

    def _dig(self, case: str, place: Place) -> _Grave | None:
        """Return what may be put back at a place, or None if there is nothing to do there.

        Without a case that is what is back, or has never been away.
        """
        host, item = place
        page = self.publisher.open_page(host, item, fresh=False)
        found = self.archive.get(record_key(host, item))
        copy = self.mail.get(recovery_key(case, host, item)) if case else found
        if found is None or copy is None:
            return None
        try:
            stone = record_from_json(found.content.body)
            kept = record_from_json(copy.content.body)
        except RecordUnreadableError:
            return None  # its content was not kept: the next run of the mirror may bring it
        if not case and isinstance(stone, Tombstone):
            return None
        # What is retired was back before, and is no longer kept.
        if isinstance(stone, Item) or stone.is_retired:
            return _Grave(stone, found.etag, page, is_back=True)
        if any(map(self.rules.stands, stone.rules)):
            return None
        return _Grave(kept, found.etag, page, is_back=False)

    def _put_back(self, graves: Sequence[_Grave]) -> tuple[frozenset[Place], frozenset[Place]]:
        """Put records, pages and listings; return what is shown, and what needs no other try."""
        if not graves:
            return frozenset(), frozenset()
        items = [grave.record for grave in graves if isinstance(grave.record, Item)]
        listings = self.publisher.open(_folders(items))
        hosts = {host for item in items for host in (item.host, item.link_host)}
        rules = self.rules.read(hosts | listings.hosts)
        in_force = rules.concerning(hosts)
        covered = {g.place for g in graves if _is_covered(g.record, in_force)}
        put = [g for g in graves if g.place not in covered and self._put(g)]
        items = [grave.record for grave in put if isinstance(grave.record, Item)]
        failed = self.publisher.update(listings, Publication(tuple(items)), rules, now=self.clock())
        shown = frozenset() if failed else frozenset((item.host, item.id) for item in items)
        stones = (grave.place for grave in put if isinstance(grave.record, Tombstone))
        return shown, shown.union(covered, stones)

    def _put(self, grave: _Grave) -> bool:
        """Put a record, unless it is back, and its page; tell whether both are there."""
        record, key = grave.record, record_key(*grave.place)
        if grave.is_back:  # it has no put that could fail, so it is looked at behind the rules
            now = self.archive.head(key)
            return now is not None and now.etag == grave.etag and self._put_page(grave)
        body = record_to_json(record, self.publisher.nonce())
        content = Content(body, _JSON, metadata=object_metadata(record))
        try:
            self.archive.put(key, content, replaces=grave.etag)
        except LostConditionError:
            return False
        return self._put_page(grave)

    def _put_page(self, grave: _Grave) -> bool:
        if isinstance(grave.record, Item):
            return self.publisher.put_page(grave.page, grave.record)
        return self.publisher.put_tombstone(grave.page, grave.record)


def _is_covered(record: Record, rules: Sequence[Suppression]) -> bool:
    return isinstance(record, Item) and find_suppression(record.subject, rules) is not None


def _folders(items: Iterable[Item]) -> frozenset[str]:
    return frozenset(
        folder
        for item in items
        for folder in (
            FRONT,
            host_folder(item.host),
            month_folder(item.host, item.first_seen),
        )
    )
