import gzip
import http.client
import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import pytest

from feedmirror.configuration import FeedSettings, Images
from feedmirror.local.publisher import serve_samples
from feedmirror.mirroring.content import clean_content
from feedmirror.mirroring.entries import Feed
from feedmirror.mirroring.feeds import parse_feed
from markup_check import assert_safe


@pytest.fixture(scope="module")
def feeds() -> Iterator[tuple[FeedSettings, ...]]:
    with serve_samples() as publisher:
        yield publisher.feeds


Answer = tuple[int, dict[str, str], bytes]


def ask(url: str, *, method: str = "GET", **headers: str) -> Answer:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, parts.path, headers=named)
        answer = connection.getresponse()
        fields = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, fields, answer.read()
    finally:
        connection.close()


def read(feed: FeedSettings) -> Feed:
    _, headers, body = ask(feed.url)
    return parse_feed(body, url=feed.url, content_type=headers["content-type"])


def test_each_feed_is_served_from_loopback_under_its_own_site(
    feeds: tuple[FeedSettings, ...],
) -> None:
    assert [feed.host for feed in feeds] == [
        "news.example",
        "essays.example",
        "workshop.example",
        "radio.example",
    ]
    for feed in feeds:
        assert urlsplit(feed.url).hostname == "127.0.0.1"
        status, headers, body = ask(feed.url)
        assert status == 200
        assert int(headers["content-length"]) == len(body)
        if "json" in headers["content-type"]:
            assert json.loads(body)["version"] == "https://jsonfeed.org/version/1.1"
        else:
            ET.fromstring(body)  # noqa: S314 -- our own file


def test_a_client_that_has_the_document_is_told_so(feeds: tuple[FeedSettings, ...]) -> None:
    for feed in feeds:
        _, headers, _ = ask(feed.url)
        for stated in (headers["etag"], f"W/{headers['etag']}", f'"x", {headers["etag"]}', "*"):
            status, again, body = ask(feed.url, If_None_Match=stated)
            assert (status, body, again["etag"]) == (304, b"", headers["etag"])
        assert ask(feed.url, If_Modified_Since=headers["last-modified"])[0] == 304
        assert ask(feed.url, If_None_Match='"x"')[0] == 200
        assert ask(feed.url, If_Modified_Since="Mon, 01 Jan 2024 00:00:00 GMT")[0] == 200
        assert ask(feed.url, If_Modified_Since="yesterday")[0] == 200


def test_an_etag_outranks_a_date(feeds: tuple[FeedSettings, ...]) -> None:
    _, headers, _ = ask(feeds[0].url)

    answer = ask(feeds[0].url, If_None_Match='"other"', If_Modified_Since=headers["last-modified"])

    assert answer[0] == 200


def test_the_etags_of_the_documents_differ(feeds: tuple[FeedSettings, ...]) -> None:
    assert len({ask(feed.url)[1]["etag"] for feed in feeds}) == len(feeds)


def test_gzip_is_sent_to_who_takes_it_under_its_own_etag(feeds: tuple[FeedSettings, ...]) -> None:
    _, plain, body = ask(feeds[0].url)
    _, packed, small = ask(feeds[0].url, Accept_Encoding="br, gzip;q=0.8")

    assert packed["content-encoding"] == "gzip"
    assert gzip.decompress(small) == body
    assert len(small) < len(body) / 2
    assert packed["etag"] != plain["etag"]
    assert "content-encoding" not in ask(feeds[0].url, Accept_Encoding="gzip;q=0, br")[1]
    assert ask(feeds[0].url, Accept_Encoding="gzip", If_None_Match=packed["etag"])[0] == 304


def test_head_brings_the_headers_alone(feeds: tuple[FeedSettings, ...]) -> None:
    status, headers, body = ask(feeds[0].url, method="HEAD")

    assert (status, body) == (200, b"")
    assert int(headers["content-length"]) > 1000


def test_there_is_nothing_else_to_fetch(feeds: tuple[FeedSettings, ...]) -> None:
    root = feeds[0].url.rpartition("/")[0]

    for path in ("/", "/README.md", "/../publisher.py", "/robots.txt"):
        assert ask(root + path)[0] == 404
    assert ask(feeds[0].url, method="POST")[0] == 501


def test_two_publishers_stand_side_by_side_and_stop_cleanly(
    capfd: pytest.CaptureFixture[str],
) -> None:
    before = threading.active_count()
    with serve_samples() as first, serve_samples() as second:
        assert first.feeds[0].url != second.feeds[0].url
        port = urlsplit(second.feeds[0].url).port
        assert ask(second.feeds[0].url)[0] == 200
        with socket.create_connection(("127.0.0.1", port or 0)) as hung_up:
            hung_up.sendall(b"GET /")

    assert threading.active_count() <= before + 1
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port or 0), timeout=1)
    assert capfd.readouterr() == ("", "")


def test_the_samples_say_what_a_mirror_must_be_able_to_tell(
    feeds: tuple[FeedSettings, ...],
) -> None:
    news, essays, workshop, radio = (read(feed) for feed in feeds)

    assert [len(feed.entries) for feed in (news, essays, workshop, radio)] == [6, 4, 4, 4]
    assert not any(feed.damaged or feed.problems for feed in (news, essays, workshop, radio))
    assert len({entry.authors[0].name for entry in news.entries}) > 2
    assert all("appeared first on" in entry.content_html for entry in news.entries)
    assert all(entry.guid and "?p=" in entry.guid for entry in news.entries)
    assert essays.license_url == "https://creativecommons.org/licenses/by/4.0/"
    assert {entry.language for entry in essays.entries} >= {"es"}
    assert any(entry.updated != entry.published for entry in essays.entries)
    assert any(len(entry.authors) == 2 for entry in workshop.entries)
    assert any(entry.enclosures for entry in workshop.entries)
    assert [bool(entry.authors) for entry in radio.entries] == [True, True, False, True]
    assert radio.authors == ()
    assert all(entry.enclosures for entry in radio.entries)
    assert any(entry.credit for entry in radio.entries)


def test_every_date_is_in_the_autumn_that_the_samples_tell_of(
    feeds: tuple[FeedSettings, ...],
) -> None:
    for feed in feeds:
        for entry in read(feed).entries:
            for moment in filter(None, (entry.published, entry.updated)):
                assert datetime(2026, 10, 1, tzinfo=UTC) <= moment
                assert moment < datetime(2026, 11, 20, tzinfo=UTC)


def test_every_sample_is_shown_in_full_and_safely(feeds: tuple[FeedSettings, ...]) -> None:
    for feed in feeds:
        for entry in read(feed).entries:
            html = entry.content_html or entry.summary_html
            cleaned = clean_content(html, base_url=entry.base_url, images=Images.LINK)
            assert_safe(cleaned)
            assert len(cleaned) > 400
            assert "pixel.wp.com" not in cleaned
            assert "127.0.0.1" not in cleaned


def test_an_edit_changes_the_feeds_that_have_the_words_and_no_other() -> None:
    with serve_samples() as publisher:
        before = {feed.host: ask(feed.url) for feed in publisher.feeds}

        publisher.edit("half past nine on Saturday", "a quarter to ten on Saturday")

        for feed in publisher.feeds:
            _, headers, body = before[feed.host]
            status, _, fresh = ask(feed.url, If_None_Match=headers["etag"])
            if feed.host == "news.example":
                assert (status, b"a quarter to ten on Saturday" in fresh) == (200, True)
                assert b"half past nine on Saturday" in body
            else:
                assert status == 304
