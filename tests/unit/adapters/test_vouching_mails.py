from dataclasses import replace
from typing import Any

import pytest

from feedmirror.adapters.isolation.vouching_mails import objection
from feedmirror.takedowns.mails.message import DeliveryReport, Message, StructuredNotice
from feedmirror.takedowns.notices.notice import Correction, Notice, Target, TargetKind
from feedmirror.takedowns.reading.understood import Understood
from feedmirror.takedowns.senders.sender import Sender

ITEM, CASE, NONCE = "a" * 26, "b" * 16, "c" * 20
MESSAGE = Message(
    from_values=("Ann\x01 <ann@news.example>",),  # as it stands
    subject="A subject",
    message_id="1@news.example",
    references=("2@news.example",),
    language="de-CH",
    text="Two\nlines\t",
    report=DeliveryReport(
        failed=True, original_id="1@mirror.example", original_recipients=("a@b.example",)
    ),
    structured=StructuredNotice("acns", complainant="A company"),
    unread=("image/png",),
)
NOTICE = Notice(
    targets=(
        Target(TargetKind.ADDRESS, "https://news.example/a", "news.example"),
        Target(TargetKind.SHORTENED, "https://bit.example/a"),
        Target(TargetKind.ITEM, ITEM, "2001:db8::1"),
        Target(TargetKind.HOST, "xn--bcher-kva.example"),
        Target(TargetKind.AUTHOR, "Ann Author"),
    ),
    case=CASE,
    nonce=NONCE,
    correction=Correction("author", "Bob", "Ann"),
)
READ = Understood(message=MESSAGE, sender=Sender(), notice=NOTICE, case=CASE)


def test_there_is_no_objection_to_what_our_reader_says() -> None:
    assert not objection(READ)


@pytest.mark.parametrize(
    "said",
    [
        {"from_values": ("\ud800",)},
        {"subject": "a\nBcc: b@c.example"},
        {"message_id": "a> <b"},
        {"message_id": "a\x9b"},
        {"references": ("a b",)},
        {"language": "de\n"},
        {"text": "\ud800"},
        {"quoted": "\0"},
        {"signature": "\x1b[2J"},
        {"forwarded": "\u202e"},
        {"attached": "\x9b31m"},
        {"report": DeliveryReport(original_id="\n")},
        {"report": DeliveryReport(original_recipients=("\n",))},
        {"structured": StructuredNotice("\n")},
        {"structured": StructuredNotice("acns", complainant="\x1b")},
        {"unread": ("\n",)},
        {"excess": ("\n",)},
        {"faults": ("\n",)},
    ],
)
def test_what_would_break_an_answer_or_a_terminal_is_seen(said: dict[str, Any]) -> None:
    assert objection(replace(READ, message=replace(MESSAGE, **said))) == "a text that is none"


@pytest.mark.parametrize("name", ["address", "domain", "why", "message_key"])
def test_so_is_a_sender_of_several_lines(name: str) -> None:
    said: dict[str, Any] = {name: "a\nb"}

    assert objection(replace(READ, sender=Sender(**said))) == "a text that is none"


@pytest.mark.parametrize(
    "said",
    [
        {"case": "../rules"},
        {"nonce": "c" * 21},
        {"language": "en\n"},
        {"urgent": "\n"},
        {"unclear": ("\x1b",)},
        {"correction": Correction("author", new="\ud800")},
        {"targets": (Target(TargetKind.ITEM, "../" + "a" * 23),)},
        {"targets": (Target(TargetKind.ITEM, ITEM, host="news.example/.."),)},
        {"targets": (Target(TargetKind.ITEM, ITEM, part="\n"),)},
        {"targets": (Target(TargetKind.HOST, "News.example"),)},
        {"targets": (Target(TargetKind.HOST, ""),)},
        {"targets": (Target(TargetKind.AUTHOR, ""),)},
        {"targets": (Target(TargetKind.AUTHOR, "a\nb"),)},
        {"targets": (Target(TargetKind.ADDRESS, "javascript:x"),)},
        {"targets": (Target(TargetKind.ADDRESS, "https://news.example/\n"),)},
        {"targets": (Target(TargetKind.SHORTENED, "https://"),)},
    ],
)
def test_and_what_could_not_be_looked_up(said: dict[str, Any]) -> None:
    wrong = replace(NOTICE, **said)

    assert objection(replace(READ, notice=wrong)) == "what no mail asks for"
    assert objection(replace(READ, bare=wrong)) == "what no mail asks for"
    assert objection(replace(READ, case="../rules")) == "what no mail asks for"
