"""What must hold of whatever comes out, written down once more than in the code."""

import json
import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import urlsplit

from lxml import etree
from lxml import html as lxml_html

from feedmirror.publishing.documents import Document

# What nobody sees, or what turns around the words beside it.
_HIDDEN = {0xAD, 0x200B, 0x200E, 0x200F, 0xFEFF, 0xFFFE, 0xFFFF} | {
    *range(0x202A, 0x202F),
    *range(0x2066, 0x206A),
}
_NO_TEXT = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_RUNNING = {"javascript", "vbscript", "data"}


def assert_line(text: str | None) -> None:
    """Fail unless a text is one line without anything that hides or turns words."""
    for character in text or "":
        assert unicodedata.category(character) not in {"Cc", "Cs", "Zl", "Zp"}, ascii(text)
        assert ord(character) not in _HIDDEN, ascii(text)


def assert_told(text: str) -> None:
    """Fail unless a line for an operator is one, and says something."""
    assert text.strip(), "a line that says nothing"
    assert text.isprintable(), ascii(text)


def assert_web(address: str | None) -> None:
    """Fail unless an address is absolute and of the web, or none is stated."""
    if address is not None:
        parts = urlsplit(address)
        assert parts.scheme in {"http", "https"}, ascii(address)
        assert parts.hostname, ascii(address)
        assert not any(ord(letter) <= 0x20 or ord(letter) == 0x7F for letter in address), ascii(
            address
        )


def assert_page(page: Document) -> None:
    """Fail if a page that is published has anything in it that runs, or that is no text."""
    text = page.body.decode("utf-8")
    assert not _NO_TEXT.search(text), ascii(_NO_TEXT.findall(text))
    tree = lxml_html.document_fromstring(text)
    for element in tree.iter("*"):
        assert element.tag not in {"iframe", "object", "embed", "form", "base"}, element.tag
        if element.tag == "script":
            assert element.get("type") == "application/ld+json"
            json.loads(element.text or "")
        _assert_attributes(element.attrib.items())


def _assert_attributes(attributes: Iterable[tuple[object, object]]) -> None:
    for name, value in attributes:
        assert not str(name).lower().startswith("on"), name
        if name in {"href", "src", "action", "cite"}:
            scheme = str(value).strip().partition(":")[0].lower()
            assert scheme not in _RUNNING, value


def assert_xml(document: Document) -> None:
    """Fail unless a document is well-formed to a parser that corrects nothing."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
    etree.fromstring(document.body, parser)
