"""Pages: everything of the site, rendered from records and listings alone.

Rendering is a function of its arguments: the same input gives the same bytes, but for the nonce.
A fault in an operator's template raises nothing: the bundled one stands in for it, and
``Renderer.problems`` tells. Every method raises ValueError if a nonce is not hexadecimal.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from functools import lru_cache, partial
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from feedmirror.characters import one_line
from feedmirror.configuration import FeedSettings, Images, MirrorSettings
from feedmirror.layout import ATOM, INDEX, JSON
from feedmirror.opml import write_opml
from feedmirror.publishing import dates
from feedmirror.publishing.card_json import CARDS_KEPT
from feedmirror.publishing.cards import BEFORE_CREDIT, Card, bare_card
from feedmirror.publishing.documents import (
    CSS,
    HTML,
    OPML,
    Document,
    markup_with_nonce,
    style_with_nonce,
)
from feedmirror.publishing.feeds import ListingView, atom_entry, atom_feed, json_feed, view
from feedmirror.publishing.letters import Removal, mailto
from feedmirror.publishing.linked_data import linked_data
from feedmirror.publishing.listings import Kind, Listing
from feedmirror.publishing.policy import policy_for, with_policy
from feedmirror.publishing.practice import practice_of
from feedmirror.publishing.templating import Templates
from feedmirror.publishing.texts import link, timestamp
from feedmirror.publishing.treatment import HostTreatment, feeds_letter, hosts_letters
from feedmirror.records import Item, Tombstone
from feedmirror.suppression import Ground

TAKEDOWN_PAGE = "takedown/index.html"
PUBLISHERS_PAGE = "publishers/index.html"
NOT_FOUND_PAGE = "404.html"
STYLE = "style.css"
OPML_FILE = "opml.xml"

_GROUNDS = {
    Ground.PUBLISHER: "the wish of the publisher or the author",
    Ground.LEGAL: "a legal demand",
    Ground.PRIVACY: "privacy",
    Ground.UPSTREAM: "gone from the feed itself",
}


@dataclass(frozen=True, slots=True)
class TakedownCount:
    """One line of the public log: how many copies were taken down on a day, on one ground."""

    day: date
    ground: Ground
    copies: int


@dataclass(frozen=True, slots=True)
class Renderer:
    """Renders one mirror's site; ``templates`` take the place of bundled ones by file name."""

    settings: MirrorSettings
    templates: Mapping[str, str] = field(default_factory=dict)
    _mirror: MirrorSettings = field(init=False, repr=False, compare=False)
    _templates: Templates = field(init=False, repr=False, compare=False)
    # An item is shown by its page and then, with all others of its batch, by up to three lists; its
    # card is kept as long as the item is.
    _made: WeakKeyDictionary[Item, tuple[Card, str]] = field(
        default_factory=WeakKeyDictionary, init=False, repr=False, compare=False
    )
    _entry: Callable[[Card], str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Take the templates into use; whoever shares the renderer shares their problems."""
        object.__setattr__(self, "_mirror", _worded(self.settings))
        object.__setattr__(self, "_templates", Templates(self.templates))
        entry = partial(atom_entry, templates=self._templates)
        object.__setattr__(self, "_entry", lru_cache(CARDS_KEPT)(entry))

    @property
    def problems(self) -> tuple[str, ...]:
        """What was wrong so far with the operator's templates: file, line and fault, each once."""
        return self._templates.problems

    def item_page(self, item: Item, *, nonce: str) -> Document:
        """Return the page of an item: what it says, and whose it is."""
        card, credit = self._card_and_credit(item)
        context = {
            "card": card,
            "credit": credit,
            "images": self.settings.images is Images.LINK,
            "linked_data": linked_data(card, self._mirror),
            "noindex": self.settings.noindex,
        }
        return self._page("item.html", context, root="../../", nonce=nonce)

    def tombstone_page(self, tombstone: Tombstone, *, nonce: str) -> Document:
        """Return the page in a removed or retired item's place: that it is gone, nothing else.

        The metadata's ``status`` is what the CDN answers with: 410, or 451 on a legal ground
        (RFC 9110 §15.5.11, RFC 7725).
        """
        legal = tombstone.ground is Ground.LEGAL
        context = {"legal": legal, "retired": tombstone.is_retired, "noindex": True}
        page = self._page("tombstone.html", context, root="../../", nonce=nonce)
        return replace(page, metadata={"status": "451" if legal else "410"})

    def card(self, item: Item) -> Card:
        """Return what lists and feeds show of an item, the credit at the end of its content."""
        card, credit = self._card_and_credit(item)
        return replace(card, content_html=f"{card.content_html}{BEFORE_CREDIT}{credit}")

    def listing(
        self, listing: Listing, *, nonce: str, months: Iterable[str] = ()
    ) -> dict[str, Document]:
        """Return the three files of a listing by name, the index to be read back last.

        ``months`` are the months of the host that are known, beside those that the listing knows.
        """
        shown = view(listing, mirror=self._mirror, months=months)
        return {
            INDEX: self._listing_page(shown, nonce=nonce),
            ATOM: atom_feed(shown, self._mirror, self._templates, entry=self._entry, nonce=nonce),
            JSON: json_feed(shown, self._mirror, nonce=nonce),
        }

    def about_page(self, treatment: HostTreatment, *, nonce: str) -> Document:
        """Return the page that tells a host's publisher how the mirror treats it.

        Its metadata's ``as-of`` is the moment that it tells of, so that whoever compares it can
        leave that out.
        """
        contact = self.settings.contact
        context = {
            "treatment": treatment,
            "letters": hosts_letters(contact, treatment.host),
            "feeds": [(feed, feeds_letter(contact, feed.address)) for feed in treatment.feeds],
            "noindex": self.settings.noindex,
            "removal": self._removal(),
        }
        page = self._page("about.html", context, root="../../", nonce=nonce)
        return replace(page, metadata={"as-of": timestamp(treatment.as_of)})

    def fixed_pages(self, *, feeds: Iterable[FeedSettings], nonce: str) -> dict[str, Document]:
        """Return what no item changes, by key; the feeds are listed in the OPML 2.0 file."""
        polled = tuple(feed for feed in feeds if feed.ended is None)
        listed = [
            replace(feed, url=address, site=link(feed.site))
            for feed in polled
            if (address := link(feed.url))
        ]
        opml = write_opml(listed, title=f"Feeds mirrored by {self._mirror.name}").decode()
        style = style_with_nonce(self._templates.source(STYLE), nonce)
        # The page for what is missing is served at any depth, so its links start at the site.
        root = f"{urlsplit(self.settings.site).path}/"
        removal = {"removal": self._removal()}
        told = {**removal, "practice": practice_of(self.settings, polled)}
        return {
            TAKEDOWN_PAGE: self._page("takedown.html", removal, root="../", nonce=nonce),
            PUBLISHERS_PAGE: self._page("publishers.html", told, root="../", nonce=nonce),
            NOT_FOUND_PAGE: self._page("404.html", {"noindex": True}, root=root, nonce=nonce),
            STYLE: Document(style, CSS),
            OPML_FILE: Document(markup_with_nonce(opml, nonce), OPML),
        }

    def removed_page(self, log: Iterable[TakedownCount] = (), *, nonce: str) -> Document:
        """Return the public log, newest day first; nothing in it tells who asked or for what."""
        rows = [
            {
                "day": each.day.isoformat(),
                "words": dates.day(datetime.combine(each.day, time())),
                "ground": _GROUNDS[each.ground],
                "copies": each.copies,
            }
            for each in sorted(log, key=lambda each: (-each.day.toordinal(), each.ground))
        ]
        return self._page("removed.html", {"log": rows}, root="../", nonce=nonce)

    def _listing_page(self, shown: ListingView, *, nonce: str) -> Document:
        listing = shown.listing
        context = {
            "cards": listing.cards,
            "hosts": listing.hosts,
            "listing": listing,
            "month_name": dates.month(listing.month) if listing.month else "",
            "months": shown.months,
            "next_month": shown.next_month,
            "noindex": self.settings.noindex,
            "previous_month": shown.previous_month,
            "publisher": shown.publisher,
            "title": shown.title,
        }
        root = {Kind.FRONT: "./", Kind.HOST: "../", Kind.MONTH: "../../"}[listing.kind]
        return self._page("listing.html", context, root=root, nonce=nonce)

    def _card_and_credit(self, item: Item) -> tuple[Card, str]:
        made = self._made.get(item)
        if made is None:
            made = self._made[item] = self._make(item)
        return made

    def _make(self, item: Item) -> tuple[Card, str]:
        card = bare_card(item, site=self.settings.site)
        context = {"card": card, "mirror": self._mirror, "removal": self._removal(card)}
        return card, self._templates.credit(card.language, context).strip()

    def _removal(self, card: Card | None = None) -> Removal:
        """Return the address to write to; for an item it carries the item's id, as a plus-tag."""
        mailbox, _, domain = self.settings.contact.rpartition("@")
        tag = f"+{card.id}" if card else ""
        subject = f"Removal: {card.host}/{card.id}" if card else "Removal"
        address = f"{mailbox}{tag}@{domain}"
        return Removal(address, mailto(address, subject=subject))

    def _page(self, name: str, context: Mapping[str, Any], *, root: str, nonce: str) -> Document:
        policy = policy_for(images=bool(context.get("images")))
        frame = {"mirror": self._mirror, "noindex": False, "policy": policy, "root": root}
        page = self._templates.render(name, {**frame, **context})
        return Document(markup_with_nonce(with_policy(page, policy), nonce), HTML)


def _worded(settings: MirrorSettings) -> MirrorSettings:
    """Return the settings, their words fit to stand in a sentence of ours."""
    name = one_line(settings.name) or urlsplit(settings.site).netloc
    return replace(settings, name=name, purpose=one_line(settings.purpose).rstrip("."))
