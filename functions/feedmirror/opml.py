"""Lists of feeds as OPML 2.0, in and out (http://opml.org/spec2.opml)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from urllib.parse import quote
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from feedmirror.addresses import host_of, web_address
from feedmirror.configuration import FeedSettings

_EXPECTED = "expected a list of feeds as OPML, which feed readers export"
_FEED = "this is a feed itself, so mirror it by its address with --feed"
_PAGE = "this is an HTML page"
_LOOKED_AT = 4096  # bytes
_SHOWN = 120  # characters of what is wrong
_BLANK = b"\xef\xbb\xbf \t\r\n"  # with the mark of UTF-8
_KINDS = (
    (b"pk\x03\x04", "this is a ZIP archive, so unpack it first"),
    (b"\x1f\x8b", "this is compressed by gzip, so unpack it first"),
    (b"[mirror]", "this is a mirror.toml, so give its name the ending .toml"),
    (b"<!doctype html", _PAGE),
)
_ROOTS = {b"html": _PAGE, b"rss": _FEED, b"feed": _FEED, b"rdf:rdf": _FEED}
_BEFORE_ROOT = re.compile(rb"<\?.*?\?>|<!--.*?-->", re.DOTALL)
_ROOT = re.compile(rb"^\s*<([a-z:]+)")
_UTF16 = re.compile(rb"\xff\xfe|\xfe\xff|<\x00|\x00<")
_BARE = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[0-9a-fA-F]+);)")
_NO_LETTER = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")


class OpmlError(Exception):
    """The document is no list of feeds; the message says what it is, and what was expected."""


@dataclass(frozen=True, slots=True)
class FeedList:
    """The feeds of a list, and a line for each outline that was skipped: where, what, why."""

    feeds: tuple[FeedSettings, ...]
    skipped: tuple[str, ...] = ()


def read_opml(document: bytes) -> FeedList:
    """Return the feeds of an OPML document, in order, each once, however deep they are filed.

    An outline whose address is none is skipped and told. What XML does not allow and readers
    export all the same, such as a bare ``&``, is read as what it means. A site is taken over only
    where its host is another than the feed's: there the feed's address does not tell whose it is.
    A document with a DTD is refused, and so are entities with it. Raises OpmlError.
    """
    if (kind := kind_of(document)) is not None:
        raise OpmlError(f"{kind}; {_EXPECTED}")
    try:
        outlines = _parsed(document)
    except expat.ExpatError as error:
        outlines = _parsed_leniently(document, error)
    if not outlines.feeds:
        raise OpmlError("\n".join(outlines.problems) or f"there is no feed in it; {_EXPECTED}")
    return FeedList(tuple(outlines.feeds.values()), tuple(outlines.problems))


def kind_of(document: bytes) -> str | None:
    """Return what a document is that cannot be OPML at all, in words; None if it may be."""
    start = document[:_LOOKED_AT].lstrip(_BLANK).lower()
    if not start:
        return "the file is empty"
    named = next((words for magic, words in _KINDS if start.startswith(magic)), None)
    if named is None and start.startswith((b"{", b"[")):
        return _FEED if b"jsonfeed.org/version" in start else "this is JSON"
    if named is None and (b"<" not in start or (b"\0" in start and not _UTF16.match(start))):
        return "this is no XML"
    root = _ROOT.search(_BEFORE_ROOT.sub(b"", start))
    return named or (_ROOTS.get(root[1]) if root else None)


def _parsed(document: bytes, encoding: str | None = None, *, above: int = 0) -> "_Outlines":
    """Return what the outlines tell; raises ExpatError where they are not well-formed XML."""
    outlines = _Outlines(above)
    parser = expat.ParserCreate(encoding)
    outlines.attach(parser)
    try:
        parser.Parse(document, True)  # noqa: FBT003 -- expat takes no keywords
    except (LookupError, ValueError) as error:  # an encoding that nobody knows
        raise OpmlError(f"line 1: {error}; {_EXPECTED}") from error
    return outlines


def _parsed_leniently(document: bytes, refused: expat.ExpatError) -> "_Outlines":
    """Read what readers export though XML does not allow it, each & and letter as it is meant."""
    why = f"line {refused.lineno}: not well-formed XML: {expat.errors.messages[refused.code]}"
    if b"\0" in document:  # two bytes a letter, or no text
        raise OpmlError(f"{why}; {_EXPECTED}") from refused
    bare = document.lstrip(_BLANK)
    mended = _BARE.sub(b"&amp;", _NO_LETTER.sub(b" ", bare))
    above = document.count(b"\n") - bare.count(b"\n")
    try:
        return _parsed(mended, None if _is_utf8(document) else "ISO-8859-1", above=above)
    except expat.ExpatError:
        raise OpmlError(f"{why}; {_EXPECTED}") from refused


def _is_utf8(document: bytes) -> bool:
    try:
        document.decode()
    except UnicodeDecodeError:
        return False
    return True


def write_opml(feeds: Iterable[FeedSettings], *, title: str) -> bytes:
    """Return an OPML 2.0 document that lists the feeds under their source hosts."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<opml version="2.0">',
        f"  <head><title>{escape(_printable(title))}</title></head>",
        "  <body>",
        *(f"    {_outline(feed)}" for feed in feeds),
        "  </body>",
        "</opml>",
    ]
    return ("\n".join(lines) + "\n").encode()


