from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from feedmirror.adapters.isolation.vouching import (
    ATTRIBUTES,
    ELEMENTS,
    is_as_asked,
    is_own_form,
    objection,
)
from feedmirror.configuration import Images
from feedmirror.mirroring.allowlist import _ATTRIBUTES, TAGS
from feedmirror.mirroring.content import clean_content
from feedmirror.mirroring.entries import DeletedEntry, Entry, Feed
from feedmirror.mirroring.feeds import parse_feed
from feedmirror.mirroring.parsing import Markup, Texts
from feedmirror.records import Contact, Enclosure, Person, Source
from markup_check import assert_safe

URL = "https://news.example.com/feed"
LAZY = 'loading="lazy" referrerpolicy="no-referrer"'
IMAGE = f" {LAZY}"
REL = 'rel="noopener nofollow"'


def test_the_elements_are_those_of_the_allowlist() -> None:
    assert ELEMENTS == TAGS


@pytest.mark.parametrize(
    "markup",
    [
        "",
        "Text &amp; more &lt;b&gt;",
        '<p dir="rtl" lang="ar" title="&quot;x&quot; &gt;">a<br>b</p>',
        '<a href="https://e.example/?a=1&amp;b" rel="noopener nofollow">x</a>&nbsp;',
        '<a href="mailto:a@e.example" rel="noopener nofollow">x</a>',
        '<ol reversed="" start="-3"><li value="2">x</li></ol>',
        f'<img src="https://e.example/x.png" alt="" width="3" {LAZY}>',
        '<table><colgroup><col span="2"></colgroup><tbody><tr><td>a</td></tr></tbody></table>',
        '<blockquote cite="http://e.example/">x</blockquote><details open=""></details>',
    ],
)
def test_the_mirror_s_own_form_passes(markup: str) -> None:
    assert is_own_form(markup)


@pytest.mark.parametrize(
    "markup",
    [
        "<script>x</script>",
        "</script>",
        '<p onclick="x">x</p>',
        '<p style="x">x</p>',
        "<p title='x'>x</p>",
        "<p title=x>x</p>",
        '<p  title="x">x</p>',
        "<P>x</P>",
        "<p/>",
        "<p",
        "<p>a > b",
        "a < b",
        "<!-- x -->",
        "<![CDATA[x]]>",
        "<?php x ?>",
        "<svg></svg>",
        "<h1>x</h1>",
        '<a href="javascript:x">x</a>',
        '<a href=" https://e.example/">x</a>',
        '<a href="//e.example/">x</a>',
        '<a href="/x">x</a>',
        '<img src="http://e.example/x.png">',
        '<img src="data:image/png;base64,x">',
        '<q cite="data:x">x</q>',
        '<a href="https://e.example/" HREF="x">x</a>',
        '<p title="a<b">x</p>',
        "<p>x",
        "<b><i></b></i>",
        "<br></br>",
        '<b dir="ltr" dir="rtl">x</b>',
        '<b href="https://e.example/">x</b>',
        '<a href="https://e.example/">x</a>',
        f'<a href="https://" {REL}>x</a>',
        f'<a href="mailto:" {REL}>x</a>',
        f'<a href="https:// e.example/" {REL}>x</a>',
        '<img src="https://e.example/x.png" alt="x" loading="lazy">',
        "half a pair \ud800",
        "turned \u202e",
        "\0",
        '<p title="a" title="b">x</p>',
        '<p title="a & b">x</p>',
        '<p cite="https://e.example/">x</p>',
        '<a href="https://e.example/" rel="nofollow">x</a>',
        '<a href="https://&#x2f;" rel="noopener nofollow">x</a>',
        '<a rel="noopener nofollow">x</a>',
        '<img src="https://e.example/x.png" alt="">',
        f'<img alt=""{IMAGE}>',
        "&#106;avascript",
        "&colon;",
        "a & b",
        "a\u202eb",
        "a\0b",
        "</div>",
        "<details>",
        "</div><details>",
        "<p><b></p></b>",
    ],
)
def test_nothing_else_does(markup: str) -> None:
    assert not is_own_form(markup)
    assert not is_own_form(f"<p>before</p>{markup}")
    assert not is_own_form(f"<div>{markup}</div>")
    assert not is_own_form(f"{markup}<p>behind</p>")


PARTS = st.sampled_from(
    [
        *("<p>", "</p>", "<b", ">", " onclick=x", "<img src=https://e.example/a.png alt='<'>"),
        *("<a href='/x?a&b'>", "</a>", "<table><td>", "<video src=/v>", "x", "\0", '"', "&lt;"),
        *("<blockquote cite='http://[::1]/'>", "<ol reversed start=3>", "<svg><style>"),
        *('<abbr title="it&apos;s &amp;nbsp; &lt;\u00a0">', "</abbr>"),
        *("<iframe src=//e.example>", "<a href=mailto:a@e.example>", "<!--", "-->", "</ol>"),
    ]
)


