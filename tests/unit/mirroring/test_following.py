"""What answers show of where a feed is, and whose state that changes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from feedmirror.configuration import Ended, FeedSettings
from feedmirror.layout import ItemId
from feedmirror.mirroring.entries import Entry, Feed
from feedmirror.mirroring.following import (
    feeds_by_address,
    follow,
    is_limited,
    polled_at,
    read_as,
    settled,
    sight_of,
)
from feedmirror.mirroring.moves import Found, Move
from feedmirror.mirroring.poll_state import EntryState, FeedState
from feedmirror.ports.fetching import Fetched, FetchFailure, FetchRequest, Hop, Unfetched

OLD, NEW = "https://old.example.com/feed", "https://new.example.com/feed"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
KNOWN = FeedState(etag='"1"', body_hash="h", entries={ItemId("a"): EntryState("f")})
FEEDS = {url: FeedSettings(url=url) for url in (OLD, NEW)}


def found(status: int, *hops: Hop, before: FeedState = KNOWN) -> Found:
    url = hops[-1].url if hops else OLD
    answer = Fetched(FetchRequest(OLD), status, url, hops=hops)
    return sight_of(answer, before, url=OLD, now=NOW).found


@pytest.mark.parametrize(
    ("status", "shows"),
    [
        (200, Found.FEED),
        (304, Found.FEED),
        (404, Found.MISSING),
        (410, Found.MISSING),
        (401, Found.NOTHING),
        (403, Found.NOTHING),
        (429, Found.NOTHING),
        (500, Found.NOTHING),
        (204, Found.NOTHING),
    ],
)
def test_what_a_status_shows_of_a_known_feed(status: int, shows: Found) -> None:
    assert found(status) is shows


def test_d2_a_304_confirms_only_what_was_known_and_was_asked_about() -> None:
    here = Hop(301, "https://old.example.com/new-feed")

    assert found(304, here) is Found.FEED
    assert found(304, Hop(301, NEW)) is Found.EMPTY
    assert found(304, here, before=replace(KNOWN, etag=None)) is Found.EMPTY
    assert found(304, here, before=replace(KNOWN, entries={})) is Found.EMPTY


@pytest.mark.parametrize("failure", list(FetchFailure))
def test_only_a_name_that_leads_nowhere_says_that_there_is_no_feed(failure: FetchFailure) -> None:
    answer = Unfetched(FetchRequest(OLD), failure, "…")
    shown = sight_of(answer, KNOWN, url=OLD, now=NOW).found

    nowhere = failure in {FetchFailure.NAME, FetchFailure.ADDRESS}
    assert shown is (Found.OTHER if nowhere else Found.NOTHING)


def test_what_is_read_tells_more_than_the_status() -> None:
    sight = sight_of(Fetched(FetchRequest(OLD), 200, OLD), KNOWN, url=OLD, now=NOW)
    empty = Feed(url=OLD, format="RSS", new_address=NEW)
    full = replace(empty, new_address=None, entries=(Entry(base_url=OLD),))

    assert (read_as(sight, empty).found, read_as(sight, empty).stated) == (Found.EMPTY, NEW)
    assert (read_as(sight, full).found, read_as(sight, full).stated) == (Found.FEED, "")
    assert read_as(sight, replace(empty, spans=((0, 9),))).found is Found.FEED  # left unread
    assert read_as(sight, None).found is Found.OTHER


def followed(state: FeedState, before: FeedState, status: int = 200, *hops: Hop) -> FeedState:
    answer = Fetched(FetchRequest(before.move.asked_at(OLD)), status, NEW, hops=hops)
    sight = sight_of(answer, before, url=OLD, now=NOW)
    return follow(state, before, sight, elsewhere=lambda _: "")


def test_validators_are_left_behind_with_the_address_that_gave_them() -> None:
    """Rule V3: a server that happens to know another's ETag would answer for it."""
    claimed = replace(KNOWN, move=Move(target=NEW, since=NOW - timedelta(days=7)))
    fresh = replace(claimed, etag='"2"')

    moved = followed(fresh, claimed, 200, Hop(301, NEW))
    stays = followed(fresh, replace(claimed, move=Move()), 200, Hop(301, NEW))

    assert (moved.move.address, moved.etag, moved.body_hash) == (NEW, None, "h")
    assert (stays.move.target, stays.etag) == (NEW, '"2"')


