"""Many conditional polls at once, one at a time per server, on libcurl's multi interface.

Redirects are followed here, hop by hop, so that each target is looked at like a first address.
A hop holds the turn of the server that it talks to and of no other. Deadlines count only the time
in which the caller waits: what it does with an outcome costs the polls under way nothing.
"""

import selectors
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import starmap
from math import inf
from time import monotonic, sleep
from typing import Any

import pycurl

from feedmirror.adapters.lookups import Looked, Lookups
from feedmirror.adapters.networks import Network
from feedmirror.adapters.targets import (
    REDIRECTS,
    Failure,
    redirect_target,
    request_lines,
    target_of,
)
from feedmirror.adapters.transfers import Intake, Terms, Transfer
from feedmirror.adapters.turns import Exchange, Turns
from feedmirror.ports.fetching import Fetched, FetchFailure, FetchRequest, Hop, Unfetched

_LIMITED = 429  # RFC 6585 §4
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


@dataclass(frozen=True, slots=True, kw_only=True)
class CurlFetcher:
    """A fetcher of the public web; ``allowed_networks`` are asked beside it, on any port.

    ``timeout`` is for a whole exchange with all its redirects, ``connect_timeout`` for each
    connection with its name look-up and handshakes. ``max_bytes`` is for a body, as sent and as
    decoded; at worst ``connections`` times that is held. ``certificates`` is a PEM file of trusted
    roots in place of the system's. ``shared`` are domains whose hosts are one server (429).
    ``max_idle`` is for how long in all it only sits out pauses; what they then still keep waiting
    is not asked.
    """

    user_agent: str
    allowed_networks: tuple[Network, ...] = ()
    shared: tuple[str, ...] = ()
    connections: int = 64
    max_bytes: int = 8 * 2**20
    max_header_bytes: int = 64 * 2**10
    max_redirects: int = 5
    timeout: timedelta = timedelta(seconds=30)
    connect_timeout: timedelta = timedelta(seconds=10)
    max_idle: timedelta = timedelta(seconds=20)
    certificates: str | None = None

    def fetch(self, requests: Iterable[FetchRequest]) -> Iterator[Fetched | Unfetched]:
        """Yield one outcome per request, in order of arrival; closing it drops what is left.

        Nothing is asked before the first outcome is, and requests are taken as there is room.
        """
        with closing(_Run(self, iter(requests))) as run:
            yield from run.outcomes()


