"""Which feeds a mirror on this machine polls: those of before, and what the options name."""

from dataclasses import dataclass, replace
from pathlib import Path

import click

from feedmirror.cli.configurations import changed, configuration_of, is_whole
from feedmirror.cli.folders import NOBODY
from feedmirror.cli.output import counted, say
from feedmirror.configuration import Configuration
from feedmirror.jobs.configure import ReadConfiguration
from feedmirror.local.machine import Machine
from feedmirror.version import VERSION

A_FEED = "a [[feed]] table with its url"
_MOST_TOLD = 10  # feeds


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the options name: feeds, a file of feeds, and whom publishers may write to."""

    urls: tuple[str, ...]
    file: Path | None
    contact: str

    @property
    def changes_anything(self) -> bool:
        """Whether anything is named; else what is configured stays."""
        return bool(self.urls or self.file) or self.contact != NOBODY

    def configuration(self, present: Configuration | None) -> Configuration:
        """Return what the options make of what is configured; raises click's errors."""
        if is_whole(self.file) and self.contact != NOBODY:
            raise click.UsageError(
                f"--contact goes without a mirror.toml: {self.file} names its own contact"
            )
        if present is None:
            return configuration_of(self.file, self.urls, contact=self.contact)
        return changed(present, self.file, self.urls, contact=self.contact)


def prepare(machine: Machine, wanted: Wanted, *, quiet: bool) -> None:
    """Make the mirror of a folder what the options say, and this process's the one it works on."""
    leave_others_alone(machine)
    settle(machine, wanted, quiet=quiet)
    machine.enter()  # what the feeds prove, the takedown function does there and then


def leave_others_alone(machine: Machine) -> None:
    """Refuse a folder whose ``site`` somebody else has made: ours is written and removed."""
    if not machine.store.exists() and machine.site.exists():
        raise click.ClickException(
            f"{machine.site} is there already, and no mirror's; name another folder with --local"
        )


def settle(
    machine: Machine, wanted: Wanted, *, quiet: bool = False, site: str = ""
) -> Configuration:
    """Put in force what the options make of a mirror, and return it; say what changes of one.

    A new mirror that no file configures is read under ``site``. Raises click's errors.
    """
    present = _present(machine) if machine.store.exists() else None
    if present is not None and not wanted.changes_anything:
        return present
    if present is None and not (wanted.urls or wanted.file):
        raise click.ClickException(
            f"there is no mirror in {machine.folder} yet; name feeds with --feed or --feeds"
        )
    found = wanted.configuration(present)
    if not found.feeds:
        raise click.ClickException(f"there is no feed in {wanted.file}; add {A_FEED}")
    if present is None and site and not is_whole(wanted.file):
        found = replace(found, mirror=replace(found.mirror, site=site))
    machine.configure(found)
    if present is not None and not quiet:
        _tell_change(present, found)
    return found


def _present(machine: Machine) -> Configuration | None:
    found = ReadConfiguration(machine.bucket("archive"), VERSION).find()
    return None if found is None else found.configuration


def _tell_change(before: Configuration, after: Configuration) -> None:
    """Say which feeds are polled from now on, and which are not any more."""
    old, new = ({feed.url: None for feed in each.feeds} for each in (before, after))
    for words, urls in (("Added", new.keys() - old), ("No longer polled", old.keys() - new)):
        named = [url for url in (*old, *new) if url in urls]
        shown = [
            *named[:_MOST_TOLD],
            *([f"and {len(named) - _MOST_TOLD} more"] if named[_MOST_TOLD:] else []),
        ]
        if named:
            say(f"{words}: {', '.join(shown)}")
    if old != new:
        say(f"The mirror has {counted(len(new), 'feed')} now.")
    if before.mirror.contact != after.mirror.contact:
        say(f"Requests for removal go to {after.mirror.contact} from now on.")
