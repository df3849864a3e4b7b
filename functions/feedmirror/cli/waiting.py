"""What waits, as the console of ``feedmirror serve`` shows it: cases, and a mirror that stands."""

from pathlib import Path

from feedmirror.cli.case_words import deadline, is_open, state_words, what_words, when_words
from feedmirror.cli.desk import Desk
from feedmirror.cli.pausing import pause_words
from feedmirror.jobs.configure import ReadConfiguration
from feedmirror.jobs.pausing import Pause
from feedmirror.local.serving.console import Table
from feedmirror.takedowns.casework.cases import CaseUnreadableError
from feedmirror.version import VERSION

_COLUMNS = ("case", "state", "what", "until", "command")


def waiting_cases(desk: Desk) -> Table:
    """Return the cases that wait for a person or for proof, with the command that shows each."""
    book = desk.run.cases
    rows: list[tuple[str, ...]] = []
    for case_id in book.unfinished():
        command = desk.command(f"case {case_id}")
        try:
            case = book.load(case_id)
        except CaseUnreadableError as error:
            rows.append((case_id, "unreadable", str(error), "", command))
            continue
        if case is not None and is_open(case):
            until = deadline(case)
            ends = f"{when_words(until)} UTC" if until else ""
            rows.append((case_id, state_words(case), what_words(case), ends, command))
    return Table("Cases that wait", _COLUMNS, rows, "Nothing waits.")


def standstill(desk: Desk) -> list[str]:
    """Return a line that says that the mirror is paused, or nothing."""
    found = ReadConfiguration(desk.function.stores.archive, VERSION).find()
    paused = None if found is None else found.paused
    return [] if paused is None else [paused_words(paused, desk.folder)]


def paused_words(pause: Pause, folder: Path | None) -> str:
    """Say that a mirror is paused, and what ends it."""
    return f"the mirror is paused {pause_words(pause)}; {Desk(folder).command('resume')} ends it"
