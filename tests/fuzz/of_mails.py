"""Mails: raw bytes to what is asked for, and by whom as far as that is proved."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

from builders import a_mirror
from feedmirror.adapters.isolation.vouching_mails import objection
from feedmirror.addresses import host_of
from feedmirror.takedowns.mails.message import Message
from feedmirror.takedowns.mails.reading_mail import read_message
from feedmirror.takedowns.notices.notice import Notice, TargetKind
from feedmirror.takedowns.notices.reading_notice import read_notice
from feedmirror.takedowns.notices.targets import tags_of
from feedmirror.takedowns.reading.understood import Understood
from feedmirror.takedowns.senders.judging import judge_sender
from feedmirror.takedowns.senders.mailboxes import read_from
from feedmirror.takedowns.senders.receipt import Receipt, Verdict, mailbox_key
from feedmirror.takedowns.senders.sender import Proof, Sender
from fuzz.oracles import assert_line, assert_told, assert_web
from fuzz.target import LINES, PIECES, Target, words
from signed_mail import EXPONENT, Key, Zone, a_mail, signed

MIRROR = a_mirror()
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
_MAILS = Path(__file__).parents[1] / "mails"
_DOMAIN = "news.example"
# A key that is the same in every run: its primes are Mersenne's.
_P, _Q = 2**521 - 1, 2**607 - 1
_KEY = Key(_P * _Q, pow(EXPONENT, -1, (_P - 1) * (_Q - 1)))
_SIGNED = signed(
    a_mail(
        {
            "From": "Ann Author <ann@news.example>",
            "To": MIRROR.contact,
            "Subject": "My article",
            "Date": "Sun, 22 Nov 2026 11:00:00 +0000",
            "Message-ID": "<1@news.example>",
        },
        "Please take down https://news.example/2026/a for good.\r\n\r\nAnn\r\n",
    ),
    _DOMAIN,
    key=_KEY,
)
_TRUE = read_message(_SIGNED)


@dataclass(frozen=True, slots=True)
class Read:
    """A mail, and who sent it."""

    message: Message
    sender: Sender


def read(raw: bytes) -> Read:
    """Read a mail for which SES vouches by DKIM only."""
    message = read_message(raw)
    sender = judge_sender(
        message,
        _receipt(message),
        raw=raw,
        contact=MIRROR.contact,
        now=NOW,
        dns=Zone({f"sel._domainkey.{_DOMAIN}": (_KEY.record(),)}),
    )
    return Read(message, sender)


def read_words(raw: bytes) -> Notice:
    """Read what a mail asks for."""
    message = read_message(raw)
    return read_notice(message, mirror=MIRROR, tags=tags_of(message.recipients, MIRROR.contact))


def _receipt(message: Message) -> Receipt:
    """Return a receipt for whatever ``From`` says, as if SES read it as we do."""
    address = read_from(message.from_values).address
    return Receipt(
        ses_id="one",
        received=NOW,
        recipients=(MIRROR.contact,),
        from_keys=(mailbox_key(address),),
        dkim=Verdict.PASS,
        dmarc=Verdict.GRAY,
    )


def check(_raw: bytes, found: object) -> None:
    """Fail unless the mail was read within bounds and nobody speaks for another."""
    assert isinstance(found, Read)
    check_message(found.message)
    read = Understood(message=found.message, sender=found.sender, notice=Notice())
    assert not objection(read)
    _check_sender(found.sender, found.message)


def check_message(message: Message) -> None:
    """Fail unless what a mail says is within bounds, and its lines are lines."""
    for text in (message.subject, message.message_id, message.language):
        assert_line(text)
    for recipient in message.recipients:
        assert_line(recipient)
        assert "@" in recipient
    assert len(message.subject) <= 1000
    for name in (*message.excess, *message.faults):
        assert_told(name)
        assert "@" not in name, name
    for link in message.links:
        assert_web(link.address)
    texts = (message.text, message.quoted, message.signature, message.forwarded, message.attached)
    for text in texts:
        text.encode()
        assert "\0" not in text


def check_words(_raw: bytes, notice: object) -> None:
    """Fail unless what a mail asks for is of something that can be looked up."""
    assert isinstance(notice, Notice)
    assert not objection(Understood(message=Message(), sender=Sender(), notice=notice))
    for target in notice.targets:
        assert_line(target.value)
        assert target.value
        if target.kind is TargetKind.ADDRESS:
            assert_web(target.value)
        if target.kind is TargetKind.HOST:
            assert host_of(f"https://{target.value}/") == target.value, target
    for reason in notice.unclear:
        assert_told(reason)
    assert_line(notice.case)
    assert_line(notice.nonce)


def _check_sender(sender: Sender, message: Message) -> None:
    assert sender.proved == (not sender.why), sender
    assert "@" not in sender.why, sender.why
    assert sender.why.isprintable(), ascii(sender.why)
    assert_line(sender.address)
    if sender.proof is not Proof.NONE:
        assert sender.proof is Proof.DKIM
        assert (sender.domain, sender.address) == (_DOMAIN, f"ann@{_DOMAIN}")
        assert (message.subject, message.date) == (_TRUE.subject, _TRUE.date)
        assert message.recipients[:1] == _TRUE.recipients
        assert message.text.split() == _TRUE.text.split()
        assert message.links == _TRUE.links


def seeds() -> Iterator[bytes]:
    """Yield mails, one that is signed first."""
    yield _SIGNED
    yield from (path.read_bytes() for path in sorted(_MAILS.glob("*.eml")))
    mail = EmailMessage()
    mail["From"], mail["To"] = "Ann <ann@news.example>", "takedown+a.b@mirror.example.org"
    mail["Subject"] = "Löschen"
    mail.set_content("Bitte löschen:\nhttps://news.example/ä\n\n> quoted\n", cte="quoted-printable")
    mail.add_alternative('<p>Bitte <a href="https://news.example/b">das</a></p>', subtype="html")
    mail.add_attachment("https://news.example/c\n", filename="list.csv", subtype="csv")
    yield bytes(mail)
    inner = EmailMessage()
    inner["Subject"] = "inner"
    inner.set_content("https://news.example/d")
    outer = EmailMessage()
    outer["From"], outer["To"] = "mailer-daemon@news.example", MIRROR.contact
    outer.set_content("Delivery failed")
    outer.add_attachment(inner)
    yield bytes(outer)


TARGETS = (
    Target(
        name="mails",
        read=read,
        check=check,
        seeds=seeds,
        tokens=words("mails"),
        grain=LINES,
    ),
    Target(
        name="notices",
        read=read_words,
        check=check_words,
        seeds=seeds,
        tokens=words("mails"),
        grain=PIECES,
        longest=2048,
    ),
)
