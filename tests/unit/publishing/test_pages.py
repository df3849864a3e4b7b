import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from lxml import html

from builders import A_MOMENT, AN_ID, a_mirror, a_tombstone, an_attribution, an_item
from feedmirror.configuration import FeedSettings, Images, Unproven
from feedmirror.layout import ItemId
from feedmirror.opml import read_opml, write_opml
from feedmirror.publishing.documents import Document, without_nonce
from feedmirror.publishing.listings import Buried, Listing
from feedmirror.publishing.pages import Renderer, TakedownCount
from feedmirror.publishing.treatment import FeedTreatment, HostTreatment
from feedmirror.records import Person, Publisher
from feedmirror.suppression import Ground

RENDERER = Renderer(a_mirror())
HOSTILE = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7*7 }}"
A_FEED = FeedSettings(url="https://news.example.com/feed.xml", site="https://news.example.com")
A_TREATMENT = HostTreatment(
    host="news.example.com",
    feeds=(FeedTreatment(anchor="a" * 26, address=A_FEED.url, asked=("Every hour.",)),),
    as_of=A_MOMENT,
)
POLICY = "default-src 'none'; style-src 'self';{} base-uri 'none'; form-action 'none'"


def parsed(document: Document) -> html.HtmlElement:
    return html.fromstring(document.body)


def words(document: Document) -> str:
    return " ".join(parsed(document).text_content().split())


def every_page() -> dict[str, Document]:
    card = RENDERER.card(an_item())
    buried = [Buried(ItemId("b" * 26), "news.example.com", A_MOMENT)]
    pages = {
        f"news.example.com/{AN_ID}/index.html": RENDERER.item_page(an_item(), nonce="ab"),
        f"gone.example/{AN_ID}/index.html": RENDERER.tombstone_page(a_tombstone(), nonce="ab"),
        "news.example.com/about/index.html": RENDERER.about_page(A_TREATMENT, nonce="ab"),
        "removed/index.html": RENDERER.removed_page(nonce="ab"),
        **RENDERER.fixed_pages(feeds=[A_FEED], nonce="ab"),
    }
    for folder in ("", "news.example.com/", "news.example.com/2026-11/"):
        listing = Listing(folder).updated_with([card], buried)
        files = RENDERER.listing(listing, nonce="ab", months=["2026-10"])
        pages |= {folder + name: document for name, document in files.items()}
    return pages


def test_rendering_twice_gives_the_same_bytes() -> None:
    assert every_page() == every_page()


def test_every_body_carries_its_nonce_once_and_compares_without_it() -> None:
    for key, document in every_page().items():
        assert document.body.count(b"feedmirror-nonce:ab") == 1, key
        assert b"feedmirror-nonce" not in without_nonce(document.body), key


def test_another_nonce_changes_nothing_else() -> None:
    listing = Listing("").updated_with([RENDERER.card(an_item())])
    first = RENDERER.listing(listing, nonce="aa")
    second = RENDERER.listing(listing, nonce="bbbbbbbb")

    for name, document in first.items():
        assert document.body != second[name].body
        assert without_nonce(document.body) == without_nonce(second[name].body)


@pytest.mark.parametrize("nonce", ["", "x", '"}'])
def test_no_document_is_rendered_with_a_nonce_that_is_none(nonce: str) -> None:
    with pytest.raises(ValueError, match="nonce"):
        RENDERER.item_page(an_item(), nonce=nonce)
    with pytest.raises(ValueError, match="nonce"):
        RENDERER.listing(Listing(""), nonce=nonce)


def test_every_link_within_the_site_leads_to_a_page_or_file_of_the_site() -> None:
    pages = every_page()
    known = {"/" + key.removesuffix("index.html") for key in pages}
    known |= {"/news.example.com/2026-10/"}

    for key, document in pages.items():
        if not key.endswith(".html"):
            continue
        page = parsed(document)
        page.make_links_absolute(f"https://site.test/{key.removesuffix('index.html')}")
        paths = {
            link.removeprefix("https://site.test")
            for _, _, link, _ in page.iterlinks()
            if link.startswith("https://site.test")
        }
        assert {path.partition("#")[0] for path in paths} - {"/404.html"} <= known, key
        assert all("index.html" not in path for path in paths), key


