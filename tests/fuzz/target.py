"""What a fuzzer needs to know of one thing that reads what others wrote."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

_TOKENS = Path(__file__).parent / "tokens"
TAGS = re.compile(rb"<[^<>]{0,400}>?|[^<]+")
LINES = re.compile(rb"[^\n]*\n|[^\n]+")
CHUNKS = re.compile(rb".{1,16}", re.DOTALL)
PIECES = re.compile(rb"[\w.-]+|\s+|[^\w\s.-]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One reader, and what has to hold whatever it reads.

    ``read`` is what the product does with an input, which is what is timed; it may raise what
    ``refuses`` names and nothing else. ``check`` is given the input and what was read of it, and
    fails where a promise is broken. ``grain`` are the pieces that an input is taken apart into to
    be mutated: without one it is JSON. ``instrumented`` are the packages whose branches the fuzzer
    sees, besides ours.
    """

    name: str
    read: Callable[[bytes], object]
    check: Callable[[bytes, object], None]
    seeds: Callable[[], Iterable[bytes]]
    refuses: tuple[type[Exception], ...] = ()
    tokens: tuple[bytes, ...] = ()
    grain: re.Pattern[bytes] | None = None
    longest: int = 8192

    def run(self, data: bytes) -> bool:
        """Read an input, check what was read of it, and tell whether it was accepted at all."""
        try:
            found = self.read(data)
        except self.refuses:
            return False
        self.check(data, found)
        return True


def words(name: str) -> tuple[bytes, ...]:
    r"""Return the words of a dictionary, one a line; ``\n`` and the like are what they escape."""
    lines = (_TOKENS / f"{name}.txt").read_bytes().splitlines()
    return tuple(line.decode("unicode_escape").encode("latin-1") for line in lines if line)
