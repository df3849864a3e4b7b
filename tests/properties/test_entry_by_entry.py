"""Of a document with one entry, our parser makes what feedparser's own makes of it."""

from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape

import feedparser
from hypothesis import given
from hypothesis import strategies as st

from feedmirror.mirroring.entry_by_entry import parse_strictly

LETTERS = [*"a <b>&;\x85\x93\x9d\xa0é\u0152\u4e00\U0001f600", "&amp;", "</b>"]
TEXTS = st.lists(st.sampled_from(LETTERS)).map("".join).map(escape)
RSS = ["title", "description", "content:encoded", "dc:date", "guid", "category", "author"]
ATOM = ["title", "summary", "content", "published", "id", "rights"]
TYPES = ["", ' type="text"', ' type="html"', ' type="xhtml"', ' mode="base64" type="a/b"']
ATOM_TEXT = st.builds(
    "<{0}{1}>{2}</{0}>".format, st.sampled_from(ATOM), st.sampled_from(TYPES), TEXTS
)
RSS_TEXT = st.builds("<{0}>{1}</{0}>".format, st.sampled_from(RSS), TEXTS)
DIV = '<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>{}</p></div></content>'
ATOM_PART = ATOM_TEXT | TEXTS.map(DIV.format)


def expected(document: str) -> list[Any]:
    parsed = feedparser.parse(
        BytesIO(document.encode()),
        sanitize_html=False,
        resolve_relative_uris=False,
        response_headers={"content-type": "application/xml; charset=utf-8"},
    )
    assert not parsed.bozo
    return list(parsed.entries)


@given(st.lists(RSS_TEXT, max_size=6).map("".join))
def test_an_item_is_read_as_ever(parts: str) -> None:
    document = (
        '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"'
        f' xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><item>{parts}</item></channel></rss>'
    )

    assert parse_strictly(document.encode())["entries"] == expected(document)


@given(st.lists(ATOM_PART, max_size=6).map("".join))
def test_an_entry_is_read_as_ever(parts: str) -> None:
    document = f'<feed xmlns="http://www.w3.org/2005/Atom"><entry>{parts}</entry></feed>'

    assert parse_strictly(document.encode())["entries"] == expected(document)
