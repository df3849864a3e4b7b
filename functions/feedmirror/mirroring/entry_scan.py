"""Looks for where the entries of a feed lie in its document, without reading them.

One pass of expat over the text; nothing is read of it. Whatever is not plainly safe to cut apart
has no spans, and is read whole: XML that is not well-formed, a DOCTYPE, entries that lie in one
another or in several channels, or that are alike to the byte, feeds of a kind of which feedparser
finds out from its entries what it is, and text that is not the document's own, byte by byte.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from xml.parsers import expat

from feedmirror.addresses import digest
from feedmirror.mirroring.documents import Document
from feedmirror.mirroring.elements import ENTRIES, RDF, name_of_tag
from feedmirror.mirroring.spans import Span, are_entries, digests_of

_RSS1 = frozenset({"http://purl.org/rss/1.0/", "http://my.netscape.com/rdf/simple/0.9/"})
_FEEDS = frozenset({"{http://www.w3.org/2005/Atom}feed", "{http://purl.org/atom/ns#}feed"})


@dataclass(frozen=True, slots=True)
class Spans:
    """Where each entry lies, in the document and in its text as UTF-8 (``body``), in order.

    ``frame`` is a digest of the start tags around them, with the namespaces, base address and
    language that those state.
    """

    document: tuple[Span, ...]
    text: tuple[Span, ...]
    digests: tuple[str, ...]
    frame: str
    body: bytes

    def without(self, known: Collection[str]) -> str:
        """Return the document's text without the entries of which the digests are known."""
        kept, end = [], 0
        for (start, stop), each in zip(self.text, self.digests, strict=True):
            if each in known:
                kept.append(self.body[end:start])
                end = stop
        return b"".join((*kept, self.body[end:])).decode()


def spans_of(document: bytes, read: Document) -> Spans | None:
    """Return where the entries lie of a document that was read as text; None if it is not safe."""
    body = read.text.encode()
    scan = _Scan()
    if not scan.run(body):
        return None
    placed = _placed(document, read, body, spans=scan.spans)
    if placed is None or not are_entries(document, placed):
        return None
    digests = digests_of(document, placed)
    if len(set(digests)) != len(digests):
        return None
    return Spans(placed, tuple(scan.spans), digests, digest("frame", *scan.frame), body)


class _UnsafeError(Exception):
    """The document is not to be cut apart."""


class _Scan:
    """One pass over a document."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.frame: list[str] = []  # start tags around entries, and the prefixes bound there
        self._holder: list[str] = []  # the elements that are open, outside of entries
        self._channels = 0
        self._in: tuple[str, ...] | None = None  # where the entries are
        self._entry = ""
        self._start = 0
        self._body = b""
        self._bound: list[str] = []  # by the start tag that comes next
        self._uris: set[str] = set()
        self._parser = expat.ParserCreate("utf-8", "}")

    def run(self, body: bytes) -> bool:
        """Find the entries; return whether it is safe to tell them apart."""
        self._body = body
        parser = self._parser
        parser.StartDoctypeDeclHandler = self._refuse
        parser.StartNamespaceDeclHandler = self._bind
        parser.StartElementHandler = self._open
        parser.EndElementHandler = self._close
        try:
            parser.Parse(body, True)  # noqa: FBT003 -- expat's own
        except (expat.ExpatError, _UnsafeError):
            return False
        return True

    def _refuse(self, *_: object) -> None:
        raise _UnsafeError

    def _bind(self, prefix: str | None, uri: str | None) -> None:
        if not self._entry and len(self._holder) <= 1:
            self._uris.add(uri or "")
            self._bound += ("xmlns", prefix or "", uri or "")

    def _open(self, tag: str, attributes: dict[str, str]) -> None:
        tag = f"{{{tag}" if "}" in tag else tag
        name = name_of_tag(tag)
        bound, self._bound = self._bound, []
        if name in ENTRIES:  # what it binds itself is in its own bytes
            self._begin(tag)
            return
        self.frame += bound
        if not self._holder:
            self._see_root(tag)
        self._channels += name == "channel"
        if self._channels > 1:
            raise _UnsafeError
        if not self._holder or name == "channel":
            parts = (part for pair in sorted(attributes.items()) for part in pair)
            self.frame += (tag, *parts)
        self._holder.append(name)

    def _see_root(self, tag: str) -> None:
        """Go on only with a kind of feed that is known from its root."""
        is_rdf = tag == f"{RDF}RDF" and not self._uris.isdisjoint(_RSS1)
        if not (tag == "rss" or tag in _FEEDS or is_rdf):
            raise _UnsafeError

    def _begin(self, tag: str) -> None:
        holder = tuple(self._holder)
        if holder[1:] not in {(), ("channel",)} or self._in not in {None, holder}:
            raise _UnsafeError
        self._in, self._entry = holder, tag.removeprefix("{")
        self._start = self._parser.CurrentByteIndex
        # Half of the calls for what is in entries can be done without: what begins, ends as well.
        self._parser.StartElementHandler = None
        self._parser.EndElementHandler = self._end

    def _end(self, tag: str) -> None:
        """End an entry; one of its name that lies in it ends it early, and is found out by that."""
        if tag != self._entry:
            return
        index = self._parser.CurrentByteIndex
        if index == self._start:  # <item/>
            raise _UnsafeError
        self.spans.append((self._start, self._body.index(b">", index) + 1))
        self._entry = ""
        self._parser.StartElementHandler = self._open
        self._parser.EndElementHandler = self._close

    def _close(self, tag: str) -> None:
        if not self._holder or self._holder.pop() != name_of_tag(f"{{{tag}" if "}" in tag else tag):
            raise _UnsafeError


def _placed(
    document: bytes, read: Document, body: bytes, *, spans: Sequence[Span]
) -> tuple[Span, ...] | None:
    """Return where spans of a text's ``body`` lie in its document, if that has it byte by byte."""
    if read.encoding == "utf-8":
        before = document.find(body)
        return _moved(spans, before) if before >= 0 else None
    try:
        written = read.text.encode(read.encoding)
    except (LookupError, UnicodeEncodeError):
        return None
    before = document.find(written)
    if before < 0 or len(written) != len(read.text):  # more than a byte for a character
        return None
    return _moved(_in_characters(body, spans), before)


def _in_characters(body: bytes, spans: Sequence[Span]) -> list[Span]:
    """Return spans of UTF-8 in characters."""
    edges = [0, *(edge for span in spans for edge in span)]
    found = list(_summed(len(body[a:b].decode()) for a, b in pairwise(edges)))
    return list(zip(found[::2], found[1::2], strict=True))


def _summed(lengths: Iterator[int]) -> Iterator[int]:
    total = 0
    for length in lengths:
        total += length
        yield total


def _moved(spans: Sequence[Span], by: int) -> tuple[Span, ...]:
    return tuple((start + by, end + by) for start, end in spans)