def test_a_failed_trial_leaves_the_feed_as_it_was_and_is_noted_once() -> None:
    trial = Move(target=NEW, since=NOW, stated=True, trial=True)
    before = replace(KNOWN, move=trial, problems=("p",))
    failed = replace(before, failures=1, error="the publisher answers 404")

    back = followed(failed, before, 404)
    again = followed(failed, replace(back, move=trial), 404)

    assert (back.failures, back.error, back.body_hash) == (0, "", "h")
    assert back.problems == again.problems
    assert back.problems[1].startswith(f"{NEW}, where it is said to have moved")


@pytest.mark.parametrize("error", ["the publisher answers 404", "410 Gone: ended; once more"])
def test_d5_the_target_is_asked_next_and_made_to_wait_by_no_failure(error: str) -> None:
    before = replace(KNOWN, move=Move(target=NEW, since=NOW))
    failed = replace(before, failures=1, error=error, gone_since=NOW)
    state = followed(failed, before, 404)

    ended = error.partition(";")[0]
    assert state.error == f"{ended}; asked next at {NEW}, where it was said to have moved"
    assert (state.failures, state.gone_since) == (0, None)


def test_of_feeds_at_one_address_one_is_asked_at_a_time() -> None:
    states = {OLD: FeedState(move=Move(NEW)), NEW: FeedState()}

    assert feeds_by_address(states) == {NEW: OLD}


def test_a_host_is_limited_if_it_has_told_any_feed_429() -> None:
    states = {"https://a.example/1": FeedState(), OLD: FeedState(limited=NOW, move=Move(NEW))}

    assert is_limited("https://new.example.com/other", states)
    assert not is_limited("https://old.example.com/other", states)
    assert not is_limited("https://a.example/2", states)


@pytest.mark.parametrize("spelling", [NEW, "http://www.new.example.com/feed/"])
def test_d6_another_feed_is_found_in_any_spelling(spelling: str) -> None:
    assert polled_at(spelling, but=OLD, feeds=FEEDS, states={}) == NEW


def test_d6_another_feed_is_found_where_it_was_adopted() -> None:
    feeds = {OLD: FEEDS[OLD], "https://b.example/": FeedSettings(url="https://b.example/")}
    states = {"https://b.example/": FeedState(move=Move(NEW))}

    assert polled_at(NEW, but=OLD, feeds=feeds, states=states) == "https://b.example/"


def test_d6_no_feed_becomes_itself_or_one_that_is_polled_no_more() -> None:
    ended = {**FEEDS, NEW: FeedSettings(url=NEW, ended=Ended.STAY)}

    assert polled_at(OLD, but=OLD, feeds=FEEDS, states={}) == ""
    assert polled_at(NEW, but=OLD, feeds=ended, states={}) == ""
    for over in (FeedState(gone=True), FeedState(move=Move(into=OLD))):
        assert polled_at(NEW, but=OLD, feeds=FEEDS, states={NEW: over}) == ""


def test_d6_a_feed_begins_anew_once_that_which_it_became_is_polled_no_more() -> None:
    merged = {OLD: FeedState(move=Move(into=NEW, adopted=NOW)), NEW: FeedState()}
    ended = {**FEEDS, NEW: FeedSettings(url=NEW, ended=Ended.STAY)}

    assert settled(merged, FEEDS) == merged
    assert settled(merged, {OLD: FEEDS[OLD]})[OLD] == FeedState()
    assert settled(merged, ended)[OLD] == FeedState()
    assert settled({**merged, NEW: FeedState(gone=True)}, FEEDS)[OLD] == FeedState()


def test_d6_a_feed_becomes_the_one_that_the_operator_adds_at_its_new_address() -> None:
    adopted = {OLD: FeedState(move=Move(NEW, adopted=NOW))}

    assert settled(adopted, FEEDS)[OLD].move == Move(into=NEW, adopted=NOW)
    assert settled(adopted, {OLD: FEEDS[OLD]}) == adopted
    assert settled({**adopted, NEW: FeedState(gone=True)}, FEEDS)[OLD] == adopted[OLD]
