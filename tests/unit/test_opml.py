import contextlib
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmirror.configuration import FeedSettings
from feedmirror.opml import OpmlError, read_opml, write_opml


def opml(body: str, *, encoding: str = "UTF-8") -> bytes:
    head = f'<?xml version="1.0" encoding="{encoding}"?>\n<opml version="2.0"><body>\n'
    return f"{head}{body}\n</body></opml>".encode(encoding)


def test_feeds_are_found_however_deep_they_are_filed() -> None:
    document = opml("""
<outline text="News">
  <outline text="Local"><outline type="rss" text="A" xmlUrl="https://a.example/feed"/></outline>
  <outline type="rss" text="B" XMLURL=" http://b.example/feed?a=1&amp;b=2 "/>
</outline>
<outline text="a note"/><outline type="rss" text="C" xmlUrl="feed://c.example/rss"/>
<outline type="rss" text="D" xmlUrl="feed:https://d.example/rss"/>""")

    assert [feed.url for feed in read_opml(document)] == [
        "https://a.example/feed",
        "http://b.example/feed?a=1&b=2",
        "http://c.example/rss",
        "https://d.example/rss",
    ]


def test_a_site_is_kept_only_where_the_feeds_address_does_not_tell_it() -> None:
    document = opml("""
<outline xmlUrl="https://feeds.example.net/a" htmlUrl="https://a.example/"/>
<outline xmlUrl="https://www.b.example/feed" htmlUrl="http://b.example/"/>
<outline xmlUrl="https://c.example/feed" htmlUrl="javascript:alert(1)"/>
<outline xmlUrl="https://d.example/feed" htmlUrl=""/>""")

    assert [feed.site for feed in read_opml(document)] == ["https://a.example/", None, None, None]


def test_the_same_feed_is_listed_once() -> None:
    document = opml("""
<outline xmlUrl="https://a.example/feed"/><outline xmlUrl="http://www.a.example/feed/"/>
<outline xmlUrl="https://a.example/other"/>""")

    assert [feed.url for feed in read_opml(document)] == [
        "https://a.example/feed",
        "https://a.example/other",
    ]


def test_every_wrong_address_is_named_with_its_line() -> None:
    document = opml("""
<outline xmlUrl="ftp://a.example/feed"/>
<outline xmlUrl="https://b.example/feed"/>
<outline xmlUrl="b"/>""")

    with pytest.raises(OpmlError) as refused:
        read_opml(document)

    first, second = str(refused.value).splitlines()
    assert first.startswith('line 4: xmlUrl="ftp://a.example/feed": expected')
    assert second.startswith('line 6: xmlUrl="b": expected')


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (b"", "line 1: not well-formed XML"),
        (b"<opml>\n<body>\n<outline>\n</body></opml>", "line 4: not well-formed XML"),
        (b"<rss version='2.0'><channel/></rss>", "line 1: <rss> is not OPML"),
        (b"<!DOCTYPE opml SYSTEM 'x.dtd'>\n<opml/>", "line 1: a document type"),
        (
            b"<?xml version='1.0'?>\n<!DOCTYPE opml [<!ENTITY a 'aaaa'>]>\n<opml>&a;</opml>",
            "line 2: a document type",
        ),
        (b"<opml><body><outline xmlUrl='https://&a;.example/'/></body></opml>", "line 1: not well"),
        (b'<?xml version="1.0" encoding="no-such"?>\n<opml/>', "line 1: not well"),
        (b"\x00\x01\x02", "line 1: not well"),
    ],
)
def test_what_is_no_list_of_feeds_is_refused_with_its_line(document: bytes, told: str) -> None:
    with pytest.raises(OpmlError, match=told):
        read_opml(document)


def test_another_encoding_is_read() -> None:
    document = opml('<outline text="Ä" xmlUrl="https://a.example/ä"/>', encoding="ISO-8859-1")

    assert read_opml(document)[0].url == "https://a.example/ä"


def test_outlines_nested_a_hundred_thousand_deep_do_no_harm() -> None:
    document = opml("<outline>" * 100_000 + "</outline>" * 100_000)

    assert read_opml(document) == ()


FEEDS = st.builds(
    FeedSettings,
    url=st.from_regex(r"https://[a-z]{1,8}\.example/[a-z&<>\"']{0,8}", fullmatch=True),
    site=st.none() | st.from_regex(r"https://[a-z]{1,8}\.test/", fullmatch=True),
)


@given(
    st.lists(FEEDS, max_size=5, unique_by=lambda feed: feed.url.rstrip("/")),
    st.text(),
)
def test_what_is_written_is_read_back_as_the_same(feeds: list[FeedSettings], title: str) -> None:
    document = write_opml(feeds, title=title)

    assert ET.fromstring(document).get("version") == "2.0"  # noqa: S314 -- our own text
    assert read_opml(document) == tuple(feeds)


MARKUP = st.text(alphabet="<>/opmlutine=\"'&; !", max_size=60).map(str.encode)


@given(st.binary(max_size=60) | MARKUP)
def test_any_bytes_are_read_or_refused(document: bytes) -> None:
    with contextlib.suppress(OpmlError):
        assert isinstance(read_opml(document), tuple)
