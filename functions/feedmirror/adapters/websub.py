"""A WebSub hub, told by a form that feeds have changed (W3C WebSub; the form is PubSubHubbub's).

WebSub §6 leaves it to publisher and hub how the one tells the other; ``hub.mode=publish`` with a
``hub.url`` for each feed is what public hubs take (PubSubHubbub 0.3 §7.1).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from urllib.parse import urlencode

import pycurl

from feedmirror.adapters.networks import Network
from feedmirror.adapters.targets import Failure, Target, target_of
from feedmirror.adapters.transfers import Terms, Transfer

_MOST_AT_ONCE = 20  # feeds of one request
_MOST_BYTES = 2**16  # of an answer, which nobody reads
_WELL = range(200, 300)
_LINES = (b"Content-Type: application/x-www-form-urlencoded", b"Accept: */*")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSubHub:
    """One hub, under the rules for addresses that polls are under; ``timeout`` is for all of it.

    ``allowed_networks`` are dialled beside the public internet, on any port.
    """

    address: str
    user_agent: str
    allowed_networks: tuple[Network, ...] = ()
    timeout: timedelta = timedelta(seconds=10)

    def tell(self, feeds: Sequence[str]) -> str:
        """Tell that the feeds at some addresses have changed; return why not all could be told."""
        target = target_of(self.address)
        if isinstance(target, Failure):
            return f"the hub was not told: {target.detail}"
        terms = Terms(
            user_agent=self.user_agent,
            allowed_networks=self.allowed_networks,
            max_bytes=_MOST_BYTES,
            max_header_bytes=_MOST_BYTES,
            certificates=None,
        )
        transfer, end = Transfer(terms), monotonic() + self.timeout.total_seconds()
        try:
            for first in range(0, len(feeds), _MOST_AT_ONCE):
                some = feeds[first : first + _MOST_AT_ONCE]
                if why := _post(transfer, target, some, seconds=end - monotonic()):
                    return f"the hub was not told of {len(feeds) - first} feeds: {why}"
        finally:
            transfer.handle.close()
        return ""


def _post(transfer: Transfer, target: Target, feeds: Sequence[str], *, seconds: float) -> str:
    """Post one form; return what went wrong."""
    form = [("hub.mode", "publish"), *(("hub.url", feed) for feed in feeds)]
    transfer.aim(target, _LINES)
    transfer.handle.setopt(pycurl.POSTFIELDS, urlencode(form))
    transfer.handle.setopt(pycurl.TIMEOUT_MS, max(int(seconds * 1000), 1))
    code, message = 0, ""
    try:
        transfer.handle.perform()
    except pycurl.error as error:
        code, message = error.args
    failure = transfer.conclude(code, message)
    if failure is not None:
        return failure.detail
    status = transfer.intake.status
    return "" if status in _WELL else f"{target.host} answers {status}"
