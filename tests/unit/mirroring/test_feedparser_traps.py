"""What feedparser 6.0.14 was measured to do to feeds, each as a test that it does not reach us."""

from pathlib import Path

import pytest

from feedmirror.mirroring.entries import DeletedEntry, Entry, Feed, FeedUnreadableError
from feedmirror.mirroring.feeds import parse_feed
from feedmirror.records import Person

URL = "https://example.org/dir/feed"
ATOM = 'xmlns="http://www.w3.org/2005/Atom"'
NAMESPACES = (
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/" '
    'xmlns:atom="http://www.w3.org/2005/Atom" xmlns:cc="http://creativecommons.org/ns#" '
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
    'xmlns:creativeCommons="http://backend.userland.com/creativeCommonsRssModule"'
)


def rss(items: str, header: str = "") -> Feed:
    document = (
        f'<rss version="2.0" {NAMESPACES}><channel><title>T</title>{header}{items}</channel></rss>'
    )
    return parse_feed(document.encode(), url=URL)


def atom(entries: str, header: str = "") -> Feed:
    return parse_feed(f"<feed {ATOM}><title>T</title>{header}{entries}</feed>".encode(), url=URL)


def only(feed: Feed) -> Entry:
    (entry,) = feed.entries
    return entry


def test_every_deleted_entry_is_read_and_none_of_their_words_reach_the_feed() -> None:
    """RFC 6721; feedparser keeps the last one, and its comment as a text of the feed."""
    deleted = "".join(
        f'<at:deleted-entry xmlns:at="http://purl.org/atompub/tombstones/1.0" ref="tag:{n}"'
        f' when="2024-01-0{n}T00:00:00Z"><at:comment>secret</at:comment></at:deleted-entry>'
        for n in (1, 2, 3)
    )

    deleted += '<at:deleted-entry xmlns:at="http://purl.org/atompub/tombstones/1.0" when="2024"/>'

    feed = atom(f"{deleted}<entry><id>tag:4</id><title>kept</title></entry>")

    assert [gone.ref for gone in feed.deleted] == ["tag:1", "tag:2", "tag:3"]
    assert isinstance(feed.deleted[0], DeletedEntry)
    assert feed.deleted[1].when is not None
    assert feed.deleted[1].when.isoformat() == "2024-01-02T00:00:00+00:00"
    assert "secret" not in repr(feed)


def test_all_skipped_hours_and_days_are_read() -> None:
    feed = rss(
        "<item><title>x</title></item>",
        "<ttl>90</ttl><skipHours><hour>0</hour><hour>7</hour><hour>24</hour><hour>99</hour>"
        "</skipHours><skipDays><day>Saturday</day><day>sunday</day><day>Someday</day></skipDays>",
    )

    assert feed.ttl == 90
    assert feed.skip_hours == {0, 7}
    assert feed.skip_days == {"Saturday", "Sunday"}


def test_the_text_of_a_media_copyright_is_credit() -> None:
    entry = only(
        rss(
            "<item><title>x</title><media:group><media:content url='https://example.org/a.jpg'>"
            "<media:credit role='photographer'>Jane  Doe</media:credit></media:content>"
            "</media:group><media:copyright url='https://example.org/c'>© Agency</media:copyright>"
            "</item>"
        )
    )

    assert entry.credit == "Jane Doe (photographer); © Agency"


def test_all_authors_are_kept_in_order() -> None:
    entry = only(
        atom(
            "<entry><id>a</id><author><name>First</name><email>first@example.org</email></author>"
            "<author><name>Second</name><uri>/second</uri></author></entry>"
        )
    )

    assert entry.authors == (
        Person("First", None, "first@example.org"),
        Person("Second", "https://example.org/second"),
    )


def test_two_authors_in_one_rss_element_are_two() -> None:
    entry = only(
        rss("<item><guid>1</guid><author>a@example.org (Ann), b@example.org (Bob)</author></item>")
    )

    assert entry.authors == (
        Person("Ann", None, "a@example.org"),
        Person("Bob", None, "b@example.org"),
    )


def test_licences_of_the_feed_and_of_an_entry_are_kept_apart() -> None:
    feed = rss(
        "<item><title>x</title><creativeCommons:license>https://example.org/entry"
        "</creativeCommons:license></item><item><title>y</title></item>",
        '<cc:license rdf:resource="https://example.org/feed"/>',
    )

    assert feed.license_url == "https://example.org/feed"
    assert [entry.license_url for entry in feed.entries] == ["https://example.org/entry", None]


def test_a_feeds_id_is_not_taken_for_its_site() -> None:
    feed = atom("<entry><id>a</id></entry>", "<id>https://example.org/not-the-site</id>")

    assert feed.site_url is None


