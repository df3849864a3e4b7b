"""Our mails about a case: to whoever asked, to stored contacts, to the operator; each sent once.

What is to leave is noted before it is sent, and the id that the mail got after. If the function
dies between the two, or another run of the same case comes in between, nobody can tell whether the
mail left, and it is sent again: that is the only way in which a mail can leave twice. Its date is
that of the note, so both are the same mail.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from feedmirror.configuration import MirrorSettings
from feedmirror.jobs.takedown.case_book import CaseBook
from feedmirror.jobs.takedown.letters import Letter, Letters, done, steps
from feedmirror.jobs.takedown.limits import Limits
from feedmirror.ports.mail import Mailer, MailRefusedError
from feedmirror.takedowns.casework.cases import Case, Event
from feedmirror.takedowns.replies.reply_mail import build_mail, can_be_written_to
from feedmirror.takedowns.senders.receipt import mailbox_key

_NOT_TODAY = "the address, or its domain, has had its mails of the day"


@dataclass(frozen=True, slots=True, kw_only=True)
class Correspond:
    """Sends the mails that a case calls for, as it now stands."""

    cases: CaseBook
    limits: Limits
    letters: Letters
    mailer: Mailer
    mirror: MirrorSettings
    clock: Callable[[], datetime]

    def due(self, case: Case) -> tuple[str, ...]:
        """Return the steps whose mails wait: the day's limits hold them back until tomorrow."""
        called_for = dict.fromkeys(letter.step for letter in self.letters.of(case))
        return tuple(step for step in called_for if step not in done(case))

    def run(self, case: Case) -> Case:
        """Send what has not been sent; raises MailUnavailableError and StoreUnavailableError."""
        for letter in self.letters.of(case):
            case = self._send(case, letter)
        return case

    def _send(self, case: Case, letter: Letter) -> Case:
        if letter.step in done(case):
            return case
        why = self._reason_not_to(letter)
        if why == _NOT_TODAY and letter.asks:
            return case  # so it leaves tomorrow
        if why:
            return self.cases.add(case, Event.UNWRITTEN, step=letter.step, why=why)
        case = self.cases.add(
            case,
            Event.WRITING,
            unless=lambda known: letter.step in steps(known, Event.WRITING),
            step=letter.step,
        )
        if letter.step in done(case):
            return case  # another run has sent it since
        noted = next(e.at for e in case.of(Event.WRITING) if e.details["step"] == letter.step)
        mail = build_mail(
            letter.text(),
            mirror=self.mirror,
            recipient=letter.recipient,
            thread=letter.thread,
            date=noted,
        )
        try:
            sent = self.mailer.send(mail, sender=self.mirror.contact, recipient=letter.recipient)
        except MailRefusedError as error:
            return self.cases.add(case, Event.UNWRITTEN, step=letter.step, why=str(error))
        self.limits.remember_sent(sent, case.id)
        return self.cases.add(
            case,
            Event.WRITTEN,
            unless=lambda known: letter.step in steps(known, Event.WRITTEN),
            step=letter.step,
            ses_id=sent,
        )

    def _reason_not_to(self, letter: Letter) -> str:
        if letter.obstacle:
            return letter.obstacle
        if not can_be_written_to(letter.recipient):
            return "the address cannot be written to"
        if letter.counted:
            domain = letter.recipient.rpartition("@")[2].lower()
            step = f"{letter.thread.case}.{letter.step}"
            mailbox = mailbox_key(letter.recipient)
            if not self.limits.may_write(mailbox, domain, step=step, now=self.clock()):
                return _NOT_TODAY
        return ""
