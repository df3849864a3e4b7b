"""What must hold: in every state, and where everything has come to its end."""

from collections.abc import Iterator

from model.mirror_steps import INDEX, JSON, page, record
from model.moves import Game
from model.world import Cards, Faults, Item, Key, Setting, State


def problem_of(game: Game, state: State) -> str:
    """Say what is wrong with a state, or nothing."""
    wrong = readable(game.setting, state)
    if not wrong and all(process.done for process in state.processes):
        wrong = unfinished(game.setting, state) or _after_a_quiet_run(game, state)
    return wrong


def stuck(state: State) -> str:
    """Say that somebody is not at an end, where nothing can happen any more."""
    left = [n for n, process in enumerate(state.processes) if not process.done]
    return f"processes {left} wait for ever" if left else ""


def readable(setting: Setting, state: State) -> str:
    """Say what can be read of what an acknowledged takedown covers, that nobody has undone."""
    swept = _swept(state)
    for case in state.names("ended"):
        swept.pop(case, None)
    if not swept:
        return ""
    words = {actor.case: actor.word for actor in setting.actors if actor.word}
    for key, item in _shown(setting, state):
        for case, items in swept.items():
            if item.id in items or words[case] in item.words:
                return f"{case} is acknowledged, and {' '.join(key).strip()} shows {item.id}"
    return ""


def _swept(state: State) -> dict[str, frozenset[str]]:
    """Return which items each acknowledged takedown has put a tombstone on."""
    done = {fact[1]: set(fact[2:]) for fact in state.facts if fact[0] == "done"}
    for fact in state.facts:
        if fact[0] == "swept" and fact[1] in done:
            done[fact[1]].add(fact[2])
    return {case: frozenset(items) for case, items in done.items()}


def _shown(setting: Setting, state: State) -> Iterator[tuple[Key, Item]]:
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
    settled = state.names("done") | state.names("ended")
    left = (actor.case for actor in setting.actors if actor.word and actor.case not in settled)
    return next((f"{case} is not acknowledged" for case in left), "")


def _after_a_quiet_run(game: Game, state: State) -> str:
    """Run the mirror once more, undisturbed; say what is then shown wrongly, or not shown."""
    fresh = game.setting.fresh
    state = state._replace(processes=(fresh,), left=Faults(), wire=frozenset())
    while not state.processes[0].done:
        state = next(after for _, after in game.quiet.moves(state))
    return readable(game.setting, state) or _wrongly_shown(game.setting, state)


def _wrongly_shown(setting: Setting, state: State) -> str:
    """Say which item is not shown although no rule is about it, or is although one is.

    An item that was once known by a word is left alone: it may be kept away or not.
    """
    force = {setting.words[rule] for rule in state.names("rule") - state.names("lift")}
    shown = set(_shown(setting, state))
    for key, item in shown:
        if not force.isdisjoint(item.words):
            return f"a rule covers {item.id}, and {' '.join(key).strip()} shows it"
    seen = {(key, item.id) for key, item in shown}
    for item in (*setting.offered[state.edits], *_given_back(setting, state)):
        known = {w for fact in state.facts if fact[:2] == ("marker", item.id) for w in fact[2:]}
        for key in _keys_of(setting, item.id):
            if (key, item.id) not in seen and force.isdisjoint(known | item.words):
                return f"no rule covers {item.id}, and {' '.join(key).strip()} does not show it"
    return ""


def _given_back(setting: Setting, state: State) -> Iterator[Item]:
    """Yield what is to be there again although its publisher does not offer it any more."""
    for (kind, _), place in setting.keys.items():
        copy = state.objects[place] if kind.startswith("copy") else None
        if copy is not None and isinstance(copy.content, Item):
            yield copy.content


def _keys_of(setting: Setting, item: str) -> Iterator[Key]:
    return (key for key in (record(item), page(item), INDEX, JSON) if key in setting.keys)
