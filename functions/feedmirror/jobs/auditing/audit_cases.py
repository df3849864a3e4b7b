"""The audit of cases and mails: every mail is a case, and every case has an outcome in time."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.parser import BytesHeaderParser
from email.utils import parsedate_to_datetime

from feedmirror.jobs.auditing.audit_report import Finding, Kind, Note, Tally
from feedmirror.jobs.auditing.audit_standing import OVERDUE
from feedmirror.jobs.batches import batches
from feedmirror.jobs.takedown.case_book import CaseBook
from feedmirror.layout import case_key, closed_key
from feedmirror.ports.object_store import ObjectStore
from feedmirror.ports.workers import Workers
from feedmirror.suppression import RuleUnreadableError
from feedmirror.takedowns.casework.case_orders import settled_orders
from feedmirror.takedowns.casework.cases import (
    OPEN,
    Case,
    CaseUnreadableError,
    State,
    case_of_mail,
)
from feedmirror.takedowns.decisions.decision import MASKED_FOR
from feedmirror.takedowns.senders.receipt import is_setup

_HEADERS = 64 * 1024  # bytes of a mail that may hold its date


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditCases:
    """Looks at every case, and whether every mail has one."""

    cases: CaseBook
    ledger: ObjectStore
    mail: ObjectStore
    mail_prefix: str
    workers: Workers
    clock: Callable[[], datetime]

    def run(self, tally: Tally) -> None:
        """Check all cases and all mails."""
        for batch in batches(self.cases.ids()):
            tally.look("cases", len(batch))
            found = self.workers.map(self._late, batch)
            for case, late in zip(batch, found, strict=True):
                if late is not None:
                    kind, words = late
                    tally.find(Finding(kind, f"ledger {case_key(case)}", words))
        for mails in batches(self.mail.list(self.mail_prefix)):
            ids = [summary.key.removeprefix(self.mail_prefix) for summary in mails]
            tally.look("mails", len(ids))
            lost = zip(ids, self.workers.map(self._has_case, ids), strict=True)
            for ses_id in (ses_id for ses_id, has_case in lost if not has_case):
                self._report_mail(ses_id, tally)

    def _late(self, case_id: str) -> tuple[Kind, str] | None:
        """Return what is wrong with a case, if anything is."""
        try:
            case = self.cases.load(case_id)
            if case is None:
                return None
            late = _overdue(case, self.clock())
        except (CaseUnreadableError, RuleUnreadableError, ValueError, KeyError, TypeError) as error:
            return Kind.UNREADABLE, f"{error}"
        mark = self.ledger.head(closed_key(case_id)) if not late and case.state in OPEN else None
        if mark is not None and mark.size:  # an empty one has been taken off
            late = "and is marked as closed, so nobody takes it up"
        return (Kind.CASE_WITHOUT_OUTCOME, f"it is {case.state} {late}") if late else None

    def _has_case(self, ses_id: str) -> bool:
        return is_setup(ses_id) or self.ledger.head(case_key(case_of_mail(ses_id))) is not None

    def _report_mail(self, ses_id: str, tally: Tally) -> None:
        key = self.mail_prefix + ses_id
        if self.clock() - self._arrived(key) < OVERDUE:
            tally.note(Note.NEW_MAIL)
        else:
            tally.find(Finding(Kind.MAIL_WITHOUT_CASE, f"mail {key}", "for more than a day"))

    def _arrived(self, key: str) -> datetime:
        """Return when a mail came, as its headers say; without a date it is taken for an old one.

        The first ``Received`` is the last server's, which is SES (RFC 5321 §4.4).
        """
        found = self.mail.get(key)
        head = found.content.body[:_HEADERS] if found else b""
        headers = BytesHeaderParser().parsebytes(head)
        stated = str(headers["Received"] or "").rpartition(";")[2] or str(headers["Date"] or "")
        try:
            arrived = parsedate_to_datetime(stated)
        except (ValueError, TypeError, OverflowError, IndexError):
            return datetime(1970, 1, 1, tzinfo=UTC)
        return arrived if arrived.tzinfo else arrived.replace(tzinfo=UTC)


def _overdue(case: Case, now: datetime) -> str:
    """Return since when a case waits for what the hour should have brought, or nothing."""
    if case.state is State.RECEIVED:
        return _since(case.entries[-1].at, OVERDUE, now)
    if case.state not in {State.MASKED, State.ASKED}:
        return ""
    waiting = [order for order in settled_orders(case) if order.proving or order.until]
    ends = [order.until or case.opened + MASKED_FOR for order in waiting]
    return _since(max(ends, default=case.opened + MASKED_FOR), OVERDUE, now)


def _since(moment: datetime, grace: timedelta, now: datetime) -> str:
    return f"since {moment:%Y-%m-%d}" if now - moment > grace else ""
