"""Listings, made anew from the records by the protocol of design §4.

What an index says lies there is read again behind the ETags and the rules, and so is whatever the
listing itself shows by then: a mirror run or a takedown may have put it since the index was made.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from feedmirror.jobs.batches import batches
from feedmirror.jobs.publish import (
    Publisher,
    content_of,
    folders_of_card,
    hosts_of_cards,
    same_but_for_nonce,
)
from feedmirror.jobs.rebuilding.rebuild_pages import ATTEMPTS, hosts_of
from feedmirror.jobs.rebuilding.rebuild_report import Done, Tally
from feedmirror.jobs.rules import RuleReader, Rules
from feedmirror.layout import JSON, LISTING_FILES, ItemId
from feedmirror.ports.object_store import StoredObject
from feedmirror.publishing.documents import Document
from feedmirror.publishing.listings import (
    Buried,
    Kind,
    Listing,
    ListingUnreadableError,
    read_listing,
)
from feedmirror.publishing.selection import select
from feedmirror.suppression import RuleUnreadableError

_BATCH = 200  # records
Place = tuple[str, ItemId]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a listing is to be made of: where to look, and what cannot be read from records.

    ``hosts`` are those whose rules may cover what lies there; ``months`` the host's that there are.
    """

    folder: str
    places: Sequence[Place]
    hosts: frozenset[str]
    months: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RebuildListings:
    """Puts the three files of listings."""

    publisher: Publisher
    rules: RuleReader
    clock: Callable[[], datetime]

    def run(self, shown: Shown, tally: Tally) -> None:
        """Put one listing; what another writer changes meanwhile is looked at again."""
        where = f"site {shown.folder}{JSON}"
        hosts = set(shown.hosts)
        for _ in range(ATTEMPTS):
            try:
                done = self._put(shown, hosts)
            except RuleUnreadableError as error:
                tally.problems.add(f"{where}: {error}")
                return
            if done is not Done.LOST:
                tally.listings[done] += 1
                return
        tally.problems.add(f"{where}: changed {ATTEMPTS} times")

    def _put(self, shown: Shown, hosts: set[str]) -> Done:
        """Put a listing once; whose rules have to be read too is added to the hosts."""
        found = {name: self.publisher.site.get(shown.folder + name) for name in LISTING_FILES}
        present = _readable(shown.folder, found[JSON])
        shown = replace(shown, months=_with_begun(shown.months, present.months))
        hosts |= hosts_of_cards(present.cards)
        rules = self.rules.read(hosts)
        places = dict.fromkeys((*shown.places, *_places(present)))
        listing = self._listing(shown, places, rules, hosts=hosts)
        if listing is None:
            return Done.LOST
        nonce = self.publisher.nonce()
        documents = self.publisher.renderer().listing(listing, nonce=nonce, months=shown.months)
        if all(_is_same(found[name], documents[name]) for name in LISTING_FILES):
            return Done.UNCHANGED
        etags = {name: stored.etag if stored else None for name, stored in found.items()}
        put = self.publisher.put_files(shown.folder, documents, etags)
        return Done.WRITTEN if put else Done.LOST

    def _listing(
        self, shown: Shown, places: Iterable[Place], rules: Rules, *, hosts: set[str]
    ) -> Listing | None:
        """Return what may be shown of some places; None if the rules of more hosts are needed."""
        listing, card_of = Listing(shown.folder), self.publisher.renderer().card
        for batch in batches(places, _BATCH):
            records = self.publisher.records(batch)
            concerned = frozenset[str]().union(*map(hosts_of, records))
            if not concerned <= hosts:
                hosts |= concerned
                return None
            publication = select(records, rules.concerning(concerned), now=self.clock())
            cards = (card_of(item) for item in publication.items)
            buried = [Buried(each.id, each.host, each.when) for each in publication.tombstones]
            here = [card for card in cards if shown.folder in folders_of_card(card)]
            listing = listing.updated_with(here, buried)
        months = shown.months if listing.kind is Kind.HOST else ()
        return replace(listing, rules=rules.mark(hosts_of_cards(listing.cards)), months=months)


def _readable(folder: str, found: StoredObject | None) -> Listing:
    """Return the listing that stands there; one that cannot be read shows nothing that is known."""
    try:
        return read_listing(folder, found.content.body) if found else Listing(folder)
    except ListingUnreadableError:
        return Listing(folder)


def _with_begun(known: tuple[str, ...], present: Iterable[str]) -> tuple[str, ...]:
    """Return the months of the index, newest first, behind those that have begun since."""
    newest = max(known, default="")
    return (*sorted((month for month in present if month > newest), reverse=True), *known)


def _places(listing: Listing) -> list[Place]:
    cards = [(card.host, card.id) for card in listing.cards]
    return cards + [(each.host, each.id) for each in listing.buried]


def _is_same(found: StoredObject | None, document: Document) -> bool:
    return found is not None and same_but_for_nonce(found.content, content_of(document))
