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

    assert [feed.url for feed in read_opml(document).feeds] == [
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

    assert [feed.site for feed in read_opml(document).feeds] == [
        "https://a.example/",
        None,
        None,
        None,
    ]


def test_the_same_feed_is_listed_once() -> None:
    document = opml("""
<outline xmlUrl="https://a.example/feed"/><outline xmlUrl="http://www.a.example/feed/"/>
<outline xmlUrl="https://a.example/other"/>""")

    assert [feed.url for feed in read_opml(document).feeds] == [
        "https://a.example/feed",
        "https://a.example/other",
    ]


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_outlines_for_one_feed_the_one_that_names_its_site_tells_whose_it_is(
    order: int,
) -> None:
    outlines = (
        '<outline xmlUrl="https://feeds.example.net/a"/>',
        '<outline xmlUrl="https://feeds.example.net/a" htmlUrl="https://a.example/"/>',
    )

    feeds = read_opml(opml("".join(outlines[::order]))).feeds

    assert feeds == (FeedSettings(url="https://feeds.example.net/a", site="https://a.example/"),)


def test_a_wrong_outline_is_named_with_its_line_and_the_others_are_taken() -> None:
    document = opml("""
<outline xmlUrl="ftp://a.example/feed"/>
<outline xmlUrl="https://b.example/feed"/>
<outline xmlUrl="b"/>""")

    found = read_opml(document)

    right = "expected an address that starts with http:// or https://"
    assert [feed.url for feed in found.feeds] == ["https://b.example/feed"]
    assert found.skipped == (
        f'line 4: xmlUrl="ftp://a.example/feed": {right}',
        f'line 6: xmlUrl="b": {right}',
    )


def test_where_every_outline_is_wrong_the_list_is() -> None:
    with pytest.raises(OpmlError, match=r'line 3: xmlUrl="a": expected an address'):
        read_opml(opml('<outline xmlUrl="a"/>'))


FEED = "this is a feed itself, so mirror it by its address with --feed"


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf\n", "the file is empty"),
        (b"Hello, here are my feeds", "this is no XML"),
        (bytes(range(256)), "this is no XML"),
        (b"<!DOCTYPE html>\n<html><body/></html>", "this is an HTML page"),
        (b"<html lang='en'>", "this is an HTML page"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- x -->\n<rss version='2.0'>", FEED),
        (b"<feed xmlns='http://www.w3.org/2005/Atom'/>", FEED),
        (b"<rdf:RDF xmlns='http://purl.org/rss/1.0/'/>", FEED),
        (b'{"version": "https://jsonfeed.org/version/1.1"}', FEED),
        (b'["https://a.example/feed"]', "this is JSON"),
        (b"PK\x03\x04...", "this is a ZIP archive, so unpack it first"),
        (b"\x1f\x8b\x08", "this is compressed by gzip, so unpack it first"),
        (b'[mirror]\nname = "M"', "this is a mirror.toml, so give its name the ending .toml"),
        (b"<plist version='1.0'/>", "line 1: <plist> is not <opml>"),
        (b"<opml version='2.0'><head/><body/></opml>", "there is no feed in it"),
        (b"<opml>\n<body>\n<outline>\n</body></opml>", "line 4: not well-formed XML: mismatched"),
        (b"<opml>\n<body>\n<outline xmlUrl='https://a.exa", "line 3: not well-formed XML"),
        (b'<?xml version="1.0" encoding="no-such"?>\n<opml/>', "line 1: unknown encoding: no-such"),
    ],
)
def test_what_is_no_list_of_feeds_is_named_for_what_it_is(document: bytes, told: str) -> None:
    with pytest.raises(OpmlError) as refused:
        read_opml(document)

    said = str(refused.value)
    assert said.startswith(told)
    assert said.endswith("expected a list of feeds as OPML, which feed readers export")


@pytest.mark.parametrize(
    "document",
    [
        b"<!DOCTYPE opml SYSTEM 'x.dtd'>\n<opml/>",
        b"<?xml version='1.0'?><!DOCTYPE opml [<!ENTITY a 'aaaa'>]>\n<opml>&a;</opml>",
        b"<!DOCTYPE opml [<!ENTITY a 'https://a.example/'>]><opml><outline xmlUrl='&a;'/>&</opml>",
    ],
)
def test_a_document_type_is_refused_with_all_that_it_could_define(document: bytes) -> None:
    with pytest.raises(OpmlError, match="line 1: a document type is not accepted"):
        read_opml(document)


@pytest.mark.parametrize("encoding", ["ISO-8859-1", "windows-1252", "UTF-16", "UTF-8"])
def test_another_encoding_is_read(encoding: str) -> None:
    document = opml('<outline text="Ä" xmlUrl="https://a.example/ä"/>', encoding=encoding)

    assert read_opml(document).feeds[0].url == "https://a.example/ä"


@pytest.mark.parametrize(
    "document",
    [
        b'<opml version="1.0"><outline text="A & B" xmlUrl="https://a.example/?a=1&copy=2"/></opml>',
        b'<opml><outline text="&nbsp;&eacute;" xmlurl="https://a.example/?a=1&amp;copy=2"/></opml>',
        b'<opml><outline text="\x0b\x1f" xmlUrl="https://a.example/?a=1&#38;copy=2"/></opml>',
        b'<OPML><Outline text="\xe9" XMLURL="https://a.example/?a=1&copy=2"/></OPML>',
        b'\xef\xbb\xbf\n<?xml version="1.0"?><opml><outline xmlUrl="https://a.example/?a=1&copy=2"/></opml>',
    ],
    ids=["ampersand", "html-entities", "control", "latin-1", "blank-before"],
)
def test_what_readers_export_against_the_rules_of_xml_is_read_as_it_is_meant(
    document: bytes,
) -> None:
    assert [feed.url for feed in read_opml(document).feeds] == ["https://a.example/?a=1&copy=2"]


def test_the_line_is_right_where_the_document_was_mended() -> None:
    document = b'\n\n<opml>\n<outline text="&" xmlUrl="a"/></opml>'

    with pytest.raises(OpmlError, match="line 4: xmlUrl"):
        read_opml(document)


def test_outlines_nested_a_hundred_thousand_deep_do_no_harm() -> None:
    deep = "<outline>" * 100_000 + '<outline xmlUrl="https://a.example/"/>' + "</outline>" * 100_000

    assert len(read_opml(opml(deep)).feeds) == 1


FEEDS = st.builds(
    FeedSettings,
    url=st.from_regex(r"https://[a-z]{1,8}\.example/[a-z&<>\"']{0,8}", fullmatch=True),
    site=st.none() | st.from_regex(r"https://[a-z]{1,8}\.test/", fullmatch=True),
)


@given(
    st.lists(FEEDS, min_size=1, max_size=5, unique_by=lambda feed: feed.url.rstrip("/")),
    st.text(),
)
def test_what_is_written_is_read_back_as_the_same(feeds: list[FeedSettings], title: str) -> None:
    document = write_opml(feeds, title=title)

    assert ET.fromstring(document).get("version") == "2.0"  # noqa: S314 -- our own text
    assert read_opml(document).feeds == tuple(feeds)


MARKUP = st.text(alphabet="<>/opmlutine=\"'&; !", max_size=60).map(str.encode)


@given(st.binary(max_size=60) | MARKUP)
def test_any_bytes_are_read_or_refused(document: bytes) -> None:
    with contextlib.suppress(OpmlError):
        assert read_opml(document).feeds
