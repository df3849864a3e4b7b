"""Documents without what is known of them: entries seen before never come to a parser again.

An entry whose bytes are known by their digest was an element, whole and well-formed, in a document
that was read before. So it is cut out, unread, and another one stands in for it that nobody could
take for anything else. What is read of the rest is what would be read of all of it, if the parser
finds every stand-in where entries are; if not, as where one lies in a comment, all is read.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import lru_cache

from feedmirror.mirroring.documents import is_all_utf8
from feedmirror.mirroring.entries import Feed, FeedUnansweredError, FeedUnreadableError
from feedmirror.mirroring.spans import BEGINS, MOST_ENTRIES, Span, digests_of

# Reads a document, of which entries may be left unread that are known by their bytes' digests.
Read = Callable[[bytes, Collection[str] | None], Feed]


def read_without_known(
    document: bytes, *, content_type: str, known: Collection[str] | None, read: Read
) -> Feed:
    """Have a feed read, if that can be without those of its entries that are known.

    Raises FeedUnreadableError, as ``read`` does.
    """
    short = shortened(document, content_type, known) if known else None
    if known and short is not None:
        try:
            feed = short.restored(read(short.document, short.known))
        except FeedUnansweredError:
            raise
        except FeedUnreadableError:
            feed = None
        if feed is not None and _left_unread(feed) == sum(
            each in known for each in digests_of(document, feed.spans)
        ):
            return feed
    return read(document, known)


def _left_unread(feed: Feed) -> int:
    return len(feed.spans) - len(feed.entries)


@dataclass(frozen=True, slots=True)
class Shortened:
    """A document with stand-ins, which are ``known`` by their digests.

    ``places`` tell where each of them lies, and where what it stands for lies in the whole one.
    """

    document: bytes
    known: frozenset[str]
    places: dict[Span, Span]

    def restored(self, feed: Feed) -> Feed | None:
        """Return what was read, with each entry's place in the whole document.

        None if a stand-in was not taken for an entry, or was read.
        """
        stood_for = self.places.keys() & feed.spans
        if not len(stood_for) == len(self.places) == _left_unread(feed):
            return None
        spans: list[Span] = []
        moved = 0
        for start, end in feed.spans:
            place = self.places.get((start, end), (start + moved, end + moved))
            moved = place[1] - end
            spans.append(place)
        return replace(feed, spans=tuple(spans))


def shortened(document: bytes, content_type: str, known: Collection[str]) -> Shortened | None:
    """Return a document without its entries that are known; None if none is, or it is not safe."""
    spans = _entries(document)
    if not spans or not is_all_utf8(document, content_type):
        return None
    digests = digests_of(document, spans)
    found = {each: span for each, span in zip(digests, spans, strict=True) if each in known}
    if not found or len(found) != sum(each in known for each in digests):
        return None
    parts: list[bytes] = []
    places: dict[Span, Span] = {}
    length = done = 0
    for number, (start, end) in enumerate(found.values()):
        before, stand_in = document[done:start], _stand_in(document[start:end], number)
        length += len(before)
        places[length, length + len(stand_in)] = start, end
        length += len(stand_in)
        parts += (before, stand_in)
        done = end
    short = b"".join((*parts, document[done:]))
    return Shortened(short, frozenset(digests_of(short, tuple(places))), places)


def _entries(document: bytes) -> tuple[Span, ...]:
    """Return what may be entries: from each start tag to the next end tag of the same name."""
    first = BEGINS.search(document)
    if first is None:
        return ()
    name = first[0][1:-1]
    begins, ends = _start_tag(name), b"</" + name + b">"
    spans: list[Span] = []
    end = first.start()
    while len(spans) < MOST_ENTRIES and (begun := begins.search(document, end)):
        last = document.find(ends, begun.end())
        if last < 0:
            break
        end = last + len(ends)
        spans.append((begun.start(), end))
    return tuple(spans)


@lru_cache(maxsize=16)
def _start_tag(name: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"<" + re.escape(name) + rb"[\s>]")


def _stand_in(entry: bytes, number: int) -> bytes:
    """Return an entry of the same name that has only a number."""
    name = entry[entry.rindex(b"</") + 2 : -1]
    return b"<%b>%d</%b>" % (name, number, name)