def test_every_page_refuses_scripts_and_sends_no_referrer() -> None:
    for key, document in every_page().items():
        if not key.endswith(".html"):
            continue
        page = parsed(document)
        images = " img-src https:;" if key == f"news.example.com/{AN_ID}/index.html" else ""
        assert page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content") == [
            POLICY.format(images)
        ]
        assert page.xpath("//meta[@name='referrer']/@content") == ["no-referrer"]
        assert document.content_type == "text/html; charset=utf-8"
        assert document.cache_control == "public, max-age=60"


@pytest.mark.parametrize(
    "base",
    [
        "<!doctype html><html lang=en><head><title>x</title></head>{% block main %}{% endblock %}",
        "<!-- ours --><!DOCTYPE html><title>x</title>{% block main %}{% endblock %}",
        "{% block main %}{% endblock %}",
        "<body><meta http-equiv=content-security-policy>{% block main %}x{% endblock %}",
    ],
)
def test_an_operators_page_without_a_policy_has_ours_before_all_else(base: str) -> None:
    body = Renderer(a_mirror(), {"base.html": base}).item_page(an_item(), nonce="ab").body

    page = html.document_fromstring(body)
    first = page.xpath("//head/*[1]/@http-equiv | //head/*[1]/@content")
    assert first == ["Content-Security-Policy", POLICY.format(" img-src https:;")]


def test_an_operators_own_policy_stands() -> None:
    base = "<html><head><META content=\"img-src 'self'\" HTTP-EQUIV=content-security-policy></head>"

    page = parsed(Renderer(a_mirror(), {"base.html": base}).item_page(an_item(), nonce="ab"))

    policies = page.xpath("//meta[translate(@http-equiv, 'C', 'c')]/@content")
    assert policies == ["img-src 'self'"]


def test_images_are_shown_only_if_the_operator_says_so() -> None:
    page = Renderer(a_mirror(images=Images.NONE)).item_page(an_item(), nonce="ab")

    assert parsed(page).xpath("//meta[@http-equiv]/@content") == [POLICY.format("")]


def test_an_item_page_points_to_its_original_and_asks_not_to_be_indexed() -> None:
    page = parsed(RENDERER.item_page(an_item(), nonce="ab"))

    assert page.xpath("//link[@rel='canonical']/@href") == ["https://news.example.com/2026/a-story"]
    assert page.xpath("//meta[@name='robots']/@content") == ["noindex"]


def test_an_operator_may_let_items_be_indexed_but_never_tombstones() -> None:
    renderer = Renderer(a_mirror(noindex=False))
    item = parsed(renderer.item_page(an_item(), nonce="ab"))
    tombstone = parsed(renderer.tombstone_page(a_tombstone(), nonce="ab"))

    assert item.xpath("//meta[@name='robots']") == []
    assert tombstone.xpath("//meta[@name='robots']/@content") == ["noindex"]


def test_an_item_page_says_whose_it_is_to_machines() -> None:
    page = parsed(RENDERER.item_page(an_item(), nonce="ab"))

    (script,) = page.xpath("//script[@type='application/ld+json']/text()")
    stated = json.loads(script)

    owner = {"@type": "Organization", "name": "Example News", "url": "https://news.example.com/"}
    authors = [
        {"@type": "Person", "name": "Ann Author", "url": "https://news.example.com/ann"},
        {"@type": "Person", "name": "Bob Beta"},
    ]
    assert stated["isBasedOn"] == "https://news.example.com/2026/a-story"
    assert stated["author"] == authors
    assert stated["copyrightHolder"] == [owner, *authors]
    assert stated["creditText"] == "Ann Author, Bob Beta; Example News (news.example.com)"
    assert stated["license"] == "https://licences.example/by/4.0/"
    assert stated["sdPublisher"]["name"] == "Example Mirror"
    assert stated["datePublished"] == "2026-11-02T08:00:00Z"


