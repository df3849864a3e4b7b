"""The page for publishers says what this mirror does, by its settings and by the code."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from lxml import html

from builders import a_mirror
from feedmirror.configuration import (
    FeedSettings,
    Images,
    MirrorSettings,
    Publish,
    Unproven,
    Vanished,
)
from feedmirror.mirroring import polling, schedule
from feedmirror.publishing import dates
from feedmirror.publishing.letters import publishers_letters
from feedmirror.publishing.pages import Renderer
from feedmirror.takedowns.casework.challenges import WELL_KNOWN_PATH
from feedmirror.takedowns.decisions.decision import MASKED_FOR
from feedmirror.wiring.outside import polite_fetcher


def a_feed(number: int = 1, **settings: object) -> FeedSettings:
    return FeedSettings(url=f"https://f{number}.example/feed", **settings)  # type: ignore[arg-type]  # any field


def the_page(*feeds: FeedSettings, mirror: MirrorSettings | None = None) -> html.HtmlElement:
    pages = Renderer(mirror or a_mirror()).fixed_pages(feeds=feeds, nonce="ab")
    return html.fromstring(pages["publishers/index.html"].body)


def words(*feeds: FeedSettings, mirror: MirrorSettings | None = None) -> str:
    return " ".join(the_page(*feeds, mirror=mirror).text_content().split())


def links(page: html.HtmlElement, where: str) -> list[str]:
    return [str(link.get("href")) for link in page.iterfind(where)]


def test_the_times_that_it_names_are_those_that_the_code_keeps() -> None:
    said = words(a_feed())

    assert timedelta(hours=1) == a_feed().fastest
    assert "never two requests within 1 hour, and once a day at least." in said
    assert timedelta(days=7) == schedule.LONGEST_HINT
    assert "that is kept, up to seven days." in said
    assert timedelta(days=1) == schedule.LONGEST_BACKOFF
    assert "twice as long, up to a day, and after a month of nothing else a week" in said
    assert timedelta(days=7) == schedule.GIVEN_UP
    later = polling.retry_after("99999999", now=schedule.AT_ONCE)
    assert later is not None
    assert later - schedule.AT_ONCE == timedelta(days=31)
    assert "is kept, up to 31 days" in said
    assert timedelta(weeks=2) == MASKED_FOR
    assert "out of sight for two weeks" in said
    assert WELL_KNOWN_PATH in said


def test_what_goes_without_a_word_is_told_by_what_the_operator_has_set() -> None:
    listed = "no longer lists it between entries that are older and newer; both at two fetches"
    keeping = a_feed(2, vanished=Vanished.KEEP)
    chosen = "so do those of 1 feed for which the operator has chosen so"

    assert listed in words(a_feed())
    assert chosen not in words(a_feed())
    assert listed in words(a_feed(), keeping)
    assert chosen in words(a_feed(), keeping)
    assert "no longer lists it" not in words(keeping)
    assert "no longer has it, at two fetches. What went so comes back" in words(keeping)


def test_it_shows_the_user_agent_that_every_request_carries_and_that_leads_back_to_it() -> None:
    mirror = a_mirror()
    agent = polite_fetcher(mirror, allowed_networks=()).user_agent

    assert f"User-Agent: {agent}" in words(mirror=mirror)
    assert agent.endswith("(+https://mirror.example.org/publishers/; takedown@mirror.example.org)")


def test_the_intervals_that_the_operator_has_set_are_told() -> None:
    quick, slow = timedelta(minutes=30), timedelta(days=2)

    assert "has set" not in words(a_feed())
    assert "For 1 of the feeds the operator has set the time between two requests: 2 days;" in (
        words(a_feed(), a_feed(2, interval=slow))
    )
    assert "For 2 of the feeds" in words(a_feed(1, interval=slow), a_feed(2, interval=quick))
    assert "between 30 minutes and 2 days;" in (
        words(a_feed(1, interval=slow), a_feed(2, interval=quick))
    )


def test_the_shortest_times_between_requests_are_told_of_feeds_without_an_interval() -> None:
    quick, slow = timedelta(minutes=30), timedelta(hours=3)

    said = words(a_feed(1, fastest=quick), a_feed(2, fastest=slow))
    assert "never two requests within 30 minutes to 3 hours, as it is set for each, and" in said
    assert "never two" not in words(a_feed(fastest=quick, interval=slow))


@pytest.mark.parametrize(
    "example",
    [
        "User-agent: feedmirror\nDisallow: /",
        '<category>nofeedmirror</category>\n<category term="nofeedmirror"/>',
        '"_feedmirror": {"mirror": false}',
    ],
)
def test_the_switch_is_shown_as_it_is_to_be_copied(example: str) -> None:
    assert example in [block.text_content() for block in the_page().iterfind(".//main//pre")]


def test_how_much_is_shown_is_told_by_the_number_of_feeds() -> None:
    said = words(
        a_feed(1),
        a_feed(2, publish=Publish.FULL),
        a_feed(3, publish=Publish.EXCERPT),
        a_feed(4, publish=Publish.LINK),
    )

    assert "At present 4 feeds are mirrored" in said
    assert "As much as the feed itself offers, for 2 feeds, within the terms that it" in said
    assert "A short excerpt, for 1 feed." in said
    assert "The title and the link, for 1 feed." in said
    assert "excerpt, for" not in words(a_feed())


def test_what_goes_by_itself_is_told_where_feeds_have_bounds() -> None:
    ten, ninety = timedelta(days=10), timedelta(days=90)

    assert "By themselves" not in words(a_feed())
    aged = words(a_feed(), a_feed(2, max_age=ten))
    assert "Old copies: of 1 feed, what is older than 10 days." in aged
    assert "beyond a number" not in aged
    both = words(
        a_feed(1, max_age=ninety, max_items=50),
        a_feed(2, max_age=ten, max_items=200),
        a_feed(3, max_items=50),
    )
    assert "of 2 feeds, what is older than 10 days to 90 days, as it is set for each." in both
    assert "of 3 feeds, all but the newest 50 to 200, as it is set for each." in both
    assert "all but the newest 50." in words(a_feed(max_items=50))


@pytest.mark.parametrize(
    ("settings", "said", "unsaid"),
    [
        ({}, "asks not to be listed itself", "they are left out"),
        ({"noindex": False}, "names your page as the canonical one.", "asks not to be listed"),
        ({}, "a reader’s browser loads them from your server", "they are left out"),
        ({"images": Images.NONE}, "they are left out", "loads them from your server"),
        ({"unproven": Unproven.REVIEW}, "a person reads it before anything", "two weeks"),
        ({"recovery_days": 1}, "a private copy is kept for 1 day;", "for 1 days"),
        ({"purpose": "for educational purposes."}, "entries, for educational purposes. E", ".."),
    ],
)
def test_it_follows_the_settings(settings: dict[str, object], said: str, unsaid: str) -> None:
    shown = words(a_feed(), mirror=a_mirror(**settings))

    assert said in shown
    assert unsaid not in shown


def test_every_page_of_the_site_leads_there_and_the_takedown_page_twice() -> None:
    pages = Renderer(a_mirror()).fixed_pages(feeds=[], nonce="ab")

    assert "/publishers/" in links(html.fromstring(pages["404.html"].body), ".//footer//a")
    takedown = html.fromstring(pages["takedown/index.html"].body)
    assert links(takedown, ".//main//a").count("../publishers/") >= 1
    assert "../publishers/" in links(takedown, ".//footer//a")


@pytest.mark.parametrize("purpose", publishers_letters("takedown@mirror.example.org"))
def test_a_letter_is_a_mail_to_the_contact_that_says_what_it_is_about(purpose: str) -> None:
    address = publishers_letters("takedown@mirror.example.org")[purpose]

    parts = urlsplit(address)
    fields = parse_qs(parts.query, strict_parsing=True)

    assert (parts.scheme, parts.path) == ("mailto", "takedown@mirror.example.org")
    assert set(fields) == {"subject", "body"}
    assert "+" not in parts.query  # RFC 6068 §5: a plus is a plus, not a space
    assert fields["body"][0].replace("\r\n", "").isprintable()  # every line ends in CRLF
    assert address in links(the_page(), ".//main//a")


@pytest.mark.parametrize(
    ("minutes", "told"),
    [(15, "15 minutes"), (60, "1 hour"), (90, "90 minutes"), (1440, "1 day"), (2880, "2 days")],
)
def test_a_time_is_told_in_the_largest_unit_that_fits(minutes: int, told: str) -> None:
    assert dates.duration(timedelta(minutes=minutes)) == told
