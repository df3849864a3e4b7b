"""What is beyond a feed's bounds is taken out, or made a link, by the protocol of design §4.

As for every write: the ETag of each key, then the rules, then every put under the ETag that was
read. A takedown that comes in between changes the ETag, so nothing here is ever put over what it
left; what loses its condition is looked at again. No new marker is needed, since nothing new is
claimed.

An item's page and its listings are opened before its record is read. A takedown puts them after its
tombstone, so where a record stays as it is, and has no put that could fail, theirs do.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from feedmirror.configuration import Ended
from feedmirror.jobs.publish import OpenPage, Publisher
from feedmirror.jobs.rules import RuleReader
from feedmirror.layout import ItemId, host_folder, record_key
from feedmirror.mirroring.items import cut_to, link_only
from feedmirror.mirroring.retention import Fate, Keeper
from feedmirror.ports.object_store import Content, LostConditionError, ObjectStore
from feedmirror.publishing.selection import Publication, newest_of
from feedmirror.records import (
    Item,
    Record,
    RecordUnreadableError,
    Tombstone,
    object_metadata,
    record_from_json,
    record_to_json,
    retired,
)
from feedmirror.suppression import RuleUnreadableError, Suppression, find_suppression


@dataclass(frozen=True, slots=True)
class Sentence:
    """One item of a feed, and what is to become of it."""

    id: ItemId
    fate: Fate


@dataclass(frozen=True, slots=True)
class Retired:
    """What became of some items; ``lost`` are those that have to be looked at again."""

    publication: Publication = field(default_factory=Publication)
    written: int = 0
    lost: int = 0

    def __add__(self, other: "Retired") -> "Retired":
        """Return both, of the items no more than the front may show."""
        newest = newest_of(self.publication, other.publication)
        return Retired(newest, self.written + other.written, self.lost + other.lost)


@dataclass(slots=True)
class _Place:
    """One item's place, as it was found before the rules were read, and what is put there."""

    etag: str
    stored: Record
    becomes: Record
    page: OpenPage
    written: bool = False
    lost: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RetireItems:
    """Carries out what was decided on items of one month; may raise StoreUnavailableError."""

    archive: ObjectStore
    rules: RuleReader
    publisher: Publisher

    def run(
        self, keeper: Keeper, folder: str, batch: Sequence[Sentence], *, now: datetime
    ) -> Retired:
        """Retire some of a feed's items that the listing of a folder shows."""
        workers = self.publisher.workers
        listings = self.publisher.open({host_folder(keeper.settings.host), folder})
        found = workers.map(partial(self._open, keeper, now), batch)
        places = [place for place in found if place is not None]
        hosts = _hosts_of(places) | listings.hosts
        rules = self.rules.read(hosts)
        try:
            in_force = rules.concerning(hosts)
        except RuleUnreadableError:  # no listing could be put, so nothing else is either
            return Retired(lost=len(batch))
        workers.map(partial(self._put, in_force), places)
        done = [place.becomes for place in places if not place.lost]
        publication = Publication(
            tuple(record for record in done if isinstance(record, Item)),
            tuple(record for record in done if isinstance(record, Tombstone)),
        )
        failed = self.publisher.update(listings, publication, rules, now=now)
        lost = len(batch) if failed else sum(place.lost for place in places)
        return Retired(publication, sum(place.written for place in places), lost)

    def mend(self, host: str, items: Collection[ItemId], *, now: datetime) -> bool:
        """Have a host's latest show some items, or not, as they are; returns False if it cannot.

        What leaves the latest leaves room, and months hold what is older. What the months do not
        hold any more may still stand there, if something died in between.
        """
        from feedmirror.jobs.list_again import ListAgain  # noqa: PLC0415 -- most retire, and mend nothing

        again = ListAgain(publisher=self.publisher, rules=self.rules)
        return not again.run({host_folder(host)}, ((host, item) for item in items), now=now)

    def _open(self, keeper: Keeper, now: datetime, sentence: Sentence) -> _Place | None:
        """Read what is in an item's place; None if it is none of the feed's, or all is done."""
        host = keeper.settings.host
        page = self.publisher.open_page(host, sentence.id, fresh=False)
        found = self.archive.get(record_key(host, sentence.id))
        if found is None:
            return None
        try:
            stored = record_from_json(found.content.body)
        except RecordUnreadableError:
            return None
        if isinstance(stored, Tombstone):  # put by a takedown, or before something died over it
            return _Place(found.etag, stored, stored, page) if stored.is_retired else None
        if not keeper.keeps(stored.attribution.feed.url):
            return None
        return _Place(found.etag, stored, _becomes(stored, sentence.fate, keeper, now=now), page)

    def _put(self, rules: Sequence[Suppression], place: _Place) -> None:
        """Put the record, unless it is there already, and the page; a rule holds back a link."""
        record = place.becomes
        if isinstance(record, Item) and find_suppression(record.subject, rules) is not None:
            place.lost = True  # its takedown is on its way
            return
        if record != place.stored:
            body = record_to_json(record, self.publisher.nonce())
            content = Content(body, "application/json", metadata=object_metadata(record))
            key = record_key(record.host, record.id)
            try:
                self.archive.put(key, content, replaces=place.etag)
                place.written = True
            except LostConditionError:
                place.lost = True
                return
        place.lost = not self._put_page(place.page, record)

    def _put_page(self, page: OpenPage, record: Record) -> bool:
        if isinstance(record, Item):
            return self.publisher.put_page(page, record)
        return self.publisher.put_tombstone(page, record)


def _becomes(stored: Item, fate: Fate, keeper: Keeper, *, now: datetime) -> Record:
    if fate is Fate.GOES:
        return retired(stored, now=now)
    if keeper.settings.ended is Ended.LINKS:
        return link_only(stored, keeper.settings)
    return cut_to(stored, keeper.terms, keeper.settings)


def _hosts_of(places: Sequence[_Place]) -> frozenset[str]:
    items = (place.becomes for place in places)
    return frozenset(
        host for item in items if isinstance(item, Item) for host in (item.host, item.link_host)
    )
