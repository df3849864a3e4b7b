"""What an answer means: the status table, validators (rules V1-V3) and Retry-After."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from feedmirror.mirroring.poll_state import FeedState
from feedmirror.mirroring.polling import (
    News,
    conditional_request,
    read_answer,
    retry_after,
    unreadable,
    without_frozen,
)
from feedmirror.mirroring.rhythm import Rhythm
from feedmirror.ports.fetching import Fetched, FetchFailure, FetchRequest, Unfetched

URL = "https://example.com/feed"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
REQUEST = FetchRequest(URL)


def answered(status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Fetched:
    return Fetched(REQUEST, status, URL, body, headers or {})


def test_validators_of_a_200_are_sent_back_byte_for_byte() -> None:
    """Rule V1."""
    headers = {"etag": 'W/"a b"', "last-modified": "yesterday-ish"}
    poll = read_answer(answered(200, b"x", headers), FeedState(), now=NOW)

    request = conditional_request(URL, poll.state)

    assert request == FetchRequest(URL, etag='W/"a b"', last_modified="yesterday-ish")


def test_new_validators_are_kept_also_when_the_body_is_the_one_known() -> None:
    """Rule V1."""
    first = read_answer(answered(200, b"x", {"etag": '"1"'}), FeedState(), now=NOW).state
    again = read_answer(answered(200, b"x", {"etag": '"2"'}), first, now=NOW)

    assert again.news is News.NOTHING
    assert again.state.etag == '"2"'


def test_a_body_decides_over_a_frozen_etag() -> None:
    """Rule V2."""
    first = read_answer(answered(200, b"x", {"etag": '"1"'}), FeedState(), now=NOW).state

    assert read_answer(answered(200, b"y", {"etag": '"1"'}), first, now=NOW).news is News.DOCUMENT


def test_a_200_without_validators_clears_them_and_a_304_does_not() -> None:
    """Rule V1."""
    stored = FeedState(etag='"1"', last_modified="m", body_hash="h")

    cleared = read_answer(answered(200, b"x"), stored, now=NOW).state
    kept = read_answer(answered(304, headers={"etag": '"2"'}), stored, now=NOW).state

    assert (cleared.etag, cleared.last_modified) == (None, None)
    assert (kept.etag, kept.last_modified) == ('"2"', "m")


@pytest.mark.parametrize("etag", ["a\r\nX: y", '"é"', "x" * 513, "\x00"])
def test_a_validator_that_could_not_be_sent_back_is_not_kept(etag: str) -> None:
    assert read_answer(answered(200, b"x", {"etag": etag}), FeedState(), now=NOW).state.etag is None


def test_a_delta_is_read_and_does_not_stand_for_the_whole_feed() -> None:
    """Rule V5."""
    poll = read_answer(answered(226, b"delta"), FeedState(body_hash="whole"), now=NOW)

    assert (poll.news, poll.partial, poll.state.body_hash) == (News.DOCUMENT, True, "whole")


def test_a_304_clears_earlier_errors() -> None:
    failing = FeedState(failures=3, error="bad", not_before=NOW)

    state = read_answer(answered(304), failing, now=NOW).state

    assert (state.failures, state.error, state.not_before) == (0, "", None)


@pytest.mark.parametrize("status", [204, 400, 401, 403, 404, 418, 500, 502, 301])
def test_any_other_status_is_a_failure_that_keeps_what_is_known(status: int) -> None:
    stored = FeedState(etag='"1"', body_hash="h", failures=1)
    poll = read_answer(answered(status, b"<html>"), stored, now=NOW)

    assert poll.news is News.FAILURE
    assert (poll.state.failures, poll.state.etag, poll.state.body_hash) == (2, '"1"', "h")
    assert str(status) in poll.state.error


def test_a_410_ends_polling_once_it_is_confirmed_a_day_later() -> None:
    first = read_answer(answered(410), FeedState(attempted=NOW), now=NOW).state
    early = read_answer(answered(410), first, now=NOW + DAY - SECOND).state
    sure = read_answer(answered(410), early, now=NOW + DAY).state

    assert (first.gone, first.gone_since, "once more in a day" in first.error) == (False, NOW, True)
    assert (early.gone, early.gone_since) == (False, NOW)
    assert (sure.gone, sure.gone_since, "no more" in sure.error) == (True, None, True)


def test_a_410_counts_from_the_attempt_so_that_the_next_one_a_day_later_confirms_it() -> None:
    first = read_answer(answered(410), FeedState(attempted=NOW), now=NOW + 30 * SECOND).state
    again = replace(first, attempted=NOW + DAY)

    assert read_answer(answered(410), again, now=NOW + DAY + SECOND).state.gone


def test_a_gone_feed_that_is_asked_all_the_same_stays_gone_until_it_answers_otherwise() -> None:
    gone = FeedState(gone=True, attempted=NOW)

    assert read_answer(answered(410), gone, now=NOW).state.gone
    assert not read_answer(answered(200, b"x"), gone, now=NOW).state.gone


def test_a_feed_that_answers_again_within_the_day_was_never_gone() -> None:
    state = FeedState(gone_since=NOW, failures=1, error="410")

    assert read_answer(answered(304), state, now=NOW).state == FeedState()


def test_a_404_never_ends_polling_however_often_it_is_said() -> None:
    state = FeedState()
    for day in range(60):
        state = read_answer(answered(404), state, now=NOW + day * DAY).state

    assert not state.gone
    assert state.failures == 60


def test_a_403_of_a_host_that_has_said_429_counts_as_429() -> None:
    """Reddit says 403 where it means 429 (FreshRSS#8928); other 403s are refusals."""
    limited = FeedState(limited=NOW)
    later = NOW + 2 * DAY
    asks = {"retry-after": "120"}

    own = read_answer(answered(403, headers=asks), limited, now=later).state
    others = read_answer(answered(403), FeedState(), now=later, limited=True).state
    refused = read_answer(answered(403, headers=asks), FeedState(), now=later).state

    assert (own.limited, own.not_before) == (NOW, later + timedelta(seconds=120))
    assert others.limited == later
    assert "left alone" in own.error
    assert "left alone" in others.error
    assert (refused.limited, refused.not_before) == (None, None)
    assert refused.error == "the publisher answers 403"


def test_what_is_limited_is_so_through_a_row_of_429_and_trouble_until_it_answers() -> None:
    state = FeedState()
    for status in (429, 403, 503, 500, 429):
        now = NOW + DAY if state.limited else NOW
        state = read_answer(answered(status), state, now=now).state
    trouble = Unfetched(REQUEST, FetchFailure.TIMEOUT, "too slow")

    assert state.limited == NOW
    assert read_answer(trouble, state, now=NOW).state.limited == NOW
    for status in (200, 304, 404):
        assert read_answer(answered(status), state, now=NOW).state.limited is None


def test_503_asks_for_a_pause_and_limits_no_host() -> None:
    assert read_answer(answered(503), FeedState(), now=NOW).state.limited is None


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_kept_for_429_and_503(status: int) -> None:
    poll = read_answer(answered(status, headers={"retry-after": "120"}), FeedState(), now=NOW)

    assert poll.state.not_before == NOW + timedelta(seconds=120)


@pytest.mark.parametrize(
    ("value", "later"),
    [
        ("0", NOW),
        ("90", NOW + timedelta(seconds=90)),
        ("Sun, 22 Nov 2026 13:00:00 GMT", NOW + timedelta(hours=1)),
        ("Sun, 22 Nov 2020 13:00:00 GMT", NOW),
        ("9999999999999999999999", None),
        ("99999999", NOW + timedelta(days=31)),
        ("soon", None),
        ("", None),
        ("-5", None),
    ],
)
def test_retry_after_has_two_forms_and_bounds(value: str, later: datetime | None) -> None:
    assert retry_after(value, now=NOW) == later


WEEK = 7 * 86400


@pytest.mark.parametrize(
    ("headers", "hint"),
    [
        ({}, 0),
        ({"cache-control": "public, max-age=7200"}, 7200),
        ({"cache-control": 'Max-Age="7300"'}, 7200),
        ({"cache-control": "max-age=9999999"}, WEEK),
        ({"cache-control": "s-maxage=7200"}, 0),
        ({"cache-control": "max-age=7200, no-cache"}, 0),
        ({"cache-control": "no-store, max-age=7200"}, 0),
        ({"cache-control": "max-age=soon"}, 0),
        ({"expires": "Sun, 22 Nov 2026 15:00:00 GMT"}, 3 * 3600),
        (
            {"expires": "Sun, 22 Nov 2026 15:00:00 GMT", "date": "Sun, 22 Nov 2026 14:00:00 GMT"},
            3600,
        ),
        ({"expires": "Sun, 22 Nov 2026 15:00:00 GMT", "date": "today"}, 3 * 3600),
        ({"expires": "Sun, 22 Nov 2020 15:00:00 GMT"}, 0),
        ({"expires": "Sun, 22 Nov 2099 15:00:00 GMT"}, WEEK),
        ({"expires": "0"}, 0),
        ({"expires": "Sun, 22 Nov 2026 15:00:00 GMT", "cache-control": "max-age=7200"}, 7200),
        ({"expires": "Sun, 22 Nov 2026 15:00:00 GMT", "cache-control": "no-cache"}, 0),
        ({"expires": "Sun, 22 Nov 2026 15:00:00 GMT", "cache-control": "public"}, 3 * 3600),
    ],
)
def test_rules_s4_and_s6_what_an_answer_says_of_how_long_it_is_fresh(
    headers: Mapping[str, str], hint: int
) -> None:
    """RFC 9111 §4.2.1, §5.3: max-age beats Expires, which is relative to Date."""
    state = read_answer(answered(200, b"x", headers), FeedState(hint=99), now=NOW).state

    assert state.hint == hint


def test_a_304_that_says_nothing_of_it_keeps_what_the_200_said() -> None:
    stored = FeedState(hint=7200)

    assert read_answer(answered(304), stored, now=NOW).state.hint == 7200
    again = read_answer(answered(304, headers={"cache-control": "max-age=0"}), stored, now=NOW)
    assert again.state.hint == 0


def test_rule_v4_a_whole_answer_without_validators_is_noted_and_nothing_else_is() -> None:
    without = read_answer(answered(200, b"x"), FeedState(), now=NOW).state
    assert without.unvalidated
    assert read_answer(answered(226, b"x"), without, now=NOW).state.unvalidated
    assert not read_answer(answered(200, b"x", {"etag": '"1"'}), without, now=NOW).state.unvalidated
    assert not FeedState(etag='"1"').forgetting_body().unvalidated
    assert not unreadable(FeedState(etag='"1"'), "HTML").unvalidated


def test_rule_v2_a_validator_that_stays_while_entries_come_is_sent_no_more() -> None:
    before = FeedState(etag='"1"', last_modified="m", body_hash="h")
    frozen = without_frozen(replace(before, body_hash="i"), before)

    assert (frozen.etag, frozen.last_modified, frozen.unvalidated) == (None, "m", False)
    again = read_answer(answered(200, b"x", {"etag": '"1"'}), frozen, now=NOW).state
    assert conditional_request(URL, again) == FetchRequest(URL)
    both = without_frozen(replace(frozen, last_modified="m"), frozen)
    assert (both.last_modified, both.unvalidated) == (None, True)
    assert without_frozen(replace(before, etag='"2"'), before).etag == '"2"'


def test_rule_v2_a_lease_that_says_so_reads_the_feed_whole() -> None:
    state = FeedState(attempted=NOW, etag='"1"', last_modified="m", rhythm=Rhythm(whole=NOW))

    assert conditional_request(URL, state) == FetchRequest(URL)
    later = replace(state, attempted=NOW + timedelta(hours=1))
    assert conditional_request(URL, later) == FetchRequest(URL, '"1"', "m")


def test_a_row_of_429_is_remembered_from_its_first_and_another_answer_ends_it() -> None:
    later = NOW + timedelta(hours=6)
    first = read_answer(answered(429), FeedState(), now=NOW).state
    second = read_answer(answered(429), first, now=later).state

    assert (first.limited, second.limited, second.failures) == (NOW, NOW, 2)
    for other in (answered(200, b"x"), answered(304), answered(404)):
        assert read_answer(other, second, now=later).state.limited is None


def test_no_answer_is_a_failure_in_words() -> None:
    poll = read_answer(
        Unfetched(REQUEST, FetchFailure.NAME, "example.com has no address"), FeedState(), now=NOW
    )

    assert poll.state.error == "name: example.com has no address"


def test_after_a_document_that_could_not_be_read_the_whole_feed_is_fetched_again() -> None:
    """Rule V3."""
    state = unreadable(FeedState(etag='"1"', last_modified="m", body_hash="h"), "HTML")

    assert conditional_request(URL, state) == FetchRequest(URL)
    assert state.body_hash == ""
