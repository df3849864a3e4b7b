"""Listings: the folders of the site that show many items.

A listing is a folder with three files made of one list of cards: ``index.html``, ``feed.xml`` and
``feed.json``. The last is also what the next run reads back, so there is no other index. There
are three kinds: the front (all hosts' latest), a host's latest, and a host's month (RFC 5005 §4).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Any

from feedmirror.layout import FRONT, ItemId, host_folder, month_folder
from feedmirror.publishing.card_json import EXTENSION, card_from_json
from feedmirror.publishing.cards import Card
from feedmirror.publishing.texts import timestamp
from feedmirror.stored import checked, listed, read_json

FRONT_CARDS = 50  # also of a host's latest
LATEST_BURIED = 100
SCHEMA = 1


class ListingUnreadableError(Exception):
    """A ``feed.json`` that is no listing of this schema; the message says what is wrong."""


class Kind(Enum):
    """Which of the three kinds a listing is, by its folder."""

    FRONT = "front"
    HOST = "host"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Buried:
    """An item that was there and is gone: an ``at:deleted-entry`` (RFC 6721)."""

    id: ItemId
    host: str
    when: datetime


@dataclass(frozen=True, slots=True)
class HostSummary:
    """A host as the front shows it; ``latest`` is when its newest item was shown from.

    It is None where that item is gone and the front knows none that is left.
    """

    host: str
    name: str
    url: str
    latest: datetime | None


@dataclass(frozen=True, slots=True)
class Listing:
    """One folder's cards, newest first, and what is gone from it, newest first.

    ``hosts`` is the front's; ``months`` are those that a host's items were first seen in, as
    ``yyyy-mm``, newest first. ``rules`` is a digest of the rules that every card was checked
    against.
    """

    folder: str
    cards: tuple[Card, ...] = ()
    buried: tuple[Buried, ...] = ()
    hosts: tuple[HostSummary, ...] = ()
    months: tuple[str, ...] = ()
    rules: str = ""

    @property
    def kind(self) -> Kind:
        """Which kind it is."""
        if self.folder == FRONT:
            return Kind.FRONT
        return Kind.HOST if self.folder == host_folder(self.host) else Kind.MONTH

    @property
    def host(self) -> str:
        """The host whose folder it is; empty for the front."""
        return self.folder.partition("/")[0]

    @property
    def month(self) -> str:
        """The month that it shows, as ``yyyy-mm``; empty for the front and a host's latest."""
        return self.folder.partition("/")[2].strip("/")

    def updated_with(self, cards: Iterable[Card] = (), buried: Iterable[Buried] = ()) -> "Listing":
        """Return the listing with cards put in or renewed, and items gone; twice equals once.

        A card for a buried item revives it, unless it is buried in the same breath. An item that
        is buried already keeps its date, since (ref, when) is unique in a feed (RFC 6721 §3).
        """
        gone = {(each.host, each.id): each for each in buried}
        fresh = {(c.host, c.id): c for c in cards if (c.host, c.id) not in gone}
        known = {(each.host, each.id): each for each in self.buried if _key(each) not in fresh}
        left = {_key(card): card for card in self.cards if _key(card) not in gone}
        return replace(
            self,
            cards=self._newest_cards((left | fresh).values()),
            buried=self._newest_buried((gone | known).values()),
            hosts=(
                self._hosts_with(fresh.values(), gone.values(), left.values())
                if self.kind is Kind.FRONT
                else ()
            ),
            months=_months(self.months, fresh.values()) if self.kind is Kind.HOST else self.months,
        )

    def without_hosts(self, covers: Callable[[str], bool]) -> "Listing":
        """Return the front without some hosts: taken down as a whole, or with nothing left."""
        return replace(self, hosts=tuple(each for each in self.hosts if not covers(each.host)))

    def _hosts_with(
        self, fresh: Iterable[Card], gone: Iterable[Buried], left: Iterable[Card]
    ) -> tuple[HostSummary, ...]:
        """Return the hosts; nothing that goes leaves its date behind.

        Of any host's items the front shows the newest, so those that are left tell the date.
        """
        known = {_key(each) for each in self.buried}
        bereft = {each.host for each in gone if _key(each) not in known}
        before = (replace(h, latest=None) if h.host in bereft else h for h in self.hosts)
        return _hosts(before, [*(card for card in left if card.host in bereft), *fresh])

    def _newest_cards(self, cards: Iterable[Card]) -> tuple[Card, ...]:
        newest = sorted(cards, key=lambda card: card.id)
        newest.sort(key=lambda card: card.shown_from, reverse=True)
        return tuple(newest if self.kind is Kind.MONTH else newest[:FRONT_CARDS])

    def _newest_buried(self, buried: Iterable[Buried]) -> tuple[Buried, ...]:
        newest = sorted(buried, key=lambda each: (each.host, each.id))
        newest.sort(key=lambda each: each.when, reverse=True)
        return tuple(newest if self.kind is Kind.MONTH else newest[:LATEST_BURIED])


