"""Rows: a mapping that stays the text that it is stored as, and says what a dict would say."""

from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmirror.stored_rows import Rows, rows_of


@dataclass(frozen=True, slots=True)
class Row:
    name: str = ""
    mark: str = ""
    size: int = 0
    kind: str = ""


PLAIN = st.text(st.sampled_from("aZ09!#-.:<[]~"), max_size=4)
ANY = PLAIN | st.text(max_size=3)
SIZES = st.integers(-(10**15) + 1, 10**15 - 1)
VALUES = st.dictionaries(PLAIN.filter(bool), st.builds(Row, PLAIN, PLAIN, SIZES, PLAIN), min_size=1)


@given(VALUES)
def test_rows_say_what_they_were_made_of(values: dict[str, Row]) -> None:
    text = rows_of(Row, values)
    assert text is not None
    rows = Rows[str, Row](Row, text)

    assert len(rows) == len(values)
    assert rows == values
    assert values == rows
    assert [*rows] == [*rows.keys()] == [*values]
    assert [*rows.values()] == [*values.values()]
    assert [*rows.items()] == [*values.items()]
    assert [rows[key] for key in values] == [*values.values()]
    assert len(rows) == len(values)


@given(VALUES)
def test_rows_are_written_as_the_text_that_they_were_read_from(values: dict[str, Row]) -> None:
    text = rows_of(Row, values)
    assert text is not None

    assert rows_of(Row, Rows(Row, text)) is text


@given(st.dictionaries(ANY, st.builds(Row, ANY, ANY, st.integers(), ANY), max_size=3))
def test_what_cannot_stand_in_rows_is_never_written_as_others(values: dict[str, Row]) -> None:
    text = rows_of(Row, values)

    assert text is None or Rows(Row, text) == values


@pytest.mark.parametrize(
    "text",
    [
        "",
        " a",
        "a;",
        ";a",
        "a b c d e",  # the third is a number
        "a b c 1 e f",
        "a b c 1.5",
        "a b c ",
        "a\n",
        "a ä",
        'a "',
        "a b c 1234567890123456",
        "a b\tc",
    ],
)
def test_another_text_is_refused_at_once(text: str) -> None:
    with pytest.raises(ValueError, match="no rows"):
        Rows(Row, text)


def test_a_text_that_fails_late_is_refused_as_quickly_as_it_is_read() -> None:
    with pytest.raises(ValueError, match="no rows"):
        Rows(Row, ";".join(["a" * 100 + " b c 1 d"] * 50_000) + ";ä")


def test_rows_are_compared_by_what_they_say() -> None:
    rows, spelled = Rows[str, Row](Row, "a b"), Rows[str, Row](Row, "a b  0")

    assert rows == spelled
    assert rows != Rows(Row, "a c")
    assert rows != Rows(Other, "a b")
    assert rows != {"a": replace(rows["a"], size=1)}
    assert rows != 3
    assert "b" not in rows
    assert rows.get("b") is None
    with pytest.raises(KeyError):
        rows["b"]


@dataclass(frozen=True, slots=True)
class Other:
    name: str = ""
