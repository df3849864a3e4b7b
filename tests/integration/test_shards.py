"""Several shards: handed out by the schedule, worked off in turns, moved.

The publishers tell what was polled; the jobs, the store and the pages are the real ones.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders import a_rule
from feedmirror.jobs.shard_turn import TurnUnreadableError, read_turn
from feedmirror.layout import FRONT_STATE, LATEST, STATES, latest_key, state_key
from feedmirror.mirroring.poll_state import ShardState, state_from_json
from feedmirror.mirroring.schedule import shard_of
from feedmirror.ports.object_store import Content, StoreUnavailableError
from feedmirror.publishing.listings import FRONT_CARDS, read_listing
from feedmirror.suppression import RuleId, address_key
from shard_world import (
    FIRSTS,
    HOSTS,
    ONCE,
    SHARDS,
    a_world,
    in_memory,
    polled,
    serve,
    titles_on_the_front,
)
from walks import STRIDE
from world import Documents, World, entry


@pytest.fixture
def world(tmp_path: Path, documents: Documents) -> World:
    return a_world(tmp_path, documents)


def shards_of_hosts(shards: int = SHARDS) -> set[int]:
    return {shard_of(host, shards) for host in HOSTS}


def test_the_schedule_sends_one_message_for_each_shard_that_is_due(world: World) -> None:
    report = world.dispatch()

    assert sorted(each["shard"] for each in world.polls.tasks) == sorted(shards_of_hosts())
    assert {each["shards"] for each in world.polls.tasks} == {SHARDS}
    assert report.dispatched == len(shards_of_hosts())
    assert polled(world) == {}  # the schedule itself fetches nothing


def test_a_turn_polls_the_feeds_of_its_shard_and_no_others(world: World) -> None:
    world.dispatch()

    for message in world.turns():
        report = world.turn(message)
        own = [host for host in HOSTS if shard_of(host, SHARDS) == message["shard"]]
        assert (report.feeds, report.created) == (len(own), len(own))
        assert polled(world) == dict.fromkeys(own, 1)


def test_what_turns_brought_is_on_the_front_after_the_next_schedule(world: World) -> None:
    world.dispatch()
    for message in world.turns():
        world.turn(message)
    assert titles_on_the_front(world) == set()

    world.dispatch()

    assert titles_on_the_front(world) == FIRSTS


def test_a_shard_is_handed_out_again_when_its_first_feed_is_due(world: World) -> None:
    world.feeds = [replace(feed, interval=timedelta(hours=1)) for feed in world.feeds]
    world.run(at_once=False)
    assert world.dispatch().dispatched == 0

    world.later(1)

    assert world.dispatch().dispatched == len(shards_of_hosts())


def test_a_feed_that_asks_for_more_time_is_not_handed_out_before(world: World) -> None:
    world.feeds = [replace(feed, interval=timedelta(hours=6)) for feed in world.feeds]
    world.run(at_once=False)

    world.later(5)
    assert world.dispatch().dispatched == 0
    world.later(1)
    assert world.dispatch().dispatched == len(shards_of_hosts())


def test_a_shard_that_could_not_be_polled_in_time_is_handed_out_again_at_once(world: World) -> None:
    world.dispatch()
    (message, *_) = [each for each in world.turns() if len(own(each["shard"])) > 1]

    report = world.turn(message, time_left=timedelta(seconds=1))
    assert report.left > 0
    world.dispatch()

    assert message in world.polls.tasks


def own(shard: int) -> list[str]:
    return [host for host in HOSTS if shard_of(host, SHARDS) == shard]


def test_what_waits_longest_is_handed_out_first(world: World) -> None:
    """With more shards than can be polled, each has its turn, whatever its number is."""
    world.feeds = [replace(feed, interval=timedelta(hours=1)) for feed in world.feeds]
    world.run(at_once=False)
    world.later(1)
    world.dispatch()
    (first, *others) = sorted(world.turns(), key=lambda each: each["shard"])
    world.turn(first)
    world.later(2)

    world.dispatch()

    numbers = [each["shard"] for each in world.polls.tasks]
    assert numbers == [*(each["shard"] for each in others), first["shard"]]


def test_a_wish_to_poll_at_once_that_comes_twice_polls_once(world: World) -> None:
    world.run(at_once=False)
    polled(world)
    world.later(0.1)
    world.dispatch(at_once=True)
    messages = world.turns()

    for message in [*messages, *messages]:
        world.later(0.01)
        world.turn(message)

    assert polled(world) == ONCE


def test_the_first_turns_look_at_no_shard_but_their_own(world: World) -> None:
    world.dispatch()

    for message in world.turns():
        requests = world.watch()
        world.turn(message)
        key = state_key(message["shard"])
        asked = [asked for asked in requests.asked if asked[1].startswith(STATES)]
        states = [each for each in asked if not each[1].startswith(LATEST)]
        assert states == [("get", key), ("put", key), ("put", key)]


def test_at_once_hands_out_every_shard_and_the_turn_polls_what_is_not_due(world: World) -> None:
    world.run(at_once=False)
    polled(world)

    world.dispatch(at_once=True)
    for message in world.turns():
        world.turn(message)

    assert polled(world) == ONCE


def test_a_schedule_with_nothing_due_and_nothing_new_writes_nothing(world: World) -> None:
    world.run(at_once=False)
    requests = world.watch()

    world.dispatch()

    assert requests.done == []
    asked = [(method, key) for method, key in requests.asked if not key.startswith("challenges")]
    assert sorted(asked) == sorted(
        [
            ("list", STATES),
            *(("head", state_key(shard)) for shard in shards_of_hosts()),
            ("get", FRONT_STATE),
            ("list", LATEST),
        ]
    )


def test_an_unchanged_shard_costs_a_read_and_a_write_of_its_state(world: World) -> None:
    world.run(at_once=False)
    world.later()
    world.dispatch()
    (message, *_) = world.turns()
    requests = world.watch()

    world.turn(message)

    key = state_key(message["shard"])
    archive = [asked for asked in requests.asked if asked[1].startswith(STATES)]
    assert archive == [("get", key), ("put", key)]
    assert requests.done == [key]


def test_a_message_that_comes_twice_polls_once(world: World) -> None:
    world.dispatch()
    messages = world.turns()

    for message in [*messages, *messages]:
        world.turn(message)

    assert polled(world) == ONCE


def test_a_turn_of_another_number_of_shards_is_over(world: World) -> None:
    world.dispatch()
    messages = world.turns()
    world.mirror = replace(world.mirror, shards=3)

    assert [world.turn(message).polled for message in messages] == [0] * len(messages)
    assert polled(world) == {}


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"shard": 4, "shards": 4},
        {"shard": -1, "shards": 4},
        {"shard": "1", "shards": 4},
        {"shard": 1},
        {"shard": 1, "shards": None},
        {"shard": 1, "shards": 4, "at_once": True},
        {"shard": 1, "shards": 4, "at_once": "2026-11-22T12:00:00"},
    ],
)
def test_a_message_that_names_no_shard_is_refused_with_what_would_be_right(
    fields: dict[str, object],
) -> None:
    with pytest.raises(TurnUnreadableError, match=r'expected {"shard": 0, "shards": 4}'):
        read_turn(fields)


@pytest.mark.parametrize("fields", [[1], "text", None, 3])
def test_what_is_no_object_at_all_is_refused_as_well(fields: object) -> None:
    with pytest.raises(TurnUnreadableError):
        read_turn(fields)


def test_what_is_taken_down_between_the_turn_and_the_schedule_is_not_on_the_front(
    world: World,
) -> None:
    world.dispatch()
    for message in world.turns():
        world.turn(message)
    world.suppress(a_rule(address_key(f"https://{HOSTS[0]}/1"), host=HOSTS[0]))

    world.dispatch()

    assert titles_on_the_front(world) == FIRSTS - {f"First of {HOSTS[0]}"}
    assert f"First of {HOSTS[0]}" not in "".join(
        world.pages()[name] for name in ("index.html", "feed.xml", "feed.json")
    )


ELSEWHERE = "elsewhere.example.net"


def test_the_rules_of_the_host_that_an_item_links_to_by_now_count_on_the_front(
    world: World,
) -> None:
    """Its list still tells of another link's host than the record that is stored by now."""
    serve(world, HOSTS[0], entry(1, title="Linked", link=f"https://{ELSEWHERE}/1"))
    world.dispatch()
    for message in world.turns():
        world.turn(message)
    key = latest_key(shard_of(HOSTS[0], SHARDS))
    found = world.stores.archive.get(key)
    assert found is not None
    rows = json.loads(found.content.body)
    assert [row for row in rows["items"] if row[2] == ELSEWHERE]
    rows["items"] = [[moment, host, host, item] for moment, host, _, item in rows["items"]]
    changed = Content(json.dumps(rows).encode(), "application/json")
    world.stores.archive.put(key, changed, replaces=found.etag)
    world.suppress(a_rule(address_key(f"https://{ELSEWHERE}/1"), host=ELSEWHERE))

    world.dispatch()

    assert titles_on_the_front(world) == FIRSTS - {f"First of {HOSTS[0]}"}


