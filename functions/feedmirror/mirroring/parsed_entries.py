"""What feedparser made of a feed, taken over value by value.

Any element of a document can take the place of one of feedparser's own keys (``<links>``,
``<published_parsed x="1"/>``), so each value is checked for its type before it is used.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from feedmirror.addresses import resolve, web_address
from feedmirror.characters import one_line
from feedmirror.mirroring.entries import LARGEST_FILE, Entry
from feedmirror.mirroring.moments import from_fields
from feedmirror.mirroring.people import address_in, merge, people
from feedmirror.mirroring.raw_xml import choose_link
from feedmirror.mirroring.texts import (
    html_to_plain,
    language_tag,
    longest_and_other,
    looks_like_markup,
    text_to_html,
)
from feedmirror.records import Enclosure, Person, Source

_LENGTH = re.compile(f"[0-9]{{1,{len(str(LARGEST_FILE))}}}")
_HTML_TYPES = {"text/html", "application/xhtml+xml"}
_PLAIN_TYPES = {"text/plain", "text", ""}
_BLOGGER_KIND = "http://schemas.google.com/g/2005#kind"  # says that an entry is an entry

Parsed = dict[str, Any]


def convert_entry(parsed: Parsed, stated: Entry, *, is_atom: bool) -> Entry:
    """Return an entry whole: its texts and dates from feedparser, the rest as ``stated``.

    What is stated as summary is the caption of its media, which feedparser takes for the entry's.
    """
    bodies = list(_bodies(parsed))
    if len(bodies) > 1:
        own = [body for body in bodies if body and html_to_plain(body) != stated.summary_html]
        bodies = own or bodies
    content, summary = longest_and_other(bodies)
    published = from_fields(_own(parsed, "published_parsed")) or from_fields(
        _own(parsed, "created_parsed")
    )
    updated = from_fields(_own(parsed, "updated_parsed"))
    if not is_atom and published is None:  # dc:date, which feedparser takes for an update
        published, updated = updated, None
    return replace(
        stated,
        title=plain_value(parsed, "title"),
        content_html=content,
        summary_html=summary,
        published=published,
        updated=updated,
        categories=tuple(dict.fromkeys(_categories(parsed))),
        enclosures=_enclosures(parsed, stated.base_url),
    )


def convert_loosely(parsed: Parsed, base: str, *, is_atom: bool = False) -> Entry:
    """Return what feedparser can tell of an entry (or feed) whose raw XML could not be read."""
    alternates = [
        (_text(link, "type"), address) for link, address in _linked(parsed, "alternate", base)
    ]
    guid = _text(parsed, "id").strip() or None
    is_permalink = not is_atom and _own(parsed, "guidislink") is True
    rights = plain_value(parsed, "rights")
    credits_ = (one_line(_text(credit, "content")) for credit in _mappings(parsed, "media_credit"))
    return Entry(
        base_url=base,
        guid=guid,
        link=choose_link(
            alternates,
            origin=web_address(_text(parsed, "feedburner_origlink")),
            permalink=guid if is_permalink else None,
        ),
        authors=_authors(parsed),
        rights=rights or None,
        license_url=_license(parsed, base),
        credit="; ".join(dict.fromkeys(credit for credit in credits_ if credit)) or None,
        language=language_tag(_text(parsed, "language")),
        **_loose_source(_own(parsed, "source"), base),
    )


def _loose_source(source: object, base: str) -> dict[str, Any]:
    if not isinstance(source, dict):
        return {}
    linked = [*_linked(source, "alternate", base), *_linked(source, "self", base)]
    stated = _absolute(base, _text(source, "href"))
    found = Source(plain_value(source, "title"), stated or next((a for _, a in linked), None))
    is_atom = not set(source) <= {"href", "title", "title_detail"}  # RSS has no more to state
    return {
        "source": found if is_atom or found != Source() else None,
        "source_authors": _authors(source),
        "source_rights": plain_value(source, "rights") or None,
        "source_license_url": _license(source, base),
    }


def _license(parsed: Parsed, base: str) -> str | None:
    return next((address for _, address in _linked(parsed, "license", base)), None)


def _linked(parsed: Parsed, relation: str, base: str) -> Iterator[tuple[Parsed, str]]:
    """Yield the links of a relation that lead to a web address."""
    for link in _mappings(parsed, "links"):
        address = _absolute(base, _text(link, "href"))
        if address and relation in _text(link, "rel").lower().split():
            yield link, address


def _authors(parsed: Parsed) -> tuple[Person, ...]:
    """Return feedparser's ``authors``; its ``author`` may be the last, its detail the first."""
    named: list[Person] = []
    for author in _mappings(parsed, "authors"):
        address, page = address_in(_text(author, "email")), web_address(_text(author, "href"))
        first, *others = people(_text(author, "name")) or (Person(),)
        named += [Person(first.name, page, first.address or address), *others]
    return merge(named)