@given(st.lists(PARTS, max_size=12).map("".join), st.sampled_from(Images))
def test_whatever_the_sanitiser_writes_is_its_own_form(markup: str, images: Images) -> None:
    assert is_own_form(clean_content(markup, base_url=URL, images=images))


HAND_MADE = st.sampled_from(
    [
        *("<p>", "</p>", "<div>", "</div>", "<details>", "</details>", "<br>", "x", " ", "&amp;"),
        *("<table>", "</table>", "<td>", "</td>", "<b>", "</b>", "</a>", "&#60;", "&lt", "\u200b"),
        *('<a href="https://e.example/&quot;" rel="noopener nofollow">', f"<img alt=''{IMAGE}>"),
        *(f'<img src="https://e.example/a" alt="x"{IMAGE}>', '<q cite="http://e.example/?&lt;">'),
        *('<a href="https://e.example/">', '<p title="&gt;" lang="x">', '<p title="" title="">'),
        *("</q>", '<ol start="1" reversed="">', "</ol>", "<svg>", "<!--", "]]>", "<p/>", "\ufffe"),
        *('<a href="mailto:x" rel="noopener nofollow">', '<p dir="ltr" onclick="x">', "\ud800"),
    ]
)


@settings(max_examples=400)
@given(st.lists(HAND_MADE, max_size=8).map("".join))
@example('<p>x<br></p><a href="https://e.example/&quot;" rel="noopener nofollow">x</a>&amp;')
def test_whatever_passes_is_safe_to_a_second_opinion(markup: str) -> None:
    if is_own_form(markup):
        assert_safe(markup)
        assert_safe(f"<div>{markup}</div>")


def test_elements_have_the_attributes_that_the_sanitiser_writes() -> None:
    given_up = {"style"}  # it is read, and not written
    written = {"a": {"rel"}, "img": {"loading", "referrerpolicy"}}
    for name, attributes in ATTRIBUTES.items():
        kept = _ATTRIBUTES["*"] | _ATTRIBUTES.get(name, set()) | written.get(name, set())
        assert attributes == kept - given_up


def with_file_of(size: int) -> Entry:
    return Entry(
        base_url=URL, title="x", enclosures=(Enclosure("https://e.example/a.mp3", length=size),)
    )


SAFE = Texts("x", "x", "<p>x</p>")


@pytest.mark.parametrize(
    ("texts", "markup"),
    [
        (SAFE, Markup(whole="x")),
        (Texts("x", "x", "<p>"), Markup(whole="x", shown=True)),
        (Texts("x", "x" * 301), Markup(whole="x", shown=True)),
        (
            Texts("x", "x", f'<img src="https://e.example/a" alt=""{IMAGE}>'),
            Markup(whole="x", shown=True, images=Images.NONE),
        ),
    ],
)
def test_texts_hold_no_more_than_was_asked_for(texts: Texts, markup: Markup) -> None:
    assert is_as_asked(SAFE, Markup(whole="x", shown=True, images=Images.NONE))
    assert is_as_asked(Texts("x", "x" * 300), Markup(whole="x"))
    assert not is_as_asked(texts, markup)


@pytest.mark.parametrize(
    "feed",
    [
        Feed(url=URL, format="", ttl=-1),
        Feed(url=URL, format="", ttl=10**12),
        Feed(url=URL, format="", skip_hours=frozenset({1, 24})),
        Feed(url=URL, format="", skip_hours=frozenset({-1})),
        Feed(url=URL, format="", entries=(with_file_of(-1),)),
        Feed(url=URL, format="", entries=(with_file_of(0), with_file_of(10**15))),
    ],
)
def test_numbers_that_nobody_can_reckon_with_are_seen(feed: Feed) -> None:
    assert not objection(Feed(url=URL, format="", ttl=525600, skip_hours=frozenset({0, 23})))
    assert objection(feed) == "what no feed says"


WELL = Entry(
    base_url="",
    guid="a\nb",
    link="http://e.example/",
    title="A\u00ad title \u2764\ufe0f",
    content_html="<p>\0",  # as it was written: it goes back to be cleaned
    authors=(Person("Ann", "https://ann.example/"), Person("Bob")),
    enclosures=(Enclosure("https://e.example/a.mp3", length=0),),
    source=Source("Elsewhere"),
    signals=("tdm-reserved",),
)


def a_feed(*entries: Entry, **stated: Any) -> Feed:  # noqa: ANN401 -- of any field
    return Feed(**{"url": URL, "format": "", "entries": entries or (WELL,), **stated})


