"""How a feed is doing and what to do: over the errors as the modules that make them write them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from feedmirror.configuration import FeedSettings
from feedmirror.jobs.marked_documents import set_aside
from feedmirror.mirroring.admission import admit
from feedmirror.mirroring.entries import FeedUnreadableError
from feedmirror.mirroring.feeds import parse_feed
from feedmirror.mirroring.health import Health, advice, health
from feedmirror.mirroring.houses import House
from feedmirror.mirroring.moves import Move
from feedmirror.mirroring.poll_state import FeedState
from feedmirror.mirroring.polling import read_answer, unreadable
from feedmirror.mirroring.robots_answers import after_answer
from feedmirror.ports.fetching import Fetched, FetchFailure, FetchRequest, Unfetched

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
URL = "https://news.example.com/feed"
KNOWN = FeedState(attempted=NOW, title="Example News")
UNKNOWN_ERROR = advice("something that nobody foresaw")


def answered(status: int, state: FeedState = KNOWN) -> FeedState:
    return read_answer(Fetched(FetchRequest(URL), status, URL), state, now=NOW).state


def unfetched(failure: FetchFailure, state: FeedState = KNOWN) -> FeedState:
    answer = Unfetched(FetchRequest(URL), failure, "news.example.com is in trouble.")
    return read_answer(answer, state, now=NOW).state


def refused(robots: str, status: int = 200) -> FeedState:
    answer = Fetched(FetchRequest(URL), status, URL, robots.encode())
    house = after_answer(House(asked=NOW), answer, [URL], now=NOW)
    return admit(KNOWN, FeedSettings(url=URL), house, now=NOW).state


def unread(document: bytes) -> FeedState:
    with pytest.raises(FeedUnreadableError) as caught:
        parse_feed(document, url=URL, content_type="text/html")
    return unreadable(KNOWN, str(caught.value))


@pytest.mark.parametrize(
    ("state", "found", "words"),
    [
        (answered(410, replace(KNOWN, gone_since=NOW - DAY)), Health.ENDED, 'ended = "links"'),
        (answered(410), Health.AGAIN, "says so again, a day later"),
        (answered(403, replace(KNOWN, limited=NOW)), Health.AGAIN, "asks for a pause"),
        (answered(404), Health.FAILING, "put that address into mirror.toml"),
        (answered(401), Health.FAILING, "does not let the mirror in"),
        (answered(403), Health.FAILING, "does not let the mirror in"),
        (answered(451), Health.FAILING, "does not let the mirror in"),
        (answered(429), Health.AGAIN, "asks for a pause"),
        (answered(503), Health.AGAIN, "asks for a pause"),
        (answered(500), Health.AGAIN, "server has a fault"),
        (answered(502), Health.AGAIN, "server has a fault"),
        (answered(418), Health.FAILING, "feedmirror check ADDRESS"),
        (unfetched(FetchFailure.ADDRESS), Health.FAILING, "the public internet"),
        (unfetched(FetchFailure.NAME), Health.AGAIN, "leads nowhere"),
        (unfetched(FetchFailure.CONNECTION), Health.AGAIN, "tried again by itself"),
        (unfetched(FetchFailure.TLS), Health.AGAIN, "certificate"),
        (unfetched(FetchFailure.TIMEOUT), Health.AGAIN, "tried again by itself"),
        (unfetched(FetchFailure.TOO_LARGE), Health.FAILING, "larger than any"),
        (unfetched(FetchFailure.ENCODING), Health.AGAIN, "compresses wrongly"),
        (unfetched(FetchFailure.REDIRECTS), Health.FAILING, "put where it ends"),
        (unread(b"<!doctype html><title>Log in</title>"), Health.FAILING, "to log in"),
        (unread(b"just some words"), Health.FAILING, "address of its feed"),
        (unread(b'{"hello": 1}'), Health.FAILING, "address of its feed"),
        (refused("User-agent: *\nDisallow: /"), Health.FAILING, "permission ="),
        (
            refused("User-agent: feedmirror\nDisallow: /"),
            Health.FAILING,
            "switched this mirror off",
        ),
        (refused("", status=503), Health.AGAIN, "server has a fault"),
        (set_aside(KNOWN, now=NOW), Health.FAILING, "switched this mirror off"),
        (unread(b""), Health.AGAIN, "Only a part of it"),
    ],
)
def test_every_way_to_fail_has_its_own_advice(state: FeedState, found: Health, words: str) -> None:
    assert health(state, entries=3) is found
    assert words in advice(state.error)


def test_no_failure_of_a_fetch_is_without_advice() -> None:
    """A new kind of failure is to be thought about, not to be told as unknown."""
    assert [each for each in FetchFailure if advice(unfetched(each).error) == UNKNOWN_ERROR] == []


@pytest.mark.parametrize("error", ["not stored: KeyError('x')", "could not be read: KeyError('x')"])
def test_a_fault_of_ours_is_said_to_be_one(error: str) -> None:
    assert health(FeedState(attempted=NOW, title="x", error=error), entries=3) is Health.FAILING
    assert "please report it" in advice(error)


def test_what_mostly_passes_is_failing_at_its_third_attempt() -> None:
    states = [answered(500)]
    states += [answered(500, states[-1])]
    states += [answered(500, states[-1])]

    found = [health(state, entries=3) for state in states]
    assert found == [Health.AGAIN, Health.AGAIN, Health.FAILING]
    assert [each.needs_somebody for each in found] == [False, False, True]


def test_a_feed_that_never_worked_is_failing_at_its_first_attempt() -> None:
    """A name that leads nowhere is mistyped, if nothing ever came from there."""
    state = unfetched(FetchFailure.NAME, FeedState(attempted=NOW))

    assert health(state, entries=0) is Health.FAILING
    assert health(state, entries=1) is Health.AGAIN


def test_a_feed_that_is_polled_as_another_one_needs_nobody() -> None:
    moved = replace(KNOWN, move=Move(into="https://news.example.com/other"))

    assert health(moved, entries=3) is Health.MOVED
    assert not Health.MOVED.needs_somebody


def test_what_is_well_and_what_is_new_need_nobody() -> None:
    assert health(KNOWN, entries=3) is Health.WELL
    assert health(FeedState(), entries=0) is Health.NEW
    assert not Health.WELL.needs_somebody
    assert not Health.NEW.needs_somebody
