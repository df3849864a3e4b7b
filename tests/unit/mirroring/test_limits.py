"""Whom a 429 holds back: all at the same server, and nobody for ever (feeds.md, status table)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from feedmirror.configuration import FeedSettings
from feedmirror.mirroring.limits import first_due, held_until, scope_of
from feedmirror.mirroring.moves import Move
from feedmirror.mirroring.poll_state import FeedState

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
LIMITED = FeedState(
    attempted=AT, failures=1, error="429", limited=AT, not_before=AT + 5 * HOUR, hint=0
)
WELL = FeedState(attempted=AT - HOUR)


def feeds(**states: FeedState) -> dict[str, tuple[FeedState, FeedSettings]]:
    """Return feeds by what their addresses begin with: ``a_example_com_1`` and so on."""
    found = {}
    for name, state in states.items():
        host, _, path = name.rpartition("_")
        url = f"https://{host.replace('_', '.')}/{path}"
        found[url] = (state, FeedSettings(url=url, interval=HOUR))
    return found


def held(*shared: str, **states: FeedState) -> dict[str, datetime]:
    return held_until(feeds(**states), shared)


@pytest.mark.parametrize(
    ("host", "shared", "scope"),
    [
        ("news.example.com", (), "news.example.com"),
        ("ann.tumblr.com", (), "tumblr.com"),
        ("tumblr.com", (), "tumblr.com"),
        ("nottumblr.com", (), "nottumblr.com"),
        ("ann.blogs.example", ("blogs.example",), "blogs.example"),
        ("a.b.blogs.example", ("blogs.example",), "blogs.example"),
        ("127.0.0.2", (), "127.0.0.2"),
        ("", (), ""),
    ],
)
def test_limits_are_a_hosts_or_a_shared_domains(
    host: str, shared: tuple[str, ...], scope: str
) -> None:
    assert scope_of(host, shared) == scope


def test_a_429_holds_back_every_feed_of_its_host_until_it_is_due_and_no_other() -> None:
    found = held(a_example_1=LIMITED, a_example_2=WELL, a_example_3=FeedState(), b_example_1=WELL)

    assert found.keys() == {"https://a.example/2", "https://a.example/3"}
    assert set(found.values()) == {AT + 5 * HOUR}


def test_a_429_holds_back_the_whole_of_a_shared_domain_and_of_one_that_the_operator_names() -> None:
    assert held(ann_tumblr_com_1=LIMITED, bob_tumblr_com_1=WELL)
    assert not held(ann_blogs_example_1=LIMITED, bob_blogs_example_1=WELL)
    assert held("blogs.example", ann_blogs_example_1=LIMITED, bob_blogs_example_1=WELL)


def test_a_route_that_alone_is_limited_for_ever_holds_only_itself() -> None:
    """FreshRSS#7870: once another feed of the host was read, the limit is not the host's."""
    since = replace(LIMITED, attempted=AT + 9 * HOUR, failures=4)
    read = replace(WELL, attempted=AT + 8 * HOUR)

    assert not held(a_example_1=since, a_example_2=read, a_example_3=WELL)
    failing = replace(read, failures=1)
    assert held(a_example_1=since, a_example_2=failing, a_example_3=WELL)
    assert held(a_example_1=since, a_example_2=replace(read, attempted=AT), a_example_3=WELL)


def test_who_was_held_back_is_due_no_later_than_who_held_it_so_that_it_comes_first() -> None:
    known = feeds(a_example_1=LIMITED, a_example_2=WELL)
    until = held_until(known, ())["https://a.example/2"]

    assert first_due(known.values()) == until


def test_a_feed_that_is_over_or_has_moved_holds_nobody_back_where_it_was() -> None:
    gone = replace(LIMITED, gone=True)
    moved = replace(LIMITED, move=Move(address="https://b.example/1"))

    assert not held(a_example_1=gone, a_example_2=WELL)
    assert held(a_example_1=moved, a_example_2=WELL, b_example_2=WELL).keys() == {
        "https://b.example/2"
    }


def test_two_that_are_limited_hold_the_others_until_the_later() -> None:
    later = replace(LIMITED, not_before=AT + 7 * HOUR)
    found = held(a_example_1=LIMITED, a_example_2=later, a_example_3=WELL)

    assert found["https://a.example/3"] == AT + 7 * HOUR


def test_what_a_feed_that_is_limited_asks_for_itself_does_not_hold_the_others() -> None:
    """A ``ttl`` of a week is not the host's; without Retry-After the back-off is."""
    weekly = replace(LIMITED, ttl=7 * 86400, not_before=None)
    settings = FeedSettings(url="https://a.example/1")
    other = FeedSettings(url="https://a.example/2")
    found = held_until({settings.url: (weekly, settings), other.url: (WELL, other)}, ())

    assert found == {other.url: AT + 2 * HOUR}
