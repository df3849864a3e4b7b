"""TLS sessions that servers have offered, for later connections to begin from (RFC 8446 §2.2)."""

from binascii import crc32
from typing import Any

import pycurl

# libcurl (8.23) keeps those of 25 servers in one place and drops the oldest, so that with more
# servers than that, asked in turn, each is dropped before it is wanted: hence many places.
_PLACES = 64


class TlsSessions:
    """Sessions by server, for many runs and threads; at most 1,600 servers' are kept, in memory.

    Who begins from one proves neither certificate nor key again: both were proven when the session
    began, at most a week before.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._places: dict[int, Any] = {}

    def place_of(self, name: str) -> Any:  # noqa: ANN401 -- a pycurl.CurlShare
        """Return where a server's sessions are, for a handle's ``SHARE``."""
        number = crc32(name.encode()) % _PLACES
        if number not in self._places:
            place = pycurl.CurlShare()
            place.setopt(pycurl.SH_SHARE, pycurl.LOCK_DATA_SSL_SESSION)
            self._places[number] = place
        return self._places[number]
