"""What is found out about a mail's sender: RFC 6376 and RFC 7489, DNS as a table."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmirror.local.arrivals import Arrival, event_of, read_head
from feedmirror.local.serving.verdicts import Judgement, judge_mail
from feedmirror.takedowns.mails.reading_mail import read_message
from feedmirror.takedowns.senders.judging import judge_sender
from feedmirror.takedowns.senders.receipt import receipts_of
from feedmirror.takedowns.senders.sender import Sender
from signed_mail import Zone, a_key, a_mail, signed

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HEADERS = {
    "From": "Ann <ann@news.example>",
    "To": "takedown@mirror.example",
    "Subject": "Please take this down",
    "Date": "Sun, 22 Nov 2026 11:00:00 +0000",
    "Message-ID": "<1@news.example>",
}
MAIL = a_mail(HEADERS)
REJECT = b"v=DMARC1; p=reject"


def a_zone(
    *policies: bytes, at: str = "news.example", key: str = "news.example", silent: str = ""
) -> Zone:
    texts = {f"sel._domainkey.{key}": (a_key().record(),), f"_dmarc.{at}": policies}
    return Zone(texts, frozenset({silent}))


def judged(raw: bytes, zone: Zone) -> Judgement:
    return judge_mail(raw, dns=zone, now=NOW)


def told(raw: bytes, zone: Zone) -> tuple[str, str, str]:
    found = judged(raw, zone)
    return found.verdicts["dkim"], found.verdicts["dmarc"], found.policy


def sender_of(raw: bytes, zone: Zone) -> Sender:
    """Return the sender as the takedown function sees it, by the event that is made of it."""
    found = judged(raw, zone)
    arrival = Arrival(
        ses_id="x1",
        to=["takedown@mirror.example"],
        when=NOW,
        sender="ann@news.example",
        verdicts=found.verdicts,
        policy=found.policy,
    )
    (receipt,) = receipts_of(event_of(read_head(raw), arrival))
    return judge_sender(
        read_message(raw), receipt, raw=raw, contact="takedown@mirror.example", now=NOW, dns=zone
    )


def test_a_mail_that_its_own_domain_signed_passes() -> None:
    raw = signed(MAIL, "news.example")

    assert told(raw, a_zone(REJECT)) == ("PASS", "PASS", "")
    assert sender_of(raw, a_zone(REJECT)).proved


@pytest.mark.parametrize(
    "folded",
    ["Ann\r\n <ann@news.example>", "=?utf-8?b?0JDQvdC90LAg0J/QtdGC?=\r\n <ann@news.example>"],
)
def test_a_from_in_two_lines_is_proved_as_one_in_one(folded: str) -> None:
    """RFC 5322 §2.2.3: folding means nothing."""
    raw = signed(a_mail({**HEADERS, "From": folded}), "news.example")

    for zone in (a_zone(), a_zone(REJECT)):
        assert sender_of(raw, zone).proved


def test_an_unsigned_mail_of_a_domain_without_a_policy_proves_nothing() -> None:
    assert told(MAIL, a_zone()) == ("GRAY", "GRAY", "")
    assert not sender_of(MAIL, a_zone()).proved


FORGED = signed(MAIL, "elsewhere.example")  # whose key nobody has


@pytest.mark.parametrize("policy", ["none", "quarantine", "reject"])
def test_a_mail_of_a_domain_with_a_policy_fails_by_it_where_another_signed(policy: str) -> None:
    zone = a_zone(f"v=DMARC1; p={policy}".encode())

    assert told(FORGED, zone) == ("FAIL", "FAIL", policy)
    sender = sender_of(FORGED, zone)
    assert (sender.proved, sender.rejected) == (False, policy == "reject")


def test_an_unsigned_mail_is_unproved_and_not_forged_since_spf_may_speak_for_it() -> None:
    """RFC 7489 §4.2: either mechanism suffices, and SPF is not asked here."""
    assert told(MAIL, a_zone(REJECT)) == ("GRAY", "FAIL", "")
    sender = sender_of(MAIL, a_zone(REJECT))
    assert (sender.proved, sender.rejected) == (False, False)


@pytest.mark.parametrize(
    ("record", "policy"),
    [
        (b"v=DMARC1; p=reject; pct=0", "quarantine"),
        (b"v=DMARC1; p=quarantine; pct=0", "none"),
        (b"v=DMARC1; p=none; pct=0", "none"),
        (b"v=DMARC1; p=reject; pct=10", "reject"),
    ],
)
def test_a_policy_for_none_of_the_mails_is_the_next_lower_one(record: bytes, policy: str) -> None:
    """RFC 7489 §6.6.4."""
    assert told(FORGED, a_zone(record)) == ("FAIL", "FAIL", policy)


def test_a_signature_of_another_domain_is_no_proof() -> None:
    raw = signed(MAIL, "elsewhere.example")
    zone = a_zone(REJECT, key="elsewhere.example")

    assert told(raw, zone) == ("PASS", "FAIL", "reject")
    assert not sender_of(raw, zone).proved


def test_a_signature_that_was_tampered_with_is_no_proof() -> None:
    raw = signed(MAIL, "news.example").replace(b"take this down.", b"take all of it down.")

    assert told(raw, a_zone(REJECT)) == ("FAIL", "FAIL", "reject")
    assert not sender_of(raw, a_zone()).proved


SUBDOMAIN = a_mail({**HEADERS, "From": "Ann <ann@desk.news.example>"})


@pytest.mark.parametrize(
    ("at", "record", "expected"),
    [
        ("news.example", b"v=DMARC1; p=none; sp=reject", ("FAIL", "FAIL", "reject")),
        ("news.example", b"v=DMARC1; p=quarantine", ("FAIL", "FAIL", "quarantine")),
        ("desk.news.example", b"v=DMARC1; p=none; sp=reject", ("FAIL", "FAIL", "none")),
        ("example", REJECT, ("FAIL", "GRAY", "")),
        ("news.example", b"v=DMARC1; rua=mailto:a@b.example", ("FAIL", "FAIL", "none")),
        ("news.example", b"v=DMARC1; p=perhaps", ("FAIL", "GRAY", "")),
        ("news.example", b"p=reject; v=DMARC1", ("FAIL", "GRAY", "")),
        ("news.example", b"v=DMARC12; p=reject", ("FAIL", "GRAY", "")),
        ("news.example", b"v = DMARC1 ; p = Reject ", ("FAIL", "FAIL", "reject")),
    ],
)
def test_a_policy_is_found_at_the_domain_or_its_organisation(
    at: str, record: bytes, expected: tuple[str, str, str]
) -> None:
    """RFC 7489 §6.3, §6.6.3."""
    assert told(signed(SUBDOMAIN, "elsewhere.example"), a_zone(record, at=at)) == expected


def test_of_two_records_there_is_none() -> None:
    """RFC 7489 §6.6.3, step 5."""
    assert told(MAIL, a_zone(REJECT, REJECT)) == ("GRAY", "GRAY", "")


def test_other_texts_beside_a_record_do_not_count() -> None:
    assert told(FORGED, a_zone(b"hello", REJECT)) == ("FAIL", "FAIL", "reject")


@pytest.mark.parametrize(
    ("record", "expected"), [(REJECT, "PASS"), (REJECT + b"; adkim=s", "FAIL")]
)
def test_an_organisation_speaks_for_its_hosts_unless_it_says_that_it_does_not(
    record: bytes, expected: str
) -> None:
    """RFC 7489 §3.1.1."""
    raw = signed(SUBDOMAIN, "news.example")
    zone = a_zone(record)

    assert told(raw, zone)[:2] == ("PASS", expected)
    assert sender_of(raw, zone).proved is (expected == "PASS")


def test_a_platform_does_not_speak_for_its_tenants() -> None:
    raw = signed(a_mail({**HEADERS, "From": "ann@ann.github.io"}), "github.io")
    zone = a_zone(REJECT, at="ann.github.io", key="github.io")

    assert told(raw, zone)[1] == "FAIL"
    assert not sender_of(raw, zone).proved


def test_a_key_that_is_not_to_be_had_proves_nothing_yet() -> None:
    raw = signed(MAIL, "news.example")
    zone = a_zone(REJECT, silent="sel._domainkey.news.example")

    assert told(raw, zone) == ("PROCESSING_FAILED", "PROCESSING_FAILED", "")
    assert judged(raw, zone).temporary
    assert not sender_of(raw, zone).proved


def test_a_policy_that_is_not_to_be_had_is_no_lack_of_one() -> None:
    raw = signed(SUBDOMAIN, "news.example")
    zone = a_zone(silent="_dmarc.desk.news.example")

    assert told(raw, zone)[1] == "PROCESSING_FAILED"
    assert judged(raw, zone).temporary
    assert not sender_of(raw, zone).proved


@pytest.mark.parametrize(
    ("policies", "expected"), [((), ("PASS", "GRAY")), ((REJECT,), ("PASS", "PASS"))]
)
def test_an_own_signature_does_not_wait_for_a_key_of_somebody_else(
    policies: tuple[bytes, ...], expected: tuple[str, str]
) -> None:
    """A newsletter's service signs too, and its name server may be away for a day."""
    raw = signed(signed(MAIL, "news.example"), "elsewhere.example")
    zone = a_zone(*policies, silent="sel._domainkey.elsewhere.example")

    assert told(raw, zone)[:2] == expected
    assert not judged(raw, zone).temporary
    assert sender_of(raw, zone).proved


