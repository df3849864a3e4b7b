"""Lists of feeds as OPML 2.0, in and out (http://opml.org/spec2.opml)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from feedmirror.addresses import coarse_address, host_of, web_address
from feedmirror.configuration import FeedSettings


class OpmlError(Exception):
    """The document is no list of feeds; the message names the lines and what is wrong there."""


def read_opml(document: bytes) -> tuple[FeedSettings, ...]:
    """Return the feeds of an OPML document, in order, each once, however deep they are filed.

    A site is taken over only where its host is another than the feed's: there the feed's address
    does not tell whose it is. A document with a DTD is refused, and so are entities with it.
    Raises OpmlError, naming every line that is wrong.
    """
    outlines = _Outlines()
    parser = expat.ParserCreate()
    outlines.attach(parser)
    try:
        parser.Parse(document, True)  # noqa: FBT003 -- expat takes no keywords
    except expat.ExpatError as error:
        message = f"line {error.lineno}: not well-formed XML: {expat.errors.messages[error.code]}"
        raise OpmlError(message) from error
    except (LookupError, ValueError) as error:
        raise OpmlError(f"line 1: not well-formed XML: {error}") from error
    if outlines.problems:
        raise OpmlError("\n".join(outlines.problems))
    return tuple(outlines.feeds.values())


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
    """What expat has told so far."""

    feeds: dict[str, FeedSettings] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    _parser: expat.XMLParserType | None = None
    _entered: bool = False

    def attach(self, parser: expat.XMLParserType) -> None:
        self._parser = parser
        parser.StartElementHandler = self._element
        parser.StartDoctypeDeclHandler = self._doctype

    def _line(self) -> int:
        return self._parser.CurrentLineNumber if self._parser else 0

    def _doctype(self, *_: object) -> None:
        raise OpmlError(f"line {self._line()}: a document type is not accepted in OPML")

    def _element(self, name: str, attributes: dict[str, str]) -> None:
        if not self._entered and name.lower() != "opml":
            raise OpmlError(f"line {self._line()}: <{name}> is not OPML; expected <opml>")
        self._entered = True
        values = {key.lower(): value.strip() for key, value in attributes.items()}
        if name.lower() == "outline" and values.get("xmlurl"):
            self._feed(values["xmlurl"], values.get("htmlurl", ""))

    def _feed(self, stated: str, site: str) -> None:
        address = web_address(_without_feed_scheme(stated))
        if address is None:
            expected = "expected an address that starts with http:// or https://"
            self.problems.append(f'line {self._line()}: xmlUrl="{stated}": {expected}')
            return
        other = web_address(site) if host_of(site) not in {None, host_of(address)} else None
        self.feeds.setdefault(
            coarse_address(address) or address, FeedSettings(url=address, site=other)
        )


def _without_feed_scheme(address: str) -> str:
    """Read ``feed:https://…`` and ``feed://…``, as readers once wrote them."""
    if not address.lower().startswith("feed:"):
        return address
    rest = address[len("feed:") :]
    return f"http:{rest}" if rest.startswith("//") else rest
