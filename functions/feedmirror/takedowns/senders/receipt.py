"""What Amazon SES says of a mail it received: out of band, so no sender can write it.

The event is the one of the Lambda action (SES Developer Guide, "Lambda action: Event"); any
verdict that is not known counts as ``PROCESSING_FAILED``. The case keeps a receipt, so it holds no
address of a person: senders are hashes in it.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from feedmirror.addresses import digest
from feedmirror.suppression import fold
from feedmirror.takedowns.senders.mailboxes import bare_mailbox, printed_mailbox
from feedmirror.takedowns.senders.tenancy import same_organisation

SETUP_NOTIFICATION = "AMAZON_SES_SETUP_NOTIFICATION"

_DEEPEST = 4  # a redrive of a redrive
_SES_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")  # it becomes a part of a key in S3
_NOBODY = {"mailer-daemon", "postmaster", "noreply", "no-reply", "no_reply", "donotreply"}
_NOBODY |= {"do-not-reply", "do_not_reply"}


class ReceiptUnreadableError(Exception):
    """An event that is not SES's; the message says what is missing."""


class Verdict(StrEnum):
    """SES's judgement of one check; ``GRAY`` is normal where a domain states no policy."""

    PASS = "PASS"  # noqa: S105 -- a verdict
    FAIL = "FAIL"
    GRAY = "GRAY"
    PROCESSING_FAILED = "PROCESSING_FAILED"
    DISABLED = "DISABLED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """One mail as SES received it.

    ``recipients`` are our own addresses, plus-tags and all. ``from_keys`` are
    :func:`mailbox_key` of every mailbox in SES's own reading of ``From``, which must be the same
    as ours. ``returnable`` is false where the envelope has nobody to answer (RFC 5321 §4.5.5).
    ``aligned`` tells that the envelope's domain is of the same organisation as ``From``'s, so that
    SPF speaks for ``From`` as well (RFC 7489 §3.1.2). ``unchecked`` tells that nothing was looked
    at and every check counts as passed, as an operator wanted it who tries things out.
    """

    ses_id: str
    received: datetime
    recipients: tuple[str, ...] = ()
    from_keys: tuple[str, ...] = ()
    returnable: bool = False
    aligned: bool = False
    spam: Verdict = Verdict.PROCESSING_FAILED
    virus: Verdict = Verdict.PROCESSING_FAILED
    spf: Verdict = Verdict.PROCESSING_FAILED
    dkim: Verdict = Verdict.PROCESSING_FAILED
    dmarc: Verdict = Verdict.PROCESSING_FAILED
    dmarc_policy: str = ""  # none, quarantine or reject; stated only where DMARC failed
    unchecked: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return the receipt as a case keeps it."""
        fields = {**asdict(self), "received": self.received.isoformat()}
        if not self.unchecked:
            del fields["unchecked"]  # as SES has it, and as cases were kept before
        return fields

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> "Receipt":
        """Read a receipt back from a case; raises KeyError, ValueError or TypeError."""
        lists = {name: tuple(fields[name]) for name in ("recipients", "from_keys")}
        verdicts = {name: Verdict(fields[name]) for name in _VERDICTS}
        received = datetime.fromisoformat(fields["received"])
        return cls(**{**fields, **lists, **verdicts, "received": received})


_VERDICTS = ("spam", "virus", "spf", "dkim", "dmarc")


def mailbox_key(address: str) -> str:
    """Return the hash that stands for a mail address wherever none may be kept."""
    return digest("mailbox", fold(address))


def receipts_objection(receipt: Receipt | None, address: str) -> str:
    """Say what in SES's own judgement stands against any proof of who sent a mail, in words."""
    if receipt is None:
        return "there is no receipt from SES"
    if set(receipt.from_keys) != {mailbox_key(address)}:
        return "SES read another From"
    if receipt.dmarc not in {Verdict.PASS, Verdict.GRAY}:
        return f"DMARC: {receipt.dmarc}"
    return ""


def receipts_of(event: Mapping[str, Any]) -> tuple[Receipt, ...]:
    """Return the mails that an event tells of, none where it is not an event of SES.

    The event may be wrapped as ``requestPayload``, as Lambda hands on what it could not do.
    Raises ReceiptUnreadableError where SES's own event is not understood.
    """
    current: object = event
    for _ in range(_DEEPEST):
        if not isinstance(current, Mapping) or "requestPayload" not in current:
            break
        current = current["requestPayload"]
    records = current.get("Records") if isinstance(current, Mapping) else None
    listed = records if isinstance(records, list) else []
    return tuple(read_receipt(record) for record in listed if _is_of_ses(record))


