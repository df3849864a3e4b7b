"""The options that commands share: where the mirror is, which feeds, and how it is told."""

from pathlib import Path

import click

from feedmirror.addresses import web_address

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


def _addresses(_: click.Context, __: click.Parameter, urls: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse what is no address before anything is done."""
    for url in urls:
        if web_address(url) is None:
            raise click.BadParameter(f"{url!r} is no http(s) address")
    return urls


FEED = click.option(
    "--feed",
    "urls",
    multiple=True,
    callback=_addresses,
    help="Mirror this feed, beside those before if there are any; may be repeated.",
)
FEEDS = click.option(
    "--feeds",
    "file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Mirror the feeds of a mirror.toml or an OPML file, and no others.",
)
NOBODY = "nobody@localhost.invalid"
CONTACT = click.option(
    "--contact",
    default=NOBODY,
    help="The mail address that publishers see in every request, when there is no mirror.toml.",
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
JSON_REPORT = click.option(
    "--json", "as_json", is_flag=True, help="Print the report as one JSON document."
)
