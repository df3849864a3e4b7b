"""The Robots Exclusion Protocol, rule by rule (RFC 9309)."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmirror.configuration import FeedSettings
from feedmirror.mirroring.admission import admit, taken_back
from feedmirror.mirroring.houses import House, may_fetch
from feedmirror.mirroring.poll_state import (
    FeedState,
    ShardState,
    state_from_json,
    state_to_json,
)
from feedmirror.mirroring.robots import forbidding, origin_of, read_robots
from feedmirror.mirroring.robots_answers import after_answer, robots_request
from feedmirror.ports.fetching import Fetched, FetchFailure, FetchRequest, Hop, Unfetched

SITE = "https://news.example.com"
FEED = f"{SITE}/feed"
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
ASKED = FetchRequest(f"{SITE}/robots.txt")


def forbidden(text: str, path: str = "/feed") -> str:
    return forbidding(read_robots(text.encode()).rules, f"{SITE}{path}")


@pytest.mark.parametrize(
    ("text", "path", "rule"),
    [
        ("", "/feed", ""),
        ("User-agent: *\nDisallow:", "/feed", ""),
        ("User-agent: *\nDisallow: /", "/feed", "disallow: /"),
        # §2.2.1: the product token, whatever its case; else the group of "*"
        ("User-agent: FeedMirror\nDisallow: /", "/feed", "disallow: /"),
        ("User-agent: feedmirror/2.0\nDisallow: /", "/feed", "disallow: /"),
        ("User-agent: feed\nDisallow: /", "/feed", ""),
        ("User-agent: mirror\nDisallow: /", "/feed", ""),
        ("User-agent: feedmirrorbot\nDisallow: /", "/feed", ""),
        ("User-agent: *\nDisallow: /\n\nUser-agent: feedmirror\nAllow: /", "/feed", ""),
        ("User-agent: feedmirror\nDisallow:\n\nUser-agent: *\nDisallow: /", "/feed", ""),
        # §2.2.1: several lines of one group, several groups of one token
        ("User-agent: a\nUser-agent: feedmirror\nDisallow: /", "/feed", "disallow: /"),
        (
            "User-agent: feedmirror\nDisallow: /x\n\nUser-agent: feedmirror\nDisallow: /feed",
            "/feed",
            "disallow: /feed",
        ),
        ("User-agent: a\nDisallow: /\nUser-agent: *\nAllow: /", "/feed", ""),
        # §2.2.4: other records are no part of a group, and end none
        ("User-agent: a\nSitemap: /s\nUser-agent: *\nDisallow: /feed", "/feed", "disallow: /feed"),
        ("Disallow: /", "/feed", ""),  # of no group
        # §2.2.2: the longest match wins, and allow where both are as long
        ("User-agent: *\nDisallow: /\nAllow: /feed", "/feed", ""),
        ("User-agent: *\nAllow: /\nDisallow: /feed", "/feed.xml", "disallow: /feed"),
        ("User-agent: *\nDisallow: /feed\nAllow: /feed", "/feed", ""),
        ("User-agent: *\nDisallow: /Feed", "/feed", ""),
        ("User-agent: *\nDisallow: /f%65ed", "/feed", "disallow: /f%65ed"),
        ("User-agent: *\nDisallow: /?feed=", "/?feed=rss2", "disallow: /?feed="),
        # §2.2.3: special characters
        ("User-agent: *\nDisallow: /*.xml$", "/a/feed.xml", "disallow: /*.xml$"),
        ("User-agent: *\nDisallow: /*.xml$", "/feed.xml?x", ""),
        ("User-agent: * # all\nDisallow: /feed # no", "/feed", "disallow: /feed"),
        ("\ufeffUser-agent: *\r\nDisallow: /feed\r\n", "/feed", "disallow: /feed"),
        ("user-agent:*\ndisalow:/feed", "/feed", "disallow: /feed"),
        ("<!doctype html><title>Not here</title>", "/feed", ""),
    ],
)
def test_an_address_is_judged_as_the_rfc_says(text: str, path: str, rule: str) -> None:
    assert forbidden(text, path) == rule


def test_what_lies_behind_500_kibibytes_is_not_read() -> None:
    padding = "#" * (500 * 1024) + "\n"

    assert forbidden(f"{padding}User-agent: *\nDisallow: /") == ""


def test_of_more_rules_than_are_taken_up_the_rest_forbids_everything() -> None:
    many = "\n".join(f"Disallow: /{number}" for number in range(300))

    assert forbidden(f"User-agent: *\nAllow: /feed\n{many}", "/feed") == ""
    assert forbidden(f"User-agent: *\n{many}", "/299")


def test_what_is_too_long_to_keep_forbids_what_was_not_judged() -> None:
    many = "\n".join(f"Disallow: /{'x' * 40}{number}" for number in range(150))
    answer = Fetched(ASKED, 200, ASKED.url, f"User-agent: *\n{many}".encode())

    house = after_answer(House(asked=NOW), answer, [FEED], now=NOW)

    assert may_fetch(house, FEED, now=NOW)
    assert not may_fetch(house, f"{SITE}/feed?page=2", now=NOW)


@pytest.mark.parametrize(
    ("lines", "seconds"),
    [
        ("Crawl-delay: 10", 10),
        ("Crawl-delay: 0.5", 0.5),
        ("Crawl-delay: 86400", 60),
        ("Crawl-delay: -1", 0),
        ("Crawl-delay: soon", 0),
    ],
)
def test_a_crawl_delay_is_of_our_group_and_within_a_minute(lines: str, seconds: float) -> None:
    robots = read_robots(f"User-agent: *\n{lines}\n\nUser-agent: a\nCrawl-delay: 7".encode())

    assert robots.delay == seconds


def test_licenses_are_of_the_whole_site_in_whatever_group_they_stand() -> None:
    lines = "\n".join(f"License: https://rsl.example/{number}.xml" for number in range(9))
    text = f"License: /relative\nUser-agent: a\n{lines}\nDisallow: /\n"

    licenses = read_robots(text.encode()).licenses

    assert licenses == tuple(f"https://rsl.example/{number}.xml" for number in range(4))


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_whatever_robots_txt_is_it_can_be_read_and_applied(body: bytes) -> None:
    robots = read_robots(b"User-agent: *\n" + body)

    assert isinstance(forbidding(robots.rules, FEED), str)
    assert len(robots.licenses) <= 4
    assert 0 <= robots.delay <= 60


LINES = st.sampled_from(
    ["User-agent: *", "User-agent: feedmirror", "Disallow: /", "Allow: /feed", "Disallow: /feed"]
)


@given(st.lists(LINES, max_size=8))
def test_a_rule_that_forbids_is_one_of_the_group(lines: list[str]) -> None:
    robots = read_robots("\n".join(lines).encode())

    rule = forbidding(robots.rules, FEED)

    assert not rule or rule in robots.rules


def test_an_origin_is_scheme_host_and_port() -> None:
    assert origin_of("HTTPS://user:x@News.Example.com:8443/a?b") == "https://news.example.com:8443"


# What an answer means (§2.3.1).


def answered(status: int, body: str = "", *, house: House | None = None, **more: str) -> House:
    headers = {name.replace("_", "-"): value for name, value in more.items()}
    answer = Fetched(ASKED, status, ASKED.url, body.encode(), headers)
    return after_answer(house or House(asked=NOW), answer, [FEED], now=NOW)


REFUSES = answered(200, "User-agent: *\nDisallow: /", etag='"a"')


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451])
def test_a_client_error_allows_everything(status: int) -> None:
    """RFC 9309 §2.3.1.3."""
    assert may_fetch(answered(status), FEED, now=NOW)
    assert may_fetch(answered(status, house=REFUSES), FEED, now=NOW)


@pytest.mark.parametrize("status", [401, 403, 418, 429, 500])
def test_a_group_that_names_us_is_not_gone_by_an_error(status: int) -> None:
    named = answered(200, "User-agent: feedmirror\nDisallow: /")

    assert not may_fetch(answered(status, house=named), FEED, now=NOW)
    assert may_fetch(answered(404, house=named), FEED, now=NOW)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 304])
def test_a_server_error_forbids_everything_until_there_is_an_answer(status: int) -> None:
    """RFC 9309 §2.3.1.4; 304 says nothing to somebody who knows nothing."""
    house = answered(status)

    assert not may_fetch(house, FEED, now=NOW + timedelta(days=29))
    assert may_fetch(answered(404, house=house), FEED, now=NOW)


def test_a_group_that_names_somebody_often_has_its_rules_once() -> None:
    """Each line for each rule would be hundreds of millions in a file of 500 KiB."""
    names = "user-agent: *\nuser-agent: other\n" * 30
    paths = [f"/{number}" for number in range(30)]

    read = read_robots((names + "".join(f"disallow: {path}\n" for path in paths)).encode())

    assert read.rules == tuple(f"disallow: {path}" for path in paths)


def test_network_errors_are_as_server_errors_and_too_many_redirects_are_not() -> None:
    """RFC 9309 §2.3.1.2 and §2.3.1.4."""
    for failure in FetchFailure:
        house = after_answer(House(asked=NOW), Unfetched(ASKED, failure, "no"), [FEED], now=NOW)
        assert may_fetch(house, FEED, now=NOW) == (failure is FetchFailure.REDIRECTS), failure


def test_after_thirty_days_without_an_answer_it_counts_as_absent() -> None:
    """RFC 9309 §2.3.1.4."""
    house = answered(503)

    assert may_fetch(house, FEED, now=NOW + timedelta(days=31))


@pytest.mark.parametrize("text", ["User-agent: *\nDisallow: /", "User-agent: *\nDisallow: /x"])
def test_what_was_said_last_holds_while_there_is_no_answer(text: str) -> None:
    said = answered(200, text)

    house = answered(500, house=said)

    for day in (0, 29, 31):
        assert may_fetch(house, FEED, now=NOW + timedelta(days=day)) == ("/x" in text)


def test_an_unchanged_robots_txt_leaves_everything_as_it_was() -> None:
    house = answered(304, house=answered(500, house=REFUSES))

    assert house == REFUSES


def test_validators_go_back_to_the_origin_that_gave_them() -> None:
    request = robots_request(ASKED.url, REFUSES)
    elsewhere = Fetched(ASKED, 200, f"{SITE}/x", b"", {"etag": '"b"'}, (Hop(302, f"{SITE}/x"),))

    assert (request.etag, request.last_modified) == ('"a"', None)
    assert after_answer(House(), elsewhere, [FEED], now=NOW).etag == ""


@pytest.mark.parametrize(
    ("house", "fresh", "stale"),
    [
        (answered(404), timedelta(hours=23), timedelta(hours=24)),
        (answered(500, house=REFUSES), timedelta(minutes=59), timedelta(hours=1)),
        (answered(503, retry_after="7200"), timedelta(minutes=119), timedelta(hours=2)),
    ],
)
def test_a_house_is_asked_once_a_day_or_an_hour_after_an_error(
    house: House, fresh: timedelta, stale: timedelta
) -> None:
    """RFC 9309 §2.4."""
    assert not house.is_stale(NOW + fresh)
    assert house.is_stale(NOW + stale)
    assert House().is_stale(NOW)


def test_a_verdict_is_kept_for_addresses_in_use() -> None:
    other = f"{SITE}/other"

    house = REFUSES.judged([other], {other})

    assert dict(house.verdicts) == {other: "disallow: /"}


# Whether a feed is polled.


def test_a_forbidden_feed_is_no_failure_and_waits_for_the_next_look() -> None:
    state = FeedState(attempted=NOW, failures=3, etag='"x"')

    admission = admit(state, FeedSettings(url=FEED), REFUSES, now=NOW)

    assert not admission.admitted
    assert admission.state.failures == 0
    assert admission.state.not_before == NOW + timedelta(days=1)
    assert re.fullmatch(r"robots.txt of news\.example\.com .*: disallow: /", admission.state.error)


def test_a_feed_whose_robots_txt_cannot_be_had_fails_as_a_poll_does() -> None:
    house = answered(503, retry_after="7200")

    admission = admit(FeedState(failures=1), FeedSettings(url=FEED), house, now=NOW)

    assert not admission.admitted
    assert admission.state.failures == 2
    assert admission.state.not_before == NOW + timedelta(hours=2)


@pytest.mark.parametrize(
    ("house", "admitted"),
    [
        (REFUSES, True),
        (answered(503), True),
        (answered(200, "User-agent: feedmirror\nDisallow: /"), False),
    ],
)
def test_permission_overrides_robots_but_not_the_switch(house: House, admitted: bool) -> None:  # noqa: FBT001 -- a parameter of the test
    settings = FeedSettings(url=FEED, permission="mail of 2026-11-01")

    admission = admit(FeedState(), settings, house, now=NOW)

    assert admission.admitted is admitted
    assert bool(admission.state.refusal.permitted) is admitted


@pytest.mark.parametrize(
    ("rules", "site", "expected"),
    [
        ("Disallow: /", SITE, {("news.example.com", "")}),
        ("Disallow: /*", SITE, {("news.example.com", "")}),
        ("Disallow: /feed", SITE, {("news.example.com", FEED)}),
        ("Disallow: /\nAllow: /open", SITE, {("news.example.com", FEED)}),
        ("Disallow: /", "https://other.example.net", {("other.example.net", FEED)}),
        ("Disallow: /x", SITE, set()),
        ("Disallow:", SITE, set()),
    ],
)
def test_a_group_that_names_us_takes_back_the_host_or_the_feed(
    rules: str, site: str, expected: set[tuple[str, str]]
) -> None:
    house = answered(200, f"User-agent: feedmirror\n{rules}\n\nUser-agent: *\nDisallow: /")

    assert taken_back(house, [(FEED, FeedSettings(url=FEED, site=site))]) == expected


def test_a_group_of_everybody_takes_nothing_back() -> None:
    assert taken_back(REFUSES, [(FEED, FeedSettings(url=FEED))]) == set()


def test_a_house_is_read_back_as_it_was_written() -> None:
    text = "User-agent: feedmirror\nDisallow: /\nCrawl-delay: 2\nLicense: https://rsl.example/a"
    house = answered(503, house=answered(200, text), retry_after="60")
    state = ShardState(houses={SITE: house, "https://b.example": House(told=("b.example",))})

    assert state_from_json(state_to_json(state, "")) == state


@pytest.mark.parametrize("etag", ['"é"', '"' + "x" * 600 + '"'])
def test_a_validator_that_could_not_be_sent_back_as_it_came_is_not_kept(etag: str) -> None:
    """Rule V1 holds for robots.txt as for feeds."""
    answer = Fetched(ASKED, 200, ASKED.url, b"", {"etag": etag, "last-modified": "m"})

    house = after_answer(House(), answer, (), now=NOW)

    assert (house.etag, house.last_modified) == ("", "m")
