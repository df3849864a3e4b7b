"""Our mails as RFC 5322 has them: plain text, threaded, and marked as written by a program.

The marks follow RFC 3834, with Microsoft's ``X-Auto-Response-Suppress`` beside it. ``Precedence``
is left out: the RFC does not recommend it, and filters hold ``bulk`` against a mail. ``Message-ID``
and the return path are SES's to write.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from feedmirror.characters import printable_line
from feedmirror.configuration import MirrorSettings
from feedmirror.takedowns.replies.replies import Text

CASE_MARK = "X-Feedmirror-Case"  # by which we know our own mail when it comes back
_LOCAL_LIMIT = 64  # octets before the @ (RFC 5321 §4.5.3.1.1)
_ADDRESS_LIMIT = 254  # octets of a whole address, which a path of 256 has room for
_LINE = 76  # characters of an encoded line (RFC 2045 §6.7); the standard library's own is 78
_POLICY = SMTP.clone(max_line_length=_LINE)
_MOST_REFERENCES = 10
_LONGEST_ID = 250
_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]"
_MAILBOX = re.compile(rf"{_ATEXT}{{1,64}}@[A-Za-z0-9-]{{1,63}}(\.[A-Za-z0-9-]{{1,63}}){{0,30}}")
_MESSAGE_ID = re.compile(rf"<{_ATEXT}{{1,200}}@(\[[A-Za-z0-9.:]{{1,60}}\]|{_ATEXT}{{1,200}})>")
_PHRASE = re.compile(r"[A-Za-z0-9 !#$%&'*+/^_`{|}~-]{1,200}")  # words that need no quoting
_CASE = re.compile(r"[a-z2-7]{16}")
_NONCE = re.compile(r"([a-z2-7]{20})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """What a mail belongs to.

    ``nonce`` is what its answer is to bring back. ``in_reply_to`` is the Message-ID that it
    answers and ``references`` are those that that one names; what is no Message-ID is left out.
    ``unasked`` tells that it answers nothing, as a question to a stored contact.
    """

    case: str
    nonce: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    unasked: bool = False


def build_mail(
    text: Text, *, mirror: MirrorSettings, recipient: str, thread: Thread, date: datetime
) -> bytes:
    """Return a whole mail in ASCII.

    Raises ValueError for a recipient that cannot be written to (:func:`can_be_written_to`), for a
    contact address that leaves no room for the case's tag, and for a date without a time zone.
    """
    if not can_be_written_to(recipient):
        raise ValueError("the recipient is no mail address in ASCII")
    content = EmailMessage(policy=_POLICY)
    content.set_content(text.body, charset="utf-8", cte=_encoding(text.body))
    headers = (
        _mailbox_line("From", mirror.name, mirror.contact),
        f"To: {recipient}\r\n",
        _mailbox_line("Reply-To", mirror.name, tagged(mirror.contact, thread)),
        _subject_line(text.subject),
        f"Date: {format_datetime(_utc(date))}\r\n",
        *_thread_lines(thread),
        f"Auto-Submitted: {'auto-generated' if thread.unasked else 'auto-replied'}\r\n",
        "X-Auto-Response-Suppress: All\r\n",
        f"{CASE_MARK}: {thread.case}\r\n",
        f"Content-Language: {text.language}\r\n",
    )
    return "".join(headers).encode("ascii") + content.as_bytes()


def case_tag(case: str, nonce: str = "") -> str:
    """Return the tag that an answer's recipient address carries: ``c.<case>`` and the nonce.

    Raises ValueError for what is not a case's id or a nonce.
    """
    if not _CASE.fullmatch(case) or not _NONCE.fullmatch(nonce):
        raise ValueError("a case's id has 16 characters of a to z and 2 to 7, a nonce 20")
    return f"c.{case}.{nonce}" if nonce else f"c.{case}"


def tagged(contact: str, thread: Thread) -> str:
    """Return our address with a case's tag; raises ValueError where that is too long."""
    local, _, domain = contact.partition("@")
    tag = case_tag(thread.case, thread.nonce)
    room = _LOCAL_LIMIT - len(tag) - 1
    if len(local.encode()) > room:
        raise ValueError(
            f"the contact's address has {len(local)} characters before the @, which leaves no room"
            f" for a case's tag: at most {room} would be right"
        )
    return f"{local}+{tag}@{domain}"


def can_be_written_to(address: str) -> bool:
    """Tell whether an address is one that SES sends to: in ASCII, unquoted, of a legal length."""
    return len(address) <= _ADDRESS_LIMIT and _MAILBOX.fullmatch(address) is not None


def _utc(date: datetime) -> datetime:
    if date.tzinfo is None:
        raise ValueError("a mail's date has a time zone")
    return date.astimezone(UTC)


def _encoding(body: str) -> str:
    """Return how the body travels: as it is if it may, else so that no line is too long."""
    short = all(len(line) <= _LINE for line in body.split("\n"))
    return "7bit" if body.isascii() and short else "quoted-printable"


# These lines are written by hand: the standard library decodes encoded words in what it is given,
# ends of lines among them (seen in 3.11), and breaks long Message-IDs.
def _mailbox_line(header: str, name: str, address: str) -> str:
    if not can_be_written_to(address):
        raise ValueError(f"expected a mail address in ASCII as the contact, not {address!r}")
    line = printable_line(name)
    shown = _folded(header, line, plain=_PHRASE.fullmatch(line) is not None)
    return f"{header}: {shown}\r\n <{address}>\r\n" if shown else f"{header}: <{address}>\r\n"


def _subject_line(subject: str) -> str:
    line = printable_line(subject)
    return f"Subject: {_folded('Subject', line, plain=line.isascii() and '=?' not in line)}\r\n"


def _folded(header: str, line: str, *, plain: bool) -> str:
    """Return a header's text in short lines: as it is, or in encoded words (RFC 2047)."""
    charset = "us-ascii" if plain else "utf-8"
    return Header(line, charset, maxlinelen=_LINE, header_name=header).encode(linesep="\r\n")


def _thread_lines(thread: Thread) -> Iterator[str]:
    """Yield In-Reply-To and References (RFC 5322 §3.6.4), one id a line, whole however long."""
    parent = thread.in_reply_to if _is_message_id(thread.in_reply_to) else ""
    named = [each for each in thread.references if _is_message_id(each) and each != parent]
    chain = list(dict.fromkeys(named))
    if len(chain) >= _MOST_REFERENCES:
        chain = [chain[0], *chain[-(_MOST_REFERENCES - 2) :]]
    if parent:
        yield f"In-Reply-To: {parent}\r\n"
        chain.append(parent)
    if chain:
        yield "References: " + "\r\n ".join(chain) + "\r\n"


def _is_message_id(text: str) -> bool:
    return len(text) <= _LONGEST_ID and _MESSAGE_ID.fullmatch(text) is not None
