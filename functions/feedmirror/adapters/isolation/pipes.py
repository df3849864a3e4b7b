"""The two pipes to a child process, written and read until a moment and no longer."""

import os
import select
import time

_PART = 1 << 20


class TooLateError(Exception):
    """The moment came first."""


class BrokenPipesError(Exception):
    """The other end is closed."""


class Pipes:
    """Whole pieces through pipes whose other end may stop, or never read, or write for ever."""

    def __init__(self, to_child: int, from_child: int) -> None:
        """Take the descriptors, which stay the caller's to close."""
        self._to, self._from = to_child, from_child
        os.set_blocking(to_child, False)
        os.set_blocking(from_child, False)

    def write(self, data: bytes, until: float) -> None:
        """Write all of it before a moment of the monotonic clock.

        Raises TooLateError, BrokenPipesError.
        """
        view = memoryview(data)
        while view:
            _wait(self._to, select.POLLOUT, until)
            try:
                view = view[os.write(self._to, view[:_PART]) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise BrokenPipesError from error

    def read(self, size: int, until: float) -> bytes:
        """Read so many bytes before a moment of the monotonic clock.

        Raises TooLateError, BrokenPipesError.
        """
        found = bytearray()
        while len(found) < size:
            _wait(self._from, select.POLLIN, until)
            try:
                part = os.read(self._from, min(size - len(found), _PART))
            except BlockingIOError:
                continue
            if not part:
                raise BrokenPipesError
            found += part
        return bytes(found)


def _wait(descriptor: int, event: int, until: float) -> None:
    """Wait until something can be done with a descriptor."""
    poll = select.poll()
    poll.register(descriptor, event)
    left = until - time.monotonic()
    if left <= 0 or not poll.poll(left * 1000):
        raise TooLateError
