"""What feedparser loses of a feed, read from its raw XML in one pass.

feedparser keeps one value where a feed may state several, forgets texts that it knows only by
attributes, resolves what is an identity, and lets one entry's ``xml:base`` reach the next. What
attribution and removal rest on is therefore read here, element by element, in the namespaces
that state it; titles, texts and dates are left to feedparser.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from feedmirror.addresses import web_address
from feedmirror.characters import one_line
from feedmirror.mirroring.elements import (
    RDF,
    XML,
    Node,
    attribute,
    entries_of,
    header_of,
    name_of,
    node_of,
    plain_text,
    read_tree,
    whole_text,
)
from feedmirror.mirroring.entries import DeletedEntry, Entry, Feed
from feedmirror.mirroring.feed_terms import marks_of
from feedmirror.mirroring.moments import from_rfc3339
from feedmirror.mirroring.people import address_in, merge, people
from feedmirror.mirroring.refusals import NO_MIRROR
from feedmirror.mirroring.texts import language_tag
from feedmirror.records import Contact, Person, Source

_AUTHORS = {"author", "dc:creator", "dc:author"}
_RIGHTS = ("rights", "copyright", "dc:rights", "dcterms:rights")
_HTML = {"", "text/html", "application/xhtml+xml"}
_MINUTES = {"hourly": 60, "daily": 1440, "weekly": 10080, "monthly": 43200, "yearly": 525600}
_MOST_MINUTES = 525600
_HOURS = 24
# Links to a feed's other documents (RFC 5005 §3, §4): an archive holds more than pages promise to.
_OLDER = ("prev-archive", "next")
_PARTS = {*_OLDER, "next-archive", "previous", "prev"}
_DAYS = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}


@dataclass(frozen=True, slots=True)
class RawFeed:
    """What the XML itself tells of a feed, and its entries' elements for :func:`read_entry`.

    ``feed`` lacks format and entries. ``broken`` says that the XML is not well-formed: all
    here stood before the error.
    """

    feed: Feed
    base: str
    elements: tuple[Element, ...] = ()
    root: Element | None = None
    broken: bool = False


def read_raw(document: str, *, url: str) -> RawFeed:
    """Read what feedparser loses; the document must have come through documents.py."""
    root, broken = read_tree(document)
    if root is None:
        return RawFeed(Feed(url=url, format=""), url, broken=True)
    header = header_of(root, url)
    return RawFeed(_feed(header, root, url), header.base, entries_of(root), root, broken)


def read_entry(element: Element, base: str) -> Entry:
    """Read one entry: all but its title, texts, dates, categories and enclosures."""
    node = node_of(element, base)
    sources = [node_of(source, node.base) for source in node.named("source")][:1]
    stated = language_tag(node.text("dc:language"))
    return Entry(
        base_url=node.base,
        guid=_guid(node),
        link=_link(node, permalink=_permalink(node)),
        authors=_authors(node) or _people_in(node, "itunes:author"),
        rights=node.text(*_RIGHTS) or None,
        license_url=_license(node),
        credit=_credit(element),
        summary_html=_caption(element),
        language=stated or language_tag(element.get(XML + "lang")),
        source=next(map(_source, sources), None),
        source_authors=next(map(_authors, sources), ()),
        source_rights=next((source.text(*_RIGHTS) for source in sources), "") or None,
        source_license_url=next(map(_license, sources), None),
        refused=_is_refused(node),
        signals=marks_of(node, node.element),
    )


def choose_link(
    alternates: Sequence[tuple[str, str | None]], *, origin: str | None, permalink: str | None
) -> str | None:
    """Return an entry's link: the original before a proxy's, HTML before other types (rule T2).

    ``alternates`` are media types and absolute addresses, in order. A guid counts only last, and
    only if it is itself a web address: it is never resolved.
    """
    readable = [address for kind, address in alternates if kind in _HTML]
    any_type = [address for _, address in alternates]
    ordered = (origin, *readable, *any_type, web_address(permalink))
    return next((address for address in ordered if address), None)


def _feed(header: Node, root: Element, url: str) -> Feed:
    lang, names = XML + "lang", {name for name, _ in header.children}
    languages = (header.text("language", "dc:language"), header.element.get(lang), root.get(lang))
    return Feed(
        url=url,
        format="",
        title=header.text("title", "dc:title"),
        site_url=_link(header, permalink=None),
        new_address=_new_address(header),
        language=next((tag for tag in map(language_tag, languages) if tag), None),
        authors=_authors(header) or _people_in(header, "itunes:author"),
        rights=header.text(*_RIGHTS) or None,
        license_url=_license(header),
        contacts=_contacts(header),
        ttl=_ttl(header),
        skip_hours=frozenset(_skip_hours(header)),
        skip_days=frozenset(_skip_days(header)),
        deleted=tuple(_deleted(header)),
        refused=_is_refused(header),
        signals=marks_of(header, header.element, root),
        complete="fh:complete" in names,
        is_part="fh:archive" in names or any(_linked(header, _PARTS)),
        older=next((found for rel in _OLDER for found in _linked(header, {rel})), None),
    )


def _new_address(header: Node) -> str | None:
    """Return where a podcast says that its feed is from now on (rule D8)."""
    stated = (web_address(whole_text(node)) for node in header.named("itunes:new-feed-url"))
    return next((address for address in stated if address), None)


def _guid(node: Node) -> str | None:
    stated = (whole_text(element) for element in node.named("guid", "id"))
    about = node.element.get(RDF + "about", "").strip()
    return next((guid for guid in (*stated, about) if guid), None)


def _permalink(node: Node) -> str | None:
    """Return the guid where it is a link too, as RSS 2.0 has it unless the guid says otherwise."""
    for element in node.named("guid"):
        if (attribute(element, "ispermalink") or "true").lower() == "true":
            return whole_text(element)
    return node.element.get(RDF + "about")


def _link(node: Node, *, permalink: str | None) -> str | None:
    alternates = []
    for element in node.named("link"):
        if (element.get("rel") or "alternate").lower() == "alternate":
            reference = element.get("href") or whole_text(element)
            kind = element.get("type", "").lower()
            alternates.append((kind, node.address(element, reference)))
    # CDF states an entry's address as an attribute of the entry.
    alternates.append(("", node.address(node.element, attribute(node.element, "href"))))
    origins = (web_address(whole_text(element)) for element in node.named("feedburner:origlink"))
    origin = next((address for address in origins if address), None)
    return choose_link(alternates, origin=origin, permalink=permalink)


def _authors(node: Node) -> tuple[Person, ...]:
    """Return who made it, in the order of the document."""
    stated = (element for name, element in node.children if name in _AUTHORS)
    return merge(person for element in stated for person in _people(element, node))


def _people_in(node: Node, *names: str) -> tuple[Person, ...]:
    """Return the people of the first of these elements that names any."""
    for name in names:
        found = merge(person for e in node.named(name) for person in _people(e, node))
        if found:
            return found
    return ()


def _people(element: Element, outer: Node) -> tuple[Person, ...]:
    """Read an Atom person construct (RFC 4287 §3.2), or the text of an RSS one."""
    node = node_of(element, outer.base)
    if not node.children:
        return people(whole_text(element))
    named = people(node.text("name", "itunes:name")) or (Person(),)
    pages = (node.address(e, whole_text(e)) for e in node.named("uri", "url", "homepage"))
    address = address_in(node.text("email", "itunes:email"))
    first = Person(
        named[0].name, next((page for page in pages if page), None), address or named[0].address
    )
    return (first, *named[1:])


def _contacts(header: Node) -> tuple[Contact, ...]:
    """Return the addresses that a feed states for itself, each with the role it has there."""
    roles = (
        ("managingEditor", _people_in(header, "managingeditor")),
        ("webMaster", _people_in(header, "webmaster")),
        ("owner", _people_in(header, "itunes:owner")),
        ("author", _authors(header)),
    )
    stated = (Contact(role, p.address) for role, named in roles for p in named if p.address)
    return tuple(dict.fromkeys(stated))


def _license(node: Node) -> str | None:
    stated = [
        (element, element.get("href"))
        for element in node.named("link")
        if "license" in element.get("rel", "").lower().split()
    ]
    stated += [
        (element, element.get(RDF + "resource") or whole_text(element))
        for element in node.named("cc:license", "dcterms:license")
    ]
    addresses = (node.address(element, reference) for element, reference in stated)
    return next((address for address in addresses if address), None)


def _credit(element: Element) -> str | None:
    """Return the credits, then the copyrights, of an entry's media as one text (Media RSS)."""
    stated: list[str] = []
    media = list(_media(element))
    for wanted in ("media:credit", "media:copyright"):
        for found in (child for name, child in media if name == wanted):
            text, role = plain_text(found), one_line(found.get("role", ""))
            stated.append(f"{text} ({role})" if text and role else text)
    return "; ".join(text for text in dict.fromkeys(stated) if text) or None


