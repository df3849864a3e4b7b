"""Mail as Amazon SES hands it on (SES Developer Guide, "Lambda action: Event"), made here."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parseaddr
from types import MappingProxyType
from typing import Any

from feedmirror.addresses import digest

_LONGEST_HEAD = 128 * 1024  # bytes: twice what a header may have
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_CHECKS = ("spam", "virus", "spf", "dkim", "dmarc")
PASSED: Mapping[str, str] = MappingProxyType(dict.fromkeys(_CHECKS, "PASS"))


@dataclass(frozen=True, slots=True)
class Head:
    """What SES tells of a mail's header: ``From`` as it stands, one text each, and the subject."""

    from_values: tuple[str, ...] = ()
    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """How a mail came: its envelope, when, and what was found out about it.

    ``sender`` is the envelope's, empty for a bounce; None takes it from the header. ``verdicts``
    are SES's by the name of the check, ``policy`` is the domain's own where DMARC failed.
    ``unchecked`` says that the verdicts are nobody's: nothing was looked at.
    """

    ses_id: str
    to: Sequence[str]
    when: datetime
    sender: str | None = None
    verdicts: Mapping[str, str] = field(default_factory=lambda: PASSED)
    policy: str = ""
    unchecked: bool = False


def mail_id(mail: bytes) -> str:
    """Return the id that stands for SES's own: the same bytes are the same mail."""
    return f"file-{digest('mail', mail.decode('latin-1'))}"


def read_head(mail: bytes) -> Head:
    """Return what a mail's header says, at the cost of a header however large the mail is."""
    from feedmirror.takedowns.mails.reading_mail import read_message  # noqa: PLC0415 -- not for a poll

    start = mail[:_LONGEST_HEAD]
    end = _HEAD_END.search(start)
    message = read_message(start[: end.end()] if end else start)
    return Head(message.from_values, message.subject)


def ses_event(mail: bytes, *, ses_id: str, to: str, when: datetime) -> dict[str, Any]:
    """Return SES's event for a mail whose every check passed."""
    return event_of(read_head(mail), Arrival(ses_id=ses_id, to=[to], when=when))


def event_of(head: Head, arrival: Arrival) -> dict[str, Any]:
    """Return SES's event for a mail."""
    senders = list(head.from_values)
    arrived, to = arrival.when.isoformat().replace("+00:00", "Z"), list(arrival.to)
    receipt: dict[str, Any] = {
        f"{check}Verdict": {"status": arrival.verdicts.get(check, "PROCESSING_FAILED")}
        for check in _CHECKS
    }
    if arrival.policy:
        receipt["dmarcPolicy"] = arrival.policy
    if arrival.unchecked:
        receipt["unchecked"] = True
    return {
        "Records": [
            {
                "eventSource": "aws:ses",
                "eventVersion": "1.0",
                "ses": {
                    "mail": {
                        "timestamp": arrived,
                        "source": parseaddr(next(iter(senders), ""))[1]
                        if arrival.sender is None
                        else arrival.sender,
                        "messageId": arrival.ses_id,
                        "destination": to,
                        "headersTruncated": False,
                        "commonHeaders": {
                            "from": senders,
                            "to": to,
                            "subject": head.subject,
                        },
                    },
                    "receipt": {
                        "timestamp": arrived,
                        "processingTimeMillis": 100,
                        "recipients": to,
                        **receipt,
                        "action": {"type": "Lambda", "invocationType": "Event"},
                    },
                },
            }
        ]
    }
