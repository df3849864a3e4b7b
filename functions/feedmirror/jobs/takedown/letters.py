"""The mails that a case calls for, as it now stands: to whom, about what, and in which step."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from feedmirror.configuration import MirrorSettings
from feedmirror.jobs.takedown.answers import Answers
from feedmirror.jobs.takedown.find_claims import FindClaims, Place
from feedmirror.layout import ItemId
from feedmirror.ports.object_store import ObjectStore
from feedmirror.takedowns.casework.case_orders import settled_orders
from feedmirror.takedowns.casework.cases import Case, Event, State
from feedmirror.takedowns.casework.orders import Order
from feedmirror.takedowns.decisions.decision import Outcome, Proving, Say
from feedmirror.takedowns.mails.message import Message
from feedmirror.takedowns.notices.notice import Kind, Notice
from feedmirror.takedowns.reading.understood import (
    UNREAD,
    MailReader,
    MailUnreadableError,
    Understood,
)
from feedmirror.takedowns.replies.operator_mail import AskedFor, OperatorNote, compose_operator_note
from feedmirror.takedowns.replies.replies import (
    Concern,
    Ending,
    Text,
    compose_answer,
    compose_outcome,
    compose_question,
    compose_warning,
)
from feedmirror.takedowns.replies.reply_mail import Thread
from feedmirror.takedowns.senders.receipt import mailbox_key

_UNREADABLE = "the mail that it answers cannot be read any more"
_NAMED = 25  # pages in a note to the operator
_COUNTERED_FOR = 10  # business days: back in not under 10 nor over 14


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail to be sent: its step in the case, and whether the day's limits count it."""

    step: str
    recipient: str
    text: Callable[[], Text]
    thread: Thread
    counted: bool = False
    asks: bool = False  # nothing can be proved without it
    obstacle: str = ""  # why it can never leave


