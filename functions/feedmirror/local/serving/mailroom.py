"""Mail that came by SMTP: kept before it is acknowledged, handed on until it is a case.

Beside each mail lies ``arrivals/<id>.json``: its envelope, written after the mail and emptied when
the takedown function has done with it. So what a killed process leaves is found again, and the
same mail sent again, because its acknowledgement was lost, is the same mail.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256
from typing import Any, Protocol

from feedmirror.addresses import digest
from feedmirror.local.arrivals import Arrival, event_of
from feedmirror.local.serving.verdicts import Looked, look_at
from feedmirror.ports.dns import TxtLookup
from feedmirror.ports.object_store import Content, LostConditionError, ObjectStore

INBOUND = "inbound/"
ARRIVALS = "arrivals/"
RECEIVED = "received"  # in a mail's metadata: when it came
_PATIENCE = timedelta(hours=6)  # with DNS, as the takedown function has it
_UNDONE = {"received"}  # a case that a later call carries on
_ODD = re.compile(r"[^A-Za-z0-9.:\[\]-]")

Handler = Callable[[Mapping[str, Any]], dict[str, Any]]


class NotYetError(Exception):
    """A mail has to be tried again; the message says why."""


class LookAt(Protocol):
    """Looks at mails as :func:`look_at` does."""

    def __call__(self, raw: bytes, *, dns: TxtLookup, judged: datetime | None) -> Looked:
        """Look at a mail, and judge it at a moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One mail as it came: its envelope, what the client called itself, and its bytes."""

    sender: str
    recipients: tuple[str, ...]
    client: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailroom:
    """Keeps mails and hands them to the takedown function, as SES would.

    ``mail`` is to be durable: what it has taken is acknowledged. With ``trusting``, every check of
    a mail counts as passed. ``dns`` makes what one mail asks DNS with, ``look_at`` looks at it.
    """

    mail: ObjectStore
    dns: Callable[[], TxtLookup]
    clock: Callable[[], datetime]
    trusting: bool = False
    look_at: "LookAt" = look_at

    def take(self, letter: Letter) -> str:
        """Keep a mail and return its id; once this returns, it may be acknowledged.

        Raises StoreUnavailableError, and then it may not.
        """
        now = self.clock()
        envelope = (letter.sender, *sorted(letter.recipients))
        ses_id = f"smtp-{digest(sha256(letter.body).hexdigest(), *envelope)}"
        traced = _trace(letter, ses_id, now) + letter.body
        with suppress(LostConditionError):  # it came before
            content = Content(traced, "message/rfc822", metadata={RECEIVED: now.isoformat()})
            self.mail.put(f"{INBOUND}{ses_id}", content, replaces=None)
        note = {
            "from": letter.sender,
            "to": list(letter.recipients),
            "received": now.isoformat(),
            "trusted": self.trusting,
        }
        with suppress(LostConditionError):
            content = Content(json.dumps(note).encode(), "application/json")
            self.mail.put(_key(ses_id), content, replaces=None)
        return ses_id

    def waiting(self) -> Iterator[str]:
        """Yield the ids of the mails that are not done with."""
        for summary in self.mail.list(ARRIVALS):
            if summary.size:
                yield summary.key.removeprefix(ARRIVALS).removesuffix(".json")

    def trusted(self) -> int:
        """Return how many mails wait that were taken as proved when they came."""
        notes = (self.mail.get(_key(ses_id)) for ses_id in self.waiting())
        bodies = (note.content.body for note in notes if note)
        return sum(bool(body and json.loads(body)["trusted"]) for body in bodies)

    def event(self, ses_id: str) -> dict[str, Any] | None:
        """Judge a mail and return the event that SES would tell of it; None if it is done with.

        DNS is asked, which takes seconds. Raises NotYetError and StoreUnavailableError.
        """
        note = self.mail.get(_key(ses_id))
        mail = self.mail.get(f"{INBOUND}{ses_id}")
        if note is None or mail is None or not note.content.body:
            return None
        return self._event(ses_id, mail.content.body, json.loads(note.content.body))

    def hand_on(
        self, ses_id: str, event: Mapping[str, Any], handler: Handler
    ) -> dict[str, Any] | None:
        """Have a mail taken to its end and return what became of it; None if it was before.

        Raises NotYetError, and whatever the takedown function raises: it is to be tried again.
        """
        note = self.mail.get(_key(ses_id))
        if note is None or not note.content.body:
            return None
        told: dict[str, Any] = next(iter(handler(event)["cases"]), {})
        if told.get("state") in _UNDONE:
            raise NotYetError(f"case {told['case']} takes more than one call")
        with suppress(LostConditionError):  # another process has done the same
            self.mail.put(_key(ses_id), Content(b"", "application/json"), replaces=note.etag)
        return told

    def _event(self, ses_id: str, mail: bytes, note: Mapping[str, Any]) -> dict[str, Any]:
        when = datetime.fromisoformat(note["received"])
        trusted = note["trusted"]
        looked = self.look_at(mail, dns=self.dns(), judged=None if trusted else when)
        judged = looked.judgement
        if judged.temporary and self.clock() - when < _PATIENCE:
            raise NotYetError("DNS does not tell whether its signature is valid")
        return event_of(
            looked.head,
            Arrival(
                ses_id=ses_id,
                to=note["to"],
                when=when,
                sender=note["from"],
                verdicts=judged.verdicts,
                policy=judged.policy,
                unchecked=trusted,
            ),
        )


def _key(ses_id: str) -> str:
    return f"{ARRIVALS}{ses_id}.json"


def _trace(letter: Letter, ses_id: str, now: datetime) -> bytes:
    """Return the header that a mail gets where it arrives (RFC 5321 §4.4)."""
    client = _ODD.sub("", letter.client)[:255] or "unknown"
    sender = _plain(letter.sender)
    lines = [
        f"Return-Path: <{sender}>",
        f"Received: from {client} by localhost with ESMTP id {ses_id};",
        f"\t{format_datetime(now)}",
    ]
    return "".join(f"{line}\r\n" for line in lines).encode()


def _plain(address: str) -> str:
    return "".join(letter for letter in address if letter.isprintable() and letter not in "<>")
