"""The simulator's command: a range of seeds over some processes, or one seed with its trace."""

import argparse
import os
import sys
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import TYPE_CHECKING

from feedmirror.adapters.clock import elapsed
from simulator.faults import Fate
from simulator.planted import FAULTS, planted
from simulator.seeds import Outcome, simulate

if TYPE_CHECKING:
    from multiprocessing.sharedctypes import Synchronized

_STRIPE = 50  # seeds that a process takes at a time


@dataclass
class Tally:
    """What came of many seeds."""

    seeds: int = 0
    calls: int = 0
    faults: Counter[Fate] = field(default_factory=Counter)
    broken: dict[int, str] = field(default_factory=dict)

    def add(self, other: "Tally") -> None:
        self.seeds += other.seeds
        self.calls += other.calls
        self.faults += other.faults
        self.broken |= other.broken

    def note(self, outcome: Outcome) -> None:
        self.seeds += 1
        self.calls += outcome.calls
        self.faults += outcome.faults
        if outcome.violation:
            self.broken[outcome.seed] = outcome.violation


def tally(seeds: Sequence[int]) -> Tally:
    """Run some seeds in this process."""
    found = Tally()
    for seed in seeds:
        found.note(simulate(seed))
    return found


def main() -> int:
    """Run what the command line asks for; the status is 1 if a promise was broken."""
    asked = _arguments()
    warnings.simplefilter("ignore")  # of parsers about odd feeds; the suite looks at them
    fault = asked.planted or ""
    if asked.seed is not None:
        with planted(fault):
            return _tell_one(simulate(asked.seed), with_trace=asked.trace)
    begun, found = elapsed(), Tally()
    stripes = [
        range(first, min(first + _STRIPE, asked.to + 1))
        for first in range(asked.first, asked.to + 1, _STRIPE)
    ]
    context = get_context("spawn")
    with context.Pool(asked.processes, _settle, (fault, context.Value("i", 0))) as pool:
        for number, each in enumerate(pool.imap_unordered(tally, stripes), 1):
            found.add(each)
            _show_progress(number / len(stripes), found)
    _tell_all(found, f"{asked.first} to {asked.to}", elapsed() - begun, fault=fault)
    return 1 if found.broken else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    parser.add_argument("--seed", type=int, help="run this one alone")
    parser.add_argument("--trace", action="store_true", help="print all that happened in it")
    parser.add_argument("--from", dest="first", type=int, default=1, help="the first seed")
    parser.add_argument("--to", type=int, default=10_000, help="the last seed")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--planted", choices=FAULTS, help="plant a fault first, by its name")
    return parser.parse_args()


def _settle(fault: str, counted: "Synchronized[int]") -> None:
    """Prepare a process: on one core a baton goes from thread to thread ten times as fast."""
    warnings.simplefilter("ignore")
    if hasattr(os, "sched_setaffinity"):
        with counted.get_lock():
            number, counted.value = counted.value, counted.value + 1
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[number % len(cores)]})
    planted(fault).__enter__()


def _show_progress(share: float, found: Tally) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{share:4.0%}, {len(found.broken)} broken")
        sys.stderr.write("\n" if share >= 1 else "")


def _tell_one(outcome: Outcome, *, with_trace: bool) -> int:
    if with_trace:
        sys.stdout.writelines(f"{number:5} {line}\n" for number, line in enumerate(outcome.trace))
    told = outcome.violation or "no promise broken"
    sys.stdout.write(
        f"seed {outcome.seed}: {told}; {outcome.calls} calls, trace {outcome.digest[:16]}\n"
    )
    return 1 if outcome.violation else 0


def _tell_all(found: Tally, seeds: str, seconds: float, *, fault: str) -> None:
    lines = [
        f"seeds {seeds}{f', with {fault!r} planted' if fault else ''}",
        f"{found.calls:,} client calls, {found.faults.total():,} faults, {seconds:.0f} seconds",
        *(f"{count:9,}  {fate}" for fate, count in sorted(found.faults.items())),
        f"{len(found.broken)} of {found.seeds:,} seeds broke a promise",
    ]
    argument = f" --planted {fault!r}" if fault else ""
    for seed, what in sorted(found.broken.items()):
        lines += [f"seed {seed}: {what}"]
        lines += [f"    PYTHONPATH=tests python -m simulator --seed {seed} --trace{argument}"]
    sys.stdout.write("\n".join(lines) + "\n")
