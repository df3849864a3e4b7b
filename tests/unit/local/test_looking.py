"""Mails that came to ``serve`` are looked at in a child process, to the same end as in this one."""

from datetime import UTC, datetime

import pytest

from feedmirror.adapters.isolation.child_process import ChildUnavailableError
from feedmirror.local.arrivals import Arrival, event_of
from feedmirror.local.serving.looking import IsolatedLook
from feedmirror.local.serving.verdicts import look_at
from feedmirror.takedowns.senders.receipt import Verdict, receipts_of
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
SIGNED = signed(MAIL, "news.example")
KEY, POLICY = "sel._domainkey.news.example", "_dmarc.news.example"
TEXTS = {KEY: (a_key().record(),), POLICY: (b"v=DMARC1; p=reject",)}


def test_a_mail_is_judged_as_in_this_process() -> None:
    look = IsolatedLook()
    zones = (Zone(TEXTS), Zone(), Zone(TEXTS, frozenset({KEY})), Zone(TEXTS, frozenset({POLICY})))

    for raw in (SIGNED, MAIL, SIGNED + b"more", SIGNED + b"x" * 3 * 2**20, b"", b"\xff" * 99):
        for zone in zones:
            there = look(raw, dns=zone, judged=NOW)
            assert there == look_at(raw, dns=zone, judged=NOW)

    passed = look(SIGNED, dns=Zone(TEXTS), judged=NOW)
    assert passed.judgement.verdicts["dmarc"] == "PASS"
    assert passed.head.from_values == ("Ann <ann@news.example>",)


def test_a_mail_that_breaks_its_reader_proves_nobody() -> None:
    broken = IsolatedLook("breakable_mails")  # knows nothing of looking
    looked = broken(SIGNED, dns=Zone(TEXTS), judged=NOW)
    arrival = Arrival(ses_id="x1", to=["t@m.example"], when=NOW, verdicts=looked.judgement.verdicts)
    (receipt,) = receipts_of(event_of(looked.head, arrival))

    assert (receipt.dmarc, receipt.dkim) == (Verdict.PROCESSING_FAILED, Verdict.PROCESSING_FAILED)
    assert receipt.from_keys == ()
    assert not looked.judgement.temporary


def test_no_reader_at_all_is_no_fault_of_the_mail() -> None:
    with pytest.raises(ChildUnavailableError):
        IsolatedLook("no_such_operations")(SIGNED, dns=Zone(), judged=NOW)
