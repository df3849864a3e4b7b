"""Who sent a mail, judged by SES's verdicts and its signatures; a doubt is nobody."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from feedmirror.addresses import digest
from feedmirror.ports.dns import TxtLookup
from feedmirror.takedowns.mails.message import Message
from feedmirror.takedowns.senders.mailboxes import bare_mailbox, read_from
from feedmirror.takedowns.senders.receipt import Receipt, Verdict, receipts_objection
from feedmirror.takedowns.senders.sender import Proof, Sender, standing_of
from feedmirror.takedowns.senders.signatures import SignatureCheck, aligned_signature

_FRESH = timedelta(days=7)


def judge_sender(  # noqa: PLR0913 -- a mail in its three forms, and the world it is judged in
    message: Message,
    receipt: Receipt | None,
    *,
    raw: bytes,
    contact: str,
    now: datetime,
    dns: TxtLookup,
) -> Sender:
    """Say who sent a mail.

    ``contact`` is our own address. Only ``From``, SES's verdicts and signatures count; SPF alone,
    ARC, and whatever the mail says of its own authentication never do.
    """
    sender = _named(message, receipt)
    why = _impediment(sender, receipt, contact)
    if receipt is None or why:
        return replace(sender, why=why)
    if receipt.dkim is not Verdict.PASS:
        return _proved_by_dmarc(sender, receipt)
    check = aligned_signature(raw, sender.domain, dns=dns, now=now)
    if receipt.dmarc is Verdict.PASS:
        by_envelope = receipt.spf is Verdict.PASS and receipt.aligned
        resent = check.why or _replayable(message, check, contact=contact, now=now)
        dmarc = _proved_by_dmarc(sender, receipt)
        return replace(
            dmarc,
            signed=check.valid,
            temporary=check.temporary,
            doubted=bool(resent) and not by_envelope,
        )
    why = check.why or _replayable(message, check, contact=contact, now=now)
    if why:
        return replace(sender, temporary=check.temporary, why=why)
    return replace(sender, proof=Proof.DKIM, signed=True)


def _named(message: Message, receipt: Receipt | None) -> Sender:
    """Return what the mail says, with nothing proved."""
    reading = read_from(message.from_values)
    failed = receipt is not None and receipt.dmarc is Verdict.FAIL
    identity = message.message_id.strip()
    sender = Sender(
        rejected=failed and receipt is not None and receipt.dmarc_policy == "reject",
        message_key=digest("message", identity) if identity else "",
        why=f"From: {reading.defects[0]}" if reading.defects else "",
    )
    if reading.defects:
        return sender
    domain, role, shared = standing_of(reading.address)
    return replace(sender, address=reading.address, domain=domain, role=role, shared=shared)


def _impediment(sender: Sender, receipt: Receipt | None, contact: str) -> str:
    """Say what stands against any proof."""
    if sender.why:
        return sender.why
    if bare_mailbox(sender.address) == bare_mailbox(contact):
        return "From is our own address"
    return receipts_objection(receipt, sender.address)


def _proved_by_dmarc(sender: Sender, receipt: Receipt) -> Sender:
    if receipt.dmarc is Verdict.PASS:
        return replace(sender, proof=Proof.DMARC)
    return replace(sender, why=f"the domain has no DMARC policy, and DKIM: {receipt.dkim}")


def _replayable(message: Message, check: SignatureCheck, *, contact: str, now: datetime) -> str:
    """Say why a signed mail might be another's, sent again: what is checked here is signed."""
    ours = bare_mailbox(contact)
    if ours not in {bare_mailbox(recipient) for recipient in message.recipients}:
        return "signed, but not addressed to us"
    if message.date is None or abs(_aware(message.date) - now) > _FRESH:
        return "signed, but its date is not of this week"
    if not message.message_id.strip() or "message-id" not in check.covered:
        return "signed, but without a Message-ID"
    return ""


def _aware(date: datetime) -> datetime:
    """Return a date with its zone; ``-0000`` says UTC without naming a place (RFC 5322 §3.3)."""
    return date if date.tzinfo else date.replace(tzinfo=UTC)