def test_a_front_that_others_kept_writing_is_put_by_the_next_schedule(world: World) -> None:
    world.dispatch()
    for message in world.turns():
        world.turn(message)

    def write_first(method: str, key: str) -> None:
        if (method, key) == ("put", "index.html"):
            found = world.stores.site.head(key)
            nonce = str(len(world.requests.asked)).encode()
            etag = found.etag if found else None
            world.stores.site.put(key, Content(nonce, "text/html"), replaces=etag)

    world.requests.before = write_first
    report = world.dispatch()
    world.requests.before = lambda *_: None
    assert report.problems == (("", "site /: changed meanwhile"),)
    assert titles_on_the_front(world) == set()
    world.dispatch()

    assert titles_on_the_front(world) == FIRSTS


def neighbours() -> tuple[str, str]:
    """Return two hosts of one shard."""
    return next(
        (one, other)
        for one in HOSTS
        for other in HOSTS
        if one != other and shard_of(one, SHARDS) == shard_of(other, SHARDS)
    )


@pytest.mark.parametrize("by_queue", [True, False])
def test_what_was_taken_down_keeps_no_older_item_off_the_front(
    tmp_path: Path, documents: Documents, *, by_queue: bool
) -> None:
    world = a_world(tmp_path, documents)
    in_memory(world)
    world.by_queue = by_queue
    one, other = neighbours()
    world.feeds = [feed for feed in world.feeds if feed.host in (one, other)]
    many = [entry(f"new {n}", link=f"https://{one}/{n}") for n in range(FRONT_CARDS + 10)]
    serve(world, one, *many)
    world.run(at_once=False)
    for number, item in enumerate(world.items()):
        address = item.attribution.original_url
        if item.host == one:
            world.suppress(a_rule(address_key(address), host=one, id=RuleId(f"r{number}")))
    world.later()
    dated = "<dc:creator>Ann</dc:creator><pubDate>Sun, 15 Nov 2026 12:00:00 GMT</pubDate>"
    serve(world, one, *(text.replace("Some text", "Other text") for text in many))
    old = [entry(f"old {n}", link=f"https://{other}/o{n}", more=dated) for n in range(20)]
    serve(world, other, *old)

    world.run(at_once=False)

    titles = titles_on_the_front(world)
    assert {f"Entry old {n}" for n in range(20)} <= titles
    assert not [title for title in titles if "new" in title]


