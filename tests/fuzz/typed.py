"""Whether what was read has the types that it says it has."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints


def assert_typed(value: object) -> None:
    """Fail unless every field of a dataclass, and of what is in it, is of its stated type."""
    assert is_dataclass(value)
    hints = get_type_hints(type(value))
    for field in fields(value):
        if field.init:
            found = getattr(value, field.name)
            where = f"{type(value).__name__}.{field.name}"
            assert is_of(found, hints[field.name]), f"{where} is {found!r:.200}"


def is_of(value: object, hint: Any) -> bool:  # noqa: ANN401 -- a type, however it is stated
    """Tell whether a value is of a type; texts have to be such as can be written out."""
    origin = get_origin(hint)
    if origin in {Union, UnionType}:
        return any(is_of(value, each) for each in get_args(hint))
    if origin is None:
        return _is_plainly(value, getattr(hint, "__supertype__", hint))
    return _holds(value, origin, get_args(hint))


def _is_plainly(value: object, hint: Any) -> bool:  # noqa: ANN401 -- as above
    if hint is Any:
        return True
    if hint is None:
        return value is None
    if is_dataclass(hint) and isinstance(value, hint):  # type: ignore[arg-type]
        assert_typed(value)
        return True
    if hint is float and type(value) is int:
        return True
    if isinstance(value, str) and issubclass(hint, str):
        value.encode()
    return type(value) is hint and not (isinstance(value, datetime) and value.tzinfo is None)


def _holds(value: object, origin: Any, of: tuple[Any, ...]) -> bool:  # noqa: ANN401 -- as above
    if origin is tuple and isinstance(value, tuple):
        each = of[:1] * len(value) if of[1:] == (...,) else of
        return len(each) == len(value) and all(map(is_of, value, each))
    if isinstance(value, Mapping) and issubclass(origin, Mapping):
        return all(is_of(key, of[0]) and is_of(held, of[1]) for key, held in value.items())
    if isinstance(value, frozenset | list | tuple) and isinstance(value, origin):
        return all(is_of(held, of[0]) for held in value)
    return False