def test_there_is_no_objection_to_what_a_parser_says() -> None:
    assert not objection(a_feed(WELL, Entry(base_url="", title="x"), ttl=0))


@pytest.mark.parametrize(
    "stated",
    [
        {"link": "javascript:x"},
        {"link": "https://"},
        {"link": "https://["},
        {"link": "https://e.example/a b"},
        {"link": "https://e.example/a\n"},
        {"link": " https://e.example/"},
        {"license_url": "data:text/html,x"},
        {"source_license_url": "//e.example/"},
        {"authors": (Person("Ann"), Person("Bob", "JavaScript:x"))},
        {"source_authors": (Person("Bob", " https://e.example/"),)},
        {"enclosures": (Enclosure("file:///etc/passwd"),)},
        {"source": Source("x", "vbscript:x")},
    ],
)
def test_a_link_that_is_not_of_the_web_is_seen_wherever_it_stands(stated: dict[str, Any]) -> None:
    assert objection(a_feed(WELL, replace(WELL, **stated))) == "an address that is none of the web"


@pytest.mark.parametrize(
    "stated",
    [
        {"title": "half a pair \ud800"},
        {"title": "two\nlines"},
        {"title": "turned \u202e"},
        {"title": "no text \uffff"},
        {"guid": "\udfff"},
        {"base_url": "\udfff"},
        {"language": "a\0"},
        {"rights": "\x9b31m"},
        {"source_rights": "\u2028"},
        {"credit": "\t"},
        {"categories": ("a", "\x7f")},
        {"authors": (Person("\ud800"),)},
        {"source_authors": (Person("", None, "a@b.example\nBcc: c@d.example"),)},
        {"enclosures": (Enclosure("https://e.example/", "\ud800"),)},
        {"source": Source("\ud800")},
    ],
)
def test_so_is_a_text_that_could_not_be_stored_or_shown(stated: dict[str, Any]) -> None:
    assert objection(a_feed(WELL, replace(WELL, **stated))) == "a text that is none"


def test_what_identifies_is_kept_as_its_publisher_states_it() -> None:
    guid = "tag:e.example,2026:\u202e1"
    document = f"<rss version='2.0'><channel><item><guid>{guid}</guid></item></channel></rss>"

    feed = parse_feed(document.encode(), url="https://e.example/feed")

    assert feed.entries[0].guid == guid
    assert objection(feed) == ""


@pytest.mark.parametrize(
    "stated",
    [
        {"title": "\ud800"},
        {"url": "\ud800"},
        {"format": "\n"},
        {"language": "\ud800"},
        {"rights": "\ud800"},
        {"authors": (Person("", None, "\ud800"),)},
        {"contacts": (Contact("\n", "a@b.example"),)},
        {"contacts": (Contact("", "\n"),)},
        {"skip_days": frozenset({"\ud800"})},
        {"problems": ("\x1b[2J",)},
        {"deleted": (DeletedEntry(ref="\ud800"),)},
    ],
)
def test_and_what_a_feed_says_of_itself(stated: dict[str, Any]) -> None:
    assert objection(a_feed(**stated)) == "a text that is none"


@pytest.mark.parametrize(
    "feed",
    [
        a_feed(ttl=-1),
        a_feed(skip_hours=frozenset({24})),
        a_feed(skip_hours=frozenset({-1})),
        a_feed(signals=("all-yours",)),
        a_feed(replace(WELL, signals=("tdm-reserved", "all-yours"))),
        a_feed(replace(WELL, enclosures=(Enclosure("https://e.example/", length=-1),))),
        a_feed(WELL, Entry(base_url=URL)),
        a_feed(authors=(Person(),)),
        a_feed(replace(WELL, source_authors=(Person("Ann"), Person()))),
    ],
)
def test_and_a_word_or_a_number_that_nothing_here_knows(feed: Feed) -> None:
    assert objection(feed) == "what no feed says"


@pytest.mark.parametrize("name", ["content_html", "summary_html"])
def test_and_markup_that_cannot_even_be_written_down(name: str) -> None:
    stated: dict[str, Any] = {name: "<p>\ud800"}

    assert objection(a_feed(WELL, replace(WELL, **stated))) == "markup that is no text"


def test_texts_are_lines_of_their_length_and_markup_of_our_form() -> None:
    asked = Markup(whole="x", shown=True)
    assert is_as_asked(Texts("a", "a" * 300, "<p>a\nb\t</p>"), asked)
    assert not is_as_asked(Texts("a\nb", ""), asked)
    assert not is_as_asked(Texts("", "\ud800"), asked)
    assert not is_as_asked(Texts("", "", "<p onclick>"), asked)
