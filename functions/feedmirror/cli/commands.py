"""The commands, and what all of them share: where the mirror is, and how errors are told."""

import os
import sys
from importlib import import_module
from typing import Any

import click

from feedmirror.cli.operating import OPERATING_COMMANDS
from feedmirror.cli.takedowns import TAKEDOWN_COMMANDS
from feedmirror.ports.object_store import StoreUnavailableError
from feedmirror.settings import SettingsError
from feedmirror.version import VERSION

_EPILOG = "Exit status: 0 done, 1 something failed and is named, 2 the command was not understood."

_WHERE = (
    "For a mirror on this machine add --local; for one on AWS, infra/README.md says how to have"
    " these variables set."
)
# By name, each in a module of its own that is loaded when the command is asked for.
_MODULES = ("check", "cost", "demo", "feeds", "init", "mirror", "rebuild", "serve")


class _Commands(click.Group):
    """The commands, of which a run loads one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted({*super().list_commands(ctx), *_MODULES})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command by its name."""
        if cmd_name in _MODULES:
            found: click.Command = getattr(import_module(f"feedmirror.cli.{cmd_name}"), cmd_name)
            return found
        return super().get_command(ctx, cmd_name)


@click.group(
    cls=_Commands, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(VERSION)
def feedmirror() -> None:
    """Mirror public feeds with credit on every copy, and take copies down when asked by mail."""


for command in (*TAKEDOWN_COMMANDS, *OPERATING_COMMANDS):
    feedmirror.add_command(command)


def run() -> int:
    """Run the command that the arguments name and return its exit status."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that lacks a letter shows another in its place.
        getattr(stream, "reconfigure", _nothing)(errors="replace")
    try:
        feedmirror(prog_name="feedmirror")
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else 0
    except BrokenPipeError:  # the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except SettingsError as error:
        click.echo(f"feedmirror: {error}\n{_WHERE}", err=True)
        return 1
    except (StoreUnavailableError, OSError) as error:
        click.echo(f"feedmirror: {error}", err=True)
        return 1
    return 0


def _nothing(**_: Any) -> None:  # noqa: ANN401 -- as a stream's reconfigure
    """Do nothing, for a stream that is no text file."""