@pytest.mark.parametrize("original", ["https://news.example.com/", "http://news.example.com"])
def test_an_item_without_a_link_of_its_own_is_not_said_to_be_a_copy_of_the_home_page(
    original: str,
) -> None:
    page = parsed(
        RENDERER.item_page(an_item(attribution=an_attribution(original_url=original)), nonce="ab")
    )

    (script,) = page.xpath("//script[@type='application/ld+json']/text()")
    assert page.xpath("//link[@rel='canonical']") == []
    assert "isBasedOn" not in json.loads(script)


def test_an_item_that_is_a_part_of_the_home_page_has_an_original_of_its_own() -> None:
    credit = an_attribution(original_url="https://news.example.com/#2026-11-02")

    page = parsed(RENDERER.item_page(an_item(attribution=credit), nonce="ab"))

    assert page.xpath("//link[@rel='canonical']/@href") == ["https://news.example.com/#2026-11-02"]


UPDATED_ONLY = an_item(published=None, updated=datetime(2026, 10, 5, tzinfo=UTC))


def test_an_entry_that_states_only_when_it_was_updated_is_dated_by_that() -> None:
    shown = words(RENDERER.item_page(UPDATED_ONLY, nonce="ab"))

    assert "updated 5 October 2026" in shown
    assert "undated" not in shown
    assert "undated, first seen 3 November 2026" in words(
        RENDERER.item_page(an_item(published=None, updated=None), nonce="ab")
    )


def test_a_list_dates_an_entry_by_its_update_where_nothing_else_is_stated() -> None:
    listing = Listing("").updated_with([RENDERER.card(UPDATED_ONLY)])

    page = parsed(RENDERER.listing(listing, nonce="ab")["index.html"])

    (date_shown,) = page.xpath("//ul[@class='cards']//time")
    assert date_shown.get("datetime") == "2026-10-05T00:00:00Z"
    assert date_shown.getparent().text_content() == "updated 5 October 2026"


@pytest.mark.parametrize("folder", ["", "news.example.com/", "news.example.com/2026-11/"])
@pytest.mark.parametrize(
    ("published", "updated", "shown"),
    [
        (datetime(2026, 10, 4, tzinfo=UTC), None, "4 October 2026"),
        (datetime(2026, 10, 4, tzinfo=UTC), datetime(2026, 10, 5, tzinfo=UTC), "4 October 2026"),
        (None, None, "undated, first seen 3 November 2026"),
    ],
)
def test_a_list_shows_the_date_that_an_entry_states_and_when_it_was_seen_only_without_one(
    folder: str, published: datetime | None, updated: datetime | None, shown: str
) -> None:
    item = an_item(published=published, updated=updated)
    listing = Listing(folder).updated_with([RENDERER.card(item)])

    page = parsed(RENDERER.listing(listing, nonce="ab")["index.html"])

    (date_shown,) = page.xpath("//ul[@class='cards']//time")
    assert date_shown.getparent().text_content() == shown


def test_a_host_whose_newest_item_is_gone_stands_on_the_front_without_a_date() -> None:
    card = RENDERER.card(an_item())
    listing = Listing("").updated_with([card])

    bereft = listing.updated_with(buried=[Buried(card.id, card.host, A_MOMENT)])

    dated, dateless = (
        parsed(RENDERER.listing(each, nonce="ab")["index.html"]).xpath(
            "//section[@class='hosts']//li"
        )
        for each in (listing, bereft)
    )
    assert [len(row.findall(".//time")) for row in (*dated, *dateless)] == [1, 0]
    assert dateless[0].text_content() == "Example News news.example.com"


def test_an_item_without_an_author_names_none_to_machines() -> None:
    item = an_item(attribution=an_attribution(authors=()), published=None, updated=None)

    (script,) = parsed(RENDERER.item_page(item, nonce="ab")).xpath("//script/text()")

    assert {"author", "datePublished", "dateModified"}.isdisjoint(json.loads(script))


def test_hostile_texts_are_shown_as_texts() -> None:
    credit = an_attribution(
        authors=(Person(HOSTILE),), rights=HOSTILE, credit=HOSTILE, license_url=HOSTILE
    )
    item = an_item(title=HOSTILE, summary=HOSTILE, categories=(HOSTILE,), attribution=credit)

    page = parsed(RENDERER.item_page(item, nonce="ab"))

    assert [script.get("type") for script in page.iter("script")] == ["application/ld+json"]
    assert json.loads(page.xpath("//script/text()")[0])["headline"] == HOSTILE
    assert page.xpath("//img") == []
    assert page.xpath("//@*[starts-with(name(), 'on')]") == []
    assert page.xpath("//h1")[0].text_content() == HOSTILE


