"""What a child may say of where entries lie, and what nobody believes."""

from dataclasses import replace

import pytest

from feedmirror.adapters.isolation.vouching_spans import objection_to_spans
from feedmirror.mirroring.entries import Feed
from feedmirror.mirroring.feeds import parse_feed
from feedmirror.mirroring.spans import digests_of
from world import entry, rss

BODY = rss(entry(1), entry(2), entry(3)).encode()
WHOLE = parse_feed(BODY, url="https://news.example.com/feed", known=())
DIGESTS = digests_of(BODY, WHOLE.spans)
FIRST, SECOND, THIRD = WHOLE.spans


def test_what_our_own_reading_says_is_believed() -> None:
    known = {DIGESTS[1]}
    part = parse_feed(BODY, url=WHOLE.url, known=known)

    assert len(part.entries) == 2
    assert objection_to_spans(WHOLE, BODY, frozenset()) == ""
    assert objection_to_spans(WHOLE, BODY, known) == ""
    assert objection_to_spans(part, BODY, known) == ""
    assert objection_to_spans(replace(WHOLE, spans=()), BODY, None) == ""


@pytest.mark.parametrize(
    ("feed", "known"),
    [
        (WHOLE, None),
        (replace(WHOLE, damaged=True), ()),
        (replace(WHOLE, frame="\ud800"), ()),
        (replace(WHOLE, spans=(FIRST, SECOND, (THIRD[0], len(BODY)))), ()),
        (replace(WHOLE, spans=(SECOND, FIRST, THIRD)), ()),
        (replace(WHOLE, spans=(FIRST, SECOND)), ()),
        (replace(WHOLE, entries=WHOLE.entries[:2]), ()),
        (replace(WHOLE, entries=WHOLE.entries[:1]), DIGESTS[:1]),
        (replace(WHOLE, entries=()), DIGESTS[:2]),
        (replace(WHOLE, entries=(), spans=(FIRST, FIRST)), DIGESTS),
    ],
)
def test_what_it_could_not_say_is_not(feed: Feed, known: tuple[str, ...] | None) -> None:
    assert objection_to_spans(feed, BODY, known)


def test_entries_alike_are_none_that_are_known() -> None:
    body = rss(entry(1), entry(1)).encode()
    start = body.index(b"<item>")
    length = len(entry(1))
    spans = ((start, start + length), (start + length, start + 2 * length))
    feed = replace(WHOLE, spans=spans, entries=WHOLE.entries[:2])

    assert objection_to_spans(feed, body, ())
