"""Feeds: a listing as Atom (RFC 4287, with RFC 5005 and RFC 6721) and as JSON Feed 1.1.

Who an entry is by: its authors as stated. Where none is stated, ``atom:source`` names the
publisher, as whose feed delivered it, and by RFC 4287 §4.2.1 a source's author applies before the
feed's own. The feed's is the publisher too, in a host's feeds, and the mirror in the front's.
A hub is named where the feed is subscribed to, which is not in its archives (W3C WebSub §4).
All documents of a host's feed are one logical feed (RFC 5005 §1.2) and share its ``atom:id``.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from feedmirror.configuration import MirrorSettings
from feedmirror.layout import ATOM, JSON
from feedmirror.publishing import dates
from feedmirror.publishing.card_json import EXTENSION, card_line
from feedmirror.publishing.cards import Card
from feedmirror.publishing.documents import ATOM as ATOM_TYPE
from feedmirror.publishing.documents import JSON_FEED, Document, markup_with_nonce, nonce_mark
from feedmirror.publishing.listings import Kind, Listing, listing_to_json
from feedmirror.publishing.templating import Templates
from feedmirror.records import Publisher
from feedmirror.stored import lines_of_json

_ENTRY = "entry.xml"
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)  # an empty feed has to state some date


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingView:
    """A listing as all of its three files show it; build it by :func:`view`."""

    listing: Listing
    title: str
    subtitle: str
    publisher: Publisher
    months: tuple[str, ...]
    previous_month: str | None
    next_month: str | None

    @property
    def language(self) -> str | None:
        """The language of all cards, or None unless they agree."""
        languages = {card.language for card in self.listing.cards}
        return languages.pop() if len(languages) == 1 else None

    @property
    def updated(self) -> datetime:
        """When the newest card changed or came, or the newest item went."""
        came = (max(card.changed, card.first_seen) for card in self.listing.cards)
        return max((_NEVER, *came, *(each.when for each in self.listing.buried)))


def view(listing: Listing, *, mirror: MirrorSettings, months: Iterable[str] = ()) -> ListingView:
    """Return a listing with its words and its neighbours among the months that are known."""
    publisher = _publisher(listing, mirror)
    known = tuple(sorted({*listing.months, *months}, reverse=True))
    month = listing.month
    if listing.kind is Kind.FRONT:
        known = ()
        title, subtitle = mirror.name, "The latest of every site that this mirror republishes."
    else:
        of = f"{publisher.name}, {dates.month(month)}" if month else publisher.name
        title = f"{of} (mirrored by {mirror.name})"
        subtitle = (
            f"A mirror of the public feed of {publisher.host}, not the site itself. "
            f"Owned and copyrighted by {publisher.name} and its authors."
        )
    return ListingView(
        listing=listing,
        title=title,
        subtitle=subtitle,
        publisher=publisher,
        months=known,
        previous_month=_previous(listing, known),
        next_month=min((name for name in known if name > month), default=None) if month else None,
    )


def atom_feed(
    shown: ListingView,
    mirror: MirrorSettings,
    templates: Templates,
    *,
    entry: Callable[[Card], str],
    nonce: str,
) -> Document:
    """Return the Atom document of a listing; ``entry`` renders each, or has rendered it before."""
    context = {
        "entry": entry,
        "site": mirror.site,
        "hub": mirror.hub,
        "listing": shown.listing,
        "title": shown.title,
        "subtitle": shown.subtitle,
        "publisher": shown.publisher,
        "language": shown.language,
        "updated": shown.updated,
        "previous_month": shown.previous_month,
        "next_month": shown.next_month,
    }
    return Document(markup_with_nonce(templates.render(ATOM, context), nonce), ATOM_TYPE)


def atom_entry(card: Card, templates: Templates) -> str:
    """Return a card as an entry of Atom, the same in every listing that shows it."""
    return templates.render(_ENTRY, {"card": card}).rstrip("\n")


def json_feed(shown: ListingView, mirror: MirrorSettings, *, nonce: str) -> Document:
    """Return the JSON Feed of a listing, from which the listing is read back."""
    home = f"{mirror.site}/{shown.listing.folder}"
    fields: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": shown.title,
        "home_page_url": home,
        "feed_url": home + JSON,
        "description": shown.subtitle,
    }
    if mirror.hub and not shown.listing.month:
        fields["hubs"] = ({"type": "WebSub", "url": mirror.hub},)
    if shown.language:
        fields["language"] = shown.language
    fields |= listing_to_json(shown.listing)
    fields[EXTENSION]["nonce"] = nonce_mark(nonce)  # the last value: without_nonce() looks there
    return Document(f"{lines_of_json(fields, entry=card_line)}\n".encode(), JSON_FEED)


def _publisher(listing: Listing, mirror: MirrorSettings) -> Publisher:
    if listing.kind is Kind.FRONT:
        return Publisher(mirror.name, f"{mirror.site}/", "")
    if listing.cards:
        return listing.cards[0].publisher
    return Publisher(listing.host, f"https://{listing.host}/", listing.host)


def _previous(listing: Listing, known: Iterable[str]) -> str | None:
    return max((name for name in known if not listing.month or name < listing.month), default=None)
