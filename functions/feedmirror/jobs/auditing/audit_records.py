"""The audit of records and their pages: what is covered is gone, and nothing else stays hidden.

Both buckets list their keys in one order, so records and pages are matched as they stream by.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial

from feedmirror.jobs.auditing.audit_report import Finding, Kind, Note, Tally
from feedmirror.jobs.auditing.audit_standing import Standing
from feedmirror.jobs.batches import batches
from feedmirror.jobs.publish import shows_something
from feedmirror.layout import INDEX, RECORDS, ItemId, item_page, record_key, recovery_key
from feedmirror.ports.object_store import ObjectStore
from feedmirror.ports.workers import Workers
from feedmirror.records import Item, Record, RecordUnreadableError, Tombstone, record_from_json
from feedmirror.suppression import Suppression

_PLACE = re.compile(r"([^/]+)/([a-z2-7]{26})(?=[/.])")  # as it begins in both buckets
Place = tuple[str, ItemId]


class Page(Enum):
    """What a page shows."""

    ABSENT = auto()
    TOMBSTONE = auto()
    CONTENT = auto()


@dataclass(frozen=True, slots=True)
class Found:
    """What lies in one place: the record, or why it cannot be read; whether a page was listed."""

    place: Place
    record: Record | None
    problem: str = ""
    has_page: bool = False

    @property
    def host(self) -> str:
        """The host that it lies under."""
        return self.place[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecords:
    """Looks at every record, and at the page of every one that is to show nothing."""

    archive: ObjectStore
    site: ObjectStore
    mail: ObjectStore
    standing: Standing
    workers: Workers

    def run(self, tally: Tally) -> None:
        """Check all records and item pages."""
        for batch in batches(self._places(tally)):
            found = self.workers.map(lambda each: self.look(each[0], has_page=each[1]), batch)
            tally.look("records", sum(each.record is not None for each in found))
            tally.look("pages", sum(each.has_page for each in found))
            for each in found:
                if each.problem:
                    key = f"archive {record_key(*each.place)}"
                    tally.find(Finding(Kind.UNREADABLE, key, each.problem))
            self._check_items(found, tally)
            self._check_hidden(found, tally)

    def look(self, place: Place, *, has_page: bool = False) -> Found:
        """Read the record of one place."""
        stored = self.archive.get(record_key(*place))
        try:
            record = record_from_json(stored.content.body) if stored else None
        except RecordUnreadableError as error:
            return Found(place, None, str(error), has_page)
        return Found(place, record, "", has_page)

    def page(self, place: Place) -> Page:
        """Return what the page of one place shows."""
        found = self.site.get(item_page(*place))
        if found is None:
            return Page.ABSENT
        return Page.CONTENT if shows_something(found) else Page.TOMBSTONE

    def _check_items(self, found: list[Found], tally: Tally) -> None:
        items = [(each, each.record) for each in found if isinstance(each.record, Item)]
        rules = self.standing.covering([(each.host, item) for each, item in items], tally)
        for (each, _), rule in zip(items, rules, strict=True):
            if rule is None:
                if not each.has_page and self.page(each.place) is Page.ABSENT:
                    tally.note(Note.NO_PAGE)
                continue
            self.report(each.place, rule, tally)

    def report(self, place: Place, rule: Suppression, tally: Tally) -> None:
        """Report whatever can be read in a place that a rule covers."""
        words = f"rule {rule.id} of case {rule.case} covers it"
        record = Finding(Kind.COVERED_RECORD, f"archive {record_key(*place)}", words)
        page = Finding(Kind.COVERED_PAGE, f"site {item_page(*place)}", words)
        for finding, shows in ((record, self._is_item), (page, self._is_shown)):
            if shows(place):
                self.standing.report(tally, finding, rule=rule, still=partial(shows, place))

    def shows_anything(self, place: Place) -> bool:
        """Tell whether an item, or more than a tombstone's page, is in a place."""
        return self._is_item(place) or self._is_shown(place)

    def _is_item(self, place: Place) -> bool:
        return isinstance(self.look(place).record, Item)

    def _is_shown(self, place: Place) -> bool:
        return self.page(place) is Page.CONTENT

    def _check_hidden(self, found: list[Found], tally: Tally) -> None:
        """Check what shows no item: its page shows nothing, and a tombstone has its reason."""
        hidden = [each for each in found if not isinstance(each.record, Item) and not each.problem]
        pages = self.workers.map(lambda each: self.page(each.place), hidden)
        for each, page in zip(hidden, pages, strict=True):
            if each.record is None:
                if page is not Page.ABSENT and self.look(each.place).record is None:
                    key = f"site {item_page(*each.place)}"
                    tally.find(Finding(Kind.PAGE_WITHOUT_RECORD, key, "nobody knows whose it is"))
                continue
            tally.look("tombstones", 1)
            if page is Page.CONTENT:
                self._report_page(each, tally)
            elif page is Page.ABSENT:
                tally.note(Note.NO_PAGE)
            self._check_reason(each, tally)

    def _report_page(self, found: Found, tally: Tally) -> None:
        """Report a tombstone's page that shows something, unless the item is just coming back."""
        if isinstance(found.record, Tombstone) and found.record.is_retired:
            tally.note(Note.RETIRING)
            return
        case = found.record.case if isinstance(found.record, Tombstone) else ""
        if self.standing.is_in_hand(case):
            tally.note(Note.IN_HAND)
        elif self._is_shown(found.place) and not self._is_item(found.place):
            words = f"its record is a tombstone of case {case}"
            key = f"site {item_page(*found.place)}"
            tally.find(Finding(Kind.COVERED_PAGE, key, words))

    def _check_reason(self, found: Found, tally: Tally) -> None:
        """Report a tombstone that no rule needs any more, if its item could be put back."""
        stone = found.record
        if not isinstance(stone, Tombstone) or not stone.rules:
            return
        if any(map(self.standing.stands, stone.rules)):
            return
        kept = self._kept(stone.case, found.place)
        if kept is None:
            tally.note(Note.NO_COPY)
        elif self.standing.covering([(found.host, kept)], tally) == [None]:
            if any(map(self.standing.is_being_undone, stone.rules)):
                tally.note(Note.IN_HAND)
                return
            words = f"every rule that case {stone.case} put it there for is lifted"
            key = f"archive {record_key(*found.place)}"
            tally.find(Finding(Kind.STAYS_HIDDEN, key, words))

    def _kept(self, case: str, place: Place) -> Item | None:
        found = self.mail.get(recovery_key(case, *place))
        try:
            record = record_from_json(found.content.body) if found else None
        except RecordUnreadableError:
            return None
        return record if isinstance(record, Item) else None

    def _places(self, tally: Tally) -> Iterator[tuple[Place, bool]]:
        """Yield every place that has a record or a page, and whether it has a page.

        They are compared as their keys are: ``a.example/`` sorts behind ``a.example.org/``.
        """
        records, pages = self._records(tally), self._pages(tally)
        record, page = next(records, None), next(pages, None)
        while record or page:
            first = min((place for place in (record, page) if place), key="/".join)
            yield first, page == first
            if record == first:
                record = next(records, None)
            if page == first:
                page = next(pages, None)

    def _records(self, tally: Tally) -> Iterator[Place]:
        for summary in self.archive.list(RECORDS):
            place = _place_of(summary.key.removeprefix(RECORDS))
            if place and summary.key == record_key(*place):
                yield place
            else:
                words = "it is no record's key"
                tally.find(Finding(Kind.UNREADABLE, f"archive {summary.key}", words))

    def _pages(self, tally: Tally) -> Iterator[Place]:
        for summary in self.site.list(""):
            place = _place_of(summary.key)
            if place is None:
                continue
            if summary.key == item_page(*place):
                yield place
            else:
                words = f"beside {INDEX} a page's folder holds nothing"
                tally.find(Finding(Kind.PAGE_WITHOUT_RECORD, f"site {summary.key}", words))


def _place_of(key: str) -> Place | None:
    found = _PLACE.match(key)
    return (found[1], ItemId(found[2])) if found else None
