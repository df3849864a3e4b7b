"""Mails read in a child process: what one does to its reader costs that mail, and nobody else."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from feedmirror.adapters.isolation.brokered_dns import DnsAnswers, TooCuriousError
from feedmirror.adapters.isolation.child_process import (
    ChildDiedError,
    ChildProcess,
    ChildUnavailableError,
    Limits,
    OperationFailedError,
    OperationRefusedError,
)
from feedmirror.adapters.isolation.codec import CodecError, from_json, to_json
from feedmirror.adapters.isolation.vouching_mails import objection
from feedmirror.configuration import MirrorSettings
from feedmirror.ports.dns import TxtLookup
from feedmirror.takedowns.reading.understood import (
    MailUnreadableError,
    ReaderUnavailableError,
    Understood,
)
from feedmirror.takedowns.senders.receipt import Receipt
from feedmirror.takedowns.senders.sender import is_borne_out

OPERATIONS = "feedmirror.adapters.isolation.mail_operations"
READ = "read"
# What tells that the child is none the better for what it had: the message says how.
BROKEN = (ChildDiedError, OperationFailedError, OperationRefusedError, TooCuriousError)
# The slowest mail that is known takes three seconds of a processor; a function has half of one. The
# clock is for what waits without end, also where others are at work.
LIMITS = Limits(processor_seconds=8, seconds=40, answer=16 * 2**20)

MOST_READ = 2 * 2**20 + 1  # bytes: of a larger mail nothing but the header is read, however large


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked of a mail."""

    mirror: MirrorSettings
    receipt: Receipt | None = None
    judged: datetime | None = None


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
        asked = to_json(Asked(mirror=self.mirror, receipt=receipt, judged=judged))
        try:
            found = self.child.call(READ, asked, raw[:MOST_READ], answer=DnsAnswers(self.dns))
            return _believed(found, receipt)
        except ChildUnavailableError as error:
            raise ReaderUnavailableError(str(error)) from error
        except BROKEN as error:
            raise MailUnreadableError(str(error)) from error
        except _UnbelievableError as error:
            self.child.close()  # whatever it is now, it is no reader of mails
            raise MailUnreadableError(str(error)) from error


class _UnbelievableError(Exception):
    """No reader of ours could have said this."""


def _believed(found: Any, receipt: Receipt | None) -> Understood:  # noqa: ANN401 -- any JSON
    try:
        understood = from_json(Understood, found)
    except CodecError as error:
        raise _UnbelievableError("what it is read as is nothing of the kind") from error
    if not is_borne_out(understood.sender, receipt):
        raise _UnbelievableError("its sender is read as SES does not bear out")
    if against := objection(understood):
        raise _UnbelievableError(f"its reader says {against}")
    return understood
