"""The operator's file, ``config/mirror.toml`` (design §3.4): read with care, written with comments.

A wrong file is refused as a whole, with every problem at once: the line, what stands there, and
what would be right.
"""

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, TypeVar

from feedmirror import configuration_values as reading
from feedmirror.configuration import (
    Configuration,
    Ended,
    FeedSettings,
    Images,
    MirrorSettings,
    Publish,
    Unproven,
    Vanished,
)
from feedmirror.layout import CONFIGURATION

_SHOWN = 80  # characters of what is wrong
_NO_LETTER = "\N{REPLACEMENT CHARACTER}"  # what decoding leaves in place of what is not UTF-8

T = TypeVar("T")
_Place = tuple[str, int, str]
_USUAL = FeedSettings(url="")
_STRINGS_AND_COMMENTS = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*', re.DOTALL
)
_MOST_DOTS = 100  # outside of texts: a key has one at the most
_HEADER = re.compile(r"""\s*\[{1,2}\s*["']?([\w-]+)["']?\s*\]{1,2}\s*""")
_KEY = re.compile(r"""\s*(?:["']?([\w-]+)["']?\s*\.\s*)?["']?([\w-]+)["']?\s*=""")
_TOML_PLACE = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)$")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in the file: its line (from 1), what it is, and what is right."""

    line: int
    wrong: str
    right: str

    def told(self, path: str) -> str:
        """Return the one line that an operator reads, for a file of this name."""
        return f"{path}:{self.line}: {self.wrong}: {self.right}"

    def __str__(self) -> str:
        """Return the line for the file in the archive."""
        return self.told(CONFIGURATION)


class ConfigurationError(Exception):
    """The file is refused; ``problems`` are all that is wrong with it, in order of their lines."""

    def __init__(self, *problems: Problem) -> None:
        """Keep the problems in the order in which they stand in the file."""
        super().__init__(*problems)
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line))

    def told(self, path: str) -> str:
        """Return one line for each problem, for a file of this name."""
        return "\n".join(problem.told(path) for problem in self.problems)

    def __str__(self) -> str:
        """Return the lines for the file in the archive."""
        return self.told(CONFIGURATION)


@lru_cache(maxsize=1)  # a warm function is given the same file call after call
def parse_configuration(text: str) -> Configuration:
    """Read the file's text; raises ConfigurationError with everything that is wrong."""
    text = text.removeprefix("\ufeff")
    document = _File(text, _load(text))
    known = [key for key in document.tables if key in {"mirror", "feed"}]
    for key in document.tables.keys() - known:
        guess = _closest(key, ("mirror", "feed"))
        names = {"mirror": "[mirror]", "feed": "[[feed]]"}
        right = f"did you mean {names[guess[0]]}?" if guess else "expected [mirror] or [[feed]]"
        document.refuse(("", 0, key), _key_shown(key), right)
    configuration = Configuration(
        mirror=_mirror(document, document.tables.get("mirror")),
        feeds=_feeds(document, document.tables.get("feed", [])),
    )
    if document.problems:
        raise ConfigurationError(*document.problems)
    return configuration


def write_configuration(configuration: Configuration) -> str:
    """Return a commented file that :func:`parse_configuration` reads back as the same."""
    lines = [
        "# The mirror's configuration: what is mirrored, under which name, on what terms.",
        "",
        "[mirror]",
        *_mirror_lines(configuration.mirror),
    ]
    for feed in configuration.feeds:
        lines += ["", *feed_table(feed)]
    if not configuration.feeds:
        lines += ["", "# [[feed]]", '# url = "https://news.example.com/feed"']
    return "\n".join(lines) + "\n"


def _mirror_lines(mirror: MirrorSettings) -> Iterator[str]:
    from feedmirror.meanings import MIRROR  # noqa: PLC0415 -- only for a file that is written

    for key in MirrorSettings.__dataclass_fields__:
        value = getattr(mirror, key)
        if value is not None:
            yield f"{key} = {_written(value)}  # {MIRROR[key]}"


def _written(value: str | bool | int | tuple[str, ...]) -> str:  # noqa: FBT001 -- a TOML value
    if isinstance(value, tuple):
        return f"[{', '.join(map(_quoted, value))}]"
    return _quoted(value) if isinstance(value, str) else str(value).lower()


def feed_table(feed: FeedSettings) -> Iterator[str]:
    """Yield the lines of one ``[[feed]]`` table."""
    from feedmirror.meanings import FEED  # noqa: PLC0415 -- as above

    yield "[[feed]]"
    yield f"url = {_quoted(feed.url)}"
    if feed.site is not None:
        yield f"site = {_quoted(feed.site)}  # {FEED['site']}"
    yield f'publish = "{feed.publish}"  # {FEED["publish"]}'
    interval = "auto" if feed.interval is None else reading.written_time(feed.interval)
    yield f'interval = "{interval}"  # {FEED["interval"]}'
    if feed.ended is not None:
        yield f'ended = "{feed.ended}"  # {FEED["ended"]}'
    if feed.max_age is not None:
        yield f'max_age = "{reading.written_time(feed.max_age)}"  # {FEED["max_age"]}'
    if feed.max_items is not None:
        yield f"max_items = {feed.max_items}  # {FEED['max_items']}"
    yield from _special_lines(feed)


