"""Whatever stands in a request, our answer repeats nothing of it and is one mail to one mailbox."""

import re
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from feedmirror.characters import printable_line
from feedmirror.configuration import MirrorSettings
from feedmirror.takedowns.decisions.decision import Say
from feedmirror.takedowns.notices.notice import Correction
from feedmirror.takedowns.replies.operator_mail import OperatorNote, compose_operator_note
from feedmirror.takedowns.replies.replies import Answer, Text, compose_answer
from feedmirror.takedowns.replies.reply_mail import Thread, build_mail
from feedmirror.takedowns.replies.wordings import LANGUAGES

SITE = "https://mirror.example.org"
CONTACT, CASE = "takedown@mirror.example.org", "caseabcdefgh2345"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
OUR_HEADERS = {
    "subject",
    "in-reply-to",
    "references",
    "from",
    "to",
    "reply-to",
    "date",
    "auto-submitted",
    "x-auto-response-suppress",
    "x-feedmirror-case",
    "content-type",
    "content-transfer-encoding",
    "mime-version",
    "content-language",
}
HOSTILE = st.sampled_from(
    [
        "x\r\nBcc: victim@example.net",
        "x\n\nBuy now",
        "=?utf-8?q?=0D=0ABcc:_victim?=",
        "a@b.example, victim@example.net",
        '"<victim@example.net>',
        "{mirror.__class__}",
        "%s{0}{case!r:>99}",
        "\ud800\u2028\x85\x00",
    ]
)
ANYTHING = st.one_of(st.text(max_size=120), HOSTILE)


def mirror(name: str = "Example Mirror") -> MirrorSettings:
    return MirrorSettings(name=name, site=SITE, contact=CONTACT, operator="ops@example.org")


def parsed(raw: bytes) -> EmailMessage:
    mail = message_from_bytes(raw, policy=default)
    assert isinstance(mail, EmailMessage)
    return mail


@given(name=ANYTHING, subject=ANYTHING, body=st.text(max_size=500))
@settings(deadline=None)
def test_no_text_adds_a_header_or_a_recipient(name: str, subject: str, body: str) -> None:
    text = Text(subject, body.encode(errors="replace").decode())
    raw = build_mail(
        text, mirror=mirror(name), recipient="ann@example.com", thread=Thread(case=CASE), date=NOW
    )

    mail = parsed(raw)
    assert {header.lower() for header in mail} <= OUR_HEADERS
    assert len(mail.keys()) == len({header.lower() for header in mail})
    assert [address.addr_spec for address in mail["To"].addresses] == ["ann@example.com"]
    assert [address.addr_spec for address in mail["From"].addresses] == [CONTACT]
    assert raw.isascii()
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))


@given(name=st.text(st.characters(codec="utf-8"), max_size=100), subject=ANYTHING)
@settings(deadline=None)
def test_names_and_subjects_arrive_as_they_show(name: str, subject: str) -> None:
    raw = build_mail(
        Text(subject, "x\n"),
        mirror=mirror(name),
        recipient="ann@example.com",
        thread=Thread(case=CASE),
        date=NOW,
    )

    # Not by the newer parser, which keeps the space between two encoded words of a name (RFC 2047
    # §6.2 drops it); it is the one that all the other tests go through.
    mail = message_from_bytes(raw)
    shown, _, address = str(mail["From"]).rpartition("<")
    assert address == f"{CONTACT}>"
    assert printable_line(decoded(shown)) == printable_line(name)
    assert printable_line(decoded(str(mail["Subject"]))) == printable_line(subject)


def decoded(header: str) -> str:
    return str(make_header(decode_header(header)))


@given(recipient=ANYTHING)
@settings(deadline=None)
def test_an_odd_recipient_is_refused_or_is_the_only_one(recipient: str) -> None:
    try:
        raw = build_mail(
            Text("s", "b\n"),
            mirror=mirror(),
            recipient=recipient,
            thread=Thread(case=CASE),
            date=NOW,
        )
    except ValueError:
        return
    assert [address.addr_spec for address in parsed(raw)["To"].addresses] == [recipient]


@given(case=ANYTHING, nonce=ANYTHING)
@settings(deadline=None)
def test_an_odd_case_or_nonce_is_refused(case: str, nonce: str) -> None:
    assume(nonce)  # no nonce at all is as it should be
    with pytest.raises(ValueError, match="16 characters"):
        build_mail(
            Text("s", "b\n"),
            mirror=mirror(),
            recipient="ann@example.com",
            thread=Thread(case=case, nonce=nonce),
            date=NOW,
        )


@given(
    said=st.lists(
        st.sampled_from(["buy", "PILLS", "casino", "https://spam.example/x"]), min_size=1
    ),
    ids=st.lists(ANYTHING, max_size=5),
    language=st.sampled_from(LANGUAGES),
    says=st.sampled_from([say for say in Say if say not in {Say.PROVE, Say.MASKED}]),
)
@settings(deadline=None)
def test_nothing_of_the_request_is_repeated(
    said: list[str], ids: list[str], language: str, says: Say
) -> None:
    marker = "zqx " + " ".join(said)
    thread = Thread(case=CASE, in_reply_to=marker, references=(*ids, marker, f"<{marker}@x>"))
    answer = compose_answer(Answer(case=CASE, language=language, says=(says,)), mirror=mirror())

    raw = build_mail(answer, mirror=mirror(), recipient="ann@example.com", thread=thread, date=NOW)

    whole = "\n".join(str(value) for value in parsed(raw).values()) + parsed(raw).get_content()
    assert "zqx" not in whole
    assert not any(word in whole for word in said)


@given(
    text=st.one_of(ANYTHING, st.from_regex(r"https?://[a-z]{1,9}\.example/[a-z?=]{0,9}")),
    field=st.sampled_from(["removed_first", "masked_first", "by_author"]),
)
@settings(deadline=None)
def test_no_address_but_of_our_own_pages_and_no_sentence_gets_in(text: str, field: str) -> None:
    fields: dict[str, Any] = {field: (text,)}
    answer = Answer(case=CASE, says=(Say.DONE,), removed=1, recovery_days=30, **fields)
    try:
        body = compose_answer(answer, mirror=mirror()).body
    except ValueError:
        return
    assert not re.search(r"\s", text)
    assert all(link.startswith(SITE) for link in re.findall(r"https?:\S+", body))


@given(old=ANYTHING, new=ANYTHING, why=ANYTHING, unclear=ANYTHING)
@settings(deadline=None)
def test_a_strangers_words_stay_on_their_line_in_the_operators_mail(
    old: str, new: str, why: str, unclear: str
) -> None:
    note = OperatorNote(
        case=CASE,
        row=1,
        why=why,
        corrections=(Correction("author", old, new),),
        unclear=(unclear,),
    )

    text = compose_operator_note(note, mirror=mirror())

    commands = [line for line in text.body.splitlines() if line.startswith("  feedmirror ")]
    assert [command.split()[1] for command in commands] == ["case", "suppress", "refuse"]
    text.body.encode()
