"""What must hold: in every state, and where everything has come to its end."""

from collections.abc import Iterator
from dataclasses import replace

from model.mirror_steps import page, record, JSON, INDEX
from model.moves import take_turn
from model.programs import Protocol
from model.world import Actor, Cards, Faults, Item, Setting, State


def problem_of(protocol: Protocol, setting: Setting, state: State) -> str:
    """Say what is wrong with a state, or nothing."""
    wrong = readable(setting, state)
    if not wrong and all(process.done for process in state.processes):
        wrong = unfinished(setting, state) or _after_a_quiet_run(protocol, setting, state)
    return wrong


def readable(setting: Setting, state: State) -> str:
    """Say what can be read of what an acknowledged takedown covers, that nobody has undone."""
    undone = state.names("ended")
    gone = [
        actor
        for actor in setting.actors
        if actor.program == "takedown"
        and ("done", actor.case) in state.facts
        and actor.case not in undone
    ]
    if not gone:
        return ""
    for key, item in _shown(setting, state):
        for actor in gone:
            if actor.word in item.words:
                return f"{actor.case} is acknowledged, and {' '.join(key)} shows {item.id}"
    return ""


def _shown(setting: Setting, state: State) -> Iterator[tuple[tuple[str, str], Item]]:
    """Yield whatever can be read, and where."""
    for key, place in setting.keys.items():
        stored = state.objects[place]
        if stored is None or key[0].startswith("copy"):
            continue
        if isinstance(stored.content, Item):
            yield key, stored.content
        elif isinstance(stored.content, Cards):
            yield from ((key, item) for item in stored.content.items)


def unfinished(setting: Setting, state: State) -> str:
    """Say which takedown is at its end, and neither acknowledged nor undone."""
    for actor in setting.actors:
        if actor.program == "takedown" and not {
            ("done", actor.case),
            ("ended", actor.case),
        } & state.facts:
            return f"{actor.case} is not acknowledged"
    return ""


def _after_a_quiet_run(protocol: Protocol, setting: Setting, state: State) -> str:
    """Run the mirror once more, undisturbed; say what is then shown wrongly, or not shown."""
    quiet = replace(setting, actors=(*setting.actors, Actor("the last run", "mirror")))
    state = state._replace(processes=(*state.processes, setting.fresh), left=Faults())
    while not state.processes[-1].done:
        turn = take_turn(protocol, quiet, state, len(state.processes) - 1)
        if turn is None:
            return "the last run cannot go on"
        state = turn.keep(turn.me)
    return readable(setting, state) or _wrongly_shown(setting, state)


def _wrongly_shown(setting: Setting, state: State) -> str:
    """Say which item is not shown although no rule is about it, or is although one is.

    An item that was once known by a word is left alone: it may be kept away or not.
    """
    force = {setting.words[rule] for rule in state.names("rule") - state.names("lift")}
    shown = set(_shown(setting, state))
    for item in setting.offered[state.edits]:
        known = {w for fact in state.facts if fact[:2] == ("marker", item.id) for w in fact[2:]}
        for key in _keys_of(setting, item.id):
            there = any(at == key and each.id == item.id for at, each in shown)
            if there and not force.isdisjoint(item.words):
                return f"a rule covers {item.id}, and {' '.join(key)} shows it"
            if not there and force.isdisjoint(known | item.words):
                return f"no rule covers {item.id}, and {' '.join(key)} does not show it"
    return ""


def _keys_of(setting: Setting, item: str) -> Iterator[tuple[str, str]]:
    return (key for key in (record(item), page(item), INDEX, JSON) if key in setting.keys)
