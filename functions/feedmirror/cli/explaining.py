"""How a mail was understood, for a person who asks why: what it says, who sent it, what is held."""

from collections.abc import Iterator, Sequence

from feedmirror.characters import printable
from feedmirror.cli.output import print_table, say
from feedmirror.configuration import MirrorSettings
from feedmirror.jobs.takedown.take_in import Considered
from feedmirror.takedowns.decisions.claims import Claim, Standing
from feedmirror.takedowns.decisions.decision import Situation
from feedmirror.takedowns.decisions.decision_table import row_words
from feedmirror.takedowns.mails.message import Part
from feedmirror.takedowns.notices.notice import Future, Notice, Target
from feedmirror.takedowns.senders.sender import Sender

_SHOWN = 10  # of what it names, of what is held
_FUTURES = {
    Future.ASKED: "now and in the future",
    Future.REFUSED: "only what is there now",
    Future.UNSAID: "not said: it counts for the future too",
}
_STANDINGS = {
    Standing.NOBODY: "nothing is proved about the sender",
    Standing.STRANGER: "the sender has nothing to do with the content",
    Standing.AUTHOR: "the feed states the sender's address as the author's",
    Standing.CONTACT: "the feed states the sender's address as its own",
    Standing.HOST: "the sender has a mailbox at the domain of the site",
    Standing.ROLE: "the sender has a mailbox at the site that only its owners have",
    Standing.PROVEN: "it is proved that the sender speaks for the site",
}
_AND = "; row "  # between the rows of a decision's words
Row = tuple[str, str]


def explain(considered: Considered, mirror: MirrorSettings, *, vouched: bool) -> None:
    """Print what a mail was taken for, and which rows of the decision table decide."""
    situation = considered.situation
    parts = {
        "How the mail is read": notice_rows(situation.notice, situation.message.excess),
        "Who sent it": _sender(situation.sender, vouched=vouched),
        "What is held of it": _held(situation, mirror),
        "What decides": _decides(considered),
    }
    for number, (title, rows) in enumerate(parts.items()):
        if number:
            say()
        say(title)
        print_table(("", "~"), [(f"  {name}", value) for name, value in rows])


def notice_rows(notice: Notice, excess: Sequence[str]) -> list[Row]:
    """Return what a mail asks for, as far as its words tell, and which ``excess`` kept them."""
    rows = [("too large", f"its {each}") for each in excess]
    rows += [
        ("kind", f"{notice.kind}{f' ({notice.urgent})' if notice.urgent else ''}"),
        ("scope", str(notice.scope or "not said")),
        ("future", _FUTURES[notice.future]),
        ("ground", f"{notice.ground}{', as a formal notice' if notice.formal else ''}"),
        ("language", notice.language),
    ]
    names = [_named(target) for target in notice.targets]
    rows += [("names", name) for name in names[:_SHOWN]] or [("names", "nothing")]
    if len(names) > _SHOWN:
        rows.append(("", f"and {len(names) - _SHOWN} more"))
    if notice.mine:
        rows.append(("", "everything of the sender's own"))
    if notice.correction:
        change = notice.correction
        rows.append(("corrects", printable(f"{change.what}: {change.old} → {change.new}")))
    return rows + [("unclear", each) for each in notice.unclear]


def _named(target: Target) -> str:
    where = "" if target.part == Part.NEW else f" ({target.part})"
    return f"{target.kind} {printable(target.value)}{where}"


def _sender(sender: Sender, *, vouched: bool) -> Iterator[Row]:
    yield "from", printable(sender.address) or "nobody that could be read"
    if vouched:
        yield "proof", "you vouch for it (--proven-as)"
    elif sender.proved:
        yield "proof", f"the domain is proved by {sender.proof.upper()}"
    else:
        yield "proof", f"none: {sender.why}"
    if sender.shared:
        yield "", "its domain gives mailboxes to anybody"
    if sender.role:
        yield "", "a mailbox that only the owners of a domain have"


def _held(situation: Situation, mirror: MirrorSettings) -> Iterator[Row]:
    if not situation.claims:
        yield "nothing", "it names nothing that could be looked up"
    for claim in situation.claims:
        yield str(claim.scope), f"{claim.host or 'no host'}: {_count(claim)}"
        for held in claim.items[:_SHOWN]:
            state = " (gone)" if held.gone else " (out of sight)" if held.masked_by else ""
            yield "", f"{mirror.site}/{held.host}/{held.id}/{state}"
        if claim.count > _SHOWN:
            yield "", f"and {claim.count - _SHOWN} more"


def _count(claim: Claim) -> str:
    return "1 item" if claim.count == 1 else f"{claim.count or 'no'} items"


def _decides(considered: Considered) -> Iterator[Row]:
    steps = considered.plan.steps
    for number in dict.fromkeys(step.row for step in steps):
        yield f"row {number}", row_words(number)
    for standing in dict.fromkeys(step.standing for step in steps if step.claim is not None):
        yield str(standing), _STANDINGS[standing]
    if len(considered.plan.why.split(_AND)) > len({step.row for step in steps}):
        yield "in all", considered.plan.why
