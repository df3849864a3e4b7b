from html import escape

from hypothesis import given, settings
from hypothesis import strategies as st

from feedmirror.configuration import Images
from feedmirror.mirroring.content import LIMIT, clean_content, plain_text
from markup_check import assert_safe

_NAMES = (
    "a b i p div span table tr td th tbody caption ul li dl dt pre h1 h2 form select option button"
    " svg math mi mtext annotation-xml foreignObject style script title textarea xmp noscript"
    " noembed iframe template object embed video source img image br hr blockquote details nobr"
    " font body html head frameset plaintext listing ruby rt col colgroup q del"
)
VALUES = (
    "javascript:alert(1)",
    "https://a.example/x.png",
    "//b.example/y",
    "../z?a=1&b=2#c",
    "data:text/html,x",
    "mailto:a@b.example",
    "1",
    "'\"><img src=x onerror=alert(1)>",
    "--></style></title>",
    "rtl",
)
_ATTRIBUTES = (
    "href src data title alt style onerror id class width colspan lang dir cite srcset rel start"
)
WORDS = st.sampled_from(
    ("x", " ", "&lt;", "&#x202e;", "<!--", "-->", "<![CDATA[", "]]>", "<", ">", "&", "\0", "é", '"')
)


@st.composite
def tags(draw: st.DrawFn) -> str:
    name = draw(st.sampled_from(_NAMES.split()))
    if draw(st.booleans()):
        return f"</{name}>"
    attribute, value = draw(st.sampled_from(_ATTRIBUTES.split())), draw(st.sampled_from(VALUES))
    return draw(
        st.sampled_from((f"<{name}>", f'<{name} {attribute}="{escape(value)}">', f"<{name}/>"))
    )


SOUP = st.lists(tags() | WORDS, max_size=30).map("".join)


@settings(max_examples=500, deadline=None)
@given(SOUP | st.text(), st.sampled_from(("https://a.example/b/", "", "http://[")))
def test_whatever_comes_in_only_what_is_allowed_goes_out(markup: str, base: str) -> None:
    cleaned = clean_content(markup, base_url=base, images=Images.LINK)

    assert_safe(cleaned)
    assert clean_content(cleaned, base_url=base, images=Images.LINK) == cleaned
    assert len(cleaned) <= LIMIT


@settings(max_examples=150, deadline=None)
@given(SOUP)
def test_without_images_none_is_left(markup: str) -> None:
    cleaned = clean_content(markup, base_url="https://a.example/", images=Images.NONE)

    assert_safe(cleaned)
    assert "<img" not in cleaned


@settings(max_examples=150, deadline=None)
@given(SOUP | st.text(), st.integers(min_value=1, max_value=40))
def test_plain_text_is_one_line_within_its_limit(markup: str, limit: int) -> None:
    text = plain_text(markup, limit=limit)

    assert len(text) <= limit
    assert text == " ".join(text.split())


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="abc <>&\"'é漢", max_size=60))
def test_a_text_that_is_escaped_is_read_back_as_it_was(text: str) -> None:
    assert plain_text(f"<p>{escape(text)}</p>") == " ".join(text.split())
