"""Configurations that commands are given: a mirror.toml, a list of feeds, or addresses."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from feedmirror.addresses import web_address
from feedmirror.configuration import Configuration, FeedSettings, MirrorSettings
from feedmirror.configuration_file import ConfigurationError, parse_configuration
from feedmirror.opml import OpmlError, read_opml

NOBODY = "nobody@localhost.invalid"


def local_mirror(contact: str = NOBODY) -> MirrorSettings:
    """Return the settings of a mirror that nobody has configured."""
    return MirrorSettings(
        name="A local mirror",
        site="http://localhost:8000",
        contact=contact,
        operator=contact,
    )


def configuration_of(
    file: Path | None, urls: Iterable[str] = (), *, contact: str = NOBODY
) -> Configuration:
    """Return the configuration of a file, a mirror.toml or OPML, with further feeds.

    Raises click's errors, which name the file, the line and what would be right.
    """
    mirror, listed = local_mirror(contact), tuple[FeedSettings, ...]()
    try:
        if file is not None and file.suffix.lower() == ".toml":
            found = parse_configuration(file.read_bytes().decode("utf-8", "replace"))
            mirror, listed = found.mirror, found.feeds
        elif file is not None:
            listed = read_opml(file.read_bytes())
    except ConfigurationError as error:
        raise click.ClickException(error.told(str(file))) from error
    except OpmlError as error:
        raise click.ClickException(f"{file}: {error}") from error
    known = {feed.url: feed for feed in (*listed, *_feeds_of(urls))}
    return Configuration(mirror=mirror, feeds=tuple(known.values()))


def _feeds_of(urls: Iterable[str]) -> Iterator[FeedSettings]:
    for url in urls:
        if web_address(url) is None:
            raise click.BadParameter(f"{url!r} is no http(s) address", param_hint="--feed")
        yield FeedSettings(url=url)
