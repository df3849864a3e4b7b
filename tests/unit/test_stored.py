"""Stored JSON: what is not of its stated type was not written by this software."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmirror.stored import checked, lines_of_json, listed, read_json


@dataclass(frozen=True)
class Row:
    name: str
    size: int


@dataclass(frozen=True)
class Whole:
    row: Row = Row("a", 1)
    names: tuple[str, ...] = ()
    pair: tuple[datetime, str] | None = None
    marks: frozenset[str] = frozenset()
    sizes: Mapping[str, float] | None = None


@dataclass(frozen=True)
class Part:
    name: str = ""
    size: int | None = None
    when: datetime | None = None
    kind: str | int | datetime | None = None


@dataclass(frozen=True)
class Parted:
    parts: tuple[Part, ...] = ()


NOW = datetime(2026, 11, 29, tzinfo=UTC)


def test_what_is_of_its_types_is_returned_as_it_is() -> None:
    whole = Whole(Row("b", 2), ("c",), (NOW, "d"), frozenset({"e"}), {"f": 1, "g": 0.5})

    assert checked(whole) is whole


@pytest.mark.parametrize(
    "wrong",
    [
        {"row": None},
        {"row": Row("a", size=True)},
        {"names": ["a"]},
        {"names": (1,)},
        {"pair": (NOW,)},
        {"pair": (NOW.replace(tzinfo=None), "a")},
        {"pair": (datetime.min.replace(tzinfo=timezone(timedelta(hours=1))), "a")},
        {"marks": frozenset({1})},
        {"sizes": {"a": float("inf")}},
        {"sizes": {1: 1.0}},
    ],
)
def test_the_first_field_that_is_not_as_stated_is_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=f"Whole.{next(iter(wrong))} is"):
        checked(Whole(**wrong))


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": None},
        {"name": 1},
        {"size": True},
        {"size": "1"},
        {"size": 1.0},
        {"when": "2026-11-29"},
        {"when": NOW.replace(tzinfo=None)},
        {"kind": 1.0},
        {"kind": NOW.replace(tzinfo=None)},
    ],
)
def test_what_was_right_before_makes_nothing_right_that_is_wrong(wrong: dict[str, Any]) -> None:
    right = [Part(), Part("a", 1), Part("a", None, NOW), Part("b", 2, NOW, "c"), Part(kind=NOW)]
    for whole in (Parted(tuple(right)), Parted((*right, Part(kind=3)))):
        assert checked(whole) is whole

    for part in right:
        with pytest.raises(TypeError, match=r"Parted.parts is"):
            checked(Parted((*right, replace(part, **wrong), *right)))


@pytest.mark.parametrize(
    "body", [b"", b"NaN", b"[Infinity]", b'"\\ud800"', b'"\\uDC00"', b"[" * 3000, b"\xff", b"\x00"]
)
def test_what_is_no_json_or_no_text_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 -- whichever of its kinds
        read_json(body)


def test_a_whole_pair_of_surrogates_is_a_letter() -> None:
    assert read_json(b'"\\ud83d\\ude00"') == "\N{GRINNING FACE}"


def test_a_text_is_no_list_though_it_has_items() -> None:
    with pytest.raises(TypeError):
        listed("abc")


plain = st.none() | st.text() | st.integers() | st.booleans()
nested = st.lists(plain) | st.tuples() | st.tuples(plain, plain) | st.dictionaries(st.text(), plain)


@given(st.dictionaries(st.text(), plain | nested, min_size=1))
def test_json_has_a_field_a_line_and_an_entry_of_a_list_a_line(values: dict[str, Any]) -> None:
    def written(value: object) -> str:
        return json.dumps(value, ensure_ascii=False)

    expected = ",\n".join(
        f"{written(name)}: "
        + (
            "[\n" + ",\n".join(map(written, value)) + "\n]"
            if isinstance(value, list)
            else written(value)
        )
        for name, value in values.items()
    )

    assert lines_of_json(values) == f"{{\n{expected}\n}}"
