"""``feedmirror approve``, ``refuse`` and ``restore``: what a person decides about a case."""

from pathlib import Path

import click

from feedmirror.cli.asking import ask_once
from feedmirror.cli.case_standing import possible, standings
from feedmirror.cli.case_words import state_words, taken_words, what_words
from feedmirror.cli.desk import Desk, no_hurry
from feedmirror.cli.outcomes import outcome_of, print_mails, print_next
from feedmirror.cli.output import counted, print_json, progress, say
from feedmirror.takedowns.casework.cases import Case, Event

_ASKS = {
    "approve": "Do all of this, for good?",
    "refuse": "Refuse this, and show again what it keeps out of sight?",
    "restore": "Show all of this again?",
}
_DONE = {"approve": "Approved", "refuse": "Refused", "restore": "Restored"}
_NOT_KEPT = (
    "What was not kept comes back with the next run of the mirror, if the feeds still have it."
)


def rule(folder: Path | None, name: str, command: str, *, yes: bool, as_json: bool) -> None:
    """Do what a command decides about a case, if the case's state allows it."""
    desk = Desk(folder)
    case = desk.case(name)
    _check(desk, case, command)
    details = [f"Case {case.id}: {what_words(case)}", *(f"  {w}" for _, w in standings(case))]
    ask_once(_ASKS[command], yes=yes, details=details)
    with progress().status(command):
        shown = _rule(desk, case, command)
    desk.export()
    done = desk.case(case.id)
    if as_json:
        print_json({**outcome_of(desk, done), "shown_again": shown})
        return
    what = taken_words(done) if command == "approve" else f"{counted(shown, 'item')} shown again"
    say(f"{_DONE[command]}: {what}. The case {done.id} now: {state_words(done)}.")
    if command == "restore" and not shown:
        say(_NOT_KEPT)
    print_mails(desk, done, before=case)
    print_next(desk, done)


def _check(desk: Desk, case: Case, command: str) -> None:
    able = possible(case)
    if command in able:
        return
    commands = "; ".join(desk.command(f"{name} {case.id}") for name in able)
    raise click.ClickException(
        f"case {case.id}, {state_words(case)}: there is nothing to {command};"
        f" possible: {commands or 'nothing'}"
    )


def _rule(desk: Desk, case: Case, command: str) -> int:
    """Do it, and return how many items are shown again."""
    match command:
        case "approve":
            desk.run.approve(case, time_left=no_hurry)
            return 0
        case "refuse":
            return _shown(desk.run.refuse(case))
        case _:
            # What an earlier end of the case has put back is not put back now.
            return max(desk.run.restore(case) - _shown(case), 0)


def _shown(case: Case) -> int:
    """Return how many items a case's end has put back, since it last took something down."""
    shown = 0
    for entry in case.entries:
        if entry.event is Event.CARRIED_OUT:
            shown = 0
        elif entry.event is Event.UNDONE:
            shown = int(entry.details["shown"])
    return shown