def read_receipt(record: Mapping[str, Any]) -> Receipt:
    """Read one record of SES's event; raises ReceiptUnreadableError."""
    ses = _part(record, "ses", within="")
    mail = _part(ses, "mail", within="ses.")
    receipt = _part(ses, "receipt", within="ses.")
    recipients = _texts(receipt.get("recipients"))
    if not recipients:
        raise ReceiptUnreadableError("ses.receipt.recipients is missing")
    verdicts = {name: _verdict(receipt.get(f"{name}Verdict")) for name in _VERDICTS}
    return Receipt(
        ses_id=_ses_id(mail),
        received=_received(mail),
        recipients=recipients,
        from_keys=_from_keys(mail),
        returnable=_is_returnable(mail.get("source"), recipients),
        aligned=_is_aligned(mail),
        dmarc_policy=_policy(receipt.get("dmarcPolicy")),
        unchecked=receipt.get("unchecked") is True,
        **verdicts,
    )


def is_setup(ses_id: str) -> bool:
    """Whether an id is of the message that SES writes when a rule is made: no mail at all."""
    return ses_id.rpartition("/")[2] == SETUP_NOTIFICATION


def _is_of_ses(record: object) -> bool:
    if not isinstance(record, Mapping):
        return False
    return record.get("eventSource") == "aws:ses" or "ses" in record


def _part(whole: Mapping[str, Any], name: str, *, within: str) -> Mapping[str, Any]:
    part = whole.get(name)
    if not isinstance(part, Mapping):
        raise ReceiptUnreadableError(f"{within}{name} is missing")
    return part


def _ses_id(mail: Mapping[str, Any]) -> str:
    ses_id = mail.get("messageId")
    if not isinstance(ses_id, str) or not _SES_ID.fullmatch(ses_id):
        raise ReceiptUnreadableError("ses.mail.messageId is missing")
    return ses_id


def _received(mail: Mapping[str, Any]) -> datetime:
    try:
        received = datetime.fromisoformat(mail["timestamp"])
    except (KeyError, TypeError, ValueError) as error:
        raise ReceiptUnreadableError("ses.mail.timestamp is missing") from error
    return received if received.tzinfo else received.replace(tzinfo=UTC)


def _verdict(stated: object) -> Verdict:
    status = stated.get("status") if isinstance(stated, Mapping) else None
    return next((verdict for verdict in Verdict if verdict == status), Verdict.PROCESSING_FAILED)


def _policy(stated: object) -> str:
    policy = stated.lower() if isinstance(stated, str) else ""
    return policy if policy in {"none", "quarantine", "reject"} else ""


def _texts(value: object) -> tuple[str, ...]:
    texts = [value] if isinstance(value, str) else value
    return tuple(text for text in texts if isinstance(text, str)) if isinstance(texts, list) else ()


def _from_keys(mail: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the keys of SES's reading; what is no plain mailbox gets one that nobody has."""
    common = mail.get("commonHeaders")
    printed = _texts(common.get("from")) if isinstance(common, Mapping) else ()
    read = ((text, printed_mailbox(text)) for text in printed)
    return tuple(
        mailbox_key(address) if address else digest("unreadable", text) for text, address in read
    )


def _is_aligned(mail: Mapping[str, Any]) -> bool:
    source, common = mail.get("source"), mail.get("commonHeaders")
    printed = _texts(common.get("from")) if isinstance(common, Mapping) else ()
    if len(printed) != 1 or not isinstance(source, str) or "@" not in source:
        return False
    envelope = source.strip().strip("<>").rpartition("@")[2].lower()
    sender = (printed_mailbox(printed[0]) or "").rpartition("@")[2]
    return bool(envelope and sender) and (envelope == sender or same_organisation(envelope, sender))


def _is_returnable(source: object, recipients: tuple[str, ...]) -> bool:
    envelope = source.strip().strip("<>") if isinstance(source, str) else ""
    bare = bare_mailbox(envelope)
    local, _, domain = bare.rpartition("@")
    ourselves = bare in {bare_mailbox(recipient) for recipient in recipients}
    return bool(local and domain) and local not in _NOBODY and not ourselves
