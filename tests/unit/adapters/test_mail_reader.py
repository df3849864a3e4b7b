"""Mails read in a child process come to the same as in this one, whatever is in them."""

import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from quopri import encodestring

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import a_mirror
from feedmirror.adapters.isolation.mail_reader import LIMITS, IsolatedMailReader, mail_child
from feedmirror.takedowns.reading.understanding import Understanding
from feedmirror.takedowns.reading.understood import (
    MailUnreadableError,
    ReaderUnavailableError,
    Understood,
)
from feedmirror.takedowns.senders.receipt import Receipt, Verdict, mailbox_key
from feedmirror.takedowns.senders.sender import Proof, Sender
from signed_mail import Zone, a_key, a_mail, signed

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MIRROR = a_mirror()
MAILS = sorted((Path(__file__).parents[2] / "mails").glob("*.eml"))
TAGS = ("", "+c.abcdefghijklmnop.abcdefghijklmnopqrst", "+abcdefghijklmnopqrstuvwxyz")
KEY = "sel._domainkey.news.example"
ZONE = {KEY: (a_key().record(),)}
SIGNED = signed(
    a_mail(
        {
            "From": "Ann <ann@news.example>",
            "To": MIRROR.contact,
            "Subject": "Please",
            "Date": "Sun, 22 Nov 2026 11:00:00 +0000",
            "Message-ID": "<1@news.example>",
        }
    ),
    "news.example",
)


@pytest.fixture(scope="module")
def reader() -> Iterator[IsolatedMailReader]:
    child = mail_child()
    yield IsolatedMailReader(child, MIRROR, Zone(ZONE))
    child.close()


def a_receipt(tag: str = "", *, sender: str = "ann@news.example") -> Receipt:
    local, _, domain = MIRROR.contact.partition("@")
    return Receipt(
        ses_id="one",
        received=NOW,
        recipients=(f"{local}{tag}@{domain}",),
        from_keys=(mailbox_key(sender),),
        dkim=Verdict.PASS,
        dmarc=Verdict.GRAY,
    )


def here(raw: bytes, receipt: Receipt | None, zone: Zone | None = None) -> Understood:
    return Understanding(MIRROR, zone or Zone(ZONE)).read(raw, receipt, judged=NOW)


def test_every_mail_is_read_as_in_this_process(reader: IsolatedMailReader) -> None:
    mails = [
        (path.read_bytes(), a_receipt(tag)) for path, tag in zip(MAILS, cycle(TAGS), strict=False)
    ]

    assert len(mails) == 50
    assert [reader.read(*mail, judged=NOW) for mail in mails] == [here(*mail) for mail in mails]


PIECES = [
    b"From: ", b"Subject: ", b"To: ", b"Date: ", b"Message-ID: ", b"Content-Type: ", b"<", b">",
    b"multipart/mixed", b"multipart/report", b"text/plain", b"text/html", b"message/rfc822",
    b"message/delivery-status", b"application/json", b"text/xml", b"; boundary=b", b"; charset=",
    b"utf-16", b"idna", b"punycode", b"hz", b"undefined", b"rot13", b"utf-7", b"quoted-printable",
    b"Content-Transfer-Encoding: ", b"base64", b"x-uuencode", b"=?utf-8?q?", b"?=", b"--b", b"\n",
    b"\r\n", b"\n\n", b" ", b"> ", b"-- ", b"a@example.com", b"takedown@mirror.example.org",
    b"https://example.com/a ", b"example.com ", b"Please remove ", b"Bitte ", b"supprimer ",
    b"now and in the future", b"DKIM-Signature: ", b"v=1; a=rsa-sha256; d=example.com; s=a;",
    b"-- Start ACNS XML\n", b"<Infringement>", b'{"xarf_version": "4", ', b"\xe9", b"\xff\xfe",
    b"+2AA-", b"\xed\xa0\x80", b"\xf0\x9f\x98\x80", b"\x00", b"\xe2\x80\xae", b"&#xD800;",
    b"Action: failed\n", b"Auto-Submitted: auto-replied\n", b"Content-Language: de\n",
]  # fmt: skip


@settings(max_examples=40)
@given(st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=6)), max_size=60))
def test_any_mail_is_read_as_in_this_process(
    reader: IsolatedMailReader, pieces: list[bytes]
) -> None:
    raw, receipt = b"".join(pieces), a_receipt(sender="a@example.com")

    assert reader.read(raw, receipt, judged=NOW) == here(raw, receipt)


def test_a_mail_that_is_too_large_is_read_as_in_this_process(reader: IsolatedMailReader) -> None:
    raw = SIGNED + b"x" * 3 * 2**20
    found = reader.read(raw, a_receipt(), judged=NOW)

    assert found == here(raw, a_receipt())
    assert found.message.excess == ("size",)
    assert found.address == "ann@news.example"


# DNS, which the child has no way to ask.


def test_a_signature_is_checked_with_the_key_that_the_parent_asks_for(
    reader: IsolatedMailReader,
) -> None:
    zone = Zone(ZONE)
    found = replace(reader, dns=zone).read(SIGNED, a_receipt(), judged=NOW)

    assert found == here(SIGNED, a_receipt())
    assert found.sender.proof is Proof.DKIM
    assert zone.asked == [KEY]


