"""Reading any bytes yields a message, within bounds; what was written is read back."""

import string
import time
from collections.abc import Callable
from email.message import EmailMessage

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from feedmirror.takedowns.mails.message import Message, Part
from feedmirror.takedowns.mails.reading_mail import SIZE, read_message
from feedmirror.takedowns.mails.wrappers import unwrap

PIECES = [
    "From: ", "From : ", "Subject: ", "To: ", "Date: ", "Message-ID: ", "References: ", "<", ">",
    "Content-Type: ", "multipart/mixed", "multipart/alternative", "multipart/report",
    "text/plain", "text/html", "message/rfc822", "message/delivery-status", "application/json",
    "text/xml", "text/csv", "; boundary=b", "; charset=", "utf-8", "utf-16", "idna", "undefined",
    "\x00", "hz", "Content-Transfer-Encoding: ", "base64", "quoted-printable", "x-uuencode",
    "=\n", "=?utf-8?q?", "?=", "--b", "--b--", "\n", "\r", "\r\n", "\n\n", " ", "\t", "> ", "-- ",
    "a@example.com", "(", ")", '"', "'", ",", ";", ":", "//", "https://", "example.com", "/",
    "?url=", "%", "&", "&#", "9", "https://urldefense.com/v3/__", "__;", "!", "*", "**A",
    "https://www.google.com/url?q=", "https://x.safelinks.protection.outlook.com/?url=",
    "https%3A%2F%2F", "hxxp[:]//", "[.]", "[", "<a href=", "</a>", "<div id=divRplyFwdMsg>",
    "<blockquote>", "</blockquote>", "<pre>", "<style>", "<!--", "-->", "<p>", "<br>",
    "On 3 Nov 2026 at 10:11, M wrote:", "-----Original Message-----",
    "---------- Forwarded message ---------", "Sent: ", "Sent from my iPhone", "Regards,",
    "Action: ", "failed", "Auto-Submitted: ", "Precedence: bulk", "-- Start ACNS XML\n",
    "<Infringement>", "</Infringement>", "<Item><URL>", "</URL></Item>", "<!DOCTYPE",
    '{"xarf_version": "4", ', "[]}", "\xe9", "\u3002", "\u2026", "\ud7ff", "\U0001f600", "\u202e",
]  # fmt: skip
VALID = (
    b"Return-Path: <ann@example.com>\r\nFrom: Ann <ann@example.com>\r\nTo: t@mirror.example\r\n"
    b"Subject: =?utf-8?q?L=C3=B6schen?=\r\nDate: Tue, 3 Nov 2026 10:11:12 +0100\r\n"
    b"Message-ID: <1@example.com>\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="o"\r\n\r\n--o\r\n'
    b'Content-Type: multipart/alternative; boundary="i"\r\n\r\n--i\r\n'
    b"Content-Type: text/plain; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    b"Bitte l=C3=B6schen: https://example.com/a=\r\nb\r\n\r\n"
    b"On 3 Nov 2026 at 10:11, M wrote:\r\n> x\r\n"
    b'--i\r\nContent-Type: text/html\r\n\r\n<p>Bitte <a href="https://example.com/ab">das</a></p>\r\n'
    b"--i--\r\n--o\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\nhttps://example.com/c\r\n"
    b"--o\r\nContent-Type: application/json\r\n\r\n{}\r\n--o--\r\n"
)  # fmt: skip


@given(st.binary(max_size=600))
def test_any_bytes_are_a_message(raw: bytes) -> None:
    assert isinstance(read_message(raw), Message)


@settings(max_examples=400)
@given(
    st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=6)), max_size=60),
    st.sampled_from(["utf-8", "utf-16", "latin-1"]),
)
def test_any_pieces_of_mail_are_a_message(pieces: list[str], encoding: str) -> None:
    assert isinstance(read_message("".join(pieces).encode(encoding, "replace")), Message)


@settings(max_examples=300)
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 0.2), st.sampled_from(PIECES)), max_size=6))
def test_any_damage_to_a_mail_leaves_a_message(edits: list[tuple[float, float, str]]) -> None:
    raw = VALID
    for where, length, piece in edits:
        at = int(where * len(raw))
        raw = raw[:at] + piece.encode("utf-8", "replace") + raw[at + int(length * len(raw)) :]
    message = read_message(raw)

    assert all(link.address[:4].lower() == "http" for link in message.links)


@given(st.integers(0, len(VALID)))
def test_a_mail_cut_anywhere_is_a_message(length: int) -> None:
    assert isinstance(read_message(VALID[:length]), Message)


@settings(max_examples=300)
@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_unwrapping_any_text_yields_a_text(text: str) -> None:
    assert isinstance(unwrap(text), str)