@pytest.mark.parametrize("guid", ["not-a-url", "123", "tag:example.org,2024:1", "/relative"])
def test_a_guid_that_is_no_address_never_becomes_the_link(guid: str) -> None:
    entry = only(rss(f"<item><title>x</title><guid>{guid}</guid></item>"))

    assert (entry.guid, entry.link) == (guid, None)


def test_a_guid_is_a_link_only_if_it_may_be_one() -> None:
    address = "https://example.org/1"
    feed = rss(
        f"<item><guid>{address}</guid></item>"
        f'<item><guid isPermaLink="false">{address}</guid></item>'
    )

    assert [entry.link for entry in feed.entries] == [address, None]


def test_an_atom_id_is_no_link() -> None:
    assert only(atom("<entry><id>https://example.org/1</id></entry>")).link is None


def test_authors_of_source_and_feed_stay_where_they_were_stated() -> None:
    feed = atom(
        "<entry><id>a</id><source><title>Origin</title><link href='https://origin.example/'/>"
        "<author><name>Source</name></author><rights>CC0</rights></source></entry>",
        "<author><name>Feed</name></author>",
    )
    entry = only(feed)

    assert entry.authors == ()
    assert entry.source_authors == (Person("Source"),)
    assert entry.source_rights == "CC0"
    assert entry.source is not None
    assert (entry.source.title, entry.source.url) == ("Origin", "https://origin.example/")
    assert feed.authors == (Person("Feed"),)


def test_a_missing_guid_and_an_unreadable_date_are_none() -> None:
    entry = only(rss("<item><title>x</title><guid/><pubDate>the day before</pubDate></item>"))

    assert (entry.guid, entry.published, entry.updated) == (None, None, None)


def test_an_update_is_not_taken_for_the_missing_publication_date() -> None:
    entry = only(atom("<entry><id>a</id><updated>2024-05-01T10:00:00+02:00</updated></entry>"))

    assert entry.published is None
    assert entry.updated is not None
    assert entry.updated.isoformat() == "2024-05-01T08:00:00+00:00"


def test_a_publication_date_is_not_taken_for_an_update() -> None:
    """feedparser answers so, with a DeprecationWarning, which is an error in these tests."""
    entry = only(atom("<entry><id>a</id><published>2024-05-01T10:00:00Z</published></entry>"))

    assert entry.published is not None
    assert entry.updated is None


def test_an_empty_body_says_that_it_is_empty() -> None:
    for document in (b"", b" \r\n\t", b"\xef\xbb\xbf\n"):
        with pytest.raises(FeedUnreadableError, match="the document is empty"):
            parse_feed(document, url=URL)


def test_a_page_is_called_a_page_by_its_title() -> None:
    page = b"<!DOCTYPE html><html><head><title>Down &amp; out</title></head><body>x</body></html>"

    with pytest.raises(FeedUnreadableError, match="an HTML page titled “Down & out”"):
        parse_feed(page, url=URL)


def test_truncated_xml_is_damaged_and_its_half_entry_may_be_there() -> None:
    whole = (
        f"<rss version='2.0' {NAMESPACES}><channel><title>T</title>"
        "<item><title>one</title><dc:creator>Ann</dc:creator><guid>1</guid></item>"
        "<item><title>two</title><dc:creator>Bob</dc:creator><descr"
    )

    feed = parse_feed(whole.encode(), url=URL)

    assert feed.damaged
    assert [entry.title for entry in feed.entries] == ["one", "two"]
    assert [entry.authors for entry in feed.entries] == [(Person("Ann"),), (Person("Bob"),)]


def test_no_entity_of_an_internal_subset_is_ever_expanded() -> None:
    feed = parse_feed(
        b"""<?xml version="1.0"?><!-- ]> --><!DOCTYPE rss [ <!-- " ]> -->
        <!ENTITY a "expanded"> <!ENTITY % p SYSTEM "file:///etc/passwd"> %p;
        <!ENTITY f SYSTEM "file:///etc/passwd"> ]>
        <rss version="2.0"><channel><title>&a;&f;</title>
        <item><title>x &a;</title><description>&a;&f;</description></item></channel></rss>""",
        url=URL,
    )

    assert "expanded" not in repr(feed)
    assert "root:" not in repr(feed)
    assert feed.damaged
    assert "an internal DTD subset was left out" in feed.problems


def test_an_xml_bomb_stays_small() -> None:
    layers = "".join(
        f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "lol" * 100}">' for n in range(10)
    )
    document = f"<!DOCTYPE rss [{layers}]><rss version='2.0'><channel><item><title>&l9;</title>"

    feed = parse_feed(f"{document}</item></channel></rss>".encode(), url=URL)

    assert len(repr(feed)) < 2000


