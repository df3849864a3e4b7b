"""What is as it was stays the same object."""

from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmirror.mirroring.changing import changed


@dataclass(frozen=True, slots=True)
class Value:
    size: int = 0
    name: str | None = None
    marks: tuple[str, ...] = ()


FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "size": st.integers(0, 1),
        "name": st.none() | st.just("n"),
        "marks": st.just(()) | st.just(("m",)),
    },
)


@given(FIELDS, FIELDS)
def test_a_changed_value_is_a_replaced_one_and_the_same_where_nothing_changes(
    first: dict[str, object], then: dict[str, object]
) -> None:
    value = replace(Value(), **first)  # type: ignore[arg-type]
    expected = replace(value, **then)  # type: ignore[arg-type]

    assert changed(value, **then) == expected
    assert (changed(value, **then) is value) == (expected == value)


def test_a_field_that_there_is_not_is_refused() -> None:
    with pytest.raises(AttributeError):
        changed(Value(), weight=1)
