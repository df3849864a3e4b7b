"""A child process that reads mails and that mails break, as their subject says: for tests only.

It reads nothing, so it starts in no time.
"""

import os
import signal
from typing import Any

from feedmirror.adapters.isolation.codec import to_json
from feedmirror.adapters.isolation.mail_reader import READ
from feedmirror.adapters.isolation.operation import Ask, Operations
from feedmirror.takedowns.mails.message import Message
from feedmirror.takedowns.notices.notice import Kind, Notice
from feedmirror.takedowns.reading.understood import Understood
from feedmirror.takedowns.senders.sender import Proof, Sender

VICTIM = "ann@news.example.com"


def operations() -> Operations:
    """Return the one operation, which does what a mail's subject says."""
    return {READ: lambda _, mail, ask: _WAYS[mail](ask)}


def _reading(_: Ask) -> Any:  # noqa: ANN401 -- JSON
    return to_json(Understood(message=Message(), sender=Sender(), notice=Notice()))


def _killed(_: Ask) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _eating(_: Ask) -> int:
    eaten = [bytearray(2**20)]
    while True:
        eaten += [bytearray(len(eaten) * 2**20)]


def _raising(_: Ask) -> None:
    raise RecursionError("maximum recursion depth exceeded")


def _babbling(_: Ask) -> Any:  # noqa: ANN401 -- JSON
    return {"message": {"subject": 1}, "sender": {}, "notice": {}}


def _asking(ask: Ask) -> None:
    while True:
        ask("txt", "a._domainkey.example.com")


def _telling(ask: Ask) -> None:
    ask("txt", "what-stood-in-the-last-mail.rival.example")


def _forging(_: Ask) -> Any:  # noqa: ANN401 -- JSON
    """Say that DMARC proved somebody else, who wants something gone."""
    sender = Sender(address=VICTIM, domain="news.example.com", proof=Proof.DMARC, signed=True)
    notice = Notice(kind=Kind.REMOVAL, mine=True)
    return to_json(Understood(message=Message(), sender=sender, address=VICTIM, notice=notice))


def _injecting(_: Ask) -> Any:  # noqa: ANN401 -- JSON
    """Say that a mail is about a case whose key is another's."""
    notice = Notice(case="../../rules")
    return to_json(Understood(message=Message(), sender=Sender(), notice=notice))


_WAYS = {
    b"read": _reading,
    b"kill": _killed,
    b"eat": _eating,
    b"raise": _raising,
    b"babble": _babbling,
    b"ask": _asking,
    b"tell": _telling,
    b"forge": _forging,
    b"inject": _injecting,
}