def test_a_key_of_somebody_else_is_not_waited_for_where_it_could_prove_nothing() -> None:
    zone = a_zone(REJECT, silent="sel._domainkey.elsewhere.example")

    assert told(FORGED, zone) == ("PROCESSING_FAILED", "FAIL", "reject")
    assert not judged(FORGED, zone).temporary


def test_of_two_own_signatures_a_silent_one_may_be_the_one_that_counts() -> None:
    """Strict alignment (RFC 7489 §3.1.1)."""
    raw = signed(signed(SUBDOMAIN, "news.example"), "desk.news.example")
    zone = a_zone(REJECT + b"; adkim=s", silent="sel._domainkey.desk.news.example")

    assert told(raw, zone)[:2] == ("PASS", "PROCESSING_FAILED")
    assert judged(raw, zone).temporary


@pytest.mark.parametrize(("tried", "expected"), [(4, "PASS"), (5, "FAIL")])
def test_of_many_signatures_the_first_few_are_looked_at(tried: int, expected: str) -> None:
    raw = signed(MAIL, "news.example")
    for number in range(tried):
        raw = signed(raw, "elsewhere.example", s=f"s{number}")
    zone = a_zone(REJECT)

    assert told(raw, zone)[1] == expected
    assert len([name for name in zone.asked if "_domainkey" in name]) == 5