@pytest.mark.parametrize(
    "prolog",
    [
        '<!DOCTYPE rss [\n<!ENTITY a "lol">\n <!-- unclosed \' ">\n',
        '<!ENTITY a "lol">\n<!DOCTYPE rss>\n',
        '<!DOCTYPE rss>\n<!entity a "lol">\n<!ENTITY a "lol">\n',
    ],
)
def test_entities_declared_where_no_xml_parser_would_look_are_not_expanded(prolog: str) -> None:
    """feedparser's second parser would."""
    feed = parse_feed(
        f"{prolog}<rss version='2.0'><channel><item><title>x &a;</title></item>".encode(), url=URL
    )

    assert feed.damaged
    assert "lol" not in repr(feed)


def test_the_external_doctype_of_rss_091_passes() -> None:
    feed = parse_feed(
        b'<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN"'
        b' "http://my.netscape.com/publish/formats/rss-0.91.dtd">\n<rss version="0.91"><channel>'
        b"<item><title>Caf&eacute;</title></item></channel></rss>",
        url=URL,
    )

    assert only(feed).title == "Café"
    assert not feed.damaged
    assert "0.91" in feed.format


def test_markup_is_neither_sanitised_nor_resolved() -> None:
    markup = '<iframe src="/a"></iframe><img src="b.png" srcset="c.png 2x" loading="lazy">'

    entry = only(rss(f"<item><description><![CDATA[{markup}]]></description></item>"))

    assert entry.content_html == markup


def test_a_document_that_names_a_file_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "feed.xml"
    path.write_text("<rss version='2.0'><channel><item><title>x</title></item></channel></rss>")

    with pytest.raises(FeedUnreadableError, match="text that begins with"):
        parse_feed(str(path).encode(), url=URL)


@pytest.mark.parametrize(
    ("references", "kept"),
    [
        ("&#xD800;", "\ufffd"),
        ("&#x110000;", "\ufffd"),
        ("&#0;", "\ufffd"),
        ("&#x0000000000;", "\ufffd"),
        (f"&#{'9' * 5000};", "\ufffd"),
        ("&#8;&#x1F;&#xFFFF;", ""),
        ("&#8217;&#x1F600;&#x9;", "’😀 "),
    ],
)
def test_references_to_no_character_do_no_harm(references: str, kept: str) -> None:
    feed = rss(f"<item><title>x{references}y</title><guid>g{references}</guid></item>")

    assert only(feed).title == f"x{kept}y"
    assert only(feed).guid == f"g{kept.strip()}"
    assert not feed.damaged


def test_references_to_no_character_do_no_harm_where_the_xml_is_broken_too() -> None:
    feed = parse_feed(
        b"<rss version='2.0'><channel><item><title>a & b&#xD800;&#x110000 c</title></item>", url=URL
    )

    assert only(feed).title == "a & b\ufffd\ufffd c"
    assert feed.damaged


@pytest.mark.parametrize(
    "element",
    [
        "<links>x</links>",
        '<links a="b"/>',
        '<link_detail a="b"/>',
        '<tags a="b"/>',
        '<content a="b"/>',
        '<published_parsed a="b"/>',
        '<updated_parsed a="b"/>',
        '<title_detail a="b"/>',
        '<source a="b"/>',
        '<media_content a="b"/>',
        '<guidislink a="b"/>',
        '<authors a="b"/>',
        "<authors>x</authors>",
        "<tags>x,y</tags>",
    ],
)
def test_an_element_named_like_a_key_of_feedparsers_costs_at_most_its_entry(element: str) -> None:
    bad = f"<item>{element}<title>bad</title><link>https://example.org/0</link>"
    good = "".join(
        f"<item><title>good {n}</title><author>Ann</author><category>c</category>"
        f"<link>https://example.org/{n}</link></item>"
        for n in (1, 2)
    )

    feed = rss(f"{bad}<author>Ann</author><category>c</category>{element}</item>{good}")

    titles = [entry.title for entry in feed.entries]
    assert titles[-2:] == ["good 1", "good 2"]
    assert [entry.link for entry in feed.entries][-1] == "https://example.org/2"
    assert len(titles) == 3 or any(problem.startswith("entry 1:") for problem in feed.problems)


def test_the_base_of_one_entry_does_not_reach_the_next() -> None:
    feed = atom(
        '<entry xml:base="https://other.example/a/"><id>1</id><link href="x"/></entry>'
        '<entry><id>2</id><link href="x"/></entry>'
        '<entry xml:base="sub/"><id>3</id><link href="x"/></entry>'
    )

    assert [entry.base_url for entry in feed.entries] == [
        "https://other.example/a/",
        URL,
        "https://example.org/dir/sub/",
    ]
    assert [entry.link for entry in feed.entries] == [
        "https://other.example/a/x",
        "https://example.org/dir/x",
        "https://example.org/dir/sub/x",
    ]