def test_the_content_keeps_its_language_and_direction_in_an_english_frame() -> None:
    page = parsed(RENDERER.item_page(an_item(language="ar-EG"), nonce="ab"))

    assert (page.get("lang"), page.get("dir")) == ("en", "ltr")
    (content,) = page.xpath("//div[@class='content']")
    assert (content.get("lang"), content.get("dir")) == ("ar-EG", "rtl")
    unstated = parsed(RENDERER.item_page(an_item(language=None), nonce="ab"))
    (content,) = unstated.xpath("//div[@class='content']")
    assert (content.get("lang"), content.get("dir")) == (None, "auto")


def test_a_tombstone_says_that_it_is_gone_and_nothing_else() -> None:
    stone = a_tombstone(case="case-4711")

    document = RENDERER.tombstone_page(stone, nonce="ab")

    assert document.metadata == {"status": "410"}
    assert "The copy that was at this address has been taken down." in words(document)
    before_the_footer, _, _ = document.body.decode().partition("<footer")
    for told in ("news.example.com", stone.id, "case-4711", "2026", "publisher"):
        assert told not in before_the_footer


def test_a_legal_demand_answers_451_what_is_retired_says_so_and_all_others_are_alike() -> None:
    stones = {ground: a_tombstone(ground=ground) for ground in Ground}
    pages = {ground: RENDERER.tombstone_page(stone, nonce="ab") for ground, stone in stones.items()}

    legal = pages.pop(Ground.LEGAL)

    assert legal.metadata == {"status": "451"}
    assert "for legal reasons" in words(legal)
    retired = pages.pop(Ground.RETIRED)
    assert retired.metadata == {"status": "410"}
    assert "no longer keeps the copy" in words(retired)
    assert "Nobody asked for its removal." in words(retired)
    assert "taken down" not in words(retired).partition("Gone")[2].partition("Gone")[0]
    assert {page.body for page in pages.values()} == {pages[Ground.PRIVACY].body}
    assert {page.metadata["status"] for page in pages.values()} == {"410"}


def test_a_listing_shows_each_item_with_its_author_date_and_original() -> None:
    card = RENDERER.card(an_item())

    page = RENDERER.listing(Listing("").updated_with([card]), nonce="ab")["index.html"]

    shown = words(page)
    for part in ("A story", "What the story tells.", "Ann Author, Bob Beta", "2 November 2026"):
        assert part in shown
    links = parsed(page).xpath("//main//a/@href")
    assert links == [
        f"./news.example.com/{AN_ID}/",
        "./news.example.com/",
        "https://news.example.com/ann",
        "https://news.example.com/2026/a-story",
        "./news.example.com/",
    ]


def test_a_listing_without_cards_says_so_and_is_valid_for_every_kind() -> None:
    for folder in ("", "news.example.com/", "news.example.com/2026-11/"):
        files = RENDERER.listing(Listing(folder), nonce="ab")

        assert "There is nothing here at present." in words(files["index.html"])


def test_a_month_leads_to_the_months_before_and_after_it() -> None:
    listing = Listing("news.example.com/2026-09/").updated_with([RENDERER.card(an_item())])
    known = ["2026-07", "2026-08", "2026-10", "2026-11", "2026-09"]

    page = parsed(RENDERER.listing(listing, nonce="ab", months=known)["index.html"])

    assert page.xpath("//a[@rel='prev']/@href") == ["../2026-08/"]
    assert page.xpath("//a[@rel='next']/@href") == ["../2026-10/"]


def test_the_page_for_what_is_missing_works_at_any_depth_of_a_site_in_a_folder() -> None:
    renderer = Renderer(a_mirror(site="https://example.org/mirror"))

    page = parsed(renderer.fixed_pages(feeds=[], nonce="ab")["404.html"])

    assert page.xpath("//link[@rel='stylesheet']/@href") == ["/mirror/style.css"]


