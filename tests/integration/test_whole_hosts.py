"""A whole host taken down in slices, while somebody else is at work between two of its calls.

The first slice that meets a listing takes all of the host's cards out of it, and later ones of the
same call leave it be; so whoever puts such a listing meanwhile has to be kept out by its fence.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta

import pytest

from feedmirror.jobs.takedown.carry_on import RESERVE
from feedmirror.jobs.takedown.takedown_run import TakedownRun
from keeping import readable
from memory_world import CrashError, MemoryWorld, crash
from takedown_world import a_mail
from walks import STRIDE, walk
from world import Documents, entry, rss

CANARY = "canary-words"
HOST = "news.example.com"
WHOLE = f"Please remove our whole site {HOST} from your mirror, now and in the future."
OTHER = "https://other.example.net"
OWN = {f"{CANARY} {number}" for number in range(1, 7)}  # of the host's edited document
SPARE = 1 if STRIDE == 1 else 8  # each of these does much in between


class Sliced(MemoryWorld):
    """A mirror whose sweeps go by two markers, and what asks for a host."""

    raw = b""
    ses_id = ""

    def takedowns(self) -> TakedownRun:
        run = super().takedowns()
        sweep = replace(run.carry_on.sweep, slice_size=2)
        return replace(run, carry_on=replace(run.carry_on, sweep=sweep))

    def publish(self, *numbers: int, text: str = "x") -> None:
        """Have the host show some entries, and another host one that claims to be of it."""
        own = [entry(n, title=f"{CANARY} {n}", text=f"{text} {n}") for n in numbers]
        self.serve(rss(*own))
        claimed = entry(text, title=f"{CANARY} {text}", link=f"https://{HOST}/{text}")
        shown = entry("other", title="Shown", text=text, link=f"{OTHER}/1")
        self.serve(rss(claimed, shown), "/other", site=OTHER)

    def take_down(self) -> None:
        """Take the mail in, or take it up again."""
        self.take_in(self.ses_id, self.raw)


@pytest.fixture
def world(documents: Documents) -> Sliced:
    """A host of five entries; its webmaster's mail that asks for its takedown has arrived."""
    world = Sliced(documents)
    world.publish(1, 2, 3, 4, 5)
    world.run()
    world.raw = a_mail(WHOLE, sender=f"webmaster@{HOST}", date=world.now)
    world.ses_id = world.arrive(world.raw)
    assert len(set(readable(world, CANARY))) > 10
    return world


def edit_and_run(world: Sliced) -> None:
    """Mirror a document in which all that was there is another, and more has come."""
    world.publish(1, 2, 3, 4, 5, 6, text="edited")
    world.later()
    world.run()


def listed(world: Sliced) -> dict[str, set[str]]:
    """Return the titles that each listing shows, but those of the other host."""
    keys = ("feed.json", f"{HOST}/feed.json", f"{HOST}/2026-11/feed.json")
    shown = {key: json.loads(world.pages()[key])["items"] for key in keys}
    return {key: {item["title"] for item in items} for key, items in shown.items() if items}


def calls_of(world: Sliced, job: Callable[[Sliced], object], when: str) -> Iterable[int]:
    """Return the calls of a job at which something is to happen."""
    other = world.copy()
    other.watch()
    job(other)
    return walk(len(other.requests.asked), when, STRIDE * SPARE)


def assert_down(world: Sliced, call: int) -> None:
    """All of the host is out of sight, and stays so; of the other host what is its own is seen."""
    assert readable(world, CANARY) == [], call
    edit_and_run(world)
    assert readable(world, CANARY) == [], call
    assert [item.title for item in world.items()] == ["Shown"]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_mirror_run_between_two_calls_of_it_puts_nothing_back(world: Sliced, when: str) -> None:
    for call in calls_of(world, Sliced.take_down, when):
        other = world.copy()
        other.disturb(call, lambda *_, other=other: edit_and_run(other), when=when)
        other.take_down()
        other.calm()
        assert_down(other, call)


@pytest.mark.parametrize("when", ["before", "after"])
def test_between_two_calls_of_a_mirror_run_it_leaves_nothing_to_put(
    world: Sliced, when: str
) -> None:
    for call in calls_of(world, edit_and_run, when):
        other = world.copy()
        other.disturb(call, lambda *_, other=other: other.take_down(), when=when)
        edit_and_run(other)
        other.calm()
        other.take_down()
        assert_down(other, call)


@pytest.mark.parametrize("when", ["before", "after"])
def test_what_dies_and_goes_on_in_another_call_cleans_again(world: Sliced, when: str) -> None:
    for call in calls_of(world, Sliced.take_down, when):
        other = world.copy()
        other.disturb(call, crash, when=when)
        with pytest.raises(CrashError):
            other.take_down()
        edit_and_run(other)
        other.take_down()
        assert_down(other, call)


def test_what_is_undone_behind_the_first_slice_is_listed_again(world: Sliced) -> None:
    before = listed(world)
    world.time_left = timedelta(0)
    world.take_down()
    (name,) = world.takedowns().cases.unfinished()
    case = world.takedowns().cases.load(name)
    assert case is not None
    left = iter([RESERVE * 2])
    world.takedowns().carry_on.run(case, time_left=lambda: next(left, timedelta(0)))
    assert 2 < len(world.items()) < 7
    assert listed(world) == {"feed.json": {"Shown", f"{CANARY} x"}}

    world.takedowns().restore(world.case(case))

    assert listed(world) == before


@pytest.mark.parametrize("when", ["before", "after"])
def test_what_is_undone_midway_is_all_seen_again(world: Sliced, when: str) -> None:
    for call in calls_of(world, Sliced.take_down, when):
        other = world.copy()
        undone: list[str] = []

        def undo(*_: str, other: Sliced = other, undone: list[str] = undone) -> None:
            edit_and_run(other)
            for name in other.takedowns().cases.unfinished():
                case = other.takedowns().cases.load(name)
                if case is not None and case.decision is not None:
                    other.takedowns().restore(case)
                    undone.append(name)
            edit_and_run(other)

        other.disturb(call, undo, when=when)
        other.take_down()
        other.calm()
        if not undone:  # it was not decided yet
            assert_down(other, call)
            continue
        edit_and_run(other)
        titles = {item.title for item in other.items()}
        assert titles == {"Shown", f"{CANARY} x", f"{CANARY} edited"} | OWN, call
        pages = other.pages()
        for title in OWN:
            assert title in pages["feed.json"], call
            assert title in pages[f"{HOST}/feed.json"], call
            assert title in pages[f"{HOST}/2026-11/feed.json"], call
