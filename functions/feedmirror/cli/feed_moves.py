"""``feedmirror feeds follow``: the addresses that feeds are asked at, put into the file."""

import json
import re
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from shutil import copymode

import click

from feedmirror.addresses import host_of
from feedmirror.characters import printable
from feedmirror.cli.asking import ask_once
from feedmirror.cli.configurations import configuration_of
from feedmirror.cli.desk import Desk
from feedmirror.cli.move_words import moved_settings
from feedmirror.cli.output import counted, say
from feedmirror.configuration import Configuration, FeedSettings
from feedmirror.configuration_file import ConfigurationError, parse_configuration
from feedmirror.jobs.feed_states import FeedStates, KnownFeed
from feedmirror.jobs.rules import RuleReader
from feedmirror.suppression import RuleUnreadableError, feed_key
from feedmirror.wiring.stores import Stores


def follow_moves(file: Path, folder: Path | None, *, yes: bool) -> None:
    """Put the new addresses of the feeds that have moved into a configuration file."""
    if file.suffix.lower() != ".toml":
        raise click.ClickException(f"{file}: expected a mirror.toml")
    desk = Desk(folder)
    if put_moves(file, desk.function.stores, yes=yes):
        say(f"What next: {desk.command(f'feeds push {file}')}")


def put_moves(file: Path, stores: Stores, *, yes: bool) -> bool:
    """Put into a file what is known of moves, if anything; return whether it was changed.

    What the file says of other things is not looked at.
    """
    own, before = configuration_of(file), file.read_bytes()
    moved = _moved(own.feeds, stores)
    if not moved:
        say("No feed of it is asked at another address.")
        return False
    after = rewritten(before.decode(), moved)
    wanted = tuple(dict(moved).get(feed, feed) for feed in own.feeds)
    if not _says(after, Configuration(mirror=own.mirror, feeds=wanted)):
        raise click.ClickException(
            f'{file}: expected each address as url = "…" on a line of its own below [[feed]], and'
            " the new ones nowhere in it; nothing was changed"
        )
    ask_once(f"Write it into {file}?", yes=yes)
    fresh = file.with_name(f"{file.name}.new")
    fresh.write_bytes(after.encode())
    copymode(file, fresh)
    fresh.replace(file.resolve())
    say(f"{file}: {counted(len(moved), 'feed')} changed.")
    return True


def rewritten(text: str, moved: Iterable[tuple[FeedSettings, FeedSettings]]) -> str:
    """Return a file's text with feeds' addresses changed, and all else as it stands there."""
    end = "\r\n" if "\r\n" in text else "\n"
    for old, new in moved:
        line = rf"(?m)^([ \t]*)(url[ \t]*=[ \t]*)([\"']){re.escape(old.url)}\3([^\r\n]*)"
        text = re.sub(line, partial(_changed, old=old, new=new, end=end), text)
    return text


def _changed(line: re.Match[str], *, old: FeedSettings, new: FeedSettings, end: str) -> str:
    margin, key, _, rest = line.groups()
    site = "" if new.site in {None, old.site} else f"{end}{margin}site = {json.dumps(new.site)}"
    return f"{margin}{key}{json.dumps(new.url)}{rest}{site}"


def _moved(
    feeds: Iterable[FeedSettings], stores: Stores
) -> tuple[tuple[FeedSettings, FeedSettings], ...]:
    """Tell which feeds of a file have moved, and return each as it was and as it is to be."""
    known, found = FeedStates(stores.archive, stores.workers).run(), []
    for feed in feeds:
        move = known.get(feed.url, KnownFeed()).state.move
        if move.into:
            say(f"{feed.url} has moved to {printable(move.into)}, which is polled anyway: left")
        elif move.address and _is_taken_down(feed, stores):
            say(f"{feed.url}: left, since a takedown covers the feed by this address")
        elif move.address:
            moved = moved_settings(feed, move)
            site = "" if moved.site == feed.site else f', with site = "{moved.site}"'
            say(f"{feed.url} → {printable(moved.url)}{site}")
            found.append((feed, moved))
    return tuple(found)


def _is_taken_down(feed: FeedSettings, stores: Stores) -> bool:
    """Tell whether a rule names the feed itself: under another address it would not reach it."""
    hosts = {feed.host, host_of(feed.url) or feed.host}
    rules = RuleReader(stores.ledger, stores.workers).read(hosts)
    try:
        return any(feed_key(feed.url) in rule.keys for rule in rules.concerning(hosts))
    except RuleUnreadableError as error:
        raise click.ClickException(str(error)) from error


def _says(text: str, wanted: Configuration) -> bool:
    """Tell whether a file's text would be read as a configuration."""
    try:
        return parse_configuration(text) == wanted
    except ConfigurationError:
        return False
