"""Stored JSON, read strictly: what is not of its stated type was not written by this software.

Whoever may write to a bucket may write anything. A value of the wrong type would be noticed far
from where it was read, in the middle of a run, and that of all feeds or cases; or it would not be
noticed at all, as a text is where hashes are expected, and cover nothing.
"""

import json
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from functools import cache
from math import isfinite
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, NoReturn, TypeVar, Union, cast, get_args, get_origin, get_type_hints

Check = Callable[[Any], bool]
T = TypeVar("T")


def read_json(body: bytes) -> Any:  # noqa: ANN401 -- JSON
    """Return what some JSON says; raises ValueError for anything else.

    That is also what RFC 8259 does not know (NaN), what nests too deep to be read, and half a pair
    of surrogates, with which no text can be written out again.
    """
    try:
        value = _DECODER.decode(body.decode(json.detect_encoding(body)))
        if b"\\ud" in body.lower():
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError as error:
        raise ValueError("it nests too deep") from error
    return value


def listed(value: Any) -> list[Any]:  # noqa: ANN401 -- JSON
    """Return a list; raises TypeError for anything else, such as a text, which has items too."""
    if type(value) is not list:
        raise TypeError(f"{value!r:.100} is no list")
    return value


def checked(value: T) -> T:
    """Return a dataclass all of whose fields are of their stated types.

    Moments have to have an offset, and to exist in UTC as well. Raises TypeError, naming the first
    field that is not as stated.
    """
    for name, is_one in _checks(cast("Hashable", type(value))):
        found = getattr(value, name)
        if not is_one(found):
            raise TypeError(f"{type(value).__name__}.{name} is {found!r:.100}")
    return value


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_number)


@cache
def _checks(of: Any) -> tuple[tuple[str, Check], ...]:  # noqa: ANN401 -- a dataclass
    hints = get_type_hints(of)
    return tuple((each.name, _check(hints[each.name])) for each in fields(of))


def _check(hint: Any) -> Check:  # noqa: ANN401 -- a type, however it is stated
    """Return what tells whether a value is of a type."""
    origin, of = get_origin(hint), get_args(hint)
    if origin in {Union, UnionType}:
        return _one_of(tuple(map(_check, of)))
    if origin is tuple:
        return _tuple(of)
    if origin is not None and issubclass(origin, Mapping):
        return _mapping(*map(_check, of))
    if origin is not None:
        return _collection(list if origin is Sequence else origin, _check(of[0]))
    return _plain(getattr(hint, "__supertype__", hint))


def _one_of(checks: tuple[Check, ...]) -> Check:
    first, *others = checks
    return lambda value: first(value) or any(is_one(value) for is_one in others)


def _tuple(of: tuple[Any, ...]) -> Check:
    if of[1:] == (...,):
        return _collection(tuple, _check(of[0]))
    checks = tuple(map(_check, of))
    return lambda value: (
        type(value) is tuple
        and len(value) == len(checks)
        and all(is_one(each) for is_one, each in zip(checks, value, strict=True))
    )


def _collection(kind: Any, is_one: Check) -> Check:  # noqa: ANN401 -- as above
    return lambda value: type(value) is kind and all(is_one(each) for each in value)


def _mapping(is_key: Check, is_value: Check) -> Check:
    return lambda value: (
        type(value) is dict and all(map(is_key, value)) and all(map(is_value, value.values()))
    )


def _plain(kind: Any) -> Check:  # noqa: ANN401 -- as above
    if kind is Any:
        return lambda _: True
    if kind is datetime:
        return _is_moment
    if kind is float:
        return lambda value: type(value) in {int, float} and isfinite(value)
    if kind in {None, NoneType}:
        return lambda value: value is None
    if is_dataclass(kind):
        return _dataclass(kind)
    return lambda value: type(value) is kind


def _dataclass(kind: Any) -> Check:  # noqa: ANN401 -- as above
    names = [each.name for each in fields(kind)]
    hints = get_type_hints(kind)
    plain = tuple(hints[name] for name in names)
    if len(plain) > 1 and all(each in {str, int, bool} for each in plain):
        values = attrgetter(*names)  # a shard's state has hundreds of thousands of such rows
        return lambda value: type(value) is kind and tuple(map(type, values(value))) == plain
    known = _checks(kind)
    return lambda value: (
        type(value) is kind and all(is_one(getattr(value, name)) for name, is_one in known)
    )


def _is_moment(value: object) -> bool:
    if type(value) is not datetime or value.tzinfo is None:
        return False
    try:
        value.astimezone(UTC)
    except OverflowError:
        return False
    return True