def test_a_guid_is_not_resolved_against_a_base() -> None:
    feed = parse_feed(
        b'<rss version="2.0" xml:base="https://example.org/b/"><channel>'
        b"<item><title>x</title><guid> 123 </guid></item></channel></rss>",
        url=URL,
    )

    assert (only(feed).guid, only(feed).link) == ("123", None)
    assert only(feed).base_url == "https://example.org/b/"


def test_a_document_that_only_declares_a_feeds_namespace_is_no_feed() -> None:
    """feedparser calls anything a feed that declares Atom's namespace."""
    for document in (
        b'<opml xmlns:atom="http://www.w3.org/2005/Atom"><body/></opml>',
        b'<html xmlns:atom="http://www.w3.org/2005/Atom"><body/></html>',
        b'<urlset xmlns:a="http://purl.org/rss/1.0/"/>',
    ):
        with pytest.raises(FeedUnreadableError, match="no feed"):
            parse_feed(document, url=URL)


def test_the_site_of_the_first_entry_is_not_the_feeds() -> None:
    feed = rss(
        "<item><title>x</title><link>https://example.org/1</link></item>",
        '<atom:link rel="self" href="https://example.org/feed"/><link>https://example.org/</link>',
    )

    assert feed.site_url == "https://example.org/"


@pytest.mark.parametrize(
    ("own", "body"), [("<p>The story.</p>", "<p>The story.</p>"), ("", "Flour")]
)
def test_a_caption_of_an_image_is_no_summary_unless_there_is_nothing_else(
    own: str, body: str
) -> None:
    description = f"<description><![CDATA[{own}]]></description>" if own else ""
    document = (
        '<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"><channel><item>'
        '<title>T</title><media:content url="https://a.example/x.jpg">'
        f"<media:description>Flour</media:description></media:content>{description}"
        "</item></channel></rss>"
    )

    (entry,) = parse_feed(document.encode(), url="https://a.example/feed").entries

    assert body in entry.content_html
    assert "Flour" not in entry.summary_html


def test_a_file_of_a_size_that_no_file_has_is_one_of_no_stated_size() -> None:
    """Python writes no number of over 4,300 digits (``int`` refuses to read one)."""
    sizes = ("1" * 15, "1" * 16, "1" * 5000, "-1", "1.5")
    entry = only(
        rss(
            "<item><title>x</title>"
            + "".join(
                f'<enclosure url="https://example.org/{place}" type="a/b" length="{size}"/>'
                for place, size in enumerate(sizes)
            )
            + "</item>"
        )
    )

    assert [file.length for file in entry.enclosures] == [int("1" * 15), None, None, None, None]


ITUNES = 'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"'
OF_A_PODCAST = (
    f"<item><title>x</title><itunes:summary {ITUNES}>In short</itunes:summary>"
    "<description>&lt;p&gt;All of it, at length&lt;/p&gt;</description></item>"
)
OF_A_HEADER = (
    f"<itunes:summary {ITUNES}>Of the feed</itunes:summary><description>Of it again</description>"
)


def test_two_entries_alike_are_read_alike_whatever_the_header_holds() -> None:
    """To feedparser the first had a content before it began, as the header has two summaries."""
    feed = rss(OF_A_PODCAST * 2, OF_A_HEADER)

    first, second = feed.entries
    assert first == second
    assert first.content_html == "<p>All of it, at length</p>"
    assert first.summary_html == "<p>In short</p>"


def test_an_entry_s_prefixes_and_base_end_with_it() -> None:
    """feedparser binds a prefix for good, and keeps an entry's base where none stands around it."""
    linked = "<link rel='enclosure' href='a.mp3'/><title>x</title>"
    other = f"<entry>{linked}<x xmlns='urn:other' xmlns:m='urn:x'>y</x></entry>"

    feed = atom(
        f"<entry xml:base='https://else.example/' xmlns:m='urn:other'>{linked}</entry>{other}"
    )

    assert [entry.enclosures[0].url for entry in feed.entries] == [
        "https://else.example/a.mp3",
        "https://example.org/dir/a.mp3",
    ]
    assert feed.entries[1] == only(atom(other))


def test_what_stands_in_the_header_never_costs_an_entry() -> None:
    """An element of the name of one of feedparser's own keys stops it where it stands."""
    feed = rss("<item><title>x</title></item>", '<authors a="b"/><author>Ann</author>')

    assert [entry.title for entry in feed.entries] == ["x"]
    assert not feed.damaged
