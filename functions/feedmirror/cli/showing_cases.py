"""``feedmirror cases`` and ``feedmirror case``: what waits, and one with all that is known."""

import json
from datetime import datetime
from pathlib import Path

from feedmirror.adapters.clock import utc_now
from feedmirror.characters import printable
from feedmirror.cli.case_standing import standings
from feedmirror.cli.case_words import (
    deadline,
    event_words,
    is_open,
    pages,
    proof_words,
    span_words,
    state_words,
    step_words,
    what_words,
    when_words,
    why_words,
)
from feedmirror.cli.desk import Desk
from feedmirror.cli.explaining import notice_rows
from feedmirror.cli.mails import print_text
from feedmirror.cli.outcomes import print_next, standing_of, summary_of
from feedmirror.cli.output import complain, print_json, print_table, say
from feedmirror.takedowns.casework.cases import Case, Event, case_to_json
from feedmirror.takedowns.reading.understood import MailUnreadableError

_LINES = 25  # of a mail's text
_COLUMNS = ("case", "state~", "age#", "until", "what~", "why~")


def list_cases(folder: Path | None, *, everything: bool, as_json: bool) -> None:
    """Print the cases that wait, or all, by what has to be seen to first."""
    desk, now = Desk(folder), utc_now()
    book = desk.run.cases
    ids = book.ids() if everything else book.unfinished()
    cases, unreadable = book.readable(ids, desk.function.stores.workers)
    found = sorted((case for case in cases if everything or is_open(case)), key=_due)
    if as_json:
        print_json({"cases": [summary_of(case, now) for case in found]})
    elif found:
        print_table(_COLUMNS, [_row(case, now) for case in found])
    else:
        say("No case is known." if everything else "Nothing waits.")
    for problem in unreadable.values():
        complain(problem)
    if unreadable:
        raise SystemExit(1)


def _due(case: Case) -> tuple[bool, bool, datetime]:
    """Return the place in the list: urgent ones, then by deadline or age; settled ones last."""
    urgent = bool((case.decision or {}).get("urgent"))
    return (not is_open(case), not urgent, deadline(case) or case.opened)


def _row(case: Case, now: datetime) -> tuple[object, ...]:
    until = deadline(case)
    return (
        case.id,
        state_words(case),
        span_words(now - case.opened),
        f"{until:%Y-%m-%d}" if until else "",
        what_words(case),
        ("urgent: " if (case.decision or {}).get("urgent") else "") + why_words(case),
    )


def show_case(folder: Path | None, name: str, *, as_json: bool) -> None:
    """Print all that is known of one case."""
    desk = Desk(folder)
    case = desk.case(name)
    if as_json:
        stored = json.loads(case_to_json(case))
        print_json({**stored, **summary_of(case, utc_now()), **standing_of(desk, case)})
        return
    _print_head(case)
    _print_mail(desk, case)
    _print_standing(desk, case)
    _print_events(case)
    for step in desk.run.correspond.due(case):
        say(f"  not written yet: {step_words(step)}: an address gets few mails a day, so it waits")
    say()
    print_next(desk, case)


def _print_head(case: Case) -> None:
    until = deadline(case)
    rows = [
        ("case", case.id),
        ("state", state_words(case)),
        ("opened", f"{when_words(case.opened)} UTC"),
        *([("until", f"{when_words(until)} UTC")] if until else []),
        ("asks for", what_words(case)),
        ("proof", proof_words(case)),
        ("why", why_words(case)),
    ]
    print_table(("", "~"), rows)


def _print_mail(desk: Desk, case: Case) -> None:
    """Print the mail and how it is read, as long as the mail bucket has it."""
    if not case.mail:
        return
    found = desk.function.mail.get(case.mail)
    say()
    if found is None:
        say(f"The mail itself is no longer kept ({case.mail}).")
        return
    try:
        read = desk.run.take_in.reader.read(found.content.body, case.receipt)
    except MailUnreadableError as error:
        say(f"The mail ({case.mail}) cannot be shown, since it cannot be read: {error}.")
        return
    message = read.message
    say(f"The mail ({case.mail})")
    say(f"  | From: {printable('; '.join(message.from_values))}")
    say(f"  | Subject: {printable(message.subject)}")
    say("  |")
    print_text(message.text, most=_LINES)
    say()
    say("How it is read")
    rows = notice_rows(read.notice, message.excess)
    print_table(("", "~"), [(f"  {name}", value) for name, value in rows])


def _print_standing(desk: Desk, case: Case) -> None:
    found = list(standings(case))
    if not found:
        return
    say()
    say("What stands of it")
    for order, words in found:
        say(f"  {words}")
        for page in pages([order], desk.configuration.mirror):
            say(f"    {page}")


def _print_events(case: Case) -> None:
    say()
    say("What happened (UTC)")
    rows = [
        (f"  {when_words(entry.at)}", event_words(entry.event, entry.details))
        for entry in case.entries
        if entry.event is not Event.WRITING or _is_stuck(case, str(entry.details["step"]))
    ]
    print_table(("", "~"), rows)


def _is_stuck(case: Case, step: str) -> bool:
    """Tell whether a mail was about to leave, and nothing was heard of it since."""
    ends = (*case.of(Event.WRITTEN), *case.of(Event.UNWRITTEN))
    return all(entry.details["step"] != step for entry in ends)
