"""Mail in, message out: whatever the bytes, within fixed bounds, and never an exception.

The caps and the reasons for them are in takedowns.md, section C. What exceeds one is named, and
what could be read within it is still given.
"""

from collections.abc import Iterable, Sequence

from feedmirror.takedowns.mails.automatic import automatic_kind
from feedmirror.takedowns.mails.header_fields import HeaderBlock, split_header
from feedmirror.takedowns.mails.header_values import (
    decoded_text,
    language,
    mailboxes,
    message_ids,
    moment,
)
from feedmirror.takedowns.mails.mail_links import LinkCollector
from feedmirror.takedowns.mails.mail_texts import MailTexts, read_texts
from feedmirror.takedowns.mails.message import Automatic, DeliveryReport, Message, Part
from feedmirror.takedowns.mails.mime_parts import MailPart, parts_of
from feedmirror.takedowns.mails.remarks import Remarks
from feedmirror.takedowns.mails.reports import delivery_report, is_complaint, older_report

SIZE = 2 * 1024 * 1024
_HEADER_ONLY = 131_072  # bytes looked at of a larger mail: twice what a header may have
_MARK = "x-feedmirror-case"
_LONGEST_SUBJECT = 1_000


def read_message(raw: bytes) -> Message:
    """Read a mail (RFC 5322). Never raises; of more than 2 MB only the header is read."""
    remarks = Remarks()
    if len(raw) > SIZE:
        remarks.exceeds("size")
        header, _ = split_header(raw[:_HEADER_ONLY], remarks)
        return _message(header, (), remarks)
    header, body = split_header(raw, remarks)
    return _message(header, parts_of(header, body, remarks), remarks)


def _message(header: HeaderBlock, parts: Sequence[MailPart], remarks: Remarks) -> Message:
    subject = decoded_text(header.first("subject"))[:_LONGEST_SUBJECT]
    own = frozenset(part.media_type for part in parts if not part.place.forwarded)
    automatic = automatic_kind(header, subject, own)
    links = LinkCollector(remarks)
    links.add_text(subject, Part.SUBJECT)
    texts = read_texts(parts, subject, links=links)
    return Message(
        from_values=header.from_values,
        subject=subject,
        date=moment(header.first("date")),
        message_id=next(iter(message_ids(header.first("message-id"))), ""),
        references=_references(header),
        recipients=mailboxes(*header.values("to"), *header.values("cc")),
        reply_to_own_mark=header.has(_MARK),
        automatic=automatic,
        language=language(header.first("content-language")),
        text=texts.words(Part.NEW),
        quoted=texts.words(Part.QUOTED),
        signature=texts.words(Part.SIGNATURE),
        forwarded=texts.words(Part.FORWARDED),
        attached=texts.words(Part.ATTACHED),
        links=links.links,
        report=_report(header, parts, texts, automatic=automatic),
        complaint=is_complaint(parts),
        structured=texts.structured,
        unread=tuple(dict.fromkeys(texts.unread)),
        excess=tuple(remarks.excess),
        faults=tuple(remarks.faults),
    )


def _references(header: HeaderBlock) -> tuple[str, ...]:
    return message_ids(header.first("in-reply-to"), header.first("references"))


def _report(
    header: HeaderBlock, parts: Sequence[MailPart], texts: MailTexts, *, automatic: Automatic
) -> DeliveryReport | None:
    standard = delivery_report(parts)
    if standard or automatic is not Automatic.REPORT or is_complaint(parts):
        return standard
    return older_report(header, "\n".join(_all_words(texts)))


def _all_words(texts: MailTexts) -> Iterable[str]:
    return (texts.words(part) for part in (Part.NEW, Part.FORWARDED, Part.QUOTED, Part.SIGNATURE))
