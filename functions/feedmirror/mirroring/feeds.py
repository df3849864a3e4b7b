"""Feeds to entries: the one way in for a document that a poll brought."""

from collections.abc import Collection

from feedmirror.mirroring.entries import Feed, FeedUnreadableError

_MOST_PROBLEMS = 50


def parse_feed(
    document: bytes, *, url: str, content_type: str = "", known: Collection[str] | None = None
) -> Feed:
    """Read a feed of any kind: RSS 0.90 to 2.0, RDF, Atom, CDF, JSON Feed.

    ``url`` is the address that the document came from, against which relative ones are resolved;
    ``content_type`` is the header's value. Entries of which the bytes' digests are ``known`` may be
    left unread; with None it is not even looked where entries lie. Nothing is ever fetched.

    Raises FeedUnreadableError, and nothing else, if the document is no feed or cannot be read.
    """
    try:
        return _read(document, content_type, url=url, known=known)
    except FeedUnreadableError:
        raise
    except Exception as error:
        raise FeedUnreadableError(f"the feed cannot be parsed: {error!r}") from error


def _read(document: bytes, content_type: str, *, url: str, known: Collection[str] | None) -> Feed:
    # Imported here because most polls bring no document, and those must not pay for parsers.
    from dataclasses import replace  # noqa: PLC0415 -- see above

    from feedmirror.mirroring.documents import read_document  # noqa: PLC0415 -- see above

    read = read_document(document, content_type)
    if read.is_json:
        from feedmirror.mirroring.json_feed import read_json_feed  # noqa: PLC0415 -- see above

        feed = read_json_feed(read.text, url=url)
    else:
        from feedmirror.mirroring.partial_reading import read_new  # noqa: PLC0415 -- see above

        feed = read_new(document, read, url=url, known=known)
    problems = (*read.problems, *feed.problems)
    if not problems:
        return feed
    untold = len(problems) - _MOST_PROBLEMS
    more = (f"and {untold} more",) if untold > 0 else ()
    return replace(feed, problems=(*problems[:_MOST_PROBLEMS], *more))
