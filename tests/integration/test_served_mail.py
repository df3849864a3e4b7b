"""Mail by SMTP, judged here and decided by the takedown function: only proof removes anything."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from feedmirror.local.serving.mailroom import Letter, Mailroom
from feedmirror.takedowns.casework.cases import Case, State
from feedmirror.takedowns.senders.receipt import receipts_of
from signed_mail import Zone, a_key, a_mail, signed
from takedown_world import CONTACT, TakedownWorld
from world import SITE, Documents, entry, rss

DOMAIN = "news.example.com"
KEY = {f"sel._domainkey.{DOMAIN}": (a_key().record(),)}
REJECT = {f"_dmarc.{DOMAIN}": (b"v=DMARC1; p=reject",)}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[TakedownWorld]:
    with Documents() as documents:
        world = TakedownWorld(tmp_path, documents)
        world.serve(rss(entry(1), entry(2)))
        world.run()
        yield world


def taken_in(
    world: TakedownWorld, mail: bytes, zone: Zone, *, sender: str = f"ann@{DOMAIN}"
) -> Case:
    """Have a mail arrive by SMTP and be handed on, with one DNS for all who ask it."""
    world.zone = zone  # type: ignore[assignment] # another table of the same port
    room = Mailroom(mail=world.mail, dns=lambda: zone, clock=lambda: world.now)
    cases: list[Case] = []

    def takedown_function(event: Mapping[str, Any]) -> dict[str, Any]:
        for receipt in receipts_of(event):
            case = world.takedowns().receive(
                receipt.ses_id, receipt, time_left=lambda: world.time_left
            )
            cases.extend([case] if case else [])
        return {"cases": [{"case": case.id, "state": case.state} for case in cases]}

    letter = Letter(sender=sender, recipients=(CONTACT,), client="mx.example", body=mail)
    ses_id = room.take(letter)
    event = room.event(ses_id)
    assert event is not None
    assert room.hand_on(ses_id, event, takedown_function) is not None
    return cases[0]


def a_request(world: TakedownWorld, sender: str = f"Ann <ann@{DOMAIN}>") -> bytes:
    headers = {
        "From": sender,
        "To": CONTACT,
        "Subject": "Removal",
        "Date": format_datetime(world.now - timedelta(minutes=1)),
        "Message-ID": f"<1@{DOMAIN}>",
    }
    return a_mail(headers, f"Please remove {SITE}/1 from your site, now and in the future.\r\n")


@pytest.mark.parametrize("policy", [{}, REJECT], ids=["no policy", "reject"])
def test_a_signed_mail_of_the_site_takes_its_page_down(
    world: TakedownWorld, policy: dict[str, tuple[bytes, ...]]
) -> None:
    mail = signed(a_request(world), DOMAIN)

    case = taken_in(world, mail, Zone({**KEY, **policy}))

    assert case.state is State.REMOVED
    assert [mail["To"] for mail in world.sent()] == [f"ann@{DOMAIN}"]


def test_a_forged_mail_removes_nothing_and_nothing_is_sent_to_whom_it_names(
    world: TakedownWorld,
) -> None:
    """Promise P2."""
    case = taken_in(world, a_request(world), Zone(), sender="eve@evil.example")

    assert case.state is not State.REMOVED
    assert {f"ann@{DOMAIN}", "eve@evil.example"}.isdisjoint(mail["To"] for mail in world.sent())


def test_a_mail_that_the_domain_calls_forged_is_recorded_and_no_more(world: TakedownWorld) -> None:
    forged = signed(a_request(world), "evil.example")
    zone = Zone({**REJECT, "sel._domainkey.evil.example": (a_key().record(),)})

    case = taken_in(world, forged, zone, sender="eve@evil.example")

    assert case.state is State.RECORDED
    assert world.sent() == []


def test_an_unsigned_mail_of_a_domain_that_rejects_is_left_to_a_person(
    world: TakedownWorld,
) -> None:
    """Its domain may rely on SPF, which is not asked here; P2 holds all the same."""
    case = taken_in(world, a_request(world), Zone({**REJECT}))

    assert (case.state, (case.decision or {})["row"]) == (State.WAITING, 27)
    assert f"ann@{DOMAIN}" not in [mail["To"] for mail in world.sent()]


def test_a_signed_mail_that_is_sent_again_by_somebody_is_no_second_proof(
    world: TakedownWorld,
) -> None:
    """RFC 6376 §8.6: a signature says nothing of the envelope."""
    mail, zone = signed(a_request(world), DOMAIN), Zone({**KEY, **REJECT})
    first = taken_in(world, mail, zone)
    world.takedowns().restore(first)
    world.later(24 * 8)

    again = taken_in(world, mail, zone, sender="eve@evil.example")

    assert again.state is not State.REMOVED
