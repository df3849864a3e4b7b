"""Values to JSON and back by their types, for pipes whose other end nobody vouches for.

Never pickle, which runs what it reads. What is read is of exactly the type that was asked for, in
every part, or it is refused. Fields that have their default's value are left out.
"""

import base64
import binascii
import types
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, TypeAlias, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from feedmirror.adapters.isolation.frames import Json
from feedmirror.stored import is_moment

T = TypeVar("T")
_Kind: TypeAlias = Any  # a type, as an annotation names it
_Value: TypeAlias = Any  # of some type that is known only by then
_Reader: TypeAlias = Callable[[Json], _Value]


class CodecError(Exception):
    """What was read is no value of the type."""


def to_json(value: object) -> Json:
    """Return a value as JSON; raises TypeError for one of a type that has no form here."""
    if value is None or isinstance(value, (bool, int, float)) or type(value) is str:
        return value
    if isinstance(value, (tuple, list, AbstractSet)):
        return [to_json(part) for part in value]
    if is_dataclass(value) and not isinstance(value, type):
        return _dataclass_to_json(value)
    return _odd_to_json(value)


def _odd_to_json(value: object) -> Json:
    match value:
        case Enum():
            return value.name
        case datetime():
            return value.isoformat()
        case str():  # of a subclass
            return str(value)
        case bytes():
            return base64.b64encode(value).decode()
        case Mapping():
            return {str(key): to_json(part) for key, part in value.items()}
        case _:
            raise TypeError(f"{type(value).__name__} has no form in JSON")


def from_json(wanted: type[T], found: Json) -> T:
    """Return the value of a type that JSON means; raises CodecError, and nothing else."""
    try:
        return cast("T", _reader(cast("_Kind", wanted))(found))
    except CodecError:
        raise
    except (ArithmeticError, TypeError, ValueError, RecursionError) as error:  # of its own checks
        raise CodecError(f"no {getattr(wanted, '__name__', wanted)}: {error!r}"[:300]) from error


def _dataclass_to_json(value: _Value) -> dict[str, Json]:
    kind: _Kind = type(value)
    parts = ((name, getattr(value, name), default) for name, default in _defaults(kind))
    return {name: to_json(part) for name, part, default in parts if part != default}


@cache
def _defaults(kind: _Kind) -> tuple[tuple[str, object], ...]:
    return tuple((field.name, _default(field)) for field in fields(kind) if field.init)


def _default(field: "Field[Any]") -> object:
    if field.default is not MISSING:
        return field.default
    return MISSING if field.default_factory is MISSING else field.default_factory()


@cache
def _reader(wanted: _Kind) -> _Reader:
    """Return what reads one type, as an annotation names it."""
    if wanted in _PLAIN:
        return _PLAIN[wanted]
    if hasattr(wanted, "__supertype__"):  # NewType
        return _reader(wanted.__supertype__)
    if isinstance(wanted, type) and issubclass(wanted, Enum):
        return _enum(wanted)
    if is_dataclass(wanted):
        return _dataclass(wanted)
    return _generic(wanted)


def _generic(wanted: _Kind) -> _Reader:
    origin: _Kind = get_origin(wanted)
    arguments = get_args(wanted)
    match origin:
        case types.UnionType | _ if origin in {Union, types.UnionType}:
            (inner,) = (each for each in arguments if each is not type(None))
            return _optional(inner)
        case _ if origin is tuple and arguments[1:] == (...,):
            return _many(arguments[0], tuple)
        case _ if origin is tuple:
            return _parts(arguments)
        case _ if origin in {frozenset, AbstractSet}:
            return _many(arguments[0], frozenset)
        case _ if origin in {dict, Mapping} and arguments[0] is str:
            return _mapping(arguments[1])
    raise TypeError(f"{wanted} has no form in JSON")


def _exactly(kind: type) -> _Reader:
    def read(found: Json) -> _Value:
        if type(found) is not kind:
            raise CodecError(f"{type(found).__name__} in place of {kind.__name__}")
        return found

    return read


def _moment(found: Json) -> datetime:
    moment = datetime.fromisoformat(_TEXT(found))
    if not is_moment(moment):
        raise CodecError("a moment without a zone, or none that there is")
    return moment


def _bytes(found: Json) -> bytes:
    try:
        return base64.b64decode(_TEXT(found), validate=True)
    except binascii.Error as error:
        raise CodecError("no base64") from error


def _enum(kind: type[Enum]) -> _Reader:
    def read(found: Json) -> Enum:
        member = kind.__members__.get(_TEXT(found))
        if member is None:
            raise CodecError(f"no {kind.__name__}")
        return member

    return read


def _optional(inner: _Kind) -> _Reader:
    read = _reader(inner)
    return lambda found: None if found is None else read(found)


def _many(inner: _Kind, kind: Callable[[Iterable[_Value]], _Value]) -> _Reader:
    read = _reader(inner)
    return lambda found: kind(map(read, _LIST(found)))


def _parts(inner: tuple[_Kind, ...]) -> _Reader:
    reads = [_reader(each) for each in inner]
    return lambda found: tuple(read(part) for read, part in zip(reads, _LIST(found), strict=True))


def _mapping(inner: _Kind) -> _Reader:
    read = _reader(inner)
    return lambda found: {name: read(part) for name, part in _OBJECT(found).items()}


def _dataclass(kind: _Kind) -> _Reader:
    hints = get_type_hints(kind)
    reads = {field.name: _reader(hints[field.name]) for field in fields(kind) if field.init}

    def read(found: Json) -> _Value:
        stated = _OBJECT(found)
        if not stated.keys() <= reads.keys():
            raise CodecError(f"a {kind.__name__} of unknown fields")
        return kind(**{name: reads[name](part) for name, part in stated.items()})

    return read


_TEXT, _LIST, _OBJECT = _exactly(str), _exactly(list), _exactly(dict)
_PLAIN: dict[_Kind, _Reader] = {
    str: _TEXT,
    int: _exactly(int),
    float: _exactly(float),
    bool: _exactly(bool),
    type(None): _exactly(type(None)),
    bytes: _bytes,
    datetime: _moment,
}
