"""What is handed on of a mail is bounded, and proves nobody whom Amazon SES does not bear out."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from feedmirror.takedowns.mails.message import Link, Message, StructuredNotice
from feedmirror.takedowns.reading.understood import abridged
from feedmirror.takedowns.senders.receipt import Receipt, Verdict, mailbox_key
from feedmirror.takedowns.senders.sender import Proof, Sender, is_borne_out

ANN = Sender(address="ann@news.example", domain="news.example")
RECEIPT = Receipt(
    ses_id="one",
    received=datetime(2026, 11, 22, 12, tzinfo=UTC),
    from_keys=(mailbox_key("ann@news.example"),),
)
PASS, FAIL, GRAY = Verdict.PASS, Verdict.FAIL, Verdict.GRAY


def test_the_largest_message_is_handed_on_in_few_bytes() -> None:
    long = "x" * 500_000
    message = Message(
        subject="s",
        recipients=("a@b.example",) * 200,
        text=long,
        quoted=long,
        signature=long,
        forwarded=long,
        attached=long,
        links=tuple(Link(f"https://a.example/{number}") for number in range(1_000)),
        structured=StructuredNotice("ACNS", ("https://a.example/",) * 1_000, complainant="Ann"),
    )
    short = abridged(message)

    assert len(repr(short)) < 60_000
    assert (short.subject, short.text) == ("s", "x" * 10_000)
    assert short.structured == StructuredNotice("ACNS", complainant="Ann")
    assert abridged(Message(text="x", excess=("size",))) == Message(text="x", excess=("size",))


@pytest.mark.parametrize(
    ("proof", "dmarc", "dkim", "borne_out"),
    [
        (Proof.NONE, FAIL, FAIL, True),
        (Proof.DMARC, PASS, FAIL, True),
        (Proof.DMARC, GRAY, PASS, False),
        (Proof.DMARC, FAIL, PASS, False),
        (Proof.DKIM, GRAY, PASS, True),
        (Proof.DKIM, GRAY, GRAY, False),
        (Proof.DKIM, PASS, PASS, False),
        (Proof.DKIM, FAIL, PASS, False),
        (Proof.DKIM, Verdict.PROCESSING_FAILED, PASS, False),
    ],
)
def test_a_proof_needs_the_verdicts_that_it_can_rest_on(
    proof: Proof, dmarc: Verdict, dkim: Verdict, *, borne_out: bool
) -> None:
    receipt = replace(RECEIPT, dmarc=dmarc, dkim=dkim)

    assert is_borne_out(replace(ANN, proof=proof), receipt) is borne_out


def test_a_proof_is_of_the_mailbox_that_ses_read() -> None:
    passed, proved = replace(RECEIPT, dmarc=PASS), replace(ANN, proof=Proof.DMARC)

    assert is_borne_out(proved, passed)
    assert not is_borne_out(replace(proved, address="eve@news.example"), passed)
    assert not is_borne_out(proved, replace(passed, from_keys=()))
    assert not is_borne_out(proved, None)


def test_a_proof_is_of_the_domain_that_its_address_names_and_no_better_than_that_is() -> None:
    passed, proved = replace(RECEIPT, dmarc=PASS), replace(ANN, proof=Proof.DMARC)
    assert not is_borne_out(replace(proved, domain="victim.example"), passed)
    assert not is_borne_out(replace(proved, domain=""), passed)
    assert not is_borne_out(replace(proved, role=True), passed)
    assert not is_borne_out(replace(proved, shared=True), passed)

    freemail = replace(proved, address="ann@gmail.com", domain="gmail.com")
    of_ses = replace(passed, from_keys=(mailbox_key("ann@gmail.com"),))
    assert is_borne_out(replace(freemail, shared=True), of_ses)
    assert not is_borne_out(freemail, of_ses)