def _special_lines(feed: FeedSettings) -> Iterator[str]:
    """Yield what is only written where it is not as usual."""
    from feedmirror.meanings import FEED  # noqa: PLC0415 -- as above

    if feed.fastest != _USUAL.fastest:
        yield f'fastest = "{reading.written_time(feed.fastest)}"  # {FEED["fastest"]}'
    if feed.permission:
        yield f"permission = {_quoted(feed.permission)}  # {FEED['permission']}"
    if feed.vanished is not _USUAL.vanished:
        yield f'vanished = "{feed.vanished}"  # {FEED["vanished"]}'
    if feed.backfill != _USUAL.backfill:
        yield f"backfill = {feed.backfill}  # {FEED['backfill']}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


@dataclass
class _File:
    """The text of the file, its tables, and what was found wrong so far."""

    text: str
    tables: dict[str, Any]
    problems: list[Problem] = field(default_factory=list)

    @cached_property
    def lines(self) -> Mapping[_Place, int]:
        """Where each table and key stands: looked for once something is wrong."""
        return _lines(self.text)

    def line(self, place: _Place) -> int:
        table, number, key = place
        nearest = (place, (table or key, number, ""), (table, 0, ""), ("", 0, table))
        return next((self.lines[known] for known in nearest if known in self.lines), 1)

    def refuse(self, place: _Place, wrong: str, right: str) -> None:
        self.problems.append(Problem(self.line(place), _visible(wrong), right))


@dataclass(frozen=True, slots=True)
class _Table:
    """One table, its keys taken one by one."""

    file: _File
    title: str
    name: str
    number: int
    values: dict[str, Any]

    def take(self, key: str, read: Callable[[Any], T], default: T) -> T:
        """Return the value that ``read`` makes of a key's; what is wrong becomes a problem."""
        if key not in self.values:
            return default
        try:
            return read(self.values[key])
        except ValueError as error:
            self.refuse(key, str(error))
            return default

    def require(self, key: str, read: Callable[[Any], str]) -> str:
        if key in self.values:
            return self.take(key, read, "")
        self.file.refuse(
            (self.name, self.number, ""), f"{self.title} {key} is missing", _HINTS[key]
        )
        return ""

    def refuse(self, key: str, right: str) -> None:
        wrong = f"{self.title} {key} = {_shown(self.values[key])}"
        self.file.refuse((self.name, self.number, key), wrong, right)

    def refuse_again(self, earlier: int) -> None:
        """Refuse a feed that an earlier table has, unless both stand on one line."""
        line = self.file.line((self.name, earlier, "url"))
        if line != self.file.line((self.name, self.number, "url")):
            self.refuse("url", f"expected each feed once; it stands on line {line} already")

    def refuse_unknown(self, known: tuple[str, ...]) -> None:
        for key in self.values:
            if key not in known:
                guess = _closest(key, known)
                right = f'did you mean "{guess[0]}"?' if guess else f"expected {', '.join(known)}"
                self.file.refuse(
                    (self.name, self.number, key),
                    f"{self.title} {_key_shown(key)} is unknown",
                    right,
                )


_HINTS = {
    "name": 'expected the mirror\'s name, such as name = "Example Mirror"',
    "site": 'expected its address, such as site = "https://mirror.example.org"',
    "contact": 'expected where requests arrive, such as contact = "takedown@mirror.example.org"',
    "operator": 'expected who decides, such as operator = "ops@example.org"',
    "url": 'expected a feed\'s address, such as url = "https://news.example.com/feed"',
}


def _mirror(document: _File, values: object) -> MirrorSettings:
    if not isinstance(values, dict):
        wrong = "[mirror] is missing" if values is None else "mirror is no table"
        document.refuse(("mirror", 0, ""), wrong, "expected [mirror], once, and its keys below it")
        return MirrorSettings(name="", site="", contact="", operator="")
    table = _Table(document, "[mirror]", "mirror", 0, values)
    table.refuse_unknown(tuple(MirrorSettings.__dataclass_fields__))
    return MirrorSettings(
        name=table.require("name", reading.name),
        site=table.require("site", reading.site),
        contact=table.require("contact", reading.contact),
        operator=table.require("operator", reading.mailbox),
        unproven=table.take("unproven", reading.one_of(Unproven), Unproven.MASK),
        recovery_days=table.take("recovery_days", reading.whole_number(1, 365), 30),
        shards=table.take("shards", reading.whole_number(1, 10_000), 1),
        purpose=table.take("purpose", reading.purpose, ""),
        images=table.take("images", reading.one_of(Images), Images.LINK),
        noindex=table.take("noindex", reading.switch, default=True),
        shared=table.take("shared", reading.domains, ()),
        hub=table.take("hub", reading.web, None),
    )


