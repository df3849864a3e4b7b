"""Everything that is written of hostile entries, read back by parsers that are not ours.

HTML by libxml2, Atom by libxml2 and its grammar, JSON by the standard library.
"""

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from lxml import etree, html

from feedmirror.characters import without_unseen
from feedmirror.publishing.cards import BEFORE_CREDIT
from feedmirror.records import Item
from hostile_markup import VECTORS
from hostile_pages import items_of, listed, published
from markup_check import assert_safe
from vector_sets import public_vectors

WHOLE = os.environ.get("FEEDMIRROR_TEST_WHOLE_VECTORS") == "1"
ATOM = "{http://www.w3.org/2005/Atom}"
GRAMMAR = Path(__file__).parents[1] / "schemas" / "atom.rng"
LEADING = {"action", "background", "cite", "data", "formaction", "href", "poster", "src", "srcset"}
SCHEMES = {"", "http", "https", "mailto"}
# What the templates themselves write; a publisher's content has fewer.
ELEMENTS = {
    *("html", "head", "meta", "title", "link", "script", "body", "header", "main", "article"),
    *("footer", "nav", "section", "div", "h1", "h2", "p", "ul", "li", "a", "span", "bdi", "time"),
    *("b", "br", "cite", "em", "small", "strong"),
}


@pytest.fixture(scope="module")
def texts() -> list[str]:
    public = public_vectors().values() if WHOLE else ()
    return [*VECTORS, *(text for of_set in public for text in of_set)]


@pytest.fixture(scope="module")
def items(texts: list[str]) -> list[Item]:
    return items_of(texts)


def is_safe(address: str) -> bool:
    return urlsplit(address).scheme in SCHEMES and re.match(r"[\w.#:/]", address) is not None


def assert_leads_nowhere_else(tree: Any) -> None:  # noqa: ANN401 -- lxml's types are loose
    for element in tree.iter(etree.Element):
        for name, value in element.attrib.items():
            assert not str(name).startswith("on"), (element.tag, name)
            assert name != "style", element.tag
            if name in LEADING:
                assert is_safe(str(value)), (element.tag, name, value)


def assert_seen(texts: Iterable[str]) -> None:
    for text in texts:
        assert without_unseen(text) == text, ascii(text)


def test_pages_of_hostile_entries_have_no_element_that_is_not_ours(items: list[Item]) -> None:
    for item, body in zip(items, published(items), strict=True):
        page: Any = html.document_fromstring(body)
        (content,) = page.xpath("//div[@class='content']")

        assert_safe(item.content_html)
        assert_leads_nowhere_else(page)
        assert_seen([page.text_content()])
        content.drop_tree()
        assert {element.tag for element in page.iter(etree.Element)} <= ELEMENTS
        (script,) = page.xpath("//script")
        assert script.get("type") == "application/ld+json"
        assert json.loads(script.text)["@type"] == "Article"


def test_feeds_of_hostile_entries_are_read_back_as_they_are_meant(items: list[Item]) -> None:
    grammar = etree.RelaxNG(etree.parse(GRAMMAR))
    for first in range(0, len(items), 50):
        batch = items[first : first + 50]
        by_id = {item.id: item for item in batch}
        files = listed(batch)

        atom: Any = etree.fromstring(files["feed.xml"])
        feed = json.loads(files["feed.json"])

        assert grammar.validate(atom), grammar.error_log.last_error
        assert_seen(text for text in atom.itertext() if text.strip())
        assert len(atom.findall(f"{ATOM}entry")) == len(feed["items"]) == len(by_id)
        for element in atom.iter(f"{ATOM}link", f"{ATOM}id", f"{ATOM}uri"):
            assert is_safe(element.get("href") or element.text or "")
        contents = [
            entry.findtext(f"{ATOM}content") or "" for entry in atom.findall(f"{ATOM}entry")
        ]
        for content in [*contents, *(entry["content_html"] for entry in feed["items"])]:
            theirs, _, credit = content.rpartition(BEFORE_CREDIT)
            if theirs:
                assert_safe(theirs)
            assert_leads_nowhere_else(html.fragment_fromstring(credit, create_parent="div"))
        assert_leads_nowhere_else(html.document_fromstring(files["index.html"]))
