"""What the fuzzer has ever found stays found, and what it starts from is sound (tests/fuzz)."""

from functools import cache
from pathlib import Path
from random import Random

import pytest

from fuzz.mutation import Mutator
from fuzz.registry import names, target_named
from fuzz.target import Target

FOUND = Path(__file__).parents[1] / "data" / "found"
FILES = sorted(path for path in FOUND.glob("*/*") if path.is_file())


@cache
def known(name: str) -> Target:
    return target_named(name)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_what_was_found_once_is_read_or_refused_as_promised(path: Path) -> None:
    known(path.parent.name).run(path.read_bytes())


@pytest.mark.parametrize("name", names())
def test_what_the_fuzzer_starts_from_is_accepted_and_keeps_every_promise(name: str) -> None:
    seeds = [seed for seed in known(name).seeds() if len(seed) <= known(name).longest]

    assert [seed for seed in seeds[:8] if not known(name).run(seed)] == []


@pytest.mark.parametrize("name", names())
def test_mutations_are_within_bounds_keep_the_promises_and_come_again_from_their_seed(
    name: str,
) -> None:
    target = known(name)
    seeds = [seed for seed in target.seeds() if len(seed) <= target.longest][:8]

    chance = Random(1)  # noqa: S311 -- a mutation is no secret

    def plain(data: bytes, longest: int) -> bytes:
        at = chance.randrange(len(data) + 1)
        return (data[:at] + chance.randbytes(3) + data[at + 2 :])[:longest]

    mutate = Mutator(target.tokens, target.grain, seeds, plain)
    mutated = [mutate(seeds[seed % len(seeds)], target.longest, seed) for seed in range(20)]

    chance.seed(1)
    again = [mutate(seeds[seed % len(seeds)], target.longest, seed) for seed in range(20)]
    assert mutated == again
    assert len(set(mutated)) > 5
    for data in mutated:
        assert len(data) <= target.longest
        target.run(data)
