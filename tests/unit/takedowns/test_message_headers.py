"""What a mail's header says, and what stays visible of a header that is malformed."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from feedmirror.takedowns.mails.message import Automatic, Message
from feedmirror.takedowns.mails.reading_mail import read_message


def mail(*header: str, body: str = "Hello") -> Message:
    return read_message("\r\n".join([*header, "", body]).encode())


def test_a_plain_mail_is_read_whole() -> None:
    message = mail(
        "From: Ann Example <ann@example.com>",
        "To: Mirror <takedown+abc@mirror.example>, b@example.org",
        "Cc: C@Example.net",
        "Subject: Please take it down",
        "Date: Tue, 3 Nov 2026 10:11:12 +0100",
        "Message-ID: <one@example.com>",
        "In-Reply-To: <zero@mirror.example>",
        "References: <older@mirror.example> <zero@mirror.example>",
        "Content-Language: pt-BR, en",
        "X-Feedmirror-Case: abc",
        body="Hello\r\nthere",
    )

    assert message.from_values == ("Ann Example <ann@example.com>",)
    assert message.recipients == ("takedown+abc@mirror.example", "b@example.org", "c@example.net")
    assert message.subject == "Please take it down"
    assert message.date == datetime(2026, 11, 3, 10, 11, 12, tzinfo=timezone(timedelta(hours=1)))
    assert message.message_id == "one@example.com"
    assert message.references == ("zero@mirror.example", "older@mirror.example")
    assert message.language == "pt-BR"
    assert message.reply_to_own_mark
    assert message.text == "Hello\nthere"
    assert message.automatic is Automatic.NO
    assert message.excess == ()
    assert message.faults == ()


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("=?utf-8?Q?Entfernt_bitte_l=C3=B6schen?=", "Entfernt bitte löschen"),
        ("=?ISO-8859-1?Q?Supprim=E9?= =?utf-8?b?IHbDtHRyZQ==?=", "Supprimé vôtre"),
        ("Re: =?utf-8?b?w6k=?= plain", "Re: é plain"),
        ("=?utf-8?b?AAA?=", "\\0"),
        ("=?no-such-charset?q?abc?=", "abc"),
        ("=?utf-8?q?two=0D=0ABcc:_x?=", "two Bcc: x"),
        ("plain ñ as UTF-8", "plain ñ as UTF-8"),
        ("right\u202eleft\u200b", "rightleft"),
        (("=?a?q?b?=" * 205), ("=?a?q?b?=" * 205)[:1000]),
        ("folded\r\n over\r\n\tlines", "folded over lines"),
    ],
)
def test_a_subject_is_decoded_to_one_line(written: str, read: str) -> None:
    assert mail(f"Subject: {written}").subject == read.replace("\\0", "")


def test_a_subject_of_bare_bytes_is_read_as_latin_1() -> None:
    assert read_message(b"Subject: L\xf6schung\n\nx").subject == "Löschung"


def test_half_a_pair_of_surrogates_is_no_text_however_it_is_stated() -> None:
    """Nothing could be written with it: not the answer, nor the case."""
    by_escape = read_message(b"Subject: =?utf-8?q?a?= \\ud800 b\n\nHello")
    by_charset = read_message(b"Content-Type: text/plain; charset=utf-7\n\nx +2AA- y")

    assert (by_escape.subject, by_charset.text) == ("a b", "x  y")


def test_an_id_or_a_mailbox_with_something_unseen_in_it_is_none() -> None:
    message = mail("Message-ID: <a\x9bb@c.example>", "To: ann\u202e@c.example, bob@c.example")

    assert (message.message_id, message.recipients) == ("", ("bob@c.example",))


def test_control_characters_part_no_word() -> None:
    message = mail("Subject: take\x9b it\x81 down", body="re\x9bmove")

    assert (message.subject, message.text) == ("take it down", "remove")


@pytest.mark.parametrize(
    "written",
    ["", "yesterday", "Tue, 99 Nov 2026 10:11:12 +0100", "1 Jan 99999 00:00:00 +0000", "0" * 500],
)
def test_a_date_that_is_none_is_none(written: str) -> None:
    assert mail(f"Date: {written}").date is None


def test_a_date_without_a_zone_is_taken_for_utc() -> None:
    message = mail("Date: Tue, 3 Nov 2026 10:11:12 -0000")

    assert message.date == datetime(2026, 11, 3, 10, 11, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('"x@evil.example" <a@example.com>', ("a@example.com",)),
        ("(x@evil.example) a@example.com", ("a@example.com",)),
        ("A (b (c) d) <a@example.com>, <e@example.com>", ("a@example.com", "e@example.com")),
        ('"Last, First" <a@example.com>', ("a@example.com",)),
        ("undisclosed-recipients:;", ()),
        ("a@example.com, A@EXAMPLE.COM", ("a@example.com",)),
        ("no address at all", ()),
        ('"unclosed <a@example.com>', ()),
    ],
)  # fmt: skip
def test_recipients_are_the_mailboxes_and_never_what_a_name_says(
    written: str, read: tuple[str, ...]
) -> None:
    assert mail(f"To: {written}").recipients == read


def test_a_single_from_is_given_as_it_stands_and_unfolded() -> None:
    message = mail("Subject: x", 'From: "Ann\r\n  Example" <ann@example.com>')

    assert message.from_values == ('"Ann  Example" <ann@example.com>',)


@pytest.mark.parametrize(
    "second",
    [
        b"From: x@evil.example\n",
        b"FROM: x@evil.example\n",
        b"From : x@evil.example\n",
        b"From\t: x@evil.example\n",
        b"Fr\x00om: x@evil.example\n",
        b"\x00From: x@evil.example\n",
        b"From\xa0: x@evil.example\n",
        b"X-Note: a\rFrom: x@evil.example\n",
        b"this line is no header\nFrom: x@evil.example\n",
    ],
)
def test_a_second_from_is_seen_however_it_is_spelled(second: bytes) -> None:
    message = read_message(b"From: ann@example.com\n" + second + b"\nHello\n")

    assert "ann@example.com" in message.from_values
    assert "x@evil.example" in message.from_values


@pytest.mark.parametrize(
    "raw",
    [
        b"From : ann@example.com\n\nHello",
        b"Subject: x\nPlease take\nthis down\nFrom: ann@example.com\n\nHello",
    ],
)
def test_a_from_that_only_some_readers_see_is_never_the_only_one(raw: bytes) -> None:
    assert len(read_message(raw).from_values) > 1


def test_a_from_that_is_too_long_is_seen_to_be() -> None:
    message = mail("From: " + "a" * 5000 + "@example.com")

    assert len(message.from_values[0]) == 2049
    assert message.excess == ("from header",)


def test_a_from_that_may_stand_beyond_what_is_read_counts_as_a_second_one() -> None:
    header = b"From: ann@example.com\n" + b"X-Pad: y\n" * 10_000 + b"From: x@evil.example\n"
    message = read_message(header + b"\nHello")

    assert len(message.from_values) == 2
    assert message.excess == ("header block",)
    assert message.text == "Hello"


def test_bytes_of_any_charset_in_from_are_visible() -> None:
    message = read_message("From: Zoë <zoe@exämple.com>\n\nx".encode())

    assert message.from_values == ("Zoë <zoe@exämple.com>",)


def test_lines_of_carriage_returns_only_are_lines() -> None:
    message = read_message(b"From: ann@example.com\rSubject: Mac\r\rHello\rthere")

    assert message.subject == "Mac"
    assert message.text == "Hello\nthere"


def test_text_right_below_the_header_is_the_text() -> None:
    message = read_message(b"From: ann@example.com\nSubject: x\nPlease take it\ndown\n")

    assert message.subject == "x"
    assert message.text == "Please take it\ndown"
    assert message.faults == ("no blank line below the header",)


def test_one_line_that_is_no_field_does_not_end_the_header() -> None:
    message = read_message(b"From: a@example.com\noops\nSubject: x\nTo: b@example.com\n\nHello")

    assert message.subject == "x"
    assert message.text == "Hello"


def test_the_line_that_a_mailbox_file_puts_on_top_is_no_header() -> None:
    message = read_message(b"From ann@example.com Tue Nov  3 10:11:12 2026\nSubject: x\n\nHello")

    assert message.subject == "x"
    assert message.from_values == ()


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("Auto-Submitted: no", Automatic.NO),
        ("Auto-Submitted: auto-replied; type=vacation", Automatic.REPLIED),
        ("Auto-Submitted: auto-generated", Automatic.GENERATED),
        ("Auto-Submitted: auto-notified", Automatic.GENERATED),
        ("Precedence: bulk", Automatic.LIST),
        ("Precedence: Junk", Automatic.LIST),
        ("Precedence: list", Automatic.LIST),
        ("Precedence: first-class", Automatic.NO),
        ("Precedence: auto_reply", Automatic.REPLIED),
        ("List-Id: <l.example.com>", Automatic.LIST),
        ("List-Unsubscribe: <mailto:u@example.com>", Automatic.LIST),
        ("X-Auto-Response-Suppress: All", Automatic.NO),
        ("X-Autoreply: yes", Automatic.REPLIED),
        ("Return-Path: <>", Automatic.GENERATED),
        ("Return-Path: <ann@example.com>", Automatic.NO),
        ("Content-Type: multipart/report; boundary=b", Automatic.REPORT),
        ("From: MAILER-DAEMON@example.com", Automatic.GENERATED),
        ("From: <mailer-daemon@example.com>\r\nSubject: Undeliverable: x", Automatic.REPORT),
        ("From: postmaster@example.com\r\nSubject: Delivery Status Notification", Automatic.REPORT),
        ("From: postmaster@example.com\r\nSubject: Your copy of our site", Automatic.NO),
    ],
)  # fmt: skip
def test_what_made_a_mail_is_told_by_its_header(header: str, kind: Automatic) -> None:
    assert mail(header).automatic is kind


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply: Removal",
        "Out of office",
        "Abwesenheitsnotiz",
        "Respuesta automática: Retirada",
        "Réponse automatique",
        "Resposta automática",
    ],
)
def test_words_of_absence_count_only_with_another_sign(subject: str) -> None:
    assert mail(f"Subject: {subject}").automatic is Automatic.NO
    signed = mail(f"Subject: {subject}", "X-Auto-Response-Suppress: All")

    assert signed.automatic is Automatic.REPLIED
