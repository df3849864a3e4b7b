"""What a publisher says to robots holds: whole mirrors against publishers on loopback (P5)."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from feedmirror.jobs.findings import Reason
from feedmirror.records import Tombstone
from feedmirror.suppression import Ground
from loopback import Answer
from memory_world import MemoryWorld
from world import SITE, Documents, World, entry, rss

EVERYBODY = "User-agent: *\nDisallow: /feed\n"
US = "User-agent: feedmirror\nDisallow: /\n"


@pytest.fixture
def world(documents: Documents) -> Iterator[World]:
    documents.publisher.asked_beside.clear()
    documents.by_path.clear()
    yield MemoryWorld(documents)
    documents.by_path.clear()


def robots(world: World, text: str, status: int = 200) -> None:
    world.documents["/robots.txt"] = Answer(status, body=text.encode())


def asked(world: World) -> int:
    return len(world.publisher.asked_beside)


def polls(world: World) -> int:
    return len(world.publisher.seen)


def permit(world: World, permission: str) -> None:
    world.feeds = [replace(world.feeds[0], permission=permission), *world.feeds[1:]]


def test_what_robots_txt_forbids_is_not_fetched_and_looked_at_again_in_a_day(world: World) -> None:
    before = polls(world)
    world.serve(rss(entry(1)))
    robots(world, EVERYBODY)

    first = world.run()
    for _ in range(5):
        world.later(3)
        world.run()

    assert (polls(world) - before, asked(world), first.polled) == (0, 1, 0)
    assert "disallow: /feed" in first.failures[0][1]
    robots(world, "")
    world.later(10)
    assert world.run().created == 1


def test_a_robots_txt_is_asked_once_a_day_and_never_without_a_poll(world: World) -> None:
    world.serve(rss(entry(1)))
    world.serve(rss(entry(2)), "/second")
    for _ in range(8):
        world.run()
        world.later(6)
    assert asked(world) == 2

    world.later(72)
    world.feeds = []
    world.run()

    assert asked(world) == 2


def test_an_unchanged_feed_costs_no_write_for_a_robots_txt(world: World) -> None:
    """Promise P6: the lease is the only write, also on the day that robots.txt is asked again."""
    world.serve(rss(entry(1)))
    robots(world, "User-agent: *\nDisallow: /private\nCrawl-delay: 5")
    world.run()
    for hours in (2, 25):
        world.later(hours)
        requests = world.watch()
        world.run()
        assert [key for method, key in requests.asked if method == "put"] == ["state/0.json"]


def test_permission_polls_what_robots_txt_forbids_and_is_told_once(world: World) -> None:
    world.serve(rss(entry(1)))
    robots(world, EVERYBODY)
    world.run()
    permit(world, "mail of 2026-11-01")
    world.later()

    report = world.run()
    world.later()

    assert report.created == 1
    assert [what for _, what in report.problems] == [
        "polled by permission (mail of 2026-11-01), whatever robots.txt says: disallow: /feed"
    ]
    assert world.run().problems == ()


def test_a_server_error_holds_everything_until_there_is_an_answer(world: World) -> None:
    before = polls(world)
    world.serve(rss(entry(1)))
    robots(world, "", status=503)

    report = world.run()

    assert polls(world) == before
    assert report.failures[0][1].startswith("the publisher answers 503 (asked for robots.txt")
    world.later()
    robots(world, "")
    assert world.run().created == 1


def test_what_was_allowed_stays_so_while_robots_txt_cannot_be_had(world: World) -> None:
    url = world.serve(rss(entry(1)))
    robots(world, "")
    world.run()
    robots(world, "", status=500)
    world.serve(rss(entry(1), entry(2)))
    world.later(30)

    assert world.run().created == 1
    assert world.jobs().shard.states.objects.read(0)[0].feeds[url].failures == 0


def test_after_thirty_days_of_errors_it_counts_as_absent(world: World) -> None:
    world.serve(rss(entry(1)))
    robots(world, "", status=500)
    world.run()
    world.later(24 * 29)
    assert world.run().created == 0

    world.later(24 * 2)

    assert world.run().created == 1


def test_a_run_that_died_after_its_lease_leaves_no_house_closed(world: World) -> None:
    world.serve(rss(entry(1)))
    robots(world, "")
    lease = world.jobs().shard.states.lease(0, at_once=None, time_left=lambda: timedelta(hours=1))
    assert lease.asked
    world.later()

    assert world.run().created == 1


def test_what_time_does_not_reach_is_left_as_it_was(world: World) -> None:
    url = world.serve(rss(entry(1)))
    robots(world, "")
    left = iter([timedelta(hours=1), timedelta(hours=1)])
    with Documents("127.0.0.9") as other:
        other.by_path["/feed"] = Answer(body=rss(entry(2)).encode())
        world.configure(other.publisher.url("/feed"), site="https://other.example.net")
        report = world.jobs().whole().run(time_left=lambda: next(left, timedelta()))
        known = world.jobs().shard.states.objects.read(0)[0].feeds

        assert (report.polled, report.left, report.failures) == (1, 1, ())
        assert sorted(state.failures for state in known.values()) == [0, 0]
        world.later()
        assert world.run().created == 1
    assert url in known


def test_one_origins_trouble_is_no_others(world: World) -> None:
    world.serve(rss(entry(1)))
    robots(world, "", status=500)
    with Documents("127.0.0.9") as other:
        other.by_path["/feed"] = Answer(body=rss(entry(2)).encode())
        world.configure(other.publisher.url("/feed"), site="https://other.example.net")
        report = world.run()

    assert (report.created, len(report.failures)) == (1, 1)


# The publisher's switch.


@pytest.fixture
def switched(documents: Documents) -> Iterator[MemoryWorld]:
    """A mirror whose takedown function does at once what it is handed."""
    documents.by_path.clear()
    world = MemoryWorld(documents)
    world.serve(rss(entry(1), entry(2)), site=own_site(world))
    world.run()
    assert len(world.items()) == 2
    yield world
    documents.by_path.clear()


def own_site(world: World) -> str:
    return f"http://{world.publisher.address}/"


def run_and_do(world: MemoryWorld) -> int:
    """Run the mirror and have done what it hands on; return how much that was."""
    world.run()
    tasks = list(world.handed.tasks)
    world.handed.tasks.clear()
    for task in tasks:
        world.takedowns().do(task, time_left=lambda: world.time_left)
    return len(tasks)


def test_the_switch_in_robots_txt_takes_the_whole_host_down_at_the_next_look(
    switched: MemoryWorld,
) -> None:
    switched.serve(rss(entry(3)), "/second", site=own_site(switched))
    robots(switched, US)
    switched.later(25)

    assert run_and_do(switched) == 1

    stones = list(switched.records().values())
    assert all(isinstance(stone, Tombstone) for stone in stones)
    assert {stone.ground for stone in stones if isinstance(stone, Tombstone)} == {Ground.PUBLISHER}
    pages = [body for key, body in switched.pages().items() if "/2026-" not in key]
    assert not any("Entry 1" in body for body in pages)
    assert switched.sent() == []
    for _ in range(3):  # told once, and nothing comes back
        switched.later(25)
        assert run_and_do(switched) == 0
    assert switched.items() == []


def test_a_switch_that_is_gone_brings_everything_back(switched: MemoryWorld) -> None:
    robots(switched, US)
    switched.later(25)
    run_and_do(switched)
    robots(switched, "", status=503)  # an error says nothing
    switched.later(25)
    assert run_and_do(switched) == 0

    robots(switched, EVERYBODY.replace("/feed", "/private"))
    switched.later(25)
    assert run_and_do(switched) == 1

    assert [item.title for item in switched.items()] == ["Entry 1", "Entry 2"]
    switched.serve(rss(entry(1), entry(2), entry(3)))
    switched.later()
    assert switched.run().created == 1


def test_a_switch_for_the_feeds_address_takes_that_feed_down(switched: MemoryWorld) -> None:
    switched.serve(rss(entry(3)), "/second", site=own_site(switched))
    switched.run()
    robots(switched, US.replace("/\n", "/feed\n"))
    switched.later(25)

    run_and_do(switched)

    assert [item.title for item in switched.items()] == ["Entry 3"]


def test_whoever_serves_another_sites_feed_takes_back_only_the_feed(
    switched: MemoryWorld,
) -> None:
    switched.feeds = [replace(switched.feeds[0], site=SITE)]
    robots(switched, US)
    switched.later(25)
    switched.run()

    (task,) = switched.handed.tasks
    assert (task["host"], task["feed"]) == ("news.example.com", switched.feeds[0].url)
    assert (task["reason"], task["on"]) == (Reason.SWITCH, True)


def test_a_switch_that_could_not_be_handed_on_is_handed_on_later(switched: MemoryWorld) -> None:
    robots(switched, US)
    switched.later(25)
    switched.handed.full = True
    report = switched.run()
    assert any("not handed on" in what for _, what in report.problems)
    switched.handed.full = False
    switched.later()

    assert run_and_do(switched) == 1
    assert switched.items() == []


def test_permission_is_no_answer_to_the_switch(switched: MemoryWorld) -> None:
    permit(switched, "they said so")
    robots(switched, US)
    switched.later(25)

    assert run_and_do(switched) == 1
    assert switched.items() == []


def test_a_429_for_robots_txt_holds_back_whatever_else_its_origin_is_asked_for(
    world: World,
) -> None:
    world.serve(rss(entry(1)))
    robots(world, "")
    world.run()
    world.documents["/robots.txt"] = Answer(429, headers=(("Retry-After", "172800"),))
    world.publisher.everything_seen.clear()

    for hours in (24 * 7, 1, 46):
        world.later(hours)
        world.run()

    assert [seen.target for seen in world.publisher.everything_seen] == ["/robots.txt"]
    world.later(2)
    assert world.run().failures == ()  # the limit is of robots.txt alone, which says so again
    assert world.publisher.everything_seen[-1].target == "/feed"


def test_a_429_without_a_time_has_robots_txt_asked_once_an_hour_for_all_feeds(world: World) -> None:
    for number in range(3):
        world.serve(rss(entry(number)), f"/{number}")
    world.documents["/robots.txt"] = Answer(429)
    before = asked(world)

    for _ in range(6):
        world.run()
        world.later(0.25)

    assert asked(world) - before == 2


def test_a_switch_that_is_taken_back_while_shards_change_is_told(world: World) -> None:
    world.serve(rss(entry(1)), site="https://other.example.com")
    robots(world, US)
    world.run()
    world.mirror = replace(world.mirror, shards=4)
    robots(world, "")
    world.later(25)

    world.run()

    assert [task["on"] for task in world.handed.tasks] == [True, False]


def test_a_redirect_to_another_host_is_followed_only_as_its_robots_txt_allows(world: World) -> None:
    """RFC 9309 holds for what is fetched: the first poll shows where a redirect leads."""
    with Documents("127.0.0.3") as elsewhere:
        target = elsewhere.publisher.url("/feed")
        elsewhere.by_path["/feed"] = Answer(body=rss(entry(1)).encode())
        elsewhere.by_path["/robots.txt"] = Answer(body=EVERYBODY.encode())
        world.documents["/feed"] = Answer(302, headers=(("Location", target),))
        world.configure(world.publisher.url("/feed"))
        world.run()
        elsewhere.publisher.seen.clear()

        for _ in range(2):
            world.later(8)
            world.run()
        world.later(8)
        told = world.run()

        assert [seen.target for seen in elsewhere.publisher.seen] == []
        assert "redirects to 127.0.0.3, whose robots.txt forbids it" in told.failures[0][1]
        elsewhere.by_path["/robots.txt"] = Answer(404)
        world.later(25)
        world.run()
        assert world.run().failures == ()
