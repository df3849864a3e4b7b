"""What publishers complained of elsewhere, each trap a test (feeds.md §3 and its rules V, S, D)."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count, pairwise

import pytest

from feedmirror.configuration import FeedSettings
from feedmirror.layout import state_key
from feedmirror.ports.object_store import StoreUnavailableError
from loopback import Answer, Seen
from street import Street, WokenWorld, dated, validated
from world import SITE, START, entry, rss

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DOCUMENT = rss(entry(1), entry(2)).encode()
DAILY = [START - n * DAY - HOUR for n in range(10)]  # ten days of a daily feed


@pytest.fixture
def street() -> Iterator[Street]:
    with Street() as street:
        yield street


@pytest.fixture
def world(street: Street) -> WokenWorld:
    return WokenWorld(street)


def titles(world: WokenWorld) -> list[str]:
    return [item.title for item in world.items()]


def test_validators_that_are_new_under_a_known_body_are_sent_next_time(
    street: Street, world: WokenWorld
) -> None:
    """V1: Feedbin#726, Miniflux#2675, FreshRSS before its PR 6723."""
    numbers = count(1)
    url = street.serve(
        "127.0.0.2/feed",
        lambda _: Answer(headers=(("ETag", f'W/"{next(numbers)}"'),), body=DOCUMENT),
    )
    world.configure(url)

    for _ in range(3):
        world.run()
        world.later(25)

    sent = [asked.seen.header("if-none-match") for asked in street.asked]
    assert sent == [None, 'W/"1"', 'W/"2"']
    assert titles(world) == ["Entry 1", "Entry 2"]


def test_an_etag_that_never_changes_hides_no_new_entry_that_comes(
    street: Street, world: WokenWorld
) -> None:
    """V2: the body decides."""
    etag = (("ETag", '"frozen"'),)
    url = street.serve("127.0.0.2/feed", Answer(headers=etag, body=DOCUMENT))
    world.configure(url)
    world.run()
    street.serve("127.0.0.2/feed", Answer(headers=etag, body=rss(entry(3)).encode()))

    world.later(25)
    world.run()

    assert titles(world) == ["Entry 1", "Entry 2", "Entry 3"]


def test_a_server_that_answers_304_for_ever_is_asked_without_validators_in_time(
    street: Street, world: WokenWorld
) -> None:
    """V2, V4: a frozen ETag that the server itself believes; found out, it is sent no more."""

    def frozen(seen: Seen) -> Answer:
        passed = (world.now - START) // DAY
        body = dated([START + n * DAY for n in range(-30, passed)], site=SITE)
        return validated(seen, body, etag='"frozen"')

    url = street.serve("127.0.0.2/feed", frozen)
    world.configure(url)

    world.live(16 * DAY)

    whole = [asked.at for asked in street.asked if not asked.seen.header("if-none-match")]
    assert whole[1] - whole[0] >= 7 * DAY
    assert all(later - earlier >= DAY for earlier, later in pairwise(whole))
    assert len(world.items()) >= 30 + 14


def test_a_run_that_dies_before_it_remembers_asks_for_the_whole_feed_again(
    street: Street, world: WokenWorld
) -> None:
    """V3: validators come last, so what they stand for is never lost; nor is it stored twice."""
    url = street.serve("127.0.0.2/feed", lambda seen: validated(seen, DOCUMENT))
    world.configure(url)
    world.run()
    first = [asked.seen.header("if-none-match") for asked in street.asked]
    changed = rss(entry(1), entry(2), entry(3)).encode()
    street.serve("127.0.0.2/feed", lambda seen: validated(seen, changed))
    puts = count(1)

    def die(method: str, key: str) -> None:
        if (method, key) == ("put", state_key(0)) and next(puts) == 2:  # the lease is the first
            raise StoreUnavailableError(key)

    world.requests.before = die
    world.later(25)
    with pytest.raises(StoreUnavailableError):
        world.run()
    world.requests.before = lambda *_: None
    for _ in range(3):
        world.later(25)
        world.run()

    assert first == [None]
    assert [asked.status for asked in street.asked[:3]] == [200, 200, 200]
    assert street.asked[-1].status == 304
    assert titles(world) == ["Entry 1", "Entry 2", "Entry 3"]


def test_a_poll_invents_nothing_that_it_was_not_given(street: Street, world: WokenWorld) -> None:
    """V4: no If-Modified-Since of our own, no cookie, no Referer, no query against caches."""
    given = (("ETag", '"1"'), ("Set-Cookie", "who=you"), ("Cache-Control", "max-age=60"))
    url = street.serve("127.0.0.2/feed", Answer(headers=given, body=DOCUMENT))
    world.configure(url)

    for _ in range(3):
        world.run()
        world.later(25)

    for asked in street.asked:
        assert asked.seen.target == "/feed"
        for name in ("if-modified-since", "cookie", "referer", "cache-control", "pragma"):
            assert asked.seen.header(name) is None, name