def _caption(element: Element) -> str:
    """Return the caption of an entry's media (``media:description`` of Media RSS)."""
    captions = (plain_text(child) for name, child in _media(element) if name == "media:description")
    return next(captions, "")


def _media(element: Element) -> Iterator[tuple[str, Element]]:
    """Yield the media elements of an entry by name, those inside groups and contents included."""
    waiting = list(reversed(element))
    while waiting:
        child = waiting.pop()
        name = name_of(child)
        if name in {"media:group", "media:content"}:
            waiting.extend(reversed(child))
        elif name.startswith("media:"):
            yield name, child


def _source(node: Node) -> Source | None:
    """Read ``atom:source`` (RFC 4287 §4.2.11), or RSS 2.0's ``source`` with its ``url``."""
    if node.children:
        own = (e for e in node.named("link") if e.get("rel", "").lower() == "self")
        selves = (node.address(e, e.get("href")) for e in own)
        return Source(node.text("title"), _link(node, permalink=None) or next(selves, None))
    url = node.address(node.element, node.element.get("url"))
    source = Source(plain_text(node.element), url)
    return None if source == Source() else source


def _deleted(header: Node) -> Iterator[DeletedEntry]:
    """Yield every ``at:deleted-entry`` of the feed (RFC 6721 §3)."""
    for element in header.named("at:deleted-entry"):
        ref = element.get("ref", "").strip()
        if ref:
            yield DeletedEntry(ref=ref, when=from_rfc3339(element.get("when")))


