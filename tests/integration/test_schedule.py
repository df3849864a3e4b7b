"""The schedule on a whole mirror: who is asked when, by what was learnt, and who is left alone."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from builders import a_mirror, a_rule
from feedmirror.jobs.feed_states import FeedStates
from feedmirror.layout import state_key
from feedmirror.mirroring.limits import first_due
from feedmirror.mirroring.poll_state import FeedState
from feedmirror.mirroring.schedule import next_poll
from feedmirror.suppression import Scope, host_key
from loopback import Answer, Publisher, Seen
from world import Documents, World, entry, rss

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
CALL = 5 * MINUTE  # of the schedule


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with Documents() as documents:
        yield World(tmp_path, documents)


def call(world: World, *, after: timedelta = CALL, time_left: timedelta = HOUR) -> list[str]:
    """Let the schedule call the mirror some time later; return the paths that were asked then."""
    world.now += after
    before = len(world.publisher.seen)
    world.run(at_once=False, time_left=time_left)
    return [seen.target for seen in world.publisher.seen[before:]]


def calls_until_due(world: World, *, within: timedelta) -> Iterator[list[str]]:
    """Let time pass, call by call, without those at which nothing is due; yield what was asked."""
    end = world.now + within
    while True:
        known = FeedStates(world.stores.archive, world.stores.workers).run()
        states = [(known[feed.url].state, feed) for feed in world.feeds if feed.url in known]
        due = first_due(states, world.mirror.shared) or world.now
        calls = max(1, -(-(due - world.now) // CALL))
        if world.now + calls * CALL > end:
            world.now = end
            return
        yield call(world, after=calls * CALL)


def state_of(world: World, url: str) -> FeedState:
    return FeedStates(world.stores.archive, world.stores.workers).run()[url].state


def limited(*, hours: int = 2) -> Answer:
    return Answer(429, headers=(("Retry-After", str(hours * 3600)),))


def test_a_restart_does_not_poll_early(world: World) -> None:
    """Times are measured from the last attempt (rule V4): each run here is a process of its own."""
    url = world.serve(rss(entry(1)))
    call(world)
    upcoming = next_poll(state_of(world, url), world.feeds[0])
    assert upcoming is not None
    assert upcoming.due is not None

    for left in (HOUR, 44 * MINUTE, MINUTE, timedelta(seconds=1)):
        assert call(world, after=upcoming.due - left - world.now) == []
    assert call(world, after=upcoming.due - world.now) == ["/feed"]


def test_a_feed_that_publishes_is_asked_more_often_than_one_that_is_silent(world: World) -> None:
    dates = [world.now - number * HOUR for number in range(1, 40)]
    busy = [
        entry(n, more=f"<pubDate>{date:%a, %d %b %Y %H:%M:%S} GMT</pubDate>")
        for n, date in enumerate(dates)
    ]
    world.serve(rss(*busy), "/busy")
    world.serve(rss(entry("old", more="<pubDate>Sat, 01 Nov 2025 12:00:00 GMT</pubDate>")), "/old")
    call(world)
    asked = [path for paths in calls_until_due(world, within=DAY) for path in paths]

    assert asked.count("/busy") > 10
    assert asked.count("/old") <= 1


def test_a_feed_is_left_alone_in_the_hours_and_on_the_days_that_it_says(world: World) -> None:
    extra = "<skipHours><hour>13</hour><hour>14</hour></skipHours>"
    url = world.serve(rss(entry(1), extra=f"{extra}<skipDays><day>Monday</day></skipDays>"))
    world.feeds = [replace(world.feeds[0], interval=HOUR / 2)]
    call(world)
    asked = [  # from a Sunday's noon
        (world.now.weekday(), world.now.hour) for _ in calls_until_due(world, within=2 * DAY)
    ]

    assert {day for day, _ in asked} == {6, 1}
    assert not {hour for _, hour in asked} & {13, 14}
    assert state_of(world, url).skip_days == ("Monday",)


def test_after_a_429_no_other_feed_of_the_host_is_asked_until_it_is_over(world: World) -> None:
    for path in ("/a", "/b", "/c"):
        world.serve(rss(entry(path[1:])), path)
    world.feeds = [replace(feed, interval=HOUR) for feed in world.feeds]
    call(world)
    fine, world.documents["/a"] = world.documents["/a"], limited()

    assert call(world, after=HOUR) == ["/a"]
    for minutes in (5, 55, 58):
        assert call(world, after=minutes * MINUTE) == []
    world.documents["/a"] = fine
    asked = [path for _ in range(8) for path in call(world)]
    assert asked[:3] == ["/b", "/c", "/a"]  # who was kept waiting comes first


def test_a_route_that_is_limited_for_ever_does_not_starve_its_host(world: World) -> None:
    """FreshRSS#7870."""
    world.serve(rss(entry("a")), "/a")
    for path in ("/b", "/c"):
        world.serve(rss(entry(path[1:])), path)
    world.feeds = [replace(feed, interval=HOUR) for feed in world.feeds]
    world.documents["/a"] = limited()
    call(world)
    asked = [path for paths in calls_until_due(world, within=DAY) for path in paths]

    assert 2 <= asked.count("/a") <= 12
    assert asked.count("/b") > 18
    assert asked.count("/c") > 18


