import pytest

from feedmirror.mirroring.entries import Entry
from feedmirror.mirroring.raw_xml import RawFeed, read_entry, read_raw
from feedmirror.records import Contact, Person, Source

URL = "https://example.org/dir/feed"
NAMESPACES = (
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss" '
    'xmlns:atom="http://www.w3.org/2005/Atom" '
    'xmlns:sy="http://purl.org/rss/1.0/modules/syndication/" '
    'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:evil="https://evil.example/" '
    'xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0" '
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
)


def rss(header: str = "", item: str = "") -> RawFeed:
    return read_raw(
        f'<rss version="2.0" {NAMESPACES}><channel>{header}<item>{item}</item></channel></rss>',
        url=URL,
    )


def entry(item: str) -> Entry:
    raw = rss(item=item)
    return read_entry(raw.elements[0], raw.base)


def atom_entry(content: str) -> Entry:
    raw = read_raw(
        f'<feed xmlns="http://www.w3.org/2005/Atom"><entry>{content}</entry></feed>', url=URL
    )
    return read_entry(raw.elements[0], raw.base)


ANN = Person("Ann", None, "a@example.org")
BOB = Person("Bob", None, "b@example.org")


@pytest.mark.parametrize(
    ("stated", "authors"),
    [
        ("<author>a@example.org (Ann)</author>", (ANN,)),
        ("<author>Ann &lt;a@example.org&gt;</author>", (ANN,)),
        ("<author>a@example.org (Ann) and b@example.org (Bob)</author>", (ANN, BOB)),
        (
            '<author>"Doe, Ann" &lt;a@example.org&gt;</author>',
            (Person("Doe, Ann", None, "a@example.org"),),
        ),
        ("<author>a@example.org</author>", (Person("", None, "a@example.org"),)),
        ("<author>Doe, Jane</author>", (Person("Doe, Jane"),)),
        (
            "<dc:creator>Ann</dc:creator><dc:creator>Bob</dc:creator>",
            (Person("Ann"), Person("Bob")),
        ),
        ("<dc:creator>Ann (a@example.org)</dc:creator>", (ANN,)),
        ("<dc:creator>Ann</dc:creator><author>a@example.org (Ann)</author>", (ANN,)),
        ("<dc:creator>  A\u202enn\n Lee </dc:creator>", (Person("Ann Lee"),)),
        ("<itunes:author>Show</itunes:author><author>a@example.org (Ann)</author>", (ANN,)),
        ("<itunes:author>Show</itunes:author>", (Person("Show"),)),
        ("<evil:creator>Eve</evil:creator><evil:author>Eve</evil:author>", ()),
        ("<media:group><dc:creator>Eve</dc:creator></media:group>", ()),
        (
            "<atom:author><atom:name>Ann</atom:name><atom:uri>/ann</atom:uri></atom:author>",
            (Person("Ann", "https://example.org/ann"),),
        ),
        (
            "<atom:author><atom:name>a@example.org</atom:name></atom:author>",
            (Person("", None, "a@example.org"),),
        ),
        ("<author>a@example.org</author><dc:creator>Ann (a@example.org)</dc:creator>", (ANN,)),
        ("<author>a@example.org (Ann), Bob Lee</author>", (ANN, Person("Bob Lee"))),
        (
            "<author>a@example.org (Ann), ann@example.net (Ann), a@example.org (Ann)</author>",
            (ANN, Person("Ann", None, "ann@example.net")),
        ),
        ("<author>a@example.org, Bob</author>", (Person("", None, "a@example.org"), Person("Bob"))),
        ("<author>Bob, a@example.org (Ann)</author>", (Person("Bob"), ANN)),
        ("<dc:creator>&lt;b&gt;Ann&lt;/b&gt; &amp;amp; Co</dc:creator>", (Person("Ann & Co"),)),
        ("<author><x/></author>", ()),
        ("<author/>", ()),
    ],
)
def test_who_made_an_entry_is_told_in_every_form(stated: str, authors: tuple[Person, ...]) -> None:
    assert entry(stated).authors == authors


