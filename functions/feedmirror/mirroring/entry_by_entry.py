"""feedparser's strict parser, as it reads a well-formed document entry by entry.

What it makes of each entry is what it makes of it alone; and it is spared what costs it most.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from io import BytesIO
from typing import Any
from xml.sax.expatreader import ExpatParser
from xml.sax.handler import feature_external_ges
from xml.sax.saxutils import escape as xml_escape

from feedparser.api import StrictFeedParser

_XHTML = "application/xhtml+xml"
_HOLDERS = {"rss", "rdf", "feed", "channel", "item", "entry"}
_CONTROLS = re.compile("[\x80-\x9f]")


def parse_strictly(body: bytes) -> dict[str, Any]:
    """Return what ``feedparser.parse`` does of a well-formed document without a DOCTYPE."""
    parser = _EntryByEntry()
    reader = _Reader(parser)
    reader.setFeature(feature_external_ges, 0)
    reader.parse(BytesIO(body))
    return {
        "bozo": False,
        "entries": parser.entries,
        "feed": {},
        "version": parser.version,
    }


class _Reader(ExpatParser):
    """expat as SAX drives it, but with each text in one piece: at each entity it cuts it in two.

    The header is passed over.
    """

    def __init__(self, parser: "_EntryByEntry") -> None:
        super().__init__(namespaceHandling=1)
        self._feedparser = parser
        self._passed = 0  # elements that are open in what is passed over
        self.setContentHandler(parser)
        self.setErrorHandler(parser)

    def reset(self) -> None:
        """Make ready for another document."""
        super().reset()
        expat: Any = getattr(self, "_parser")  # noqa: B009 -- typeshed does not know it
        expat.buffer_text = True
        expat.CharacterDataHandler = self._text

    def start_element_ns(self, name: str, attrs: Mapping[str, str]) -> None:
        """Begin an element."""
        if self._passed or not (self._feedparser.inentry or _holds(name)):
            self._passed += 1
        else:
            super().start_element_ns(name, attrs)

    def end_element_ns(self, name: str) -> None:
        """End an element."""
        if self._passed:
            self._passed -= 1
        else:
            super().end_element_ns(name)

    def _text(self, text: str) -> None:
        if not self._passed:
            self._feedparser.characters(text)


@lru_cache(maxsize=1024)
def _holds(name: str) -> bool:
    """Tell whether an element, named as expat does (namespace, name, prefix), may hold entries."""
    parts = name.split()
    return parts[min(1, len(parts) - 1)].lower() in _HOLDERS


class _Text(str):
    """A text in which feedparser looks for each letter in a table of the controls of windows-1252.

    That takes longer than all else that it does with texts that are not ASCII; few have any.
    """

    __slots__ = ()

    def translate(self, table: Any) -> str:  # noqa: ANN401 -- as of str
        """Return the text with the table's letters replaced."""
        return super().translate(table) if _CONTROLS.search(self) else str(self)


class _Parameters(dict[str, Any]):
    """What feedparser notes of a text that it reads, none of which is ever changed in a copy."""

    __slots__ = ()

    def __deepcopy__(self, _: object) -> dict[str, Any]:
        """Return a copy; there are only texts and numbers in it."""
        return dict(self)


class _EntryByEntry(StrictFeedParser):  # type: ignore[misc]  # feedparser ships no types
    """feedparser, but for what it takes along from the header and from one entry into the next.

    Whether there was a content decides which slot a summary gets, and may lose a text; a base
    address outlives its element where nothing around it states another; and what an entry binds a
    prefix to holds for all behind it. So each entry begins as if there were none before it.
    """

    def __init__(self) -> None:
        super().__init__("", None, "utf-8")
        self.sanitize_html = self.resolve_relative_uris = False
        self.contentparams = _Parameters()
        self._bound: list[tuple[dict[str | None, str], dict[str, str]]] = []
        self._around: list[tuple[int, int, int, int]] = []

    def startPrefixMapping(self, prefix: str | None, uri: str) -> None:  # noqa: N802 -- SAX
        """Bind a prefix, as long as the element lasts."""
        self._bound.append((dict(self.namespacemap), dict(self.namespaces_in_use)))
        super().startPrefixMapping(prefix, uri)

    def endPrefixMapping(self, prefix: str | None) -> None:  # noqa: ARG002, N802 -- SAX
        """Return to what was bound before."""
        self.namespacemap, self.namespaces_in_use = self._bound.pop()

    def handle_data(self, text: str, escape: int = 1) -> None:
        """Take note of some text: as ever, without the detour by which a type is looked up."""
        if self.elementstack:
            if escape and dict.get(self.contentparams, "type") == _XHTML:
                text = xml_escape(text)
            self.elementstack[-1][2].append(text)

    def push_content(self, *arguments: object) -> None:
        """Begin a text; what is known of it is kept in a plain dictionary."""
        super().push_content(*arguments)
        self.contentparams = _Parameters(self.contentparams)

    @staticmethod
    def decode_entities(_element: str, text: str) -> str:
        """Return a text as it is: nothing in it is encoded any more."""
        return text if text.isascii() else _Text(text)

    def _start_item(self, attributes: dict[str, str]) -> None:
        stacks = (self.elementstack, self.basestack, self.langstack)
        elements, bases, languages = map(len, stacks)
        self._around.append((elements, bases, languages, self.depth))
        self.hasContent = self.incontent = self.svgOK = self.inimage = self.intextinput = 0
        self.insource = self.inauthor = self.incontributor = self.inpublisher = 0
        self.contentparams.clear()
        super()._start_item(attributes)

    def _end_item(self) -> None:
        super()._end_item()
        elements, bases, languages, self.depth = self._around.pop()
        del self.elementstack[elements:], self.basestack[bases:], self.langstack[languages:]
        self.baseuri = self.basestack[-2] if bases > 1 else ""

    _start_entry, _end_entry = _start_item, _end_item
