"""What commands print: tables and progress for people, JSON for programs, errors on stderr."""

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from feedmirror.characters import printable

_ODD = re.compile("[^ -~\n]")
_PIPE_WIDTH = 160  # columns: what a log viewer or a pager shows


class _Piped(Console):
    """A console whose reader may have seen enough."""

    def on_broken_pipe(self) -> None:
        """Leave it to the command line, which ends quietly; rich would exit with an error."""
        raise BrokenPipeError


def console() -> Console:
    """Return the console for results: plain text in a pipe, colours on a terminal."""
    width = None if sys.stdout.isatty() else _PIPE_WIDTH
    return _Piped(highlight=False, emoji=False, width=width)


def progress() -> Console:
    """Return the console for progress: nothing of it reaches a pipe."""
    return Console(stderr=True, highlight=False, quiet=not sys.stderr.isatty())


def print_json(value: Mapping[str, Any]) -> None:
    """Print one JSON document; what does not show, or steers a terminal, is escaped in it."""
    written = json.dumps(value, ensure_ascii=False, indent=2, default=str)
    text = _ODD.sub(_escaped, written)
    try:
        click.echo(text)
    except BrokenPipeError as error:
        raise BrokenPipeError from error  # one that click does not take for a failure


def complain(text: str) -> None:
    """Say in one line, beside the results, what went wrong or is worth a note."""
    click.echo(f"feedmirror: {printable(text)}", err=True)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; texts of publishers in it are never taken for markup.

    A column named with ``#`` holds numbers; one with ``~`` gives way where the line is narrow.
    """
    table = Table(
        box=None,
        pad_edge=False,
        header_style="bold",
        show_header=any(name.strip("#~") for name in columns),
    )
    for column in columns:
        justify: Literal["left", "right"] = "right" if column.endswith("#") else "left"
        wide = column.endswith("~")
        table.add_column(column.rstrip("#~"), justify=justify, no_wrap=not wide, overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(str(value))) for value in row))
    out = console()
    if out.is_terminal:
        out.print(table)
        return
    with out.capture() as printed:  # rich fills every line up to the table's width
        out.print(table)
    say("\n".join(line.rstrip() for line in printed.get().splitlines()))


def say(text: str = "") -> None:
    """Print one line for people."""
    console().print(text, markup=False, soft_wrap=True)


def counted(number: int, noun: str) -> str:
    """Return how many there are of something."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _escaped(letter: re.Match[str]) -> str:
    return letter[0] if letter[0].isprintable() else json.dumps(letter[0])[1:-1]