def _feeds(document: _File, tables: object) -> tuple[FeedSettings, ...]:
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        document.refuse(("feed", 0, ""), "[feed]", "expected [[feed]], in double brackets")
        return ()
    feeds: list[FeedSettings] = []
    first: dict[str, int] = {}
    for number, values in enumerate(tables):
        table = _Table(document, "[[feed]]", "feed", number, values)
        table.refuse_unknown(tuple(FeedSettings.__dataclass_fields__))
        feed = FeedSettings(
            url=table.require("url", reading.web),
            site=table.take("site", reading.web, None),
            publish=table.take("publish", reading.one_of(Publish), Publish.AUTO),
            interval=table.take("interval", reading.interval, None),
            fastest=table.take("fastest", reading.fastest, _USUAL.fastest),
            permission=table.take("permission", reading.purpose, ""),
            vanished=table.take("vanished", reading.one_of(Vanished), _USUAL.vanished),
            backfill=table.take("backfill", reading.whole_number(0, 500), _USUAL.backfill),
            ended=table.take("ended", reading.one_of(Ended), None),
            max_age=table.take("max_age", reading.days, None),
            max_items=table.take("max_items", reading.whole_number(1, 1_000_000), None),
        )
        earlier = first.setdefault(feed.same, number)
        if feed.url and earlier != number:
            table.refuse_again(earlier)
        feeds.append(feed)
    return tuple(feeds)


def _load(text: str) -> dict[str, Any]:
    if _NO_LETTER in text:
        line = text[: text.index(_NO_LETTER)].count("\n")
        shown = _line_shown(text.split("\n")[line])
        right = "this is not UTF-8; save the file in that encoding"
        raise ConfigurationError(Problem(line + 1, shown, right))
    dotted = _too_dotted(text)
    if dotted:
        raise ConfigurationError(Problem(dotted, "the line", "expected a key of one or two parts"))
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise ConfigurationError(Problem(1, "the file", "expected no value so deep")) from error
    except ValueError as error:
        written = text.split("\n")
        place = _TOML_PLACE.search(str(error))
        line = int(place[1]) if place and place[1] else len(text.rstrip().split("\n"))
        reason = _TOML_PLACE.sub("", str(error))
        shown = _line_shown(written[min(line, len(written)) - 1])
        right = f"this is not TOML ({reason}); texts stand in double quotes"
        raise ConfigurationError(Problem(line, shown, right)) from error


def _too_dotted(text: str) -> int:
    """Return the line of a key of more parts than any has, for which tomllib needs their square."""
    if all(line.count(".") <= _MOST_DOTS for line in text.split("\n")):
        return 0
    bare = _STRINGS_AND_COMMENTS.sub(_flattened, text).split("\n")
    return next((n for n, line in enumerate(bare, start=1) if line.count(".") > _MOST_DOTS), 0)


def _lines(text: str) -> dict[_Place, int]:
    """Return the line of every table and key of a file that is known to be TOML."""
    found: dict[_Place, int] = {}
    counts: dict[str, int] = {}
    table, number, depth = "", 0, 0
    bare = _STRINGS_AND_COMMENTS.sub(_flattened, text)
    for line, written in enumerate(bare.split("\n"), start=1):
        header = None if depth else _HEADER.fullmatch(written)
        key = None if depth or header else _KEY.match(written)
        if header:
            table = header[1]
            number = counts.get(table, 0)
            counts[table] = number + 1
            found[table, number, ""] = line
        elif key:
            found.setdefault((key[1] or table, 0 if key[1] else number, key[2]), line)
        values = written if depth else written[key.end() :] if key else ""
        depth += sum(values.count(sign) for sign in "[{") - sum(values.count(s) for s in "]}")
    return found


def _flattened(token: re.Match[str]) -> str:
    """Keep what could be a key or a table's name; of the rest, only its lines."""
    text = token[0]
    if re.fullmatch(r"[\"'][\w-]+[\"']", text):
        return text
    return ("" if text.startswith("#") else '""') + "\n" * text.count("\n")


def _closest(key: str, known: Sequence[str]) -> list[str]:
    from difflib import get_close_matches  # noqa: PLC0415 -- only for a wrong file

    return get_close_matches(key, known, 1)


def _line_shown(line: str) -> str:
    return _visible(line.strip(" \t\r")[:_SHOWN]) or "the line"


def _visible(text: str) -> str:
    """Return a text that a terminal only shows: what it would obey is written as its escape."""
    signs = (sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)
    return "".join(signs)


def _key_shown(key: str) -> str:
    """Return a key as it is written: what is no plain word stands in quotes."""
    return key if re.fullmatch(r"[\w-]+", key) else _shown(key)


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
