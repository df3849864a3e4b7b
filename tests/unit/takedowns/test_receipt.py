"""SES's event as the Lambda action gives it (SES Developer Guide), also handed on by Lambda."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmirror.takedowns.senders.receipt import (
    SETUP_NOTIFICATION,
    Receipt,
    ReceiptUnreadableError,
    Verdict,
    is_setup,
    mailbox_key,
    read_receipt,
    receipts_of,
)

OURS = "takedown+x7@mirror.example"


def a_record(
    *, mail: dict[str, Any] | None = None, receipt: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return a record; what is given as None is left out."""
    mails = {
        "timestamp": "2026-11-22T10:20:30.456Z",
        "source": "ann@news.example",
        "messageId": "o3vrnil0e2ic28trm7dfhrc2v0clambda4nbp0g1",
        "destination": [OURS],
        "headersTruncated": False,
        "headers": [{"name": "Reply-To", "value": "eve@evil.example"}],
        "commonHeaders": {
            "returnPath": "ann@news.example",
            "from": ["Ann Author <Ann@news.example>"],
            "replyTo": ["eve@evil.example"],
            "to": [OURS],
            "messageId": "<1@news.example>",
            "subject": "Please",
        },
        **(mail or {}),
    }
    receipts = {
        "timestamp": "2026-11-22T10:20:30.456Z",
        "processingTimeMillis": 574,
        "recipients": [OURS],
        "spamVerdict": {"status": "PASS"},
        "virusVerdict": {"status": "DISABLED"},
        "spfVerdict": {"status": "FAIL"},
        "dkimVerdict": {"status": "GRAY"},
        "dmarcVerdict": {"status": "PROCESSING_FAILED"},
        "action": {"type": "Lambda", "invocationType": "Event", "functionArn": "arn:aws:lambda:x"},
        **(receipt or {}),
    }
    ses = {
        "mail": {name: value for name, value in mails.items() if value is not None},
        "receipt": {name: value for name, value in receipts.items() if value is not None},
    }
    return {"eventSource": "aws:ses", "eventVersion": "1.0", "ses": ses}


def test_a_record_of_ses_is_read() -> None:
    assert read_receipt(a_record()) == Receipt(
        ses_id="o3vrnil0e2ic28trm7dfhrc2v0clambda4nbp0g1",
        received=datetime(2026, 11, 22, 10, 20, 30, 456000, tzinfo=UTC),
        recipients=(OURS,),
        from_keys=(mailbox_key("ann@news.example"),),
        returnable=True,
        aligned=True,
        spam=Verdict.PASS,
        virus=Verdict.DISABLED,
        spf=Verdict.FAIL,
        dkim=Verdict.GRAY,
        dmarc=Verdict.PROCESSING_FAILED,
        dmarc_policy="",
    )


def test_no_address_of_the_sender_is_kept() -> None:
    kept = json.dumps(read_receipt(a_record()).to_dict())

    assert "ann" not in kept.lower()
    assert "evil" not in kept


def test_a_time_without_a_zone_is_utc() -> None:
    receipt = read_receipt(a_record(mail={"timestamp": "2026-11-22T10:20:30"}))

    assert receipt.received == datetime(2026, 11, 22, 10, 20, 30, tzinfo=UTC)


def test_a_receipt_comes_back_from_a_case_as_it_was() -> None:
    receipt = read_receipt(a_record())

    assert Receipt.from_dict(json.loads(json.dumps(receipt.to_dict()))) == receipt


@pytest.mark.parametrize(
    "stated",
    [None, {"status": "MAYBE"}, {"status": "pass"}, {"status": None}, {"status": []}, {}, "PASS"],
)
def test_a_verdict_that_is_not_known_counts_as_not_processed(stated: object) -> None:
    names = ("spam", "virus", "spf", "dkim", "dmarc")
    receipt = read_receipt(a_record(receipt={f"{name}Verdict": stated for name in names}))

    assert {getattr(receipt, name) for name in names} == {Verdict.PROCESSING_FAILED}


@pytest.mark.parametrize("policy", ["none", "quarantine", "reject"])
def test_the_policy_of_a_failure_is_read(policy: str) -> None:
    failed = {"dmarcVerdict": {"status": "FAIL"}, "dmarcPolicy": policy}
    receipt = read_receipt(a_record(receipt=failed))

    assert (receipt.dmarc, receipt.dmarc_policy) == (Verdict.FAIL, policy)


def test_a_policy_that_is_not_known_is_none_stated() -> None:
    assert read_receipt(a_record(receipt={"dmarcPolicy": "burn"})).dmarc_policy == ""


@pytest.mark.parametrize(
    ("printed", "addresses"),
    [
        (["ann@news.example"], ["ann@news.example"]),
        (["Author, Ann <ann@news.example>"], ["ann@news.example"]),
        (["a@news.example", "b@news.example"], ["a@news.example", "b@news.example"]),
        ([], []),
        (None, []),
        ("ann@news.example", ["ann@news.example"]),
    ],
)
def test_every_mailbox_of_from_has_its_key(printed: object, addresses: list[str]) -> None:
    receipt = read_receipt(a_record(mail={"commonHeaders": {"from": printed}}))

    assert receipt.from_keys == tuple(mailbox_key(address) for address in addresses)


