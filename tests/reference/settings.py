"""The operator's file and the environment, as the code reads them.

What may stand for a key is what the reader itself asks for when something else stands there.
"""

import json
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields
from datetime import timedelta
from enum import StrEnum
from typing import Any

from feedmirror.configuration import Configuration, FeedSettings, MirrorSettings
from feedmirror.configuration_file import (
    ConfigurationError,
    parse_configuration,
    write_configuration,
)
from feedmirror.configuration_values import written_time
from feedmirror.meanings import ENVIRONMENT, FEED, MIRROR
from feedmirror.settings import Settings, SettingsError
from reference.markdown import code, table

_WRONG = "[[[]]]"  # is right for no key
_HEAD = ("key", "type", "default", "what may stand there", "meaning")
_TYPES = {str: "text", int: "whole number", bool: "true or false", timedelta: "time", tuple: "list"}
_EXAMPLE = Configuration(
    mirror=MirrorSettings(
        name="Example Mirror",
        site="https://mirror.example.org",
        contact="takedown@mirror.example.org",
        operator="ops@example.org",
    ),
    feeds=(FeedSettings(url="https://news.example.com/feed"),),
)


def example() -> str:
    """Return a file with its comments, as ``feedmirror init`` writes it."""
    return f"```toml\n{write_configuration(_EXAMPLE)}```"


def mirror_keys() -> str:
    """Return the keys of ``[mirror]``."""
    return table(_HEAD, _rows(MirrorSettings, MIRROR, "[mirror]\n{} = {}\n"))


def feed_keys() -> str:
    """Return the keys of ``[[feed]]``."""
    return table(_HEAD, _rows(FeedSettings, FEED, "[[feed]]\n{} = {}\n"))


def variables() -> str:
    """Return the variables of the environment."""
    expected = _expected_of_variables()
    rows = []
    for field in fields(Settings):
        name = f"FEEDMIRROR_{field.name.upper()}"
        default = "required" if field.default is MISSING else _shown(field.default) or "none"
        rows.append((code(name), default, expected.get(name, "any path"), ENVIRONMENT[field.name]))
    return table(("variable", "default", "what may stand there", "meaning"), rows)


def _rows(
    of: type[MirrorSettings | FeedSettings], meanings: Mapping[str, str], file: str
) -> Iterator[tuple[str, ...]]:
    types_of = typing.get_type_hints(of)
    for field in fields(of):
        default = "required" if field.default is MISSING else _shown(field.default)
        yield (
            code(field.name),
            _type(types_of[field.name]),
            default or _unset(field.name),
            _expected(file.format(field.name, _WRONG)),
            meanings[field.name],
        )


def _expected(text: str) -> str:
    """Return what the reader asks for in place of a value that is wrong."""
    try:
        parse_configuration(text)
    except ConfigurationError as error:
        (right,) = [problem.right for problem in error.problems if _WRONG in problem.wrong]
        return right.removeprefix("expected ")
    raise AssertionError(text)


def _expected_of_variables() -> dict[str, str]:
    names = [f"FEEDMIRROR_{field.name.upper()}" for field in fields(Settings)]
    try:
        Settings.from_environment(dict.fromkeys(names, "?!"))
    except SettingsError as error:
        lines = [line.partition(": expected ") for line in str(error).splitlines()]
        return {wrong.partition(" ")[0]: right for wrong, _, right in lines}
    raise AssertionError(names)


def _type(hint: Any) -> str:  # noqa: ANN401 -- a type
    alternatives = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    (kind,) = [each for each in alternatives if each is not types.NoneType]
    kind = typing.get_origin(kind) or kind
    return "choice" if issubclass(kind, StrEnum) else _TYPES[kind]


def _unset(key: str) -> str:
    """Return what a key that has no value stands for: a word of its own, or nothing."""
    return code('"auto"') if key == "interval" else "none"


def _shown(value: object) -> str:
    written = written_time(value) if isinstance(value, timedelta) else value
    return "" if value in (None, ()) else code(json.dumps(written))
