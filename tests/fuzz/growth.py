"""Tell which readers take more than their inputs' size accounts for (a part of ``make fuzz``).

``python tests/fuzz/growth.py SECONDS SEED [TARGET...]``. Each shape is read at 20, 40 and 80 kB (of
mails' words a quarter of that), by the processor's clock. One whose time grows faster is read at
twice the size again and again, until it has taken a fifth of a second, or has reached what the
reader may be given. It is a finding if it grows faster than size ** 1.5 by then, and would take
more than a second at the most. Exits with 1 if there is any.
"""

import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from math import log
from pathlib import Path
from random import Random

sys.path[:0] = [str(Path(__file__).parents[1])]

from fuzz.registry import target_named  # noqa: E402 -- found by the path above
from fuzz.shapes import PLACES, Places, Shape  # noqa: E402 -- the same
from fuzz.target import Target  # noqa: E402 -- the same

_STEEPEST = 1.5  # of the exponent
_SUSPECT = 1.2  # the same, by a single reading of each size
_FLOOR = 0.2  # seconds of a processor: what takes less harms nobody
_HARM = 1.0  # seconds that the largest input would have to take
_NO_TIME, _LARGER = 0.005, 12
_LEAST = 0.0005  # seconds below which a clock tells nothing
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Growth:
    """A shape that takes too long: ``seconds`` at a size, and by which exponent it got there."""

    shape: Shape
    size: int
    seconds: float
    exponent: float

    def __str__(self) -> str:
        """Return the line that tells of it."""
        took = f"{self.seconds:.2f} s for {self.size:,} bytes, size ** {self.exponent:.2f}"
        return f"{took}; {self.shape}"


def main() -> int:
    """Try shapes on every target, each for its share of the time, and return the exit code."""
    seconds, seed, *chosen = sys.argv[1:]
    wanted = [places for places in PLACES if not chosen or places.target in chosen]
    shares = sum(places.share for places in wanted)
    say(f"{'target':<14}{'shapes':>8}{'findings':>10}   slowest")
    found = 0
    for places in wanted:
        tried = tries(places, float(seconds) * places.share / shares, seed=int(seed))
        say(tried.row(places.target))
        for growth in tried.found:
            say(f"  {growth}")
        found += len(tried.found)
    return 1 if found else 0


@dataclass(slots=True)
class Tried:
    """What came of the shapes that one target was given."""

    shapes: int = 0
    slowest: float = 0
    found: list[Growth] = field(default_factory=list)

    def one(self, shape: Shape, target: Target, places: Places) -> Growth | None:
        """Try one shape; what is over in no time at these sizes is tried at a larger one, too."""
        sizes = [*places.sizes]
        times = [_seconds(target, shape.of(size)) for size in sizes]
        self.shapes += 1
        self.slowest = max(self.slowest, times[-1])
        if times[-1] < _NO_TIME:
            sizes.append(min(_LARGER * sizes[-1], places.most))
            times.append(_seconds(target, shape.of(sizes[-1])))
        steep = _exponent(sizes[0], sizes[-1], times[0], times[-1]) > _SUSPECT
        return growth_of(shape, target, places) if steep else None

    def row(self, name: str) -> str:
        """Return the line of the table."""
        return f"{name:<14}{self.shapes:>8,}{len(self.found):>10}{self.slowest:>10.2f} s"


def tries(places: Places, seconds: float, *, seed: int) -> Tried:
    """Try shapes on one target for some seconds."""
    target, tried = target_named(places.target), Tried()
    until = time.monotonic() + seconds
    for shape in places.shapes(Random(seed)):  # noqa: S311 -- a shape is no secret
        if time.monotonic() > until:
            break
        growth = tried.one(shape, target, places)
        tried.found += [growth] if growth else []
    return tried


def growth_of(shape: Shape, target: Target, places: Places) -> Growth | None:
    """Return how a shape grows if that is too fast for somebody to be safe from it."""
    size, most = places.sizes[-1], places.most
    while size < most and _seconds(target, shape.of(size)) < _FLOOR:
        size = min(2 * size, most)
    first, last = (_fastest(target, shape.of(each)) for each in (size // 4, size))
    exponent = _exponent(size // 4, size, first, last)
    slow = last >= _FLOOR and last * (most / size) ** exponent >= _HARM and exponent > _STEEPEST
    return Growth(shape, size, last, exponent) if slow else None


def _exponent(size: int, larger: int, seconds: float, more: float) -> float:
    """Return by which power of the size the time grows."""
    return log(max(more, _LEAST) / max(seconds, _LEAST)) / log(larger / size)


def _fastest(target: Target, data: bytes) -> float:
    return min(_seconds(target, data) for _ in range(_TRIES))


def _seconds(target: Target, data: bytes) -> float:
    """Return how long the processor is busy with an input."""
    began = time.process_time()
    with suppress(*target.refuses):
        target.read(data)
    return time.process_time() - began


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)  # noqa: T201 -- a script tells on stdout


if __name__ == "__main__":
    sys.exit(main())