class _Run:
    """One call of ``fetch``: the handles, the sockets and the clock of all its exchanges."""

    def __init__(self, fetcher: CurlFetcher, requests: Iterator[FetchRequest]) -> None:
        self._fetcher = fetcher
        self._requests = requests
        self._terms = Terms(
            user_agent=fetcher.user_agent,
            allowed_networks=fetcher.allowed_networks,
            max_bytes=fetcher.max_bytes,
            max_header_bytes=fetcher.max_header_bytes,
            certificates=fetcher.certificates,
        )
        self._turns = Turns(fetcher.shared)
        self._idle_left = fetcher.max_idle.total_seconds()
        self._idle: list[Transfer] = []
        self._active: dict[Any, tuple[Transfer, Exchange]] = {}
        self._dialling: set[Any] = set()  # those of the active handles that libcurl has
        self._lookups: Lookups[tuple[Transfer, Exchange]] = Lookups()
        self._outcomes: deque[Fetched | Unfetched] = deque()
        self._away = 0.0
        self._next_deadline = inf
        self._wake_at: float | None = None
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._lookups, selectors.EVENT_READ)
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)
        # Idle connections that are kept for a host's next feed.
        self._multi.setopt(pycurl.M_MAXCONNECTS, 2 * fetcher.connections)

    def outcomes(self) -> Iterator[Fetched | Unfetched]:
        """Drive everything that is under way, and yield what has ended."""
        self._fill()
        while self._active or self._outcomes or self._turns.wakes < inf:
            if self._active or self._outcomes:
                self._drive()
            else:
                self._sit_out_a_pause()
            self._fill()
            if self._outcomes:
                left = monotonic()
                yield self._outcomes.popleft()
                self._away += monotonic() - left

    def close(self) -> None:
        """Close every handle and socket, whatever is under way."""
        for handle in self._dialling:
            self._multi.remove_handle(handle)
        for transfer in (*self._idle, *(transfer for transfer, _ in self._active.values())):
            transfer.handle.close()
        self._multi.close()
        self._selector.close()
        self._lookups.close()

    def _fill(self) -> None:
        """Start what there is room for; what waits for its server takes none."""
        while len(self._active) + len(self._outcomes) < self._fetcher.connections:
            exchange = self._turns.next(self._now())
            if exchange is not None:
                self._start(exchange)
            elif not self._take_request():
                return

    def _take_request(self) -> bool:
        request = next(self._requests, None)
        if request is None:
            return False
        target = target_of(request.url)
        if isinstance(target, Failure):
            self._outcomes.append(Unfetched(request, target.kind, target.detail))
        else:
            limit = self._fetcher.timeout.total_seconds()
            self._queue(Exchange(request, target, limit))
        return True

    def _queue(self, exchange: Exchange, *, first: bool = False) -> None:
        if not self._turns.enter(exchange, first=first):
            self._hold(exchange, "has said 429 to another request")

    def _hold(self, exchange: Exchange, why: str) -> None:
        detail = f"{exchange.target.host} {why}: it is asked another time."
        self._give_up(exchange, Failure(FetchFailure.HELD, detail))

    def _sit_out_a_pause(self) -> None:
        """Wait for the first pause to end, or ask nobody more who wants one."""
        pause = max(self._turns.wakes - self._now(), 0.0)
        if pause <= self._idle_left:
            self._idle_left -= pause
            sleep(pause)
            return
        for exchange in self._turns.drop():
            self._hold(exchange, "wants longer pauses than there is time for")

    def _start(self, exchange: Exchange) -> None:
        transfer = self._idle.pop() if self._idle else Transfer(self._terms)
        lines = request_lines(exchange.request, conditional=exchange.conditional)
        transfer.aim(exchange.target, lines)
        exchange.began = self._now()
        self._active[transfer.handle] = (transfer, exchange)
        self._next_deadline = min(self._next_deadline, self._deadline(transfer, exchange))
        found = self._lookups.ask(exchange.target.name, (transfer, exchange))
        if found is not None:
            self._dial(transfer, exchange, found)

    def _dial(self, transfer: Transfer, exchange: Exchange, found: Looked) -> None:
        """Go on with an exchange whose host's addresses are known now."""
        if found.trouble:
            failure = transfer.fail_by_name(found.trouble)
            self._retire(transfer, exchange)
            self._give_up(exchange, failure)
            return
        transfer.direct(exchange.target, found.addresses)
        self._dialling.add(transfer.handle)
        self._multi.add_handle(transfer.handle)

    def _take_addresses(self) -> None:
        for (transfer, exchange), found in self._lookups.take():
            _, present = self._active.get(transfer.handle, (None, None))
            # It may have come too late, and the handle may be another's by now.
            if present is exchange and transfer.handle not in self._dialling:
                self._dial(transfer, exchange, found)

    def _drive(self) -> None:
        """Let libcurl work on what is ready, waiting for it only if there is nothing to yield."""
        for key, events in self._selector.select(0 if self._outcomes else self._patience()):
            if key.fileobj is self._lookups:
                self._take_addresses()
            else:
                self._multi.socket_action(key.fd, _READY[events])
        if self._wake_at is not None and monotonic() >= self._wake_at:
            self._wake_at = None
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        more = True
        while more:
            more, good, bad = self._multi.info_read()
            for handle in good:
                self._end_hop(handle, 0, "")
            for handle, code, message in bad:
                self._end_hop(handle, code, message)
        self._expire()

    def _patience(self) -> float:
        """Return the seconds until libcurl's timer, the next deadline or a pause's end is due."""
        wait = self._next_deadline - self._now()
        if self._wake_at is not None:
            wait = min(wait, self._wake_at - monotonic())
        wait = min(wait, self._turns.wakes - self._now())
        return max(wait, 0.0)

    def _deadline(self, transfer: Transfer, exchange: Exchange) -> float:
        if transfer.intake.connected:
            return exchange.began + exchange.time_left
        limit = self._fetcher.connect_timeout.total_seconds()
        return exchange.began + min(exchange.time_left, limit)

    def _expire(self) -> None:
        now = self._now()
        if now < self._next_deadline:
            return  # a look at every exchange each time would cost more than the polls
        for transfer, exchange in list(self._active.values()):
            if now >= self._deadline(transfer, exchange):
                failure = transfer.fail(FetchFailure.TIMEOUT, self._lateness(transfer))
                self._retire(transfer, exchange)
                self._give_up(exchange, failure)
        self._next_deadline = min(starmap(self._deadline, self._active.values()), default=inf)

    def _lateness(self, transfer: Transfer) -> str:
        if not transfer.intake.connected:
            limit = min(self._fetcher.connect_timeout, self._fetcher.timeout).total_seconds()
            if transfer.handle not in self._dialling:
                return f"has a name whose look-up did not end within {limit:g} s"
            return f"accepted no connection within {limit:g} s"
        seconds = self._fetcher.timeout.total_seconds()
        return f"did not finish within {seconds:g} s ({transfer.intake.bytes_sent} bytes came)"

    def _end_hop(self, handle: Any, code: int, message: str) -> None:  # noqa: ANN401 -- a pycurl.Curl
        transfer, exchange = self._active[handle]
        failure, intake = transfer.conclude(code, message), transfer.intake
        if failure is None and intake.status == _LIMITED:
            for held in self._turns.limit(exchange):
                self._hold(held, "has said 429 to another request")
        self._retire(transfer, exchange)
        if failure is not None:
            self._give_up(exchange, failure)
        elif intake.status in REDIRECTS:
            self._redirect(exchange, intake.status, intake.headers.get("location"))
        else:
            url = exchange.target.url if exchange.hops else exchange.request.url
            self._outcomes.append(
                Fetched(
                    exchange.request,
                    intake.status,
                    url,
                    bytes(intake.body),
                    intake.headers,
                    tuple(exchange.hops),
                )
            )

    def _retire(self, transfer: Transfer, exchange: Exchange) -> None:
        """End a hop: the handle is free for another; the turn goes on with a redirect."""
        del self._active[transfer.handle]
        transfer.intake = Intake()  # an idle handle holds no body
        if transfer.handle in self._dialling:
            self._dialling.discard(transfer.handle)
            self._multi.remove_handle(transfer.handle)
        self._idle.append(transfer)
        exchange.time_left -= self._now() - exchange.began
        self._turns.leave(exchange, self._now())

    def _redirect(self, exchange: Exchange, status: int, location: str | None) -> None:
        host = exchange.target.host
        if not location:
            detail = f"{host} answered {status}, a redirect, without saying where to."
            self._give_up(exchange, Failure(FetchFailure.REDIRECTS, detail))
            return
        if len(exchange.hops) >= self._fetcher.max_redirects:
            detail = f"{host} redirects once more after {len(exchange.hops)} redirects."
            self._give_up(exchange, Failure(FetchFailure.REDIRECTS, detail))
            return
        target = redirect_target(exchange.target, location)
        if isinstance(target, Failure):
            self._give_up(exchange, target)
            return
        if target.url in exchange.request.barred:
            detail = f"{host} redirects to {target.host}, whose robots.txt forbids it."
            self._give_up(exchange, Failure(FetchFailure.REDIRECTS, detail))
            return
        exchange.hops.append(Hop(status, target.url))
        # Validators are the business of the origin that gave them, and stay behind for good.
        exchange.conditional = exchange.conditional and target.origin == exchange.target.origin
        exchange.target = target
        self._queue(exchange, first=True)

    def _give_up(self, exchange: Exchange, failure: Failure) -> None:
        hops = tuple(exchange.hops)
        self._outcomes.append(Unfetched(exchange.request, failure.kind, failure.detail, hops))

    def _now(self) -> float:
        return monotonic() - self._away

    def _watch(self, what: int, descriptor: int, _multi: object, _known: object) -> None:
        """Do as libcurl says: M_SOCKETFUNCTION."""
        events = _WATCHED.get(what)
        with suppress(KeyError):  # it was not watched yet
            self._selector.unregister(descriptor)
        if events is not None:
            self._selector.register(descriptor, events)

    def _set_timer(self, milliseconds: int) -> None:
        """Do as libcurl says: M_TIMERFUNCTION."""
        self._wake_at = None if milliseconds < 0 else monotonic() + milliseconds / 1000
