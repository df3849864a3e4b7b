"""The audit of listings: whatever a list or a feed shows is there, and may be shown.

Each of the three files is looked at by itself, since each can be read by itself.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from feedmirror.jobs.auditing.audit_records import AuditRecords, Found, Place
from feedmirror.jobs.auditing.audit_report import Finding, Kind, Note, Tally
from feedmirror.jobs.auditing.audit_standing import Standing
from feedmirror.jobs.batches import batches
from feedmirror.layout import ATOM, FRONT, JSON, ItemId
from feedmirror.ports.object_store import ObjectStore
from feedmirror.ports.workers import Workers
from feedmirror.publishing.listings import ListingUnreadableError, read_listing
from feedmirror.records import Item, Tombstone
from feedmirror.suppression import describe, find_suppression

_LISTING = re.compile(r"(?:[^/]+/(?:\d{4}-\d{2}/)?)?(?:index\.html|feed\.xml|feed\.json)")
_OF_ITEM = r"([a-z0-9.-]{1,253})/([a-z2-7]{26})/"
# A publisher's own words are escaped in a feed, and its links in a list have a scheme.
_IN_ATOM = re.compile(rf"<id>[^<]*/{_OF_ITEM}</id>")
_IN_HTML = re.compile(rf'href="(?:\.{{1,2}}/){{1,3}}{_OF_ITEM}"')


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditListings:
    """Looks at every list and feed."""

    site: ObjectStore
    records: AuditRecords
    standing: Standing
    workers: Workers

    def run(self, tally: Tally) -> None:
        """Check every entry of every listing's files."""
        for summary in self.site.list(""):
            if _LISTING.fullmatch(summary.key):
                self._check(summary.key, tally)

    def _check(self, key: str, tally: Tally) -> None:
        body = self._body(key)
        tally.look("listings", 1)
        shown = self._shown(key, body, tally)
        for batch in batches(dict.fromkeys(shown)):
            tally.look("entries", len(batch))
            wrong = self._wrong(batch, tally)
            in_hand = {place for place, (_, case) in wrong.items() if self._is_in_hand(case, tally)}
            left = [place for place in wrong if place not in in_hand]
            if left:  # behind its case, everything is looked at once more
                still = frozenset(self._shown(key, self._body(key), tally))
                for place, (why, _) in self._wrong(left, tally).items():
                    if place in still:
                        words = f"{'/'.join(place)}: {why}"
                        tally.find(Finding(Kind.COVERED_ENTRY, f"site {key}", words))
        if key == JSON:
            self._check_hosts(tally)

    def _wrong(self, places: list[Place], tally: Tally) -> dict[Place, tuple[str, str]]:
        """Return what may not be shown among some items: why, and the case that it is for."""
        found = self.workers.map(self.records.look, places)
        items = [(each, each.record) for each in found if isinstance(each.record, Item)]
        rules = self.standing.covering([(each.host, item) for each, item in items], tally)
        wrong = {each.place: why for each in found if (why := _gone(each, tally))}
        for (each, _), rule in zip(items, rules, strict=True):
            if rule is not None:
                wrong[each.place] = f"rule {rule.id} of case {rule.case} covers it", rule.case
        return wrong

    def _shown(self, key: str, body: bytes, tally: Tally) -> list[Place]:
        folder, _, name = key.rpartition("/")
        try:
            return list(_places(f"{folder}/" if folder else "", name, body))
        except ListingUnreadableError as error:
            tally.find(Finding(Kind.UNREADABLE, f"site {key}", str(error)))
            return []

    def _body(self, key: str) -> bytes:
        found = self.site.get(key)
        return found.content.body if found else b""

    def _check_hosts(self, tally: Tally) -> None:
        """Check that the front names no host that is taken down as a whole."""
        for batch in batches(self._hosts()):
            rules = self.standing.of(batch, tally)
            for host in batch:
                subject = describe(hosts=(host,), addresses=(), guid=None, authors=(), feeds=())
                rule = find_suppression(subject, rules.concerning({host}))
                if rule is not None:
                    words = f"{host}: rule {rule.id} of case {rule.case} covers it"
                    finding = Finding(Kind.COVERED_HOST, f"site {JSON}", words)
                    self.standing.report(
                        tally, finding, rule=rule, still=partial(self._names, host)
                    )

    def _names(self, host: str) -> bool:
        return host in self._hosts()

    def _hosts(self) -> list[str]:
        try:
            return [each.host for each in read_listing(FRONT, self._body(JSON)).hosts]
        except ListingUnreadableError:
            return []  # that is a finding of its own

    def _is_in_hand(self, case: str, tally: Tally) -> bool:
        if not self.standing.is_in_hand(case):
            return False
        tally.note(Note.IN_HAND)
        return True


def _gone(found: Found, tally: Tally) -> tuple[str, str] | None:
    """Return why no item is there to be shown, if so; that it is no longer kept is no fault."""
    if isinstance(found.record, Tombstone) and found.record.is_retired:
        tally.note(Note.RETIRING)
        return None
    if found.problem:
        return "its record cannot be read", ""
    if isinstance(found.record, Tombstone):
        return f"it is gone by case {found.record.case}", found.record.case
    return ("it has no record", "") if found.record is None else None


def _places(folder: str, name: str, body: bytes) -> Iterator[Place]:
    """Yield the items that a listing's file shows; raises ListingUnreadableError."""
    if name == JSON:
        yield from ((card.host, card.id) for card in read_listing(folder, body).cards)
        return
    text = body.decode(errors="replace")
    for found in (_IN_ATOM if name == ATOM else _IN_HTML).finditer(text):
        yield found[1], ItemId(found[2])
