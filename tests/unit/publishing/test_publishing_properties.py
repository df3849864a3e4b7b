"""Whatever a feed says, what is published can be read, is read back, and tells no mail address."""

import json
import re
from datetime import UTC, timedelta, timezone
from html import escape
from pathlib import Path
from typing import cast

import jsonschema
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree, html

from builders import A_MOMENT, a_mirror, an_attribution, an_item
from feedmirror.configuration import MirrorSettings
from feedmirror.publishing.listings import Buried, Listing, read_listing
from feedmirror.publishing.pages import Renderer
from feedmirror.records import (
    Contact,
    Enclosure,
    FeedReference,
    Item,
    Person,
    Publisher,
    Source,
)
from feedmirror.suppression import Subject

SCHEMAS = Path(__file__).parents[2] / "schemas"
GRAMMAR = etree.RelaxNG(etree.parse(SCHEMAS / "atom.rng"))
JSON_SCHEMA = jsonschema.Draft202012Validator(
    json.loads((SCHEMAS / "json_feed.schema.json").read_text(encoding="utf-8"))
)
RENDERER = Renderer(a_mirror())
HOST = "news.example.com"

hostile = st.sampled_from(
    [
        "</script><script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "' onmouseover='alert(1)",
        "]]>",
        "<!--",
        "-->",
        "&lt;&amp;&#0;",
        "{{ 7*7 }}{% raw %}",
        "\u202etxt\u2066",
        "\ud800",
        "feedmirror-nonce:ab",
    ]
)
texts = st.text(st.characters(), max_size=12) | hostile
addresses = (
    st.builds("https://a.example/{}".format, texts)
    | st.sampled_from(["javascript:alert(1)", "data:text/html,x", "//x", "http://[::1]/%zz", ""])
    | texts
)
zones = st.sampled_from([UTC, timezone(timedelta(hours=-9.5)), timezone(timedelta(hours=12))])
moments = st.datetimes(timezones=zones)
people = st.builds(Person, texts, st.none() | addresses, st.none() | texts)
attributions = st.builds(
    an_attribution,
    original_url=addresses.filter(bool),
    publisher=st.builds(Publisher, texts.filter(bool), addresses, st.just(HOST)),
    feed=st.builds(FeedReference, texts, addresses.filter(bool)),
    authors=st.lists(people, max_size=2).map(tuple),
    rights=st.none() | texts,
    license_url=st.none() | addresses,
    credit=st.none() | texts,
    source=st.none() | st.builds(Source, texts, st.none() | addresses),
)
items = st.builds(
    an_item,
    title=texts,
    content_html=texts.map(lambda text: f"<p>{escape(text)}</p>"),
    summary=texts,
    language=st.none() | st.sampled_from(["en", "ar", "es-MX", "pt_BR"]) | texts,
    published=st.none() | moments,
    updated=st.none() | moments,
    first_seen=st.just(A_MOMENT),
    retrieved=moments,
    attribution=attributions,
    subject=st.just(Subject(frozenset())),
    categories=st.lists(texts, max_size=2).map(tuple),
    enclosures=st.lists(
        st.builds(Enclosure, addresses, texts, st.none() | st.integers(-1, 10**13)), max_size=2
    ).map(tuple),
    contacts=st.lists(st.builds(Contact, texts, texts), max_size=2).map(tuple),
)
mirrors = st.builds(a_mirror, name=texts.filter(lambda text: bool(text.strip())), purpose=texts)


@settings(max_examples=120, deadline=None)
@given(items, st.sampled_from(["", f"{HOST}/", f"{HOST}/2026-11/"]))
def test_feeds_of_any_item_are_valid_and_the_listing_is_read_back(item: Item, folder: str) -> None:
    burial = Buried(item.id, "other.example", A_MOMENT)
    listing = Listing(folder).updated_with([RENDERER.card(item)], [burial])

    files = RENDERER.listing(listing, nonce="ab", months=["2026-10"])

    assert read_listing(folder, files["feed.json"].body) == listing
    JSON_SCHEMA.validate(json.loads(files["feed.json"].body))
    GRAMMAR.assertValid(etree.fromstring(files["feed.xml"].body))
    is_inert(html.fromstring(files["index.html"].body))


