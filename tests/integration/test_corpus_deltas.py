"""Real feeds that change are read in part, with the same outcome as if they were read whole.

Every sixteenth in the suite; ``make corpus`` takes all.
"""

import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from feedmirror.mirroring.entries import Feed, FeedUnreadableError
from feedmirror.mirroring.feeds import parse_feed
from read_twice import Twins
from world import Documents

CORPUS = Path(__file__).parents[2] / "../shared/corpus/feeds"
WHOLE = os.environ.get("FEEDMIRROR_TEST_WHOLE_CORPUS") == "1"
PARTS = 16
# Documents of which the entries cannot be told apart safely, and why.
WHOLE_ONLY = {
    "Ranchero-Softw__kc0011.rss": "of several bytes for a character",
    "arminreiter__Rss092FullSample.xml": "two entries alike",
    "arminreiter__Rss20LeFigaro.xml": "two entries alike",
    "danmactough__iconv.xml": "a channel in a channel",
    "danmactough__illegally-nested.xml": "entries in entries",
    "feed2imap__linuxsoft-invalidutf8.xml": "bytes that are no text",
    "feedjira__PaulDixExplainsNothingWFW.xml": "not well-formed",
    "kagisearch__705749c3b1bd02d8.xml": "not well-formed",
    "kagisearch__7ef13a42fa7e177a.xml": "not well-formed",
    "kagisearch__osm-pl.xml": "not well-formed",
    "miniflux__no_encoding_ISO-8859-1.xml": "an entry of nothing",
    "rometools__issue137-rss.xml": "a line end in a namespace",
    "rometools__sample1.xml": "ten entries alike",
    "rometools__test3.xml": "a line end in a namespace",
    "rometools__v6.xml": "entries in entries",
    "spacecowboy__rss_theguardian.xml": "not well-formed",
    "spacecowboy__rss_ukrnet.xml": "entries in several places",
}


def versions(body: bytes, feed: Feed) -> Iterator[tuple[str, bytes]]:
    """Yield a document as it changes, from without its first entry on, and what changes."""
    (first, *_), last = feed.spans, feed.spans[-1]
    middle = feed.spans[len(feed.spans) // 2]
    header = body[: first[0]]
    yield "without its first entry", header + body[first[1] :]
    yield "with a new first entry", body
    yield "with another header", _redated(header) + body[first[0] :]
    yield "without a middle one", body[: middle[0]] + body[middle[1] :]
    yield "with the middle one again", body
    yield "with one edited", body[: middle[0]] + _edited(body[slice(*middle)]) + body[middle[1] :]
    parts = [body[slice(*span)] for span in reversed(feed.spans)]
    between = [body[a[1] : b[0]] for a, b in zip(feed.spans, feed.spans[1:], strict=False)]
    woven = b"".join(part + gap for part, gap in zip(parts, [*between, b""], strict=True))
    yield "the other way round", header + woven + body[last[1] :]
    yield "as it was", body
    yield "without its last entry", body[: last[0]] + body[last[1] :]


def _redated(header: bytes) -> bytes:
    """Return a header of another time."""
    return re.sub(rb"20\d\d([-T: ])", rb"2026\1", header)


def _edited(part: bytes) -> bytes:
    """Return an entry with another title."""
    return re.sub(rb"(<title[^>]*>)(\s*<!\[CDATA\[)?", rb"\1\2New: ", part, count=1)


Read = dict[str, tuple[bytes, Feed | None]]


def names() -> list[str]:
    if not CORPUS.is_dir():
        pytest.skip("the corpus of real feeds is not beside this checkout")
    return [each["name"] for each in json.loads((CORPUS / "manifest.json").read_text())]


def documents(wanted: Iterable[str]) -> Read:
    read: Read = {}
    for name in wanted:
        body = (CORPUS / name).read_bytes()
        try:
            read[name] = body, parse_feed(body, url=f"https://e.example/{name}", known=())
        except FeedUnreadableError:
            read[name] = body, None
    return read


def test_entries_can_be_told_apart_in_all_but_those_that_are_explained() -> None:
    found = documents({*names()[:: 1 if WHOLE else PARTS], *WHOLE_ONLY})

    assert {name for name, (_, feed) in found.items() if not (feed and feed.spans)} == {*WHOLE_ONLY}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", range(PARTS if WHOLE else 1))
def test_what_changes_in_real_feeds_is_read_as_if_all_of_them_were(part: int) -> None:
    """The state, what is asked of the stores, and all that is in them, after each change."""
    changes = {
        name: list(versions(body, feed))
        for name, (body, feed) in documents(names()[part::PARTS]).items()
        if feed and feed.spans
    }
    left_unread = 0
    with Documents() as publisher:
        twins = Twins(publisher)
        for number, (change, _) in enumerate(next(iter(changes.values()))):
            for index, (name, each) in enumerate(changes.items()):
                twins.serve(each[number][1], f"/{name}", site=f"https://f{index}.example.com")
            twins.run()
            left_unread += twins.left_unread
            twins.check(change)

    entries = sum(body.count(b"<item") + body.count(b"<entry") for body in _firsts(changes))
    assert left_unread > 4 * entries


def _firsts(changes: dict[str, list[tuple[str, bytes]]]) -> list[bytes]:
    """Return the first version of each document."""
    return [each[0][1] for each in changes.values()]
