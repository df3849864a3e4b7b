"""What a running mirror does by itself: one thing at a time, each again until it is done."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from threading import Condition, Thread

# What a task returns: in how many seconds it is to be done again, or None for never.
Task = Callable[[], float | None]
_LONGEST_WAIT = 60.0  # seconds
_LONG_OVERDUE = 300.0  # seconds after which a task's rank counts no more


@dataclass(frozen=True, slots=True)
class _Due:
    """A task's turn: when, and in which order of those that are due; ``later`` ranks the next."""

    rank: int
    at: float
    number: int
    later: int

    def turn(self, now: float) -> tuple[int, float, int]:
        """Return what the least of goes first: what is long overdue, then the lowest rank."""
        rank = -1 if now - self.at > _LONG_OVERDUE else self.rank
        return (rank, self.at, self.number)


class Worker:
    """A thread that does tasks when they are due, those of the lowest rank first.

    What is long overdue comes before any rank, so that nothing waits for ever. A task handles its
    own errors. A name that is there already is not taken twice.
    """

    def __init__(self, elapsed: Callable[[], float]) -> None:
        """Take what tells the seconds; nothing is done before :meth:`begin`."""
        self._elapsed = elapsed
        self._changed = Condition()
        self._tasks: dict[str, tuple[_Due, Task]] = {}
        self._numbers = count()
        self._ending = False
        self._thread = Thread(target=self._work, daemon=True)

    def __len__(self) -> int:
        """Return how many tasks there are, due or not."""
        return len(self._tasks)

    def put(self, name: str, task: Task, *, rank: int = 0, later: int | None = None) -> None:
        """Have a task done; ``later`` is its rank when it is done again, if it is another."""
        with self._changed:
            if name not in self._tasks:
                self._add(name, task, rank=rank, after=0.0, later=rank if later is None else later)

    def _add(self, name: str, task: Task, *, rank: int, after: float, later: int) -> None:
        due = _Due(rank, self._elapsed() + after, next(self._numbers), later)
        self._tasks[name] = (due, task)
        self._changed.notify_all()

    def begin(self) -> None:
        """Begin to work."""
        self._thread.start()

    def end(self, *, seconds: float) -> bool:
        """Do nothing more and wait for what is being done; tell whether it was done in time."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(seconds)
        return not self._thread.is_alive()

    def _work(self) -> None:
        while (name := self._next()) is not None:
            due, task = self._tasks[name]
            again = task()
            with self._changed:
                del self._tasks[name]
                if again is not None:
                    self._add(name, task, rank=due.later, after=again, later=due.later)

    def _next(self) -> str | None:
        """Wait for a task that is due; None at the end."""
        with self._changed:
            while not self._ending:
                now = self._elapsed()
                turns = [(d.turn(now), name) for name, (d, _) in self._tasks.items() if d.at <= now]
                if turns:
                    return min(turns)[1]
                first = min((due.at for due, _ in self._tasks.values()), default=now + 60)
                self._changed.wait(min(max(first - now, 0.0), _LONGEST_WAIT))
            return None


def retried(attempt: Callable[[], object], failed: Callable[[Exception], object]) -> Task:
    """Return a task that is tried again when it fails, ever later, up to five minutes."""
    waits = iter([1.0, 2.0, 5.0, 15.0, 60.0])

    def task() -> float | None:
        try:
            attempt()
        except Exception as error:  # noqa: BLE001 -- whatever it is, it is told and tried again
            failed(error)
            return next(waits, 300.0)
        return None

    return task


def repeated(
    act: Callable[[], object], failed: Callable[[Exception], object], every: float
) -> Task:
    """Return a task that is done again and again, whatever becomes of it."""

    def task() -> float | None:
        try:
            act()
        except Exception as error:  # noqa: BLE001 -- whatever it is, it is told and comes again
            failed(error)
        return every

    return task
