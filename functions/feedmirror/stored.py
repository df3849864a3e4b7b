"""Stored JSON, read strictly: what is not of its stated type was not written by this software.

And JSON written to be stored: for people too, a field a line.

Whoever may write to a bucket may write anything. A value of the wrong type would be noticed far
from where it was read, in the middle of a run, and that of all feeds or cases; or it would not be
noticed at all, as a text is where hashes are expected, and cover nothing.
"""

import json
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from functools import cache, partial
from math import isfinite
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, NoReturn, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from feedmirror.stored_rows import Rows

Check = Callable[[Any], bool]
Row = list[tuple[Callable[[Any], Any], frozenset[type]]]
T = TypeVar("T")


def read_json(body: bytes) -> Any:  # noqa: ANN401 -- JSON
    """Return what some JSON says; raises ValueError for anything else.

    That is also what RFC 8259 does not know (NaN), what nests too deep to be read, and what could
    not be written out again: half a pair of surrogates, and a number beyond a double's.
    """
    try:
        value = _DECODER.decode(body.decode(json.detect_encoding(body)))
        if b"\\ud" in body or b"\\uD" in body:  # most hold neither
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError as error:
        raise ValueError("it nests too deep") from error
    return value


def lines_of_json(
    values: Mapping[str, Any],
    default: Callable[[Any], Any] | None = None,
    *,
    entry: Callable[[Any], str] | None = None,
) -> str:
    """Return an object as JSON, each field on a line of its own, and each entry of a field's list.

    ``default`` is what stands for a value that JSON does not know, and ``entry`` writes an entry of
    a list, if it is not to be written as any other value. This is what ``indent`` would be for,
    which the standard library does in Python: eight times as slow as its encoder in C.
    """
    encode = json.JSONEncoder(ensure_ascii=False, default=default).encode
    encode_entry = entry or encode

    def line(value: Any) -> str:  # noqa: ANN401 -- JSON
        if type(value) is list:
            return "[\n" + ",\n".join(map(encode_entry, value)) + "\n]"
        return "null" if value is None else encode(value)  # as a third of a record's values are

    lines = map(line, values.values())
    named = (f"{encode(name)}: {line}" for name, line in zip(values, lines, strict=True))
    return "{\n" + ",\n".join(named) + "\n}"


def listed(value: Any) -> list[Any]:  # noqa: ANN401 -- JSON
    """Return a list; raises TypeError for anything else, such as a text, which has items too."""
    if type(value) is not list:
        raise TypeError(f"{value!r:.100} is no list")
    return value


@cache
def names_of(kind: Any) -> tuple[str, ...]:  # noqa: ANN401 -- a dataclass
    """Return the names of a dataclass's fields, in their order."""
    return tuple(each.name for each in fields(kind))


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


def is_moment(value: object) -> bool:
    """Tell whether a value is a moment with an offset, that exists in UTC as well."""
    if type(value) is not datetime or value.tzinfo is None:
        return False
    if value.tzinfo is UTC:
        return True
    try:
        value.astimezone(UTC)
    except OverflowError:
        return False
    return True


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name:.100} is no number that JSON can be read and written with")


def _finite(digits: str) -> float:
    number = float(digits)
    return number if isfinite(number) else _no_number(digits)


_DECODER = json.JSONDecoder(parse_constant=_no_number, parse_float=_finite)


@cache
def _checks(of: Any) -> tuple[tuple[str, Check], ...]:  # noqa: ANN401 -- a dataclass
    hints = get_type_hints(of)
    return tuple((each.name, _check(hints[each.name])) for each in fields(of))


def _check(hint: Any) -> Check:  # noqa: ANN401 -- a type, however it is stated
    """Return what tells whether a value is of a type."""
    origin, of = get_origin(hint), get_args(hint)
    kinds = _kinds(hint)
    if kinds is not None:
        return lambda value: type(value) in kinds
    if origin in {Union, UnionType}:
        return _one_of(of)
    if origin is tuple:
        return _tuple(of)
    if origin is not None and issubclass(origin, Mapping):
        return _mapping(of[1], *map(_each, of))
    if origin is not None:
        return _collection(list if origin is Sequence else origin, _each(of[0]))
    return _plain(getattr(hint, "__supertype__", hint))


def _kinds(hint: Any) -> frozenset[type] | None:  # noqa: ANN401 -- as above
    """Return the types that a value may be of if that is all that there is to it, else None."""
    if get_origin(hint) in {Union, UnionType}:
        found = [_kinds(each) for each in get_args(hint)]
        return None if None in found else frozenset().union(*filter(None, found))
    kind = getattr(hint, "__supertype__", hint)
    if kind in {None, NoneType}:
        return frozenset({NoneType})
    return frozenset({kind}) if kind in {str, int, bool, bytes} else None


