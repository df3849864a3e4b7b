"""Feeds behind a configuration file that somebody has written by hand, and what a push changes."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import a_mirror
from feedmirror.cli.configuration_changes import Changes, changes_of
from feedmirror.cli.feed_lists import appended
from feedmirror.configuration import Configuration, FeedSettings, Images, Publish
from feedmirror.configuration_file import parse_configuration

MIRROR = """[mirror]
name = "M"
site = "https://m.example"
contact = "t@m.example"
operator = "o@m.example\""""
ONE, TWO = (FeedSettings(url=f"https://{name}.example/feed") for name in ("one", "two"))
OTHER = FeedSettings(url="https://feeds.example/x", site="https://other.example/")


@pytest.mark.parametrize("end", ["", "\n", "\n\n", "  # the end", "\n\t"])
@pytest.mark.parametrize("feeds", ["", '\n[[feed]]  # mine\nurl = "https://mine.example/"'])
@pytest.mark.parametrize("lines", ["\n", "\r\n"])
def test_further_feeds_are_read_behind_whatever_stands_there(
    end: str, feeds: str, lines: str
) -> None:
    before = f"# By hand.\n{MIRROR}{feeds}{end}".replace("\n", lines).encode()

    after = before + appended(before, [ONE, OTHER])

    own = parse_configuration(before.decode())
    assert parse_configuration(after.decode()).feeds == (*own.feeds, ONE, OTHER)
    text = after.decode()
    assert text.count("\n") == text.count(lines)
    assert text.count(f"{lines}{lines}[[feed]]{lines}url = ") == 2  # with a line between them


@given(st.binary(max_size=30))
def test_what_is_added_begins_on_a_line_of_its_own(before: bytes) -> None:
    added = appended(before, [ONE])

    assert (before + added).splitlines()[-1].startswith(b"interval")
    assert b"\n[[feed]]" in (b"\n" + before + added).replace(b"\r", b"")


def a_configuration(*feeds: FeedSettings, **mirror: object) -> Configuration:
    return Configuration(mirror=a_mirror(**mirror), feeds=feeds)


def test_a_push_over_nothing_adds_everything() -> None:
    assert changes_of(None, a_configuration(ONE, TWO)) == Changes((ONE, TWO), (), ())


def test_a_push_names_what_comes_what_goes_and_what_is_another() -> None:
    before = a_configuration(ONE, OTHER, shards=1)
    after = a_configuration(
        replace(ONE, publish=Publish.LINK, interval=timedelta(minutes=30)), TWO, shards=4
    )

    assert changes_of(before, after) == Changes(
        added=(TWO,),
        dropped=(OTHER,),
        settings=(
            "[mirror] shards: 1 → 4",
            'https://one.example/feed publish: "auto" → "link"',
            'https://one.example/feed interval: not set → "30m"',
        ),
    )


def test_a_push_names_a_list_as_the_file_has_it() -> None:
    found = changes_of(a_configuration(), a_configuration(shared=("b.example", "c.example")))

    assert found.settings == ('[mirror] shared: [] → ["b.example", "c.example"]',)


@pytest.mark.parametrize(
    ("age", "written"), [(timedelta(days=10), "10d"), (timedelta(days=1), "1d")]
)
def test_a_push_names_a_time_as_the_file_has_it(age: timedelta, written: str) -> None:
    found = changes_of(a_configuration(ONE), a_configuration(replace(ONE, max_age=age)))

    assert found.settings == (f'https://one.example/feed max_age: not set → "{written}"',)


@pytest.mark.parametrize(
    ("setting", "on_pages"),
    [
        ({"name": "Another"}, True),
        ({"site": "https://other.example"}, True),
        ({"contact": "other@mirror.example.org"}, True),
        ({"purpose": "for the archive"}, True),
        ({"images": Images.NONE}, True),
        ({"noindex": False}, True),
        ({"shards": 7}, False),
        ({"operator": "other@mirror.example.org"}, False),
        ({"recovery_days": 7}, False),
    ],
)
def test_a_push_knows_what_stands_on_pages_that_are_there_already(
    setting: dict[str, object], *, on_pages: bool
) -> None:
    assert changes_of(a_configuration(ONE), a_configuration(ONE, **setting)).on_pages is on_pages
    assert not changes_of(None, a_configuration(ONE, **setting)).on_pages


def test_a_feed_in_another_spelling_is_a_change_of_its_address() -> None:
    before, after = (
        a_configuration(ONE),
        a_configuration(replace(ONE, url="http://one.example/feed")),
    )

    found = changes_of(before, after)

    assert (found.added, found.dropped) == ((), ())
    assert found.settings == (
        'http://one.example/feed url: "https://one.example/feed" → "http://one.example/feed"',
    )
