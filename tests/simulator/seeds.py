"""One seed, from the mirror it begins with to the judgement at its end."""

from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import count
from random import Random

from simulator.base import LAYOUTS, base, stories_of
from simulator.cloud import NAMES, Cloud
from simulator.faults import Fate, Weather
from simulator.functions import Functions
from simulator.letters import heard_once
from simulator.life import Life
from simulator.oracle import BrokenPromiseError, Oracle
from simulator.publishers import Publishers
from simulator.rest import come_to_rest
from simulator.scheduler import Deed, Scheduler, StuckError, a_walk
from world import START

# What may happen, and how often; each seed has some of it.
_EVENTS = {
    "mirror": 6,
    "schedule": 1,
    "hour": 2,
    "item": 5,
    "author": 3,
    "host": 2,
    "forge": 1,
    "edit": 4,
    "move": 2,
    "news": 2,
    "found": 1,
    "later": 1,
    "much_later": 1,
    "again": 2,
    "approve": 3,
    "refuse": 1,
    "restore": 4,
    "retract": 1,
}
_ALWAYS = {"mirror"}
_ASKING = ("item", "author", "host")


@dataclass
class Outcome:
    """What came of one seed."""

    seed: int
    violation: str = ""
    trace: list[str] = field(default_factory=list)
    calls: int = 0
    steps: int = 0
    faults: Counter[Fate] = field(default_factory=Counter)

    @property
    def digest(self) -> str:
        """A hash of the trace: the same for the same seed, on every machine."""
        return sha256("\n".join(self.trace).encode()).hexdigest()


def simulate(seed: int) -> Outcome:
    """Run one seed to its end, or to the step at which a promise is broken."""
    life = _begun(Random(seed))
    outcome = Outcome(seed, trace=life.cloud.scheduler.trace)
    try:
        with heard_once():
            life.cloud.scheduler.run()
            come_to_rest(life)
    except (BrokenPromiseError, StuckError) as error:
        outcome.violation = str(error) or type(error).__name__
        outcome.trace.append(f"BROKEN: {outcome.violation}")
    outcome.calls, outcome.steps = life.cloud.calls, life.cloud.scheduler.steps
    outcome.faults = life.cloud.weather.happened
    return outcome


def _begun(chance: Random) -> Life:
    """Draw a seed's mirror, weather, walk and script."""
    layout = chance.randrange(len(LAYOUTS))
    shards = 2 if chance.random() < 0.1 else 1
    known = base(layout, shards, filled=chance.random() < 0.8)
    publishers = Publishers(stories_of(layout))
    oracle = Oracle(publishers.stories, readable=dict(known.readable))
    page = chance.choice((1000, 1000, 2, 5))
    cloud = Cloud(
        Scheduler(chance, a_walk(chance)),
        Weather.drawn(chance),
        {name: known.buckets[name].copy(page=page, watch=oracle.landed) for name in NAMES},
        START,
        on_mail=oracle.left,
        nonces=count(10**6),
    )
    cloud.later(4)
    life = Life(
        chance,
        cloud,
        Functions(cloud, publishers),
        publishers,
        oracle,
        layout,
        shards,
        subject=chance.choice(publishers.stories),
    )
    cloud.on_message = lambda url: life.script("messages", lambda: life.messages(url))
    kinds = {kind for kind in _EVENTS if chance.random() < 0.6} | _ALWAYS
    kinds |= {chance.choice(_ASKING)}
    names = sorted(kinds)
    weights = [_EVENTS[name] for name in names]
    drawn = chance.choices(names, weights, k=chance.randint(4, 8))
    asking = chance.choice([name for name in _ASKING if name in kinds])
    if not set(drawn) & set(_ASKING):
        drawn.insert(chance.randint(0, len(drawn)), asking)
    for name in drawn:
        deed = Deed(name, getattr(life, name), priority=chance.random())
        cloud.scheduler.script.append(deed)
    return life
