"""Feeds that move, over loopback: followed for good once it is proved, and never by mistake."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from feedmirror.layout import state_key
from feedmirror.mirroring.moves import Move
from loopback import Answer
from world import Documents, World, entry, rss, state_of

MAINTENANCE = Answer(body=b"<!doctype html><title>Back soon</title>")


@pytest.fixture
def documents() -> Iterator[Documents]:
    with Documents() as documents:
        yield documents


@pytest.fixture
def world(tmp_path: Path, documents: Documents) -> World:
    return World(tmp_path, documents)


def move_of(world: World, url: str) -> Move:
    return state_of(world, url).move


def redirect(world: World, path: str, to: str, *, status: int = 301) -> None:
    location = (("Location", world.publisher.url(to)),)
    world.documents[path] = Answer(status, headers=location)


def poll(world: World, *, days: float = 2) -> list[str]:
    """Run once and return what was asked for; then let time pass."""
    before = len(world.publisher.seen)
    world.run(at_once=False)
    world.later(24 * days)
    return [seen.target for seen in world.publisher.seen[before:]]


def polls(world: World, times: int) -> list[str]:
    """Run a few times, two days apart, and return all that was asked for."""
    return [target for _ in range(times) for target in poll(world)]


def publish(world: World, *numbers: int, path: str = "/new", extra: str = "") -> str:
    """Serve a document where no feed is configured, and return its address."""
    configured = [*world.feeds]
    url = world.serve(rss(*map(entry, numbers), extra=extra), path)
    world.feeds = configured
    return url


@pytest.fixture
def feed(world: World) -> str:
    url = world.serve(rss(entry(1)))
    poll(world)
    return url


def test_d4_a_301_for_eight_days_is_adopted_and_the_old_address_asked_no_more(
    world: World, feed: str
) -> None:
    new = publish(world, 1)
    redirect(world, "/feed", "/new")
    assert polls(world, 5) == ["/feed", "/new"] * 5
    assert move_of(world, feed).address == new
    publish(world, 1, 2)

    assert polls(world, 2) == ["/new"] * 2
    # Rule D7: nothing of what is stored hangs on the new address.
    assert {item.attribution.feed.url for item in world.items()} == {feed}
    assert [item.title for item in world.items()] == ["Entry 1", "Entry 2"]
    assert {item.host for item in world.items()} == {"news.example.com"}


@pytest.mark.usefixtures("feed")
def test_v3_the_new_address_is_not_sent_what_the_old_one_gave(world: World) -> None:
    publish(world, 1)
    redirect(world, "/feed", "/new")
    polls(world, 5)
    poll(world)
    whole = world.publisher.seen[-1]
    poll(world)
    again = world.publisher.seen[-1]

    assert (whole.target, whole.header("if-none-match")) == ("/new", None)
    assert (again.target, again.header("if-none-match") is None) == ("/new", False)


def test_p6_a_claim_is_written_once_and_no_poll_that_sees_it_again_writes_it(
    world: World, feed: str
) -> None:
    publish(world, 1)
    redirect(world, "/feed", "/new")
    poll(world)
    requests = world.watch()
    poll(world)

    assert move_of(world, feed).target
    assert requests.done == [state_key(0)]


def test_a_claim_survives_a_restart(
    world: World, documents: Documents, tmp_path: Path, feed: str
) -> None:
    publish(world, 1)
    redirect(world, "/feed", "/new")
    polls(world, 3)
    again = World(tmp_path, documents)
    again.feeds, again.now = world.feeds, world.now

    assert move_of(again, feed).since == move_of(world, feed).since
    polls(again, 2)
    assert poll(again) == ["/new"]


def test_d1_a_302_to_a_maintenance_page_neither_moves_nor_removes(world: World, feed: str) -> None:
    world.documents["/soon"] = MAINTENANCE
    redirect(world, "/feed", "/soon", status=302)
    polls(world, 5)

    state = state_of(world, feed)
    assert state.move == Move()
    assert "HTML page" in state.error
    assert len(world.items()) == 1
    world.serve(rss(entry(1), entry(2)))
    assert poll(world) == ["/feed"]
    assert len(world.items()) == 2


def test_d1_a_301_chain_with_one_temporary_hop_moves_to_where_the_permanent_run_ends(
    world: World, feed: str
) -> None:
    publish(world, 1, path="/end")
    redirect(world, "/feed", "/a")
    redirect(world, "/a", "/b", status=308)
    redirect(world, "/b", "/end", status=302)
    polls(world, 5)

    assert move_of(world, feed).address == world.publisher.url("/b")
    assert poll(world) == ["/b", "/end"]


def test_d2_a_target_that_is_a_page_is_never_adopted(world: World, feed: str) -> None:
    world.documents["/new"] = MAINTENANCE
    redirect(world, "/feed", "/new")
    polls(world, 5)

    assert move_of(world, feed).address == ""
    assert "HTML page" in state_of(world, feed).error
    assert len(world.items()) == 1
    publish(world, 1)
    poll(world)
    assert poll(world) == ["/new"]


@pytest.mark.parametrize("status", [404, 410])
def test_d5_when_the_old_address_ends_the_target_on_record_is_asked_and_adopted(
    world: World, feed: str, status: int
) -> None:
    new = publish(world, 1)
    redirect(world, "/feed", "/new")
    poll(world)
    world.documents["/feed"] = Answer(status)
    assert poll(world, days=0.05) == ["/feed"]
    assert f"asked next at {new}" in state_of(world, feed).error

    assert poll(world) == ["/new"]
    state = state_of(world, feed)
    assert (state.move.address, state.error, state.gone_since) == (new, "", None)
    assert poll(world) == ["/new"]


def test_d6_a_feed_that_moves_to_one_that_is_polled_becomes_that_one(
    world: World, feed: str
) -> None:
    new = world.serve(rss(entry(1), entry(2)), "/new")
    redirect(world, "/feed", "/new")
    polls(world, 5)
    assert move_of(world, feed).into == new

    assert poll(world) == ["/new"]
    assert [item.title for item in world.items()] == ["Entry 1", "Entry 2"]
    assert {item.attribution.feed.url for item in world.items()} == {new}
    world.feeds = [each for each in world.feeds if each.url == feed]
    assert poll(world) == ["/feed", "/new"]
    assert len(world.items()) == 2


def test_d6_two_feeds_that_move_to_one_address_do_not_both_ask_it(world: World, feed: str) -> None:
    second = world.serve(rss(entry(1)), "/second")
    poll(world)
    publish(world, 1)
    redirect(world, "/feed", "/new")
    redirect(world, "/second", "/new")
    polls(world, 5)

    moves = [move_of(world, url) for url in (feed, second)]
    assert sorted(bool(move.into) for move in moves) == [False, True]
    assert poll(world) == ["/new"]


def test_d8_a_new_feed_url_for_a_week_is_tried_and_adopted(world: World, feed: str) -> None:
    new = publish(world, 1)
    says(world, new)

    assert polls(world, 6) == [*["/feed"] * 5, "/new"]
    assert move_of(world, feed).address == new
    assert poll(world) == ["/new"]


def test_d8_if_no_feed_is_there_the_old_address_is_asked_as_ever(world: World, feed: str) -> None:
    says(world, world.publisher.url("/new"))

    assert polls(world, 7) == [*["/feed"] * 5, "/new", "/feed"]
    state = state_of(world, feed)
    assert (state.error, state.move.address) == ("", "")
    assert any("did not bring the feed" in problem for problem in state.problems)
    assert len(world.items()) == 1


def says(world: World, new: str) -> None:
    """Have the feed's document say that it has moved."""
    namespace = 'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"'
    moved = f"<itunes:new-feed-url {namespace}>{new}</itunes:new-feed-url>"
    world.serve(rss(entry(1), extra=moved))


