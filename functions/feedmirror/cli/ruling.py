"""``feedmirror approve``, ``refuse`` and ``restore``: what a person decides about a case."""

from pathlib import Path

import click

from feedmirror.cli.case_words import (
    order_words,
    possible,
    taken_words,
    what_words,
)
from feedmirror.cli.desk import Desk, no_hurry, told_in_words
from feedmirror.cli.output import counted, progress, say
from feedmirror.cli.taking_in import print_next
from feedmirror.takedowns.casework.case_orders import settled_orders
from feedmirror.takedowns.casework.cases import Case, Event

_ASKS = {
    "approve": "Do all of this, for good?",
    "refuse": "Refuse this, and show again what it keeps out of sight?",
    "restore": "Show all of this again?",
}

_NOT_KEPT = (
    "What was not kept comes back with the next run of the mirror, if the feeds still have it."
)


def rule(folder: Path | None, name: str, command: str, *, yes: bool) -> None:
    """Do what a command decides about a case, if the case's state allows it."""
    desk = Desk(folder)
    with told_in_words():
        case = desk.case(name)
        _check(desk, case, command)
        say(f"Case {case.id}: {what_words(case)}")
        if not yes:
            for order in settled_orders(case):
                say(f"  {order_words(order)}")
            click.confirm(_ASKS[command], abort=True)
        with progress().status(command):
            told = _rule(desk, case, command)
        desk.export()
        say(told)
        print_next(desk, desk.case(case.id))


def _check(desk: Desk, case: Case, command: str) -> None:
    able = possible(case)
    if command in able:
        return
    commands = "; ".join(desk.command(f"{name} {case.id}") for name in able)
    raise click.ClickException(
        f"case {case.id} is {case.state}: there is nothing to {command};"
        f" possible: {commands or 'nothing'}"
    )


def _rule(desk: Desk, case: Case, command: str) -> str:
    """Do it, and return what became of it in words."""
    match command:
        case "approve":
            done = desk.run.approve(case, time_left=no_hurry)
            return f"Approved: {taken_words(done)}; the case is {done.state}."
        case "refuse":
            done = desk.run.refuse(case)
            return f"Refused: {_shown(done)}; the case is {done.state}."
        case _:
            shown = desk.run.restore(case)
            state = desk.case(case.id).state
            told = f"Restored: {counted(shown, 'item')} shown again; the case is {state}."
            return told if shown else f"{told}\n{_NOT_KEPT}"


def _shown(case: Case) -> str:
    shown = max((int(entry.details["shown"]) for entry in case.of(Event.UNDONE)), default=0)
    return f"{counted(shown, 'item')} shown again"
