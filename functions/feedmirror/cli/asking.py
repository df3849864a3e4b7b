"""Asking once before something is done that the public sees."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click


class NobodyToAskError(click.ClickException):
    """There is no terminal, and the command line did not say what the answer is."""

    exit_code = 2


class UnansweredError(click.Abort):
    """Ctrl-C, or the end of the input, in place of an answer: nothing was begun."""


@contextmanager
def asking() -> Iterator[None]:
    """Tell a question that is broken off from work that is."""
    try:
        yield
    except click.Abort as error:
        raise UnansweredError from error


def ask_once(question: str, *, yes: bool, details: list[str] | None = None) -> None:
    """Go on if the answer is yes, or was given by ``--yes``; raises click's errors otherwise.

    What is asked is no result, so it goes where errors do.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise NobodyToAskError("there is no terminal to ask on; --yes does it without a question")
    for line in details or ():
        click.echo(line, err=True)
    with asking():
        agreed = click.confirm(question, err=True)
    if not agreed:
        raise click.ClickException("nothing was changed")