def test_an_adopted_address_that_is_lost_for_a_week_is_given_up(world: World, feed: str) -> None:
    publish(world, 1)
    redirect(world, "/feed", "/new")
    polls(world, 5)
    world.documents["/new"] = MAINTENANCE
    world.serve(rss(entry(1), entry(2)))

    assert polls(world, 6) == [*["/new"] * 5, "/feed"]
    assert (state_of(world, feed).error, len(world.items())) == ("", 2)


def test_an_adopted_address_that_says_410_twice_ends_the_feed(world: World, feed: str) -> None:
    publish(world, 1)
    redirect(world, "/feed", "/new")
    polls(world, 5)
    world.documents["/new"], world.documents["/feed"] = Answer(410), Answer(404)

    assert polls(world, 4) == ["/new", "/new"]
    assert state_of(world, feed).gone
    assert len(world.items()) == 1


def test_a_403_of_a_host_that_told_another_feed_429_is_no_refusal(world: World, feed: str) -> None:
    world.serve(rss(entry(2)), "/other")
    world.documents["/other"] = Answer(429)
    poll(world, days=0.1)
    world.documents["/feed"] = Answer(403)
    poll(world)

    state = state_of(world, feed)
    assert state.limited is not None
    assert "left alone" in state.error


@pytest.mark.parametrize("body", [b"", b"<!doctype html><title>Welcome</title>"])
def test_a_page_or_nothing_in_the_feeds_place_is_an_error_and_takes_nothing_away(
    world: World, feed: str, body: bytes
) -> None:
    world.documents["/feed"] = Answer(body=body)
    for _ in range(3):
        poll(world, days=9)

    assert state_of(world, feed).failures == 3
    assert len(world.items()) == 1


def test_a_404_for_weeks_never_ends_polling(world: World, feed: str) -> None:
    world.documents["/feed"] = Answer(404)

    assert [poll(world, days=9) for _ in range(4)] == [["/feed"]] * 4
    assert not state_of(world, feed).gone
