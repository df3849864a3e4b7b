"""The commands, and what all of them share: where the mirror is, and how errors are told."""

import os
import sys
from collections.abc import Iterable
from importlib import import_module
from typing import Any

import click

from feedmirror.cli.operating import OPERATING_COMMANDS
from feedmirror.cli.output import complain
from feedmirror.cli.takedowns import TAKEDOWN_COMMANDS
from feedmirror.version import VERSION

_EPILOG = (
    "Exit status: 0 done, 1 something failed and is named, or the answer was no, 2 the command was"
    " not understood, 130 interrupted."
)

# By name, each in a module of its own that is loaded when the command is asked for.
_MODULES = (
    "backup",
    "check",
    "cost",
    "demo",
    "feeds",
    "init",
    "load",
    "mirror",
    "rebuild",
    "serve",
)


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
        status = feedmirror.main(prog_name="feedmirror", standalone_mode=False)
        sys.stdout.flush()
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else 0
    except BrokenPipeError:  # the reader has seen enough
        _let_go_of_output()
        return 0
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 -- what is ours goes on
        return _told(error)
    return status if isinstance(status, int) else 0


def _told(error: BaseException) -> int:
    """Say what went wrong, a line each, and return the exit status; a fault of our own goes on."""
    if isinstance(error, click.UsageError):  # with the usage, as click tells it
        error.show()
        return error.exit_code
    if isinstance(error, click.ClickException):
        return _tell(error.message.splitlines(), error.exit_code)
    from feedmirror.cli.trouble import trouble_of  # noqa: PLC0415 -- a second, where something fails

    trouble = trouble_of(error)
    if trouble is None:
        raise error
    if isinstance(error, OSError):
        _let_go_of_output()
    return _tell(trouble.lines, trouble.status)


def _tell(lines: Iterable[str], status: int) -> int:
    for line in lines:
        complain(line)
    return status


def _let_go_of_output() -> None:
    """Leave what could not be written; Python would try once more as it ends, and fail."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _nothing(**_: Any) -> None:  # noqa: ANN401 -- as a stream's reconfigure
    """Do nothing, for a stream that is no text file."""
