"""libcurl's multi interface on a selector: the sockets of many easy handles, in one thread.

libcurl says which sockets to watch and when to come again; an idle one costs nothing.
"""

import selectors
from collections.abc import Iterator
from math import inf
from time import monotonic
from typing import Any

import pycurl

from feedmirror.adapters.waker import Waker

_READABLE, _WRITABLE = selectors.EVENT_READ, selectors.EVENT_WRITE
_WATCHED = {
    pycurl.POLL_IN: _READABLE,
    pycurl.POLL_OUT: _WRITABLE,
    pycurl.POLL_INOUT: _READABLE | _WRITABLE,
}
_READY = {
    _READABLE: pycurl.CSELECT_IN,
    _WRITABLE: pycurl.CSELECT_OUT,
    _READABLE | _WRITABLE: pycurl.CSELECT_IN | pycurl.CSELECT_OUT,
}


class Multi:
    """Handles under way; of one thread, but for the waker, which any other may call.

    ``kept`` are the idle connections that are kept for a server's next request.
    """

    def __init__(self, waker: Waker, *, kept: int) -> None:
        """Begin with no handle."""
        self._waker = waker
        self._handles: set[Any] = set()
        self._watched: set[int] = set()
        self._wake_at: float | None = None
        self._selector = selectors.DefaultSelector()
        self._selector.register(waker, _READABLE)
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)
        self._multi.setopt(pycurl.M_MAXCONNECTS, kept)

    def __contains__(self, handle: object) -> bool:
        """Tell whether a handle is under way."""
        return handle in self._handles

    def add(self, handle: Any) -> None:  # noqa: ANN401 -- a pycurl.Curl
        """Set a handle going, as it is set up."""
        self._handles.add(handle)
        self._multi.add_handle(handle)

    def drop(self, handle: Any) -> None:  # noqa: ANN401 -- as above
        """Let a handle go, whatever it was doing, or was not."""
        if handle in self._handles:
            self._handles.discard(handle)
            self._multi.remove_handle(handle)

    def wait(self, seconds: float) -> float:
        """Let libcurl work on what is ready, after waiting for that or for being woken.

        ``seconds`` are how long at the most; they may be infinite. Return how long it waited.
        """
        began = monotonic()
        if self._wake_at is not None:
            seconds = min(seconds, max(self._wake_at - began, 0.0))
        ready = self._selector.select(None if seconds == inf else seconds)
        waited = monotonic() - began
        for key, events in ready:
            if key.fileobj is self._waker:
                self._waker.calm()
            else:
                self._multi.socket_action(key.fd, _READY[events])
        if self._wake_at is not None and monotonic() >= self._wake_at:
            self._wake_at = None
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        return waited

    def ended(self) -> Iterator[tuple[Any, int, str]]:
        """Yield the handles that are done: each with libcurl's code, 0 if all is well, and words.

        They stay until they are dropped.
        """
        more = True
        while more:
            more, good, bad = self._multi.info_read()
            yield from ((handle, 0, "") for handle in good)
            yield from bad

    def close(self) -> None:
        """Close every connection; the handles are their owner's."""
        for handle in self._handles:
            self._multi.remove_handle(handle)
        self._multi.close()
        self._selector.close()

    def _watch(self, what: int, descriptor: int, _multi: object, _known: object) -> None:
        """Do as libcurl says: M_SOCKETFUNCTION."""
        events = _WATCHED.get(what)
        if events is None:
            if descriptor in self._watched:
                self._watched.discard(descriptor)
                self._selector.unregister(descriptor)
        elif descriptor in self._watched:
            self._selector.modify(descriptor, events)
        else:
            self._watched.add(descriptor)
            self._selector.register(descriptor, events)

    def _set_timer(self, milliseconds: int) -> None:
        """Do as libcurl says: M_TIMERFUNCTION."""
        self._wake_at = None if milliseconds < 0 else monotonic() + milliseconds / 1000
