from datetime import UTC, datetime

from builders import A_MOMENT, a_mirror, an_attribution, an_item
from feedmirror.publishing.cards import Author
from feedmirror.publishing.pages import Renderer
from feedmirror.records import Contact, Enclosure, FeedReference, Person, Publisher, Source

RENDERER = Renderer(a_mirror())


def test_the_address_of_a_card_is_the_page_of_its_item() -> None:
    card = RENDERER.card(an_item())

    assert card.address == f"https://mirror.example.org/news.example.com/{card.id}/"


def test_a_card_has_every_part_of_the_credit_as_a_field() -> None:
    card = RENDERER.card(an_item(attribution=an_attribution(credit="Photo: Cy")))

    assert card.original_url == "https://news.example.com/2026/a-story"
    assert card.authors == (
        Author("Ann Author", "https://news.example.com/ann"),
        Author("Bob Beta"),
    )
    assert card.publisher.name == "Example News"
    assert (card.rights, card.license_url) == (
        "© 2026 Example News",
        "https://licences.example/by/4.0/",
    )
    assert card.credit == "Photo: Cy"
    assert card.feed == FeedReference("Example News: latest", "https://news.example.com/feed.xml")


def test_addresses_that_are_no_web_addresses_do_not_reach_a_card() -> None:
    item = an_item(
        enclosures=(Enclosure("javascript:alert(1)"), Enclosure("https://a.example/b c")),
        attribution=an_attribution(
            original_url="javascript:alert(1)",
            authors=(Person("Ann", "data:text/html,x"), Person("", "javascript:x")),
            license_url="javascript:x",
            source=Source("", "javascript:x"),
        ),
    )

    card = RENDERER.card(item)

    assert card.original_url == "https://news.example.com/"
    assert card.authors == (Author("Ann"),)
    assert [enclosure.url for enclosure in card.enclosures] == ["https://a.example/b%20c"]
    assert (card.license_url, card.source) == (None, None)


def test_a_licence_that_is_no_address_is_told_among_the_rights() -> None:
    card = RENDERER.card(an_item(attribution=an_attribution(license_url="CC BY 4.0")))

    assert card.rights == "© 2026 Example News; CC BY 4.0"


def test_an_author_who_is_a_mail_address_is_not_stated() -> None:
    credit = an_attribution(authors=(Person("ann@mail.example", None, "ann@mail.example"),))

    assert RENDERER.card(an_item(attribution=credit)).authors == ()


def test_a_contact_that_the_feed_states_is_in_no_text_of_the_credit() -> None:
    mail = "desk@mail.example"
    item = an_item(
        contacts=(Contact("managingEditor", mail),),
        attribution=an_attribution(
            publisher=Publisher(f"News <{mail}>", f"mailto:{mail}", "news.example.com"),
            feed=FeedReference(f"{mail}: news", "https://news.example.com/feed.xml"),
            rights=f"© {mail}",
            credit=f"By {mail}",
            source=Source(mail, f"mailto:{mail}"),
        ),
    )

    assert "mail.example" not in repr(RENDERER.card(item))


def test_names_of_sources_feeds_and_categories_carry_no_mail_address_known_or_not() -> None:
    item = an_item(
        categories=("desk@unknown.example", "News <desk@unknown.example>", "News", "Arts"),
        attribution=an_attribution(
            feed=FeedReference("News, desk@unknown.example", "https://news.example.com/feed.xml"),
            source=Source("desk@unknown.example (The Desk)", "https://else.example/"),
        ),
    )

    card = RENDERER.card(item)

    assert card.categories == ("News", "Arts")
    assert card.feed.title == "News"
    assert card.source == Source("The Desk", "https://else.example/")
    assert "unknown.example" not in repr(card)


def test_a_source_of_nothing_but_a_mail_address_is_none() -> None:
    credit = an_attribution(source=Source("desk@unknown.example", None))

    assert RENDERER.card(an_item(attribution=credit)).source is None


def test_an_author_who_is_stated_twice_is_named_once() -> None:
    credit = an_attribution(authors=(Person("Ann", None, "a@x.example"), Person("Ann")))

    assert RENDERER.card(an_item(attribution=credit)).authors == (Author("Ann"),)


def test_a_headline_is_the_title_or_else_the_beginning_of_the_summary() -> None:
    long = "word " * 40

    assert RENDERER.card(an_item(title="A title")).headline == "A title"
    assert RENDERER.card(an_item(title=" ", summary="Short.")).headline == "Short."
    assert RENDERER.card(an_item(title="", summary=long)).headline == ("word " * 15 + "word…")
    assert RENDERER.card(an_item(title="", summary="")).headline == "Untitled"


def test_a_stated_change_in_the_future_counts_from_the_fetch() -> None:
    future = datetime(2999, 1, 1, tzinfo=UTC)

    assert RENDERER.card(an_item(updated=future)).changed == A_MOMENT
    assert RENDERER.card(an_item(updated=None, published=None)).changed == A_MOMENT


def test_a_character_that_xml_forbids_makes_no_other_markup_of_the_content() -> None:
    markup = '<p>a\x00b</p><a href="java\x01script:alert(1)">x</a>'

    content = RENDERER.card(an_item(content_html=markup)).content_html

    assert content.startswith('<p>a b</p><a href="java script:alert(1)">x</a>')
