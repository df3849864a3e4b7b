"""Mail that came by SMTP is a case in the end, whatever dies meanwhile."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.parser import BytesParser
from typing import Any

import pytest

from feedmirror.local.serving.mailroom import Letter, Mailroom, NotYetError
from feedmirror.ports.object_store import Content, ObjectStore, StoreUnavailableError
from feedmirror.takedowns.mails.reading_mail import read_message
from feedmirror.takedowns.senders.receipt import Receipt, Verdict, receipts_of
from memory_store import MemoryStore
from signed_mail import Zone, a_key, a_mail, signed

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MAIL = a_mail(
    {
        "From": "Ann <ann@news.example>",
        "To": "takedown@mirror.example",
        "Subject": "Removal",
        "Date": "Sun, 22 Nov 2026 11:00:00 +0000",
        "Message-ID": "<1@news.example>",
    }
)
LETTER = Letter(
    sender="bounces@news.example",
    recipients=("takedown+c.abc@mirror.example",),
    client="mx.news.example",
    body=MAIL,
)


class Function:
    """The takedown function's end: what it was given, and what it makes of it."""

    def __init__(self, *states: str) -> None:
        self.states = list(states)
        self.receipts: list[Receipt] = []

    def __call__(self, event: Mapping[str, Any]) -> dict[str, Any]:
        self.receipts += receipts_of(event)
        return {"cases": [{"case": "c1", "state": self.states.pop(0)}]}


def a_room(mail: ObjectStore | None = None, **options: Any) -> Mailroom:  # noqa: ANN401 -- a builder takes any field
    usual = {"mail": mail or MemoryStore(), "dns": Zone, "clock": lambda: NOW}
    return Mailroom(**{**usual, **options})


def handed_on(
    room: Mailroom, ses_id: str, function: Callable[[Mapping[str, Any]], dict[str, Any]]
) -> dict[str, Any] | None:
    """Judge a mail and hand it on, as the service does in two steps."""
    event = room.event(ses_id)
    return None if event is None else room.hand_on(ses_id, event, function)


def kept(room: Mailroom, prefix: str) -> dict[str, bytes]:
    found = {summary.key: room.mail.get(summary.key) for summary in room.mail.list(prefix)}
    return {key: stored.content.body for key, stored in found.items() if stored}


def test_a_mail_is_kept_with_its_trace_and_waits() -> None:
    """RFC 5321 §4.4: the envelope's sender and the way it came stand on top."""
    room = a_room()

    ses_id = room.take(LETTER)

    (raw,) = kept(room, "inbound/").values()
    head, _, _ = raw.partition(b"From: ")
    assert raw.endswith(MAIL)
    assert head.startswith(b"Return-Path: <bounces@news.example>\r\nReceived: from mx.news.example")
    assert list(room.waiting()) == [ses_id]


def test_the_takedown_function_is_told_how_it_came() -> None:
    room, function = a_room(), Function("removed")

    told = handed_on(room, room.take(LETTER), function)

    assert told == {"case": "c1", "state": "removed"}
    (receipt,) = function.receipts
    assert receipt.recipients == LETTER.recipients
    assert receipt.received == NOW
    assert (receipt.returnable, receipt.aligned) == (True, True)
    assert (receipt.dkim, receipt.dmarc) == (Verdict.GRAY, Verdict.GRAY)
    assert list(room.waiting()) == []


def test_a_trusting_room_takes_every_check_as_passed_and_an_ordinary_one_keeps_to_it() -> None:
    """What was promised as it came is what is done, also after a restart without the option."""
    mail, function = MemoryStore(), Function("removed")
    ses_id = a_room(mail, trusting=True).take(LETTER)

    handed_on(a_room(mail), ses_id, function)

    (receipt,) = function.receipts
    assert (receipt.dmarc, receipt.unchecked) == (Verdict.PASS, True)
    assert Receipt.from_dict(receipt.to_dict()) == receipt


def test_what_was_taken_as_proved_and_still_waits_is_counted() -> None:
    mail, function = MemoryStore(), Function("removed", "recorded")
    trusted = a_room(mail, trusting=True).take(LETTER)
    room = a_room(mail)
    other = room.take(replace(LETTER, sender="bob@news.example"))
    assert room.trusted() == 1

    for ses_id in (trusted, other):
        handed_on(room, ses_id, function)

    assert room.trusted() == 0