def test_who_never_gives_validators_is_asked_once_a_day(street: Street, world: WokenWorld) -> None:
    """V4: unless the document would scroll away, and ten days' entries do not."""
    url = street.serve("127.0.0.2/feed", lambda _: Answer(body=dated(DAILY, site=SITE)))
    world.configure(url)

    world.live(5 * DAY)

    assert 4 <= len(street.asked) <= 6


@pytest.mark.parametrize("minutes", [44, 59])
def test_a_restart_polls_nobody_early(street: Street, world: WokenWorld, minutes: int) -> None:
    """V4: Bloggulus asked again 44 and 59 minutes after its restarts."""
    url = street.serve("127.0.0.2/feed", lambda seen: validated(seen, DOCUMENT))
    world.configure(url)
    world.wake()

    restarted = WokenWorld(street, now=world.now + timedelta(minutes=minutes), stores=world.stores)
    restarted.mirror, restarted.feeds = world.mirror, world.feeds
    restarted.run(at_once=False)

    assert len(street.asked) == 1


def test_a_delta_takes_nothing_away(street: Street, world: WokenWorld) -> None:
    """V5: a 226 has what is new and says nothing of the rest."""
    older = dated(DAILY, site=SITE)
    url = street.serve("127.0.0.2/feed", Answer(headers=(("ETag", '"0"'),), body=older))
    world.configure(url)
    world.run()
    for day in range(4):
        newest = dated([START + day * DAY], site=SITE)
        delta = Answer(226, headers=(("ETag", f'"{day + 1}"'), ("IM", "feed")), body=newest)
        street.serve("127.0.0.2/feed", delta)
        world.later(25)
        world.run()

    assert len(world.items()) == len(DAILY) + 4
    assert world.handed.tasks == []
    assert [asked.seen.header("a-im") for asked in street.asked[1:]] == ["feed"] * 4


def test_a_maintenance_page_behind_a_302_moves_and_removes_nothing(
    street: Street, world: WokenWorld
) -> None:
    """Miniflux#1387: what is temporary is followed, never remembered (D1)."""
    url = street.serve("127.0.0.2/feed", lambda seen: validated(seen, DOCUMENT))
    world.configure(url)
    world.wake()
    page = Answer(
        headers=(("Content-Type", "text/html"),), body=b"<!doctype html><title>Back soon</title>"
    )
    elsewhere = street.serve("127.0.0.3/sorry", page)
    street.serve("127.0.0.2/feed", Answer(302, headers=(("Location", elsewhere),)))

    world.live(9 * DAY)

    assert titles(world) == ["Entry 1", "Entry 2"]
    assert "HTML" in world.state(url).error
    assert world.handed.tasks == []
    street.serve("127.0.0.2/feed", lambda seen: validated(seen, rss(entry(3)).encode()))
    world.live(2 * DAY)
    assert titles(world) == ["Entry 1", "Entry 2", "Entry 3"]
    assert world.state(url).error == ""
    assert street.asked[-1].host == "127.0.0.2"


def moving(street: Street, *hops: tuple[str, int, str]) -> None:
    """Let places lead to others, by a status each."""
    for place, status, target in hops:
        street.serve(place, Answer(status, headers=(("Location", street.url(target)),)))


def test_a_temporary_first_hop_never_moves(street: Street, world: WokenWorld) -> None:
    """D1."""
    moving(
        street, ("127.0.0.2/feed", 307, "127.0.0.3/feed"), ("127.0.0.3/feed", 301, "127.0.0.4/feed")
    )
    street.serve("127.0.0.4/feed", lambda seen: validated(seen, DOCUMENT))
    world.configure(street.url("127.0.0.2/feed"))

    world.live(10 * DAY)

    times = [len(street.of(f"127.0.0.{n}/feed")) for n in (2, 3, 4)]
    assert times[0] >= 10
    assert times == [times[0]] * 3


def test_a_chain_with_a_temporary_hop_moves_to_where_the_permanent_run_ends(
    street: Street, world: WokenWorld
) -> None:
    """D1 and D4: and the old address is asked no more."""
    moving(
        street,
        ("127.0.0.2/feed", 301, "127.0.0.3/feed"),
        ("127.0.0.3/feed", 302, "127.0.0.4/feed"),
    )
    street.serve("127.0.0.4/feed", lambda seen: validated(seen, DOCUMENT))
    url = street.url("127.0.0.2/feed")
    world.configure(url)

    world.live(10 * DAY)

    settled = START + 9 * DAY
    assert street.of("127.0.0.2/feed", since=settled) == []
    assert len(street.of("127.0.0.3/feed", since=settled)) >= 1
    assert world.state(url).move.address == street.url("127.0.0.3/feed")