def test_the_front_costs_no_more_for_hosts_that_it_knows_already(
    tmp_path: Path, documents: Documents
) -> None:
    world = a_world(tmp_path, documents, shards=2)
    in_memory(world)
    for number in range(160):
        host = f"more{number}.example.com"
        serve(world, host, entry(1, title=f"First of {host}", link=f"https://{host}/1"))
    world.run(at_once=False)
    world.later()
    serve(world, HOSTS[0], entry(2, title="Second", link=f"https://{HOSTS[0]}/2"))
    world.dispatch()
    for message in world.turns():
        world.turn(message)
    requests = world.watch()

    world.dispatch()

    records = [key for method, key in requests.asked if key.startswith("items/")]
    front = read_listing("", world.pages()["feed.json"].encode())
    assert "Second" in titles_on_the_front(world)
    assert len(front.hosts) == 168
    assert len(records) <= FRONT_CARDS


def test_the_front_shows_the_newest_of_all_shards_and_names_every_host(world: World) -> None:
    many = [
        entry(f"{HOSTS[0]}-{number}", link=f"https://{HOSTS[0]}/{number}") for number in range(60)
    ]
    world.run()
    world.later()
    serve(world, HOSTS[0], *many)
    world.run()

    front = read_listing("", world.pages()["feed.json"].encode())

    assert len(front.cards) == FRONT_CARDS
    assert {each.host for each in front.hosts} == set(HOSTS)


def test_a_front_that_could_not_be_put_is_put_by_the_next_schedule(world: World) -> None:
    world.dispatch()
    for message in world.turns():
        world.turn(message)

    def fail(method: str, key: str) -> None:
        if (method, key) == ("put", "feed.json"):
            raise StoreUnavailableError("no")

    world.requests.before = fail
    with pytest.raises(StoreUnavailableError):
        world.dispatch()
    world.requests.before = lambda *_: None
    world.dispatch()

    assert titles_on_the_front(world) == FIRSTS


def test_a_turn_that_dies_before_its_list_is_kept_brings_its_items_again(world: World) -> None:
    world.dispatch()
    messages = world.turns()

    def fail(method: str, key: str) -> None:
        if method == "put" and key.startswith(LATEST):
            raise StoreUnavailableError("no")

    world.requests.before = fail
    for message in messages:
        with pytest.raises(StoreUnavailableError):
            world.turn(message)
    world.requests.before = lambda *_: None
    world.later()
    world.run(at_once=False)

    assert titles_on_the_front(world) == FIRSTS


