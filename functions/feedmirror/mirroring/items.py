"""Entries become items: every one with its attribution, its identity and its fingerprint.

Everything here is decided from values. An entry's markup is read elsewhere (``parsing``), and only
once it is known to be needed, since that costs more than all the rest.
"""

import html
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from feedmirror.addresses import digest, host_of, organisational_domain, resolve, web_address
from feedmirror.configuration import FeedSettings, Images, Publish
from feedmirror.layout import ItemId
from feedmirror.mirroring.entries import Entry, Feed
from feedmirror.mirroring.parsing import Markup, Texts
from feedmirror.mirroring.terms import Verdict, extent_of, settle
from feedmirror.mirroring.terms_table import Extent
from feedmirror.records import (
    Attribution,
    Contact,
    Enclosure,
    FeedReference,
    Item,
    Person,
    Publisher,
    Revisions,
    Terms,
    values_of,
)
from feedmirror.suppression import Subject, claimed_hosts, describe, item_key, text_key

if TYPE_CHECKING:
    from feedmirror.mirroring.entry_terms import FeedTerms

MOST_NAMES = 32  # authors, categories and enclosures of one entry
LONGEST_LINE = 10_000  # characters of a title, a name or a statement of rights
_LEAST_TEXT = 200  # characters: shorter ones, such as "for subscribers", many items share


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An entry on its way to becoming an item; ``last`` is true of a document's last entry.

    ``span`` is the digest of its bytes there, empty where it is not known.
    ``terms`` says how much of it is shown, and why: nothing at all is not stored either.
    ``hosts`` are those whose rules may cover it, and under which it is announced: its source host
    and every host that it claims.
    """

    id: ItemId
    host: str
    entry: Entry
    attribution: Attribution
    subject: Subject
    hosts: frozenset[str]
    fingerprint: str
    guid: str
    contacts: tuple[Contact, ...]
    last: bool
    terms: Verdict
    span: str = ""

    @property
    def may_be_stored(self) -> bool:
        """Whether its publisher lets anything of it be shown here."""
        return self.terms.extent is not Extent.NOTHING and not self.entry.refused


def attribute(entry: Entry, *, feed: Feed, settings: FeedSettings) -> Attribution:
    """Say whose work an entry is (design §1, rules T1-T3).

    Only the operator decides the publisher; the entry's link, authors and source are its claims.
    Authors are the entry's, else its source's, else the feed's (RFC 4287 §4.2.1); none is ever
    invented. What a feed permits holds for its own entries, not for those that it took from
    elsewhere: with a source, rights and licence are the entry's or the source's.
    """
    host = settings.host
    home = settings.site or _home(feed, host)
    return Attribution(
        original_url=entry.link or home,
        publisher=Publisher(name=feed.title or host, url=home, host=host),
        feed=FeedReference(title=feed.title, url=settings.url),
        authors=entry.authors or entry.source_authors or feed.authors,
        rights=entry.rights or (entry.source_rights if entry.source else feed.rights),
        license_url=entry.license_url
        or (entry.source_license_url if entry.source else feed.license_url),
        credit=entry.credit,
        source=entry.source,
    )


def markup_of(draft: Draft, *, images: Images) -> Markup:
    """Return the markup of a draft, of which :func:`build_item` needs the texts."""
    entry = draft.entry
    return Markup(
        whole=entry.content_html or entry.summary_html,
        summary=entry.summary_html if entry.content_html else "",
        base_url=entry.base_url,
        images=images,
        shown=draft.terms.extent > Extent.EXCERPT,
    )


def build_item(draft: Draft, texts: Texts, *, now: datetime) -> Item:
    """Build the item of a draft as first seen now, of its texts as far as its terms go."""
    entry = draft.entry
    content, summary = texts.content, texts.summary
    if draft.terms.extent <= Extent.LINK:
        content = summary = ""
    elif draft.terms.extent is Extent.EXCERPT:
        content = _excerpt(summary)
    telling = draft.hosts if len(texts.words) >= _LEAST_TEXT else ()
    keys = {text_key(host, texts.words) for host in telling}
    return Item(
        id=draft.id,
        host=draft.host,
        title=entry.title,
        content_html=content,
        summary=summary,
        language=entry.language,
        published=entry.published,
        updated=entry.updated,
        first_seen=now,
        retrieved=now,
        fingerprint=draft.fingerprint,
        attribution=draft.attribution,
        subject=Subject(draft.subject.keys | keys),
        categories=entry.categories,
        enclosures=tuple(_enclosures(entry)),
        contacts=draft.contacts,
        revisions=Revisions(seen=(draft.fingerprint,)),
        terms=Terms(draft.terms.extent.word, draft.terms.why),
    )


def link_only(item: Item, settings: FeedSettings) -> Item:
    """Return an item as its feed would have stored it with ``publish = "link"``."""
    operators = replace(settings, publish=Publish.LINK)
    return _cut(item, settle(operators, ()), operators)


def cut_to(item: Item, terms: Verdict, settings: FeedSettings) -> Item:
    """Return an item with no more than its feed's terms permit, as the feed would have stored it.

    What shows less already stays as it is, with the reason that it has.
    """
    shown = extent_of(item.terms.shown) if item.terms else Extent.FULL
    return item if shown < terms.extent else _cut(item, terms, settings)


def _cut(item: Item, terms: Verdict, settings: FeedSettings) -> Item:
    said = item.fingerprint.partition(".")[0]
    summary = item.summary if terms.extent > Extent.LINK else ""
    return replace(
        item,
        content_html=_excerpt(summary),
        summary=summary,
        fingerprint=f"{said}.{terms_of(settings, terms)}",
        terms=Terms(terms.extent.word, terms.why),
    )


def _excerpt(text: str) -> str:
    return f"<p>{html.escape(text)}</p>" if text else ""


@dataclass(frozen=True, slots=True)
class Named:
    """By what an entry is known: its item, the hash of its own guid, the digest of its bytes."""

    item: ItemId
    guid: str = ""
    span: str = ""


def draft_of(entry: Entry, named: Named, *, feed: Feed, terms: "FeedTerms") -> Draft:
    """Return the draft of one entry of a feed, under the terms that hold there."""
    settings = terms.settings
    # Without xml:base, what is relative in an entry is meant from its own page.
    base = entry.link if entry.link and entry.base_url == feed.url else entry.base_url
    entry = replace(
        entry, language=entry.language or feed.language, base_url=base, **_bounded(entry)
    )
    attribution = attribute(entry, feed=feed, settings=settings)
    verdict = terms.of(entry)
    addresses = (entry.link,) if entry.link else ()
    # A guid that several entries have, such as the site's own address, names none of them.
    own_guid = entry.guid if named.guid else None
    hosts = claimed_hosts(addresses, own_guid) | {settings.host}
    claims = describe(
        hosts=hosts,
        addresses=addresses,
        guid=own_guid,
        authors=((author.name, author.address or "") for author in attribution.authors),
        feeds=(settings.url,),
    )
    return Draft(
        id=named.item,
        host=settings.host,
        entry=entry,
        attribution=attribution,
        subject=Subject(claims.keys | {item_key(settings.host, named.item)}),
        hosts=hosts,
        fingerprint=f"{_fingerprint(entry, attribution)}.{terms_of(settings, verdict)}",
        guid=named.guid,
        contacts=feed.contacts,
        last=False,
        terms=verdict,
        span=named.span,
    )


def terms_of(settings: FeedSettings, terms: Verdict | None = None) -> str:
    """Return a digest of what decides how a feed's entries are stored: a change is an edit.

    The publisher's terms are among it where they permit less than all.
    """
    less = terms is not None and terms.extent < Extent.FULL and settings.publish is Publish.AUTO
    stated = (terms.extent.word, terms.why) if terms is not None and less else ()
    return _digest_of_terms(settings.host, settings.publish, *stated)[:8]


_digest_of_terms = lru_cache(maxsize=256)(partial(digest, "terms"))  # of most entries of a feed one


def _bounded(entry: Entry) -> dict[str, Any]:
    """Cut what no publisher means to be that long, so that no text costs a run its time."""
    return {
        "title": shorten(entry.title),
        "rights": shorten(entry.rights or "") or None,
        "credit": shorten(entry.credit or "") or None,
        "authors": tuple(map(_with_short_name, entry.authors[:MOST_NAMES])),
        "categories": tuple(map(shorten, entry.categories[:MOST_NAMES])),
        "enclosures": entry.enclosures[:MOST_NAMES],
    }


def _with_short_name(author: Person) -> Person:
    short = shorten(author.name)
    return author if short is author.name else replace(author, name=short)


def shorten(text: str) -> str:
    """Cut a line of text that is over ten thousand characters long."""
    return text if len(text) <= LONGEST_LINE else text[: LONGEST_LINE - 1] + "…"


def _fingerprint(entry: Entry, attribution: Attribution) -> str:
    """Hash what an entry says, before cleaning and without its dates (rule C1).

    The terms are put behind it, so that what changes them reaches what is stored. Empty fields are
    skipped, so that a field that a later version adds changes nothing.
    """
    said = {
        "title": entry.title,
        "content": entry.content_html,
        "summary": entry.summary_html,
        "link": entry.link,
        "authors": [values_of(author) for author in attribution.authors],
        "rights": attribution.rights,
        "license": attribution.license_url,
        "credit": attribution.credit,
        "source": values_of(attribution.source) if attribution.source else None,
        "categories": entry.categories,
        "enclosures": [values_of(enclosure) for enclosure in entry.enclosures],
        "language": entry.language,
    }
    stated = {name: value for name, value in said.items() if value}
    return digest("entry", json.dumps(stated, sort_keys=True))[:16]


def _home(feed: Feed, host: str) -> str:
    """Return the address of the site: what the feed says of its own domain, else the host's root.

    A feed that names somebody else's site as its own is not believed (design §3.1).
    """
    stated = web_address(feed.site_url)
    claimed = host_of(stated or "")
    domain = organisational_domain(host)
    same = claimed == host or (claimed and domain and organisational_domain(claimed) == domain)
    return stated if stated and same else f"https://{host}/"


def _enclosures(entry: Entry) -> Iterator[Enclosure]:
    for enclosure in entry.enclosures:
        address = web_address(resolve(entry.base_url, enclosure.url))
        if address:
            yield replace(enclosure, url=address)
