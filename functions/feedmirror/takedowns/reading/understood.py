"""What is made of a mail's bytes, and who makes it: all that the rest of the takedown sees of them.

Anybody can send a mail, so whatever reads one may be broken by it. What comes of it is therefore a
value of bounded size, and who reads it may be another process than who acts on it.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from feedmirror.takedowns.mails.message import Message
from feedmirror.takedowns.notices.notice import Notice
from feedmirror.takedowns.senders.receipt import Receipt
from feedmirror.takedowns.senders.sender import Sender

_KEPT = 10_000  # characters of each of a mail's texts


class MailUnreadableError(Exception):
    """A mail broke whoever read it, and would again; the message says how, naming nothing of it."""


class ReaderUnavailableError(Exception):
    """Nobody could be had to read a mail, whatever the mail is; it may be tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """A mail, understood.

    ``message`` is without what only its readers need. ``address`` is the mailbox that ``From``
    names, proved or not, if it names one plainly. ``notice`` is what the mail asks for; ``bare``
    what its own words do, whatever mailbox of ours they were sent to: None where that is the same.
    ``case`` is the one that the tag of such a mailbox names.
    """

    message: Message
    sender: Sender
    address: str = ""
    notice: Notice
    bare: Notice | None = None
    case: str = ""

    @property
    def in_words(self) -> Notice:
        """What the mail's own words ask for."""
        return self.bare or self.notice


UNREAD = Understood(message=Message(), sender=Sender(why="it was not read"), notice=Notice())


class MailReader(Protocol):
    """Reads mails, whatever they are."""

    def read(
        self, raw: bytes, receipt: Receipt | None, *, judged: datetime | None = None
    ) -> Understood:
        """Read a mail and judge who sent it, at the moment ``judged``; else nobody is proved.

        DNS may be asked for a sender's keys, which takes seconds; that it did not answer is part
        of what is returned. Raises MailUnreadableError and ReaderUnavailableError.
        """


def abridged(message: Message) -> Message:
    """Return a message without what only its readers need: its links, and long texts to their end.

    What is decided about a mail, and what an operator is shown of it, does not depend on the rest.
    """
    structured = message.structured
    return replace(
        message,
        recipients=(),
        text=message.text[:_KEPT],
        quoted=message.quoted[:_KEPT],
        signature=message.signature[:_KEPT],
        forwarded=message.forwarded[:_KEPT],
        attached=message.attached[:_KEPT],
        links=(),
        structured=structured and replace(structured, addresses=(), originals=()),
    )