@pytest.mark.parametrize(
    ("stated", "link"),
    [
        ("<link>https://example.org/1</link>", "https://example.org/1"),
        ("<link> /1?a=b&amp;c=d </link>", "https://example.org/1?a=b&c=d"),
        ("<link/><guid>https://example.org/g</guid>", "https://example.org/g"),
        ("<link>javascript:alert(1)</link>", None),
        ("<link>mailto:a@example.org</link><guid>1</guid>", None),
        ("<link>http://[::1</link>", None),
        (
            (
                "<link>https://proxy.example/1</link>"
                "<feedburner:origLink>https://example.org/1</feedburner:origLink>"
            ),
            "https://example.org/1",
        ),
        (
            "<link>https://example.org/1</link><feedburner:origLink>/x</feedburner:origLink>",
            "https://example.org/1",
        ),
        (
            (
                "<atom:link rel='self' href='https://example.org/self'/>"
                "<atom:link rel='alternate' type='application/json' href='https://example.org/json'/>"
                "<atom:link type='text/html' href='https://example.org/html'/>"
            ),
            "https://example.org/html",
        ),
        ("<guid isPermaLink='FALSE'>https://example.org/g</guid>", None),
        ("<evil:link>https://evil.example/</evil:link>", None),
    ],
)
def test_the_link_is_an_absolute_web_address_or_none(stated: str, link: str | None) -> None:
    assert entry(stated).link == link


@pytest.mark.parametrize(
    "stated",
    [
        "<atom:link rel='license' href='https://example.org/l'/>",
        "<cc:license xmlns:cc='http://creativecommons.org/ns#' rdf:resource='https://example.org/l'/>",
        "<cc:license xmlns:cc='http://web.resource.org/cc/' rdf:resource='https://example.org/l'/>",
        (
            "<c:license xmlns:c='http://backend.userland.com/creativeCommonsRssModule'>"
            "https://example.org/l</c:license>"
        ),
        (
            "<c:license xmlns:c='http://cyber.law.harvard.edu/rss/creativeCommonsRssModule.html'>"
            " https://example.org/l </c:license>"
        ),
        (
            "<c:license xmlns:c='http://cyber.law.harvard.edu/rss/creativeCommonsRssModule'>"
            "/l</c:license>"
        ),
    ],
)
def test_the_licence_is_read_in_every_namespace_and_kept_to_its_level(stated: str) -> None:
    assert entry(stated).license_url == "https://example.org/l"
    assert rss(item=stated).feed.license_url is None
    assert rss(header=stated).feed.license_url == "https://example.org/l"


@pytest.mark.parametrize(
    ("stated", "rights"),
    [
        ("<dc:rights>© 2024\n Ann</dc:rights>", "© 2024 Ann"),
        ("<copyright>&amp;copy; 2024</copyright>", "© 2024"),
        (
            "<atom:rights type='html'>&lt;b&gt;All&lt;/b&gt; &amp;amp; more</atom:rights>",
            "All & more",
        ),
        ("<atom:rights>1 &lt; 2</atom:rights>", "1 < 2"),
        ("<evil:rights>mine</evil:rights>", None),
        ("<media:copyright>photo</media:copyright>", None),
        ("<dc:rights>Droits rÃ©servÃ©s</dc:rights>", "Droits réservés"),
        ("<dc:rights/>", None),
    ],
)
def test_rights_are_plain_text(stated: str, rights: str | None) -> None:
    assert entry(stated).rights == rights
    assert rss(header=stated).feed.rights == rights


def test_credit_is_read_from_groups_and_contents_each_text_once() -> None:
    stated = (
        "<media:credit>Ann</media:credit><media:group><media:content><media:credit>Ann"
        "</media:credit><media:credit role='author'>Bob</media:credit><media:copyright>©"
        "</media:copyright></media:content></media:group><media:credit/>"
    )

    assert entry(stated).credit == "Ann; Bob (author); ©"
    assert entry("<media:title>x</media:title>").credit is None


