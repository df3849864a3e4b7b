"""Departures from the protocol that look harmless, each with the scenario that finds it.

By the names that the planted faults of the simulator have, where both know one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from model import mirror_steps as mirror
from model import takedown_steps as takedown
from model.mirror_steps import (
    INDEX,
    JSON,
    draft_of,
    is_covered,
    is_kept_away,
    listed,
    lose,
    record,
)
from model.programs import Next, Program, Protocol, Step, Turn, each, once, step
from model.protocol import CHOSEN, MIRROR, TAKEDOWN
from model.world import ANY, Faults, Stone

NOTHING = Faults()


@dataclass(frozen=True, slots=True)
class Variant:
    """A departure, and the quickest scenario that shows what comes of it."""

    protocol: Protocol
    scenario: str
    left: Faults = NOTHING  # what has to go wrong for it


def behind(program: Program, moved: Step, other: Step) -> Program:
    """Return a program in which the block of one step comes right behind that of another."""
    block = next(block for block in program if moved in block.steps)
    rest = tuple(each_block for each_block in program if each_block is not block)
    at = next(n for n, known in enumerate(rest) if other in known.steps)
    return (*rest[: at + 1], block, *rest[at + 1 :])


def instead(program: Program, old: Step, *new: Step) -> Program:
    """Return a program in which other steps are done instead of one."""
    return tuple(
        replace(
            block,
            steps=tuple(s for known in block.steps for s in (new if known is old else (known,))),
        )
        for block in program
    )


def with_programs(**programs: Program) -> Protocol:
    """Return the protocol with other programs."""
    return replace(CHOSEN, programs={**CHOSEN.programs, **programs})


# The mirror's.


@step("")
def head_record(turn: Turn, item: str) -> Next:
    """Read the ETag that the put is to have at the last moment, and nothing else."""
    found = turn.me.found
    turn.get(record(item))
    turn.remember(found=found)
    return Next.ON


@step("")
def announce_once(turn: Turn, item: str) -> Next:
    """Create the one marker that an item has; it is there, whatever it says."""
    there = (fact for fact in turn.view.facts if fact[:2] == ("marker", item))
    turn.create(next(there, ("marker", item, *sorted(draft_of(turn, item).words))))
    return Next.ON


@step("")
def put_record_anyhow(turn: Turn, item: str) -> Next:
    """Put the item without a condition, unless a rule covers it."""
    if not is_kept_away(turn, item) and turn.found(record(item)) != draft_of(turn, item):
        turn.put(record(item), draft_of(turn, item), replaces=ANY)
    return Next.ON


@step("")
def withdraw_own(turn: Turn, item: str) -> Next:
    """Having looked again, overwrite what should not have been put."""
    if is_covered(turn, draft_of(turn, item)):
        turn.put(record(item), Stone(turn.me.rules), replaces=ANY)
        lose(turn, item)
    return Next.ON


# The takedown's.


@step("")
def put_stone_over_something(turn: Turn, item: str) -> Next:
    """Overwrite a record, if there is one."""
    if turn.found(record(item)) is None:
        return Next.ON
    return takedown.put_stone.does(turn, item)  # type: ignore[return-value]  # it names no block


@step("")
def put_stone_over_items(turn: Turn, item: str) -> Next:
    """Overwrite a record, unless it is a tombstone already."""
    if isinstance(turn.found(record(item)), Stone):
        return Next.ON
    return takedown.put_stone.does(turn, item)  # type: ignore[return-value]  # it names no block


@step("")
def put_own_stone(turn: Turn, item: str) -> Next:
    """Overwrite a record by a tombstone of this rule alone."""
    stone = Stone(frozenset({turn.actor.rule}))
    is_put = turn.put(record(item), stone, replaces=turn.held(record(item)))
    return Next.ON if is_put else Next.AGAIN


@step("")
def put_index_first(turn: Turn, _: str) -> Next:
    """Put a listing's page before the index that it is made of."""
    if not (turn.has(JSON) and turn.me.items):
        return Next.ON
    left = takedown.without(turn, listed(turn))
    turn.remember(listing=left)
    is_put = turn.put(INDEX, left.told, replaces=turn.held(INDEX))
    return Next.ON if is_put else Next.AGAIN


@step("")
def put_json_last(turn: Turn, _: str) -> Next:
    """Put the index behind the page."""
    if turn.me.listing is None:
        return Next.ON
    is_put = turn.put(JSON, turn.me.listing, replaces=turn.held(JSON))
    if not turn.me.unsure:
        turn.remember(listing=None)
    return Next.ON if is_put else Next.AGAIN


@step("")
def delete_record(turn: Turn, item: str) -> Next:
    """Delete a record under the ETag that was read."""
    key = record(item)
    if turn.found(key) is None or turn.put(key, None, replaces=turn.held(key)):
        return Next.ON
    return Next.AGAIN


@step("")
def acknowledge_at_once(turn: Turn, _: str) -> Next:
    """Say that it is done as soon as the rule stands."""
    turn.create(("done", turn.actor.case))
    return Next.ON


@step("")
def note_slice_first(turn: Turn, _: str) -> Next:
    """Note where the sweep is before it is there."""
    if turn.me.items:
        turn.create(("swept", turn.actor.case, turn.me.items[-1]))
        turn.remember(swept=turn.me.items[-1])
    return Next.ON


