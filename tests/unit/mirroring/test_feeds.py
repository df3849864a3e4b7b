from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from typing import NoReturn

import pytest

from feedmirror.mirroring.entries import Entry, Feed, FeedUnreadableError
from feedmirror.mirroring.feeds import parse_feed
from feedmirror.records import Enclosure, Person, Source

URL = "https://example.org/dir/feed"
NAMESPACES = (
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/" '
    'xmlns:atom="http://www.w3.org/2005/Atom" '
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" '
    'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" '
    'xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0"'
)


def rss(*items: str, header: str = "") -> Feed:
    body = "".join(f"<item>{item}</item>" for item in items)
    return parse_feed(
        f'<rss version="2.0" {NAMESPACES}><channel>{header}{body}</channel></rss>'.encode(),
        url=URL,
    )


def atom(*entries: str, header: str = "", version: str = "http://www.w3.org/2005/Atom") -> Feed:
    body = "".join(f"<entry>{entry}</entry>" for entry in entries)
    return parse_feed(f'<feed xmlns="{version}">{header}{body}</feed>'.encode(), url=URL)


def only(feed: Feed) -> Entry:
    (entry,) = feed.entries
    return entry


def test_importing_the_way_in_loads_no_parser() -> None:
    code = (
        "import sys, feedmirror.mirroring.feeds\n"
        "late = {'feedparser', 'xml.etree', 'xml.sax', 'pyexpat',"
        " 'feedmirror.mirroring.json_feed', 'feedmirror.mirroring.raw_xml'}\n"
        "print(sorted(late & set(sys.modules)))"
    )

    result = subprocess.run(  # noqa: S603 -- our own interpreter and code
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )

    assert (result.returncode, result.stdout, result.stderr) == (0, "[]\n", "")


@pytest.mark.parametrize(
    ("document", "form"),
    [
        ('<rss version="0.91"><channel><item><title>x</title></item></channel></rss>', "0.91"),
        ('<rss version="0.92"><channel><item><title>x</title></item></channel></rss>', "RSS 0.92"),
        ('<rss version="2.0"><channel><item><title>x</title></item></channel></rss>', "RSS 2.0"),
        (
            (
                '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
                ' xmlns="http://my.netscape.com/rdf/simple/0.9/"><channel><title>t</title></channel>'
                "<item><title>x</title></item></rdf:RDF>"
            ),
            "RSS 0.90",
        ),
        (
            (
                '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
                ' xmlns="http://purl.org/rss/1.0/"><channel><title>t</title></channel>'
                '<item rdf:about="urn:x"><title>x</title></item></rdf:RDF>'
            ),
            "RSS 1.0",
        ),
        (
            (
                '<feed version="0.3" xmlns="http://purl.org/atom/ns#">'
                "<entry><title>x</title></entry></feed>"
            ),
            "Atom 0.3",
        ),
        (
            '<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>x</title></entry></feed>',
            "Atom 1.0",
        ),
        ("<CHANNEL HREF='http://e.org/'><ITEM><TITLE>x</TITLE></ITEM></CHANNEL>", "CDF"),
        (
            '{"version": "https://jsonfeed.org/version/1", "items": [{"id": 1, "title": "x"}]}',
            "JSON Feed 1",
        ),
    ],
)
def test_every_format_is_read_and_named(document: str, form: str) -> None:
    feed = parse_feed(document.encode(), url=URL)

    assert only(feed).title == "x"
    assert form in feed.format
    assert (feed.url, feed.damaged, feed.problems) == (URL, False, ())


def test_a_feed_without_entries_is_a_feed() -> None:
    feed = rss(header="<title>Quiet</title>")

    assert (feed.title, feed.entries, feed.damaged) == ("Quiet", (), False)