def test_from_the_queue_to_one_process_nothing_that_waited_for_the_front_is_lost(
    world: World,
) -> None:
    world.dispatch()
    for message in world.turns():
        world.turn(message)
    world.mirror = replace(world.mirror, shards=1)

    world.run(at_once=False)

    assert titles_on_the_front(world) == FIRSTS


numbers = st.integers(1, 9)
changes = st.lists(st.tuples(numbers, st.booleans()), min_size=1, max_size=5)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(changes=changes)
def test_whatever_the_number_of_shards_becomes_no_feed_is_polled_twice_in_a_row(
    tmp_path_factory: pytest.TempPathFactory,
    documents: Documents,
    changes: list[tuple[int, bool]],
) -> None:
    world = a_world(tmp_path_factory.mktemp("world"), documents, shards=2)
    in_memory(world)
    world.run(at_once=False)
    assert polled(world) == ONCE
    for shards, by_queue in changes:
        world.mirror, world.by_queue = replace(world.mirror, shards=shards), by_queue
        world.run(at_once=False)
        assert polled(world) == {}
    world.later()
    world.run(at_once=False)

    asked = [each.header("if-none-match") for each in world.publisher.seen]
    assert None not in asked  # the validators have moved along
    assert polled(world) == ONCE
    assert titles_on_the_front(world) == FIRSTS


FEW = [HOSTS[1], HOSTS[2], HOSTS[3], HOSTS[4]]  # that 1, 4, 5 and 6 shards tell apart


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("before", "after"), [(1, 4), (4, 1), (4, 6)])
def test_a_crash_at_any_call_of_a_move_loses_nothing_and_polls_nothing_twice(
    tmp_path_factory: pytest.TempPathFactory,
    documents: Documents,
    when: str,
    before: int,
    after: int,
) -> None:
    call = 0
    while True:
        call += 1
        world = a_world(tmp_path_factory.mktemp("world"), documents, shards=before, hosts=FEW)
        in_memory(world)
        world.run(at_once=False)
        polled(world)
        world.mirror = replace(world.mirror, shards=after)
        if not crashes(world, call, when):
            break
        world.run(at_once=False)
        assert polled(world) == {}, f"{when} call {call}"
        world.later()
        world.run(at_once=False)
        assert polled(world) == dict.fromkeys(FEW, 1)
        held = [
            url
            for body in world.all(world.stores.archive, STATES).values()
            for url in (state_from_json(body) or ShardState()).feeds
        ]
        assert sorted(held) == sorted(feed.url for feed in world.feeds)
        call += STRIDE
    assert call > before + after


class CrashError(Exception):
    """The function died here."""


def crashes(world: World, call: int, when: str) -> bool:
    """Run with a crash at one call of the archive; tell whether it came to that call."""
    world.watch()

    def crash(method: str, key: str) -> None:
        if len(world.requests.asked) == call:
            raise CrashError(f"{method} {key}")

    setattr(world.requests, when, crash)
    try:
        world.run(at_once=False)
    except CrashError:
        return True
    finally:
        world.requests.before = world.requests.after = lambda *_: None
    return False


def at_each_call(
    make: Callable[[], World], something: Callable[[World], object]
) -> Iterator[World]:
    """Yield worlds in which something else happened at each call of a run."""
    call = 1 - STRIDE
    while True:
        call += STRIDE
        world = make()
        happened: list[int] = []

        def hook(
            *_: str, world: World = world, call: int = call, seen: list[int] = happened
        ) -> None:
            if len(world.requests.asked) == call:
                world.requests.before = lambda *_: None
                seen.append(call)
                something(world)

        world.watch()
        world.requests.before = hook
        world.run(at_once=False)
        world.requests.before = lambda *_: None
        if not happened:
            return
        yield world


def test_two_schedules_at_once_move_shards_and_poll_nothing_twice(
    tmp_path_factory: pytest.TempPathFactory, documents: Documents
) -> None:
    def make() -> World:
        world = a_world(tmp_path_factory.mktemp("world"), documents, shards=2, hosts=FEW)
        in_memory(world)
        world.run(at_once=False)
        polled(world)
        world.mirror = replace(world.mirror, shards=5)
        return world

    for world in at_each_call(make, lambda world: world.run(at_once=False)):
        assert polled(world) == {}
        world.later()
        world.run(at_once=False)
        assert polled(world) == dict.fromkeys(FEW, 1)
        assert titles_on_the_front(world) == {f"First of {host}" for host in FEW}