def test_contacts_carry_the_roles_that_the_feed_states() -> None:
    feed = rss(
        header="<managingEditor>e@example.org (Ed)</managingEditor>"
        "<webMaster>w@example.org</webMaster>"
        "<itunes:owner><itunes:name>Own</itunes:name><itunes:email>o@example.org</itunes:email>"
        "</itunes:owner><atom:author><atom:name>Ann</atom:name>"
        "<atom:email>a@example.org</atom:email></atom:author>",
        item="<author>entry@example.org</author><managingEditor>x@example.org</managingEditor>",
    ).feed

    assert feed.contacts == (
        Contact("managingEditor", "e@example.org"),
        Contact("webMaster", "w@example.org"),
        Contact("owner", "o@example.org"),
        Contact("author", "a@example.org"),
    )
    assert feed.authors == (ANN,)


def test_the_managing_editor_is_a_contact_and_no_author() -> None:
    feed = rss(header="<managingEditor>e@example.org (Ed)</managingEditor>").feed

    assert feed.authors == ()
    assert feed.contacts == (Contact("managingEditor", "e@example.org"),)


@pytest.mark.parametrize(
    ("stated", "source"),
    [
        (
            "<source url='https://o.example/feed'>O &amp; P</source>",
            Source("O & P", "https://o.example/feed"),
        ),
        ("<source url='javascript:x'/>", None),
        (
            (
                "<atom:source><atom:title>O</atom:title>"
                "<atom:link rel='self' href='https://o.example/feed'/>"
                "<atom:link href='https://o.example/'/></atom:source>"
            ),
            Source("O", "https://o.example/"),
        ),
        (
            "<atom:source><atom:link rel='self' href='https://o.example/feed'/></atom:source>",
            Source("", "https://o.example/feed"),
        ),
    ],
)
def test_the_source_is_the_feed_that_an_entry_came_from(stated: str, source: Source | None) -> None:
    assert entry(stated).source == source


@pytest.mark.parametrize(
    "stated",
    [
        "<link rel='license' href='https://o.example/l'/>",
        (
            "<c:license xmlns:c='http://creativecommons.org/ns#' r:resource='https://o.example/l'"
            " xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#'/>"
        ),
        (
            "<c:license xmlns:c='http://backend.userland.com/creativeCommonsRssModule'>"
            "https://o.example/l</c:license>"
        ),
    ],
)
def test_the_licence_of_a_source_is_the_sources_and_not_the_entrys(stated: str) -> None:
    first = atom_entry(f"<source><title>O</title>{stated}<rights>mine</rights></source>")

    assert first.source_license_url == "https://o.example/l"
    assert (first.license_url, first.rights, first.source_rights) == (None, None, "mine")
    assert first.source == Source("O", None)


def test_a_source_that_names_neither_title_nor_address_is_a_source_still() -> None:
    """What a feed permits must not be taken for what an entry from elsewhere permits."""
    assert atom_entry("<source><id>tag:o.example,2026:1</id></source>").source == Source()
    assert atom_entry("<title>own</title>").source is None


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("<language>en_US</language>", "en-US"),
        ("<dc:language>de</dc:language>", "de"),
        ("<language>English, mostly</language>", None),
        ("", None),
    ],
)
def test_the_language_of_a_feed_is_a_tag_or_none(header: str, language: str | None) -> None:
    assert rss(header=header).feed.language == language


def test_an_entry_has_a_language_only_if_it_states_one() -> None:
    raw = read_raw(
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="fr"><entry xml:lang="de"/>'
        '<entry><language xmlns="http://purl.org/dc/elements/1.1/">it</language></entry><entry/>'
        "</feed>",
        url=URL,
    )

    assert raw.feed.language == "fr"
    assert [read_entry(e, raw.base).language for e in raw.elements] == ["de", "it", None]


@pytest.mark.parametrize(
    ("header", "ttl"),
    [
        ("<ttl>60</ttl>", 60),
        ("<ttl>0</ttl>", None),
        ("<ttl>-5</ttl>", None),
        ("<ttl>soon</ttl>", None),
        (f"<ttl>{'9' * 9}</ttl>", 525600),
        (f"<ttl>{'9' * 9000}</ttl>", None),
        ("<sy:updatePeriod>hourly</sy:updatePeriod>", 60),
        ("<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>", 360),
        (
            "<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>",
            1440,
        ),
        ("<ttl>30</ttl><sy:updatePeriod>daily</sy:updatePeriod>", 30),
    ],
)
def test_the_interval_that_a_feed_asks_for_is_in_minutes(header: str, ttl: int | None) -> None:
    assert rss(header=header).feed.ttl == ttl