def _outline(feed: FeedSettings) -> str:
    attributes = {"type": "rss", "text": feed.host, "xmlUrl": feed.url}
    if feed.site:
        attributes["htmlUrl"] = feed.site
    written = (f"{name}={quoteattr(_printable(value))}" for name, value in attributes.items())
    return f"<outline {' '.join(written)}/>"


def _printable(text: str) -> str:
    """Leave out what XML 1.0 cannot hold, not even escaped."""
    return "".join(character for character in text if character.isprintable())


@dataclass(slots=True)
class _Outlines:
    """What expat has told so far; ``above`` counts the lines that it was not shown."""

    above: int = 0
    feeds: dict[str, FeedSettings] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    _parser: expat.XMLParserType | None = None
    _entered: bool = False

    def attach(self, parser: expat.XMLParserType) -> None:
        self._parser = parser
        parser.StartElementHandler = self._element
        parser.StartDoctypeDeclHandler = self._doctype

    def _line(self) -> int:
        return self.above + (self._parser.CurrentLineNumber if self._parser else 0)

    def _doctype(self, *_: object) -> None:
        raise OpmlError(f"line {self._line()}: a document type is not accepted in OPML")

    def _element(self, name: str, attributes: dict[str, str]) -> None:
        if not self._entered and name.lower() != "opml":
            raise OpmlError(
                f"line {self._line()}: <{_printable(name)[:_SHOWN]}> is not <opml>; {_EXPECTED}"
            )
        self._entered = True
        values = {key.lower(): value.strip() for key, value in attributes.items()}
        if name.lower() == "outline" and values.get("xmlurl"):
            self._feed(values["xmlurl"], values.get("htmlurl", ""))

    def _feed(self, stated: str, site: str) -> None:
        address = web_address(_without_feed_scheme(stated))
        if address is None:
            expected = "expected an address that starts with http:// or https://"
            shown = _printable(stated)[:_SHOWN]
            self.problems.append(f'line {self._line()}: xmlUrl="{shown}": {expected}')
            return
        other = web_address(site) if host_of(site) not in {None, host_of(address)} else None
        feed = FeedSettings(url=_escaped(address), site=_escaped(other) if other else None)
        known = self.feeds.setdefault(feed.same, feed)
        if known.site is None and feed.site is not None:  # of two, the one that tells whose it is
            self.feeds[feed.same] = replace(known, site=feed.site)


def _escaped(address: str) -> str:
    """Escape what does not print, as whoever asks for an address does: so it can be written."""
    return "".join(letter if letter.isprintable() else quote(letter) for letter in address)


def _without_feed_scheme(address: str) -> str:
    """Read ``feed:https://…`` and ``feed://…``, as readers once wrote them."""
    if not address.lower().startswith("feed:"):
        return address
    rest = address[len("feed:") :]
    return f"http:{rest}" if rest.startswith("//") else rest
