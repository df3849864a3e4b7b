"""Both handlers under seeded faults and schedules: no promise breaks, and what is broken is found.

``make simulate`` runs ten thousand seeds, ``make planted`` looks for the seeds that find faults.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import feedmirror
from simulator.planted import FAULTS, FOUND, planted
from simulator.seeds import simulate

TESTS = Path(__file__).parent.parent
CODE = Path(feedmirror.__file__).parent.parent


def simulator(*arguments: str, hash_seed: str = "0") -> str:
    """Run the simulator's command in a process of its own; return what it says."""
    environment = {
        **os.environ,
        "PYTHONPATH": f"{CODE}{os.pathsep}{TESTS}",
        "PYTHONHASHSEED": hash_seed,
    }
    ran = subprocess.run(  # noqa: S603 -- our own command
        [sys.executable, "-m", "simulator", "--processes", "1", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def traces(told: str) -> str:
    """Return the hash of all traces."""
    return next(line for line in told.splitlines() if line.startswith("traces "))


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("first", "last"), [(1, 100), (101, 200)])
def test_no_seed_breaks_a_promise(first: int, last: int) -> None:
    told = simulator("--from", str(first), "--to", str(last))

    assert "0 of 100 seeds broke a promise" in told


@pytest.mark.parametrize("seed", [624, 6008, 8766])
def test_an_event_that_comes_again_does_not_list_anew_what_was_put_back_before(seed: int) -> None:
    assert simulate(seed).violation == ""


@pytest.mark.timeout(600)
def test_a_seed_is_replayed_byte_for_byte_whatever_the_process_hashes_by() -> None:
    first, second = (
        traces(simulator("--from", "1", "--to", "12", hash_seed=seed)) for seed in ("1", "2")
    )

    assert first == second


def test_a_seed_is_the_same_whatever_ran_before() -> None:
    alone = simulate(7).digest
    simulate(8)

    assert simulate(7).digest == alone
    assert simulate(8).digest != alone


@pytest.mark.timeout(600)
@pytest.mark.parametrize("fault", [name for name in FAULTS if FOUND[name] is not None])
def test_a_planted_fault_is_found(fault: str) -> None:
    seed = FOUND[fault]
    assert seed is not None
    assert simulate(seed).violation == ""

    with planted(fault):
        outcome = simulate(seed)

    assert outcome.violation