@dataclass(frozen=True, slots=True)
class _Claimant:
    """Whoever asked: the case, the mail that opened it, and the address in its ``From``."""

    case: Case
    message: Message
    address: str

    def thread(self, nonce: str = "") -> Thread:
        """Return what an answer to the mail belongs to."""
        return Thread(
            case=self.case.id,
            nonce=nonce,
            in_reply_to=f"<{self.message.message_id}>",
            references=tuple(f"<{each}>" for each in self.message.references),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Letters:
    """Finds out which mails a case calls for."""

    mail: ObjectStore
    find: FindClaims
    answers: Answers
    reader: MailReader
    mirror: MirrorSettings
    where: str = ""  # what an operator's commands need beside their words

    def of(self, case: Case) -> Iterator[Letter]:
        """Yield the mails that are to leave, or have; none before there is a decision."""
        if case.decision is None or case.state is State.RECEIVED:
            return
        yield from self._to_contacts(case)
        yield from self._to_claimant(case)
        yield from self._to_operator(case)

    # To stored contacts, whom the table asks or tells.

    def _to_contacts(self, case: Case) -> Iterator[Letter]:
        requester = str((case.decision or {}).get("requester", ""))
        for order in settled_orders(case):
            asked = order.asks if Proving.REPLY in order.proving else ""
            if case.state in {State.ASKED, State.MASKED, State.WAITING}:
                if asked and asked != requester and order.outcome is Outcome.CHALLENGE:
                    yield from self._contact(case, order, asked, question=True)
                elif order.outcome is Outcome.MASK:
                    for told in order.tells:
                        yield from self._contact(case, order, told, question=False)

    def _contact(
        self, case: Case, order: Order, mailbox: str, *, question: bool
    ) -> Iterator[Letter]:
        step = f"contact-{order.number}-{mailbox[:8]}"
        if step in done(case):
            return
        places = order.places or tuple(self._sample(order))
        address = self.find.mailboxes(places).get(mailbox)
        if address is None:
            return
        concern = Concern(
            case=case.id,
            host=order.host,
            pages=order.count,
            first=self.answers.pages(places),
            until=order.until.date() if order.until else None,
        )
        compose = compose_question if question else compose_warning
        yield Letter(
            step=step,
            recipient=address,
            text=lambda: compose(concern, mirror=self.mirror),
            thread=Thread(
                case=case.id, nonce=order.nonce if order.asks == mailbox else "", unasked=True
            ),
            counted=True,
            asks=True,
        )

    def _sample(self, order: Order) -> list[Place]:
        keys = frozenset[str]().union(*(rule.keys for rule in order.rules))
        return self.find.sample(order.scope, order.host, keys)

    # To whoever asked.

    def _to_claimant(self, case: Case) -> Iterator[Letter]:
        due = [step for step in _due_to_claimant(case) if step not in done(case)]
        if not due:
            return
        try:
            read = self._read(case)
        except MailUnreadableError:  # it could be read when it was decided, so it is not tried on
            yield from (_unwritable(case, step) for step in due)
            return
        claimant = _Claimant(case, read.message, read.address)
        for step in due if claimant.address else ():
            ending = _ending(case)
            if step == "outcome" and ending is not None:
                yield self._outcome(claimant, ending)
            else:
                yield self._reply(claimant, step)

    def _reply(self, claimant: "_Claimant", step: str) -> Letter:
        case, decision = claimant.case, claimant.case.decision or {}
        says = (Say.DONE,) if step == "result" else tuple(map(Say, decision["says"]))
        own = mailbox_key(claimant.address)
        nonces = [o.nonce for o in settled_orders(case) if o.nonce and o.asks == own]
        return Letter(
            step=step,
            recipient=claimant.address,
            text=lambda: compose_answer(self.answers.answer(case, says), mirror=self.mirror),
            thread=claimant.thread(nonces[0] if nonces else ""),
            # What took something down, or answers a question of ours, cannot run in circles.
            asks=Say.PROVE in says and any(o.proving for o in settled_orders(case)),
            counted=not {Say.DONE, Say.RESTORED} & set(says) and not decision.get("finishes"),
        )

    def _outcome(self, claimant: "_Claimant", ending: Ending) -> Letter:
        case = claimant.case
        wanted = Outcome.REMOVE if ending is Ending.CONFIRMED else Outcome.MASK
        orders = [order for order in settled_orders(case) if order.outcome is wanted]
        places = list(dict.fromkeys(place for order in orders for place in order.places))
        shown = [int(e.details.get("shown", 0)) for e in case.of(Event.UNDONE)]
        concern = Concern(
            case=case.id,
            language=str((case.decision or {}).get("language", "en")),
            host=next((o.host for o in settled_orders(case) if o.host), ""),
            pages=len(places) or max(shown, default=0),
            first=self.answers.pages(places),
        )
        return Letter(
            step="outcome",
            recipient=claimant.address,
            text=lambda: compose_outcome(ending, concern, mirror=self.mirror),
            thread=claimant.thread(),
        )

    # To the operator, where a person is needed.

    def _to_operator(self, case: Case) -> Iterator[Letter]:
        decision = case.decision or {}
        reviews = [o for o in settled_orders(case) if o.outcome is Outcome.REVIEW]
        beside = Outcome.REVIEW in {Outcome(name) for name in decision.get("beside", ())}
        bounced = any(True for _ in case.of(Event.BOUNCED))
        wanted = reviews or beside or bounced or decision.get("urgent")
        if not wanted or "operator" in done(case):
            return
        asked = tuple(
            AskedFor(
                scope=order.scope,
                host=order.host,
                pages=self.answers.pages(order.places, most=_NAMED),
                count=order.count,
                standing=order.standing,
                ground=order.ground,
            )
            for order in reviews
            if order.host
        )
        asks = self._asks(case)
        outcomes = {o.outcome for o in settled_orders(case)}
        note = OperatorNote(
            case=case.id,
            row=int(decision.get("row", 0)),
            why="a question of ours did not arrive" if bounced else str(decision.get("why", "")),
            urgent=bool(decision.get("urgent")),
            until=_deadline(case),
            masked=Outcome.MASK in outcomes,
            removed=Outcome.REMOVE in outcomes,
            answered=bool(decision.get("says")) and bool(case.mail),
            asked=asked,
            named=() if asked else self.answers.pages(_named(case), most=_NAMED),
            corrections=(asks.correction,) if asks.correction else (),
            unclear=asks.unclear,
            mail=case.mail,
            where=self.where,
        )
        yield Letter(
            step="operator",
            recipient=self.mirror.operator,
            text=lambda: compose_operator_note(note, mirror=self.mirror),
            thread=Thread(case=case.id, unasked=True),
        )

    def _asks(self, case: Case) -> Notice:
        """Return what a mail's own words ask for; nothing where they broke whoever read them."""
        if (case.decision or {}).get("unread"):
            return Notice()
        try:
            return self._read(case).in_words
        except MailUnreadableError:
            return Notice()

    def _read(self, case: Case) -> Understood:
        found = self.mail.get(case.mail)
        return self.reader.read(found.content.body, None) if found else UNREAD


def _unwritable(case: Case, step: str) -> Letter:
    """Return the answer that nobody gets, since nobody can tell any more to whom it goes."""
    return Letter(
        step=step,
        recipient="",
        text=lambda: Text(subject="", body=""),
        thread=Thread(case=case.id),
        obstacle=_UNREADABLE,
    )


def steps(case: Case, *events: Event) -> frozenset[str]:
    """Return the steps of a case's mails of which some events tell."""
    return frozenset(str(e.details["step"]) for e in case.entries if e.event in events)


def done(case: Case) -> frozenset[str]:
    """Return the steps whose mails have left, or never will."""
    return steps(case, Event.WRITTEN, Event.UNWRITTEN)


def _due_to_claimant(case: Case) -> Iterator[str]:
    """Yield the steps in which whoever asked is to be written to, so far."""
    if not (case.decision or {}).get("says") or not case.mail:
        return
    settled = any(True for _ in (*case.of(Event.PROVED), *case.of(Event.APPROVED)))
    ended = _ending(case) is not None  # an answer would speak of what is not so any more
    if not (settled or ended) or "answer" in steps(case, Event.WRITING):
        yield "answer"
    if _ending(case) is not None:
        yield "outcome"
    elif settled and case.state is State.REMOVED and not _is_told(case):
        yield "result"


def _named(case: Case) -> list[Place]:
    named = (case.decision or {}).get("named", ())
    return [(host, ItemId(item)) for host, item in named]


def _deadline(case: Case) -> datetime | None:
    """Return when a mask lapses, or when what was countered is due back (17 USC 512(g)(2)(C))."""
    masks = [o.until for o in settled_orders(case) if o.outcome is Outcome.MASK and o.until]
    if masks:
        return min(masks)
    countered = (case.decision or {}).get("kind") == Kind.COUNTER_NOTICE
    return business_days_after(case.opened, _COUNTERED_FOR) if countered else None


def business_days_after(day: datetime, days: int) -> datetime:
    """Return the moment some business days later; holidays differ and are not counted."""
    weeks, rest = divmod(days, 5)
    later = day + timedelta(weeks=weeks)
    for _ in range(rest):
        later += timedelta(days={4: 3, 5: 2}.get(later.weekday(), 1))
    return later


def _is_confirmed(case: Case) -> bool:
    """Tell whether a stored contact has made a stranger's mask a removal."""
    requester = (case.decision or {}).get("requester")
    return any(e.details.get("by_whom", requester) != requester for e in case.of(Event.PROVED))


def _is_told(case: Case) -> bool:
    """Tell whether whoever asked proved it by a mail, whose answer has told the outcome."""
    requester = (case.decision or {}).get("requester")
    proofs = (e.details for e in case.of(Event.PROVED))
    return any((e.get("way"), e.get("by_whom")) == ("reply", requester) for e in proofs)


def _ending(case: Case) -> Ending | None:
    match case.state:
        case State.LAPSED:
            return Ending.LAPSED
        case State.REFUSED:
            return Ending.REFUSED
        case State.REMOVED if _is_confirmed(case):
            return Ending.CONFIRMED
        case State.RESTORED if any(e.details.get("countered") for e in case.of(Event.RESTORED)):
            return Ending.COUNTERED
        case _:
            return None
