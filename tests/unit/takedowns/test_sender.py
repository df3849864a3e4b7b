"""Who sent a mail, by what nobody can forge: verdicts, signatures, a From that reads one way."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from feedmirror.takedowns.mails.message import Message
from feedmirror.takedowns.senders.judging import judge_sender
from feedmirror.takedowns.senders.receipt import Receipt, Verdict, mailbox_key
from feedmirror.takedowns.senders.sender import Proof, Sender
from signed_mail import USUAL_HEADERS, Zone, a_key, a_mail, signed

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CONTACT = "takedown@mirror.example"
FROM = "Ann <ann@news.example>"
MESSAGE_ID = "<1@news.example>"
HEADERS = {
    "From": FROM,
    "To": CONTACT,
    "Subject": "Please",
    "Date": "Sun, 22 Nov 2026 11:00:00 +0000",
    "Message-ID": MESSAGE_ID,
}
RAW = a_mail(HEADERS)
MESSAGE = Message(
    from_values=(FROM,),
    date=datetime(2026, 11, 22, 11, tzinfo=UTC),
    message_id=MESSAGE_ID,
    recipients=(CONTACT,),
)
RECEIPT = Receipt(
    ses_id="one",
    received=NOW,
    recipients=(CONTACT,),
    from_keys=(mailbox_key("ann@news.example"),),
    dmarc=Verdict.PASS,
)
GRAY = replace(RECEIPT, dmarc=Verdict.GRAY, dkim=Verdict.PASS)
ZONE = {
    f"sel._domainkey.{domain}": (a_key().record(),) for domain in ("news.example", "evil.example")
}


def judge(
    message: Message = MESSAGE,
    receipt: Receipt | None = RECEIPT,
    *,
    raw: bytes = RAW,
    zone: Zone | None = None,
) -> Sender:
    return judge_sender(message, receipt, raw=raw, contact=CONTACT, now=NOW, dns=zone or Zone(ZONE))


def judge_from(value: str, **receipt: Any) -> Sender:  # noqa: ANN401 -- any field of a receipt
    """Judge a mail of another From, which SES read as we do."""
    address = value.rpartition("<")[2].rstrip(">")
    fields = {"from_keys": (mailbox_key(address),), **receipt}
    return judge(replace(MESSAGE, from_values=(value,)), replace(RECEIPT, **fields))


def test_a_pass_of_dmarc_proves_the_domain() -> None:
    sender = judge()

    assert (sender.proof, sender.proved, sender.why) == (Proof.DMARC, True, "")
    assert (sender.address, sender.domain) == ("ann@news.example", "news.example")
    assert not any((sender.signed, sender.rejected, sender.role, sender.shared, sender.temporary))


def test_a_pass_of_dmarc_that_rests_on_spf_is_not_signed() -> None:
    zone = Zone(ZONE)

    assert not judge(raw=signed(RAW, "news.example"), zone=zone).signed
    assert zone.asked == []  # SES saw no signature, so none is looked for


def test_a_pass_of_dmarc_with_an_aligned_signature_is_signed() -> None:
    both = replace(RECEIPT, dkim=Verdict.PASS)

    assert judge(receipt=both, raw=signed(RAW, "news.example")).signed
    assert not judge(receipt=both, raw=signed(RAW, "evil.example")).signed
    assert judge(receipt=both, raw=signed(RAW, "evil.example")).proof is Proof.DMARC


def test_a_pass_of_dmarc_holds_while_dns_is_silent_but_the_signature_may_be_tried_again() -> None:
    silent = Zone(silent=frozenset(ZONE))
    sender = judge(
        receipt=replace(RECEIPT, dkim=Verdict.PASS), raw=signed(RAW, "news.example"), zone=silent
    )

    assert (sender.proof, sender.signed, sender.temporary) == (Proof.DMARC, False, True)


def test_without_a_policy_an_aligned_signature_of_a_fresh_mail_to_us_proves_the_domain() -> None:
    sender = judge(receipt=GRAY, raw=signed(RAW, "news.example"))

    assert (sender.proof, sender.signed, sender.why) == (Proof.DKIM, True, "")


@pytest.mark.parametrize(
    "raw",
    [
        RAW,
        signed(RAW, "evil.example"),
        signed(RAW, "news.example", l="5"),
        signed(RAW, "news.example", covered=("From", "Subject", "Date", "Message-ID")),
        signed(RAW, "news.example") + b"And more.\r\n",
    ],
    ids=["none", "of another domain", "of a part", "without To", "of another body"],
)
def test_without_a_policy_any_other_signature_proves_nothing(raw: bytes) -> None:
    sender = judge(receipt=GRAY, raw=raw)

    assert (sender.proof, sender.signed, sender.temporary) == (Proof.NONE, False, False)
    assert sender.why
    assert sender.address == "ann@news.example"


def test_without_a_policy_a_silent_dns_proves_nothing_now() -> None:
    silent = Zone(silent=frozenset(ZONE))
    sender = judge(receipt=GRAY, raw=signed(RAW, "news.example"), zone=silent)

    assert (sender.proof, sender.temporary) == (Proof.NONE, True)


@pytest.mark.parametrize("verdict", [each for each in Verdict if each is not Verdict.PASS])
def test_without_a_policy_ses_must_have_seen_a_valid_signature_too(verdict: Verdict) -> None:
    sender = judge(receipt=replace(GRAY, dkim=verdict), raw=signed(RAW, "news.example"))

    assert sender.proof is Proof.NONE


def test_spf_alone_proves_nothing() -> None:
    spf = replace(GRAY, dkim=Verdict.GRAY, spf=Verdict.PASS)

    assert judge(receipt=spf, raw=signed(RAW, "news.example")).proof is Proof.NONE


@pytest.mark.parametrize(
    ("date", "proved"),
    [
        (NOW, True),
        (NOW - timedelta(days=7), True),
        (NOW + timedelta(days=7), True),
        (NOW - timedelta(days=7, seconds=1), False),
        (NOW + timedelta(days=7, seconds=1), False),
        (None, False),
        (datetime(2026, 11, 22, 11), True),  # noqa: DTZ001 -- "-0000"
        (datetime(2026, 11, 29, 20, tzinfo=timezone(timedelta(hours=9))), True),
    ],
)
def test_a_signed_mail_of_another_week_may_be_sent_again_by_anybody(
    date: datetime | None, *, proved: bool
) -> None:
    sender = judge(replace(MESSAGE, date=date), GRAY, raw=signed(RAW, "news.example"))

    assert sender.proved is proved


@pytest.mark.parametrize(
    ("recipients", "proved"),
    [
        (("takedown+x7@mirror.example",), True),
        (("bob@news.example", "TakeDown@Mirror.EXAMPLE"), True),
        (("bob@news.example",), False),
        (("takedown@mirror.example.evil.example",), False),
        ((), False),
    ],
)
def test_a_signed_mail_to_another_may_be_handed_on_by_anybody(
    recipients: tuple[str, ...], *, proved: bool
) -> None:
    sender = judge(replace(MESSAGE, recipients=recipients), GRAY, raw=signed(RAW, "news.example"))

    assert sender.proved is proved


def test_our_address_in_a_copy_line_that_is_not_signed_proves_nothing() -> None:
    raw = a_mail({**HEADERS, "To": "bob@news.example", "Cc": CONTACT})
    message = replace(MESSAGE, recipients=("bob@news.example", CONTACT))

    assert not judge(message, GRAY, raw=signed(raw, "news.example")).proved
    covered = [*USUAL_HEADERS, "Cc"]
    assert judge(message, GRAY, raw=signed(raw, "news.example", covered=covered)).proved


def test_a_signed_mail_without_a_signed_message_id_could_not_be_told_from_its_replay() -> None:
    covered = ("From", "To", "Subject", "Date")
    bare = {name: value for name, value in HEADERS.items() if name != "Message-ID"}

    assert not judge(receipt=GRAY, raw=signed(RAW, "news.example", covered=covered)).proved
    unnamed = replace(MESSAGE, message_id="")
    assert not judge(unnamed, GRAY, raw=signed(a_mail(bare), "news.example")).proved


def test_dmarc_is_not_held_against_replay() -> None:
    stale = replace(MESSAGE, date=None, recipients=(), message_id="")

    assert judge(stale).proof is Proof.DMARC


def test_a_pass_of_dmarc_that_rests_on_a_signature_alone_is_doubted_if_it_may_be_sent_again() -> (
    None
):
    by_signature = replace(RECEIPT, dkim=Verdict.PASS, spf=Verdict.PASS, aligned=False)
    stale = replace(MESSAGE, date=NOW - timedelta(days=8))
    raw = signed(RAW, "news.example")

    assert not judge(receipt=by_signature, raw=raw).doubted
    assert judge(stale, by_signature, raw=raw).doubted
    assert judge(replace(MESSAGE, recipients=()), by_signature, raw=raw).doubted
    assert judge(receipt=by_signature, raw=signed(RAW, "news.example", l="2")).doubted
    by_envelope = replace(by_signature, aligned=True)
    assert not judge(stale, by_envelope, raw=raw).doubted
    assert judge(stale, replace(by_envelope, spf=Verdict.GRAY), raw=raw).doubted


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.PROCESSING_FAILED, Verdict.DISABLED])
def test_other_verdicts_of_dmarc_prove_nothing_whatever_else_passed(verdict: Verdict) -> None:
    receipt = replace(GRAY, dmarc=verdict, spf=Verdict.PASS)
    sender = judge(receipt=receipt, raw=signed(RAW, "news.example"))

    assert (sender.proof, sender.signed) == (Proof.NONE, False)
    assert sender.why == f"DMARC: {verdict}"


def test_a_mail_without_a_receipt_proves_nothing() -> None:
    sender = judge(receipt=None, raw=signed(RAW, "news.example"))

    assert (sender.proof, sender.why) == (Proof.NONE, "there is no receipt from SES")
    assert sender.address == "ann@news.example"


@pytest.mark.parametrize(
    ("verdict", "policy", "rejected"),
    [
        (Verdict.FAIL, "reject", True),
        (Verdict.FAIL, "quarantine", False),
        (Verdict.FAIL, "none", False),
        (Verdict.FAIL, "", False),
        (Verdict.PASS, "reject", False),
    ],
)
def test_a_failure_that_the_domain_asks_to_reject_is_a_forgery(
    verdict: Verdict, policy: str, *, rejected: bool
) -> None:
    receipt = replace(RECEIPT, dmarc=verdict, dmarc_policy=policy)

    assert judge(receipt=receipt).rejected is rejected
    two = replace(MESSAGE, from_values=(FROM, FROM))
    assert judge(two, receipt).rejected is rejected


@pytest.mark.parametrize(
    "values",
    [
        (),
        (FROM, FROM),
        ("a@victim.example <x@evil.example>",),
        ("a@victim.example, x@evil.example",),
        ("Us: ann@news.example;",),
        ("<@victim.example:x@evil.example>",),
        ("ann@news.example\0",),
        ("(" * 200_000,),
        ("<" * 800 + "ann@news.example" + ">" * 800,),
        ("ann@[192.0.2.1]",),
        ("ann@co.uk",),
    ],
)
def test_a_from_that_could_be_read_in_two_ways_is_nobody_whatever_passed(
    values: tuple[str, ...],
) -> None:
    passed = replace(RECEIPT, dkim=Verdict.PASS, spf=Verdict.PASS)
    sender = judge(replace(MESSAGE, from_values=values), passed, raw=signed(RAW, "news.example"))

    assert (sender.proof, sender.address, sender.domain) == (Proof.NONE, "", "")
    assert sender.why.startswith("From: ")
    assert "@" not in sender.why


@pytest.mark.parametrize(
    "keys",
    [
        (),
        (mailbox_key("x@evil.example"),),
        (mailbox_key("ann@news.example"), mailbox_key("x@evil.example")),
    ],
)
def test_ses_must_have_read_the_same_from(keys: tuple[str, ...]) -> None:
    sender = judge(receipt=replace(RECEIPT, from_keys=keys))

    assert (sender.proof, sender.why) == (Proof.NONE, "SES read another From")


def test_what_a_mail_says_of_its_own_authentication_is_never_read() -> None:
    claims = {
        "Authentication-Results": "amazonses.com; dkim=pass header.i=@news.example; dmarc=pass",
        "X-SES-Spam-Verdict": "PASS",
        "ARC-Authentication-Results": "i=1; amazonses.com; dmarc=pass header.from=news.example",
        "Received-SPF": 'pass (envelope-from="dmarc=pass"@evil.example)',
    }
    raw = a_mail({**claims, **HEADERS, **{f"X-{name}": text for name, text in claims.items()}})

    assert not judge(receipt=GRAY, raw=raw).proved
    assert not judge(receipt=replace(RECEIPT, dmarc=Verdict.FAIL), raw=raw).proved


@pytest.mark.parametrize("value", [CONTACT, "Us <TakeDown+x7@Mirror.example>"])
def test_our_own_address_as_sender_is_a_forgery_or_a_loop(value: str) -> None:
    sender = judge_from(value)

    assert (sender.proof, sender.why) == (Proof.NONE, "From is our own address")


@pytest.mark.parametrize(
    ("local", "role"),
    [
        *((name, True) for name in ("webmaster", "hostmaster", "postmaster", "abuse", "admin")),
        *((name, True) for name in ("administrator", "legal", "copyright", "dmca", "LEGAL")),
        *((name, False) for name in ("ann", "info", "legal.ann", "legal+x", "paralegal", "sales")),
    ],
)
def test_a_role_is_known_by_its_mailbox(local: str, *, role: bool) -> None:
    assert judge_from(f"{local}@news.example").role is role


@pytest.mark.parametrize(
    ("domain", "shared"),
    [
        ("gmail.com", True),
        ("hotmail.es", True),
        ("wordpress.com", True),
        ("substack.com", True),
        ("github.com", True),
        ("news.example", False),
        ("mail.bbc.co.uk", False),
    ],
)
def test_a_mailbox_of_a_shared_domain_is_proved_and_says_nothing_of_the_domain(
    domain: str, *, shared: bool
) -> None:
    sender = judge_from(f"ann@{domain}")

    assert (sender.proved, sender.shared) == (True, shared)


def test_a_message_id_is_known_again_by_its_key() -> None:
    first, again = judge(), judge(replace(MESSAGE, message_id=f" {MESSAGE_ID}"))
    other = judge(replace(MESSAGE, message_id="<2@news.example>"))

    assert first.message_key == again.message_key != other.message_key
    assert "news.example" not in first.message_key
    assert judge(replace(MESSAGE, message_id="")).message_key == ""


def test_an_international_domain_is_an_a_label() -> None:
    value = "ann@bücher.example"
    sender = judge_from(value, from_keys=(mailbox_key("ann@xn--bcher-kva.example"),))

    assert (sender.proved, sender.domain) == (True, "xn--bcher-kva.example")
