"""A fault in an operator's template costs the operator's words, and never the run or the credit."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from builders import a_mirror, a_tombstone, an_attribution, an_item
from feedmirror.publishing.documents import Document
from feedmirror.publishing.listings import Listing
from feedmirror.publishing.pages import Renderer

BUNDLED = Renderer(a_mirror())
FAULTS = {
    "syntax": ("fine\n{% if %}", "line 2: Expected an expression"),
    "unclosed": ("{% for card in cards %}", "line 1: Unexpected end of template"),
    "filter": ("\n{{ mirror | no_such_filter }}", "line 2: No filter named 'no_such_filter'"),
    "undefined": ("fine\n\n{{ no_such_name }}", "line 3: 'no_such_name' is undefined"),
    "attribute": ("{{ site.no.such }}{{ mirror.no_such_setting }}", "line 1: "),
    "missing": ("{% include 'no-such-file.html' %}", "line 1: TemplateNotFound: no-such-file.html"),
    "rendering": ("fine\n{{ 1 // 0 }}", "line 2: ZeroDivisionError: "),
    "types": ("{{ [] + 1 }}", "line 1: TypeError: "),
    "endless": ("{% macro more() %}{{ more() }}{% endmacro %}{{ more() }}", "RecursionError: "),
    "nested": (
        "{% for a in 'b' %}" * 30 + "{% endfor %}" * 30,
        "config/templates/, for {name}: SyntaxError: too many statically nested blocks",
    ),
    "unwritable": ('{{ "\\ud800" }}', "UnicodeEncodeError: "),
}


def every_document(renderer: Renderer) -> dict[str, Document]:
    card = renderer.card(an_item())
    documents = {
        "item.html": renderer.item_page(an_item(), nonce="ab"),
        "spanish": renderer.item_page(an_item(language="es"), nonce="ab"),
        "tombstone.html": renderer.tombstone_page(a_tombstone(), nonce="ab"),
        "removed.html": renderer.removed_page(nonce="ab"),
        **renderer.fixed_pages(feeds=[], nonce="ab"),
    }
    for folder in ("", "news.example.com/", "news.example.com/2026-11/"):
        files = renderer.listing(Listing(folder).updated_with([card]), nonce="ab")
        documents |= {folder + name: document for name, document in files.items()}
    return documents


WHOLE = every_document(BUNDLED)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(
    "name", ["item.html", "listing.html", "credit.html", "feed.xml", "entry.xml"]
)
def test_the_bundled_template_stands_in_for_one_with_a_fault_and_the_fault_is_told_once(
    name: str, fault: str
) -> None:
    template, told = FAULTS[fault]
    renderer = Renderer(a_mirror(), {name: template})

    first, second = every_document(renderer), every_document(renderer)

    assert first == second == WHOLE
    (problem,) = renderer.problems
    assert name in problem.partition(": ")[0]
    assert told.format(name=name) in problem
    assert problem.startswith("config/templates/")
    assert "\n" not in problem


@pytest.mark.parametrize("fault", ["syntax", "undefined", "rendering", "missing"])
@pytest.mark.parametrize(
    "name", ["base.html", "links.html", "takedown.html", "404.html", "removed.html"]
)
def test_so_it_is_with_what_templates_share_and_with_the_fixed_pages(name: str, fault: str) -> None:
    template, told = FAULTS[fault]
    renderer = Renderer(a_mirror(), {name: template})

    assert every_document(renderer) == WHOLE
    assert told in " ".join(renderer.problems)
    assert all(problem.startswith("config/templates/") for problem in renderer.problems)


def test_a_template_without_a_fault_stays_in_use_beside_one_that_has_one() -> None:
    own = {
        "404.html": "{% extends 'base.html' %}{% block main %}Nothing here{% endblock %}",
        "base.html": "{{ oops }}",
        "style.css": "p{}",
    }
    renderer = Renderer(a_mirror(), own)

    pages = renderer.fixed_pages(feeds=[], nonce="ab")

    assert b"Nothing here" in pages["404.html"].body
    assert b'<html lang="en"' in pages["404.html"].body
    assert pages["style.css"].body.startswith(b"p{}")
    assert renderer.problems == (
        "config/templates/base.html, line 1: 'oops' is undefined; what is bundled is used",
    )


def test_a_fault_that_only_some_items_meet_costs_only_their_pages_the_operators_words() -> None:
    own = {"credit.html": "<footer>{{ card.authors[0].name }}, of old</footer>"}
    renderer = Renderer(a_mirror(), own)
    anonymous = an_item(attribution=an_attribution(authors=()))

    assert b"Ann Author, of old" in renderer.item_page(an_item(), nonce="ab").body
    assert b"Author: not stated" in renderer.item_page(anonymous, nonce="ab").body
    assert b"Ann Author, of old" in renderer.item_page(an_item(), nonce="ab").body
    assert [problem.partition(":")[0] for problem in renderer.problems] == [
        "config/templates/credit.html, line 1"
    ]


@pytest.mark.parametrize(
    ("language", "shown"),
    [("es", "Este contenido"), ("it", "This content is"), ("de", "own words")],
)
def test_the_credit_of_a_language_falls_back_as_if_the_operator_had_written_none(
    language: str, shown: str
) -> None:
    own = {
        "credit.es.html": "{% if %}",
        "credit.it.html": "{{ oops }}",
        "credit.de.html": "<footer>own words</footer>",
    }
    renderer = Renderer(a_mirror(), own)

    page = renderer.item_page(an_item(language=language), nonce="ab").body.decode()

    assert shown in page
    assert len(renderer.problems) == (0 if language == "de" else 1)


def test_a_name_that_a_template_of_the_operators_fails_to_offer_is_told() -> None:
    renderer = Renderer(a_mirror(), {"links.html": "{% macro web(address) %}{% endmacro %}"})

    assert every_document(renderer) == WHOLE
    assert any("does not export the requested name" in problem for problem in renderer.problems)


def test_what_a_fault_brings_with_it_is_not_told_as_another() -> None:
    own = {
        "404.html": "{% extends 'base.html' %}{% block main %}{% include 'mine.html' %}"
        "{% endblock %}",
        "mine.html": "{{ oops }}",
    }
    renderer = Renderer(a_mirror(), own)

    assert renderer.fixed_pages(feeds=[], nonce="ab")["404.html"] == WHOLE["404.html"]
    assert [problem.partition(":")[0] for problem in renderer.problems] == [
        "config/templates/mine.html, line 1"
    ]


def test_many_threads_tell_a_fault_once() -> None:
    renderer = Renderer(a_mirror(), {"item.html": "{{ oops }}", "credit.html": "{{ oops }}"})

    with ThreadPoolExecutor(8) as threads:
        pages = list(threads.map(lambda _: renderer.item_page(an_item(), nonce="ab"), range(40)))

    assert {page.body for page in pages} == {WHOLE["item.html"].body}
    assert len(renderer.problems) == 2


def test_a_renderer_without_templates_of_an_operator_has_no_problems() -> None:
    renderer = Renderer(a_mirror())

    every_document(renderer)

    assert renderer.problems == ()
