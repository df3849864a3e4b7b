"""Whose turn it is: many servers at once, each asked one thing at a time (promise P5)."""

from collections import defaultdict, deque
from dataclasses import dataclass, field
from functools import lru_cache
from heapq import heappop, heappush
from math import inf

from feedmirror.adapters.targets import Target
from feedmirror.mirroring.limits import scope_of
from feedmirror.ports.fetching import FetchRequest, Hop


@dataclass(slots=True)
class Exchange:
    """One request on its way, over all hops; times are seconds of the run's own clock."""

    request: FetchRequest
    target: Target
    time_left: float
    conditional: bool = True
    hops: list[Hop] = field(default_factory=list)
    began: float = 0.0


class Turns:
    """Which exchange may go next: one at a time per server, with pauses where it asks for some.

    A server is a host, or all hosts of a domain that is shared.
    """

    def __init__(self, shared: tuple[str, ...] = ()) -> None:
        """Begin with every server free."""
        self._shared = shared
        self._held: set[str] = set()
        self._limited: set[str] = set()
        self._waiting: defaultdict[str, deque[Exchange]] = defaultdict(deque)
        self._ready: deque[Exchange] = deque()
        self._resting: list[tuple[float, str]] = []

    @property
    def wakes(self) -> float:
        """When the first pause ends for which somebody waits; infinity if nobody does."""
        return min((end for end, scope in self._resting if self._waiting.get(scope)), default=inf)

    def enter(self, exchange: Exchange, *, first: bool = False) -> bool:
        """Let an exchange go as soon as its server is free, ahead of the others if it is first.

        Return whether it may: a server that has said 429 is asked nothing more.
        """
        scope = self._scope(exchange)
        if scope in self._limited:
            return False
        queue = self._waiting[scope] if scope in self._held else self._ready
        self._held.add(scope)
        if first:
            queue.appendleft(exchange)
        else:
            queue.append(exchange)
        return True

    def leave(self, exchange: Exchange, now: float) -> None:
        """Give a server's turn on, after its pause."""
        if exchange.request.pause > 0:
            heappush(self._resting, (now + exchange.request.pause, self._scope(exchange)))
        else:
            self._free(self._scope(exchange))

    def limit(self, exchange: Exchange) -> list[Exchange]:
        """Ask a server nothing more; return what has waited for it."""
        scope = self._scope(exchange)
        self._limited.add(scope)
        return list(self._waiting.pop(scope, ()))

    def drop(self) -> list[Exchange]:
        """Return what still waits for a pause to end, which it then does no more."""
        dropped = [exchange for queue in self._waiting.values() for exchange in queue]
        self._waiting.clear()
        return dropped

    def next(self, now: float) -> Exchange | None:
        """Return an exchange whose server is free, and now held for it."""
        while self._resting and self._resting[0][0] <= now:
            self._free(heappop(self._resting)[1])
        return self._ready.popleft() if self._ready else None

    def _free(self, scope: str) -> None:
        queue = self._waiting.get(scope)
        if queue:
            self._ready.append(queue.popleft())
        else:
            self._waiting.pop(scope, None)
            self._held.discard(scope)

    def _scope(self, exchange: Exchange) -> str:
        return _scope_of(exchange.target.host, self._shared)


_scope_of = lru_cache(maxsize=2048)(scope_of)  # asked for at the beginning and end of every turn
