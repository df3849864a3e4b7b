"""Asking once before something is done that the public sees."""

import sys

import click


class NobodyToAskError(click.ClickException):
    """There is no terminal, and the command line did not say what the answer is."""

    exit_code = 2


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
    if not click.confirm(question, err=True):
        raise click.ClickException("nothing was changed")
