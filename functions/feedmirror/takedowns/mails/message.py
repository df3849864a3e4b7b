"""A mail, read: its words apart from what it quotes, and every address that it names."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Part(StrEnum):
    """Where in a mail something stands: only what is new speaks for its sender."""

    NEW = "new"
    QUOTED = "quoted"
    SIGNATURE = "signature"
    FORWARDED = "forwarded"  # asked by whoever forwards it
    ATTACHED = "attached"  # in a plain-text, CSV, XML or JSON attachment
    SUBJECT = "subject"


class Automatic(StrEnum):
    """Whether a person wrote a mail (RFC 3834, RFC 3464); what is automatic is never answered."""

    NO = "no"
    REPLIED = "replied"  # vacation notices, ticket systems
    GENERATED = "generated"
    LIST = "list"  # mailing lists and bulk mail
    REPORT = "report"  # delivery status, disposition, feedback


@dataclass(frozen=True, slots=True)
class Link:
    """An address that a mail names, taken out of any redirect wrapper that is known.

    ``shown`` is the text of a link that names another address than it leads to. ``weak`` is an
    address that was written without a scheme and is given one here; ``shortened`` one that leads
    elsewhere without saying where.
    """

    address: str
    part: Part = Part.NEW
    shown: str = ""
    weak: bool = False
    shortened: bool = False


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """A bounce (RFC 3464): which of our mails did not arrive, by the ``Message-ID`` in it."""

    failed: bool = False
    original_id: str = ""
    original_recipients: tuple[str, ...] = ()  # the addresses that our mail was sent from and to


@dataclass(frozen=True, slots=True)
class StructuredNotice:
    """A notice made by a machine for machines: ACNS or X-ARF."""

    format: str
    addresses: tuple[str, ...] = ()
    originals: tuple[str, ...] = ()
    complainant: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a mail says.

    ``from_values`` are its ``From`` headers as they stand, one text a header. ``recipients`` are
    the mailboxes of ``To`` and ``Cc``, lower-case. Message ids stand without angle brackets.
    ``excess`` names the caps that it exceeds, ``faults`` what was malformed; neither repeats any
    of it.
    """

    from_values: tuple[str, ...] = ()
    subject: str = ""
    date: datetime | None = None
    message_id: str = ""
    references: tuple[str, ...] = ()  # In-Reply-To, then References
    recipients: tuple[str, ...] = ()
    reply_to_own_mark: bool = False  # it carries the mark that our own mails carry
    automatic: Automatic = Automatic.NO
    language: str = ""  # as Content-Language states it
    text: str = ""
    quoted: str = ""
    signature: str = ""
    forwarded: str = ""
    attached: str = ""
    links: tuple[Link, ...] = ()
    report: DeliveryReport | None = None
    complaint: bool = False  # a feedback report on a mail of ours (RFC 5965)
    structured: StructuredNotice | None = None
    unread: tuple[str, ...] = ()  # media types of attachments that are never opened
    excess: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
