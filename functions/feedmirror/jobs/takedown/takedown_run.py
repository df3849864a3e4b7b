"""The takedown function's work: a mail, a task of the work queue, or what the hour brings."""

import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from feedmirror.jobs.takedown.carry_on import BY_A_PERSON, CarryOn
from feedmirror.jobs.takedown.case_book import CaseBook
from feedmirror.jobs.takedown.correspond import Correspond
from feedmirror.jobs.takedown.limits import Limits
from feedmirror.jobs.takedown.reapply import Reapply
from feedmirror.jobs.takedown.take_in import TakeIn
from feedmirror.ports.aftermath import Alarms, WorkQueue
from feedmirror.ports.object_store import ObjectStore
from feedmirror.takedowns.casework.case_orders import (
    acts,
    is_done,
    is_to_be_undone,
    is_withdrawal,
    settled_numbers,
    settled_orders,
)
from feedmirror.takedowns.casework.cases import (
    TRANSITIONS,
    Case,
    Event,
    State,
    case_of_mail,
)
from feedmirror.takedowns.decisions.claims import Standing
from feedmirror.takedowns.decisions.decision import Outcome
from feedmirror.takedowns.senders.receipt import Receipt, is_setup

if TYPE_CHECKING:
    from feedmirror.jobs.takedown.hourly import Hour