def test_a_repeated_header_makes_every_signature_doubtful() -> None:
    """Signer and reader may mean different ones; and it is no lack of a signature."""
    raw = b"Subject: Another\r\n" + signed(MAIL, "news.example")
    zone = a_zone(REJECT)

    assert told(raw, zone) == ("FAIL", "FAIL", "reject")
    assert zone.asked == ["_dmarc.news.example"]


def test_without_any_dns_an_unsigned_mail_is_not_waited_for() -> None:
    zone = a_zone(silent="_dmarc.news.example")

    assert not judged(MAIL, zone).temporary
    assert not sender_of(MAIL, zone).proved


@pytest.mark.parametrize(
    "headers",
    [
        {**HEADERS, "From": "ann@news.example, eve@evil.example"},
        {**HEADERS, "From": "ann@news.example <eve@evil.example>"},
        {name: value for name, value in HEADERS.items() if name != "From"},
    ],
)
def test_a_from_that_can_be_read_in_two_ways_proves_nothing(headers: Mapping[str, str]) -> None:
    raw = signed(a_mail(headers), "evil.example")
    zone = a_zone(REJECT, at="evil.example", key="evil.example")

    assert told(raw, zone)[1] == "PROCESSING_FAILED"
    assert not sender_of(raw, zone).proved


def test_what_was_appended_behind_a_signature_of_a_part_is_doubted() -> None:
    """RFC 6376 §8.2: it is valid, and anybody could have added to it."""
    raw = signed(MAIL, "news.example", l="10") + b"and everything else.\r\n"

    assert told(raw, a_zone(REJECT)) == ("PASS", "PASS", "")
    assert sender_of(raw, a_zone(REJECT)).doubted


def test_an_old_algorithm_counts_for_nothing() -> None:
    """RFC 8301 §3.1."""
    assert told(signed(MAIL, "news.example", a="rsa-sha1"), a_zone(REJECT))[1] == "FAIL"


def test_a_signature_that_has_expired_is_in_force_no_more() -> None:
    """RFC 6376 §3.5, by the time that we are told and not by the machine's."""
    raw = signed(MAIL, "news.example", x="4000000000")
    zone = a_zone(REJECT)

    assert judged(raw, zone).verdicts["dkim"] == "PASS"
    later = judge_mail(raw, dns=zone, now=datetime.fromtimestamp(4000000001, UTC))
    assert (later.verdicts["dkim"], later.verdicts["dmarc"]) == ("FAIL", "FAIL")


def test_a_signature_that_leaves_from_out_signs_nothing_for_it() -> None:
    """RFC 6376 §5.4: From must be signed."""
    raw = signed(MAIL, "news.example", covered=("To", "Subject", "Date", "Message-ID"))

    assert told(raw, a_zone(REJECT))[:2] == ("FAIL", "FAIL")


def test_a_mail_too_large_to_be_checked_proves_nothing() -> None:
    raw = signed(a_mail(HEADERS, "x" * 70 + "\r\n"), "news.example") + b"y\r\n" * 700_000

    assert told(raw, a_zone(REJECT))[:2] == ("PROCESSING_FAILED", "PROCESSING_FAILED")


def test_no_virus_and_no_spam_is_said_to_have_been_looked_for() -> None:
    found = judged(MAIL, a_zone()).verdicts

    assert (found["spam"], found["virus"], found["spf"]) == ("DISABLED", "DISABLED", "GRAY")


@given(st.binary(max_size=400))
def test_any_bytes_are_judged_and_prove_nothing(raw: bytes) -> None:
    found = judged(raw, a_zone(REJECT))

    assert found.verdicts["dmarc"] != "PASS"