def test_a_403_of_a_host_that_said_429_is_taken_for_one(street: Street, world: WokenWorld) -> None:
    """FreshRSS#8928: Reddit says 403 when it means 429; S5: at most six hours, then."""
    answers = iter([Answer(429)])
    limited = street.serve("127.0.0.2/r/one", lambda _: next(answers, Answer(403)))
    world.configure(limited)

    world.live(4 * DAY)

    times = [asked.at for asked in street.of("127.0.0.2/r/one")]
    assert all(later - earlier <= 7 * HOUR for earlier, later in pairwise(times))
    assert world.state(limited).limited is not None


def test_a_429_silences_all_polls_of_the_host_until_it_is_over(
    street: Street, world: WokenWorld
) -> None:
    """Twenty feeds on one host: one is told, none of the others asks; then all have their turn."""
    asks_to_wait = Answer(429, headers=(("Retry-After", "7200"),))
    for number in range(20):
        world.configure(street.serve(f"127.0.0.2/{number}", asks_to_wait))

    world.live(2 * HOUR)
    told = len(street.asked)
    for number in range(20):
        street.serve(f"127.0.0.2/{number}", lambda seen: validated(seen, DOCUMENT))
    world.live(2 * HOUR)

    assert told == 1
    assert all(world.state(feed.url).failures == 0 for feed in world.feeds)
    assert len({asked.seen.target for asked in street.asked}) == 20


def test_a_route_that_is_limited_for_ever_starves_no_other_of_its_host(
    street: Street, world: WokenWorld
) -> None:
    """FreshRSS#7870."""
    asks_to_wait = Answer(429, headers=(("Retry-After", "3600"),))
    limited = street.serve("127.0.0.2/limited", asks_to_wait)
    other = street.serve("127.0.0.2/open", lambda seen: validated(seen, DOCUMENT))
    for url in (limited, other):
        world.configure(url)

    world.live(4 * DAY)

    assert titles(world) == ["Entry 1", "Entry 2"]
    assert len(street.of("127.0.0.2/open", since=START + DAY)) >= 3
    idle = [report for report in world.reports if report.polled == 0]
    assert len(idle) <= len(world.reports) / 2  # nobody is woken for nothing all day


def both_limited(street: Street, world: WokenWorld, one: str, other: str) -> int:
    """Let one feed be told to wait a day; return how often the other is asked meanwhile."""
    first = street.serve(one, Answer(429, headers=(("Retry-After", "86400"),)))
    world.configure(first)
    world.live(HOUR)
    assert world.state(first).failures == 1
    world.configure(street.serve(other, lambda seen: validated(seen, DOCUMENT)))
    world.run(at_once=False)
    world.live(22 * HOUR)
    return len(street.of(other))


def test_hosts_of_a_shared_domain_are_limited_together(street: Street, world: WokenWorld) -> None:
    """FreshRSS#8925: for user.tumblr.com, the host alone is too narrow."""
    world.mirror = replace(world.mirror, shared=("shared.localhost",))

    assert both_limited(street, world, "a.shared.localhost/feed", "b.shared.localhost/feed") == 0


def test_hosts_that_share_nothing_are_limited_each_by_itself(
    street: Street, world: WokenWorld
) -> None:
    assert both_limited(street, world, "a.localhost/feed", "b.localhost/feed") >= 1


@pytest.mark.parametrize("body", [b"", b"<!doctype html><html><body>Welcome</body></html>"])
def test_an_answer_that_is_no_feed_never_means_that_all_has_vanished(
    street: Street, world: WokenWorld, body: bytes
) -> None:
    """The status table: 200 with HTML or nothing is an error, never a feed of no entries."""
    url = street.serve("127.0.0.2/feed", Answer(body=dated(DAILY, site=SITE)))
    world.configure(url)
    world.run()
    street.serve("127.0.0.2/feed", Answer(body=body))

    for _ in range(4):
        world.later(25)
        world.run()

    assert len(world.items()) == len(DAILY)
    assert world.state(url).failures == 4
    assert world.handed.tasks == []


def test_a_retry_after_is_kept_to_even_where_it_is_far_off(
    street: Street, world: WokenWorld
) -> None:
    """S5, S6: a floor, whatever else would make a poll due, also where the operator wants it."""
    back: datetime = START + 9 * DAY
    answer = Answer(503, headers=(("Retry-After", f"{back:%a, %d %b %Y %H:%M:%S GMT}"),))
    url = street.serve("127.0.0.2/feed", answer)
    world.feeds.append(FeedSettings(url=url, site=SITE, interval=timedelta(minutes=30)))

    world.live(8 * DAY)
    world.run(at_once=True)
    world.live(2 * DAY)

    assert street.asked[0].at == START
    assert back <= street.asked[1].at < back + HOUR