def plain_value(parsed: Parsed, key: str) -> str:
    """Return a text construct as plain text, by the type that it states or that it looks like."""
    text = _text(parsed, key)
    return html_to_plain(text) if _type(parsed, key) in _HTML_TYPES else one_line(text)


def _type(parsed: Parsed, key: str) -> str:
    """Return the media type of a text, as it states it or else as it looks."""
    text = _text(parsed, key)
    detail = _own(parsed, f"{key}_detail")
    # An element further down may have left its detail beside this text.
    if isinstance(detail, dict) and _own(detail, "value") == text:
        return _text(detail, "type").lower()
    return "text/html" if looks_like_markup(text) else "text/plain"


def _bodies(parsed: Parsed) -> Iterator[str]:
    """Yield every text of an entry as HTML, whichever slot feedparser put it in."""
    texts = set()
    for content in _mappings(parsed, "content"):
        texts.add(_text(content, "value"))
        yield _as_html(_text(content, "value"), _text(content, "type").lower())
    summary = _text(parsed, "summary")
    if summary not in texts:
        yield _as_html(summary, _type(parsed, "summary"))


def _as_html(text: str, kind: str) -> str:
    """Return a text as HTML; media that are carried inline have none."""
    if kind in _PLAIN_TYPES:
        return text_to_html(text)
    return text.strip() if kind in _HTML_TYPES else ""


def _categories(parsed: Parsed) -> Iterator[str]:
    for tag in _mappings(parsed, "tags"):
        text = _text(tag, "label") or _text(tag, "term")
        name = html_to_plain(text) if looks_like_markup(text) else one_line(text)
        if name and _text(tag, "scheme") != _BLOGGER_KIND:
            yield name


def _enclosures(parsed: Parsed, base: str) -> tuple[Enclosure, ...]:
    """Return RSS enclosures, Atom's enclosure links and Media RSS contents, each file once."""
    stated = [
        (_text(link, "href"), _text(link, "type"), _text(link, "length"))
        for link in _mappings(parsed, "links")
        if _text(link, "rel").lower() == "enclosure"
    ]
    stated += [
        (_text(media, "url"), _text(media, "type"), _text(media, "filesize"))
        for media in _mappings(parsed, "media_content")
    ]
    files: dict[str, Enclosure] = {}
    for reference, stated_kind, length in stated:
        address = _absolute(base, reference)
        # feedparser's guess for a link of no stated type; no media file is a page.
        kind = "" if stated_kind == "text/html" else stated_kind
        if address:
            number = int(length) if _LENGTH.fullmatch(length) else None
            known = files.get(address, Enclosure(address))
            files[address] = Enclosure(
                address,
                known.type or one_line(kind),
                number if known.length is None else known.length,
            )
    return tuple(files.values())


def _absolute(base: str, reference: str) -> str | None:
    return web_address(resolve(base, reference)) if reference.strip() else None


def _own(parsed: Parsed, key: str) -> object:
    """Return what stands under this very key: feedparser's own lookup answers with others."""
    return dict.get(parsed, key)


def _text(parsed: Parsed, key: str) -> str:
    value = _own(parsed, key)
    return value if isinstance(value, str) else ""


def _mappings(parsed: Parsed, key: str) -> list[Parsed]:
    values = _own(parsed, key)
    return [v for v in values if isinstance(v, dict)] if isinstance(values, list) else []
