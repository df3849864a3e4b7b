"""The commands, and what all of them share: where the mirror is, and how errors are told."""

import click

from feedmirror.cli.check import check
from feedmirror.cli.demo import demo
from feedmirror.cli.mirror import mirror
from feedmirror.version import VERSION

_EPILOG = "Exit status: 0 done, 1 something failed and is named, 2 the command was not understood."


@click.group(epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION)
def feedmirror() -> None:
    """Mirror public feeds with credit on every copy, and take copies down when asked by mail."""


for command in (demo, mirror, check):
    feedmirror.add_command(command)
