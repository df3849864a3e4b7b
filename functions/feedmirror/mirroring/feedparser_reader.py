"""RSS, RDF, Atom and CDF by feedparser: text in, typed values out.

feedparser is imported here and in entry_by_entry.py. It is used for what it is good at, documents
that are broken in every way; it never fetches (a stream is all it gets), never sanitises or
resolves, and what it loses comes from raw_xml.py.
"""

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from io import BytesIO
from typing import Any
from xml.etree.ElementTree import Element
from xml.sax import SAXException

import feedparser

from feedmirror.mirroring.documents import with_named_characters
from feedmirror.mirroring.elements import document_of, every_entry_of
from feedmirror.mirroring.entries import Entry, Feed, FeedUnreadableError
from feedmirror.mirroring.entry_by_entry import parse_strictly
from feedmirror.mirroring.hazards import ROOT, refuse_excess, without_hazards
from feedmirror.mirroring.parsed_entries import Parsed, convert_entry, convert_loosely, plain_value
from feedmirror.mirroring.raw_xml import RawFeed, read_entry, read_raw

_MOST_SALVAGED = 1000
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_EDITOR = re.compile(r"(</?(?:[\w.-]{1,40}:)?)managingeditor\b", re.IGNORECASE)


def read_feed(text: str, *, url: str) -> Feed:
    """Read a feed from a document that came through documents.py.

    An entry that cannot be read costs only itself, and is told in ``problems``. Raises
    FeedUnreadableError if none can be read of a document that feedparser fails at.
    """
    raw = read_raw(text, url=url)
    if raw.broken and (named := with_named_characters(text)) != text:
        text, raw = named, read_raw(named, url=url)
    refuse_excess(raw.root, raw.elements)
    try:
        parsed = _parse(without_hazards(text), raw)
    except Exception as error:  # noqa: BLE001 -- feedparser hands on whatever a document provokes
        return _salvaged(raw, error)
    entries = _aligned(parsed["entries"], raw, is_atom=parsed["version"].startswith("atom"))
    return replace(
        _feed(parsed["feed"], raw),
        format=_format(parsed["version"]),
        entries=entries.kept,
        damaged=bool(parsed["bozo"]) or entries.failed,
        problems=entries.problems,
    )


@dataclass(frozen=True, slots=True)
class _Entries:
    kept: tuple[Entry, ...]
    problems: tuple[str, ...]
    failed: bool


def _parse(text: str, raw: RawFeed) -> Any:  # noqa: ANN401 -- feedparser ships no types
    """Return what feedparser makes of a document; of a well-formed one, entry by entry."""
    body = _without_editors(text).encode()
    root = ROOT.search(text)
    if not raw.broken and root and "<!" not in _COMMENT.sub("", text[: root.start()]):
        with suppress(SAXException):  # of a namespace that SAX refuses
            return parse_strictly(body)
    return feedparser.parse(
        BytesIO(body),
        sanitize_html=False,
        resolve_relative_uris=False,
        response_headers={"content-type": "application/xml; charset=utf-8"},
    )


def _without_editors(text: str) -> str:
    """Call ``managingEditor`` what feedparser does not know: to it, that is an author.

    It is whom to write to, and no more; raw_xml.py reads it as that.
    """
    return _EDITOR.sub(r"\1editor", text) if "managingeditor" in text.lower() else text


def _format(version: str) -> str:
    named: str = feedparser.api.SUPPORTED_VERSIONS.get(version, version) if version else "CDF"
    return named


def _feed(parsed: Parsed, raw: RawFeed) -> Feed:
    """Return the feed without its entries: by the raw XML, and where that broke, by feedparser."""
    if not raw.broken:
        return raw.feed
    loose = convert_loosely(parsed, raw.base)
    feed = raw.feed
    return replace(
        feed,
        title=feed.title or plain_value(parsed, "title"),
        site_url=feed.site_url or loose.link,
        language=feed.language or loose.language,
        authors=feed.authors or loose.authors,
        rights=feed.rights or loose.rights,
        license_url=feed.license_url or loose.license_url,
    )


def _aligned(parsed: list[Parsed], raw: RawFeed, *, is_atom: bool) -> _Entries:
    """Convert the entries, each with what the raw XML tells of the same one, by position.

    Where the XML broke off, what stood before is in the same order for both.
    """
    found, elements = len(parsed), raw.elements
    problems: tuple[str, ...] = ()
    if raw.root is not None and len(elements) < found:
        elements = every_entry_of(raw.root)
    if len(elements) > found or (len(elements) < found and not raw.broken):
        problems = (f"{found} entries, but {len(elements)} in the raw XML, which is not used",)
        elements = ()
    padded: list[Element | None] = [*elements, *[None] * (found - len(elements))]

    def converted(entry: Parsed, element: Element | None) -> Entry:
        if element is None:
            stated = convert_loosely(entry, raw.base, is_atom=is_atom)
        else:
            stated = read_entry(element, raw.base)
        return convert_entry(entry, stated, is_atom=is_atom)

    makers = [partial(converted, *pair) for pair in zip(parsed, padded, strict=True)]
    entries = _collected(makers)
    return replace(entries, problems=(*problems, *entries.problems))


def _salvaged(raw: RawFeed, cause: Exception) -> Feed:
    """Read entry by entry a document at which feedparser failed, so that one costs only itself."""
    unreadable = FeedUnreadableError(f"the feed cannot be parsed: {cause!r}")
    root = raw.root
    if root is None or not 0 < len(raw.elements) <= _MOST_SALVAGED:
        raise unreadable from cause
    version = _parse(document_of(root), raw)["version"]

    def alone(element: Element) -> Entry:
        (entry,) = _parse(without_hazards(document_of(root, element)), raw)["entries"]
        stated = read_entry(element, raw.base)
        return convert_entry(entry, stated, is_atom=version.startswith("atom"))

    entries = _collected(partial(alone, element) for element in raw.elements)
    if not entries.kept:
        raise unreadable from cause
    return replace(
        raw.feed,
        format=_format(version),
        entries=entries.kept,
        damaged=True,
        problems=entries.problems,
    )


def _collected(makers: Iterable[Callable[[], Entry]]) -> _Entries:
    """Make each entry under its own guard."""
    kept: list[Entry] = []
    problems: list[str] = []
    failed = False
    for position, make in enumerate(makers, start=1):
        try:
            entry = make()
        except Exception as error:  # noqa: BLE001 -- one bad entry never costs the feed
            failed = True
            problems.append(f"entry {position}: {error!r}")
            continue
        if entry.is_empty:
            problems.append(f"entry {position}: it is empty")
        else:
            kept.append(entry)
    return _Entries(tuple(kept), tuple(problems), failed)