def _each(hint: Any) -> Callable[[Iterable[Any]], bool]:  # noqa: ANN401 -- as above
    """Return what tells whether all of some values are of a type."""
    kinds = _kinds(hint)
    if kinds is not None:
        return lambda values: kinds.issuperset(map(type, values))
    if is_dataclass(hint) and (row := _row_of(hint)):
        return partial(_are_rows, hint, row)
    is_one = _check(hint)
    return lambda values: all(map(is_one, values))


def _row_of(kind: Any) -> Row:  # noqa: ANN401 -- a dataclass
    """Return how to get each value of a dataclass that has plain ones only, and its type."""
    hints = get_type_hints(kind)
    types = [(attrgetter(each.name), hints[each.name]) for each in fields(kind)]
    plain = all(of in {str, int, bool} for _, of in types)
    return [(get, frozenset({of})) for get, of in types] if plain else []


def _are_rows(kind: Any, row: Row, rows: Collection[Any]) -> bool:  # noqa: ANN401 -- as above
    """Tell by the column: a shard's state has hundreds of thousands of rows."""
    known = {kind}.issuperset(map(type, rows))
    return known and all(of.issuperset(map(type, map(get, rows))) for get, of in row)


def _one_of(of: tuple[Any, ...]) -> Check:
    checks = tuple(_check(each) for each in of if each is not NoneType)
    is_optional = NoneType in of  # asked first: most of what may be absent is
    if len(checks) == 1:
        (is_one,) = checks
        return lambda value: (value is None and is_optional) or is_one(value)
    return lambda value: (value is None and is_optional) or any(is_one(value) for is_one in checks)


def _tuple(of: tuple[Any, ...]) -> Check:
    if of[1:] == (...,):
        return _collection(tuple, _each(of[0]))
    checks = tuple(map(_check, of))
    return lambda value: (
        type(value) is tuple
        and len(value) == len(checks)
        and all(is_one(each) for is_one, each in zip(checks, value, strict=True))
    )


def _collection(kind: Any, are: Check) -> Check:  # noqa: ANN401 -- as above
    return lambda value: type(value) is kind and are(value)


def _mapping(kind: Any, are_keys: Check, are_values: Check) -> Check:  # noqa: ANN401 -- as above
    def check(value: Any) -> bool:  # noqa: ANN401 -- as above
        if type(value) is Rows:
            return value.kind is kind  # the form of its text is known
        return type(value) is dict and are_keys(value) and are_values(value.values())

    return check


def _plain(kind: Any) -> Check:  # noqa: ANN401 -- as above
    if kind is Any:
        return lambda _: True
    if kind is datetime:
        return is_moment
    if kind is float:
        return lambda value: type(value) in {int, float} and isfinite(value)
    if is_dataclass(kind):
        return _dataclass(kind)
    return lambda value: type(value) is kind


def _dataclass(kind: Any) -> Check:  # noqa: ANN401 -- as above
    if row := _row_of(kind):
        return lambda value: _are_rows(kind, row, (value,))
    has_its_fields = _fields_check(kind)
    return lambda value: type(value) is kind and has_its_fields(value)


def _fields_check(kind: Any) -> Check:  # noqa: ANN401 -- as above
    """Return what tells whether all fields of a dataclass are of their types.

    Those of which the type says all are looked at together: of thousands of values, most have the
    same types in the same order, and one look-up tells that these were found right before.
    """
    hints = get_type_hints(kind)
    kinds = {each.name: _kinds(hints[each.name]) for each in fields(kind)}
    plain = {name: of for name, of in kinds.items() if of is not None}
    types_of = _types_getter(tuple(plain))
    right = _right_types(tuple(plain.values()))
    usual = {each.name: each.default for each in fields(kind)}
    others = tuple(
        (name, _check(hints[name]), usual[name]) for name, of in kinds.items() if of is None
    )

    def check(value: Any) -> bool:  # noqa: ANN401 -- as above
        if not right(types_of(value)):
            return False
        for name, is_one, default in others:
            part = getattr(value, name)
            if part is not default and not is_one(part):
                return False
        return True

    return check


def _types_getter(names: tuple[str, ...]) -> Callable[[Any], tuple[type, ...]]:
    if len(names) > 1:
        get = attrgetter(*names)
        return lambda value: tuple(map(type, get(value)))
    return lambda value: tuple(type(getattr(value, name)) for name in names)


def _right_types(kinds: tuple[frozenset[type], ...]) -> Callable[[tuple[type, ...]], bool]:
    """Return what tells whether types are, one by one, among those that are right."""
    known: set[tuple[type, ...]] = set()  # at most as many as there are ways to be right

    def right(types: tuple[type, ...]) -> bool:
        if types in known:
            return True
        if not all(of in allowed for of, allowed in zip(types, kinds, strict=True)):
            return False
        known.add(types)
        return True

    return right
