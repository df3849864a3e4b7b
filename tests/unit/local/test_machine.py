import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import pytest

from feedmirror.local.arrivals import mail_id, ses_event
from feedmirror.local.machine import Machine
from feedmirror.takedowns.senders.receipt import Verdict, mailbox_key, receipts_of

MAIL = b"From: Ann <ann@news.example>\r\nTo: t@m.example\r\nSubject: Removal\r\n\r\nHello\r\n"


def test_a_mail_that_arrives_twice_is_one_mail(tmp_path: Path) -> None:
    machine = Machine(tmp_path)

    first, second = machine.arrive(MAIL), machine.arrive(MAIL)
    other = machine.arrive(MAIL + b"Bye\r\n")

    assert first == second != other
    kept = {summary.key for summary in machine.bucket("mail").list("")}
    assert kept == {f"inbound/{first}", f"inbound/{other}"}


def test_any_bytes_have_an_id_that_ses_could_give() -> None:
    (receipt,) = receipts_of(
        ses_event(MAIL, ses_id=mail_id(bytes(range(256))), to="t@m.example", when=datetime.now(UTC))
    )

    assert receipt.ses_id == mail_id(bytes(range(256)))


def test_an_event_made_here_reads_as_one_of_ses_whose_checks_passed() -> None:
    when = datetime(2026, 11, 22, 12, tzinfo=UTC)

    (receipt,) = receipts_of(ses_event(MAIL, ses_id="x1", to="t+tag@m.example", when=when))

    assert (receipt.ses_id, receipt.received) == ("x1", when)
    assert receipt.recipients == ("t+tag@m.example",)
    assert receipt.from_keys == (mailbox_key("ann@news.example"),)
    assert receipt.returnable
    verdicts = {receipt.spam, receipt.virus, receipt.spf, receipt.dkim, receipt.dmarc}
    assert verdicts == {Verdict.PASS}


@pytest.mark.parametrize("long", [b"\r\n" + b"a\r\n" * 1_000_000, b"X: a\r\n" * 500_000])
def test_an_event_of_a_large_mail_costs_no_more_than_its_head(long: bytes) -> None:
    mail = MAIL.partition(b"\r\n\r\n")[0] + b"\r\n" + long
    tracemalloc.start()
    try:
        event = ses_event(mail, ses_id="x1", to="t@m.example", when=datetime.now(UTC))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert event["Records"][0]["ses"]["mail"]["commonHeaders"]["subject"] == "Removal"
    assert most < 16 * 2**20
