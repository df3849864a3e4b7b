"""The command line, as click knows it."""

from collections.abc import Iterator

import click

from feedmirror.cli.commands import feedmirror
from reference.markdown import block

_WIDTH = 78  # what click fills on a terminal of 80 columns
_ROOT = click.Context(
    feedmirror, info_name="feedmirror", terminal_width=_WIDTH, **feedmirror.context_settings
)


def commands() -> Iterator[tuple[str, click.Command]]:
    """Yield every command by its name."""
    for name in feedmirror.list_commands(_ROOT):
        command = feedmirror.get_command(_ROOT, name)
        assert command is not None
        yield name, command


def every_command() -> str:
    """Return what ``--help`` says, of the whole and of each command."""
    parts = [block(feedmirror.get_help(_ROOT))]
    for name, command in commands():
        context = click.Context(command, info_name=name, parent=_ROOT)
        parts += [f"## {name}", block(command.get_help(context))]
    return "\n\n".join(parts)


def in_a_line_each() -> str:
    """Return every command with what it is given, and what it does."""
    listed = [(_usage(name, command), _short(command)) for name, command in commands()]
    width = max(len(usage) for usage, _ in listed)
    return block("\n".join(f"{usage:{width}}  # {short}" for usage, short in listed))


def _usage(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=name, parent=_ROOT)
    given = [piece for piece in command.collect_usage_pieces(context) if piece != "[OPTIONS]"]
    return " ".join(["feedmirror", name, *given])


def _short(command: click.Command) -> str:
    """Return the first sentence of a command's help."""
    first, _, _ = command.get_short_help_str(limit=200).partition(". ")
    return first.rstrip(".")
