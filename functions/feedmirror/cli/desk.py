"""Where the operator's commands work: the account of the environment, or a folder."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path

import click

from feedmirror.adapters.clock import fresh_nonce, utc_now
from feedmirror.cli.output import progress
from feedmirror.configuration import Configuration
from feedmirror.jobs.configure import ReadConfiguration
from feedmirror.jobs.takedown.by_hand import ByHand
from feedmirror.jobs.takedown.takedown_run import TakedownRun
from feedmirror.layout import CASES
from feedmirror.local.machine import Machine
from feedmirror.local.serving.places import is_held
from feedmirror.takedowns.casework.cases import Case
from feedmirror.version import VERSION
from feedmirror.wiring.takedown import TakedownFunction, takedown_function

SHOWN_BY_SERVE = "The running feedmirror serve shows the site, so no files of it are written."
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz234567")
_MOST_NAMED = 5  # cases that an abbreviation is said to mean


def no_hurry() -> timedelta:
    """Return the time that is left on one's own machine: a day."""
    return timedelta(days=1)


@dataclass(frozen=True)
class Desk:
    """The takedown function at an operator's hand; ``folder`` is None on an account."""

    folder: Path | None

    @cached_property
    def function(self) -> TakedownFunction:
        """The function with its stores; raises what trouble.py has words for."""
        if self.folder is not None:
            machine = Machine(self.folder)
            if not machine.store.is_file():
                raise click.ClickException(_no_mirror(self.folder))
            machine.enter()
        return takedown_function()

    @cached_property
    def configuration(self) -> Configuration:
        """The operator's file, or the last good one; raises NotConfiguredError."""
        return ReadConfiguration(self.function.stores.archive, VERSION).run().configuration

    @cached_property
    def run(self) -> TakedownRun:
        """The jobs, by the configuration in force."""
        return self.function.run()

    @property
    def by_hand(self) -> ByHand:
        """What takes down what an operator names."""
        run = self.run
        return ByHand(
            cases=run.cases,
            find=run.take_in.find,
            finish=run.finish,
            clock=utc_now,
            draw=lambda: fresh_nonce() + fresh_nonce(),
        )

    def case(self, name: str) -> Case:
        """Return the case that an id, or the beginning of one, names."""
        wanted = name.strip().lower()
        if not wanted or not set(wanted) <= _LETTERS:
            raise click.ClickException(f"{name!r} is no case: ids are letters and digits, as 4f7a…")
        ledger = self.function.stores.ledger
        found = [
            summary.key.removeprefix(CASES).removesuffix(".json")
            for _, summary in zip(range(_MOST_NAMED + 1), ledger.list(CASES + wanted), strict=False)
        ]
        if len(found) > 1:
            shown = ", ".join(found[:_MOST_NAMED]) + (", …" if len(found) > _MOST_NAMED else "")
            raise click.ClickException(f"{name!r} could be {shown}")
        case = self.run.cases.load(found[0]) if found else None
        if case is None:
            raise click.ClickException(
                f"there is no case {name!r}; {self.command('cases --all')} lists them"
            )
        return case

    def command(self, words: str) -> str:
        """Return a command as it is typed, for this account or folder."""
        where = "" if self.folder is None else f" --local {_typed(str(self.folder))}"
        return f"feedmirror {words}{where}"

    def export(self) -> None:
        """Write the site's files anew, where they are in a folder that no `serve` shows."""
        if self.folder is None:
            return
        if is_held(self.folder):
            progress().print(SHOWN_BY_SERVE)
        else:
            Machine(self.folder).export_site()


def _no_mirror(folder: Path) -> str:
    demo = folder / "demo"
    if Machine(demo).store.is_file():
        return f"there is no mirror in {folder}; the demo's is in {demo}"
    return (
        f"there is no mirror in {folder}; feedmirror mirror --local {_typed(str(folder))}"
        " --feed URL makes one"
    )


def _typed(text: str) -> str:
    from shlex import quote  # noqa: PLC0415 -- only where something is typed

    return quote(text)
