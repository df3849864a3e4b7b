"""The cases that wait, as the console of ``feedmirror serve`` shows them."""

from feedmirror.cli.case_words import deadline, is_open, what_words, when_words
from feedmirror.cli.desk import Desk
from feedmirror.local.serving.console import Table
from feedmirror.takedowns.casework.cases import CaseUnreadableError

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
            rows.append((case_id, case.state, what_words(case), ends, command))
    return Table("Cases that wait", _COLUMNS, rows, "Nothing waits.")
