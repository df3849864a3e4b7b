"""A mail's bytes → what the mail is, who sent it and what it asks for. Nothing of it is done."""

from dataclasses import dataclass
from datetime import datetime

from feedmirror.configuration import MirrorSettings
from feedmirror.ports.dns import TxtLookup
from feedmirror.takedowns.mails.message import Message
from feedmirror.takedowns.mails.reading_mail import read_message
from feedmirror.takedowns.notices.notice import Notice
from feedmirror.takedowns.notices.reading_notice import read_notice
from feedmirror.takedowns.notices.targets import case_of, tags_of
from feedmirror.takedowns.reading.understood import Understood, abridged
from feedmirror.takedowns.senders.judging import judge_sender
from feedmirror.takedowns.senders.mailboxes import read_from
from feedmirror.takedowns.senders.receipt import Receipt
from feedmirror.takedowns.senders.sender import Sender


@dataclass(frozen=True, slots=True)
class Understanding:
    """Reads mails where it is called, in the same process; whatever reading raises gets out."""

    mirror: MirrorSettings
    dns: TxtLookup

    def read(
        self, raw: bytes, receipt: Receipt | None, *, judged: datetime | None = None
    ) -> Understood:
        """Read a mail, and judge who sent it if there is a moment to judge it at."""
        message = read_message(raw)
        tags = tags_of(receipt.recipients if receipt else message.recipients, self.mirror.contact)
        case, _ = case_of(tags)
        return Understood(
            message=abridged(message),
            sender=self._judged(message, receipt, raw, now=judged) if judged else Sender(),
            address=read_from(message.from_values).address,
            notice=self._notice(message, *tags),
            bare=self._notice(message) if tags else None,
            case=case,
        )

    def _judged(
        self, message: Message, receipt: Receipt | None, raw: bytes, *, now: datetime
    ) -> Sender:
        contact, dns = self.mirror.contact, self.dns
        return judge_sender(message, receipt, raw=raw, contact=contact, now=now, dns=dns)

    def _notice(self, message: Message, *tags: str) -> Notice:
        """Read what a mail asks for, unless there is too much of it to be read at all (row 6)."""
        return Notice() if message.excess else read_notice(message, mirror=self.mirror, tags=tags)
