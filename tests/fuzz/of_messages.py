"""Messages of the queues and of SES: JSON that others put there, or that came late or twice."""

import json
from collections.abc import Iterator
from typing import Any

from builders import A_MOMENT, AN_ID
from feedmirror.jobs.findings import (
    MOST_ITEMS,
    FindingUnreadableError,
    Reason,
    Withdrawal,
    read_withdrawal,
)
from feedmirror.jobs.shard_turn import Turn, TurnUnreadableError, read_turn
from feedmirror.takedowns.senders.receipt import Receipt, ReceiptUnreadableError, receipts_of
from fuzz.target import Target, words
from fuzz.typed import assert_typed


def _message(body: bytes) -> Any:  # noqa: ANN401 -- JSON
    """Read a message's body as a handler does, which counts one that is no JSON as failed."""
    message = json.loads(body)
    if not isinstance(message, dict):
        raise TypeError("a message is an object")
    return message


def _finding(body: bytes) -> Withdrawal:
    return read_withdrawal(_message(body))


def check_finding(_body: bytes, found: object) -> None:
    """Fail unless a withdrawal says what is withdrawn, and of whom."""
    assert isinstance(found, Withdrawal)
    assert_typed(found)
    assert len(found.items) <= MOST_ITEMS
    assert found.feed or not found.items
    assert len(found.words) <= 300
    assert read_withdrawal(json.loads(json.dumps(found.to_dict()))) == found


def _turn(body: bytes) -> Turn:
    return read_turn(_message(body))


def check_turn(_body: bytes, turn: object) -> None:
    """Fail unless a turn is of a shard that there may be."""
    assert isinstance(turn, Turn)
    assert 0 <= turn.shard < turn.shards


def _receipts(body: bytes) -> tuple[Receipt, ...]:
    return receipts_of(_message(body))


def check_receipts(_body: bytes, receipts: object) -> None:
    """Fail unless a case can keep what SES said."""
    assert isinstance(receipts, tuple)
    for receipt in receipts:
        assert receipt.ses_id
        assert "/" not in receipt.ses_id
        assert Receipt.from_dict(json.loads(json.dumps(receipt.to_dict()))) == receipt


def _findings() -> Iterator[bytes]:
    for feed, items in (("", ()), ("https://news.example.com/feed", (AN_ID,))):
        found = Withdrawal(
            reason=Reason.DELETED,
            host="news.example.com",
            feed=feed,
            items=items,
            words="at:deleted-entry",
            seen=A_MOMENT,
        )
        yield json.dumps(found.to_dict()).encode()


def _events() -> Iterator[bytes]:
    verdict = {"status": "PASS"}
    record = {
        "eventSource": "aws:ses",
        "ses": {
            "mail": {
                "messageId": "abc",
                "timestamp": "2026-11-22T11:00:00.000Z",
                "source": "bounce@mail.news.example",
                "commonHeaders": {"from": ["Ann <ann@news.example>"]},
            },
            "receipt": {
                "recipients": ["takedown@mirror.example.org"],
                "spamVerdict": verdict,
                "virusVerdict": verdict,
                "spfVerdict": {"status": "GRAY"},
                "dkimVerdict": verdict,
                "dmarcVerdict": {"status": "FAIL"},
                "dmarcPolicy": "REJECT",
            },
        },
    }
    yield json.dumps({"Records": [record]}).encode()
    yield json.dumps({"requestPayload": {"Records": [record]}}).encode()


_NO_MESSAGE = (ValueError, TypeError, RecursionError)  # of _message() itself

TARGETS = (
    Target(
        name="findings",
        read=_finding,
        check=check_finding,
        seeds=_findings,
        refuses=(FindingUnreadableError, *_NO_MESSAGE),
        tokens=words("messages"),
    ),
    Target(
        name="turns",
        read=_turn,
        check=check_turn,
        seeds=lambda: [b'{"shard": 1, "shards": 4, "at_once": "2026-11-22T12:00:00+00:00"}'],
        refuses=(TurnUnreadableError, *_NO_MESSAGE),
        tokens=words("messages"),
    ),
    Target(
        name="receipts",
        read=_receipts,
        check=check_receipts,
        seeds=_events,
        refuses=(ReceiptUnreadableError, *_NO_MESSAGE),
        tokens=words("messages"),
    ),
)
