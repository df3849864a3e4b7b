"""Feeds: bytes to items that may be stored and shown."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from builders import a_mirror, an_item
from feedmirror.adapters.isolation.vouching import is_own_form, objection
from feedmirror.addresses import web_address
from feedmirror.configuration import FeedSettings, Images
from feedmirror.layout import page_keys
from feedmirror.mirroring.content import clean_content, plain_text, texts_of
from feedmirror.mirroring.entries import Feed, FeedUnreadableError
from feedmirror.mirroring.feeds import parse_feed
from feedmirror.mirroring.items import Draft, build_item, markup_of
from feedmirror.mirroring.parsing import EXCERPT, Texts
from feedmirror.mirroring.poll_state import FeedState
from feedmirror.mirroring.reading import read_entries
from feedmirror.mirroring.terms_table import ROWS
from feedmirror.publishing.listings import Listing, read_listing
from feedmirror.publishing.pages import Renderer
from feedmirror.records import (
    METADATA_LIMIT,
    Item,
    Person,
    object_metadata,
    record_from_json,
    record_to_json,
)
from fuzz.oracles import assert_line, assert_page, assert_web, assert_xml
from fuzz.target import TAGS, Target, words
from markup_check import assert_safe

URL = "https://news.example.com/feed"
SETTINGS = FeedSettings(url=URL)
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
_RENDERER = Renderer(a_mirror())
_DATA = Path(__file__).parents[1] / "data" / "feeds"
_SAMPLES = Path(__file__).parents[2] / "functions" / "feedmirror" / "local" / "samples"
_CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "feeds"
_LARGEST = 4096  # bytes: feedparser reads a few hundred documents of this size a second
_MOST_SHOWN = 2  # items of one document that are rendered
_FIRST_ENTRY = re.compile(rb"</(?:\w+:)?(?:item|entry)>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Mirrored:
    """A document as far as a poll takes it."""

    feed: Feed
    items: tuple[Item, ...]


def read(document: bytes) -> Mirrored:
    """Do what a poll does with a document."""
    return mirrored(parse_feed(document, url=URL))


def mirrored(feed: Feed) -> Mirrored:
    """Do what a poll does with what a document was parsed as."""
    reading = read_entries(feed, settings=SETTINGS, state=FeedState())
    return Mirrored(feed, tuple(map(_item, reading.drafts)))


def _item(draft: Draft) -> Item:
    return build_item(draft, texts_of(markup_of(draft, images=Images.LINK)), now=NOW)


def check(_document: bytes, mirrored: object) -> None:
    """Fail unless what was read may be stored and shown."""
    assert isinstance(mirrored, Mirrored)
    _check_feed(mirrored.feed)
    assert not objection(mirrored.feed)
    ids = [item.id for item in mirrored.items]
    assert len(set(ids)) == len(ids)
    for item in mirrored.items[:_MOST_SHOWN]:
        _check_item(item)
        _check_stored(item)
    _check_listing(mirrored.items[:_MOST_SHOWN])


def _check_feed(feed: Feed) -> None:
    assert_line(feed.title)
    for problem in feed.problems:
        assert problem
    assert set(feed.signals) <= ROWS.keys()
    assert feed.ttl is None or feed.ttl >= 0
    assert feed.skip_hours <= set(range(24))
    for address in (feed.new_address, feed.older):
        assert address is None or web_address(address)
    for entry in feed.entries:
        assert not entry.is_empty
        assert set(entry.signals) <= ROWS.keys()
        assert_web(entry.link)
        repr(entry).encode()


def _check_item(item: Item) -> None:
    credit = item.attribution
    assert (item.host, credit.publisher.host, credit.feed.url) == ("news.example.com",) * 2 + (URL,)
    assert credit.publisher.name
    assert credit.original_url
    stated = (item.title, item.summary, credit.publisher.name, credit.feed.title)
    for text in (*stated, credit.rights, credit.credit, *item.categories):
        assert_line(text)
    _check_people(credit.authors)
    for address in (credit.original_url, credit.publisher.url, *(e.url for e in item.enclosures)):
        assert_web(address)
    if credit.source:
        assert_line(credit.source.title)
    assert_safe(item.content_html)
    if item.terms and item.terms.shown == "full":
        again = clean_content(item.content_html, base_url=URL, images=Images.LINK)
        assert again == item.content_html
    assert item.shown_from <= NOW
    assert len(page_keys(item.host, item.id, item.first_seen)) == 4
    for key in page_keys(item.host, item.id, item.first_seen):
        assert len(key.encode()) <= 1024


def _check_people(people: tuple[Person, ...]) -> None:
    for person in people:
        assert_line(person.name)
        assert_line(person.address)
        assert person.name or person.url or person.address


def _check_stored(item: Item) -> None:
    assert record_from_json(record_to_json(item, "a")) == item
    metadata = object_metadata(item)
    assert sum(len(name) + len(value) for name, value in metadata.items()) <= METADATA_LIMIT
    for value in metadata.values():
        assert value.isascii(), value
        assert value.isprintable(), value


def _check_listing(items: tuple[Item, ...]) -> None:
    if not items:
        return
    for item in items[:1]:
        assert_page(_RENDERER.item_page(item, nonce="a"))
    listing = Listing("news.example.com/").updated_with(map(_RENDERER.card, items))
    files = _RENDERER.listing(listing, nonce="a")
    assert_page(files["index.html"])
    assert_xml(files["feed.xml"])
    assert read_listing(listing.folder, files["feed.json"].body) == listing
    assert not _RENDERER.problems


def check_plain(markup: bytes, cleaned: object) -> None:
    """Fail unless markup was made safe, and stays as it is when it is cleaned again."""
    assert isinstance(cleaned, str)
    assert_safe(cleaned)
    assert is_own_form(cleaned)
    assert clean_content(cleaned, base_url=URL, images=Images.LINK) == cleaned
    text = plain_text(markup.decode("utf-8", "replace"), limit=300)
    assert len(text) <= 300
    assert text == " ".join(text.split())
    assert_line(text)


def check_texts(texts: Texts) -> None:
    """Fail unless what an entry's markup says may be stored and shown."""
    for text in (texts.words, texts.summary):
        assert_line(text)
    assert len(texts.summary) <= EXCERPT
    assert_safe(texts.content)
    assert_page(_RENDERER.item_page(an_item(content_html=texts.content), nonce="a"))


