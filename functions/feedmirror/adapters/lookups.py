"""Hosts' names, looked up beside everything else: a thread for each, which nobody waits for.

The system's own look-up cannot be broken off, and takes as long as a silent name server makes it.
libcurl has room for ten such at once and waits for them at its end, so that ten dead domains would
be the end of every other poll (tried with 8.23); it is told the addresses instead. Whether they may
be dialled is not asked here, but where they are.
"""

import socket
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from queue import SimpleQueue
from threading import Thread
from typing import Generic, TypeVar

# Of a process in Lambda, which may have 1,024. One that is stuck is so for half a minute at most.
_MOST_AT_ONCE = 256
_MOST_ADDRESSES = 16

Waiting = TypeVar("Waiting")


@dataclass(frozen=True, slots=True)
class Looked:
    """A name's addresses, best first (RFC 6724), or the trouble with it.

    Neither is there for what libcurl asks nobody for: an address, ``localhost`` and what is below
    (RFC 6761 §6.3), and what is below ``onion`` (RFC 7686).
    """

    addresses: tuple[str, ...] = ()
    trouble: str = ""


class Lookups(Generic[Waiting]):
    """The look-ups of one run: each name once, and who waits for it.

    ``wake`` is called, from any thread and however late, when there is something to :meth:`take`.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        """Begin with nothing known."""
        self._wake = wake
        self._known: dict[str, Looked] = {}
        self._waiting: defaultdict[str, list[Waiting]] = defaultdict(list)
        self._queued: deque[str] = deque()
        self._at_once = 0
        self._answers: SimpleQueue[tuple[str, Looked]] = SimpleQueue()

    def ask(self, name: str, waiting: Waiting) -> Looked | None:
        """Return what is known of a host's name, or None: it is looked up for who waits."""
        if _needs_no_look(name):
            return Looked()
        if name in self._known:
            return self._known[name]
        if name not in self._waiting:
            self._queued.append(name)
        self._waiting[name].append(waiting)
        self._begin()
        return None

    def take(self) -> list[tuple[Waiting, Looked]]:
        """Return what has been found since the last time, for each who waited for it."""
        taken = []
        while not self._answers.empty():
            name, found = self._answers.get()
            self._at_once -= 1
            self._known[name] = found
            taken += [(waiting, found) for waiting in self._waiting.pop(name)]
        self._begin()
        return taken

    def _begin(self) -> None:
        while self._queued and self._at_once < _MOST_AT_ONCE:
            try:
                Thread(target=self._look_up, args=(self._queued[0],), daemon=True).start()
            except RuntimeError:  # the system has no thread left; whoever asks next tries again
                return
            self._queued.popleft()
            self._at_once += 1

    def _look_up(self, name: str) -> None:
        self._answers.put((name, _looked_up(name)))
        self._wake()


def _needs_no_look(name: str) -> bool:
    if name.startswith("[") or f".{name}".endswith((".localhost", ".onion")):
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _looked_up(name: str) -> Looked:
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        return Looked(trouble=getattr(error, "strerror", None) or type(error).__name__)
    # No zone: an address that needs one is dialled by nobody.
    addresses = dict.fromkeys(str(address[0]).partition("%")[0] for *_, address in found)
    return Looked(tuple(addresses)[:_MOST_ADDRESSES])