def test_what_stood_before_an_error_is_kept() -> None:
    raw = read_raw(
        f"<rss version='2.0' {NAMESPACES}><channel><ttl>60</ttl><item><guid>1</guid></item>"
        "<item><guid>2</guid><author>Ann</author><title>a & b</title></item>",
        url=URL,
    )

    assert raw.broken
    assert raw.feed.ttl == 60
    assert [read_entry(e, raw.base).guid for e in raw.elements] == ["1", "2"]
    assert read_entry(raw.elements[1], raw.base).authors == (Person("Ann"),)


def test_rdf_items_are_known_by_what_they_are_about() -> None:
    raw = read_raw(
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
        ' xmlns="http://purl.org/rss/1.0/"><channel rdf:about="https://example.org/feed">'
        "<link>https://example.org/</link></channel>"
        '<item rdf:about="https://example.org/1"/></rdf:RDF>',
        url=URL,
    )
    first = read_entry(raw.elements[0], raw.base)

    assert raw.feed.site_url == "https://example.org/"
    assert (first.guid, first.link) == ("https://example.org/1", "https://example.org/1")


def test_a_base_that_is_no_web_address_does_not_count() -> None:
    raw = read_raw(
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://example.org/base/">'
        '<entry xml:base="javascript:x"><link href="1"/></entry></feed>',
        url=URL,
    )

    assert read_entry(raw.elements[0], raw.base).link == "https://example.org/base/1"
    assert raw.base == "https://example.org/base/"


def test_a_source_stands_under_the_base_of_its_entry() -> None:
    raw = read_raw(
        '<feed xmlns="http://www.w3.org/2005/Atom"><entry xml:base="https://e.example/b/">'
        '<source><link href="s"/></source></entry></feed>',
        url=URL,
    )

    assert read_entry(raw.elements[0], raw.base).source == Source("", "https://e.example/b/s")


def test_an_atom_author_of_atom_03_has_a_url() -> None:
    first = atom_entry("<author><name>Ann</name><url>https://example.org/ann</url></author>")

    assert first.authors == (Person("Ann", "https://example.org/ann"),)


@pytest.mark.parametrize(
    ("stated", "address"),
    [
        (" https://new.example/feed\n", "https://new.example/feed"),
        ("/feed", None),
        ("ftp://new.example/feed", None),
        ("", None),
    ],
)
def test_d8_the_address_that_a_podcast_has_moved_to_is_read_if_it_is_absolute(
    stated: str, address: str | None
) -> None:
    moved = f"<itunes:new-feed-url>{stated}</itunes:new-feed-url>"

    assert rss(moved).feed.new_address == address


HISTORY = '<fh:{} xmlns:fh="http://purl.org/syndication/history/1.0"/>'


@pytest.mark.parametrize(
    ("header", "said", "older"),
    [
        ("", (), None),
        (HISTORY.format("complete"), ("complete",), None),
        (HISTORY.format("archive"), ("is_part",), None),
        ('<atom:link rel="next" href="?page=2"/>', ("is_part",), f"{URL}?page=2"),
        ('<atom:link rel="previous" href="?page=1"/>', ("is_part",), None),
        (
            '<atom:link rel="next" href="/2"/><atom:link rel="prev-archive" href="/1"/>',
            ("is_part",),
            "https://example.org/1",
        ),
        ('<atom:link rel="next" href="data:,x"/>', (), None),
        ('<atom:link rel="self current" href="/feed"/>', (), None),
    ],
)
def test_a_feeds_other_documents_are_read_of_its_links(
    header: str, said: tuple[str, ...], older: str | None
) -> None:
    """RFC 5005: complete feeds (section 2), pages (3) and archives (4)."""
    feed = rss(header).feed

    assert tuple(name for name in ("complete", "is_part") if getattr(feed, name)) == said
    assert feed.older == older
