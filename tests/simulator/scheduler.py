"""Several processes of which exactly one runs, and a seeded choice of which at every call.

Each process is a thread, so that the code under test needs no change; a baton goes from thread to
thread, and whoever holds it decides who is next. Nothing depends on how the machine schedules
threads: all others wait for the baton.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from threading import Lock, Thread
from typing import Protocol

from feedmirror.adapters.clock import elapsed

PATIENCE = 60.0  # seconds that one seed may take: beyond, something goes round in circles


class CrashError(BaseException):
    """The process dies: no handler of ours may catch it."""


class StuckError(Exception):
    """A seed that does not come to its end."""


def _held() -> Lock:
    baton = Lock()
    baton.acquire()
    return baton


@dataclass(eq=False)
class Process:
    """One invocation of a function, or one command of the operator's."""

    name: str
    work: Callable[["Process"], object]
    ended: Callable[["Process"], None]
    priority: float = 0.0
    waits_for: str = ""  # the call that it is about to make
    passed_over: bool = False  # a change of priorities has been drawn for this call
    dead: bool = False
    done: bool = False
    result: object = None
    error: Exception | None = None
    calls: int = 0
    baton: Lock = field(default_factory=_held)


@dataclass(eq=False)
class Deed:
    """Something that happens in one step: an event of the script, or a late write that lands."""

    name: str
    act: Callable[[], None]
    priority: float = 0.0
    weight: float = 0.1
    waits_for: str = ""
    passed_over: bool = False


Candidate = Process | Deed


class Walk(Protocol):
    """A way to choose who goes on."""

    def pick(self, candidates: Sequence[Candidate]) -> Candidate:
        """Return one of them."""


@dataclass
class Uniform:
    """Any process with the same chance; what happens beside them now and then."""

    chance: Random

    def pick(self, candidates: Sequence[Candidate]) -> Candidate:
        weights = [each.weight if isinstance(each, Deed) else 1.0 for each in candidates]
        return self.chance.choices(candidates, weights)[0]


@dataclass
class Priorities:
    """The highest priority goes on, until one of few changes puts it behind all others.

    (Burckhardt and others, "A randomized scheduler with probabilistic guarantees of finding bugs",
    ASPLOS 2010.) The changes are drawn among the first calls, the first writes, or the first of
    those that readers see: a race between a check and a write needs its delay before the write.
    """

    chance: Random
    changes: frozenset[int]
    among: tuple[str, ...] = ("",)  # how the calls begin that count
    seen: int = 0
    lowest: float = 0.0

    def pick(self, candidates: Sequence[Candidate]) -> Candidate:
        while True:
            first = max(candidates, key=lambda each: each.priority)
            if len(candidates) == 1 or not self._changes(first):
                return first
            self.lowest -= 1
            first.priority = self.lowest

    def _changes(self, first: Candidate) -> bool:
        if first.passed_over or not first.waits_for:
            return False
        if not first.waits_for.startswith(self.among):
            return False
        first.passed_over = True
        self.seen += 1
        return self.seen in self.changes


_AMONG: tuple[tuple[tuple[str, ...], tuple[int, int]], ...] = (
    (("",), (60, 300)),
    (("put",), (30, 100)),
    (("put archive/items/", "put site/"), (8, 40)),
    (("put archive/addresses/", "put archive/items/"), (3, 12)),
    (("put archive/items/",), (3, 8)),
)


def a_walk(chance: Random) -> Walk:
    """Draw a walk: one in five is uniform."""
    if chance.random() < 0.2:
        return Uniform(chance)
    among, within = chance.choice(_AMONG)
    last = chance.choice(within)
    changes = frozenset(chance.randint(1, last) for _ in range(chance.randrange(1, 4)))
    return Priorities(chance, changes, among)


@dataclass(eq=False)
class Scheduler:
    """Runs processes and deeds to their end, one step of one of them at a time."""

    chance: Random
    walk: Walk
    trace: list[str] = field(default_factory=list)
    processes: list[Process] = field(default_factory=list)
    deeds: list[Deed] = field(default_factory=list)
    script: list[Deed] = field(default_factory=list)  # one after another
    most: int = 4  # processes at once
    failure: BaseException | None = None
    steps: int = 0
    _main: Lock = field(default_factory=_held)
    _deadline: float = 0.0

    def start(
        self, name: str, work: Callable[[Process], object], ended: Callable[[Process], None]
    ) -> Process:
        """Start a process; it runs when it is chosen."""
        process = Process(name, work, ended, priority=self.chance.random())
        self.processes.append(process)
        self.note(f"{name} begins")
        Thread(target=self._live, args=(process,), daemon=True).start()
        return process

    def note(self, line: str) -> None:
        """Add a line to the trace."""
        self.trace.append(line)

    def run(self) -> None:
        """Run until nothing is left to do; raises whatever was wrong."""
        self._deadline = elapsed() + PATIENCE
        following = self._next()
        if following is not None:
            following.baton.release()
            self._main.acquire()
        for process in self.processes:  # only after a failure
            process.dead = True
            process.baton.release()
            self._main.acquire()
        self.processes.clear()
        if self.failure is not None:
            raise self.failure

    def turn(self, process: Process, call: str) -> None:
        """Let others go first, as the walk wants it, before a process makes a call."""
        if process.dead:
            raise CrashError
        process.calls += 1
        process.waits_for, process.passed_over = call, False
        following = self._next()
        if following is not process:
            (self._main if following is None else following.baton).release()
            process.baton.acquire()
        if process.dead:
            raise CrashError
        process.waits_for = ""

    def crash(self, process: Process) -> CrashError:
        """Let a process die; what is returned is to be raised in it."""
        process.dead = True
        return CrashError()

    def _next(self) -> Process | None:
        """Decide who goes on; deeds that are chosen first are done at once."""
        try:
            while self.failure is None:
                self.steps += 1
                if elapsed() > self._deadline:
                    raise StuckError(f"no end after {self.steps} steps")  # noqa: TRY301 -- one way out
                found = self._choose()
                if found is None or isinstance(found, Process):
                    return found
                self.note(found.name)
                found.act()
        except BaseException as error:  # noqa: BLE001 -- told by the main thread
            self.failure = error
        return None

    def _choose(self) -> Candidate | None:
        candidates: list[Candidate] = [*self.processes, *self.deeds]
        if self.script and len(self.processes) < self.most:
            candidates.append(self.script[0])
        if not candidates or not (self.processes or self.script):
            return None
        found = self.walk.pick(candidates)
        if isinstance(found, Deed):
            (self.script if found in self.script else self.deeds).remove(found)
        return found

    def _live(self, process: Process) -> None:
        process.baton.acquire()
        try:
            if not process.dead:
                process.result = process.work(process)
                process.done = True
        except CrashError:
            pass
        except Exception as error:  # noqa: BLE001 -- the function failed: its event comes again
            process.error = error
        except BaseException as error:  # noqa: BLE001 -- a promise is broken: told by the main thread
            self.failure = self.failure or error
            self.processes.remove(process)
        following = None
        if self.failure is None:
            self.processes.remove(process)
            self.note(f"{process.name} {_end_of(process)}")
            try:
                process.ended(process)
            except BaseException as error:  # noqa: BLE001 -- told by the main thread
                self.failure = error
            following = self._next()
        (self._main if following is None else following.baton).release()


def _end_of(process: Process) -> str:
    if process.error is not None:
        return f"fails: {type(process.error).__name__}: {process.error}"
    return "returns" if process.done else "is dead"
