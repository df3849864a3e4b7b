"""What a parser says of a document with stand-ins, and what is believed of it."""

from collections.abc import Collection
from dataclasses import replace

import pytest

from feedmirror.mirroring.entries import Feed, FeedUnansweredError, FeedUnreadableError
from feedmirror.mirroring.feeds import parse_feed
from feedmirror.mirroring.spans import digests_of
from feedmirror.mirroring.stand_ins import read_without_known, shortened

URL = "https://news.example.com/feed"
ITEMS = [
    f"<item><title>{n}</title><link>https://news.example.com/{n}</link></item>" for n in range(4)
]


def rss(*items: str) -> bytes:
    return f"<rss version='2.0'><channel><title>T</title>{''.join(items)}</channel></rss>".encode()


BODY = rss(*ITEMS)
WHOLE = parse_feed(BODY, url=URL, known=())
KNOWN = frozenset(digests_of(BODY, WHOLE.spans)[1:])


def parse(document: bytes, known: Collection[str] | None) -> Feed:
    return parse_feed(document, url=URL, known=known)


def test_a_parser_gets_numbers_in_the_place_of_what_is_known() -> None:
    short = shortened(BODY, "", KNOWN)

    assert short is not None
    stand_ins = [f"<item>{n}</item>" for n in range(3)]
    assert short.document == rss(ITEMS[0], *stand_ins)
    feed = read_without_known(BODY, content_type="", known=KNOWN, read=parse)
    assert feed == replace(WHOLE, entries=WHOLE.entries[:1])


@pytest.mark.parametrize("spans", [((0, 5),) * 4, (), WHOLE.spans[:3]])
def test_where_a_stand_in_is_not_found_all_is_read(spans: tuple[tuple[int, int], ...]) -> None:
    """However many entries a parser claims to have left unread."""
    asked: list[bytes] = []

    def lying(document: bytes, known: Collection[str] | None) -> Feed:
        asked.append(document)
        feed = parse(document, known)
        return feed if document == BODY else replace(feed, spans=spans)

    feed = read_without_known(BODY, content_type="", known=KNOWN, read=lying)

    assert feed == parse(BODY, KNOWN)
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("error", "times"), [(FeedUnansweredError("too slow"), 1), (FeedUnreadableError("none"), 2)]
)
def test_what_a_parser_comes_to_no_end_with_it_is_not_asked_again(
    error: FeedUnreadableError, times: int
) -> None:
    asked: list[bytes] = []

    def failing(document: bytes, _: Collection[str] | None) -> Feed:
        asked.append(document)
        raise error

    with pytest.raises(type(error)):
        read_without_known(BODY, content_type="", known=KNOWN, read=failing)

    assert len(asked) == times