class TaskUnreadableError(Exception):
    """A message of the work queue that is none of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakedownRun:
    """Carries cases from their mail to their end.

    While the mirror is ``paused``, whatever takes down goes on; what would show something again
    waits, unless a person decides it. ``resumed`` tells when that last ended.
    """

    cases: CaseBook
    take_in: TakeIn
    carry_on: CarryOn
    correspond: Correspond
    limits: Limits
    reapply: Reapply
    mail: ObjectStore
    mail_prefix: str
    queue: WorkQueue | None
    alarms: Alarms
    clock: Callable[[], datetime]
    resumed: Callable[[], datetime | None]
    paused: bool = False

    def receive(
        self,
        ses_id: str,
        receipt: Receipt | None,
        *,
        time_left: Callable[[], timedelta],
        proven_as: str = "",
    ) -> Case | None:
        """Take one mail to its end, or as far as time allows; None for SES's setup notice.

        ``proven_as`` is the address that an operator vouches for, where there is no receipt.
        Raises MailMissingError, DnsUnavailableError, ReaderUnavailableError, MailUnavailableError
        and StoreUnavailableError: the same event has to come again, and ends in the same place.
        """
        if is_setup(ses_id):
            return None
        key = self.mail_prefix + ses_id
        case = self.take_in.run(case_of_mail(ses_id), key, receipt, proven_as=proven_as)
        self._note_bounce(case)
        return self.finish(case, time_left=time_left)

    def finish(self, case: Case, *, time_left: Callable[[], timedelta]) -> Case:
        """Carry a decided case on, and write what it calls for."""
        if not self._finish_other(case, time_left=time_left):
            return case
        case = self.carry_on.run(case, time_left=time_left)
        if case.state is State.RECEIVED:
            self._hand_on(case, work=case)
            return case
        case, waits = self._allow(case)
        if waits or self.carry_on.waits(case):
            return case  # nobody is told of it, nor is it closed, before it is so
        for order in settled_orders(case):
            restored = self.cases.load(order.restores) if order.restores else None
            if restored is not None:
                self._close(restored)
        return self._close_ended(case)

    def do(self, task: Mapping[str, Any], *, time_left: Callable[[], timedelta]) -> Case | None:
        """Do one task of the work queue; raises TaskUnreadableError for what is none of ours.

        None is a publisher's mark that nothing is held of, or that nothing was taken down by.
        """
        if task.get("kind") == "withdrawal":
            return self._withdrawals(task, time_left=time_left)
        case = self.cases.load(str(task.get("case", "")))
        if task.get("kind") not in {"case", "proof"} or case is None:
            raise TaskUnreadableError(
                f"a task is a case, a proof of one or a withdrawal, not {task!r:.200}"
            )
        if task["kind"] == "proof":
            return self._prove(case, task, time_left=time_left)
        return self.finish(case, time_left=time_left)

    def hour(self, *, time_left: Callable[[], timedelta]) -> "Hour":
        """Do what is due: lapses, work that was left, mails without a case, the ledger again."""
        from feedmirror.jobs.takedown.hourly import Hourly  # noqa: PLC0415 -- no mail's

        return Hourly(self).run(time_left=time_left)

    def lapse(self, case: Case) -> Case:
        """End a case that nobody proved in time."""
        return self._end(case, Event.LAPSED)

    # What a person decides.

    def approve(self, case: Case, *, time_left: Callable[[], timedelta]) -> Case:
        """Do all that a case asks for."""
        numbers = [o.number for o in settled_orders(case) if o.outcome is not Outcome.RESTORE]
        self.cases.reopen(case)  # first: whatever dies after it is taken up within the hour
        case = self._settle(case, Event.APPROVED, orders=numbers, by=BY_A_PERSON)
        return self.finish(case, time_left=time_left)

    def refuse(self, case: Case) -> Case:
        """Refuse what a case asks for, and put back what it masks."""
        return self._end(case, Event.REFUSED)

    def restore(self, case: Case) -> int:
        """Put back all that a case took down; return how many items are shown again."""
        self.cases.reopen(case)
        shown = self.carry_on.end(case, Event.RESTORED, by=BY_A_PERSON)
        self.cases.close(self.cases.load(case.id) or case)
        return shown

    def _settle(self, case: Case, event: Event, **details: Any) -> Case:  # noqa: ANN401 -- JSON
        """Note a proof or an approval, once, unless the case has ended meanwhile."""
        orders = frozenset(details["orders"])
        return self.cases.add(
            case,
            event,
            unless=lambda known: (
                (known.state, event) not in TRANSITIONS
                or (bool(orders) and orders <= settled_numbers(known))
            ),
            **details,
        )

    def _end(self, case: Case, event: Event) -> Case:
        """End a case that came to nothing: what it masks comes back."""
        self.carry_on.end(case, event, by=case.id)
        return self._close_ended(self.cases.load(case.id) or case)

    def _close_ended(self, case: Case) -> Case:
        """Do what follows the end of a case, all of it again if somebody died over it."""
        requester = str((case.decision or {}).get("requester", ""))
        asked = State.REFUSED is case.state or not case.decision or _was_asked(case)
        asked = asked and not settled_numbers(case)
        if requester and asked and case.state in {State.LAPSED, State.REFUSED}:
            self.limits.discredit(requester, case.id)
        return self._close(case)

    def _close(self, case: Case) -> Case:
        """Write what an ended case calls for, and close it, unless it was ended meanwhile.

        Whoever ended it may have died before it was undone, or before its mails were sent, which
        the hour then does.
        """
        was, case = case.state, self.correspond.run(case)
        if case.state is was and not is_to_be_undone(case):
            self.cases.close(case)
        return case

    def _finish_other(self, case: Case, *, time_left: Callable[[], timedelta]) -> bool:
        """Finish the case that this one proves; returns False if that takes another call."""
        decision = case.decision or {}
        other = self.cases.load(decision["finishes"]) if decision.get("finishes") else None
        if other is None or case.state is not State.RECEIVED:
            return True
        other = self._settle(
            other,
            Event.PROVED,
            way="reply",
            orders=decision["finished"],
            by=case.id,
            by_whom=decision.get("requester", ""),
        )
        other = self.finish(other, time_left=time_left)
        if other.state is State.RECEIVED:
            self._hand_on(case, work=other)
            return False
        return True

    def _withdrawals(
        self, task: Mapping[str, Any], *, time_left: Callable[[], timedelta]
    ) -> Case | None:
        from feedmirror.jobs.findings import FindingUnreadableError  # noqa: PLC0415 -- no mail's
        from feedmirror.jobs.takedown.withdrawals import Withdrawals  # noqa: PLC0415 -- the same

        withdrawals = Withdrawals(
            cases=self.cases,
            find=self.take_in.find,
            limits=self.limits,
            finish=self.finish,
            clock=self.clock,
        )
        try:
            return withdrawals.do(task, time_left=time_left)
        except FindingUnreadableError as error:
            raise TaskUnreadableError(str(error)) from error

    def _allow(self, case: Case) -> tuple[Case, bool]:
        """Show again what a publisher allows; return the case, and whether that has to wait."""
        if not is_withdrawal(case):
            return case, False
        allowed = self.carry_on.allow(case)
        return self.cases.load(case.id) or case, not allowed

    def _prove(
        self, case: Case, task: Mapping[str, Any], *, time_left: Callable[[], timedelta]
    ) -> Case:
        """Believe a finding of the mirror's only as far as the case's own orders ask for it."""
        token, way = str(task.get("token", "")), task.get("way")
        proved = [
            order.number
            for order in settled_orders(case)
            if order.token
            and hmac.compare_digest(order.token.encode(), token.encode())
            and way in order.proving
            and order.host == task.get("host")
        ]
        if proved:
            case = self._settle(
                case, Event.PROVED, way=way, orders=proved, by_whom=_prover(case, proved)
            )
        return self.finish(case, time_left=time_left)

    def _note_bounce(self, case: Case) -> None:
        """Note in the case of a mail of ours that it did not arrive, and ask a person instead."""
        bounced = (case.decision or {}).get("bounced")
        other = self.cases.load(bounced) if bounced else None
        if other is None:
            return
        other = self.cases.add(
            other,
            Event.BOUNCED,
            unless=lambda known: any(
                e.details.get("by") == case.id for e in known.of(Event.BOUNCED)
            ),
            by=case.id,
        )
        if other.state is State.ASKED:
            other = self.cases.add(
                other, Event.HELD, unless=lambda known: known.state is not State.ASKED
            )
        self.correspond.run(other)

    def _hand_on(self, case: Case, *, work: Case) -> None:
        """Hand on a case whose work is not done, its own or that of the case that it proves.

        What waits for the mirror to resume would only go round in the queue: the hour takes it up.
        """
        if self.queue is not None and not (self.paused and _only_shows(work)):
            self.queue.send({"kind": "case", "case": case.id})


def _only_shows(case: Case) -> bool:
    """Tell whether all that is left to do for a case is to show something again."""
    left = [o for o in settled_orders(case) if acts(o) and not is_done(case, o)]
    return bool(left) and all(order.outcome is Outcome.RESTORE for order in left)


def _was_asked(case: Case) -> bool:
    """Tell whether whoever asked was told how to prove it: else a lapse says nothing of him."""
    return any(e.details["step"] == "answer" for e in case.of(Event.WRITTEN))


def _prover(case: Case, proved: Sequence[int]) -> str:
    """Return whose proof a token is: the requester's, unless a stranger asked."""
    stood = {o.standing for o in settled_orders(case) if o.number in proved}
    requester = str((case.decision or {}).get("requester", ""))
    return "host" if stood & {Standing.NOBODY, Standing.STRANGER} else requester
