"""The code does what the model of design §4 says: the same requests, in the same order.

What a run, a takedown or a restoration asks of the stores is compared with what the model's
process asks in the same situation. Heads count as gets, since of both only the ETag is used here;
what the model leaves out (model/protocol.py) is left out of both. Of every put the condition and
the nonce are looked at too.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import pytest

from feedmirror.jobs.slots import Slot
from feedmirror.jobs.store_entries import StoreEntries
from feedmirror.publishing.documents import without_nonce
from memory_world import CrashError, crash
from model.mirror_steps import INDEX, JSON, page, record
from model.moves import Game
from model.programs import Protocol, View
from model.protocol import CHOSEN
from model.scenarios import (
    BEN,
    LISTING,
    A,
    Scenario,
    a_run,
    a_takedown,
    an_end,
    item,
    marker,
    pages,
)
from model.variants import VARIANTS
from model.world import Actor, Cards, Fact, Faults, Item, Key, Stone
from model.world import Content as Modelled
from noted_world import FENCED, Asked, NotedWorld, compared, in_order
from world import SITE, Documents


@pytest.fixture
def world(documents: Documents) -> NotedWorld:
    return NotedWorld(documents)


def of_model(
    actor: Actor,
    *,
    protocol: Protocol = CHOSEN,
    stored: Mapping[Key, Modelled] | None = None,
    facts: Iterable[Fact] = (),
    offered: Item = A,
    past: Mapping[str, str] | None = None,
) -> list[str]:
    """Return what a process of the model asks where nothing disturbs it."""
    keys = (*pages("a"), *LISTING, ("copy (case 1) of", "a"))
    offers = (frozenset({offered}),)
    scenario = Scenario(
        "alone", (actor,), offers, keys, Faults(), stored or {}, frozenset(facts), past or {}
    )
    setting = scenario.setting(protocol)
    game, state = Game(protocol, setting), scenario.start(setting)
    asked: list[str] = []
    while not state.processes[0].done:
        turn = game.turn(0, state.processes[0], View(state.objects, state.facts, state.edits))
        assert turn is not None
        asked += turn.requests
        state = next(after for _, after in game.moves(state))
    return compared([request.replace("copy (case 1) of", "copy") for request in asked])


SHOWN: dict[Key, Modelled] = {
    record("a"): A,
    page("a"): A,
    INDEX: Cards(frozenset({A})),
    JSON: Cards(frozenset({A})),
}
EDITED = item("a", BEN, version=2)
GONE: dict[Key, Modelled] = {
    record("a"): Stone(frozenset({"rule 1"})),
    page("a"): Stone(),
    INDEX: Cards(),
    JSON: Cards(mark=frozenset({"rule 1"})),  # nothing is shown, so no rule is news
}
RULED = (marker(A), ("rule", "rule 1"))


def test_a_run_that_brings_a_new_item(world: NotedWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    world.publish()

    asked = world.stored_by(monkeypatch)

    # That nothing is stored of the host tells that it has neither pages nor listings: what the
    # model reads of them is not read, and their puts say that there must be none.
    unread = {"get page", "get index.html", "get feed.json"}
    assert in_order(asked) == [each for each in of_model(a_run()) if each not in unread]
    assert_fenced(asked)


def test_a_run_that_brings_an_edit(world: NotedWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    world.publish()
    world.run()
    world.publish("Ben")

    asked = world.stored_by(monkeypatch)

    assert in_order(asked) == of_model(a_run(), stored=SHOWN, facts=[marker(A)], offered=EDITED)
    assert_fenced(asked)


def test_a_run_that_meets_a_rule(world: NotedWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    world.publish()
    world.run()
    world.write(f"Please take down {SITE}/1")
    world.publish("Ben")

    asked = world.stored_by(monkeypatch)

    expected = of_model(a_run(), stored=GONE, facts=RULED, past={"rule 1": "a"}, offered=EDITED)
    assert in_order(asked) == expected
    assert not any(each.kind in {"record", "page"} and each.method == "put" for each in asked)


def test_a_run_that_brings_back_what_is_lifted(
    world: NotedWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.publish()
    world.run()
    world.write(f"Please take down {SITE}/1")
    for rule in world.all(world.stores.ledger, "suppressions/"):
        world.lift(rule)
    world.publish("Ben")

    asked = world.stored_by(monkeypatch)

    facts = [*RULED, ("lift", "rule 1")]
    expected = of_model(a_run(), stored=GONE, facts=facts, past={"rule 1": "a"}, offered=EDITED)
    # An index that a takedown has put remembers no ETags, and is read once for nothing.
    expected.insert(expected.index("get index.html"), "get feed.json")
    assert in_order(asked) == expected
    assert_fenced(asked)


def takedown_of_model(protocol: Protocol = CHOSEN) -> list[str]:
    asked = of_model(
        a_takedown("a", slices=True), protocol=protocol, stored=SHOWN, facts=[marker(A)]
    )
    return asked[asked.index("list ended") + 1 :]  # where its case stands is read first


def test_a_takedown(world: NotedWorld) -> None:
    world.publish()
    world.run()

    asked = world.since(lambda: world.write(f"Please take down {SITE}/1"), "rule")

    # Copies are counted for the public log.
    assert [each for each in in_order(asked) if each != "list copy"] == takedown_of_model()
    assert_overwritten_as_read(asked)
    assert_nonced(asked)


def test_a_takedown_of_what_is_only_announced(world: NotedWorld) -> None:
    """A run dies behind its marker: where nothing is, a tombstone is put all the same."""
    world.publish()

    def die_at_the_record(method: str, key: str) -> None:
        if method == "put" and key.startswith("items/"):
            crash(method, key)

    world.requests.before = die_at_the_record
    with pytest.raises(CrashError):
        world.run()
    world.calm()

    asked = world.since(lambda: world.write(f"Please take down {SITE}/1"), "rule")

    expected = of_model(a_takedown("a", slices=True), facts=[marker(A)])
    expected = expected[expected.index("list ended") + 1 :]
    assert [each for each in in_order(asked) if each != "list copy"] == expected


def test_a_restoration(world: NotedWorld) -> None:
    world.publish()
    world.run()
    case = world.write(f"Please take down {SITE}/1")

    asked = world.since(lambda: world.takedowns().restore(world.case(case)), "ended")

    stored = {**GONE, ("copy (case 1) of", "a"): A}
    expected = of_model(
        replace(an_end(a_takedown("a")), waits_for=None), stored=stored, facts=RULED
    )
    assert in_order(asked) == expected
    assert_fenced(asked)


def assert_fenced(asked: Sequence[Asked]) -> None:
    """See that each put replaces what was read before the rules were."""
    rules = next(n for n, each in enumerate(asked) if each.kind == "rule" and n > _read(asked))
    puts = [each for each in asked[rules:] if each.method == "put" and each.kind in FENCED]
    assert puts
    for put in puts:
        read = [each.etag for each in asked[:rules] if (each.method, each.key) == ("get", put.key)]
        assert put.etag == (read[-1] if read else None), put.key
    assert_nonced(asked)


def _read(asked: Sequence[Asked]) -> int:
    """Return where the last of the ETags was read: rules read before it fence nothing."""
    feeds = (n for n, each in enumerate(asked) if (each.method, each.kind) == ("get", "feed.json"))
    return max(feeds, default=-1)  # what is known to be absent is not read


def assert_overwritten_as_read(asked: Sequence[Asked]) -> None:
    """See that each put replaces what was just read."""
    for n, put in enumerate(asked):
        if put.method == "put" and put.kind in FENCED:
            reads = [a.etag for a in asked[:n] if (a.method, a.key) == ("get", put.key)]
            assert put.etag == reads[-1], put.key


def assert_nonced(asked: Sequence[Asked]) -> None:
    """See that whatever may be overwritten says something that no other body says."""
    puts = [each for each in asked if each.method == "put" and each.kind in FENCED]
    for put in puts:
        if put.kind == "record":
            assert json.loads(put.body)["nonce"]
        else:
            assert without_nonce(put.body) != put.body, put.key
    assert len({put.body for put in puts}) == len(puts)


# What would happen if they parted.


@pytest.mark.parametrize(
    "name",
    [
        "marker after the rules",
        "item ETag after the rules",
        "page ETag read last",
        "listing ETag after the rules",
        "writer looks again after its write instead of a fence",
    ],
)
def test_a_run_that_departed_in_its_order_would_be_told_from_this_one(name: str) -> None:
    protocol = VARIANTS[name].protocol

    assert of_model(a_run(), protocol=protocol) != of_model(a_run())


@pytest.mark.parametrize(
    "name",
    [
        "record the rule after the sweep",
        "acknowledged before the sweep's end",
        "a takedown puts the listing's page first",
        "the sweep's place noted first",
    ],
)
def test_a_takedown_that_departed_in_its_order_would_be_told_from_this_one(name: str) -> None:
    assert takedown_of_model(VARIANTS[name].protocol) != takedown_of_model()


def test_code_that_departs_is_told_from_the_model(
    world: NotedWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rules are read where a marker should be put."""

    def announce_nothing(store: StoreEntries, slot: Slot) -> None:
        store.rules.read(slot.hosts)

    monkeypatch.setattr(StoreEntries, "_announce", announce_nothing)
    world.publish()

    asked = world.stored_by(monkeypatch)

    assert in_order(asked) != of_model(a_run())