@settings(max_examples=120, deadline=None)
@given(items)
def test_the_page_of_any_item_is_inert_and_names_its_original(item: Item) -> None:
    page = html.fromstring(RENDERER.item_page(item, nonce="ab").body)

    is_inert(page)
    (script,) = found(page, "//script/text()")
    canonical = found(page, "//link[@rel='canonical']/@href")
    stated = json.loads(script)
    assert canonical == ([stated["isBasedOn"]] if "isBasedOn" in stated else [])
    assert all(address.startswith(("https://", "http://")) for address in canonical)


@settings(max_examples=40, deadline=None)
@given(mirrors)
def test_any_words_of_an_operator_give_valid_feeds_and_inert_pages(mirror: MirrorSettings) -> None:
    renderer = Renderer(mirror)
    listing = Listing("").updated_with([renderer.card(an_item())])

    files = renderer.listing(listing, nonce="ab")

    GRAMMAR.assertValid(etree.fromstring(files["feed.xml"].body))
    is_inert(html.fromstring(renderer.item_page(an_item(), nonce="ab").body))
    etree.fromstring(renderer.fixed_pages(feeds=[], nonce="ab")["opml.xml"].body)


mailboxes = st.from_regex(r"\A[a-z][a-z0-9.]{0,6}[a-z0-9]@q[a-z]{2,8}\.test\Z")


@st.composite
def items_with_addresses(draw: st.DrawFn) -> tuple[Item, list[str]]:
    author, contact, stranger = draw(mailboxes), draw(mailboxes), draw(mailboxes)
    forms = st.sampled_from(["{}", "{} (Ann)", "Ann <{}>", "<{}>", "mailto:{}", "Ann, {}, {}"])

    def said(address: str) -> str:
        spelled = draw(st.sampled_from([address, address.upper()]))
        return draw(forms).format(spelled, spelled)

    person = Person(said(author), f"mailto:{author}", author)
    credit = an_attribution(
        authors=(person, Person("Bob", f"https://{author}/", contact)),
        publisher=Publisher(said(contact), f"mailto:{contact}", HOST),
        feed=FeedReference(said(stranger), f"https://{contact}/feed"),
        rights=said(author),
        credit=said(contact),
        license_url=said(contact),
        source=Source(said(stranger), f"mailto:{author}"),
    )
    item = an_item(
        attribution=credit,
        contacts=(Contact("webMaster", contact),),
        categories=(said(stranger), said(stranger)),
    )
    return item, [author, contact, stranger]


@settings(max_examples=80, deadline=None)
@given(items_with_addresses())
def test_no_mail_address_of_a_person_or_contact_or_in_a_name_is_published(
    given_item: tuple[Item, list[str]],
) -> None:
    item, mailboxes = given_item
    documents = [RENDERER.item_page(item, nonce="ab")]
    for folder in ("", f"{HOST}/", f"{HOST}/2026-11/"):
        listing = Listing(folder).updated_with([RENDERER.card(item)])
        documents += RENDERER.listing(listing, nonce="ab").values()

    for document in documents:
        body = document.body.decode().casefold()
        assert [mailbox for mailbox in mailboxes if mailbox in body] == []


def is_inert(page: html.HtmlElement) -> None:
    """Tell that a page has no script, no handler, and no link but to the web and to a mailbox."""
    assert {script.get("type") for script in page.iter("script")} <= {"application/ld+json"}
    assert found(page, "//@*[starts-with(name(), 'on')]") == []
    assert found(page, "//img | //iframe | //object | //form | //style | //base") == []
    for link in found(page, "//@href"):
        assert re.match(r"https?://|mailto:|\.|#|feed\.|\d{4}-\d\d/", link), link


def found(page: html.HtmlElement, path: str) -> list[str]:
    return [str(each) for each in cast("list[object]", page.xpath(path))]
