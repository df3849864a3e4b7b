"""Elements of a feed by name: which namespace states them, what base they stand under.

Namespaces are compared as publishers spell them, in any case and with or without a closing slash;
an element of a namespace that is not listed here is nobody's, whatever it is called.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from xml.etree import ElementTree as ET

from feedmirror.addresses import resolve, web_address
from feedmirror.characters import one_line
from feedmirror.mirroring.texts import encoded_once, html_to_plain, looks_like_markup

XML = "{http://www.w3.org/XML/1998/namespace}"
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
# Compared in lower case and without a closing "/" or "#"; what is not here is nobody's element.
_PREFIXES = {
    "": "",
    "http://www.w3.org/2005/atom": "",
    "http://purl.org/atom/ns": "",
    "http://purl.org/rss/1.0": "",
    "http://my.netscape.com/rdf/simple/0.9": "",
    "http://blogs.law.harvard.edu/tech/rss": "",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns": "rdf:",
    "http://purl.org/dc/elements/1.1": "dc:",
    "http://purl.org/dc/terms": "dcterms:",
    "http://www.itunes.com/dtds/podcast-1.0.dtd": "itunes:",
    "http://search.yahoo.com/mrss": "media:",
    "http://backend.userland.com/creativecommonsrssmodule": "cc:",
    "http://cyber.law.harvard.edu/rss/creativecommonsrssmodule.html": "cc:",
    "http://cyber.law.harvard.edu/rss/creativecommonsrssmodule": "cc:",
    "http://web.resource.org/cc": "cc:",
    "http://creativecommons.org/ns": "cc:",
    "http://rssnamespace.org/feedburner/ext/1.0": "feedburner:",
    "http://purl.org/rss/1.0/modules/syndication": "sy:",
    "http://purl.org/atompub/tombstones/1.0": "at:",
    "http://www.bloglines.com/about/specs/fac-1.0": "access:",
    "urn:atom-extension:indexing": "indexing:",
    "https://podcastindex.org/namespace/1.0": "podcast:",
    "https://github.com/podcastindex-org/podcast-namespace/blob/main/docs/1.0.md": "podcast:",
    "https://rslstandard.org/rsl": "rsl:",
    "http://purl.org/syndication/history/1.0": "fh:",
}
_HTML_TYPES = {"html", "text/html"}
ENTRIES = {"item", "entry"}


@dataclass(frozen=True, slots=True)
class Node:
    """An element, its children with their names, and the base address in effect in it."""

    element: ET.Element
    children: Sequence[tuple[str, ET.Element]]
    base: str
    _by_name: dict[str, list[ET.Element]] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        """Put the children together by name: each is asked for by a few."""
        for name, element in self.children:
            self._by_name.setdefault(name, []).append(element)

    def named(self, *names: str) -> Iterator[ET.Element]:
        """Yield the children of these names, name by name."""
        for name in names:
            yield from self._by_name.get(name, ())

    def text(self, *names: str) -> str:
        """Return the first text that is not empty, as plain text in one line."""
        return next((text for text in map(plain_text, self.named(*names)) if text), "")

    def address(self, element: ET.Element, reference: str | None) -> str | None:
        """Return the absolute web address of an element's reference, or None if it is none."""
        stated = (reference or "").strip()
        base = resolve(self.base, element.get(XML + "base", ""))
        return web_address(resolve(base, stated)) if stated else None


def read_tree(document: str) -> tuple[ET.Element | None, bool]:
    """Return the root element, as far as it could be read, and whether the XML is broken."""
    parser: ET.XMLPullParser[ET.Element] = ET.XMLPullParser(["start"])
    root: ET.Element | None = None
    try:
        parser.feed(document.encode())
        events: Iterable[Any] = parser.read_events()  # only starts, whose value is the element
        for _, element in events:
            root = element if root is None else root
        parser.close()
    except ET.ParseError:
        return _in_core(root), True
    return _in_core(root), False


def header_of(root: ET.Element, url: str) -> Node:
    """Return the feed's own children: those of its first channel and of the root."""
    channel = next((child for child in root if name_of(child) == "channel"), None)
    levels = [root] if channel is None else [channel, root]
    children = [
        (name, child)
        for level in levels
        for child in level
        if (name := name_of(child)) not in ENTRIES and name != "channel"
    ]
    base = _base(root, url)
    return Node(levels[0], children, base if channel is None else _base(channel, base))


def entries_of(root: ET.Element) -> tuple[ET.Element, ...]:
    """Return the entries of a feed, in the order of the document, from channels in channels too."""
    entries: list[ET.Element] = []
    waiting = list(reversed(root))
    while waiting:
        element = waiting.pop()
        name = name_of(element)
        if name in ENTRIES:
            entries.append(element)
        elif name == "channel":
            waiting.extend(reversed(element))
    return tuple(entries)


def every_entry_of(root: ET.Element) -> tuple[ET.Element, ...]:
    """Return all that is called an entry, in others as well, as feedparser counts them."""
    return tuple(element for element in root.iter() if name_of(element) in ENTRIES)


def document_of(root: ET.Element, entry: ET.Element | None = None) -> str:
    """Return a document of a feed's own form that holds one of its entries, or nothing."""
    shell = parent = ET.Element(root.tag, root.attrib)
    if name_of(root) == "rss":
        parent = ET.SubElement(shell, "channel")
    if entry is not None:
        parent.append(entry)
    return ET.tostring(shell, encoding="unicode")


def node_of(element: ET.Element, base: str) -> Node:
    """Return an element with its children, under the base that is in effect around it."""
    return Node(element, [(name_of(child), child) for child in element], _base(element, base))


def name_of(element: ET.Element) -> str:
    """Return an element's name in lower case, with the prefix that this module gives it."""
    return name_of_tag(element.tag)


@lru_cache(maxsize=4096)
def name_of_tag(tag: str) -> str:
    """Return what an element is called by its tag, with the namespace in braces before it."""
    namespace, _, local = tag.rpartition("}")
    return _prefix(namespace[1:]) + local.lower()


def attribute(element: ET.Element, name: str) -> str:
    """Return an attribute whatever its case (``isPermaLink``, CDF's ``HREF``), or ""."""
    return next((value for key, value in element.items() if key.lower() == name), "").strip()


def whole_text(element: ET.Element) -> str:
    """Return all text in an element, markup dropped, spaces at both ends stripped."""
    return encoded_once("".join(element.itertext())).strip()


def plain_text(element: ET.Element) -> str:
    """Return an element's text as plain text, by its ``type``, or by its looks outside of Atom."""
    text = whole_text(element)
    kind = element.get("type", "").lower()
    guessed = not kind and "/atom" not in element.tag.lower() and looks_like_markup(text)
    return html_to_plain(text) if kind in _HTML_TYPES or guessed else one_line(text)


def _in_core(root: ET.Element | None) -> ET.Element | None:
    """Take a default namespace that nobody knows for RSS's own, which has none."""
    if root is not None and name_of(root).startswith("?:"):
        unknown = root.tag.rpartition("}")[0] + "}"
        for element in root.iter():
            element.tag = element.tag.removeprefix(unknown)
    return root


@lru_cache(maxsize=256)
def _prefix(namespace: str) -> str:
    known = namespace.lower().rstrip("/#")
    return "" if known.startswith("http://backend.userland.com/rss") else _PREFIXES.get(known, "?:")


def _base(element: ET.Element, outer: str) -> str:
    return web_address(resolve(outer, element.get(XML + "base", ""))) or outer
