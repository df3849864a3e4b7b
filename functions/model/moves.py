"""What may happen next: a request of one process, a fault, or something from outside."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

from model.programs import Mode, Next, Over, Program, Protocol, SecondRequestError, Turn, View
from model.world import (
    Actor,
    Creation,
    Faults,
    Process,
    Setting,
    State,
    Stone,
    can_land,
    is_hopeless,
    land,
    replaced,
)

Move = tuple[str, State]  # in words, and what is then


@dataclass(frozen=True)
class Game:
    """A protocol in a setting.

    A process's turn depends on nothing but its own memory and what there is, so each is thought
    out once, however many states of the other processes go with it.
    """

    protocol: Protocol
    setting: Setting
    known: dict[tuple[int, Process, View, Mode], Turn | None] = field(default_factory=dict)

    @cached_property
    def quiet(self) -> "Game":
        """The same with a run of the mirror that nothing disturbs."""
        return Game(self.protocol, replace(self.setting, actors=(Actor("a last run", "mirror"),)))

    def moves(self, state: State) -> Iterator[Move]:
        """Yield all that may happen next."""
        setting = self.setting
        for number, me in enumerate(state.processes):
            waits_for = setting.actors[number].waits_for
            if not me.done and (waits_for is None or state.has(*waits_for)):
                yield from self._of_process(state, number)
        yield from self._from_outside(state)

    def _from_outside(self, state: State) -> Iterator[Move]:
        """Yield what no process does: puts of dead ones land, the publisher edits."""
        setting = self.setting
        for request in state.wire:
            if can_land(state, request):
                rest = state._replace(wire=state.wire - {request})
                yield f"what was on the wire lands: {request[0]}", land(setting, rest, request)
        if state.edits + 1 < len(setting.offered):
            yield "the publisher edits", state._replace(edits=state.edits + 1)
        if self.protocol.expires:
            for place, stored in enumerate(state.objects):
                if stored is not None and isinstance(stored.content, Stone):
                    objects = replaced(state.objects, place, None)
                    yield "a tombstone expires", state._replace(objects=objects)

    def turn(self, number: int, me: Process, view: View, *, mode: Mode = Mode.WELL) -> Turn | None:
        """Return a process's next request; None if it has to wait."""
        which = (number, me, view, mode)
        if which not in self.known:
            turn = Turn(self.setting, self.setting.actors[number], me=me, view=view, mode=mode)
            self.known[which] = turn if self._take(turn) else None
        return self.known[which]

    def _take(self, turn: Turn) -> bool:
        """Do a request, and all behind it that asks nothing; False if it has to wait."""
        program = self.protocol.programs[turn.actor.program]
        while not (turn.me.done or turn.me.unsure):
            before = turn.me
            step = program[before.block].steps[before.step]
            try:
                where = step.does(turn, _items(program, before, self.setting)[before.nth])
            except SecondRequestError:
                turn.me = before
                break
            if where is Next.WAIT:
                return False
            if not turn.me.unsure:
                turn.me = _gone_to(program, turn.me, where, setting=self.setting)
        return True

    def _of_process(self, state: State, number: int) -> Iterator[Move]:
        me, setting = state.processes[number], self.setting
        turn = self.turn(
            number, me, View(state.objects, state.facts, state.edits, self._busy(state))
        )
        if turn is None:
            return
        yield f"{turn.actor.name} {turn.asked}", self._after(state, number, turn)
        dead = replaced(state.processes, number, setting.fresh)
        left = state.left
        if left.crashes and me != setting.fresh:
            less = left._replace(crashes=left.crashes - 1)
            yield f"{turn.actor.name} dies", state._replace(processes=dead, left=less)
        sent = turn.request
        if left.crashes and left.late and sent and not is_hopeless(setting, state, sent):
            less = left._replace(crashes=left.crashes - 1, late=left.late - 1)
            wire = state.wire | {sent}
            after = state._replace(processes=dead, wire=wire, left=less)
            yield f"{turn.actor.name} {turn.asked}, and dies with that on the wire", after
        for mode, less in self._answers(turn, left):
            other = self.turn(number, me, turn.view, mode=mode)
            if other is not None:
                after = self._after(state._replace(left=less), number, other)
                yield f"{turn.actor.name} {other.asked}{mode.value}", after

    def _after(self, state: State, number: int, turn: Turn) -> State:
        if turn.request is not None and turn.is_applied:
            state = land(self.setting, state, turn.request)
        return state._replace(processes=replaced(state.processes, number, turn.me))

    def _answers(self, turn: Turn, left: Faults) -> Iterator[tuple[Mode, Faults]]:
        """Yield how else a put may be answered, and how much may go wrong after that."""
        is_creation = isinstance(turn.request, Creation)
        if left.resends and turn.is_applied and not is_creation:
            yield Mode.RESENT, left._replace(resends=left.resends - 1)
        if left.conflicts and is_creation and self.protocol.conflict_is_won:
            yield Mode.CONFLICT, left._replace(conflicts=left.conflicts - 1)

    def _busy(self, state: State) -> bool:
        """Tell whether a run of the mirror has begun, for a departure that trusts it."""
        return self.protocol.looks_around and any(
            not (me.done or me == self.setting.fresh) and actor.program == "mirror"
            for me, actor in zip(state.processes, self.setting.actors, strict=True)
        )


def _items(program: Program, me: Process, setting: Setting) -> tuple[str, ...]:
    """Return what a process's block is done for."""
    match program[me.block].over:
        case Over.NOTHING:
            return ("",)
        case Over.ITEMS:
            return me.items
        case Over.ALL:
            return setting.items


def _gone_to(program: Program, me: Process, where: Next | str, *, setting: Setting) -> Process:
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