WORDS = st.lists(
    st.text(string.ascii_lowercase + "äéñß漢", min_size=1, max_size=8), min_size=1, max_size=30
)


@settings(max_examples=60)
@given(
    words=WORDS,
    encoding=st.sampled_from(["base64", "quoted-printable", "8bit"]),
    attached=st.booleans(),
)
@example(words=["a" * 8] * 30, encoding="quoted-printable", attached=True)
def test_what_was_written_is_read_back(*, words: list[str], encoding: str, attached: bool) -> None:
    text = " ".join(words)
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "ann@example.com", words[0]
    mail.set_content(text, charset="utf-8", cte=encoding)
    mail.add_alternative(f'<p>{text} <a href="https://example.com/a">x</a></p>', subtype="html")
    if attached:
        mail.add_attachment("https://example.org/b", filename="list.txt")
    message = read_message(bytes(mail))

    assert message.text == text
    assert message.subject == words[0]
    assert [link.part for link in message.links] == [Part.NEW] + [Part.ATTACHED] * attached
    assert message.excess == ()
    assert message.faults == ()


def body(unit: bytes, kind: bytes = b"text/plain") -> Callable[[int], bytes]:
    return lambda size: b"Content-Type: " + kind + b"\n\n" + unit * (size // len(unit))


def header(start: bytes, unit: bytes) -> Callable[[int], bytes]:
    return lambda size: start + unit * (size // len(unit)) + b"\n\nHello\n"


def nested(size: int) -> bytes:
    levels = size // 60
    return b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(levels)
    )


def parts(size: int) -> bytes:
    part = b"--b\nContent-Type: text/plain" + b'; a="' * 2800 + b"\n\nx\n"
    return b"Content-Type: multipart/mixed; boundary=b\n\n" + part * (size // len(part))


HOSTILE: dict[str, Callable[[int], bytes]] = {
    "one line": body(b"a"),
    "short lines": body(b"a\n"),
    "blank lines": body(b"\n"),
    "addresses": body(b"http://a.example/ "),
    "addresses run together": body(b"http://"),
    "bare hosts": body(b"a.it "),
    "dots": body(b"a."),
    "brackets in an address": lambda size: b"\nhttp://a.example/" + b"(" * size,
    "quotation marks": body(b">"),
    "attributions": body(b"<@" * 140 + b" wrote 1:11:\n"),
    "signatures": body(b"--\n\n"),
    "copied headers": body(b"-----\nFrom: x\n"),
    "nested tags": body(b"<div><b>", b"text/html"),
    "unclosed quotes": body(b'<a "', b"text/html"),
    "unclosed comments": body(b"<!--", b"text/html"),
    "unclosed styles": body(b"<style>", b"text/html"),
    "numbers in html": lambda size: b"Content-Type: text/html\n\n&#" + b"9" * size,
    "links": body(b"<a href=http://a.example/>x", b"text/html"),
    "nested json": body(b"[", b"application/json"),
    "nested xml": lambda size: b"Content-Type: text/xml\n\n<Infringement>" + b"<a>" * (size // 3),
    "csv": body(b'",', b"text/csv"),
    "punycode": body(b"a-", b"text/plain; charset=punycode"),
    "nested parts": nested,
    "nested mails": lambda size: b"Content-Type: message/rfc822\n\n" * (size // 30),
    "parts with long types": parts,
    "boundaries": body(b"\n--bx", b"multipart/mixed; boundary=b"),
    "comments in From": header(b"From: ", b"("),
    "commas in To": header(b"To: ", b","),
    "encoded words": header(b"Subject: ", b"=?utf-8?q?a?= "),
    "parameters": header(b"Content-Type: text/plain", b";a*0=b"),
    "references": header(b"References: ", b"<"),
    "fields": header(b"A: b\n", b"A: b\n"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_ten_times_the_hostile_input_costs_no_more_than_thirty_times(name: str) -> None:
    def seconds(size: int) -> float:
        raw = HOSTILE[name](size)
        start = time.perf_counter()
        read_message(raw)
        return time.perf_counter() - start

    read_message(b"\nhttp://a.it a.it")  # loads what is loaded once
    small = min(seconds(SIZE // 11) for _ in range(2))

    assert seconds(SIZE - 70_000) < max(30 * small, 0.5)


def test_thousands_of_levels_brackets_and_words_are_only_too_many() -> None:
    assert read_message(nested(3_000 * 60)).excess == ("depth",)
    assert "from header" in read_message(b"From: " + b"(" * 200_000 + b"\n\nx").excess
    words = b"Subject: " + b"=?utf-8?q?a?= " * 20_000
    assert "subject header" in read_message(words + b"\n\nx").excess
