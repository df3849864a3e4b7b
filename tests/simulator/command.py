"""The simulator's command: a range of seeds over some processes, or one seed with its trace."""

import argparse
import os
import sys
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from multiprocessing import get_context
from typing import TYPE_CHECKING

from feedmirror.adapters.clock import elapsed
from simulator.faults import Fate
from simulator.planted import FAULTS, FOUND, planted
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
    traces: dict[int, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """A hash of all traces."""
        return sha256(str(sorted(self.traces.items())).encode()).hexdigest()

    def add(self, other: "Tally") -> None:
        self.seeds += other.seeds
        self.calls += other.calls
        self.faults += other.faults
        self.broken |= other.broken
        self.traces |= other.traces

    def note(self, outcome: Outcome) -> None:
        self.seeds += 1
        self.calls += outcome.calls
        self.faults += outcome.faults
        self.traces[outcome.seed] = outcome.digest
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
    if asked.each_planted:
        return _tell_each_planted(asked.to, asked.processes)
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
    parser.add_argument("--each-planted", action="store_true", help="which seed finds which fault")
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


def _first_to_find(fault: str, most: int) -> tuple[str, int | None, str]:
    """Return a planted fault, the first seed that finds it, and what it finds."""
    with planted(fault):
        for seed in range(1, most + 1):
            if violation := simulate(seed).violation:
                return fault, seed, violation
    return fault, None, f"not within {most} seeds"


def _tell_each_planted(most: int, processes: int) -> int:
    """Tell which seed finds which planted fault; the status is 1 where that is not as expected."""
    context, unexpected = get_context("spawn"), 0
    with context.Pool(processes, _settle, ("", context.Value("i", 0))) as pool:
        waiting = [pool.apply_async(_first_to_find, (fault, most)) for fault in FAULTS]
        for each in waiting:
            fault, seed, what = each.get()
            missed = seed is None and FOUND[fault] is not None
            unexpected += missed
            sys.stdout.write(f"{fault}: {'' if seed is None else f'seed {seed}, '}{what}\n")
    return 1 if unexpected else 0


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
        f"traces {found.digest[:32]}",
        f"{len(found.broken)} of {found.seeds:,} seeds broke a promise",
    ]
    argument = f" --planted {fault!r}" if fault else ""
    for seed, what in sorted(found.broken.items()):
        lines += [f"seed {seed}: {what}"]
        lines += [f"    PYTHONPATH=tests python -m simulator --seed {seed} --trace{argument}"]
    sys.stdout.write("\n".join(lines) + "\n")