def test_twenty_feeds_of_a_host_that_limits_all_knock_once_each_time(world: World) -> None:
    urls = [world.configure(world.publisher.url(f"/{number}")) for number in range(20)]
    for number in range(20):
        world.documents[f"/{number}"] = limited(hours=1)
    asked = call(world)
    asked += [path for paths in calls_until_due(world, within=DAY / 2) for path in paths]

    assert 5 <= len(asked) <= 12
    assert len(set(asked)) == len(asked)  # in turn
    assert len(urls) == 20


def test_feeds_of_a_shared_domain_share_its_limit(world: World) -> None:
    """FreshRSS#8925: here two addresses of one publisher stand for user.tumblr.com."""
    world.mirror = a_mirror(shared=("0.1",))
    with Publisher(lambda _: limited(), address="127.2.0.1") as other:
        world.configure(other.url("/other"))
        with Publisher(lambda _: limited(), address="127.3.0.1") as another:
            world.configure(another.url("/another"))
            call(world)
            assert len(other.seen) + len(another.seen) == 1
            assert call(world) == []
            assert len(other.seen) + len(another.seen) == 1


def test_where_more_is_due_than_a_call_reaches_all_are_asked_in_turn(world: World) -> None:
    for number in range(6):
        world.serve(rss(entry(number)), f"/{number}")
    world.feeds = [replace(feed, interval=HOUR) for feed in world.feeds]

    asked = [call(world, time_left=MINUTE / 2) for _ in range(6)]
    assert sorted(asked) == [[f"/{number}"] for number in range(6)]
    assert call(world, time_left=MINUTE / 2) == []
    again = [call(world, after=HOUR if n == 0 else CALL, time_left=MINUTE / 2) for n in range(6)]
    assert again == asked


class Frozen:
    """A publisher whose ETag is that of its first document for ever, and who believes in it."""

    def __init__(self) -> None:
        self.body = b""

    def __call__(self, seen: Seen) -> Answer:
        etag = (("ETag", '"for ever"'),)
        if seen.header("if-none-match"):
            return Answer(304, headers=etag)
        return Answer(body=self.body, headers=etag)


def dated(world: World, *days: int) -> bytes:
    """Return a document of a daily blog, by the days that are past."""
    entries = (
        entry(n, more=f"<pubDate>{world.now - n * DAY:%a, %d %b %Y %H:%M:%S} GMT</pubDate>")
        for n in days
    )
    return rss(*entries).encode()


def test_rule_v2_a_frozen_etag_does_not_hide_new_items_for_ever(world: World) -> None:
    frozen = Frozen()
    frozen.body = dated(world, *range(1, 15))
    with Publisher(frozen, address="127.0.0.3") as publisher:
        url = world.configure(publisher.url("/feed"))
        call(world)
        frozen.body = rss(entry("new")).encode()
        began = world.now
        for _ in calls_until_due(world, within=9 * DAY):
            if len(world.items()) == 15:
                break
        assert began + 7 * DAY <= world.now <= began + 8 * DAY
        assert state_of(world, url).unvalidated
        asked = len(publisher.seen)
        for _ in calls_until_due(world, within=3 * DAY):
            pass

        assert [seen.header("if-none-match") for seen in publisher.seen[asked:]] == [None, None]


def test_an_unchanged_feed_is_one_request_and_one_write_also_when_it_is_read_whole(
    world: World,
) -> None:
    world.serve(dated(world, *range(1, 15)))
    call(world)
    requests = world.watch()
    for asked in calls_until_due(world, within=9 * DAY):
        assert asked == ["/feed"]
        assert requests.done == [state_key(0)]
        world.watch()

    whole = [seen for seen in world.publisher.seen if not seen.header("if-none-match")]
    assert len(whole) == 2  # the first, and once where something was overdue


def test_a_shard_is_handed_out_when_something_of_it_can_be_polled_and_not_before(
    world: World,
) -> None:
    world.mirror = a_mirror(shards=2)
    for path in ("/a", "/b"):
        world.serve(rss(entry(path[1:])), path)
    world.feeds = [replace(feed, interval=HOUR) for feed in world.feeds]
    world.dispatch()
    for message in world.turns():
        world.turn(message)
    world.documents["/a"] = world.documents["/b"] = limited(hours=3)
    handed = []
    for _ in range(60):
        world.now += CALL
        seen = len(world.publisher.seen)
        world.dispatch()
        for message in world.turns():
            world.turn(message)
            handed.append(len(world.publisher.seen) - seen)

    assert handed == [1, 1]  # an hour later, and when the three are over


def test_what_is_taken_down_as_a_whole_is_asked_once_a_day_until_it_is_shown_again(
    world: World,
) -> None:
    host = "news.example.com"
    url = world.serve(rss(*(entry(n) for n in range(1, 9))))
    world.feeds = [replace(world.feeds[0], interval=HOUR)]
    world.run()
    rule = world.suppress(a_rule(host_key(host), scope=Scope.HOST, host=host))
    world.serve(rss(*(entry(n) for n in range(1, 10))))  # the next entry tells of the rule
    world.feeds = [replace(world.feeds[0], interval=HOUR)]
    call(world, after=2 * HOUR)

    assert state_of(world, url).covered
    assert call(world, after=23 * HOUR) == []
    world.lift(rule)
    assert call(world, after=2 * HOUR) == ["/feed"]
    assert not state_of(world, url).covered
    assert call(world, after=2 * HOUR) == ["/feed"]
