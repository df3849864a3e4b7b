"""Lists of feeds: shown, taken from OPML into a configuration file, and given as OPML."""

from collections.abc import Iterable
from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import click

from feedmirror.cli.configurations import configuration_of
from feedmirror.cli.output import complain, counted, print_json, print_table, say
from feedmirror.configuration import Configuration, FeedSettings
from feedmirror.configuration_file import ConfigurationError, feed_table, parse_configuration
from feedmirror.configuration_values import written_time
from feedmirror.opml import write_opml

_MOST_TOLD = 20
_BOUNDS = ("ended", "max_age", "max_items")  # shown where any feed has one
_UNSET = {"interval": "auto"}


def in_force(file: Path | None, folder: Path | None) -> Configuration:
    """Return the configuration of a file, or without one that which is in force."""
    if file is not None:
        return configuration_of(file)
    from feedmirror.cli.desk import Desk  # noqa: PLC0415 -- a second, with a store

    return Desk(folder).configuration


def list_feeds(file: Path | None, folder: Path | None, *, as_json: bool) -> None:
    """Print the feeds of a configuration."""
    found = in_force(file, folder).feeds
    if as_json:
        print_json({"feeds": [settings_of(feed) for feed in found]})
    elif found:
        settings = [settings_of(feed) for feed in found]
        bounds = [name for name in _BOUNDS if any(each[name] is not None for each in settings)]
        names = ("host", "url", "publish", "interval", *bounds)
        rows = [
            [_UNSET.get(name, "") if each[name] is None else each[name] for name in names]
            for each in settings
        ]
        print_table(("host", "feed~", *names[2:]), rows)
    else:
        say("There is no feed in it.")


def settings_of(feed: FeedSettings) -> dict[str, object]:
    """Return a feed's host and its settings by name, each as the file has it."""
    values = {each.name: getattr(feed, each.name) for each in fields(feed)}
    times = {
        name: written_time(value) for name, value in values.items() if isinstance(value, timedelta)
    }
    return {"host": feed.host, **values, **times}


def export_feeds(file: Path | None, folder: Path | None, *, output: Path | None) -> None:
    """Write the feeds of a configuration as OPML, without those that have ended, as the site does.

    What is left out is told beside the results.
    """
    configuration = in_force(file, folder)
    polled = tuple(feed for feed in configuration.feeds if feed.ended is None)
    if ended := len(configuration.feeds) - len(polled):
        complain(f"{counted(ended, 'feed')} left out, as ended; OPML has no word for it")
    document = write_opml(polled, title=configuration.mirror.name)
    if output is None:
        click.echo(document, nl=False)
        return
    try:
        with output.open("xb") as new:
            new.write(document)
    except FileExistsError as error:
        raise click.ClickException(f"{output} is there already; name another file") from error
    say(f"{output}: {counted(len(polled), 'feed')}.")


def import_feeds(opml: Path, file: Path) -> None:
    """Add the feeds of an OPML file at the end of a configuration file."""
    if opml.suffix.lower() == ".toml" or file.suffix.lower() != ".toml":
        raise click.ClickException(f"expected an OPML file, then a mirror.toml: not {opml} {file}")
    listed, before = configuration_of(opml).feeds, file.read_bytes()
    own = configuration_of(file)
    known = {feed.same: feed for feed in own.feeds}
    added = [feed for feed in listed if feed.same not in known]
    if added:
        addition = appended(before, added)
        wanted = Configuration(mirror=own.mirror, feeds=(*own.feeds, *added))
        if not _says(before + addition, wanted):
            raise click.ClickException(
                f"{file}: expected its feeds as [[feed]] tables, behind which others can be added"
            )
        # Behind all that stands there, so that nothing of it is written anew, whatever happens.
        with file.open("ab") as end:
            end.write(addition)
    for feed in [feed for feed in listed if feed.same in known][:_MOST_TOLD]:
        say(f"there already: {known[feed.same].url}")
    there = len(listed) - len(added)
    say(f"{file}: {counted(len(added), 'feed')} added, {there} there already.")
    if added:
        say(f"What next: feedmirror feeds push {file}")


def appended(before: bytes, feeds: Iterable[FeedSettings]) -> bytes:
    """Return what is to be written behind a file, in its own ends of lines, for further feeds."""
    end = "\r\n" if b"\r\n" in before else "\n"
    lines = ["" if not before or before.endswith(b"\n") else end]
    lines += [end + "".join(line + end for line in feed_table(feed)) for feed in feeds]
    return "".join(lines).encode()


def _says(text: bytes, wanted: Configuration) -> bool:
    """Tell whether a file's text would be read as a configuration."""
    try:
        return parse_configuration(text.decode("utf-8", "replace")) == wanted
    except ConfigurationError:
        return False
