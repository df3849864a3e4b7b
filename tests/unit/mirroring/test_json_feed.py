import json
from datetime import UTC, datetime
from typing import Any

import pytest

from feedmirror.mirroring.entries import Entry, Feed, FeedUnreadableError
from feedmirror.mirroring.feeds import parse_feed
from feedmirror.records import Contact, Enclosure, Person

URL = "https://example.org/dir/feed.json"


def feed_of(*items: object, version: str = "1.1", **header: Any) -> Feed:  # noqa: ANN401 -- JSON
    whole = {"version": f"https://jsonfeed.org/version/{version}", **header, "items": items}
    return parse_feed(json.dumps(whole).encode(), url=URL)


def only(**item: Any) -> Entry:  # noqa: ANN401 -- JSON
    (entry,) = feed_of({"id": "1", **item}).entries
    return entry


def test_the_feed_itself_is_read() -> None:
    feed = feed_of(
        title=" T\n",
        home_page_url="/",
        language="en-GB",
        authors=[{"name": "Ann", "url": "mailto:a@example.org"}, {"name": "Bob", "url": "/bob"}, 7],
    )

    assert (feed.format, feed.title, feed.language) == ("JSON Feed 1.1", "T", "en-GB")
    assert (feed.url, feed.site_url) == (URL, "https://example.org/")
    assert feed.authors == (
        Person("Ann", None, "a@example.org"),
        Person("Bob", "https://example.org/bob"),
    )
    assert feed.contacts == (Contact("author", "a@example.org"),)
    assert (feed.entries, feed.damaged, feed.problems) == ((), False, ())


def test_an_item_is_read_whole() -> None:
    entry = only(
        url="https://example.org/1",
        external_url="https://other.example/",
        title="<b>not markup</b>",
        content_html="<p>Long enough text</p>",
        summary="Short & sweet",
        date_published="2024-05-01T10:00:00+02:00",
        date_modified="2024-05-02T10:00:00z",
        tags=["a", "b", "a", 3, " "],
        language="fr",
        attachments=[
            {"url": "/a.mp3", "mime_type": "audio/mpeg", "size_in_bytes": 12},
            {"url": "ftp://example.org/x"},
            {"mime_type": "audio/mpeg"},
            "x",
            {"url": "/b.mp3", "size_in_bytes": -1},
            {"url": "/c.mp3", "size_in_bytes": 10**400},
            {"url": "/d.mp3", "size_in_bytes": True},
        ],
        _extension={"id": "ignored"},
    )

    assert (entry.guid, entry.link, entry.base_url) == ("1", "https://example.org/1", URL)
    assert entry.title == "<b>not markup</b>"
    assert entry.content_html == "<p>Long enough text</p>"
    assert entry.summary_html == "<p>Short &amp; sweet</p>"
    assert entry.published == datetime(2024, 5, 1, 8, tzinfo=UTC)
    assert entry.updated == datetime(2024, 5, 2, 10, tzinfo=UTC)
    assert (entry.categories, entry.language) == (("a", "b"), "fr")
    assert entry.enclosures == (
        Enclosure("https://example.org/a.mp3", "audio/mpeg", 12),
        Enclosure("https://example.org/b.mp3"),
        Enclosure("https://example.org/c.mp3"),
        Enclosure("https://example.org/d.mp3"),
    )


@pytest.mark.parametrize(
    ("stated", "published"),
    [
        ("2024-05-01", datetime(2024, 5, 1, tzinfo=UTC)),
        ("2024-05-01t10:00:00.5Z", datetime(2024, 5, 1, 10, 0, 0, 500_000, tzinfo=UTC)),
        ("2024-13-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("Wed, 01 May 2024", None),
        (1714557600, None),
    ],
)
def test_a_date_is_a_moment_in_utc_or_none(stated: object, published: datetime | None) -> None:
    assert only(date_published=stated).published == published


def test_plain_text_is_escaped_and_keeps_its_paragraphs() -> None:
    entry = only(content_text="1 < 2\r\nnext\n\n<b>& so on")

    assert entry.content_html == "<p>1 &lt; 2<br>next</p><p>&lt;b&gt;&amp; so on</p>"


def test_an_external_address_is_the_link_only_if_there_is_no_other() -> None:
    assert only(external_url="https://other.example/").link == "https://other.example/"
    assert only(url="mailto:a@example.org", id="x").link is None


@pytest.mark.parametrize(
    ("stated", "guid"),
    [(7, "7"), ("  x ", "x"), (1.5, "1.5"), ("", None), (True, None), ([], None)],
)
def test_an_id_is_text_even_if_it_is_a_number(stated: object, guid: str | None) -> None:
    (entry,) = feed_of({"id": stated, "title": "x"}).entries

    assert entry.guid == guid


def test_version_1_names_one_author() -> None:
    feed = feed_of(
        {"id": "1", "author": {"name": "Ann"}}, version="1", author={"name": "Bob <b@example.org>"}
    )

    assert feed.format == "JSON Feed 1"
    assert feed.entries[0].authors == (Person("Ann"),)
    assert feed.authors == (Person("Bob", None, "b@example.org"),)


def test_invalid_items_cost_only_themselves() -> None:
    feed = feed_of("x", {"id": "1"}, None, {}, {"id": "2", "title": 7, "authors": "x", "tags": {}})

    assert [entry.guid for entry in feed.entries] == ["1", "2"]
    assert [problem.partition(":")[0] for problem in feed.problems] == [
        "entry 1",
        "entry 3",
        "entry 4",
    ]
    assert feed.damaged


@pytest.mark.parametrize(
    "document",
    [
        b'{"version": "https://jsonfeed.org/version/2", "items": []}',
        b'{"version": "https://jsonfeed.org/version/1", "items": {}}',
        b'{"version": 1, "home_page_url": "https://jsonfeed.org/"}',
        b'{"version": "https://jsonfeed.org/version/1.1", "items": [',
        b'["https://jsonfeed.org/version/1.1"]',
        b'{"jsonfeed.org": ' + b"[" * 100_000,
        b'{"jsonfeed.org": ' + b"9" * 10_000 + b"}",
    ],
)
def test_what_is_no_json_feed_is_unreadable(document: bytes) -> None:
    with pytest.raises(FeedUnreadableError, match="no feed"):
        parse_feed(document, url=URL)


def test_a_json_feed_is_known_by_its_content_or_its_type() -> None:
    escaped = rb'{"version": "https:\/\/jsonfeed.org\/version\/1", "items": [{"id": "1"}]}'
    sneaky = rb'{"version": "https://jsonfeed\u002eorg/version/1", "items": [{"id": "1"}]}'

    assert len(parse_feed(b"\xef\xbb\xbf\n " + escaped, url=URL).entries) == 1
    assert len(parse_feed(sneaky, url=URL, content_type="application/feed+json").entries) == 1


def test_characters_that_no_page_can_hold_are_dropped() -> None:
    (entry,) = parse_feed(
        rb'{"version": "https://jsonfeed.org/version/1", "items": [{"id": "a\u0000b",'
        rb' "title": "x\ud800y\u0007", "content_html": "<p>\ud800\u0000\u0008z</p>"}]}',
        url=URL,
    ).entries

    assert (entry.guid, entry.title, entry.content_html) == ("ab", "xy", "<p>z</p>")


def test_raw_line_ends_in_strings_are_forgiven() -> None:
    document = b'{"version": "https://jsonfeed.org/version/1", "items": [{"id": "a\nb"}]}'

    assert len(parse_feed(document, url=URL).entries) == 1
