"""The scenarios that are searched, each within bounds of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from model.checks import problem_of, stuck
from model.mirror_steps import INDEX, JSON, page, record
from model.moves import Game
from model.programs import Protocol
from model.search import Found, Search
from model.world import (
    Actor,
    Cards,
    Content,
    Fact,
    Faults,
    Item,
    Key,
    Setting,
    State,
    Stone,
    Stored,
)

HOST, ANN, BEN = "example.com", "Ann", "Ben"


@dataclass(frozen=True, slots=True)
class Scenario:
    """Who meets whom over what, and how much may go wrong."""

    name: str
    actors: tuple[Actor, ...]
    offered: tuple[frozenset[Item], ...]
    keys: tuple[Key, ...]
    left: Faults
    stored: Mapping[Key, Content] = field(default_factory=dict)
    facts: frozenset[Fact] = frozenset()
    past: Mapping[str, str] = field(default_factory=dict)  # rules from before, and what they name

    def setting(self, protocol: Protocol) -> Setting:
        """Return what does not change, under a protocol."""
        actors = self.actors
        if protocol.rule_of_scope:
            actors = tuple(
                replace(actor, rule=actor.word and f"rule of {actor.word}") for actor in actors
            )
        return Setting(
            keys={key: place for place, key in enumerate(self.keys)},
            actors=actors,
            offered=self.offered,
            words={**self.past, **{actor.rule: actor.word for actor in actors if actor.rule}},
            nonces=protocol.nonces,
            permanent=protocol.permanent,
        )

    def start(self, setting: Setting) -> State:
        """Return the state that everything begins in."""
        return State(
            objects=tuple(
                _stored(self.stored[key], setting) if key in self.stored else None
                for key in self.keys
            ),
            facts=self.facts,
            edits=0,
            processes=tuple(setting.fresh for _ in self.actors),
            wire=frozenset(),
            left=self.left,
        )

    def search(
        self, protocol: Protocol, *, left: Faults | None = None, most: int = 5_000_000
    ) -> Found:
        """Search all that may happen, within the scenario's bounds or others."""
        setting = self.setting(protocol)
        game = Game(protocol, setting)
        search = Search[State](game.moves, lambda state: problem_of(game, state), stuck)
        start = self.start(setting)
        if left is not None:
            start = start._replace(left=left)
        if protocol.conflict_is_won:
            start = start._replace(left=start.left._replace(conflicts=1))
        return search.run(start, most=most)


def _stored(content: Content, setting: Setting) -> Stored:
    """Return an object from before: tombstones are of takedowns."""
    by = "takedown" if isinstance(content, Stone) else "mirror"
    return Stored(content, by in setting.nonces)


def item(name: str, *words: str, version: int = 1) -> Item:
    """Return an item, known by its name, its host, and other words."""
    return Item(name, version, frozenset({name, HOST, *(words or (ANN,))}))


A, B = item("a"), item("b")


def a_run(name: str = "W") -> Actor:
    """Return a run of the mirror."""
    return Actor(name, "mirror")


def a_takedown(
    word: str,
    number: int = 1,
    *,
    after: tuple[str, str] | None = None,
    slices: bool = False,
) -> Actor:
    """Return a takedown of all that is known by a word, a case of its own."""
    return Actor(
        name=f"T{number}",
        program="takedown",
        case=f"case {number}",
        rule=f"rule {number}",
        word=word,
        waits_for=after,
        slices=slices,
    )


def an_end(of: Actor, *, after: str = "done") -> Actor:
    """Return the end of a takedown that has come as far as ``after``."""
    far = {"done": ("done", of.case), "ruled": ("rule", of.rule)}[after]
    return replace(of, name=f"end of {of.name}", program="restore", waits_for=far, slices=False)


def marker(of: Item) -> Fact:
    """Return the marker of an item's attributes."""
    return ("marker", of.id, *sorted(of.words))


def records(*items: str) -> tuple[Key, ...]:
    """Return the keys of some items' records."""
    return tuple(map(record, items))


def pages(*items: str) -> tuple[Key, ...]:
    """Return the keys of some items' records and pages."""
    return (*records(*items), *map(page, items))


LISTING = (INDEX, JSON)
T1 = a_takedown("a")

