"""The five parts of the credit (design §1), on the page and in the text of the feeds alike."""

import re

import pytest
from lxml import html

from builders import AN_ID, a_mirror, an_attribution, an_item
from feedmirror.publishing.pages import Renderer
from feedmirror.records import Item, Source, Terms

LANGUAGES = {
    "en": ("not stated", "owned and copyrighted by", "now and in the future", "3 November 2026"),
    "es": ("no consta", "derechos de autor", "ahora y en el futuro", "3 de noviembre de 2026"),
    "fr": ("non précisé", "droit d’auteur", "maintenant et à l’avenir", "3 novembre 2026"),
    "de": ("nicht angegeben", "Urheberrecht", "jetzt und künftig", "3. November 2026"),
    "pt": ("não informado", "direitos autorais", "agora e no futuro", "3 de novembro de 2026"),
}
RENDERER = Renderer(a_mirror(purpose="for educational purposes only"))
MAILBOX = f"takedown+{AN_ID}@mirror.example.org"


def the_credit(item: Item, renderer: Renderer = RENDERER) -> html.HtmlElement:
    page = html.fromstring(renderer.item_page(item, nonce="ab").body)
    block = page.find(".//footer[@class='credit']")
    assert block is not None
    return block


def the_text(block: html.HtmlElement) -> str:
    return " ".join(block.text_content().split())


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_credit_has_all_five_parts_in_every_language(language: str) -> None:
    _, owned, future, fetched = LANGUAGES[language]

    block = the_credit(an_item(language=language))

    assert block.get("lang") == language
    text = the_text(block)
    for part in (
        "Ann Author, Bob Beta",
        owned,
        "Example News (news.example.com)",
        "© 2026 Example News",
        f"{fetched}, 10:30 UTC",
        "for educational purposes only",
        future,
        MAILBOX,
    ):
        assert part in text
    assert block.xpath(".//a/@href") == [
        "https://news.example.com/2026/a-story",
        "https://news.example.com/ann",
        "https://news.example.com/",
        "https://licences.example/by/4.0/",
        "https://news.example.com/feed.xml",
        "https://mirror.example.org/",
        f"mailto:{MAILBOX}?subject=Removal%3A%20news.example.com/{AN_ID}",
        "https://mirror.example.org/takedown/",
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_author_who_is_not_stated_is_said_to_be_not_stated(language: str) -> None:
    item = an_item(language=language, attribution=an_attribution(authors=()))

    assert re.search(f": {LANGUAGES[language][0]}", the_text(the_credit(item)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_host_of_the_link_and_the_source_are_told_where_they_differ(language: str) -> None:
    credit = an_attribution(
        original_url="https://other.example/story",
        source=Source("The Source", "https://source.example/feed"),
    )

    block = the_credit(an_item(language=language, attribution=credit))

    assert re.search(r"\(\w+ other\.example, .*news\.example\.com\)", the_text(block))
    assert "The Source" in the_text(block)
    assert "https://source.example/feed" in block.xpath(".//a/@href")


@pytest.mark.parametrize(
    ("language", "shown"),
    [("pt-BR", "pt"), ("de-AT", "de"), ("ja", "en"), (None, "en"), ("english", "en")],
)
def test_a_language_without_words_of_its_own_has_the_nearest(
    language: str | None, shown: str
) -> None:
    assert the_credit(an_item(language=language)).get("lang") == shown


def test_the_credit_on_the_page_is_the_credit_in_the_feeds() -> None:
    item = an_item()
    page = RENDERER.item_page(item, nonce="ab").body.decode()

    own, _, credit = RENDERER.card(item).content_html.partition("\n<hr>\n")

    assert own == item.content_html
    assert credit.startswith("<footer")
    assert credit in page


def test_an_operator_without_a_purpose_states_none() -> None:
    text = the_text(the_credit(an_item(), Renderer(a_mirror())))

    assert "which is a mirror, not the site itself." in text


def test_an_operators_words_take_the_place_of_ours_in_every_language() -> None:
    own = Renderer(a_mirror(), {"credit.html": "<footer class='credit'>{{ card.host }}</footer>"})

    assert the_text(the_credit(an_item(language="es"), own)) == "news.example.com"


def test_an_operators_words_for_one_language_leave_the_others_as_they_are() -> None:
    own = Renderer(a_mirror(), {"credit.it.html": "<footer class='credit'>Ecco</footer>"})

    assert the_text(the_credit(an_item(language="it-CH"), own)) == "Ecco"
    assert the_credit(an_item(language="es"), own).get("lang") == "es"


@pytest.mark.parametrize(
    ("language", "excerpt", "link"),
    [
        ("en", "Only an excerpt is shown here (the feed: so it says).", "Only the link is shown"),
        ("de", "Gezeigt wird hier nur ein Auszug.", "Gezeigt wird hier nur der Link."),
        ("es", "Aquí solo se muestra un extracto.", "Aquí solo se muestra el enlace."),
        ("fr", "Seul un extrait est présenté ici.", "Seul le lien est présenté ici."),
        ("pt", "Aqui é mostrado apenas um excerto.", "Aqui é mostrado apenas o link."),
    ],
)
def test_the_credit_says_where_less_is_shown_than_the_feed_offers(
    language: str, excerpt: str, link: str
) -> None:
    def credit(shown: str) -> str:
        item = an_item(language=language, terms=Terms(shown, "the feed: so it says"))
        return the_text(the_credit(item))

    assert excerpt in credit("excerpt")
    assert link in credit("link")
    assert excerpt not in credit("full")