def cleaned(markup: bytes) -> str:
    """Make markup safe, as an entry's is."""
    return clean_content(markup.decode("utf-8", "replace"), base_url=URL, images=Images.LINK)


def documents() -> Iterator[bytes]:
    """Yield documents of every kind but JSON, ours first."""
    yield from (path.read_bytes() for path in sorted(_DATA.iterdir()))
    yield from (path.read_bytes() for path in sorted(_SAMPLES.glob("*.xml")))
    for path in sorted(_CORPUS.iterdir()) if _CORPUS.is_dir() else ():
        document = path.read_bytes()
        ends = [found.end() for found in _FIRST_ENTRY.finditer(document)]
        short = document[: ends[0]] + document[ends[-1] :] if ends else document
        if len(short) <= _LARGEST:
            yield short


def _json_documents() -> Iterator[bytes]:
    yield from (path.read_bytes() for path in sorted(_SAMPLES.glob("*.json")))
    author = {"name": "Ann Author", "url": "mailto:ann@news.example.com"}
    item = {
        "id": 7,
        "url": "https://news.example.com/a",
        "title": "A story",
        "content_html": "<p>The <em>whole</em> story.</p>",
        "content_text": "The whole story.\n\nOf it.",
        "summary": "In short",
        "date_published": "2026-11-03T10:30:00Z",
        "authors": [author],
        "tags": ["a", "b"],
        "attachments": [{"url": "/a.mp3", "mime_type": "audio/mpeg", "size_in_bytes": 3}],
        "_feedmirror": {"mirror": True},
    }
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Example News",
        "home_page_url": "https://news.example.com/",
        "next_url": "https://news.example.com/feed?page=2",
        "language": "en-GB",
        "authors": [author],
        "items": [item, {**item, "id": "8", "url": None, "external_url": "https://b.example/"}],
    }
    yield json.dumps(feed).encode()


def _markup() -> Iterator[bytes]:
    yield b"<p>A <b>bold</b> <a href='/x?a=1&amp;b=2'>link</a>, <img src=//a.example/b.png alt=c>"
    yield b"<table><tr><td colspan=2>a<td>b</table><ul><li>c<ul><li>d</ul></ul><pre>\n e</pre>"
    yield b"<iframe src=https://v.example/embed/1></iframe><video><source src=a.mp4></video>"
    yield b"<svg><title><style><img src=x onerror=alert(1)></style></svg><math><mi><table>"
    yield b"<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript><!--><b>-->"
    yield b"<details open><summary>a</summary><blockquote cite=x>b</blockquote><ol start=3><li>c"


TARGETS = (
    Target(
        name="feeds",
        read=read,
        check=check,
        seeds=documents,
        refuses=(FeedUnreadableError,),
        tokens=words("feeds"),
        grain=TAGS,
        longest=_LARGEST,
    ),
    Target(
        name="json-feeds",
        read=read,
        check=check,
        seeds=_json_documents,
        refuses=(FeedUnreadableError,),
        tokens=words("json-feeds"),
    ),
    Target(
        name="markup",
        read=cleaned,
        check=check_plain,
        seeds=_markup,
        tokens=words("feeds"),
        grain=TAGS,
    ),
)
