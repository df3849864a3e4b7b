"""The command line, as click knows it."""

from copy import copy

import click

from feedmirror.cli.commands import feedmirror
from reference.markdown import block

_WIDTH = 78  # what click fills on a terminal of 80 columns
_ROOT = click.Context(
    feedmirror, info_name="feedmirror", terminal_width=_WIDTH, **feedmirror.context_settings
)


def names() -> list[str]:
    """Return the names of all commands, each group followed by its own."""
    found: list[str] = []
    for name in feedmirror.list_commands(_ROOT):
        found.append(name)
        group = command_of(name)
        if isinstance(group, click.Group):
            found += [f"{name} {each}" for each in group.list_commands(_ROOT)]
    return found


def command_of(name: str) -> click.Command:
    """Return a command by its name; that of a group's command begins with the group's."""
    command: click.Command | None = feedmirror
    for word in name.split():
        assert isinstance(command, click.Group)
        command = command.get_command(_ROOT, word)
    assert command is not None
    return command


def every_command() -> str:
    """Return what ``--help`` says, of the whole and of each command."""
    parts = [block(feedmirror.get_help(_ROOT))]
    for name in names():
        parts += [f"## {name}", block(help_of(name))]
    return "\n\n".join(parts)


def help_of(name: str) -> str:
    """Return what ``--help`` says of a command.

    A copy is asked: click keeps the help option under the names that it is first asked with, and a
    test may have asked without the root's.
    """
    command = copy(command_of(name))
    command._help_option = None  # noqa: SLF001 -- see above
    return command.get_help(click.Context(command, info_name=name, parent=_ROOT))


def in_a_line_each() -> str:
    """Return every command with what it is given, and what it does."""
    typed = (name for name in names() if not isinstance(command_of(name), click.Group))
    listed = [(_usage(name), _short(command_of(name))) for name in typed]
    width = max(len(usage) for usage, _ in listed)
    return block("\n".join(f"{usage:{width}}  # {short}" for usage, short in listed))


def _usage(name: str) -> str:
    command = command_of(name)
    context = click.Context(command, info_name=name, parent=_ROOT)
    given = [piece for piece in command.collect_usage_pieces(context) if piece != "[OPTIONS]"]
    return " ".join(["feedmirror", name, *given])


def _short(command: click.Command) -> str:
    """Return the first sentence of a command's help."""
    first, _, _ = command.get_short_help_str(limit=200).partition(". ")
    return first.rstrip(".")
