"""Waking a thread that waits for its sockets, from any other."""

import socket
from contextlib import suppress
from threading import Lock


class Waker:
    """A descriptor that is ready for reading once somebody has called :meth:`wake`."""

    def __init__(self) -> None:
        """Open a pair of sockets."""
        self._lock = Lock()
        self._woken, self._waker = socket.socketpair()
        for end in (self._woken, self._waker):
            end.settimeout(0)

    def fileno(self) -> int:
        """Return the descriptor to watch."""
        return self._woken.fileno()

    def wake(self) -> None:
        """Wake whoever watches; once closed, nobody does."""
        with self._lock, suppress(OSError):  # closed, or woken often enough
            self._waker.send(b"!")

    def calm(self) -> None:
        """Be ready no more, until somebody calls again."""
        with suppress(BlockingIOError):
            while self._woken.recv(4096):
                pass

    def close(self) -> None:
        """Close both ends; who wakes later wakes nobody."""
        with self._lock:
            self._waker.close()
        self._woken.close()
