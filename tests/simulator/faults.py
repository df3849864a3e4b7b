"""What may become of a call: drawn by the seed, of kinds that are switched on by the seed.

A seed in which all kinds of faults are possible hides some of them behind others (Groce and others,
"Swarm testing", ISSTA 2012), so each seed has kinds of its own, and a share of its own.
"""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random


class Fate(StrEnum):
    """What becomes of a call; the words stand in the trace."""

    FINE = "done"
    CRASH_BEFORE = "dies before it"
    CRASH_AFTER = "is done, and the process dies"
    CRASH_ON_THE_WIRE = "is on the wire when the process dies"
    RESENT = "is done, its answer lost, and sent again"
    OVERTAKEN = "is sent again, and the first copy is still on the wire"
    TIMEOUT_LOST = "times out, and was never done"
    TIMEOUT_DONE = "times out, and was done"
    TIMEOUT_ON_THE_WIRE = "times out, and is still on the wire"
    SLOWED_DOWN = "is answered 503 until the retries end"
    SLOWED_DOWN_ONCE = "is answered 503 once, then done"
    FAILED = "is answered 500 until the retries end, and was not done"
    FAILED_DONE = "is answered 500, and was done"
    CONFLICT = "is answered 409: nothing happened"
    BROKEN_OFF = "has an answer that breaks off"
    THROTTLED = "is throttled"
    REJECTED = "is rejected for good"


_ALWAYS = (Fate.CRASH_BEFORE, Fate.CRASH_AFTER, Fate.TIMEOUT_LOST)
POSSIBLE: dict[str, tuple[Fate, ...]] = {
    "put": (
        *_ALWAYS,
        Fate.CRASH_ON_THE_WIRE,
        Fate.RESENT,
        Fate.OVERTAKEN,
        Fate.TIMEOUT_DONE,
        Fate.TIMEOUT_ON_THE_WIRE,
        Fate.SLOWED_DOWN,
        Fate.SLOWED_DOWN_ONCE,
        Fate.FAILED,
        Fate.FAILED_DONE,
        Fate.CONFLICT,
    ),
    "get": (*_ALWAYS, Fate.SLOWED_DOWN, Fate.FAILED, Fate.BROKEN_OFF),
    "head": (*_ALWAYS, Fate.SLOWED_DOWN, Fate.FAILED),
    "list": (*_ALWAYS, Fate.SLOWED_DOWN, Fate.FAILED, Fate.BROKEN_OFF),
    "delete": (),
    "mail": (*_ALWAYS, Fate.TIMEOUT_DONE, Fate.THROTTLED, Fate.REJECTED),
    "send": (*_ALWAYS, Fate.TIMEOUT_DONE, Fate.RESENT, Fate.THROTTLED),
    "alarm": (*_ALWAYS, Fate.TIMEOUT_DONE, Fate.THROTTLED),
    "invalidate": (*_ALWAYS, Fate.TIMEOUT_DONE, Fate.RESENT, Fate.THROTTLED),
    "fetch": (Fate.CRASH_BEFORE, Fate.CRASH_AFTER, Fate.TIMEOUT_LOST, Fate.FAILED),
}


@dataclass
class Weather:
    """How often something happens to a call, and what may."""

    chance: Random
    share: float = 0.0
    kinds: frozenset[Fate] = frozenset()
    happened: Counter[Fate] = field(default_factory=Counter)

    @classmethod
    def drawn(cls, chance: Random) -> "Weather":
        """Draw the weather of a seed: fair, many kinds of faults, or few kinds and more of them."""
        match chance.randrange(4):
            case 0:
                return cls(chance)
            case 1:
                kinds = chance.sample(list(Fate), chance.randint(1, 3))
                return cls(chance, chance.choice((0.03, 0.1)), frozenset(kinds))
            case _:
                kinds = [kind for kind in Fate if chance.random() < 0.5]
                return cls(chance, chance.choice((0.003, 0.01, 0.03)), frozenset(kinds))

    def calm(self) -> None:
        """Let nothing happen any more."""
        self.share = 0.0

    def fate(self, method: str) -> Fate:
        """Draw what becomes of one call."""
        # Writes are where it matters.
        share = self.share * (3 if method == "put" else 1)
        if share == 0.0 or self.chance.random() >= share:
            return Fate.FINE
        kinds = [kind for kind in POSSIBLE[method] if kind in self.kinds]
        if not kinds:
            return Fate.FINE
        found = self.chance.choice(kinds)
        self.happened[found] += 1
        return found
