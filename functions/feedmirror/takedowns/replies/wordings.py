"""What our mails say: fixed words, one table a language (``wording/*.toml``), filled and wrapped.

Another language is one more table with the same keys; nothing here knows one from another.
"""

import textwrap
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

LANGUAGES = ("en", "es", "fr", "de", "pt")
_FALLBACK = "en"
_FOLDER = files("feedmirror.takedowns.replies") / "wording"
_WIDTH = 72  # characters of a line, as plain text is read everywhere
_SHOWN = 5  # addresses of a list


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language; ``values`` are what every sentence may speak of."""

    language: str
    values: Mapping[str, object] = field(default_factory=dict)

    def say(self, key: str, **values: object) -> str:
        """Return a paragraph, wrapped; addresses are never broken."""
        return wrapped(self.line(key, **values))

    def point(self, key: str) -> str:
        """Return one point of a list, wrapped."""
        return wrapped(self.line(key), first="- ", further="  ")

    def line(self, key: str, **values: object) -> str:
        """Return a sentence in one line."""
        return table_of(self.language)[key].format(**{**self.values, **values})

    def count(self, key: str, number: int, **values: object) -> str:
        """Return a paragraph about a number of things."""
        return self.say(f"{key}.{_form(number)}", count=number, **values)

    def pages(self, sentence: str, addresses: Sequence[str], number: int) -> str:
        """Return a sentence with the first few of a number of addresses below it."""
        shown = list(addresses[:_SHOWN])
        rest = number - len(shown)
        if shown and rest > 0:
            shown.append(self.line(f"frame.more.{_form(rest)}", count=rest))
        return below(sentence, shown)

    def day(self, at: date) -> str:
        """Return a day in words: ``3 November 2026``."""
        number = self.line("date.first") if at.day == 1 else str(at.day)
        month = self.line("date.months").split()[at.month - 1]
        return self.line("date.day", day=number, month=month, year=at.year)


def words_in(language: str, **values: object) -> Words:
    """Return the words of a language such as ``de`` or ``de-AT``, or English for an unknown one."""
    known = language.strip().lower().replace("_", "-").partition("-")[0]
    return Words(known if known in LANGUAGES else _FALLBACK, values)


def below(sentence: str, lines: Sequence[str]) -> str:
    """Return a sentence with some lines below it, each left whole."""
    return "\n".join((sentence, *(f"  {line}" for line in lines)))


def wrapped(text: str, *, first: str = "", further: str = "") -> str:
    """Return a text in lines of a width that is read everywhere; no word is broken."""
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=further,
        break_long_words=False,
        break_on_hyphens=False,
    )


@cache
def table_of(language: str) -> Mapping[str, str]:
    """Return a language's table, its keys joined by dots."""
    text = (_FOLDER / f"{language}.toml").read_text(encoding="utf-8")
    return dict(_flat("", tomllib.loads(text)))


def _flat(prefix: str, table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, str):
            yield prefix + name, value
        else:
            yield from _flat(f"{prefix}{name}.", value)


def _form(number: int) -> str:
    return "one" if number == 1 else "other"