def _is_refused(node: Node) -> bool:
    """Tell whether the publisher's mark is among the categories (RSS 2.0; RFC 4287 §4.2.2)."""
    categories = node.named("category")
    stated = (word for each in categories for word in (whole_text(each), each.get("term", "")))
    return any(word.strip().lower() == NO_MIRROR for word in stated)


def _linked(header: Node, relations: Collection[str]) -> Iterator[str]:
    """Yield the addresses that a feed links to by some relations."""
    for element in header.named("link"):
        if not {*element.get("rel", "").lower().split()}.isdisjoint(relations):
            address = header.address(element, element.get("href"))
            if address:
                yield address


def _ttl(header: Node) -> int | None:
    """Return ``ttl`` in minutes (RSS 2.0), else what the syndication module's period comes to."""
    ttl = _number(header.text("ttl"))
    period = _MINUTES.get(header.text("sy:updateperiod").lower())
    if ttl is None and period is not None:
        ttl = period // max(1, _number(header.text("sy:updatefrequency")) or 1)
    return min(ttl, _MOST_MINUTES) if ttl else None


def _skip_hours(header: Node) -> Iterator[int]:
    """Yield the hours in GMT; midnight is 0 in RSS 2.0 and 24 in RSS 0.91."""
    for element in (child for skipped in header.named("skiphours") for child in skipped):
        hour = _number(plain_text(element))
        if name_of(element) == "hour" and hour is not None and hour <= _HOURS:
            yield hour % _HOURS


def _skip_days(header: Node) -> Iterator[str]:
    for element in (child for skipped in header.named("skipdays") for child in skipped):
        day = plain_text(element).lower()
        if name_of(element) == "day" and day in _DAYS:
            yield day.capitalize()


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else None
