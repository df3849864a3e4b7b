"""Whether what grows faster than its input is told from what does not (tests/fuzz/growth.py)."""

import time
from collections.abc import Callable
from itertools import islice
from random import Random

import pytest

from fuzz import growth
from fuzz.growth import Growth, tries
from fuzz.registry import names
from fuzz.shapes import PLACES, Places
from fuzz.target import Target

PLACE = Places(target="feeds", most=4 * 10**6, around=((b"<", b">"),), pieces=(b"ab",))


class Clock:
    """A processor that a reader keeps busy for as long as a size tells."""

    def __init__(self, takes: Callable[[int], float]) -> None:
        self.now, self.takes = 0.0, takes

    def read(self, data: bytes) -> None:
        self.now += self.takes(len(data))


def found(monkeypatch: pytest.MonkeyPatch, takes: Callable[[int], float]) -> list[Growth]:
    clock, rounds = Clock(takes), iter([0.0, 0.0, 1.0])
    reader = Target(name="feeds", read=clock.read, check=lambda *_: None, seeds=list)
    monkeypatch.setattr(growth, "target_named", lambda _: reader)
    monkeypatch.setattr(time, "process_time", lambda: clock.now)
    monkeypatch.setattr(time, "monotonic", lambda: next(rounds))
    return tries(PLACE, 0.5, seed=1).found


@pytest.mark.parametrize("seconds", [1e-10, 1e-11, 1e-12, 3e-13])
def test_the_square_of_the_size_is_found_however_small_it_begins(
    monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    (told,) = found(monkeypatch, lambda size: seconds * size**2)

    assert told.exponent > 1.9
    assert told.seconds >= 0.2


@pytest.mark.parametrize(
    "takes",
    [
        lambda size: 2e-5 * size,
        lambda size: 1e-6 * size**1.3,
        lambda size: 5e-14 * size**2,  # less than a second at the most
        lambda _: 3.0,
    ],
)
def test_nothing_else_is(monkeypatch: pytest.MonkeyPatch, takes: Callable[[int], float]) -> None:
    assert found(monkeypatch, takes) == []


@pytest.mark.parametrize("places", PLACES, ids=lambda places: places.target)
def test_shapes_are_of_their_size_and_come_again_from_their_seed(places: Places) -> None:
    assert places.target in names()
    first, again = (
        [str(shape) for shape in islice(places.shapes(Random(3)), 200)]  # noqa: S311 -- no secret
        for _ in range(2)
    )
    assert first == again
    for shape in islice(places.shapes(Random(3)), 50):  # noqa: S311 -- the same
        assert 10_000 < len(shape.of(20_000)) <= 20_000
