"""A whole mirror with its takedown function: mails in, pages gone, mails out.

Only the clock, the nonces, DNS and what SES says of a mail are the test's own.
"""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from feedmirror.adapters.cloudfront import NoCdn
from feedmirror.adapters.outbox import OutboxMailer
from feedmirror.adapters.sqlite import SqliteStore
from feedmirror.configuration import Configuration
from feedmirror.jobs.auditing.audit import Audit
from feedmirror.jobs.takedown.takedown_run import TakedownRun
from feedmirror.ports.mail import Mailer  # noqa: TC001 -- a type of a field
from feedmirror.ports.object_store import Content, ObjectStore
from feedmirror.takedowns.casework.cases import Case
from feedmirror.takedowns.senders.receipt import Receipt, read_receipt
from feedmirror.wiring.audit import compose_audit
from feedmirror.wiring.stores import Stores
from feedmirror.wiring.takedown import Surroundings, compose_takedown, isolated_reader
from world import LOOPBACK, Documents, Watched, World

CONTACT = "takedown@mirror.example.org"


@dataclass
class Zone:
    """DNS as far as a test has it."""

    texts: dict[str, bytes] = field(default_factory=dict)

    def txt(self, name: str) -> tuple[bytes, ...]:
        """Return the text of a name, if it has one."""
        return (self.texts[name],) if name in self.texts else ()


@dataclass
class Alarms:
    """What the operator is alarmed by."""

    told: list[tuple[str, str]] = field(default_factory=list)

    def alarm(self, subject: str, text: str) -> None:
        """Keep what is told."""
        self.told.append((subject, text))


class TakedownWorld(World):
    """One mirror, and whoever writes to it."""

    def __init__(
        self,
        folder: Path,
        documents: Documents,
        *,
        stores: Stores | None = None,
        mail: ObjectStore | None = None,
    ) -> None:
        super().__init__(folder, documents, stores=stores)
        self.mail: ObjectStore = mail or SqliteStore(folder / "store.sqlite", "mail")
        self.mailer: Mailer = OutboxMailer(self.mail)
        self.zone = Zone()
        self.alarms = Alarms()
        self.queue: Any = None
        self.reader = isolated_reader
        self.time_left = timedelta(minutes=14)
        self.paused = False
        self._mails = itertools.count(1)

    def takedowns(self) -> TakedownRun:
        """Return the takedown function's jobs over watched stores."""
        watched = Stores(
            archive=Watched(self.stores.archive, self.requests),
            site=Watched(self.stores.site, self.requests),
            ledger=Watched(self.stores.ledger, self.requests),
            workers=self.stores.workers,
        )
        return compose_takedown(
            watched,
            Watched(self.mail, self.requests),
            surroundings=Surroundings(
                self.mailer,
                self.zone,
                NoCdn(),
                self.alarms,
                self.queue,
                networks=LOOPBACK,
                reader=self.reader,
            ),
            configuration=Configuration(mirror=self.mirror, feeds=tuple(self.feeds)),
            paused=self.paused,
            clock=lambda: self.now,
            nonce=lambda: f"{next(self._nonces):016x}",
        )

    def audit(self) -> Audit:
        """Return an audit of the buckets."""
        configuration = Configuration(mirror=self.mirror, feeds=tuple(self.feeds))
        return compose_audit(self.stores, self.mail, configuration, clock=lambda: self.now)

    def arrive(self, raw: bytes) -> str:
        """Put a mail where SES would; return SES's id of it."""
        ses_id = f"ses{next(self._mails):020}"
        self.mail.put(f"inbound/{ses_id}", Content(raw, "message/rfc822"), replaces=None)
        return ses_id

    def write(
        self,
        text: str,
        *,
        sender: str = "ann@news.example.com",
        to: str = CONTACT,
        subject: str = "Removal",
        verdicts: Mapping[str, str] | None = None,
        more: Callable[[EmailMessage], object] = lambda _: None,
    ) -> Case:
        """Send a mail as a person would and have it taken in; by default DMARC has passed."""
        raw = a_mail(text, sender=sender, to=to, subject=subject, date=self.now, more=more)
        return self.take_in(self.arrive(raw), raw, to=to, verdicts=verdicts)

    def take_in(
        self,
        ses_id: str,
        raw: bytes,
        *,
        to: str = CONTACT,
        verdicts: Mapping[str, str] | None = None,
    ) -> Case:
        """Have a mail that has arrived taken in, as SES's event asks."""
        receipt = self.receipt(ses_id, raw, to=to, verdicts=verdicts)
        case = self.takedowns().receive(ses_id, receipt, time_left=lambda: self.time_left)
        assert case is not None
        return case

    def receipt(
        self,
        ses_id: str,
        raw: bytes,
        *,
        to: str = CONTACT,
        verdicts: Mapping[str, str] | None = None,
    ) -> Receipt:
        """Return what SES says of a mail."""
        return read_receipt(ses_record(ses_id, raw, to=to, now=self.now, verdicts=verdicts))

    def sent(self) -> list[EmailMessage]:
        """Return every mail that left, oldest first."""
        found = self.all(self.mail, "outbox/")
        return [BytesParser(policy=policy.default).parsebytes(body) for body in found.values()]

    def case(self, case: Case) -> Case:
        """Return a case as it now stands."""
        found = self.takedowns().cases.load(case.id)
        assert found is not None
        return found


def a_mail(
    text: str,
    *,
    date: datetime,
    sender: str = "ann@news.example.com",
    to: str = CONTACT,
    subject: str = "Removal",
    more: Callable[[EmailMessage], object] = lambda _: None,
) -> bytes:
    """Return a plain mail."""
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    mail["Date"] = format_datetime(date)
    mail["Message-ID"] = f"<{abs(hash((text, sender, date, subject)))}@mail.example>"
    mail.set_content(text)
    more(mail)
    return mail.as_bytes()


def ses_record(
    ses_id: str,
    raw: bytes,
    *,
    now: datetime,
    to: str = CONTACT,
    verdicts: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the record of SES's event for a mail; by default everything passed."""
    headers = BytesParser(policy=policy.compat32).parsebytes(raw, headersonly=True)
    sender = str(headers["From"] or "")
    passed = dict.fromkeys(("spam", "virus", "spf", "dkim", "dmarc"), "PASS")
    receipt: dict[str, Any] = {
        f"{name}Verdict": {"status": status}
        for name, status in {**passed, **(verdicts or {})}.items()
        if name != "policy"
    }
    if verdicts and "policy" in verdicts:
        receipt["dmarcPolicy"] = verdicts["policy"]
    when = now.isoformat().replace("+00:00", "Z")
    return {
        "eventSource": "aws:ses",
        "eventVersion": "1.0",
        "ses": {
            "mail": {
                "timestamp": when,
                "source": sender.partition("<")[2].rstrip(">") or sender,
                "messageId": ses_id,
                "destination": [to],
                "headersTruncated": False,
                "commonHeaders": {"from": [sender], "to": [to], "subject": str(headers["Subject"])},
            },
            "receipt": {
                "timestamp": when,
                "processingTimeMillis": 100,
                "recipients": [to],
                **receipt,
                "action": {"type": "Lambda", "functionArn": "arn:x", "invocationType": "Event"},
            },
        },
    }
