import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmirror.characters import one_line, without_unseen

BLACK_FLAG = "\U0001f3f4"


def tagged(letters: str) -> str:
    return "".join(chr(0xE0000 + ord(letter)) for letter in letters)


@pytest.mark.parametrize(
    "unseen",
    [
        *("\0", "\x1b", "\x7f", "\x85", "\x9b"),
        *("\u061c", "\u180e", "\u200b", "\u200e", "\u200f", "\u202e", "\u2060", "\u2066", "\u206f"),
        *("\ufeff", "\ufff9", "\ufffb", "\u3164", "\uffa0"),
        *("\ud800", "\udfff", "\ufdd0", "\ufffe", "\U0001ffff", "\U0010ffff"),
        *("\U000e0001", tagged("ignore"), "\U000e0fff", "\U0001d173", "\U0001bca0"),
    ],
)
def test_what_nobody_sees_is_left_out(unseen: str) -> None:
    assert without_unseen(f"pay{unseen}pal") == "paypal"
    assert without_unseen(f"می{unseen}نویسم") == "مینویسم"


def test_a_text_of_ascii_is_read_like_any_other() -> None:
    for text in (f"a{chr(code)}b" for code in range(128)):
        assert without_unseen(text) + "é" == without_unseen(text + "é")


def test_nothing_else_is_left_out() -> None:
    """Whatever Unicode calls a letter, mark, number, sign or space stays, in every plane."""
    kept = {"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps"} | {
        *("Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp"),
    }
    all_kept = [
        letter
        for letter in map(chr, range(sys.maxunicode + 1))
        if unicodedata.category(letter) in kept and letter not in "\u3164\uffa0"
    ]

    shown = without_unseen("x".join(all_kept)).split("x")

    assert len(all_kept) > 140_000
    assert set(all_kept) - {*shown, "x"} == set()


@pytest.mark.parametrize(
    "spelled",
    [
        "می\u200cخواهم",  # Persian: two parts of a word that do not join
        "ه\u200d.ش",  # the first form of a letter that stands alone
        "क्\u200dष",  # Devanagari: a half letter
        "क्\u200cष",  # and a letter with its virama
        "ന്\u200d എന്ന്",  # Malayalam: a letter without its vowel ends a word
        "র\u200d্যাব",  # Bengali: the joiner stands before the virama
        "ශ්\u200dරී",  # Sinhala
        "👩\u200d🚀 👩🏽\u200d🌾 🏳\ufe0f\u200d🌈 👁\ufe0f\u200d🗨\ufe0f 🧔\u200d♂\ufe0f",
        "1\ufe0f\u20e3 ❤\ufe0f",
        "葛\U000e0100",  # a variant of an ideograph
        BLACK_FLAG + tagged("gbsct") + "\U000e007f",  # the flag of Scotland
    ],
)
def test_what_spells_stays_where_it_spells(spelled: str) -> None:
    assert without_unseen(spelled) == spelled


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("pay\u200dpal \u200cx", "paypal x"),
        ("па\u200dйпал", "пайпал"),
        ("漢\u200c字", "漢字"),
        ("\u200dx \u200d", "x "),
        ("می\u200c\u200c\u200d\u200cخ", "می\u200cخ"),
        ("👩\u200d x", "👩 x"),
        ("x\u200d👩", "x👩"),
        ("😀" + "\ufe00\ufe01\U000e0101\U000e01ef" * 9, "😀\ufe00"),  # hides 36 bytes
        (BLACK_FLAG + tagged("gbxyz") + "\U000e007f", BLACK_FLAG),
        ("x" + tagged("gbsct") + "\U000e007f", "x"),
    ],
)
def test_what_spells_nothing_where_it_stands_goes(written: str, shown: str) -> None:
    assert without_unseen(written) == shown


def test_a_line_has_no_ends_of_lines_and_no_hyphens_that_may_not_show() -> None:
    assert one_line(" a\r\nb\u2028c\x85d\x1ce \u202e f\u00adg ") == "a b c d e fg"
    assert one_line("\u200b \u2060") == ""


@given(st.text(st.characters(max_codepoint=0x7F)) | st.text())
def test_a_line_is_the_same_whether_or_not_it_is_looked_at_closely(text: str) -> None:
    closely = without_unseen(" ".join(text.split())).replace("\u00ad", "")

    assert one_line(text) == " ".join(closely.split())