@pytest.mark.parametrize(
    "printed",
    ["a@victim.example <x@evil.example>", "a@victim.example, x@evil.example", "", "\0", "Ann"],
)
def test_a_from_that_is_no_plain_mailbox_has_a_key_that_nobody_has(printed: str) -> None:
    (key,) = read_receipt(a_record(mail={"commonHeaders": {"from": [printed]}})).from_keys

    names = ("a@victim.example", "x@evil.example", printed, "")
    assert key not in {mailbox_key(name) for name in names}


@pytest.mark.parametrize(
    ("source", "returnable"),
    [
        ("ann@news.example", True),
        ("bounces+17-ab=mirror.example@esp.example", True),
        ("", False),
        ("<>", False),
        (None, False),
        ("MAILER-DAEMON@news.example", False),
        ("MAILER-DAEMON", False),
        ("postmaster@news.example", False),
        ("noreply@news.example", False),
        ("No-Reply@news.example", False),
        ("no-reply+17@news.example", False),
        ("do-not-reply@news.example", False),
        (OURS, False),
        ("takedown@mirror.example", False),
        ("TAKEDOWN+other@Mirror.Example", False),
    ],
)
def test_an_envelope_without_anybody_to_answer_is_not_returnable(
    source: object, *, returnable: bool
) -> None:
    assert read_receipt(a_record(mail={"source": source})).returnable is returnable


@pytest.mark.parametrize(
    ("record", "missing"),
    [
        ({}, "ses is missing"),
        ({"ses": []}, "ses is missing"),
        ({"ses": {"receipt": {}}}, "ses.mail is missing"),
        ({"ses": {"mail": {}}}, "ses.receipt is missing"),
        (a_record(mail={"messageId": None}), "ses.mail.messageId is missing"),
        (a_record(mail={"messageId": "../x"}), "ses.mail.messageId is missing"),
        (a_record(mail={"messageId": 7}), "ses.mail.messageId is missing"),
        (a_record(mail={"timestamp": None}), "ses.mail.timestamp is missing"),
        (a_record(mail={"timestamp": "soon"}), "ses.mail.timestamp is missing"),
        (a_record(receipt={"recipients": None}), "ses.receipt.recipients is missing"),
        (a_record(receipt={"recipients": []}), "ses.receipt.recipients is missing"),
    ],
)
def test_a_record_that_lacks_something_is_refused_by_what_it_lacks(
    record: dict[str, Any], missing: str
) -> None:
    with pytest.raises(ReceiptUnreadableError, match=missing):
        read_receipt(record)


def test_an_event_tells_of_all_its_mails() -> None:
    second = a_record(mail={"messageId": "second"})

    found = receipts_of({"Records": [a_record(), second]})

    assert found == (read_receipt(a_record()), read_receipt(second))


def test_an_event_that_lambda_hands_on_is_found_inside() -> None:
    handed_on = {
        "version": "1.0",
        "requestContext": {"condition": "RetriesExhausted"},
        "requestPayload": {"Records": [a_record()]},
        "responsePayload": {"errorMessage": "no"},
    }

    assert receipts_of(handed_on) == (read_receipt(a_record()),)
    assert receipts_of({"requestPayload": handed_on}) == (read_receipt(a_record()),)


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"source": "aws.scheduler", "detail": {}},
        {"Records": []},
        {"Records": None},
        {"Records": [{"eventSource": "aws:sqs", "body": "{}"}]},
        {"Records": ["x"]},
        {"requestPayload": None},
        {"requestPayload": "x"},
    ],
)
def test_another_event_tells_of_no_mail(event: dict[str, Any]) -> None:
    assert receipts_of(event) == ()


def test_a_broken_event_of_ses_is_not_passed_over() -> None:
    with pytest.raises(ReceiptUnreadableError):
        receipts_of({"Records": [{"eventSource": "aws:ses"}]})


def test_what_ses_writes_when_a_rule_is_made_is_known_by_its_id() -> None:
    assert is_setup(SETUP_NOTIFICATION)
    assert is_setup(f"inbound/{SETUP_NOTIFICATION}")
    assert is_setup(read_receipt(a_record(mail={"messageId": SETUP_NOTIFICATION})).ses_id)
    assert not is_setup("o3vrnil0e2ic28trm7dfhrc2v0clambda4nbp0g1")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["Records", "requestPayload", "ses", "mail", "receipt", "recipients", "messageId"]
            ),
            inner,
            max_size=4,
        )
    ),
)


@given(event=st.dictionaries(st.sampled_from(["Records", "requestPayload"]), JSON))
def test_any_event_is_read_or_refused(event: dict[str, Any]) -> None:
    complaint = " is missing"
    try:
        receipts_of(event)
    except ReceiptUnreadableError as error:
        complaint = str(error)
    assert complaint.endswith(" is missing")


@pytest.mark.parametrize(
    ("source", "aligned"),
    [
        ("ann@news.example", True),
        ("bounces+12@mail.news.example", True),
        ("ann@evil.example", False),
        ("", False),
        ("news.example", False),
        (None, False),
    ],
)
def test_an_envelope_is_aligned_if_it_is_of_the_same_organisation(
    source: str | None, *, aligned: bool
) -> None:
    assert read_receipt(a_record(mail={"source": source})).aligned is aligned
