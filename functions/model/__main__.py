"""``make model``: search every scenario to its end, find every departure, and print the tables."""

import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from model.protocol import CHOSEN
from model.scenarios import SCENARIOS, by_name
from model.search import Found
from model.variants import VARIANTS
from model.world import Faults


@dataclass(frozen=True, slots=True)
class Row:
    """What a search came to; with a departure's name if it is not of the protocol itself."""

    scenario: str
    departure: str
    left: Faults
    found: Found
    seconds: float

    @property
    def is_right(self) -> bool:
        """Whether it is as it should be: the protocol holds, and a departure does not."""
        return self.found.complete and bool(self.found.problem) == bool(self.departure)

    def __str__(self) -> str:
        """Return a line of the table."""
        found = self.found
        bounds = f"{self.left.crashes} / {self.left.late} / {self.left.resends}"
        told = self.departure or f"{self.scenario:26}  {bounds:^9}"
        verdict = found.problem or ("no violation" if found.complete else "NOT COMPLETE")
        if self.departure:
            return f"{told:54}  {self.scenario:23}  {found.depth:5}  {found.states:7,}  {verdict}"
        return f"{told}  {found.states:9,}  {found.depth:5}  {self.seconds:7.1f}  {verdict}"


def of_protocol(scenario: str) -> Row:
    """Search one scenario to its end."""
    known = by_name(scenario)
    began = time.process_time()
    found = known.search(CHOSEN)
    return Row(scenario, "", known.left, found, time.process_time() - began)


def of_departure(name: str) -> Row:
    """Search the scenario that finds a departure."""
    variant = VARIANTS[name]
    began = time.process_time()
    found = by_name(variant.scenario).search(variant.protocol, left=variant.left)
    return Row(variant.scenario, name, variant.left, found, time.process_time() - began)


def main(story: str = "") -> int:
    """Print what every search came to, or a departure's story; 1 if one is not as it should be.

    2 if there is no such departure.
    """
    write = sys.stdout.write
    if story and story not in VARIANTS:
        sys.stderr.write(
            "\n  ".join((f"there is no departure {story!r}; there are", *VARIANTS)) + "\n"
        )
        return 2
    if story:
        row = of_departure(story)
        write("".join(f"{n:3}. {line}\n" for n, line in enumerate(row.found.story, 1)))
        write(f"     {row.found.problem}\n")
        return 0
    rows: list[Row] = []
    with ProcessPoolExecutor(2) as pool:
        write(f"{'':26}  crashes / late puts / resent puts\n")
        write(f"{'scenario':26}  {'bounds':^9}  {'states':>9}  depth  seconds\n")
        for row in pool.map(of_protocol, [scenario.name for scenario in SCENARIOS]):
            write(f"{row}\n")
            rows.append(row)
        write(f"\n{'departure':54}  {'found in':23}  steps   states\n")
        for row in pool.map(of_departure, VARIANTS):
            write(f"{row}\n")
            rows.append(row)
    wrong = [row.departure or row.scenario for row in rows if not row.is_right]
    states = sum(row.found.states for row in rows if not row.departure)
    write(f"\n{len(SCENARIOS)} scenarios of {states:,} states, {len(VARIANTS)} departures: ")
    write(f"not as it should be: {', '.join(wrong)}\n" if wrong else "all as it should be\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
