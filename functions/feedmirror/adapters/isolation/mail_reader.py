"""Mails read in a child process: what one does to its reader costs that mail, and nobody else."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

from feedmirror.adapters.isolation.child_process import (
    ChildDiedError,
    ChildProcess,
    ChildUnavailableError,
    Limits,
    OperationFailedError,
    OperationRefusedError,
)
from feedmirror.adapters.isolation.codec import CodecError, from_json, to_json
from feedmirror.configuration import MirrorSettings
from feedmirror.ports.dns import DnsUnavailableError, TxtLookup
from feedmirror.takedowns.reading.understood import (
    MailUnreadableError,
    ReaderUnavailableError,
    Understood,
)
from feedmirror.takedowns.senders.receipt import Receipt
from feedmirror.takedowns.senders.sender import is_borne_out

OPERATIONS = "feedmirror.adapters.isolation.mail_operations"
READ, TXT = "read", "txt"  # what is asked of the child, and what it asks in return
# The slowest mail that is known takes three seconds of a processor; a function has half of one. The
# clock is for what waits without end, also where others are at work.
LIMITS = Limits(processor_seconds=8, seconds=40, answer=16 * 2**20)

_MOST_READ = 2 * 2**20 + 1  # bytes: of a larger mail nothing but the header is read, however large
_MOST_QUESTIONS = 10  # names of a mail that DNS is asked for: twice as many as signatures are tried
_LONGEST_NAME = 253
_OF_KEYS = "._domainkey."  # RFC 6376 §3.6.2.1


def mail_child(operations: str = OPERATIONS, limits: Limits = LIMITS) -> ChildProcess:
    """Return a child process that reads mails; it starts with the first of them."""
    return ChildProcess(operations, limits)


@dataclass(frozen=True, slots=True)
class IsolatedMailReader:
    """Has mails read by a child process, and asks DNS for it."""

    child: ChildProcess
    mirror: MirrorSettings
    dns: TxtLookup

    def read(
        self, raw: bytes, receipt: Receipt | None, *, judged: datetime | None = None
    ) -> Understood:
        """Read a mail, and judge who sent it if there is a moment to judge it at.

        Raises MailUnreadableError and ReaderUnavailableError.
        """
        asked = {
            "mirror": to_json(self.mirror),
            "receipt": to_json(receipt),
            "judged": to_json(judged),
        }
        answers = _Answers(self.dns)
        try:
            found = self.child.call(READ, asked, raw[:_MOST_READ], answer=answers)
            understood = from_json(Understood, found)
        except ChildUnavailableError as error:
            raise ReaderUnavailableError(str(error)) from error
        except (ChildDiedError, OperationFailedError, OperationRefusedError) as error:
            raise MailUnreadableError(str(error)) from error
        except CodecError as error:
            raise MailUnreadableError("what it is read as is nothing of the kind") from error
        if not is_borne_out(understood.sender, receipt):
            raise MailUnreadableError("its sender is read as SES does not bear out")
        return understood


@dataclass(slots=True)
class _Answers:
    """Answers what the child asks about one mail: a few names of keys, and nothing else.

    A child that a mail has taken over could otherwise ask for ever, or tell by the names that it
    asks for what stood in the mails before.
    """

    dns: TxtLookup
    asked: Iterator[int] = field(default_factory=count)

    def __call__(self, question: str, name: Any) -> Any:  # noqa: ANN401 -- any JSON
        plain = question == TXT and isinstance(name, str) and len(name) <= _LONGEST_NAME
        if not plain or _OF_KEYS not in name or next(self.asked) >= _MOST_QUESTIONS:
            raise MailUnreadableError("its reader asks for what no mail needs")
        try:
            return to_json(self.dns.txt(name))
        except DnsUnavailableError:
            return None
