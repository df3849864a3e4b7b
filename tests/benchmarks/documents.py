"""The documents that benchmarks publish: real feeds, each a publisher of its own, or small ones.

A real document that is needed several times is given another host each time, so that its copies
are feeds of different publishers; whoever reads them gets the same bytes.
"""

import gzip
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import cycle, islice
from pathlib import Path
from urllib.parse import urlsplit

from fastfeedparser import parse

from world import entry, rss

CORPUS = Path(__file__).parents[1] / "../../shared/corpus/feeds"
TEXT = "<p>A paragraph of ordinary length, with <a href='/x'>a link</a> and <b>weight</b>.</p>" * 12

_ENTRY = re.compile(rb"<((?:\w+:)?(?:item|entry))(?=[\s>])[^>]*(?<!/)>.*?</\1\s*>", re.DOTALL)
_IDENTITY = re.compile(
    rb"""(<link\b[^>]*?href\s*=\s*["']|\brdf:about\s*=\s*["']"""
    rb"""|<(?:guid|id|link|title)\b[^>]*(?<!/)>\s*(?:<!\[CDATA\[)?)"""
)
_HOST = re.compile(rb"https?://[^/<\"'\s\]]+")
_DATES = re.compile(rb"(<(?:lastBuildDate|pubDate|updated|modified|dc:date)\b[^>]*>)[^<]+")
_DATE = re.compile(rb"\d\d:\d\d(:\d\d)?")
_COMMENT = b"\n<!-- 13:17:19 -->"


@dataclass(frozen=True)
class Document:
    """A feed as its publisher serves it, and whose it is."""

    body: bytes
    site: str

    @cached_property
    def packed(self) -> bytes:
        """The document in gzip."""
        return gzip.compress(self.body, 6, mtime=0)

    @cached_property
    def ticked(self) -> "Document | None":
        """The document with one new entry on top, made of its first; None if it has none."""
        first = _ENTRY.search(self.body)
        if first is None:
            return None
        new = b"".join(_as_new(_IDENTITY.split(first[0])))
        return replace(self, body=self.body[: first.start()] + new + self.body[first.start() :])

    @cached_property
    def churned(self) -> "Document":
        """The document made anew: its own dates have moved, or else a comment tells the time."""
        first = _ENTRY.search(self.body)
        end = first.start() if first else len(self.body)
        head = _DATES.sub(_an_hour_later, self.body[:end])
        comment = b"" if head != self.body[:end] or _is_wide(self.body) else _COMMENT
        return replace(self, body=head + self.body[end:] + comment)


def _is_wide(body: bytes) -> bool:
    """Tell whether a document is of two bytes a letter, so that none can be put behind it."""
    return b"\0" in body[:99]


def _as_new(parts: list[bytes]) -> Iterator[bytes]:
    """Yield an entry's parts with new addresses, ids and a new title."""
    before, *rest = parts
    yield before
    for opening, following in zip(rest[::2], rest[1::2], strict=True):
        yield opening
        if found := _HOST.match(following.lstrip()):
            text = following.lstrip()
            yield text[: found.end()] + b"/new" + text[found.end() :]
        else:
            yield b"New " + following


def _an_hour_later(date: "re.Match[bytes]") -> bytes:
    return date[1] + _DATE.sub(b"13:17:19", date[0][len(date[1]) :])


def real_documents(count: int) -> list[Document]:
    """Return so many documents of the corpus, repeated as often as it takes; none without one."""
    if not CORPUS.is_dir():
        return []
    paths = sorted(path for path in CORPUS.iterdir() if path.suffix != ".json")
    bodies = [path.read_bytes() for path in paths]
    spread = max(1, len(bodies) // count)  # a few are a cross-section, not the first by name
    chosen = islice(cycle(bodies[::spread]), count)
    return [_of_its_own(body, number) for number, body in enumerate(chosen)]


def small_documents(count: int, entries: int = 1) -> list[Document]:
    """Return so many documents of a kilobyte of text in each entry."""
    text = TEXT.replace("&", "&amp;").replace("<", "&lt;")
    return [
        Document(
            rss(
                *(entry(n, text=text, link=f"{_site(number)}/{n}") for n in range(entries)),
                title=f"Site {number}",
            ).encode(),
            _site(number),
        )
        for number in range(count)
    ]


def _of_its_own(body: bytes, number: int) -> Document:
    """Return a document as another publisher's: its entries' links lead to a host of its own."""
    try:
        links = [urlsplit(each.get("link", "")).hostname for each in parse(body).entries]
    except ValueError:  # of the broken ones, some
        links = []
    hosts = Counter(host.removeprefix("www.") for host in links if host)
    if hosts:
        host = re.escape(hosts.most_common(1)[0][0].encode())
        own = _site(number).encode().removeprefix(b"https:")
        body = re.sub(rb"//(?:www\.)?" + host + rb"(?![\w.-])", own, body, flags=re.IGNORECASE)
    return Document(body, _site(number))


def _site(number: int) -> str:
    return f"https://f{number}.example.com"
