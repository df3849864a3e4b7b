"""The command line, as click knows it."""

from collections.abc import Iterator
from copy import copy

import click

from feedmirror.cli.commands import feedmirror
from reference.markdown import block

_WIDTH = 78  # what click fills on a terminal of 80 columns
_ROOT = click.Context(
    feedmirror, info_name="feedmirror", terminal_width=_WIDTH, **feedmirror.context_settings
)


def names() -> list[str]:
    """Return the names of all commands, none of which is loaded for it."""
    return feedmirror.list_commands(_ROOT)


def every_command() -> str:
    """Return what ``--help`` says, of the whole, of each command and of those below one."""
    parts = [block(feedmirror.get_help(_ROOT))]
    for context in _below(_ROOT):
        name = context.command_path.removeprefix("feedmirror ")
        parts += [f"## {name}", block(context.get_help())]
    return "\n\n".join(parts)


def help_of(name: str) -> str:
    """Return what ``--help`` says of a command."""
    return _context(name, _ROOT).get_help()


def in_a_line_each() -> str:
    """Return every command with what it is given, and what it does."""
    found = [each for each in _below(_ROOT) if not isinstance(each.command, click.Group)]
    listed = [(_usage(context), _short(context.command)) for context in found]
    width = max(len(usage) for usage, _ in listed)
    return block("\n".join(f"{usage:{width}}  # {short}" for usage, short in listed))


def _below(parent: click.Context) -> Iterator[click.Context]:
    """Yield the contexts of all commands below one, each before those that are below itself."""
    if isinstance(parent.command, click.Group):
        for name in parent.command.list_commands(parent):
            context = _context(name, parent)
            yield context
            yield from _below(context)


def _context(name: str, parent: click.Context) -> click.Context:
    """Return the context of a command.

    It is of a copy: click keeps the help option under the names that it is first asked with, and a
    test may have asked without the root's.
    """
    assert isinstance(parent.command, click.Group)
    command = copy(parent.command.get_command(parent, name))
    assert command is not None
    command._help_option = None  # noqa: SLF001 -- see above
    return click.Context(command, info_name=name, parent=parent)


def _usage(context: click.Context) -> str:
    pieces = context.command.collect_usage_pieces(context)
    return " ".join([context.command_path, *(each for each in pieces if each != "[OPTIONS]")])


def _short(command: click.Command) -> str:
    """Return the first sentence of a command's help."""
    first, _, _ = command.get_short_help_str(limit=200).partition(". ")
    return first.rstrip(".")
