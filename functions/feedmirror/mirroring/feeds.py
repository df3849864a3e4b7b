"""Feeds to entries: the one way in for a document that a poll brought."""

from feedmirror.mirroring.entries import Feed, FeedUnreadableError

_MOST_PROBLEMS = 50


def parse_feed(document: bytes, *, url: str, content_type: str = "") -> Feed:
    """Read a feed of any kind: RSS 0.90 to 2.0, RDF, Atom, CDF, JSON Feed.

    ``url`` is the address that the document came from, against which relative ones are resolved;
    ``content_type`` is the header's value. Nothing is ever fetched.

    Raises FeedUnreadableError, and nothing else, if the document is no feed or cannot be read.
    """
    try:
        return _read(document, url, content_type)
    except FeedUnreadableError:
        raise
    except Exception as error:
        raise FeedUnreadableError(f"the feed cannot be parsed: {error!r}") from error


def _read(document: bytes, url: str, content_type: str) -> Feed:
    # Imported here because most polls bring no document, and those must not pay for parsers.
    from dataclasses import replace  # noqa: PLC0415 -- see above

    from feedmirror.mirroring.documents import read_document  # noqa: PLC0415 -- see above

    known = read_document(document, content_type)
    if known.is_json:
        from feedmirror.mirroring.json_feed import read_json_feed  # noqa: PLC0415 -- see above

        feed = read_json_feed(known.text, url=url)
    else:
        from feedmirror.mirroring.feedparser_reader import read_feed  # noqa: PLC0415 -- see above

        feed = read_feed(known.text, url=url)
    problems = (*known.problems, *feed.problems)
    untold = len(problems) - _MOST_PROBLEMS
    more = (f"and {untold} more",) if untold > 0 else ()
    return replace(feed, problems=(*problems[:_MOST_PROBLEMS], *more))
