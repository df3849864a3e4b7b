"""What a child says that a mail is, looked at again before anybody acts on it.

Whom it proves is SES's to say (``senders.sender.is_borne_out``). What else is said of a mail goes
into keys, into the headers of answers and to the operator's terminal, so it has to be of the form
that our own reading gives it.
"""

import re
from collections.abc import Iterable, Iterator

from feedmirror.adapters.isolation.plainness import can_be_written, is_line, is_text
from feedmirror.addresses import host_of, web_address
from feedmirror.takedowns.mails.message import Message
from feedmirror.takedowns.notices.notice import Notice, Target, TargetKind
from feedmirror.takedowns.reading.understood import Understood
from feedmirror.takedowns.senders.sender import Sender

_ITEM = re.compile("[a-z2-7]{26}")
_CASE = re.compile("([a-z2-7]{16})?")
_NONCE = re.compile("([a-z2-7]{20})?")
_LANGUAGE = re.compile("([A-Za-z]{1,8}(-[A-Za-z0-9]{1,8}){0,4})?")
_MESSAGE_ID = re.compile(r"[^<>\s]{0,500}")


def objection(read: Understood) -> str:
    """Return what is said of a mail that no reader of ours says, in words, or ""."""
    notices = [read.notice, read.in_words]
    if not (_is_plain_message(read.message) and _is_plain_sender(read.sender)):
        return "a text that is none"
    if not all(map(_is_known, notices)) or not _CASE.fullmatch(read.case):
        return "what no mail asks for"
    return ""


def _is_plain_message(message: Message) -> bool:
    ids = (message.message_id, *message.references)
    named = all(_MESSAGE_ID.fullmatch(each) and each.isprintable() for each in ids)
    plain = all(map(is_line, _lines(message))) and all(map(is_text, _texts(message)))
    stated = all(map(can_be_written, message.from_values))
    sent = all(is_line(each) and "@" in each for each in message.recipients)
    known = _LANGUAGE.fullmatch(message.language) is not None
    return named and plain and stated and sent and known


def _lines(message: Message) -> Iterator[str]:
    yield from (message.subject, *message.excess, *message.faults, *message.unread)
    if message.report:
        yield from (message.report.original_id, *message.report.original_recipients)
    if message.structured:
        yield from (message.structured.format, message.structured.complainant)


def _texts(message: Message) -> Iterable[str]:
    own = (message.text, message.quoted, message.signature)
    return (*own, message.forwarded, message.attached)


def _is_plain_sender(sender: Sender) -> bool:
    return all(map(is_line, (sender.address, sender.domain, sender.why, sender.message_key)))


def _is_known(notice: Notice) -> bool:
    tagged = _CASE.fullmatch(notice.case) and _NONCE.fullmatch(notice.nonce)
    return (
        tagged is not None
        and _LANGUAGE.fullmatch(notice.language) is not None
        and all(map(_is_target, notice.targets))
        and all(map(is_line, _words(notice)))
    )


def _words(notice: Notice) -> Iterator[str]:
    yield from (notice.urgent, *notice.unclear)
    if notice.correction:
        yield from (notice.correction.what, notice.correction.old, notice.correction.new)


def _is_target(target: Target) -> bool:
    """Tell whether what a notice names is something that can be looked up."""
    host = _is_host(target.host) or not target.host
    return host and is_line(target.part) and _is_value(target.kind, target.value)


def _is_value(kind: TargetKind, value: str) -> bool:
    match kind:
        case TargetKind.ITEM:
            return _ITEM.fullmatch(value) is not None
        case TargetKind.HOST:
            return _is_host(value)
        case TargetKind.AUTHOR:
            return is_line(value) and value != ""
        case _:
            return web_address(value) == value


def _is_host(name: str) -> bool:
    return host_of(f"https://[{name}]/" if ":" in name else f"https://{name}/") == name