def test_a_cdf_entry_has_its_address_and_date_from_attributes() -> None:
    feed = parse_feed(
        b'<CHANNEL HREF="http://e.org/"><TITLE>T</TITLE><ITEM HREF="/1"'
        b' LASTMOD="1998-01-02T03:04:05"><TITLE>x</TITLE><ABSTRACT>y</ABSTRACT></ITEM></CHANNEL>',
        url=URL,
    )

    assert feed.site_url == "http://e.org/"
    assert only(feed).link == "https://example.org/1"
    assert only(feed).published == datetime(1998, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (b"<html><title>Gone</title></html>", "an HTML page titled “Gone”"),
        (b"<!doctype HTML><p>x", "an HTML page"),
        (b"<html><body><feed>x</feed></body></html>", "an HTML page"),
        (b'<?xml version="1.0"?><opml version="2.0"/>', "an OPML list of feeds"),
        (b'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"/>', "a sitemap"),
        (b"<Error><Code>AccessDenied</Code></Error>", "an XML error message"),
        (b"<thing/>", "an XML document of <thing>"),
        (b'{"error": "nope"}', "JSON, but not a JSON Feed"),
        (b"[1]", "JSON, but not a JSON Feed"),
        (b'{"version": "https://jsonfeed.org/version/1", "items": [', "broken JSON"),
        (b"Not found\n", "text that begins with “Not found”"),
        (b"\x89PNG\r\n\x1a\n\0\0", "a PNG image"),
        (b"\x1f\x8b\x08\0\0", "gzip-compressed bytes"),
        (b"%PDF-1.7", "a PDF file"),
        (b"\x01\x02\0\0\x03" * 9, "binary data"),
    ],
)
def test_what_is_no_feed_is_called_what_it_is(document: bytes, said: str) -> None:
    with pytest.raises(FeedUnreadableError, match=said):
        parse_feed(document, url=URL)


def test_a_warning_printed_before_the_feed_damages_it_only() -> None:
    feed = parse_feed(
        b"<br />\n<b>Warning</b>: oops in /x.php on line 1<br />\n"
        b'<?xml version="1.0"?><rss version="2.0"><channel><item><title>x</title></item></channel>'
        b"</rss>",
        url=URL,
    )

    assert (only(feed).title, feed.damaged) == ("x", True)


