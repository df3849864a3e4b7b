"""``feedmirror feeds push`` and ``pull``: a configuration put in force, and given back."""

from collections.abc import Iterator
from pathlib import Path

import click

from feedmirror.cli.asking import ask_once
from feedmirror.cli.configuration_changes import Changes, changes_of
from feedmirror.cli.configurations import configuration_of
from feedmirror.cli.output import complain, counted, say
from feedmirror.configuration import Configuration, FeedSettings
from feedmirror.jobs.configure import NotConfiguredError, ReadConfiguration
from feedmirror.jobs.count_records import CountRecords
from feedmirror.layout import CONFIGURATION
from feedmirror.local.machine import Machine
from feedmirror.ports.object_store import Content, LostConditionError
from feedmirror.settings import read_settings
from feedmirror.version import VERSION
from feedmirror.wiring.stores import Stores, open_stores

_MOST_TOLD = 50  # feeds of each kind


def push_configuration(file: Path, folder: Path | None, *, yes: bool) -> None:
    """Put a file in force under the condition that nobody else has put one since it was read."""
    if file.suffix.lower() != ".toml":
        raise click.ClickException(
            f"{file}: expected a mirror.toml; feeds import makes one of OPML"
        )
    configuration, body = configuration_of(file), file.read_bytes()
    stores = _stores(folder)
    found = stores.archive.get(CONFIGURATION)
    if found is not None and found.content.body == body:
        say(f"{file} is in force already.")
        return
    present = ReadConfiguration(stores.archive, VERSION).find()
    if present is None:
        say("There is no configuration yet: this is the first.")
    elif present.refused and found is not None:
        say("What is there now is refused; what follows compares with the last good one.")
    before = None if present is None else present.configuration
    _tell(changes_of(before, configuration), configuration, stores)
    if before == configuration:
        say("No setting changes, only how the file is written.")
    ask_once("Put it in force?", yes=yes)
    content = Content(body, "application/toml; charset=utf-8")
    try:
        stores.archive.put(CONFIGURATION, content, replaces=found.etag if found else None)
    except LostConditionError as error:
        raise click.ClickException(
            "somebody else has just put another file; look at it (feedmirror feeds pull), and push"
            " again"
        ) from error
    say(f"{file} is in force: {counted(len(configuration.feeds), 'feed')}, from the next run on.")


def pull_configuration(folder: Path | None) -> None:
    """Print the file in force, as it was put."""
    try:
        found = ReadConfiguration(_stores(folder).archive, VERSION).run()
    except NotConfiguredError as error:
        raise click.ClickException(str(error)) from error
    if found.refused:
        for line in found.refused.splitlines():
            complain(line)
        complain("what follows is the last good one")
    click.echo(found.text.encode(), nl=False)


def _stores(folder: Path | None) -> Stores:
    """Return the stores; in a folder there need be none yet."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        Machine(folder).enter()
    return open_stores(read_settings())


def _tell(changes: Changes, after: Configuration, stores: Stores) -> None:
    """Say what a push changes, and what becomes of what a dropped feed has brought."""
    for name, feeds in (("added", changes.added), ("dropped", changes.dropped)):
        for feed in feeds[:_MOST_TOLD]:
            say(f"{name}: {feed.url}")
        if len(feeds) > _MOST_TOLD:
            say(f"{name}: {len(feeds) - _MOST_TOLD} more")
        if name == "dropped" and feeds:
            for line in _what_becomes(feeds, after, stores):
                say(line)
    for line in changes.settings:
        say(f"changed: {line}")
    if changes.on_pages:
        say("  Pages and lists that are there follow as they change, or all by feedmirror rebuild")


def _what_becomes(
    dropped: tuple[FeedSettings, ...], after: Configuration, stores: Stores
) -> Iterator[str]:
    left = {feed.host for feed in after.feeds}
    hosts = sorted({feed.host for feed in dropped})
    hosts = hosts[:_MOST_TOLD]
    counts = CountRecords(stores.archive, stores.workers).of(hosts)
    for host in hosts:
        records = counted(counts[host], "record")
        other = "; other feeds of the host stay" if host in left else ""
        yield f"  {host}: {records} stay on the site as they are, polled no more{other}"
    yield (
        '  To have them go, keep the feed\'s table with ended = "go", or "links" for title and link'
    )
