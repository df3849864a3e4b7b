"""What may happen next: a request of one process, a fault, or something from outside."""

from collections.abc import Iterator

from model.programs import Mode, Next, Over, Program, Protocol, SecondRequestError, Turn
from model.world import Process, Setting, State, Stone, can_land, land, replaced

Move = tuple[str, State]  # in words, and what is then


def take_turn(
    protocol: Protocol, setting: Setting, state: State, number: int, mode: Mode = Mode.WELL
) -> Turn | None:
    """Do a process's next request, and all behind it that asks nothing; None if it has to wait."""
    turn = Turn(setting, state, number, mode)
    program = protocol.programs[turn.actor.program]
    while not turn.me.done:
        before = turn.me
        at = program[before.block].steps[before.step]
        item = _items(program, before, setting)[before.nth]
        try:
            where = at.does(turn, item)
        except SecondRequestError:
            turn.me = before
            break
        if where is Next.WAIT:
            return None
        if turn.asked and turn.step is None:
            turn.step = at
        if mode is Mode.LATE and turn.is_put:
            turn.me = setting.fresh
            break
        if turn.me.unsure:
            break
        turn.me = _gone_to(program, turn.me, where, setting)
    return turn


def _items(program: Program, me: Process, setting: Setting) -> tuple[str, ...]:
    """Return what a process's block is done for."""
    match program[me.block].over:
        case Over.NOTHING:
            return ("",)
        case Over.ITEMS:
            return me.items
        case Over.ALL:
            return tuple(sorted({item.id for offer in setting.offered for item in offer}))


def _gone_to(program: Program, me: Process, where: Next | str, setting: Setting) -> Process:
    """Return a process that has gone on from a step."""
    if where is Next.END:
        return setting.fresh._replace(done=True)
    if isinstance(where, str):
        block = next(n for n, block in enumerate(program) if block.name == where)
        me = me._replace(block=block, nth=0, step=0)
    elif where is Next.AGAIN:
        return me._replace(step=0)
    elif me.step + 1 < len(program[me.block].steps):
        return me._replace(step=me.step + 1)
    else:
        me = me._replace(nth=me.nth + 1, step=0)
    while me.block < len(program) and me.nth >= len(_items(program, me, setting)):
        me = me._replace(block=me.block + 1, nth=0)
    return me if me.block < len(program) else setting.fresh._replace(done=True)


def moves(protocol: Protocol, setting: Setting, state: State) -> Iterator[Move]:
    """Yield all that may happen next."""
    for number, me in enumerate(state.processes):
        if not me.done and setting.actors[number].waits_for <= state.facts:
            yield from _of_process(protocol, setting, state, number)
    for request in state.wire:
        if can_land(state, request):
            rest = state._replace(wire=state.wire - {request})
            yield f"the put of a dead process lands: {request[0]}", land(setting, rest, request)
    if state.edits + 1 < len(setting.offered):
        yield "the publisher edits", state._replace(edits=state.edits + 1)
    if not protocol.permanent:
        for place, stored in enumerate(state.objects):
            if stored is not None and isinstance(stored.content, Stone):
                objects = replaced(state.objects, place, None)
                yield "a tombstone expires", state._replace(objects=objects)


def _of_process(
    protocol: Protocol, setting: Setting, state: State, number: int
) -> Iterator[Move]:
    turn = take_turn(protocol, setting, state, number)
    if turn is None:
        return
    name, left = turn.actor.name, state.left
    yield f"{name} {turn.asked}", turn.keep(turn.me)
    if left.crashes and state.processes[number] != setting.fresh:
        dead = replaced(state.processes, number, setting.fresh)
        crashed = left._replace(crashes=left.crashes - 1)
        yield f"{name} dies", state._replace(processes=dead, left=crashed)
    for mode, less in _faults(protocol, turn, state):
        other = take_turn(protocol, setting, state._replace(left=less), number, mode)
        if other is not None:
            yield f"{name} {other.asked}{mode.value}", other.keep(other.me)


def _faults(protocol: Protocol, turn: Turn, state: State) -> Iterator[tuple[Mode, "Faults"]]:
    """Yield how else a process's request may go, and how much may still go wrong then."""
    left = state.left
    if not turn.is_put:
        return
    if left.crashes and left.late:
        yield Mode.LATE, left._replace(crashes=left.crashes - 1, late=left.late - 1)
    if left.resends and turn.is_applied and not turn.is_creation:
        yield Mode.RESENT, left._replace(resends=left.resends - 1)
    if left.conflicts and turn.is_creation and protocol.conflict_is_won:
        yield Mode.CONFLICT, left._replace(conflicts=left.conflicts - 1)