@pytest.mark.parametrize("before", [b"\n\n  ", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n", b"\xff\xfe"])
def test_blanks_and_marks_before_the_declaration_do_no_damage(before: bytes) -> None:
    text = '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><item><title>é'
    text += "</title></item></channel></rss>"
    encoded = text.encode("utf-16-le" if before == b"\xff\xfe" else "utf-8")

    feed = parse_feed(before + encoded, url=URL)

    assert (only(feed).title, feed.damaged, feed.problems) == ("é", False, ())


@pytest.mark.parametrize(
    ("encoding", "declared", "content_type"),
    [
        ("utf-8", "", ""),
        ("utf-8", "utf-8", "application/rss+xml"),
        ("utf-8", "iso-8859-1", "text/xml"),
        ("utf-8", "utf-8", "text/xml; charset=iso-8859-1"),
        ("utf-8", "gb2312", ""),
        ("utf-8", "unicode_escape", "text/xml; charset=punycode"),
        ("utf-8", "no-such-thing", ""),
        ("utf-8", "utf-16", ""),
        ("windows-1251", "windows-1251", ""),
        ("windows-1251", "", "application/xml; charset=windows-1251"),
        ("koi8-r", "koi8-r", "application/xml"),
        ("gb2312", "gb2312", ""),
        ("shift_jis", "Shift_JIS", ""),
        ("iso2022_jp", "ISO-2022-JP", ""),
        ("utf-16-be", "utf-16", ""),
        ("utf-32-le", "utf-32", ""),
    ],
)
def test_the_encoding_is_the_declared_one_unless_it_is_evidently_another(
    encoding: str, declared: str, content_type: str
) -> None:
    words = "日本の新聞" if encoding in {"gb2312", "shift_jis", "iso2022_jp"} else "Привет, мир"
    words = "中国新闻" if encoding == "gb2312" else words
    stated = f' encoding="{declared}"' if declared else ""
    text = (
        f'<?xml version="1.0"{stated}?><rss version="2.0"><channel><item><title>{words}</title>'
        "</item></channel></rss>"
    )

    feed = parse_feed(text.encode(encoding), url=URL, content_type=content_type)

    assert (only(feed).title, feed.damaged) == (words, False)


def test_latin_letters_without_a_declaration_are_read_as_windows_1252() -> None:
    text = "<rss version='2.0'><channel><item><title>café – “x”</title></item></channel></rss>"

    feed = parse_feed(text.encode("windows-1252"), url=URL)

    assert (only(feed).title, feed.damaged) == ("café – “x”", False)
    assert feed.problems == ("declared as utf-8, read as windows-1252",)


@pytest.mark.parametrize("declared", ["unicode_escape", "utf-7", "punycode", "utf-16", "hex"])
def test_what_is_no_character_set_is_never_used(declared: str) -> None:
    text = f'<?xml version="1.0" encoding="{declared}"?><rss version="2.0"><channel><item><title>'
    text += r"é \x41 +AEE-</title></item></channel></rss>"

    feed = parse_feed(text.encode("windows-1252"), url=URL)

    assert only(feed).title == r"é \x41 +AEE-"


def test_one_broken_byte_does_not_turn_all_letters_into_others() -> None:
    title = "Привет".encode() + b" \xff " + "мир".encode()
    document = b"<rss version='2.0'><channel><item><title>" + title + b"</title></item></channel>"

    assert only(parse_feed(document + b"</rss>", url=URL)).title == "Привет \ufffd мир"


def test_control_characters_in_the_document_do_no_damage() -> None:
    feed = rss("<title>a\x08b\x0bc\x00d</title>")

    assert (only(feed).title, feed.damaged) == ("abcd", False)
    assert feed.problems == ("3 characters that XML does not allow",)


def test_one_of_a_kind_is_told_as_one() -> None:
    feed = rss("<title>a\x08b &#xD800;</title>")

    assert set(feed.problems) == {
        "1 character that XML does not allow",
        "1 reference to no character",
    }


def test_html_names_of_characters_do_no_damage_outside_of_html() -> None:
    feed = rss("<title>a&nbsp;&copy; b</title><description><![CDATA[&nbsp;&lt;]]></description>")

    assert (only(feed).title, feed.damaged) == ("a © b", False)


@pytest.mark.parametrize(
    ("stated", "title"),
    [
        ("AT&amp;T", "AT&T"),
        ("1 &lt; 2", "1 < 2"),
        ("Tom &amp;amp; Jerry", "Tom & Jerry"),
        ("<![CDATA[<b>Bold</b> <!-- no -->and&nbsp;plain]]>", "Bold and plain"),
        ("Use the &lt;table&gt; element", "Use the <table> element"),
        ("  two\n  lines ", "two lines"),
        ("&lt;p&gt;a&lt;br/&gt;b&lt;i&gt;c&lt;/i&gt;d&lt;/p&gt;e", "a bcd e"),
        ("a\u202eb\u200bc\ufeffd\u0081e\u00ade", "abcdee"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("Latin\u200cJoiner", "LatinJoiner"),
        ("👩\u200d🚀", "👩\u200d🚀"),
        ("x" * 5000, "x" * 5000),
    ],
)
def test_an_rss_title_is_plain_text(stated: str, title: str) -> None:
    assert only(rss(f"<title>{stated}</title>")).title == title


@pytest.mark.parametrize(
    ("stated", "title"),
    [
        ("<title>AT&amp;T</title>", "AT&T"),
        ("<title type='text'>&lt;b&gt;x&lt;/b&gt;</title>", "<b>x</b>"),
        ("<title type='html'>a&lt;script&gt;x()&lt;/script&gt;b</title>", "a b"),
        ("<title type='html'>&lt;b&gt;1 &amp;lt; 2&lt;/b&gt;</title>", "1 < 2"),
        (
            (
                "<title type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>a <em>b</em></div>"
                "</title>"
            ),
            "a b",
        ),
    ],
)
def test_an_atom_title_is_plain_by_its_type(stated: str, title: str) -> None:
    assert only(atom(f"<id>1</id>{stated}")).title == title


def test_the_title_of_a_media_file_is_not_the_entrys() -> None:
    entry = only(
        rss(
            "<media:group><media:title>&lt;b&gt;photo&lt;/b&gt;</media:title></media:group>"
            "<title>a &lt;b&gt; c</title><media:content url='/a.jpg'>"
            "<media:title>&lt;i&gt;x&lt;/i&gt;</media:title>"
            "</media:content>"
        )
    )

    assert entry.title == "a <b> c"


def test_the_longest_text_is_the_content_whatever_its_element() -> None:
    long, short = "<p>" + "long " * 9 + "</p>", "short"
    encoded = f"<content:encoded><![CDATA[{long}]]></content:encoded>"
    described = f"<description>{short}</description>"
    swapped = f"<description><![CDATA[{long}]]></description><content:encoded>short"
    feed = rss(
        encoded + described, described + encoded, f"{swapped}</content:encoded>", encoded, described
    )

    texts = [(entry.content_html, entry.summary_html) for entry in feed.entries]

    assert texts == [(long, "short")] * 3 + [(long, ""), ("short", "")]


def test_a_summary_that_reads_like_the_content_is_none() -> None:
    entry = only(
        rss(
            "<description><![CDATA[<div><p>Same &amp; text</p></div>]]></description>"
            "<itunes:summary>Same &amp; text</itunes:summary>"
        )
    )

    assert (entry.content_html, entry.summary_html) == ("<div><p>Same &amp; text</p></div>", "")


def test_plain_text_becomes_escaped_paragraphs() -> None:
    entry = only(atom("<id>1</id><content type='text'>a &lt; b\nc\n\nd &amp;amp; e</content>"))

    assert entry.content_html == "<p>a &lt; b<br>c</p><p>d &amp;amp; e</p>"


def test_xhtml_content_is_kept_as_markup() -> None:
    entry = only(
        atom(
            "<id>1</id><content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>"
            "<p>a &amp; <a href='x'>b</a></p></div></content><summary>s</summary>"
        )
    )

    assert entry.content_html == '<p>a &amp; <a href="x">b</a></p>'
    assert entry.summary_html == "<p>s</p>"


def test_media_carried_inline_are_no_text() -> None:
    entry = only(atom("<id>1</id><content type='image/png'>iVBORw0KGgo=</content>"))

    assert (entry.content_html, entry.summary_html) == ("", "")


@pytest.mark.parametrize(
    ("stated", "published", "updated"),
    [
        ("<pubDate>Wed, 01 May 2024 10:00:00 +0200</pubDate>", "2024-05-01T08:00", None),
        ("<dc:date>2024-05-01</dc:date>", "2024-05-01T00:00", None),
        (
            "<pubDate>Wed, 01 May 2024 10:00:00 GMT</pubDate><dc:date>2024-05-02</dc:date>",
            "2024-05-01T10:00",
            "2024-05-02T00:00",
        ),
        ("<pubDate>Thu, 01 Jan 1970 00:00:00 GMT</pubDate>", None, None),
        ("<pubDate>Mon, 01 Jan 0001 00:00:00 GMT</pubDate>", None, None),
        ("<pubDate>Mon, 01 Jan 9999 00:00:00 GMT</pubDate>", None, None),
        ("<pubDate>Wed, 45 Foo 2024 99:99:99</pubDate>", None, None),
    ],
)
def test_dates_of_rss_are_in_utc_or_none(
    stated: str, published: str | None, updated: str | None
) -> None:
    entry = only(rss(f"<title>x</title>{stated}"))

    dates = (entry.published, entry.updated)
    expected = tuple(
        datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None
        for text in (published, updated)
    )
    assert dates == expected


def test_dates_of_atom_03_are_read() -> None:
    entry = only(
        atom(
            "<id>1</id><issued>2004-01-02T03:04:05Z</issued><modified>2004-02-02T03:04:05Z"
            "</modified>",
            version="http://purl.org/atom/ns#",
        )
    )

    assert entry.published == datetime(2004, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert entry.updated == datetime(2004, 2, 2, 3, 4, 5, tzinfo=UTC)


def test_categories_are_labels_or_terms_once_each_in_order() -> None:
    feed = atom(
        "<id>1</id><category term='b' label='B  label'/><category term='a'/><category term='a'/>"
        "<category scheme='http://schemas.google.com/g/2005#kind' term='http://x/#post'/>"
    )
    (entry,) = rss(
        "<title>x</title><category>News</category><category domain='x'>R&amp;amp;D</category>"
        "<category/><dc:subject>News</dc:subject>"
    ).entries

    assert only(feed).categories == ("B label", "a")
    assert entry.categories == ("News", "R&D")


def test_enclosures_of_every_kind_are_listed_once() -> None:
    entry = only(
        rss(
            "<title>x</title><enclosure url='/a.mp3' type='audio/mpeg' length='123'/>"
            "<atom:link rel='enclosure' href='https://example.org/b.mp3' length='many'/>"
            "<media:group><media:content url='https://example.org/a.mp3' fileSize='9'/>"
            "<media:content url='https://cdn.example/c.jpg' type='image/jpeg' fileSize='7'/>"
            "<media:content medium='image'/></media:group>"
            "<enclosure url='javascript:x' type='text/html'/><enclosure url=''/>"
        )
    )

    assert entry.enclosures == (
        Enclosure("https://example.org/a.mp3", "audio/mpeg", 123),
        Enclosure("https://example.org/b.mp3"),
        Enclosure("https://cdn.example/c.jpg", "image/jpeg", 7),
    )


def test_an_empty_entry_is_left_out_and_told() -> None:
    feed = rss("<title>one</title>", "<pubDate>Wed, 01 May 2024 10:00:00 GMT</pubDate>", "  ")

    assert [entry.title for entry in feed.entries] == ["one"]
    assert feed.problems == ("entry 2: it is empty", "entry 3: it is empty")
    assert not feed.damaged


def test_a_feed_with_one_bad_entry_keeps_the_others() -> None:
    """``<authors a="b"/>`` raises out of feedparser, which has a key of that name."""
    bad = '<authors a="b"/><author>Ann</author><title>bad</title>'

    feed = rss("<title>one</title>", bad, "<title>three</title>", header="<title>T</title>")

    assert [entry.title for entry in feed.entries] == ["one", "three"]
    assert (feed.title, feed.format, feed.damaged) == ("T", "RSS 2.0", True)
    assert len(feed.problems) == 1
    assert feed.problems[0].startswith("entry 2: KeyError")


def test_a_feed_of_bad_entries_only_is_unreadable() -> None:
    with pytest.raises(FeedUnreadableError, match="cannot be parsed"):
        rss('<authors a="b"/><author>Ann</author>')


def test_a_bad_header_costs_no_entry() -> None:
    feed = atom(
        "<id>1</id><title>x</title><updated>2024-05-01T10:00:00Z</updated>",
        header='<title>T</title><authors a="b"/><author>Ann</author>',
    )

    assert (feed.title, feed.format, feed.damaged) == ("T", "Atom 1.0", False)
    assert (only(feed).guid, only(feed).title, only(feed).published) == ("1", "x", None)


def test_authors_are_told_even_where_the_xml_broke_before_them() -> None:
    feed = parse_feed(
        f"<rss version='2.0' {NAMESPACES}><channel><title>a & b</title><link>/</link>"
        "<copyright>me</copyright><item><title>x</title><link>/1</link><guid>g</guid>"
        "<author>ann@example.org (Ann)</author><category>c</category>"
        "<source url='https://o.example/feed'>Origin</source></item>"
        "<item><title>y</title><guid>https://example.org/2</guid></item></channel></rss>".encode(),
        url=URL,
    )

    one, two = feed.entries
    assert feed.damaged
    assert (feed.title, feed.site_url, feed.rights) == ("a & b", "https://example.org/", "me")
    assert (one.link, one.guid, one.authors) == (
        "https://example.org/1",
        "g",
        (Person("Ann", None, "ann@example.org"),),
    )
    assert one.source is not None
    assert (one.source.title, one.source.url) == ("Origin", "https://o.example/feed")
    assert two.link == "https://example.org/2"


def test_a_licence_of_a_source_is_told_even_where_the_xml_broke_before_it() -> None:
    document = (
        b"<feed xmlns='http://www.w3.org/2005/Atom'><title>a & b</title>"
        b"<link rel='license' href='https://example.org/feeds'/><entry><id>1</id><title>x</title>"
        b"<source><link rel='license' href='https://o.example/l'/><title>O</title>"
        b"<link rel='self' href='https://o.example/feed'/><link href='https://o.example/'/>"
        b"</source></entry><entry><id>2</id><title>y</title>"
        b"<source><rights>mine</rights></source></entry></feed>"
    )

    one, two = parse_feed(document, url=URL).entries

    assert (one.source_license_url, one.license_url) == ("https://o.example/l", None)
    assert one.source == Source("O", "https://o.example/")
    assert (two.source, two.source_rights, two.source_license_url) == (Source(), "mine", None)


@pytest.mark.parametrize(
    "element", ["managingEditor", "MANAGINGEDITOR", "r:managingEditor", "managingEditor a='b'"]
)
def test_a_managing_editor_is_no_author_where_the_xml_broke_either(element: str) -> None:
    name = element.partition(" ")[0]
    editor = f"<{element}>ed@example.org (Ed)</{name} >"
    document = (
        "<rss version='2.0' xmlns:r='http://backend.userland.com/rss2'><channel>"
        f"<title>a & b</title>{editor}<item><title>x</title>{editor}</item></channel></rss>"
    )

    feed = parse_feed(document.encode(), url=URL)

    assert feed.damaged
    assert (feed.authors, only(feed).authors) == ((), ())


def test_a_feeds_author_is_told_where_the_xml_broke_and_an_editor_is_named_beside() -> None:
    document = (
        b"<rss version='2.0'><channel><title>a & b</title>"
        b"<managingEditor>ed@example.org (Ed)</managingEditor><author>ann@example.org (Ann)"
        b"</author><item><title>x</title></item></channel></rss>"
    )

    assert parse_feed(document, url=URL).authors == (Person("Ann", None, "ann@example.org"),)


def test_the_type_of_a_text_further_down_does_not_count_for_the_entrys() -> None:
    feed = parse_feed(
        b"<rss version='2.0'><channel><title>a & b</title><item><title>x</title>"
        b"<rights>1 &lt;b&gt; 2</rights><x><rights type='html'>&lt;i&gt;y&lt;/i&gt;</rights></x>"
        b"</item></channel></rss>",
        url=URL,
    )

    assert only(feed).rights == "1 <b> 2"


def test_a_guid_is_no_link_where_the_xml_broke_before_it_either() -> None:
    rss_feed = parse_feed(
        b"<rss version='2.0'><channel><title>a & b</title><item><title>x</title>"
        b"<guid isPermaLink='false'>https://example.org/1</guid></item></channel></rss>",
        url=URL,
    )
    atom_feed = parse_feed(
        b"<feed xmlns='http://www.w3.org/2005/Atom'><title>a & b</title>"
        b"<entry><id>https://example.org/1</id></entry></feed>",
        url=URL,
    )

    for entry in (only(rss_feed), only(atom_feed)):
        assert (entry.guid, entry.link) == ("https://example.org/1", None)


class _Unsliceable(tuple[int, ...]):
    __slots__ = ()

    def __getitem__(self, key: object) -> NoReturn:
        raise RuntimeError("no")


def test_nothing_that_feedparser_could_return_costs_more_than_its_entry(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    odd = {
        "title": 5, "title_detail": "x", "links": [1, None, {"rel": 2, "href": []}], "tags": "x",
        "content": [3, {"value": 4, "type": None}], "summary": {}, "authors": {"a": 1},
        "updated_parsed": (2024, 13, 1, 0, 0, 0),
        "media_content": [{"url": 7}], "published_parsed": "2024", "source": 9, "id": 8,
    }  # fmt: skip
    bad = {"title": "bad", "published_parsed": _Unsliceable((2024, 1, 1, 0, 0, 0))}
    kept = {"title": "kept"}
    answer = {"entries": [odd, bad, kept], "feed": {}, "version": "rss20", "bozo": False}
    monkeypatch.setattr("feedparser.parse", lambda *_, **__: answer)

    feed = parse_feed(b"<rss><channel>&", url=URL)

    assert [entry.title for entry in feed.entries] == ["kept"]
    assert feed.problems == ("entry 1: it is empty", "entry 2: RuntimeError('no')")
    assert feed.damaged


def test_no_exception_but_unreadable_ever_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feedparser.parse", lambda *_, **__: {})

    with pytest.raises(FeedUnreadableError, match=r"cannot be parsed: KeyError\('entries'\)"):
        parse_feed(b"<rss>", url=URL)


def test_raw_xml_that_counts_other_entries_is_not_used() -> None:
    feed = parse_feed(
        b"<rss version='2.0'><channel><item><title>x</title><author>Ann</author></item>"
        b"<item xmlns='http://unknown.example/'><title>y</title><author>Bob</author></item>"
        b"</channel></rss>",
        url=URL,
    )

    assert [entry.title for entry in feed.entries] == ["x", "y"]
    assert [entry.authors for entry in feed.entries] == [(Person("Ann"),), (Person("Bob"),)]
    assert feed.problems == ("2 entries, but 1 in the raw XML, which is not used",)


def test_authors_in_authors_are_looked_at_once() -> None:
    nested = "<author>" * 20_000 + "a b " * 20_000 + "</author>"

    assert rss(f"<guid>1</guid>{nested}<author>").entries != ()


def test_an_entry_in_an_entry_keeps_what_belongs_to_each() -> None:
    feed = rss(
        "<title>x</title><item/><feedburner:origLink>https://o.example/1</feedburner:origLink>"
    )

    assert [(entry.title, entry.link) for entry in feed.entries] == [("x", "https://o.example/1")]


def test_a_default_namespace_that_nobody_knows_is_read_as_rss() -> None:
    feed = parse_feed(
        b'<rss xmlns="https://cyber.harvard.edu/rss/rss.html" version="2.0"><channel>'
        b"<item><title>x</title><author>a@example.org (Ann)</author></item></channel></rss>",
        url=URL,
    )

    assert only(feed).authors == (Person("Ann", None, "a@example.org"),)
    assert feed.problems == ()


def test_an_author_of_one_endless_word_is_read_in_time() -> None:
    """feedparser alone takes 6 s for 40 kB of it, and four times that for twice as much."""
    word = "a." * 200_000

    assert only(rss(f"<guid>1</guid><author>{word}</author>")).authors == (Person(word),)
    assert only(rss(f"<guid>1</guid>&<author><![CDATA[{word}]]></author>")).guid == "1"


@pytest.mark.parametrize(
    "document",
    [
        "<rss version='2.0'" + "".join(f" a{n}=''" for n in range(100_000)) + "/>",
        "<rss><channel><item>"
        + "".join(f"<category>{n}</category>" for n in range(100_000))
        + "</item></channel></rss>",
        "<rss><channel>"
        + "".join(f"<category>{n}</category>" for n in range(100_000))
        + "<item/></channel></rss>",
    ],
)
def test_what_would_cost_minutes_is_unreadable_at_once(document: str) -> None:
    with pytest.raises(FeedUnreadableError, match="too many"):
        parse_feed(document.encode(), url=URL)


def test_blank_lines_before_a_broken_feed_cost_nothing() -> None:
    """feedparser alone takes 29 s for a tenth of it."""
    document = "x" + "\n" * 800_000 + "<rss version='2.0'><channel><item><title>x</title>"

    feed = parse_feed(document.encode(), url=URL)

    assert (only(feed).title, feed.damaged) == ("x", True)


def test_many_problems_are_told_briefly() -> None:
    feed = rss(*[""] * 60, "<title>x</title>")

    assert len(feed.problems) == 51
    assert feed.problems[-1] == "and 10 more"


def test_five_thousand_elements_in_each_other_are_no_danger() -> None:
    deep = "<channel>" * 5000

    assert parse_feed(f"<rss version='2.0'>{deep}".encode(), url=URL).entries == ()
