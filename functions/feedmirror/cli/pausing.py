"""``feedmirror pause`` and ``resume``: the kill switch, and what it means in words."""

from pathlib import Path

from feedmirror.adapters.clock import utc_now
from feedmirror.characters import printable
from feedmirror.cli.case_words import when_words
from feedmirror.cli.desk import Desk
from feedmirror.cli.output import say
from feedmirror.jobs.pausing import Pause, Switch

_MEANS = (
    "Nothing is polled or published until then, and nothing that a case hides comes back by"
    " itself.\nTakedowns go on. A run that is under way ends by itself, within {most} at most."
)


def pause_mirror(folder: Path | None, *, note: str) -> None:
    """Throw the switch, and say what it means; one that is thrown already is left as it is."""
    desk, now = Desk(folder), utc_now()
    found = Switch(desk.function.stores.archive).pause(since=now, note=note)
    if found.since == now:
        say(f"Paused. {desk.command('resume')} ends it.")
        say(_MEANS.format(most="five minutes" if folder is None else "15 minutes"))
    else:
        say(f"It is paused already, {pause_words(found)}.")


def resume_mirror(folder: Path | None) -> None:
    """Take the switch back."""
    desk = Desk(folder)
    found = Switch(desk.function.stores.archive).resume(at=utc_now())
    if found is None:
        say("It was not paused: the mirror runs.")
        return
    say(f"Resumed; it was paused {pause_words(found)}.")
    say("The next run polls what is due." if folder is None else _next(desk))


def _next(desk: Desk) -> str:
    return f"The next run polls what is due: {desk.command('mirror')}"


def pause_words(pause: Pause) -> str:
    """Return since when a mirror is paused, and why, if it is known."""
    since = (
        f"since {when_words(pause.since)} UTC" if pause.since else "since a time that nobody noted"
    )
    return f"{since} ({printable(pause.note)})" if pause.note else since
