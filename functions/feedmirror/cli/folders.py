"""The option that every command on one's own machine shares."""

from pathlib import Path

import click

DEFAULT_FOLDER = ".feedmirror"
LOCAL = click.option(
    "--local",
    "folder",
    is_flag=False,
    flag_value=DEFAULT_FOLDER,
    metavar="[FOLDER]",
    type=click.Path(path_type=Path, file_okay=False),
    help=f"Use the embedded store in a folder (default {DEFAULT_FOLDER}).",
)
