"""What publishers take back by a mark of their own: the takedown function's half (issue 6)."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from feedmirror.jobs.findings import Reason, Withdrawal
from feedmirror.jobs.takedown.takedown_run import TakedownRun, TaskUnreadableError
from feedmirror.layout import CASES
from feedmirror.records import Tombstone
from feedmirror.suppression import Ground
from feedmirror.takedowns.casework.cases import Case, State, case_from_json
from memory_world import CrashError, MemoryWorld, crash
from walks import walk
from world import SITE, Documents, entry, rss

HOST = "news.example.com"
OTHER = "https://other.example.net"


@pytest.fixture(scope="module")
def mirrored(documents: Documents) -> MemoryWorld:
    """Two feeds of a site, and one of another."""
    world = MemoryWorld(documents)
    world.serve(rss(entry(1), entry(2), entry(3)))
    world.serve(rss(entry(4)), "/second")
    world.serve(rss(entry(5, link=f"{OTHER}/5")), "/other", site=OTHER)
    world.run()
    assert len(world.items()) == 5
    return world


@pytest.fixture
def world(mirrored: MemoryWorld) -> MemoryWorld:
    return mirrored.copy()


def of_feed(world: MemoryWorld, **others: object) -> Withdrawal:
    return of_host(**{"feed": world.feeds[0].url, **others})


def of_host(**others: object) -> Withdrawal:
    told: dict[str, Any] = {"reason": Reason.SWITCH, "host": HOST, "words": "robots.txt"}
    return Withdrawal(**{**told, **others})


def of_items(world: MemoryWorld, *titles: str, **others: object) -> Withdrawal:
    return of_feed(world, reason=Reason.VANISHED, items=ids(world, *titles), **others)


def ids(world: MemoryWorld, *titles: str) -> tuple[str, ...]:
    found = {item.title: item.id for item in world.items()}
    return tuple(found[title] for title in titles)


def tell(world: MemoryWorld, told: Withdrawal) -> Case | None:
    return run(world).do(told.to_dict(), time_left=lambda: world.time_left)


def run(world: MemoryWorld) -> TakedownRun:
    return world.takedowns()


def at(world: MemoryWorld, hours: float = 1) -> datetime:
    world.later(hours)
    return world.now


def shown(world: MemoryWorld) -> set[str]:
    return {item.title for item in world.items()}


def stones(world: MemoryWorld) -> list[Tombstone]:
    return [found for found in world.records().values() if isinstance(found, Tombstone)]


def rules(world: MemoryWorld) -> int:
    ledger = world.stores.ledger
    made, ended = (len(list(ledger.list(prefix))) for prefix in ("suppressions/", "lifts/"))
    return made - ended


def test_a_feed_that_is_taken_back_is_gone_by_a_case_without_a_mail(world: MemoryWorld) -> None:
    case = tell(world, of_feed(world, seen=at(world)))

    assert case is not None
    assert case.state is State.REMOVED
    assert shown(world) == {"Entry 4", "Entry 5"}
    assert {stone.ground for stone in stones(world)} == {Ground.PUBLISHER}
    assert world.sent() == []
    assert list(run(world).cases.unfinished()) == []


def test_nothing_of_it_comes_back_by_a_poll(world: MemoryWorld) -> None:
    tell(world, of_feed(world, seen=at(world)))
    world.serve(rss(entry(1, text="edited"), entry(6)))
    world.later()

    report = world.run()

    assert (report.created, report.restored) == (0, 0)
    assert shown(world) == {"Entry 4", "Entry 5"}


def test_a_host_that_is_taken_back_is_gone_with_all_its_feeds(world: MemoryWorld) -> None:
    tell(world, of_host(seen=at(world)))

    assert shown(world) == {"Entry 5"}


def test_what_vanished_upstream_is_suspended_with_copies(world: MemoryWorld) -> None:
    tell(world, of_items(world, "Entry 1", "Entry 2", seen=at(world)))

    assert shown(world) == {"Entry 3", "Entry 4", "Entry 5"}
    assert {stone.ground for stone in stones(world)} == {Ground.UPSTREAM}
    assert len(list(world.mail.list("recovery/"))) == 2


def test_a_mark_that_is_gone_brings_everything_back(world: MemoryWorld) -> None:
    before = world.records()
    tell(world, of_feed(world, seen=at(world)))

    case = tell(world, of_feed(world, on=False, seen=at(world)))

    assert case is not None
    assert case.state is State.RESTORED
    assert rules(world) == 0
    assert shown(world) == {"Entry 1", "Entry 2", "Entry 3", "Entry 4", "Entry 5"}
    assert world.records() == before


def test_items_come_back_one_by_one(world: MemoryWorld) -> None:
    gone = of_items(world, "Entry 1", "Entry 2", seen=at(world))
    first, second = gone.items
    tell(world, gone)

    tell(world, of_feed(world, reason=Reason.VANISHED, items=(first,), on=False, seen=at(world)))
    assert len(shown(world)) == 4
    assert [stone.id for stone in stones(world)] == [second]

    case = tell(
        world, of_feed(world, reason=Reason.VANISHED, items=(second,), on=False, seen=at(world))
    )
    assert case is not None
    assert case.state is State.RESTORED
    assert (len(shown(world)), rules(world)) == (5, 0)


def test_a_deleted_entry_that_is_posted_anew_is_another_entry(world: MemoryWorld) -> None:
    tell(world, of_items(world, "Entry 1", seen=at(world)))
    world.serve(rss(entry("1b", title="Entry 1"), entry(2), entry(3)))
    world.later()

    world.run()

    assert "Entry 1" in shown(world)


def test_a_message_that_comes_twice_counts_once(world: MemoryWorld) -> None:
    on, off = of_feed(world, seen=at(world)), of_feed(world, on=False, seen=at(world))

    for told in (on, on, off, off, on):  # the last is outdated
        tell(world, told)

    assert (len(shown(world)), rules(world)) == (5, 0)
    assert len(list(run(world).cases.ids())) == 1


@pytest.mark.parametrize("of", [of_feed, lambda world, **more: of_items(world, "Entry 1", **more)])
def test_a_message_that_arrives_behind_its_end_takes_nothing_down(
    world: MemoryWorld, of: Callable[..., Withdrawal]
) -> None:
    late = of(world, seen=at(world))
    tell(world, replace(late, on=False, seen=at(world)))

    assert tell(world, late) is None
    assert len(shown(world)) == 5

    tell(world, replace(late, seen=at(world)))
    assert len(shown(world)) < 5


def test_a_feed_ends_nothing_that_another_feed_of_its_host_takes_back(world: MemoryWorld) -> None:
    gone = of_items(world, "Entry 1", seen=at(world))
    tell(world, gone)
    over = replace(gone, feed=world.feeds[1].url, on=False)

    tell(world, replace(over, seen=at(world)))
    assert "Entry 1" not in shown(world)

    del world.feeds[0]  # what a feed that left has taken back falls to those that are there
    tell(world, replace(over, seen=at(world)))
    assert "Entry 1" in shown(world)


def test_a_mark_that_comes_again_is_a_case_of_its_own(world: MemoryWorld) -> None:
    cases = [
        tell(world, of_feed(world, on=on, seen=at(world)))
        for on in (True, False, True, False, True, False, True)
    ]

    assert len({case.id for case in cases if case}) == 4
    assert shown(world) == {"Entry 4", "Entry 5"}


def test_what_a_person_restores_stays_until_the_mark_comes_again(world: MemoryWorld) -> None:
    case = tell(world, of_feed(world, seen=at(world)))
    assert case is not None
    run(world).restore(case)

    tell(world, of_feed(world, seen=at(world)))
    assert len(shown(world)) == 5

    tell(world, of_feed(world, on=False, seen=at(world)))
    tell(world, of_feed(world, seen=at(world)))
    assert shown(world) == {"Entry 4", "Entry 5"}


def test_the_end_of_a_mark_ends_no_mails_rule(world: MemoryWorld) -> None:
    tell(world, of_feed(world, seen=at(world)))
    mail = world.write(f"Please remove {SITE}/1 and keep it away.")
    assert mail.state is State.REMOVED

    tell(world, of_feed(world, on=False, seen=at(world)))

    assert shown(world) == {"Entry 2", "Entry 3", "Entry 4", "Entry 5"}
    assert rules(world) == 1


def test_who_asks_for_what_has_vanished_is_served_though_it_is_out_of_sight(
    world: MemoryWorld,
) -> None:
    gone = of_items(world, "Entry 1", seen=at(world))
    tell(world, gone)

    mail = world.write(f"Please remove {SITE}/1 and keep it away.")
    assert mail.state is State.REMOVED
    tell(world, of_feed(world, reason=gone.reason, items=gone.items, on=False, seen=at(world)))

    world.serve(rss(entry(1, text="again"), entry(2), entry(3)))
    world.later()
    world.run()
    assert "Entry 1" not in shown(world)


def test_the_end_of_one_reason_ends_no_other(world: MemoryWorld) -> None:
    tell(world, of_feed(world, seen=at(world)))
    tell(world, of_feed(world, reason=Reason.TERMS, seen=at(world)))

    tell(world, of_feed(world, on=False, seen=at(world)))

    assert shown(world) == {"Entry 4", "Entry 5"}


def test_a_withdrawal_reaches_only_what_its_feed_brought(world: MemoryWorld) -> None:
    told = of_items(world, "Entry 4", "Entry 5", seen=at(world))

    assert tell(world, told) is None
    assert len(shown(world)) == 5


@pytest.mark.parametrize(
    "told",
    [
        {"host": "stranger.example"},
        {"feed": "https://news.example.com/unknown"},
        {"feed": "", "items": ["abc"]},
        {"items": ["x"] * 3 + [str(number) for number in range(300)]},
        {"reason": "whim"},
        {"seen": "yesterday"},
        {"items": 5},
    ],
)
def test_a_message_of_what_is_not_ours_is_refused(
    world: MemoryWorld, told: dict[str, object]
) -> None:
    task = {**of_feed(world, seen=at(world)).to_dict(), **told}

    with pytest.raises(TaskUnreadableError):
        run(world).do(task, time_left=lambda: world.time_left)

    assert len(shown(world)) == 5


def test_what_is_allowed_again_waits_while_the_mirror_is_paused(world: MemoryWorld) -> None:
    gone = of_items(world, "Entry 1", "Entry 2", seen=at(world))
    tell(world, gone)
    tell(world, of_feed(world, seen=at(world)))
    world.paused = True
    tell(world, of_feed(world, on=False, seen=at(world)))
    tell(world, of_feed(world, reason=gone.reason, items=gone.items[:1], on=False, seen=at(world)))
    assert len(shown(world)) == 2

    world.paused = False
    run(world).hour(time_left=lambda: world.time_left)

    assert len(shown(world)) == 4
    assert list(run(world).cases.unfinished()) == []


def test_what_time_cuts_off_is_carried_on(world: MemoryWorld) -> None:
    world.time_left = timedelta(seconds=1)
    case = tell(world, of_feed(world, seen=at(world)))
    assert case is not None
    assert case.state is State.RECEIVED

    world.time_left = timedelta(minutes=14)
    run(world).hour(time_left=lambda: world.time_left)

    assert shown(world) == {"Entry 4", "Entry 5"}


Story = Callable[[MemoryWorld], Iterable[Withdrawal]]


def feed_on(world: MemoryWorld) -> list[Withdrawal]:
    return [of_feed(world, seen=world.now)]


def feed_off(world: MemoryWorld) -> list[Withdrawal]:
    return [of_feed(world, seen=world.now), of_feed(world, on=False, seen=at(world))]


def items_off(world: MemoryWorld) -> list[Withdrawal]:
    gone = of_items(world, "Entry 1", "Entry 2", seen=world.now)
    back = of_feed(world, reason=gone.reason, items=gone.items[:1], on=False, seen=at(world))
    return [gone, back]


@pytest.mark.parametrize("story", [feed_on, feed_off, items_off])
def test_whatever_dies_a_message_that_comes_again_ends_in_the_same_place(
    mirrored: MemoryWorld, story: Story
) -> None:
    def ends(crashes_at: int | None) -> tuple[object, ...]:
        world = mirrored.copy()
        *before, last = story(world)
        for told in before:
            tell(world, told)
        if crashes_at is not None:
            world.disturb(crashes_at, crash, when="before")
            with pytest.raises(CrashError):
                tell(world, last)
            world.calm()
        else:
            world.watch()
        tell(world, last)
        calls.append(len(world.requests.asked))
        found = world.all(world.stores.ledger, CASES).values()
        states = sorted(case_from_json(body).state for body in found)
        return states, shown(world), rules(world), list(run(world).cases.unfinished())

    calls: list[int] = []
    undisturbed = ends(None)

    for call in walk(calls[0]):
        assert ends(call) == undisturbed, call
