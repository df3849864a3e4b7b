"""The page that tells a host's publisher how the mirror treats it."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from builders import A_MOMENT, a_mirror
from feedmirror.configuration import Ended, FeedSettings, Publish
from feedmirror.jobs.treatments import mark_of, treatment_of
from feedmirror.mirroring.backfill import Backfill
from feedmirror.mirroring.moves import Move
from feedmirror.mirroring.poll_state import EntryState, FeedState, ShardState
from feedmirror.mirroring.refusals import Refusal
from feedmirror.mirroring.terms import Stated
from feedmirror.mirroring.told import Told
from feedmirror.publishing.pages import Renderer
from feedmirror.publishing.treatment import Days, HostTreatment, days_told

HOST = "news.example.com"
URL = f"https://{HOST}/feed.xml"
DAY = datetime(2026, 11, 3, tzinfo=UTC)
MAIL = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+")
READ = FeedState(told=Told(since=DAY, news=DAY))
HOSTILE = "</dd><script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7*7 }}"


def shard(url: str, state: FeedState | None = None) -> ShardState:
    return ShardState({url: state or FeedState()})


def the_page(
    state: FeedState | None = None,
    *,
    covered: bool = False,
    url: str = URL,
    **settings: Any,  # noqa: ANN401 -- any setting
) -> html.HtmlElement:
    feed = FeedSettings(url=url, site=f"https://{HOST}", **settings)
    feeds = () if covered else (treatment_of(feed, shard(url, state)),)
    treatment = HostTreatment(host=HOST, feeds=feeds, covered=covered, as_of=A_MOMENT)
    return html.fromstring(Renderer(a_mirror()).about_page(treatment, nonce="ab").body)


def said(page: html.HtmlElement) -> str:
    return " ".join(page.find(".//main").text_content().split())


@pytest.mark.parametrize(
    ("state", "settings", "told"),
    [
        ({}, {}, "At least 1 hour and at most 1 day apart, by when the feed brought"),
        ({}, {"fastest": timedelta(minutes=30)}, "At least 30 minutes and at most 1 day apart"),
        ({}, {"interval": timedelta(hours=6)}, "Every 6 hours, as the operator has set it."),
        ({"hint": 7200}, {}, "Its Cache-Control asks for 2 hours, which is kept."),
        ({"ttl": 21600}, {}, "Its ttl asks for 6 hours, which is kept."),
        ({"gone": True}, {}, "It is asked no more: your server answered that it is gone (410)."),
        ({}, {"ended": Ended.GO}, "the operator has ended it. What it has brought goes."),
        ({"error": "the publisher answers 403"}, {}, "ended with: the publisher answers 403."),
        ({"error": "timeout: 30 s"}, {}, "Trouble The server did not answer in time."),
        ({"title": "Latest"}, {}, "Latest Feed https://news.example.com/feed.xml"),
        ({"move": Move(address="https://b.example/f")}, {}, "is asked at https://b.example/f."),
        (
            {"move": Move(target="https://b.example/f", since=DAY)},
            {},
            "It says since 3 November 2026 that it has moved to https://b.example/f;",
        ),
        ({}, {"permission": "asked by mail."}, "a permission is relied on: asked by mail."),
        (
            {"refusal": Refusal(robots="disallow: /"), "error": "robots.txt of a.example: so"},
            {},
            "robots.txt It forbids the feed (disallow: /), which is not fetched.",
        ),
        ({}, {"publish": Publish.EXCERPT}, "A short excerpt of each entry: the operator chose so."),
        ({}, {"max_items": 50}, "Copies beyond the newest 50 go by themselves."),
        ({}, {"max_age": timedelta(days=9)}, "Copies older than 9 days go by themselves."),
        (
            {
                "stated": Stated(
                    answer=("robots-noarchive",), shown="excerpt", why="the HTTP headers: so"
                )
            },
            {},
            "A short excerpt of each entry, by the terms that are stated (the HTTP headers: so).",
        ),
        (
            {"move": Move(into="https://b.example/f")},
            {},
            "It has moved to https://b.example/f, and is asked there as a feed of its own.",
        ),
        (
            {"backfill": Backfill(read=3)},
            {},
            "Of the feed's own archive (RFC 5005) 3 documents were read; no more of it is.",
        ),
        (
            {"backfill": Backfill(read=3, upcoming="https://news.example.com/feed?page=5")},
            {},
            "The feed's own archive (RFC 5005) is being read, a document an hour.",
        ),
        (
            {"told": Told(since=DAY, news=DAY), "entries": {"a" * 26: EntryState("f")}},
            {},
            "Mirrored since 3 November 2026 Last new entry fetched on 3 November 2026; 1 entry was",
        ),
    ],
)
def test_it_tells_what_is_known_of_a_feed(
    state: dict[str, Any], settings: dict[str, Any], told: str
) -> None:
    known = FeedState(**state)

    assert told in said(the_page(known, **settings))
    assert told not in said(the_page()) or not (state or settings)


def test_it_says_as_of_when_and_leads_to_every_way_out() -> None:
    page = the_page(READ)

    assert "As of 3 November 2026, 10:30 UTC" in said(page)
    links = [str(link.get("href")) for link in page.iterfind(".//main//a")]
    assert {"../", "../../publishers/", URL} <= set(links)
    bodies = [
        parse_qs(urlsplit(link).query)["body"][0] for link in links if link.startswith("mailto:")
    ]
    assert any(
        f"everything from my site, now and in the future.\r\n\r\nMy site: https://{HOST}/" in b
        for b in bodies
    )
    assert any(body.endswith(f"My feed: {URL}") for body in bodies)
    for mark in ("nofeedmirror", "robots.txt", "Retry-After", "at:deleted-entry", "TDMRep"):
        assert mark in said(page)


def test_of_a_host_that_has_brought_nothing_it_claims_no_copies_and_leads_to_none() -> None:
    page = the_page()

    assert "shows copies" not in said(page)
    assert "../" not in {link.get("href") for link in page.iterfind(".//main//a")}
    assert "shows copies of what it offers: the latest" in said(the_page(READ))


def test_of_a_host_that_is_taken_down_it_says_no_more_than_that() -> None:
    page = the_page(covered=True)

    assert "Nothing is mirrored from news.example.com: it was asked for" in said(page)
    assert "If lines in robots.txt asked, take them away" in said(page)
    assert "feed.xml" not in html.tostring(page.find(".//main")).decode()
    assert page.findall(".//main//table") == []
    assert "As of" in said(page)


def test_of_a_host_without_feeds_it_says_that_none_is_mirrored() -> None:
    treatment = HostTreatment(host=HOST, as_of=A_MOMENT)

    page = html.fromstring(Renderer(a_mirror()).about_page(treatment, nonce="ab").body)

    assert "No feed of news.example.com is mirrored at present." in said(page)
    assert "nofeedmirror is looked at once a day" in said(page)


def test_nothing_that_only_time_changes_is_told() -> None:
    settings = FeedSettings(url=URL)
    first = FeedState(attempted=A_MOMENT, etag='"1"', failures=1, error="timeout: 30.1 s")
    later = FeedState(
        attempted=A_MOMENT + timedelta(days=1),
        not_before=A_MOMENT + timedelta(days=2),
        etag='"2"',
        failures=7,
        error="timeout: 29.9 s",
    )

    def mark(state: FeedState) -> str:
        return mark_of(settings, shard(URL, state))

    assert mark(first) == mark(later)
    assert mark(first) != mark(FeedState())
    assert mark(first) != mark(FeedState(error=first.error, lifts="x"))


def test_the_days_that_it_tells_can_be_read_back_from_it() -> None:
    state = FeedState(told=Told(since=DAY, news=DAY))
    feed = treatment_of(FeedSettings(url=URL), shard(URL, state))
    treatment = HostTreatment(host=HOST, feeds=(feed,), as_of=A_MOMENT)
    page = Renderer(a_mirror()).about_page(treatment, nonce="ab").body.decode()

    assert days_told(page) == {feed.anchor: Days(DAY, DAY)}
    forgotten = treatment_of(FeedSettings(url=URL), shard(URL))
    assert forgotten.with_days(days_told(page)[feed.anchor]).days == Days(DAY, DAY)
    assert days_told(page.replace("2026-11-03", "2026-13-99")) == {feed.anchor: Days()}


@pytest.mark.parametrize(
    "url",
    [
        "https://ann:secret@news.example.com/feed.xml",
        "https://news.example.com/feed?for=ann@mail.example",
    ],
)
def test_an_address_is_told_without_whoever_it_is_for(url: str) -> None:
    page = html.tostring(the_page(url=url).find(".//main")).decode()

    assert "secret" not in page
    assert "ann" not in page


TEXTS = st.one_of(
    st.just(HOSTILE),
    st.just("ask ann@mail.example (Ann) <bob@mail.example>"),
    st.text(max_size=40),
)


@given(
    state=st.builds(
        FeedState,
        title=TEXTS,
        error=TEXTS,
        move=st.builds(Move, address=TEXTS, target=TEXTS),
        stated=st.builds(Stated, feed=st.tuples(TEXTS), why=TEXTS),
        hint=st.integers(0, 10**9),
        ttl=st.integers(0, 10**6),
        gone=st.booleans(),
    ),
    permission=TEXTS,
)
def test_whatever_the_state_says_is_text_and_names_nobodys_mailbox(
    state: FeedState, permission: str
) -> None:
    page = the_page(state, permission=permission)

    assert page.findall(".//main//img") == page.findall(".//script") == []
    assert len(page.findall(".//main//section")) == 1
    assert len(page.findall(".//main//h2")) == 2
    told = " ".join(section.text_content() for section in page.findall(".//main//section"))
    assert MAIL.search(told) is None
