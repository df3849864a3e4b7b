"""Cards: what lists and feeds show of an item.

A card is made once, when an item's page is rendered, and is then carried from run to run by the
listing's ``feed.json``. Everything in it is fit to be shown: texts are single lines of legal
characters, links are web addresses, moments are in UTC, and it has no place for a mail address.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from feedmirror.addresses import canonical_link
from feedmirror.characters import one_line
from feedmirror.layout import ItemId
from feedmirror.publishing.texts import (
    direction,
    legal_markup,
    link,
    name_without_addresses,
    shown_language,
    utc,
    without_addresses,
)
from feedmirror.records import Attribution, Enclosure, FeedReference, Item, Publisher, Source

_HEADLINE_LENGTH = 80
_BYLINE_LENGTH = 100  # characters of each name in a list; the item's page has the whole
_LESS = ("excerpt", "link")
BEFORE_CREDIT = "\n<hr>\n"  # between what an item says and its credit


@dataclass(frozen=True, slots=True)
class Author:
    """An author as published: a name, a page, never an address."""

    name: str = ""
    url: str | None = None

    @property
    def label(self) -> str:
        """What stands for the author: the name, or the page where no name is stated."""
        return self.name or self.url or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What lists and feeds show of an item; ``content_html`` ends in the credit (rule T4).

    ``shown`` is ``excerpt`` or ``link`` where it is less than the feed offers, and ``terms`` why.

    ``address`` is the item's page and, for ever, its ``atom:id``. No authors means: not stated.
    """

    id: ItemId
    host: str
    address: str
    original_url: str
    link_host: str
    title: str
    content_html: str
    summary: str
    published: datetime | None
    updated: datetime | None
    first_seen: datetime
    shown_from: datetime
    retrieved: datetime
    authors: tuple[Author, ...]
    categories: tuple[str, ...]
    enclosures: tuple[Enclosure, ...]
    language: str | None
    rights: str | None
    license_url: str | None
    credit: str | None
    publisher: Publisher
    feed: FeedReference
    source: Source | None
    shown: str = ""
    terms: str = ""

    def __hash__(self) -> int:
        """Return a hash by the item alone: what is made of cards is looked up by them."""
        return hash((self.host, self.id))

    @property
    def headline(self) -> str:
        """The title, or the beginning of the summary where an entry has no title."""
        if self.title or not self.summary:
            return self.title or "Untitled"
        if len(self.summary) <= _HEADLINE_LENGTH:
            return self.summary
        return self.summary[:_HEADLINE_LENGTH].rpartition(" ")[0] + "…"

    @property
    def byline(self) -> tuple[Author, ...]:
        """The authors as a list of many items names them: nobody's name takes all of its room."""
        return tuple(
            replace(author, name=f"{author.name[: _BYLINE_LENGTH - 1]}…")
            if len(author.name) > _BYLINE_LENGTH
            else author
            for author in self.authors
        )

    @property
    def changed(self) -> datetime:
        """When it last changed: as stated, but not later than it was fetched."""
        return min(self.updated or self.published or self.first_seen, self.retrieved)

    @property
    def has_own_original(self) -> bool:
        """Whether its original is a page of its own: without a link it is the site's home page."""
        return canonical_link(self.original_url) != canonical_link(self.publisher.url)

    @property
    def is_link(self) -> bool:
        """Whether it says nothing of its item but the title and the credit."""
        return not (self.summary or self.content_html.rpartition(BEFORE_CREDIT)[0])

    @property
    def is_excerpt(self) -> bool:
        """Whether it is known to say no more of its item than an excerpt."""
        return self.shown in _LESS

    @property
    def direction(self) -> str:
        """The value of ``dir`` for its title, summary and content."""
        return direction(self.language)


def bare_card(item: Item, *, site: str) -> Card:
    """Return an item's card, its content still without the credit.

    ``site`` is the mirror's address without a trailing slash.
    """
    credit = item.attribution
    known = [contact.address for contact in item.contacts]
    known += [author.address for author in credit.authors if author.address]
    publisher = _publisher(credit.publisher, known)
    return Card(
        id=item.id,
        host=item.host,
        address=f"{site}/{item.host}/{item.id}/",
        original_url=link(credit.original_url) or publisher.url,
        link_host=item.link_host,
        title=one_line(item.title),
        content_html=legal_markup(item.content_html),
        summary=one_line(item.summary),
        published=utc(item.published) if item.published else None,
        updated=utc(item.updated) if item.updated else None,
        first_seen=utc(item.first_seen),
        shown_from=utc(item.shown_from),
        retrieved=utc(item.retrieved),
        authors=_authors(credit, known),
        categories=_categories(item.categories, known),
        enclosures=_enclosures(item.enclosures),
        language=shown_language(item.language),
        rights=_rights(credit, known),
        license_url=link(credit.license_url),
        credit=without_addresses(one_line(credit.credit or ""), known) or None,
        publisher=publisher,
        feed=FeedReference(
            name_without_addresses(credit.feed.title, known), link(credit.feed.url) or ""
        ),
        source=_source(credit.source, known),
        shown=item.terms.shown if item.terms and item.terms.shown in _LESS else "",
        terms=one_line(item.terms.why) if item.terms and item.terms.shown in _LESS else "",
    )


def _authors(credit: Attribution, known: list[str]) -> tuple[Author, ...]:
    stated = (Author(name_without_addresses(a.name, known), link(a.url)) for a in credit.authors)
    return tuple(dict.fromkeys(author for author in stated if author.label))


def _publisher(publisher: Publisher, known: list[str]) -> Publisher:
    return Publisher(
        name=name_without_addresses(publisher.name, known) or publisher.host,
        url=link(publisher.url) or f"https://{publisher.host}/",
        host=publisher.host,
    )


def _rights(credit: Attribution, known: list[str]) -> str | None:
    """Return the rights as stated; a licence that is no address is a statement of rights too."""
    stated = [credit.rights or ""]
    if credit.license_url and link(credit.license_url) is None:
        stated.append(credit.license_url)
    texts = (without_addresses(one_line(text), known) for text in stated)
    return "; ".join(text for text in texts if text) or None


def _categories(categories: Iterable[str], known: list[str]) -> tuple[str, ...]:
    names = (name_without_addresses(category, known) for category in categories)
    return tuple(dict.fromkeys(name for name in names if name))


def _enclosures(enclosures: tuple[Enclosure, ...]) -> tuple[Enclosure, ...]:
    return tuple(
        Enclosure(address, one_line(enclosure.type), enclosure.length)
        for enclosure in enclosures
        if (address := link(enclosure.url))
    )


def _source(source: Source | None, known: list[str]) -> Source | None:
    if source is None:
        return None
    title, address = name_without_addresses(source.title, known), link(source.url)
    return Source(title, address) if title or address else None