def listing_to_json(listing: Listing) -> dict[str, Any]:
    """Return the parts of a JSON Feed that a listing is read back from; its items are cards."""
    return {
        "items": list(listing.cards),
        EXTENSION: {
            "schema": SCHEMA,
            "folder": listing.folder,
            "rules": listing.rules,
            "months": list(listing.months),
            "hosts": [
                {"host": h.host, "name": h.name, "url": h.url}
                | ({"latest": timestamp(h.latest)} if h.latest else {})
                for h in listing.hosts
            ],
            "buried": [
                {"id": b.id, "host": b.host, "when": timestamp(b.when)} for b in listing.buried
            ],
        },
    }


def read_listing(folder: str, feed_json: bytes) -> Listing:
    """Read a folder's listing from its ``feed.json``; raises ListingUnreadableError."""
    try:
        fields = read_json(feed_json)
        own = fields[EXTENSION]
        if own["schema"] != SCHEMA or own["folder"] != folder:
            raise ListingUnreadableError(f"{folder or '/'}: the listing is of another schema")
        return checked(_listing(folder, fields["items"], own))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ListingUnreadableError(f"{folder or '/'}: not a listing: {error!r}") from error


def _listing(folder: str, items: Iterable[Mapping[str, Any]], own: Mapping[str, Any]) -> Listing:
    return Listing(
        folder=folder,
        cards=tuple(card_from_json(item) for item in items),
        buried=tuple(
            Buried(ItemId(each["id"]), each["host"], datetime.fromisoformat(each["when"]))
            for each in own["buried"]
        ),
        hosts=tuple(
            HostSummary(
                h["host"],
                h["name"],
                h["url"],
                datetime.fromisoformat(h["latest"]) if "latest" in h else None,
            )
            for h in own["hosts"]
        ),
        months=tuple(listed(own["months"])),
        rules=own["rules"],
    )


def _key(each: Card | Buried) -> tuple[str, ItemId]:
    return each.host, each.id


def _hosts(known: Iterable[HostSummary], cards: Iterable[Card]) -> tuple[HostSummary, ...]:
    """Return the hosts by name; a host is called what its newest item's feed called it."""
    hosts = {each.host: each for each in known}
    for card in sorted(cards, key=lambda card: (card.shown_from, card.id)):
        before = hosts.get(card.host)
        if before is None or before.latest is None or before.latest <= card.shown_from:
            publisher = card.publisher
            hosts[card.host] = HostSummary(
                card.host, publisher.name, publisher.url, card.shown_from
            )
    return tuple(sorted(hosts.values(), key=lambda each: (each.name.casefold(), each.host)))


def _months(known: Iterable[str], cards: Iterable[Card]) -> tuple[str, ...]:
    seen = {month_folder(card.host, card.first_seen).split("/")[1] for card in cards}
    return tuple(sorted({*known, *seen}, reverse=True))
