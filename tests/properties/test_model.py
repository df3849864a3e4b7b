"""The model of design §4: the protocol holds in it, departures do not, and its search searches.

The bounds here are small; `make model` has the larger ones, and prints them.
"""

import importlib
from collections.abc import Iterator

import pytest

from model.__main__ import main
from model.protocol import CHOSEN
from model.scenarios import SCENARIOS, Scenario, by_name
from model.search import Search
from model.variants import VARIANTS
from model.world import Faults
from simulator.planted import FAULTS, FOUND


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda each: each.name)
def test_nothing_goes_wrong_in_a_scenario_without_faults(scenario: Scenario) -> None:
    found = scenario.search(CHOSEN, left=Faults())

    assert found.complete
    assert found.problem == "", "\n".join(found.story)


@pytest.mark.parametrize("left", [Faults(1, 1, 0), Faults(1, 0, 1), Faults(2, 0, 0)], ids=str)
@pytest.mark.parametrize("name", ["item", "item edited", "second claim", "new host"])
def test_nothing_goes_wrong_where_processes_die_or_put_twice(name: str, left: Faults) -> None:
    found = by_name(name).search(CHOSEN, left=left)

    assert found.complete
    assert found.problem == "", "\n".join(found.story)


@pytest.mark.parametrize("name", VARIANTS)
def test_a_departure_is_found_and_its_story_told(name: str) -> None:
    variant = VARIANTS[name]

    found = by_name(variant.scenario).search(variant.protocol, left=variant.left)

    assert found.problem, name
    assert len(found.story) == found.depth


def test_of_a_departure_that_there_is_not_it_is_said_which_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main("tombstones kept") == 2

    assert {*VARIANTS} < {line.strip() for line in capsys.readouterr().err.splitlines()}


def test_what_is_planted_in_the_code_and_found_by_no_seed_is_found_here() -> None:
    by_no_seed = {name for name, seed in FOUND.items() if seed is None}

    assert FOUND.keys() == FAULTS.keys()
    assert by_no_seed <= VARIANTS.keys()
    assert len(FAULTS) - len(by_no_seed) >= 10


def test_every_step_stands_for_code_that_there_is() -> None:
    steps = {
        step for program in CHOSEN.programs.values() for block in program for step in block.steps
    }

    for step in steps:
        module, _, name = step.code.partition(":")
        found: object = importlib.import_module(f"feedmirror.jobs.{module}")
        for part in name.split("."):
            found = getattr(found, part)
        assert callable(found), step.name


# The search itself, on toys of which everything is known.


def test_a_search_sees_every_state_once_and_tells_how_far_away_the_last_is() -> None:
    def moves(state: tuple[int, int]) -> Iterator[tuple[str, tuple[int, int]]]:
        x, y = state
        if x < 5:
            yield "right", (x + 1, y)
        if y < 5:
            yield "up", (x, y + 1)

    found = Search(moves, lambda _: "").run((0, 0), most=1000)

    assert (found.states, found.depth, found.complete) == (36, 10, True)


Counting = tuple[int, tuple[int | None, int | None], tuple[bool, bool]]


def counting(state: Counting) -> Iterator[tuple[str, Counting]]:
    """Let two processes each read a number and write one more: the known lost update."""
    number, read, done = state
    for who in (0, 1):
        mine = read[who]
        if done[who]:
            continue
        if mine is None:
            now = (number, read[1]) if who == 0 else (read[0], number)
            yield f"{who} reads {number}", (number, now, done)
        else:
            yield (
                f"{who} writes {mine + 1}",
                (
                    mine + 1,
                    read,
                    (True, done[1]) if who == 0 else (done[0], True),
                ),
            )


def test_a_search_finds_the_shortest_way_to_a_lost_update() -> None:
    def lost(state: Counting) -> str:
        return "an update is lost" if all(state[2]) and state[0] != 2 else ""

    found = Search(counting, lost).run((0, (None, None), (False, False)), most=1000)

    assert found.problem == "an update is lost"
    assert found.story in {
        ("0 reads 0", "1 reads 0", "0 writes 1", "1 writes 1"),
        ("0 reads 0", "1 reads 0", "1 writes 1", "0 writes 1"),
        ("1 reads 0", "0 reads 0", "0 writes 1", "1 writes 1"),
        ("1 reads 0", "0 reads 0", "1 writes 1", "0 writes 1"),
    }


def test_a_search_that_is_cut_off_says_so() -> None:
    found = Search(lambda n: [("on", n + 1)], lambda _: "").run(0, most=10)

    assert not found.complete


def test_a_search_says_where_nothing_can_happen_any_more() -> None:
    found = Search(
        lambda n: [("on", n + 1)] if n < 3 else [], lambda _: "", lambda n: f"stuck at {n}"
    ).run(0, most=10)

    assert (found.problem, found.depth) == ("stuck at 3", 3)
