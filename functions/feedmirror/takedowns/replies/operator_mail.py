"""Mail to the operator: what needs a person, by when, and the commands that settle it.

In English, as the commands are. A claimant is not named: who may read the mail bucket finds the
mail there.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from feedmirror.characters import printable_line
from feedmirror.configuration import MirrorSettings
from feedmirror.suppression import Ground, Scope
from feedmirror.takedowns.decisions.claims import Standing
from feedmirror.takedowns.notices.notice import Correction
from feedmirror.takedowns.replies.replies import Text
from feedmirror.takedowns.replies.wordings import wrapped

_SHOWN = 25  # pages; the case lists all of them
_LONGEST = 300  # characters of what a mail says
_STANDINGS = {
    Standing.NOBODY: "nothing is proved about the sender",
    Standing.STRANGER: "the sender's domain is proved, and has nothing to do with the content",
    Standing.AUTHOR: "the sender has the mail address that the feed states for the author",
    Standing.CONTACT: "the sender has the mail address that the feed states for itself",
    Standing.HOST: "the sender has a mailbox at the domain of the site",
    Standing.ROLE: "the sender has a mailbox at the domain of the site that only its owners have",
    Standing.PROVEN: "it is proved that the sender speaks for the site",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedFor:
    """One thing that a person is to decide on; ``pages`` are addresses of our own."""

    scope: Scope
    host: str
    pages: tuple[str, ...] = ()
    count: int = 0
    standing: Standing = Standing.NOBODY
    ground: Ground = Ground.PUBLISHER


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorNote:
    """Why a case needs a person.

    ``row`` is the decision table's, ``why`` its words. ``until`` is when a mask lapses or an
    answer is due; ``mail`` is the key of the raw mail, empty where the request came otherwise.
    ``answered`` tells that whoever asked hears how it ends. ``where`` is what commands need beside
    their words, such as ``--local`` with a folder.
    """

    case: str
    row: int
    why: str
    urgent: bool = False
    until: datetime | None = None
    masked: bool = False
    removed: bool = False
    answered: bool = False
    asked: tuple[AskedFor, ...] = ()
    named: tuple[str, ...] = ()  # pages of ours that it names, where nothing can be approved
    corrections: tuple[Correction, ...] = ()
    unclear: tuple[str, ...] = ()
    mail: str = ""
    where: str = ""


def compose_operator_note(note: OperatorNote, *, mirror: MirrorSettings) -> Text:
    """Return the mail that asks the operator to decide on a case."""
    urgency = "Urgent: case" if note.urgent else "Case"
    parts = [
        wrapped(f"Case {note.case} at {printable_line(mirror.name)} waits for a person."),
        _paragraph(_why(note)),
        *_deadline(note),
        *(_asked(each) for each in note.asked),
        *_named(note),
        *(_correction(each) for each in note.corrections),
        *([_paragraph(f"Unclear: {'; '.join(note.unclear)}.")] if note.unclear else []),
        *_mail(note),
        _commands(note),
        wrapped("An answer to this mail decides nothing."),
    ]
    subject = f"{urgency} {note.case} needs a decision ({printable_line(mirror.name)})"
    return Text(subject, "\n\n".join(parts) + "\n")


def _why(note: OperatorNote) -> str:
    if note.why.startswith("row "):  # the table's own words
        return f"Why, by the decision table: {note.why}."
    return f"Why: {note.why} (row {note.row} of the decision table)."


def _deadline(note: OperatorNote) -> Iterable[str]:
    if note.urgent:
        yield wrapped("This is urgent: please decide within one working day.")
    if note.until is not None:
        until = f"{note.until.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        what = (
            "what is out of sight is shown again then" if note.masked else "an answer is due then"
        )
        yield wrapped(f"It waits until {until}; {what}.")


def _asked(asked: AskedFor) -> str:
    pages = "1 page" if asked.count == 1 else f"{asked.count} pages"
    lines = [
        _paragraph(
            f"Asked for: {asked.scope} of {asked.host}, {pages}, on {asked.ground} grounds."
        ),
        wrapped(f"Proof: {_STANDINGS[asked.standing]} ({asked.standing})."),
        *(f"  {printable_line(page)}" for page in asked.pages[:_SHOWN]),
    ]
    rest = max(asked.count, len(asked.pages)) - len(asked.pages[:_SHOWN])
    return "\n".join([*lines, f"  and {rest} more"] if rest and asked.pages else lines)


def _correction(correction: Correction) -> str:
    """Return what to change; it comes from a stranger's mail, so it is quoted and in one line."""
    what = correction.what or "credit"
    old, new = (_quoted(text) for text in (correction.old, correction.new))
    return "\n".join((f"To be corrected: the {what}", f"  now: {old}", f"  new: {new}"))


def _mail(note: OperatorNote) -> Iterable[str]:
    if note.mail:
        yield f"The mail itself, in the mail bucket:\n  {printable_line(note.mail)}"


def _named(note: OperatorNote) -> Iterable[str]:
    if note.named:
        yield "\n".join(["It names:", *(f"  {printable_line(page)}" for page in note.named)])


def _commands(note: OperatorNote) -> str:
    """Return the commands that settle it; what asks for nothing cannot be approved."""
    known = [(f"{name} {note.case}{note.where}", does) for name, does in _able(note)]
    if not note.asked:
        does = "take something down; nothing is asked that could be approved"
        known.insert(1, (f"suppress URL{note.where}", does))
    width = max(len(name) for name, _ in known)
    lines = (f"  feedmirror {name:{width}}  # {does}" for name, does in known)
    return "\n".join(("To look at it and decide:", *lines))


def _able(note: OperatorNote) -> Iterable[tuple[str, str]]:
    yield "case", "all that is known of it"
    if note.asked:
        yield "approve", "do what is asked"
    shown = ", and show again what is out of sight" if note.masked else ""
    told = ", and say so to whoever asked" if note.answered else ""
    yield "refuse", f"do not{shown}{told}"
    if note.removed:
        yield "restore", "put back what is removed"


def _paragraph(text: str) -> str:
    return wrapped(printable_line(text)[: 4 * _LONGEST])


def _quoted(text: str) -> str:
    line = printable_line(text)[:_LONGEST]
    return f'"{line}"' if line else "(not said)"
