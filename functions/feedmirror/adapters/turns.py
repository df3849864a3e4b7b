"""Whose turn it is: many hosts at once, each asked one thing at a time (promise P5)."""

from collections import defaultdict, deque
from dataclasses import dataclass, field

from feedmirror.adapters.targets import Target
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
    """Which exchange may go next: one at a time per host."""

    def __init__(self) -> None:
        """Begin with every host free."""
        self._held: set[str] = set()
        self._waiting: defaultdict[str, deque[Exchange]] = defaultdict(deque)
        self._ready: deque[Exchange] = deque()

    def enter(self, exchange: Exchange, *, first: bool = False) -> None:
        """Let an exchange go as soon as its host is free, ahead of the others if it is first."""
        host = exchange.target.host
        queue = self._waiting[host] if host in self._held else self._ready
        self._held.add(host)
        if first:
            queue.appendleft(exchange)
        else:
            queue.append(exchange)

    def leave(self, host: str) -> None:
        """Give a host's turn on."""
        queue = self._waiting.get(host)
        if queue:
            self._ready.append(queue.popleft())
        else:
            self._waiting.pop(host, None)
            self._held.discard(host)

    def next(self) -> Exchange | None:
        """Return an exchange whose host is free, and now held for it."""
        return self._ready.popleft() if self._ready else None