SCENARIOS = (
    Scenario(
        "item",
        (a_run(), T1),
        (frozenset({A}),),
        pages("a"),
        Faults(3, 3, 2),
    ),
    Scenario(
        "item edited",
        (a_run(), T1),
        (frozenset({A}), frozenset({A._replace(version=2)})),
        pages("a"),
        Faults(2, 2, 2),
        {record("a"): A, page("a"): A},
        frozenset({marker(A)}),
    ),
    Scenario(
        "host",
        (a_run(), a_takedown(HOST)),
        (frozenset({A._replace(version=2), B}),),
        pages("a", "b"),
        Faults(2, 2, 1),
        {record("a"): A, page("a"): A},
        frozenset({marker(A)}),
    ),
    Scenario(
        "new host",
        (a_run(), a_takedown(HOST)),
        (frozenset({A, B}),),
        records("a", "b"),
        Faults(2, 2, 1),
    ),
    Scenario(
        "author",
        (a_run("W1"), a_run("W2"), a_takedown(BEN)),
        (frozenset({A}), frozenset({item("a", BEN, version=2)})),
        records("a"),
        Faults(1, 1, 1),
    ),
    Scenario(
        "two takedowns",
        (a_run(), T1, a_takedown(ANN, 2)),
        (frozenset({A}),),
        pages("a"),
        Faults(1, 1, 1),
    ),
    Scenario(
        "duplicate schedule",
        (a_run("W1"), a_run("W2"), T1),
        (frozenset({A}),),
        pages("a"),
        Faults(1, 1, 1),
    ),
    Scenario(
        "duplicate mail",
        (a_run(), T1, replace(T1, name="T1 again")),
        (frozenset({A}),),
        pages("a"),
        Faults(2, 1, 1),
    ),
    Scenario(
        "lift and another claim",
        (a_run(), T1, an_end(T1), a_takedown(ANN, 2)),
        (frozenset({A}), frozenset({item("a", BEN, version=2)})),
        records("a"),
        Faults(1, 1, 0),
    ),
    Scenario(
        "same claim again",
        (a_run("W1"), a_run("W2"), T1, an_end(T1), a_takedown("a", 2, after=("ended", "case 1"))),
        (frozenset({A}),),
        records("a"),
        Faults(1, 0, 0),
    ),
    Scenario(
        "second claim",
        (a_run(), a_takedown("a", 2)),
        (frozenset({A}),),
        pages("a"),
        Faults(3, 2, 2),
        {record("a"): Stone(frozenset({"rule 1"})), page("a"): Stone()},
        frozenset({marker(A), ("rule", "rule 1"), ("lift", "rule 1")}),
        {"rule 1": "a"},
    ),
    Scenario(
        "restore",
        (T1, an_end(T1, after="ruled")),
        (frozenset(),),
        (*pages("a"), ("copy (case 1) of", "a")),
        Faults(3, 0, 2),
        {record("a"): A, page("a"): A},
        frozenset({marker(A)}),
    ),
    Scenario(
        "restore and another claim",
        (T1, an_end(T1, after="ruled"), a_takedown(ANN, 2)),
        (frozenset(),),
        (*records("a"), ("copy (case 1) of", "a")),
        Faults(1, 0, 0),
        {record("a"): A},
        frozenset({marker(A)}),
    ),
    Scenario(
        "resumable sweep",
        (a_run(), a_takedown(HOST, slices=True)),
        (frozenset({A, B}),),
        pages("a", "b"),
        Faults(2, 2, 1),
    ),
    Scenario(
        "listing",
        (a_run(), T1),
        (frozenset({A, B}),),
        (*records("a", "b"), *LISTING),
        Faults(2, 2, 1),
        {record("b"): B, INDEX: Cards(frozenset({B})), JSON: Cards(frozenset({B}))},
        frozenset({marker(B)}),
    ),
    Scenario(
        "listing, two runs",
        (a_run("W1"), a_run("W2"), T1),
        (frozenset({A, B}),),
        (*records("a", "b"), *LISTING),
        Faults(1, 0, 0),
        {record("b"): B, INDEX: Cards(frozenset({B})), JSON: Cards(frozenset({B}))},
        frozenset({marker(B)}),
    ),
    Scenario(
        "listing, two takedowns",
        (T1, a_takedown("b", 2), a_run()),
        (frozenset({A._replace(version=2)}),),
        (*records("a", "b"), *LISTING),
        Faults(1, 0, 0),
        {
            record("a"): A,
            record("b"): B,
            INDEX: Cards(frozenset({A, B})),
            JSON: Cards(frozenset({A, B})),
        },
        frozenset({marker(A), marker(B)}),
    ),
)


def by_name(name: str) -> Scenario:
    """Return a scenario."""
    return next(scenario for scenario in SCENARIOS if scenario.name == name)