@pytest.mark.parametrize(
    ("unproven", "strangers"),
    [
        (
            Unproven.MASK,
            "Anybody else whose own domain is proved can have a few pages put out of sight",
        ),
        (Unproven.REVIEW, "What anybody else asks for is read by a person before anything changes"),
    ],
)
def test_the_takedown_page_says_what_strangers_can_do_and_that_nothing_goes_for_the_unproved(
    unproven: Unproven, strangers: str
) -> None:
    renderer = Renderer(a_mirror(unproven=unproven))

    page = renderer.fixed_pages(feeds=[], nonce="ab")["takedown/index.html"]

    assert "mailto:takedown@mirror.example.org?subject=Removal" in parsed(page).xpath("//a/@href")
    assert strangers in words(page)
    assert "nothing changes, and nothing is sent to the address in its From" in words(page)
    assert ("out of sight" in words(page)) is (unproven is Unproven.MASK)


def test_the_log_tells_day_ground_and_number_newest_first() -> None:
    log = [
        TakedownCount(date(2026, 11, 2), Ground.PUBLISHER, 3),
        TakedownCount(date(2026, 11, 5), Ground.LEGAL, 1),
    ]

    page = parsed(RENDERER.removed_page(log, nonce="ab"))

    assert [
        [cell.text_content() for cell in row.xpath("td")] for row in page.xpath("//tbody/tr")
    ] == [
        ["5 November 2026", "a legal demand", "1"],
        ["2 November 2026", "the wish of the publisher or the author", "3"],
    ]
    assert "Nothing has been taken down so far." in words(RENDERER.removed_page(nonce="ab"))


def test_the_opml_lists_the_sources_feeds_as_an_export_would() -> None:
    feeds = [A_FEED, replace(A_FEED, url="https://b.example/?a=1&b=2", site=None)]

    document = RENDERER.fixed_pages(feeds=feeds, nonce="ab")["opml.xml"]

    exported = write_opml(feeds, title="Feeds mirrored by Example Mirror")
    assert document.body == exported + b"<!-- feedmirror-nonce:ab -->\n"
    assert [feed.url for feed in read_opml(document.body).feeds] == [feed.url for feed in feeds]


def test_the_opml_tells_nobody_the_password_of_a_feed() -> None:
    secret = replace(A_FEED, url="https://ann:secret@news.example.com/feed.xml", site=None)

    document = RENDERER.fixed_pages(feeds=[secret], nonce="ab")["opml.xml"]

    assert [feed.url for feed in read_opml(document.body).feeds] == [
        "https://news.example.com/feed.xml"
    ]


def test_an_operators_template_takes_the_place_of_the_bundled_one() -> None:
    own = {"404.html": "<p>{{ mirror.name }} &amp; nothing", "style.css": "p{}"}
    renderer = Renderer(a_mirror(), own)

    pages = renderer.fixed_pages(feeds=[], nonce="ab")

    assert b"\n<p>Example Mirror &amp; nothing\n" in pages["404.html"].body
    assert pages["style.css"].body.startswith(b"p{}\n")


def test_importing_the_renderer_loads_no_template_engine() -> None:
    code = (
        "import sys, feedmirror.publishing.pages; "
        "sys.exit(bool({'jinja2', 'markupsafe', 'lxml'} & set(sys.modules)))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603 -- our own code


def test_nobody_s_title_or_names_take_the_room_of_a_page_that_all_share() -> None:
    names = tuple(Person(name=f"{sign}{'w' * 9_998}") for sign in "abcdefgh")
    publisher = Publisher(name="n" * 10_000, url="https://a.example/", host="a.example")
    credit = an_attribution(authors=names, publisher=publisher)
    long = an_item(host="a.example", title="t " * 5_000, attribution=credit)
    listing = Listing("").updated_with([RENDERER.card(long)])

    front = RENDERER.listing(listing, nonce="ab")["index.html"]
    page = RENDERER.item_page(long, nonce="ab")

    assert len(front.body) < 8_000
    assert all(f"{sign}www" in words(front) for sign in "abcdefgh")
    assert all(name.name in words(page) for name in names)
