"""Reading any bytes yields a feed or FeedUnreadableError; what was written is read back."""

from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedmirror.adapters.isolation.vouching import objection
from feedmirror.characters import one_line
from feedmirror.mirroring.entries import Feed, FeedUnreadableError
from feedmirror.mirroring.feeds import parse_feed
from feedmirror.mirroring.texts import encoded_once
from feedmirror.records import Person

URL = "https://example.org/feed"
ATOM = "http://www.w3.org/2005/Atom"

MARKUP = [
    '<?xml version="1.0" encoding="gb2312"?>', "<!DOCTYPE x [", "<!ENTITY a '", "]>", "<!--", "-->",
    "<![CDATA[", "]]>", "<rss version='2.0'>", "<channel>", "<item>", "</item>", "</channel>",
    "</rss>", f"<feed xmlns='{ATOM}'>", "<entry>", "</entry>", "</feed>", "<title>", "</title>",
    "<link href='", "'/>", "<link>", "</link>", "<guid>", "</guid>", "<author>", "</author>",
    "<authors a='b'>", "<links>", "<source>", "</source>", "<pubDate>", "</pubDate>",
    "<content type='xhtml'>", "<content type='image/png'>", "</content>", "<description>",
    "&#xD800;", "&#0;", "&#x110000", "&amp;", "&nbsp;", "&a;", "&", "<", ">", "'", '"',
    "xml:base='http://[", "http://", "2024-01-01", "a@example.org (x)", "\0", "\ud7ff", "\u202e",
    '{"version": "https://jsonfeed.org/version/1.1", "items": [', '{"id": 1, "url": "', '"}', "]}",
]  # fmt: skip


def outcome(document: bytes, content_type: str = "") -> Feed | None:
    try:
        return parse_feed(document, url=URL, content_type=content_type)
    except FeedUnreadableError:
        return None


@given(st.binary(max_size=400), st.text(max_size=40))
def test_any_bytes_are_a_feed_or_unreadable(document: bytes, content_type: str) -> None:
    outcome(document, content_type)


@settings(max_examples=300)
@given(
    st.lists(st.one_of(st.sampled_from(MARKUP), st.text(max_size=6)), max_size=40),
    st.sampled_from(["utf-8", "utf-16", "utf-32-be", "gb18030", "cp037"]),
)
def test_any_markup_is_a_feed_or_unreadable(pieces: list[str], encoding: str) -> None:
    text = "".join(pieces).encode("utf-16", "replace").decode("utf-16")

    outcome(text.encode(encoding, "replace"))


@settings(max_examples=300)
@given(st.lists(st.sampled_from(MARKUP), max_size=30), st.sampled_from(["rss", "atom"]))
def test_any_markup_in_a_feed_is_a_feed_or_unreadable(pieces: list[str], form: str) -> None:
    start = (
        "<rss version='2.0'><channel><item>" if form == "rss" else f"<feed xmlns='{ATOM}'><entry>"
    )
    feed = outcome((start + "".join(pieces)).encode("utf-8", "replace"))

    if feed is not None:
        repr(feed).encode()
        assert not objection(feed)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_real_feed_cut_and_spliced_anywhere_is_a_feed_or_unreadable(data: st.DataObject) -> None:
    """Promise of entries.py: the address of a link is absolute, and texts can be written out."""
    name = data.draw(st.sampled_from(["rss.xml", "atom.xml"]))
    document = (Path(__file__).parents[1] / "data" / "feeds" / name).read_bytes()
    cut = data.draw(st.integers(0, len(document)))
    resumed = data.draw(st.integers(0, len(document)))
    spliced = data.draw(st.binary(max_size=6))

    feed = outcome(document[:cut] + spliced + document[resumed:])

    if feed is not None:
        repr(feed).encode()


WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cf", "Co", "Cn")), max_size=30
).filter(lambda text: not set(text) & set("&<>@(),;\"'"))
# A text that is UTF-8 taken for Latin-1 is read as what was meant; a unit test has that rule.
WORDS = WORDS.filter(lambda text: encoded_once(text) == text)
NAMES = WORDS.map(one_line).filter(lambda name: any(character.isalpha() for character in name))
PATHS = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_~", min_size=1, max_size=12)
ENTRIES = st.lists(st.tuples(WORDS, NAMES, PATHS, PATHS), max_size=6)


@settings(max_examples=60)
@given(WORDS, ENTRIES)
def test_an_rss_feed_reads_back_equal(title: str, entries: list[tuple[str, str, str, str]]) -> None:
    items = "".join(
        f"<item><title>{escape(words)}</title><link>https://example.org/{path}</link>"
        f"<guid isPermaLink='false'>{guid}</guid><author>x@example.org ({escape(name)})</author>"
        "</item>"
        for words, name, path, guid in entries
    )
    document = f"<rss version='2.0'><channel><title>{escape(title)}</title>{items}</channel></rss>"

    feed = parse_feed(document.encode(), url=URL)

    assert (feed.title, feed.damaged, feed.problems) == (one_line(title), False, ())
    assert [(e.title, e.authors, e.link, e.guid) for e in feed.entries] == [
        (
            one_line(words),
            (Person(name, None, "x@example.org"),),
            f"https://example.org/{path}",
            guid,
        )
        for words, name, path, guid in entries
    ]


@settings(max_examples=60)
@given(WORDS, ENTRIES)
def test_an_atom_feed_reads_back_equal(
    title: str, entries: list[tuple[str, str, str, str]]
) -> None:
    body = "".join(
        f"<entry><title>{escape(words)}</title><link href={quoteattr(f'/{path}')}/>"
        f"<id>{guid}</id><author><name>{escape(name)}</name></author></entry>"
        for words, name, path, guid in entries
    )
    document = f"<feed xmlns='{ATOM}'><title>{escape(title)}</title>{body}</feed>"

    feed = parse_feed(document.encode("utf-16"), url=URL)

    assert (feed.title, feed.damaged, feed.problems) == (one_line(title), False, ())
    assert [(e.title, e.authors, e.link, e.guid) for e in feed.entries] == [
        (one_line(words), (Person(name),), f"https://example.org/{path}", guid)
        for words, name, path, guid in entries
    ]


@pytest.mark.parametrize("name", ["rss.xml", "atom.xml"])
def test_reading_twice_gives_the_same(name: str) -> None:
    document = (Path(__file__).parents[1] / "data" / "feeds" / name).read_bytes()

    assert parse_feed(document, url=URL) == parse_feed(document, url=URL)
