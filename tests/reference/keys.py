"""Where things lie in the buckets, by the functions that build the keys."""

import inspect
import typing
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from feedmirror import layout
from reference.markdown import code, table

_RULE = "k2vhx5wz4bar7m3kq2vhx5wz4b"
# What stands for a parameter; any other text stands for itself.
_EXAMPLES = {
    "host": "news.example.com",
    "under": "news.example.com",
    "address": "https://news.example.com/2026/a-story",
    "item": "abcdefghijklmnopqrstuvwxyz",
    "attributes": "zd4yq7ka",
    "case": "r7m3kq2vhx5wz4ba",
    "suppression": layout.suppression_key("news.example.com", _RULE),
    "rule": _RULE,
}
_BY_TYPE: dict[object, object] = {int: 3, datetime: datetime(2026, 11, 3, tzinfo=UTC)}


def keys() -> str:
    """Return every kind of key with an example, as the functions of the layout build it."""
    return table(("what", "key, for example"), _rows())


def _rows() -> Iterator[tuple[str, str]]:
    for name, function in vars(layout).items():
        if name.endswith(("_key", "_page", "_folder")) and inspect.isfunction(function):
            said = (inspect.getdoc(function) or "").partition("\n")[0]
            yield _what(said), code(str(_example(function)))


def _what(said: str) -> str:
    """Return what a docstring says that a function returns."""
    return said.removeprefix("Return ").rstrip(".")


def _example(function: Callable[..., Any]) -> object:
    hints = typing.get_type_hints(function)
    given = {
        name: _EXAMPLES.get(name, _BY_TYPE.get(hints[name], name))
        for name in inspect.signature(function).parameters
    }
    return function(**given)
