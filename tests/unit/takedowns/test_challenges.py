"""What a stored challenge must be, and where its token is looked for."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmirror.takedowns.casework.challenges import (
    Challenge,
    ChallengeUnreadableError,
    challenge_from_json,
    challenge_to_json,
    dns_name,
)
from feedmirror.takedowns.decisions.decision import Proving

TOKEN = "feedmirror-takedown=abcdefghijklmnopqrstuvwx23"  # noqa: S105 -- shown to everybody
UNTIL = datetime(2026, 12, 6, 12, tzinfo=UTC)
A_CHALLENGE = Challenge(
    case="casecasecasecase",
    host="news.example.com",
    token=TOKEN,
    ways=(Proving.WELL_KNOWN, Proving.DNS, Proving.FEED, Proving.REPLY),
    until=UNTIL,
    feed="https://news.example.com/feed",
    provisional=True,
    asks="a" * 26,
    nonce="n" * 20,
)


def test_a_challenge_is_stored_and_read_back_whole() -> None:
    assert challenge_from_json(challenge_to_json(A_CHALLENGE)) == A_CHALLENGE


def test_the_stored_form_is_plain_json_of_schema_1() -> None:
    fields = json.loads(challenge_to_json(A_CHALLENGE))

    assert fields["schema"] == 1
    assert fields["ways"] == ["well-known", "dns", "feed", "reply"]
    assert fields["until"] == "2026-12-06T12:00:00+00:00"
    assert fields["closed"] is False


def test_what_a_stored_challenge_leaves_out_is_as_the_type_has_it() -> None:
    body = json.dumps(
        {
            "schema": 1,
            "case": "c",
            "host": "example.com",
            "token": TOKEN,
            "ways": ["dns"],
            "until": "2026-12-06T12:00:00+00:00",
        }
    ).encode()

    assert challenge_from_json(body) == Challenge(
        case="c", host="example.com", token=TOKEN, ways=(Proving.DNS,), until=UNTIL
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"schema": 2},
        {"schema": None},
        {"token": ""},
        {"token": "feedmirror-takedown="},
        {"token": TOKEN + "a"},
        {"token": TOKEN.upper()},
        {"token": TOKEN + "\n"},
        {"token": 5},
        {"ways": ["shout"]},
        {"ways": 5},
        {"ways": "dns"},
        {"until": "soon"},
        {"until": "2026-12-06T12:00:00"},
        {"until": None},
        {"case": ""},
        {"case": 5},
        {"host": ""},
        {"host": "News.example.com"},
        {"host": "news.example.com/path"},
        {"host": "news.example.com@evil.example"},
        {"host": "news.example.com:8080"},
        {"host": "www.example.com"},  # the mirror's form of that host is example.com
        {"host": None},
        {"feed": None},
        {"closed": "no"},
        {"provisional": 1},
        {"more": "than is known"},
    ],
)
def test_a_challenge_that_is_not_of_the_schema_is_refused(wrong: dict[str, Any]) -> None:
    fields = {**json.loads(challenge_to_json(A_CHALLENGE)), **wrong}

    with pytest.raises(ChallengeUnreadableError):
        challenge_from_json(json.dumps(fields).encode())


@given(st.binary() | st.builds(lambda v: json.dumps(v).encode(), st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(
        st.sampled_from(["schema", "case", "host", "token", "ways", "until"]), inner
    ),
)))  # fmt: skip
def test_any_bytes_are_a_challenge_or_refused_as_one(body: bytes) -> None:
    with pytest.raises(ChallengeUnreadableError):
        challenge_from_json(body)


def test_a_challenge_is_open_until_its_time_or_its_end() -> None:
    assert A_CHALLENGE.is_open(UNTIL - timedelta(seconds=1))
    assert not A_CHALLENGE.is_open(UNTIL)
    assert not replace(A_CHALLENGE, closed=True).is_open(UNTIL - timedelta(days=1))


def test_the_name_that_is_asked_lies_under_the_host() -> None:
    assert dns_name("news.example.com") == "_feedmirror.news.example.com"
