"""What became of a case: as a table for people, as JSON for programs, and what may come next."""

from datetime import datetime
from typing import Any

from feedmirror.adapters.clock import utc_now
from feedmirror.cli.case_standing import possible, standings
from feedmirror.cli.case_words import (
    deadline,
    pages,
    proof_words,
    state_words,
    step_words,
    taken,
    taken_words,
    what_words,
    why_words,
)
from feedmirror.cli.desk import Desk
from feedmirror.cli.output import print_table, say
from feedmirror.takedowns.casework.cases import Case, Event


def print_outcome(desk: Desk, case: Case) -> None:
    """Print what became of a case: its state, what was done, what was written, what is next."""
    rows = [("case", case.id), ("state", state_words(case)), ("why", why_words(case))]
    rows.append(("proof", proof_words(case)))
    for order, words in standings(case):
        rows.append(("", words))
        rows += [("", f"  {page}") for page in pages([order], desk.configuration.mirror)]
    rows.append(("so far", taken_words(case)))
    rows.append(("written", ", ".join(written(case)) or "no mail"))
    print_table(("", "~"), rows)
    print_mails(desk, case)
    print_next(desk, case)


def print_mails(desk: Desk, case: Case, *, before: Case | None = None) -> None:
    """Say what was written since a case stood as before, and where a machine keeps it."""
    known = len(list(before.of(Event.WRITTEN))) if before else 0
    sent = list(case.of(Event.WRITTEN))[known:]
    if before is not None and sent:
        say(f"Written: {', '.join(written(case)[known:])}.")
    if desk.folder is not None and sent:
        say("Kept on this machine, and sent to nobody:")
        for entry in sent:
            name = entry.details["ses_id"]
            say(f"  {desk.command(f'outbox {name}')}")


def print_next(desk: Desk, case: Case) -> None:
    """Print the commands that a case's state allows, ready to paste, and what each does."""
    for name, does in possible(case).items():
        say(f"  {desk.command(f'{name} {case.id}')}")
        say(f"    {does}")


def summary_of(case: Case, now: datetime) -> dict[str, Any]:
    """Return a case in short, as a list for programs has it."""
    until = deadline(case)
    return {
        "case": case.id,
        "state": case.state,
        "state_words": state_words(case),
        "opened": case.opened.isoformat(),
        "age_seconds": int((now - case.opened).total_seconds()),
        "until": until.isoformat() if until else None,
        "urgent": bool((case.decision or {}).get("urgent")),
        "what": what_words(case),
        "why": why_words(case),
    }


def outcome_of(desk: Desk, case: Case) -> dict[str, Any]:
    """Return what became of a case, as programs read it."""
    return {
        **summary_of(case, utc_now()),
        **standing_of(desk, case),
        "proof": proof_words(case),
        "taken_down": taken(case),
        "written": written(case),
    }


def standing_of(desk: Desk, case: Case) -> dict[str, Any]:
    """Return what stands of a case and what may come next, as programs read it."""
    mirror = desk.configuration.mirror
    return {
        "stands": [
            {"words": words, "pages": list(pages([order], mirror))}
            for order, words in standings(case)
        ],
        "next": [
            {"command": desk.command(f"{name} {case.id}"), "does": does}
            for name, does in possible(case).items()
        ],
    }


def written(case: Case) -> list[str]:
    """Return which mails of ours have left, in words."""
    return [step_words(str(entry.details["step"])) for entry in case.of(Event.WRITTEN)]