@step("")
def sweep_on(turn: Turn, _: str) -> Next | str:
    """Go on with the next slice."""
    return "sweep" if turn.me.more else Next.ON


@step("")
def list_others(turn: Turn, _: str) -> Next:
    """See which rules there are."""
    turn.remember(rules=frozenset(fact[1] for fact in turn.list("rule")))
    return Next.ON


@step("")
def lift_other(turn: Turn, _: str) -> Next:
    """End another rule of the item too."""
    others = sorted(turn.me.rules - {turn.actor.rule})
    if others:
        turn.create(("lift", others[0]))
    return Next.ON


@step("")
def wait_for_runs(turn: Turn, _: str) -> Next:
    """Wait until no run of the mirror is at work."""
    return Next.WAIT if turn.look_around() else Next.ON


UNFENCED = instead(MIRROR, mirror.put_record, put_record_anyhow)
LOOKS_AGAIN = behind(
    (*UNFENCED, once(mirror.list_rules, mirror.list_lifts), each(withdraw_own)),
    withdraw_own,
    mirror.list_lifts,
)

VARIANTS: Mapping[str, Variant] = {
    "marker after the rules": Variant(
        with_programs(mirror=behind(MIRROR, mirror.announce, mirror.list_rules)), "item"
    ),
    "item ETag after the rules": Variant(
        with_programs(mirror=instead(MIRROR, mirror.put_record, head_record, mirror.put_record)),
        "item",
    ),
    "one marker per item whatever its attributes": Variant(
        with_programs(mirror=instead(MIRROR, mirror.announce, announce_once)), "author"
    ),
    "a body without a nonce": Variant(replace(CHOSEN, nonces=frozenset()), "second claim"),
    "absent keys skipped": Variant(
        with_programs(takedown=instead(TAKEDOWN, takedown.put_stone, put_stone_over_something)),
        "item",
    ),
    "tombstones skipped": Variant(
        with_programs(takedown=instead(TAKEDOWN, takedown.put_stone, put_stone_over_items)),
        "second claim",
    ),
    "sweep by delete": Variant(
        replace(
            with_programs(takedown=instead(TAKEDOWN, takedown.put_stone, delete_record)),
            permanent=False,
        ),
        "item",
    ),
    "409 taken for exists": Variant(replace(CHOSEN, conflict_is_won=True), "item"),
    "record the rule after the sweep": Variant(
        with_programs(takedown=behind(TAKEDOWN, takedown.put_rule, takedown.note_slice)), "item"
    ),
    "unconditional writer": Variant(with_programs(mirror=UNFENCED), "item"),
    "page ETag read last": Variant(
        with_programs(mirror=behind(MIRROR, mirror.open_page, mirror.put_record)), "item"
    ),
    "rule id derived from the scope": Variant(
        replace(CHOSEN, rule_of_scope=True), "same claim again"
    ),
    "a lift ends the item's rules": Variant(
        with_programs(
            restore=instead(
                CHOSEN.programs["restore"],
                takedown.put_lift,
                takedown.put_lift,
                list_others,
                lift_other,
            )
        ),
        "lift and another claim",
    ),
    "acknowledged before the sweep's end": Variant(
        with_programs(
            takedown=instead(TAKEDOWN, takedown.put_rule, takedown.put_rule, acknowledge_at_once)
        ),
        "item edited",
    ),
    "tombstones expire": Variant(replace(CHOSEN, expires=True, permanent=False), "item"),
    "wait for running writers instead of a fence": Variant(
        replace(
            with_programs(
                mirror=UNFENCED,
                takedown=instead(TAKEDOWN, takedown.put_rule, takedown.put_rule, wait_for_runs),
            ),
            looks_around=True,
        ),
        "item",
        Faults(crashes=1, late=1),
    ),
    "writer looks again after its write instead of a fence": Variant(
        with_programs(mirror=LOOKS_AGAIN), "item"
    ),
    "a run's bodies without a nonce": Variant(
        replace(CHOSEN, nonces=CHOSEN.nonces - {"mirror"}), "listing, two runs"
    ),
    "a takedown's bodies without a nonce": Variant(
        replace(CHOSEN, nonces=CHOSEN.nonces - {"takedown"}), "second claim"
    ),
    "listing ETag after the rules": Variant(
        with_programs(mirror=behind(MIRROR, mirror.open_listing, mirror.put_page)), "listing"
    ),
    "a takedown puts the listing's page first": Variant(
        with_programs(
            takedown=instead(
                instead(TAKEDOWN, takedown.put_json_first),
                takedown.put_index_last,
                put_index_first,
                put_json_last,
            )
        ),
        "listing, two takedowns",
    ),
    "a tombstone forgets the rules of another": Variant(
        with_programs(takedown=instead(TAKEDOWN, takedown.put_stone, put_own_stone)),
        "lift and another claim",
    ),
    "the sweep's place noted first": Variant(
        with_programs(
            takedown=instead(
                instead(TAKEDOWN, takedown.list_markers, takedown.list_markers, note_slice_first),
                takedown.note_slice,
                sweep_on,
            )
        ),
        "resumable sweep",
        Faults(crashes=1),
    ),
}
