"""Mails looked at in child processes: one for each thread, so that none waits for another's DNS."""

from datetime import datetime
from threading import local

from feedmirror.adapters.isolation.brokered_dns import DnsAnswers, is_of_a_key
from feedmirror.adapters.isolation.child_process import ChildProcess
from feedmirror.adapters.isolation.codec import CodecError, from_json, to_json
from feedmirror.adapters.isolation.mail_reader import BROKEN, LIMITS, MOST_READ
from feedmirror.local.arrivals import Head
from feedmirror.local.serving.verdicts import Judgement, Looked
from feedmirror.ports.dns import TxtLookup

LOOK = "look"
_OPERATIONS = "feedmirror.local.serving.looking_operations"
_OF_POLICIES = "_dmarc."  # RFC 7489 §6.1
# What is found out about a mail that breaks whoever looks at it: nothing, so nobody is proved. The
# takedown function then leaves it to a person.
_NOTHING = Looked(Head(), Judgement({}))


class IsolatedLook:
    """Has mails looked at by a child process of the thread that asks, and asks DNS for it."""

    def __init__(self, operations: str = _OPERATIONS) -> None:
        """Take the module that the children load; none is started before there is a mail."""
        self._operations = operations
        self._of_thread = local()

    def __call__(self, raw: bytes, *, dns: TxtLookup, judged: datetime | None) -> Looked:
        """Look at a mail, and judge it at a moment; raises ChildUnavailableError."""
        child = self._child()
        answers = DnsAnswers(dns, _is_of_a_sender)
        try:
            found = child.call(LOOK, to_json(judged), raw[:MOST_READ], answer=answers)
            return from_json(Looked, found)
        except BROKEN:
            return _NOTHING
        except CodecError:
            child.close()
            return _NOTHING

    def _child(self) -> ChildProcess:
        child: ChildProcess | None = getattr(self._of_thread, "child", None)
        if child is None:
            child = self._of_thread.child = ChildProcess(self._operations, LIMITS)
        return child


def _is_of_a_sender(name: str) -> bool:
    """Tell whether a name is one that a domain states its key or its policy at."""
    return is_of_a_key(name) or name.startswith(_OF_POLICIES)
