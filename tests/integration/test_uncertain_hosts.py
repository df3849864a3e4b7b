"""What hosts say counts, whatever else went wrong first (P5): whole mirrors on loopback."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from loopback import Answer
from memory_world import MemoryWorld
from world import Documents, World, entry, rss

TDMREP = "/.well-known/tdmrep.json"
RESERVED = '[{"location": "/*", "tdm-reservation": 1}]'
PROHIBITED = (
    '<rsl xmlns="https://rslstandard.org/rsl"><content url="/"><license>'
    '<prohibits type="usage">all</prohibits></license></content></rsl>'
)


@pytest.fixture
def world(documents: Documents) -> Iterator[World]:
    documents.publisher.seen.clear()
    documents.by_path.clear()
    yield MemoryWorld(documents)
    documents.by_path.clear()


def answer(text: str, status: int = 200, **headers: str) -> Answer:
    return Answer(status, body=text.encode(), headers=tuple(headers.items()))


def shown(world: World, url: str) -> str:
    return world.jobs().shard.states.objects.read(0)[0].feeds[url].stated.shown


def test_terms_of_a_host_count_where_its_robots_txt_could_not_be_had_at_first(world: World) -> None:
    url = world.serve(rss(entry(1)))
    world.documents[TDMREP] = answer(RESERVED)
    world.documents["/robots.txt"] = answer("", 503)
    world.run()
    world.documents["/robots.txt"] = answer("")
    world.later()

    world.run()

    assert shown(world, url) == "excerpt"


def test_terms_of_a_host_count_where_the_first_run_died_over_them(world: World) -> None:
    url = world.serve(rss(entry(1)))
    world.documents[TDMREP] = answer(RESERVED)
    world.jobs().shard.states.lease(0, at_once=None, time_left=lambda: timedelta(hours=1))
    world.later(25)

    world.run()

    assert shown(world, url) == "excerpt"


def test_a_licence_that_robots_txt_names_counts_from_the_first_poll(world: World) -> None:
    url = world.serve(rss(entry(1)))
    world.documents["/robots.txt"] = answer(f"License: {world.publisher.url('/rsl.xml')}")
    world.documents["/rsl.xml"] = answer(PROHIBITED)

    world.run()

    assert shown(world, url) == "nothing"


def test_another_host_takes_no_licence_from_its_owner_by_naming_it(world: World) -> None:
    url = world.serve(rss(entry(1)))
    named = f"License: {world.publisher.url('/rsl.xml')}"
    world.documents["/robots.txt"] = answer(named)
    world.documents["/rsl.xml"] = answer(PROHIBITED)
    with Documents("127.0.0.9") as other:
        other.by_path["/robots.txt"] = answer(named)
        other.by_path["/feed"] = answer(rss(entry(2)))
        world.configure(other.publisher.url("/feed"), site="https://other.example")

        world.run()

    assert shown(world, url) == "nothing"


def test_a_feed_that_has_ended_is_over_though_it_named_an_address_without_one(world: World) -> None:
    """What is tried in its place, over and over, must not keep its 410 from being confirmed."""
    name = 'itunes:new-feed-url xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"'
    moved = f"<{name}>{world.publisher.url('/nothing')}</itunes:new-feed-url>"
    url = world.serve(rss(entry(1), extra=moved))
    world.run(at_once=False)
    world.documents["/feed"] = answer("", 410)

    for _ in range(14):
        world.later(25)
        world.run(at_once=False)

    assert world.jobs().shard.states.objects.read(0)[0].feeds[url].gone
    assert [seen.target for seen in world.publisher.seen].count("/nothing") == 3


@pytest.mark.parametrize("other", [answer("", 403), answer("<!DOCTYPE html><p>Back soon")])
def test_terms_hold_on_where_their_file_is_refused_or_a_page(world: World, other: Answer) -> None:
    url = world.serve(rss(entry(1)))
    world.documents[TDMREP] = answer(RESERVED)
    world.run()
    world.documents[TDMREP] = other
    world.later(24 * 7)
    world.run()
    assert shown(world, url) == "excerpt"

    del world.documents[TDMREP]
    world.later(24)
    world.run()

    assert shown(world, url) == "full"


def test_a_feed_that_became_another_brings_nothing_of_its_own_when_all_are_asked(
    world: World,
) -> None:
    other = world.serve(rss(entry(2)), "/other", site="https://other.example.com")
    world.configure(world.publisher.url("/feed"))
    world.documents["/feed"] = Answer(301, headers=(("Location", other),))
    for _ in range(9):
        world.run(at_once=False)
        world.later(25)
    world.serve(rss(entry(2), entry(3)), "/other")

    world.run(at_once=True)

    assert [item.host for item in world.items() if item.title == "Entry 3"] == ["other.example.com"]
