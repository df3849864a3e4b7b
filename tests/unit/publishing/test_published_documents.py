import pytest

from feedmirror.publishing.documents import (
    markup_with_nonce,
    nonce_mark,
    style_with_nonce,
    without_nonce,
)


@pytest.mark.parametrize("put", [markup_with_nonce, style_with_nonce])
def test_two_bodies_that_differ_by_their_nonce_are_the_same_without_it(put) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 -- either of two functions
    first, second = put("<p>text</p>", "aa"), put("<p>text</p>", "0123456789abcdef" * 8)

    assert first != second
    assert without_nonce(first) == without_nonce(second)
    assert b"feedmirror-nonce:0123456789abcdef" in second


def test_a_change_of_the_text_is_seen_without_the_nonce() -> None:
    assert without_nonce(markup_with_nonce("one", "aa")) != without_nonce(
        markup_with_nonce("two", "aa")
    )


@pytest.mark.parametrize("text", ["", "x" * 500])
def test_a_mark_that_a_publisher_wrote_is_text(text: str) -> None:
    first = markup_with_nonce(f"feedmirror-nonce:aaaa{text}", "11")
    second = markup_with_nonce(f"feedmirror-nonce:bbbb{text}", "11")

    assert without_nonce(first) != without_nonce(second)


@pytest.mark.parametrize("nonce", ["", "xyz", "ab --> <script>", "AB", "a\n", "a" * 129])
def test_a_nonce_that_is_not_hexadecimal_is_refused(nonce: str) -> None:
    with pytest.raises(ValueError, match="nonce"):
        nonce_mark(nonce)
