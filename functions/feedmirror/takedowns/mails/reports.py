"""Reports about a mail of ours: bounces (RFC 3464), read notices (RFC 8098), complaints (RFC 5965).

What a report says is only believed to be about a mail that we know of; the caller looks it up.
"""

import re
from collections.abc import Iterator, Sequence

from feedmirror.takedowns.mails.charsets import decoded
from feedmirror.takedowns.mails.header_fields import HeaderBlock, split_header
from feedmirror.takedowns.mails.header_values import mailboxes, message_ids
from feedmirror.takedowns.mails.message import DeliveryReport
from feedmirror.takedowns.mails.mime_parts import MailPart
from feedmirror.takedowns.mails.remarks import Remarks

_STATUS = frozenset({"message/delivery-status", "message/global-delivery-status"})
_NOTICE = "message/disposition-notification"
_COMPLAINT = "message/feedback-report"
_RETURNED = frozenset({"message/rfc822", "text/rfc822-headers", "message/global-headers"})
_CAP = 65_536
_FIELD = re.compile(
    r"^(Action|Final-Recipient|Original-Recipient)[ \t]*:(.{0,998})", re.IGNORECASE | re.MULTILINE
)
_COPIED_ID = re.compile(
    r"^[> \t]{0,8}Message-ID[ \t]*:[ \t]*(<[^<>\s]{1,500}>)", re.IGNORECASE | re.MULTILINE
)
_SENDERS = ("from", "reply-to", "to", "cc")


def delivery_report(parts: Sequence[MailPart]) -> DeliveryReport | None:
    """Return what a standard report says, or None where the mail holds none."""
    stated = [part for part in parts if part.media_type in _STATUS | {_NOTICE}]
    stated = [part for part in stated if not part.place.forwarded]
    if not stated:
        return None
    fields = [field for part in stated for field in _fields(part)]
    failed = any(name == "action" and value.lower() == "failed" for name, value in fields)
    header = _returned(parts)
    reported = mailboxes(*(value.partition(";")[2] for _, value in fields))
    copied = message_ids(*(_text(part) for part in stated if part.media_type == _NOTICE))
    return DeliveryReport(
        failed=failed,
        original_id=next(iter((*message_ids(header.first("message-id")), *copied)), ""),
        original_recipients=tuple(dict.fromkeys((*_mailboxes(header), *reported))),
    )


def older_report(header: HeaderBlock, text: str) -> DeliveryReport:
    """Return what a bounce in no standard form says: the first Message-ID that it repeats."""
    copied = _COPIED_ID.search(text)
    return DeliveryReport(
        failed=True,
        original_id=next(iter(message_ids(copied[1] if copied else "")), ""),
        original_recipients=mailboxes(*header.values("x-failed-recipients")),
    )


def is_complaint(parts: Sequence[MailPart]) -> bool:
    """Tell whether a mail is a feedback report."""
    return any(p.media_type == _COMPLAINT and not p.place.forwarded for p in parts)


def _fields(part: MailPart) -> Iterator[tuple[str, str]]:
    for field in _FIELD.finditer(_text(part)):
        yield field[1].lower(), field[2].strip()


def _text(part: MailPart) -> str:
    return decoded(part.decoded(_CAP)[:_CAP]).replace("\r", "")


def _returned(parts: Sequence[MailPart]) -> HeaderBlock:
    """Return the header of the mail that came back, which is attached whole or in part."""
    for part in parts:
        if part.media_type == "message/rfc822" and not part.place.forwarded:
            return part.header
        if part.media_type in _RETURNED:
            return split_header(part.decoded(_CAP)[:_CAP] + b"\n\n", Remarks())[0]
    return HeaderBlock()


def _mailboxes(header: HeaderBlock) -> tuple[str, ...]:
    return mailboxes(*(value for name in _SENDERS for value in header.values(name)))
