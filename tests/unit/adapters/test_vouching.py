import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmirror.adapters.isolation.vouching import ELEMENTS, has_web_addresses, is_own_form
from feedmirror.configuration import Images
from feedmirror.mirroring.allowlist import TAGS
from feedmirror.mirroring.content import clean_content
from feedmirror.mirroring.entries import Entry, Feed
from feedmirror.records import Enclosure, Person, Source

URL = "https://news.example.com/feed"


def test_the_elements_are_those_of_the_allowlist() -> None:
    assert ELEMENTS == TAGS


@pytest.mark.parametrize(
    "markup",
    [
        "",
        "Text &amp; more &lt;b&gt;",
        '<p dir="rtl" lang="ar" title="&quot;x&quot; &gt;">a<br>b</p>',
        '<a href="https://e.example/?a=1&amp;b" rel="noopener nofollow">x</a>',
        '<a href="mailto:a@e.example" rel="noopener nofollow">x</a>',
        '<ol reversed="" start="-3"><li value="2">x</li></ol>',
        '<img src="https://e.example/x.png" alt="" width="3" loading="lazy">',
        '<img src="https://e.example/x.png" alt="x" referrerpolicy="no-referrer">',
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
    ],
)
def test_nothing_else_does(markup: str) -> None:
    assert not is_own_form(markup)
    assert not is_own_form(f"<p>before</p>{markup}")
    assert not is_own_form(f"{markup}<p>behind</p>")


PARTS = st.sampled_from(
    [
        *("<p>", "</p>", "<b", ">", " onclick=x", "<img src=https://e.example/a.png alt='<'>"),
        *("<a href='/x?a&b'>", "</a>", "<table><td>", "<video src=/v>", "x", "\0", '"', "&lt;"),
        *("<blockquote cite='http://[::1]/'>", "<ol reversed start=3>", "<svg><style>"),
        *("<iframe src=//e.example>", "<a href=mailto:a@e.example>", "<!--", "-->", "</ol>"),
    ]
)


@given(st.lists(PARTS, max_size=12).map("".join), st.sampled_from(Images))
def test_whatever_the_sanitiser_writes_is_its_own_form(markup: str, images: Images) -> None:
    assert is_own_form(clean_content(markup, base_url=URL, images=images))


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