def test_the_same_mail_sent_again_is_one_mail() -> None:
    room, function = a_room(), Function("removed")
    first = room.take(LETTER)
    handed_on(room, first, function)

    second = a_room(room.mail, clock=lambda: NOW + timedelta(hours=1)).take(LETTER)

    assert first == second
    assert list(room.waiting()) == []
    assert handed_on(room, second, function) is None
    assert len(kept(room, "inbound/")) == 1


@pytest.mark.parametrize(
    "change", [{"sender": "eve@evil.example"}, {"body": MAIL + b"\r\n"}, {"recipients": ("x@y.z",)}]
)
def test_another_envelope_or_text_is_another_mail(change: dict[str, Any]) -> None:
    room = a_room()

    assert room.take(LETTER) != room.take(replace(LETTER, **change))


@pytest.mark.parametrize("failing", ["inbound/", "arrivals/"])
def test_a_mail_that_could_not_be_kept_is_not_taken_until_it_is_sent_again(failing: str) -> None:
    class Full(MemoryStore):
        full = True

        def put(self, key: str, content: Content, *, replaces: str | None) -> str:
            if self.full and key.startswith(failing):
                raise StoreUnavailableError("disk full")
            return super().put(key, content, replaces=replaces)

    store = Full()
    room = a_room(store)
    with pytest.raises(StoreUnavailableError):
        room.take(LETTER)
    assert list(room.waiting()) == []

    store.full = False
    ses_id = room.take(LETTER)

    assert list(room.waiting()) == [ses_id]
    assert len(kept(room, "inbound/")) == 1


def test_a_failure_leaves_the_mail_waiting_and_the_next_try_ends_it() -> None:
    def broken(_: Mapping[str, Any]) -> dict[str, Any]:
        raise StoreUnavailableError("the store is away")

    room = a_room()
    ses_id = room.take(LETTER)
    with pytest.raises(StoreUnavailableError):
        handed_on(room, ses_id, broken)
    assert list(room.waiting()) == [ses_id]

    assert handed_on(room, ses_id, Function("removed")) is not None


def test_a_case_that_takes_several_calls_is_called_again() -> None:
    room, function = a_room(), Function("received", "removed")
    ses_id = room.take(LETTER)
    with pytest.raises(NotYetError):
        handed_on(room, ses_id, function)
    assert list(room.waiting()) == [ses_id]

    handed_on(room, ses_id, function)

    assert list(room.waiting()) == []


def test_a_key_that_dns_keeps_to_itself_is_waited_for_and_not_for_ever() -> None:
    name = "sel._domainkey.news.example"
    letter = replace(LETTER, body=signed(MAIL, "news.example"))
    down = Zone(silent=frozenset({name}))
    room, function = a_room(dns=lambda: down), Function("removed", "asked")
    ses_id = room.take(letter)
    with pytest.raises(NotYetError):
        handed_on(room, ses_id, function)
    assert function.receipts == []
    up = Zone({name: (a_key().record(),)})

    handed_on(a_room(room.mail, dns=lambda: up), ses_id, function)

    assert function.receipts[0].dkim is Verdict.PASS
    other = room.take(replace(letter, sender=""))
    late = a_room(room.mail, dns=lambda: down, clock=lambda: NOW + timedelta(hours=7))
    handed_on(late, other, function)
    assert function.receipts[1].dkim is Verdict.PROCESSING_FAILED


def test_the_order_of_the_recipients_makes_no_other_mail() -> None:
    room, several = a_room(), ("a@mirror.example", "b@mirror.example")

    first = room.take(replace(LETTER, recipients=several))

    assert room.take(replace(LETTER, recipients=several[::-1])) == first


def test_a_bounce_has_nobody_to_answer() -> None:
    room, function = a_room(), Function("recorded")

    handed_on(room, room.take(replace(LETTER, sender="")), function)

    assert not function.receipts[0].returnable
    (raw,) = kept(room, "inbound/").values()
    assert raw.startswith(b"Return-Path: <>\r\n")


@pytest.mark.parametrize("client", ["a\r\nX-Evil: 1", "", "é" * 300, "[127.0.0.1]"])
def test_what_a_client_calls_itself_adds_no_header(client: str) -> None:
    room = a_room()

    room.take(replace(LETTER, client=client, sender="a\r\nX-Evil: 1@b.example"))

    (raw,) = kept(room, "inbound/").values()
    assert BytesParser().parsebytes(raw).keys()[:3] == ["Return-Path", "Received", "From"]
    assert read_message(raw).from_values == ("Ann <ann@news.example>",)
