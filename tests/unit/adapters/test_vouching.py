import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from feedmirror.adapters.isolation.vouching import (
    ATTRIBUTES,
    ELEMENTS,
    has_sound_numbers,
    has_web_addresses,
    is_as_asked,
    is_own_form,
)
from feedmirror.configuration import Images
from feedmirror.mirroring.allowlist import _ATTRIBUTES, TAGS
from feedmirror.mirroring.content import clean_content
from feedmirror.mirroring.entries import Entry, Feed
from feedmirror.mirroring.parsing import Markup, Texts
from feedmirror.records import Enclosure, Person, Source
from markup_check import assert_safe

URL = "https://news.example.com/feed"
IMAGE = ' loading="lazy" referrerpolicy="no-referrer"'


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
        f'<img src="https://e.example/x.png" alt="" width="3"{IMAGE}>',
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
        '<p title="a" title="b">x</p>',
        '<p title="a & b">x</p>',
        '<p cite="https://e.example/">x</p>',
        '<a href="https://e.example/">x</a>',
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
        "<br></br>",
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
    return Entry(base_url=URL, enclosures=(Enclosure("https://e.example/a.mp3", length=size),))


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
    assert has_sound_numbers(Feed(url=URL, format="", ttl=525600, skip_hours=frozenset({0, 23})))
    assert not has_sound_numbers(feed)


def test_a_feed_s_links_are_of_the_web() -> None:
    well = Entry(
        base_url="",
        link="http://e.example/",
        authors=(Person("Ann", "https://ann.example/"), Person("Bob")),
        enclosures=(Enclosure("https://e.example/a.mp3"),),
        source=Source("Elsewhere"),
    )
    assert has_web_addresses(Feed(url=URL, format="", entries=(well, Entry(base_url=""))))


@pytest.mark.parametrize(
    "entry",
    [
        Entry(base_url=URL, link="javascript:x"),
        Entry(base_url=URL, license_url="data:text/html,x"),
        Entry(base_url=URL, source_license_url="//e.example/"),
        Entry(base_url=URL, authors=(Person("Ann"), Person("Bob", "JavaScript:x"))),
        Entry(base_url=URL, source_authors=(Person("Bob", " https://e.example/"),)),
        Entry(base_url=URL, enclosures=(Enclosure("file:///etc/passwd"),)),
        Entry(base_url=URL, source=Source("x", "vbscript:x")),
    ],
)
def test_one_that_is_not_is_seen_wherever_it_stands(entry: Entry) -> None:
    assert not has_web_addresses(Feed(url=URL, format="", entries=(Entry(base_url=URL), entry)))
