"""What counts as having shown a token.

The texts that are looked at are anybody's: a token counts only in a place that nobody but the
host, or the feed's own publisher, writes. In doubt nothing is proved.
"""

import json
import re
from codecs import BOM_UTF8
from collections.abc import Iterable
from contextlib import suppress
from xml.parsers import expat

TOKEN = re.compile("feedmirror-takedown=[a-z2-7]{26}")
LARGEST_FILE = 4096  # bytes

# What the publisher says of the feed itself. Titles are not among them: many a feed of one
# discussion has its opener's words there.
_OWN_XML = frozenset({"description", "subtitle", "tagline", "copyright", "rights"})
_OWN_JSON = ("description", "user_comment")
_ENTRIES = frozenset({"item", "items", "entry"})
_HEADERS = frozenset({"channel", "feed"})
_ROOTS = frozenset({"rss", "rdf", "channel", "feed"})
_BLANK = b" \t\r\n"


def well_known_proves(body: bytes, token: str) -> bool:
    """Tell whether a file shows the token and, blanks and byte order mark aside, nothing else."""
    shown = body.removeprefix(BOM_UTF8).strip(_BLANK)
    return len(body) <= LARGEST_FILE and _is_token(token) and shown == token.encode()


def dns_proves(records: Iterable[bytes], token: str) -> bool:
    """Tell whether one of a name's TXT records is the token."""
    return _is_token(token) and token.encode() in records


def feed_proves(document: bytes, token: str) -> bool:
    """Tell whether a feed shows the token where its publisher speaks of the feed itself.

    That is its description, subtitle or rights, as a word of its own, before the first entry: what
    stands in entries, and behind them, may be anybody's.
    """
    if not _is_token(token) or not document:
        return False
    bare = document.removeprefix(BOM_UTF8).lstrip(_BLANK)
    texts = _texts_of_json(bare) if bare.startswith(b"{") else _texts_of_xml(bare)
    word = re.compile(rf"(?<![^\s>]){token}(?![^\s<])")
    return any(word.search(text) for text in texts)


def _is_token(text: str) -> bool:
    return TOKEN.fullmatch(text) is not None


def _texts_of_json(document: bytes) -> tuple[str, ...]:
    """Return what a JSON Feed says of itself (jsonfeed.org/version/1.1)."""
    try:
        feed = json.loads(document, strict=False)
    except (ValueError, RecursionError):
        return ()
    if not str(feed.get("version")).startswith("https://jsonfeed.org/version/1"):
        return ()
    return tuple(text for name in _OWN_JSON if isinstance(text := feed.get(name), str))


def _texts_of_xml(document: bytes) -> tuple[str, ...]:
    """Return what RSS, RDF or Atom says of itself before its first entry, and before any error."""
    header = _Header()
    with suppress(_Enough, expat.ExpatError, ValueError, LookupError):  # what was read stands
        header.parser.Parse(document, True)  # noqa: FBT003 -- expat takes no keywords
    return tuple(header.texts)


class _Enough(Exception):  # noqa: N818 -- no error: the parser is told to stop
    """Nothing behind this counts."""


class _Header:
    """The texts of a feed's own elements, in the order in which they end.

    An XML parser tells elements from comments, CDATA and text that only looks like them. It stops
    at the first entry, and at a document type with declarations, which could expand.
    """

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._path: list[str] = []
        self._own: list[str] | None = None
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text

    def _doctype(self, _name: str, _system: object, _public: object, subset: int) -> None:
        if subset:
            raise _Enough

    def _start(self, name: str, _attributes: object) -> None:
        local = _local(name)
        if local in _ENTRIES or (not self._path and local not in _ROOTS):
            raise _Enough
        if self._own is None and local in _OWN_XML and self._is_header(name):
            self._own = []
        elif self._own is not None:
            self._own.append(" ")  # markup ends a word
        self._path.append(name)

    def _is_header(self, name: str) -> bool:
        """Tell whether an element that begins here is the feed's, in the feed's own vocabulary."""
        parent = self._path[-1]
        is_own = parent.rpartition(" ")[0] == name.rpartition(" ")[0]
        return is_own and _local(parent) in _HEADERS and self._is_in_header()

    def _is_in_header(self) -> bool:
        """Tell whether what is open is ``feed`` or ``channel``, itself the root or in it."""
        return len(self._path) == (1 if _local(self._path[0]) in _HEADERS else 2)

    def _end(self, _name: str) -> None:
        self._path.pop()
        if self._own is not None and self._is_in_header():
            self.texts.append("".join(self._own))
            self._own = None
        elif self._own is not None:
            self._own.append(" ")

    def _text(self, text: str) -> None:
        if self._own is not None:
            self._own.append(text)


def _local(name: str) -> str:
    """Return an element's name without its namespace, in lower case."""
    return name.rpartition(" ")[2].lower()
