"""Many small values of one kind, stored as one text, and left as it until one of them is asked for.

A shard's state has tens of thousands of entries, and a run that finds nothing new asks for none.
As a text they cost what their characters cost, to read, to keep and to write again.
"""

import re
from collections.abc import Callable, Hashable, ItemsView, Iterator, KeysView, Mapping, ValuesView
from dataclasses import fields
from functools import cache
from typing import Any, Generic, TypeVar, cast, get_type_hints

K = TypeVar("K", bound=str)
V = TypeVar("V")

# What JSON writes as it is, without the two that stand between values and between rows.
_TEXT, _NUMBER = r"[!#-:<-\[\]-~]", r"-?[0-9]{1,15}"


class Rows(Mapping[K, V], Generic[K, V]):
    """A mapping of texts to dataclasses of texts and numbers, read from ``text`` when needed.

    A row is a key and its value's fields in their order, with a space between, as far as there is
    one that is not empty or 0; between rows there is a semicolon.
    """

    __slots__ = ("_read", "kind", "text")
    __hash__ = None  # type: ignore[assignment]  # like a dict

    def __init__(self, kind: type[V], text: str) -> None:
        """Take over a text; raises ValueError, here and never later, if it is of another form."""
        if not _form(cast("Hashable", kind)).fullmatch(text):
            raise ValueError(f"{text[:100]!r} are no rows")
        self.kind, self.text = kind, text
        self._read: dict[K, V] | None = None

    def _values(self) -> dict[K, V]:
        if self._read is None:
            readers = [read for _, read in _columns(cast("Hashable", self.kind))]
            rows = (row.split(" ") for row in self.text.split(";"))
            self._read = {
                cast("K", key): self.kind(
                    *[read(value) for read, value in zip(readers, values, strict=False)]
                )
                for key, *values in rows
            }
        return self._read

    def __getitem__(self, key: K) -> V:
        """Return a key's value; raises KeyError."""
        return self._values()[key]

    def __iter__(self) -> Iterator[K]:
        """Yield the keys in their order."""
        return iter(self._values())

    def __len__(self) -> int:
        """Return how many rows there are, by the text alone."""
        return self.text.count(";") + 1 if self._read is None else len(self._read)

    def __eq__(self, other: object) -> bool:
        """Tell whether another mapping says the same."""
        if isinstance(other, Rows) and (self.kind, self.text) == (other.kind, other.text):
            return True
        return isinstance(other, Mapping) and self._values() == dict(other)

    def keys(self) -> KeysView[K]:
        """Return the keys."""
        return self._values().keys()

    def values(self) -> ValuesView[V]:
        """Return the values."""
        return self._values().values()

    def items(self) -> ItemsView[K, V]:
        """Return the keys with their values."""
        return self._values().items()


def rows_of(kind: type[Any], values: Mapping[Any, Any]) -> str | None:
    """Return the text of some values of one kind; None where there are none, or it has no form.

    What has none is a text that JSON would have to escape, or one with a space or a semicolon.
    """
    if isinstance(values, Rows):
        return values.text
    names = [name for name, _ in _columns(cast("Hashable", kind))]
    text = ";".join(
        _row(key, [getattr(each, name) for name in names]) for key, each in values.items()
    )
    return text if _form(cast("Hashable", kind)).fullmatch(text) else None


def _row(key: str, values: list[str | int]) -> str:
    while values and not values[-1]:
        values.pop()
    return " ".join([key, *map(str, values)])


@cache
def _columns(kind: Any) -> tuple[tuple[str, Callable[[str], Any]], ...]:  # noqa: ANN401 -- a dataclass
    """Return the names of a dataclass's fields, and what reads each."""
    hints = get_type_hints(kind)
    return tuple((each.name, hints[each.name]) for each in fields(kind))


@cache
def _form(kind: Any) -> re.Pattern[str]:  # noqa: ANN401 -- as above
    """Return the form of a text of rows, which is told without ever going back in it."""
    form = ""
    for _, of in reversed(_columns(kind)):
        value = _NUMBER if of is int else f"{_TEXT}*+"
        form = f"(?: {value}{form})?+"
    row = f"{_TEXT}++{form}"
    return re.compile(f"{row}(?:;{row})*+")
