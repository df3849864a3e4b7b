"""``feedmirror feeds`` as it is typed; what its commands do is imported when it is asked for."""

from pathlib import Path

import click

from feedmirror.cli.folders import JSON, LOCAL

_THERE = click.Path(path_type=Path, exists=True, dir_okay=False)
_TOML = click.argument("file", metavar="MIRROR.TOML", type=_THERE)
_TOML_OR_NONE = click.argument("file", metavar="[MIRROR.TOML]", required=False, type=_THERE)


@click.group(epilog="Example: feedmirror feeds import my-feeds.opml mirror.toml")
def feeds() -> None:
    """List feeds, take them from OPML and give them as OPML, put a configuration in force."""


@feeds.command("list", epilog="Example: feedmirror feeds list mirror.toml")
@_TOML_OR_NONE
@JSON
@LOCAL
def list_(file: Path | None, folder: Path | None, *, as_json: bool) -> None:
    """List the feeds of a file, or of the configuration in force."""
    from feedmirror.cli.feed_lists import list_feeds  # noqa: PLC0415 -- only where it is run

    list_feeds(file, folder, as_json=as_json)


@feeds.command("import", epilog="Example: feedmirror feeds import my-feeds.opml mirror.toml")
@click.argument("opml", metavar="FEEDS.OPML", type=_THERE)
@_TOML
def import_(opml: Path, file: Path) -> None:
    """Add the feeds of an OPML file at the end of a configuration file.

    All that stands in it stays as it is; a feed that is there already is not added again.
    """
    from feedmirror.cli.feed_lists import import_feeds  # noqa: PLC0415 -- as above

    import_feeds(opml, file)


@feeds.command(epilog="Example: feedmirror feeds export --output feeds.opml")
@_TOML_OR_NONE
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a new file instead of the standard output.",
)
@LOCAL
def export(file: Path | None, folder: Path | None, *, output: Path | None) -> None:
    """Write the feeds of a file, or of the configuration in force, as OPML.

    Those that have ended are left out, as in the site's own list.
    """
    from feedmirror.cli.feed_lists import export_feeds  # noqa: PLC0415 -- as above

    export_feeds(file, folder, output=output)


@feeds.command(epilog="Example: feedmirror feeds follow mirror.toml")
@_TOML
@click.option("--yes", is_flag=True, help="Do not ask before it is done.")
@LOCAL
def follow(file: Path, folder: Path | None, *, yes: bool) -> None:
    """Put the new addresses of feeds that have moved into a configuration file.

    All else that stands in it stays as it is, and each feed keeps its host. What a feed has brought
    stays, and is the feed's under its new address too.
    """
    from feedmirror.cli.feed_moves import follow_moves  # noqa: PLC0415 -- as above

    follow_moves(file, folder, yes=yes)


@feeds.command(epilog="Example: feedmirror feeds push mirror.toml")
@_TOML
@click.option("--yes", is_flag=True, help="Do not ask before it is done.")
@LOCAL
def push(file: Path, folder: Path | None, *, yes: bool) -> None:
    """Put a configuration file in force, once it is seen what that changes."""
    from feedmirror.cli.pushing import push_configuration  # noqa: PLC0415 -- as above

    push_configuration(file, folder, yes=yes)


@feeds.command(epilog="Example: feedmirror feeds pull > mirror.toml")
@LOCAL
def pull(folder: Path | None) -> None:
    """Print the configuration file that is in force."""
    from feedmirror.cli.pushing import pull_configuration  # noqa: PLC0415 -- as above

    pull_configuration(folder)