def test_silence_of_dns_is_temporary_and_no_fault_of_the_mail(reader: IsolatedMailReader) -> None:
    silent = Zone(silent=frozenset({KEY}))
    found = replace(reader, dns=silent).read(SIGNED, a_receipt(), judged=NOW)

    assert found == here(SIGNED, a_receipt(), silent)
    assert found.sender.temporary
    assert not found.sender.proved


def test_nobody_is_judged_and_dns_not_asked_where_a_mail_is_only_read_again(
    reader: IsolatedMailReader,
) -> None:
    zone = Zone(ZONE)
    found = replace(reader, dns=zone).read(SIGNED, a_receipt())

    assert (found.sender.proved, found.address) == (False, "ann@news.example")
    assert zone.asked == []


# Mails that are made to break whoever reads them (reliability.md, section 5).


def nested(levels: int) -> bytes:
    return b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(levels)
    )


def attached(encoding: str, body: bytes, kind: str = "text/plain") -> bytes:
    head = f"From: a@example.com\nContent-Type: {kind}\nContent-Transfer-Encoding: {encoding}\n\n"
    return head.encode() + body


HOSTILE: dict[str, Callable[[], bytes]] = {
    "3,000 nested parts": lambda: nested(3_000),
    "200,000 brackets": lambda: b"From: " + b"(" * 200_000 + b"\n\nx",
    "an encoded line end in From": lambda: b"From: =?utf-8?q?a=0D=0AB?= <a@example.com>\n\nx",
    "500 kB of commas": lambda: b"To: " + b"," * 500_000 + b"\n\nx",
    "500 kB of commas in folded lines": lambda: b"To: " + b",\n " * 170_000 + b"\n\nx",
    "20,000 encoded words": lambda: b"Subject: " + b"=?utf-8?q?a?= " * 20_000 + b"\n\nx",
    "a charset that nobody knows": lambda: attached("8bit", b"\xff" * 999, "text/plain; charset=x"),
    "a charset of another kind": lambda: attached("8bit", b"eA" * 999, "text/plain; charset=zlib"),
    "a subject in a charset of another kind": lambda: b"Subject: =?rot13?q?a?= =?idna?b?/w=?=\n\nx",
    "30,000 nested mails": lambda: b"Content-Type: message/rfc822\n\n" * 30_000,
    "a bomb of quoted-printable": lambda: attached("quoted-printable", b"=41" * 600_000),
    "soft line ends": lambda: attached("quoted-printable", b"=\n" * 900_000),
    "base64 of an archive": lambda: attached("base64", b64encode(b"PK\3\4" + b"\0" * 1_400_000)),
    "base64 in base64": lambda: attached("base64", b64encode(b64encode(b"A" * 1_000_000))),
    "an encoded mail in an encoded mail": lambda: attached(
        "quoted-printable",
        encodestring(attached("base64", b64encode(b"x" * 99_999), "message/rfc822")),
        "message/rfc822",
    ),
    "a uuencoded part": lambda: attached("x-uuencode", b"begin 644 a\n" + b"M" * 900_000),
    "bare hosts": lambda: b"From: a@example.com\n\n" + b"a.it " * 20_000,
    "500 times the same": lambda: b"From: a@example.com\n\n" + b"remove it " * 500,
    "nested markup": lambda: attached("8bit", b"<div><b>" * 60_000, "text/html"),
    "40 MB": lambda: b"From: a@example.com\n\n" + b"a" * 40_000_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_mail_is_read_within_its_time(reader: IsolatedMailReader, name: str) -> None:
    raw = HOSTILE[name]()
    start = time.monotonic()
    found = reader.read(raw, a_receipt(), judged=NOW)

    assert time.monotonic() - start < LIMITS.seconds
    assert not found.sender.proved
    assert len(found.message.text) <= 10_000


# What a child that a mail has broken may still do.


@pytest.fixture(scope="module")
def breakable() -> Iterator[IsolatedMailReader]:
    child = mail_child("breakable_mails")
    yield IsolatedMailReader(child, MIRROR, Zone(ZONE))
    child.close()


@pytest.mark.parametrize(
    ("subject", "why"),
    [
        ("kill", "killed"),
        ("eat", "MemoryError"),
        ("raise", "RecursionError"),
        ("babble", "nothing of the kind"),
        ("ask", "asks for what no mail needs"),
        ("tell", "asks for what no mail needs"),
        ("forge", "does not bear out"),
        ("inject", "what no mail asks for"),
    ],
)
def test_a_mail_that_breaks_its_reader_costs_only_itself(
    breakable: IsolatedMailReader, subject: str, why: str
) -> None:
    zone = Zone()
    with pytest.raises(MailUnreadableError, match=why):
        replace(breakable, dns=zone).read(subject.encode(), a_receipt(), judged=NOW)

    assert len(zone.asked) == (10 if subject == "ask" else 0)
    assert breakable.read(b"read", a_receipt(), judged=NOW).sender == Sender()


def test_no_reader_at_all_is_no_fault_of_the_mail() -> None:
    missing = IsolatedMailReader(mail_child("no_such_operations"), MIRROR, Zone())

    with pytest.raises(ReaderUnavailableError, match="does not start"):
        missing.read(SIGNED, a_receipt(), judged=NOW)
