"""Configurations that commands are given: a mirror.toml, a list of feeds, or addresses."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TypeGuard

import click

from feedmirror.cli.folders import NOBODY
from feedmirror.cli.output import complain, counted
from feedmirror.configuration import Configuration, FeedSettings, MirrorSettings
from feedmirror.configuration_file import ConfigurationError, parse_configuration
from feedmirror.opml import OpmlError, read_opml

_MOST_TOLD = 10  # outlines that were skipped


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

    An outline of an OPML file that is wrong is told and left out, and the others are taken.
    Raises click's errors, which name the file, the line and what would be right.
    """
    mirror, listed = local_mirror(contact), tuple[FeedSettings, ...]()
    if is_whole(file):
        found = _configured(file)
        mirror, listed = found.mirror, found.feeds
    elif file is not None:
        listed = _listed(file)
    return Configuration(
        mirror=mirror, feeds=_joined(listed, (FeedSettings(url=url) for url in urls))
    )


def changed(
    present: Configuration, file: Path | None, urls: Iterable[str], *, contact: str = NOBODY
) -> Configuration:
    """Return what becomes of a configuration that is there, by the same words.

    A mirror.toml takes its place; an OPML file is the whole list of feeds from now on; a feed that
    is named joins the list; and a contact is the one from now on. Raises click's errors.
    """
    named = configuration_of(file, urls, contact=contact)
    if is_whole(file):
        return named
    mirror = present.mirror
    if contact != NOBODY:
        same = mirror.operator == mirror.contact
        mirror = replace(mirror, contact=contact, operator=contact if same else mirror.operator)
    listed = named.feeds if file is not None else _joined(present.feeds, named.feeds)
    return Configuration(mirror=mirror, feeds=listed)


def is_whole(file: Path | None) -> TypeGuard[Path]:
    """Tell whether a file holds all of a configuration, and not just a list of feeds."""
    return file is not None and file.suffix.lower() == ".toml"


def _joined(
    listed: Iterable[FeedSettings], named: Iterable[FeedSettings]
) -> tuple[FeedSettings, ...]:
    """Return two lists as one that names each feed once, however it is spelt."""
    known: dict[str, FeedSettings] = {}
    for feed in (*listed, *named):
        known.setdefault(feed.same, feed)
    return tuple(known.values())


def _configured(file: Path) -> Configuration:
    try:
        return parse_configuration(file.read_bytes().decode("utf-8", "replace"))
    except ConfigurationError as error:
        raise click.ClickException(error.told(str(file))) from error


def _listed(file: Path) -> tuple[FeedSettings, ...]:
    """Return the feeds of an OPML file; what is skipped of it is told beside the results."""
    try:
        found = read_opml(file.read_bytes())
    except OpmlError as error:
        lines = str(error).splitlines()
        raise click.ClickException("\n".join(f"{file}: {line}" for line in lines)) from error
    for line in found.skipped[:_MOST_TOLD]:
        complain(f"{file}: {line}")
    if found.skipped:
        taken = f"{counted(len(found.feeds), 'feed')} taken, {len(found.skipped)} skipped"
        complain(f"{file}: {taken}")
    return found.feeds
