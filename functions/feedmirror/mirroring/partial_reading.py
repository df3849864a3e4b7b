"""A document of which only what is new is read, with the same result as if all of it were."""

from collections.abc import Collection
from dataclasses import replace

from feedmirror.mirroring.documents import Document
from feedmirror.mirroring.entries import Feed, FeedUnreadableError
from feedmirror.mirroring.entry_scan import Spans, spans_of
from feedmirror.mirroring.feedparser_reader import read_feed


def read_new(document: bytes, read: Document, *, url: str, known: Collection[str] | None) -> Feed:
    """Read an XML feed without the entries that are known by the digests of their bytes.

    All of it is read where entries cannot be told apart safely, or what is left of it does not read
    cleanly. Raises FeedUnreadableError.
    """
    spans = None if known is None else spans_of(document, read)
    if spans is None:
        return read_feed(read.text, url=url)
    left = sum(each not in (known or ()) for each in spans.digests)
    if left < len(spans.digests):
        rest = spans.without(known or ())
        feed = _cleanly_read(rest, url)
        if feed is not None and len(feed.entries) == left:
            return _told(feed, spans)
    feed = read_feed(read.text, url=url)
    is_alike = _is_clean(feed) and len(feed.entries) == len(spans.document)
    return _told(feed, spans) if is_alike else feed


def _cleanly_read(text: str, url: str) -> Feed | None:
    try:
        feed = read_feed(text, url=url)
    except FeedUnreadableError:
        return None
    return feed if _is_clean(feed) else None


def _is_clean(feed: Feed) -> bool:
    return not (feed.damaged or feed.problems)


def _told(feed: Feed, spans: Spans) -> Feed:
    return replace(feed, spans=spans.document, frame=spans.frame)
