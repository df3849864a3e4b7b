"""What has been fetched, on its way from the thread that fetches to the caller who takes it."""

from collections.abc import Iterator
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from feedmirror.adapters.waker import Waker
from feedmirror.ports.fetching import Fetched, Unfetched


@dataclass(frozen=True, slots=True)
class _End:
    """No more comes, if need be since something was raised."""

    error: BaseException | None = None


class HandOver(Iterator[Fetched | Unfetched]):
    """Outcomes in their order: one thread puts them, another takes them by iterating.

    Each attribute has one writer, so none of them needs a lock. Nothing is kept of an outcome that
    was taken.
    """

    def __init__(self, waker: Waker) -> None:
        """Begin with nothing; the waker is of the thread that puts."""
        self.waker = waker
        self._outcomes: SimpleQueue[Fetched | Unfetched | _End] = SimpleQueue()
        self._put = self._taken = 0
        self._put_bytes = self._taken_bytes = 0
        # Whoever puts sets this before he looks whether he may go on, so that no taking is missed.
        self.awaited = False
        self.starving = False  # the caller waits, and there is nothing for him
        self.stopped = False

    @property
    def waiting(self) -> int:
        """How many outcomes nobody has taken yet."""
        return self._put - self._taken

    @property
    def waiting_bytes(self) -> int:
        """How many bytes of bodies nobody has taken yet."""
        return self._put_bytes - self._taken_bytes

    def put(self, outcome: Fetched | Unfetched) -> None:
        """Hand an outcome over."""
        self._put_bytes += _bytes_of(outcome)
        self._put += 1
        self._outcomes.put(outcome)

    def end(self, error: BaseException | None = None) -> None:
        """Say that no more comes; what was raised is raised where outcomes are taken."""
        self._outcomes.put(_End(error))

    def __next__(self) -> Fetched | Unfetched:
        """Take the next outcome, waiting for it; raises what the thread that puts has raised."""
        try:
            outcome = self._outcomes.get_nowait()
        except Empty:
            self.starving = True
            self._tell()
            outcome = self._outcomes.get()
            self.starving = False
        if isinstance(outcome, _End):
            if outcome.error is not None:
                raise outcome.error
            raise StopIteration
        self._taken_bytes += _bytes_of(outcome)
        self._taken += 1
        self._tell()
        return outcome

    def stop(self) -> None:
        """Say that nothing more is taken."""
        self.stopped = True
        self.waker.wake()

    def _tell(self) -> None:
        if self.awaited:
            self.waker.wake()


def _bytes_of(outcome: Fetched | Unfetched) -> int:
    return len(outcome.body) if isinstance(outcome, Fetched) else 0
