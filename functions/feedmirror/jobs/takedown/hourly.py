"""What an hour brings: mails without a case, work that was left, lapses, and the ledger again."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from feedmirror.takedowns.casework.case_orders import settled_orders
from feedmirror.takedowns.casework.cases import Case, Event, State, case_of_mail
from feedmirror.takedowns.decisions.decision import MASKED_FOR, Outcome
from feedmirror.takedowns.senders.receipt import is_setup

if TYPE_CHECKING:
    from feedmirror.jobs.takedown.takedown_run import TakedownRun

_RESERVE = timedelta(seconds=60)
_MOST_TOLD = 10
# While the mirror is paused nobody looks for tokens. Hosts are asked each hour, and most feeds.
_LOOKED_FOR_AFTER_A_PAUSE = timedelta(days=2)
# An event is kept for six hours by Lambda and then tried five times by the work queue, each half an
# hour after the other (the template's numbers).
_LATE = timedelta(hours=9)


@dataclass(slots=True, kw_only=True)
class Hour:
    """What an hourly run did, as its report."""

    cases: int = 0  # carried on
    lapsed: int = 0
    mails: int = 0  # that had no case
    rules: int = 0  # applied again
    repaired: int = 0
    problems: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Hourly:
    """Does what is due, by what carries cases on; one thing's failure costs no other its turn."""

    takedowns: "TakedownRun"

    def run(self, *, time_left: Callable[[], timedelta]) -> Hour:
        """Do all that is due, as far as time allows."""
        done = Hour()
        for step in (self._take_up_mails, self._take_up_cases, self._reapply):
            if time_left() >= _RESERVE:
                step(done, time_left)
        if done.repaired:
            self.takedowns.alarms.alarm(
                "feedmirror: suppressed content was found",
                f"{done.repaired} items that the ledger covers could be read; they are taken down"
                " again. Run feedmirror audit to see whether anything else is wrong.",
            )
        if done.problems:
            self.takedowns.alarms.alarm(
                "feedmirror: cases could not be carried on",
                "They are tried again within the hour. " + "; ".join(done.problems[:_MOST_TOLD]),
            )
        return done

    def _take_up_mails(self, done: Hour, time_left: Callable[[], timedelta]) -> None:
        """Take up mails that no event came for, once no event can come any more."""

        def take_up(ses_id: str) -> None:
            self.takedowns.receive(ses_id, None, time_left=time_left)

        limits, prefix = self.takedowns.limits, self.takedowns.mail_prefix
        known = frozenset(self.takedowns.cases.ids())
        for summary in self.takedowns.mail.list(prefix):
            ses_id = summary.key.removeprefix(prefix)
            if is_setup(ses_id) or case_of_mail(ses_id) in known or time_left() < _RESERVE:
                continue
            if limits.seen_since(case_of_mail(ses_id), self.takedowns.clock()) >= _LATE:
                self._safely(done, ses_id, take_up)
                done.mails += 1

    def _take_up_cases(self, done: Hour, time_left: Callable[[], timedelta]) -> None:
        def take_up(case_id: str) -> None:
            self._take_up(case_id, done, time_left)

        for case_id in self.takedowns.cases.unfinished():
            if time_left() < _RESERVE:
                return
            self._safely(done, case_id, take_up)

    def _take_up(self, case_id: str, done: Hour, time_left: Callable[[], timedelta]) -> None:
        case = self.takedowns.cases.load(case_id)
        if case is None:
            return
        if case.decision is None:
            case = self.takedowns.take_in.run(case.id, case.mail, case.receipt)
        if case.state in {State.MASKED, State.ASKED} and _has_ended(case, self.takedowns.clock()):
            case = self._ended(case)
            done.lapsed += case.state is State.LAPSED
            return
        before = len(case.entries)
        case = self.takedowns.finish(case, time_left=time_left)
        done.cases += len(case.entries) > before

    def _ended(self, case: Case) -> Case:
        """End what nobody proved in time; what a person was asked about waits on for the person."""
        waits = any(order.outcome is Outcome.REVIEW for order in settled_orders(case))
        if case.state is State.ASKED and waits:
            return self.takedowns.cases.add(
                case, Event.HELD, unless=lambda known: known.state is not State.ASKED
            )
        if self.takedowns.paused:
            return case  # a mask would be shown again, and no token was looked for meanwhile
        resumed = self.takedowns.resumed()
        if resumed and self.takedowns.clock() < (until := resumed + _LOOKED_FOR_AFTER_A_PAUSE):
            self.takedowns.carry_on.challenges.extend(case, settled_orders(case), until)
            return case
        return self.takedowns.lapse(case)

    def _reapply(self, done: Hour, time_left: Callable[[], timedelta]) -> None:
        def reapply(_: str) -> None:
            found = self.takedowns.reapply.run(time_left=time_left)
            done.rules, done.repaired = found.rules, found.repaired
            done.problems += found.problems

        self._safely(done, "the ledger", reapply)

    def _safely(self, done: Hour, what: str, act: Callable[[str], object]) -> None:
        """Let one case's failure cost no other's turn."""
        try:
            act(what)
        except Exception as error:  # noqa: BLE001 -- whatever it is, it comes again next hour
            done.problems.append(f"{what}: {type(error).__name__}: {error}")


def _has_ended(case: Case, now: datetime) -> bool:
    """Tell whether the time to prove has run out for all that a case still waits for."""
    waiting = [order for order in settled_orders(case) if order.proving or order.until]
    ends = [order.until or case.opened + MASKED_FOR for order in waiting]
    return bool(ends) and max(ends) <= now
