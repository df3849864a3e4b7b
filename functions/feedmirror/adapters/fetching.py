"""Many conditional polls at once, one at a time per server, on libcurl's multi interface.

They go on in a thread of their own, so that whatever the caller does with an outcome keeps none of
them waiting; what is fetched ahead of him is bounded, in outcomes and in bytes. Redirects are
followed here, hop by hop, so that each target is looked at like a first address. A hop holds the
turn of the server that it talks to and of no other.
"""

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from itertools import starmap
from math import inf
from threading import Thread, current_thread
from time import thread_time
from typing import Any

import pycurl

from feedmirror.adapters.handover import HandOver
from feedmirror.adapters.lookups import Looked, Lookups
from feedmirror.adapters.multi import Multi
from feedmirror.adapters.networks import Network
from feedmirror.adapters.room import Room
from feedmirror.adapters.sessions import TlsSessions
from feedmirror.adapters.targets import (
    REDIRECTS,
    Failure,
    redirect_target,
    request_lines,
    target_of,
)
from feedmirror.adapters.transfers import Intake, Terms, Transfer
from feedmirror.adapters.turns import Exchange, Turns
from feedmirror.adapters.waker import Waker
from feedmirror.ports.fetching import Fetched, FetchFailure, FetchRequest, Hop, Unfetched

_LIMITED = 429  # RFC 6585 §4


@dataclass(frozen=True, slots=True, kw_only=True)
class CurlFetcher:
    """A fetcher of the public web; ``allowed_networks`` are asked beside it, on any port.

    ``timeout`` is for a whole exchange with all its redirects, ``connect_timeout`` for each
    connection with its name look-up and handshakes. ``max_bytes`` is for a body, as sent and as
    decoded; when ``max_held`` of bodies are held, decoded, the others pause, and at worst that and
    two bodies are held. ``certificates`` is a PEM file of trusted roots in place of the system's.
    ``sessions`` lets TLS connections begin from those of earlier calls, and of other fetchers.
    ``shared`` are domains whose hosts are one server (429). ``max_idle`` is for how long in all the
    caller is kept waiting by nothing but pauses; what they then still keep waiting is not asked.
    """

    user_agent: str
    allowed_networks: tuple[Network, ...] = ()
    shared: tuple[str, ...] = ()
    connections: int = 64
    max_bytes: int = 8 * 2**20
    # Ten times what 64 feeds are in the mean; a function of 1,024 MB has a parser beside it.
    max_held: int = 32 * 2**20
    max_header_bytes: int = 64 * 2**10
    max_redirects: int = 5
    timeout: timedelta = timedelta(seconds=30)
    connect_timeout: timedelta = timedelta(seconds=10)
    max_idle: timedelta = timedelta(seconds=20)
    certificates: str | None = None
    sessions: TlsSessions | None = None

    def fetch(self, requests: Iterable[FetchRequest]) -> Iterator[Fetched | Unfetched]:
        """Yield one outcome per request, in order of arrival; closing it drops what is left.

        Nothing is asked before the first outcome is. Requests are taken as there is room, in the
        thread that fetches; what they raise is raised here.
        """
        with closing(_Fetching(self, iter(requests))) as fetching:
            yield from fetching.handover


class _Fetching:
    """The thread of one call of ``fetch``, from its start to its end."""

    def __init__(self, fetcher: CurlFetcher, requests: Iterator[FetchRequest]) -> None:
        self._fetcher = fetcher
        self._requests = requests
        self.handover = HandOver(Waker())
        # Whoever leaves an iterator lying about does not keep the process from ending.
        self._thread = Thread(target=self._fetch, name="fetcher", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:  # the system has no thread left
            self.handover.waker.close()
            raise

    def close(self) -> None:
        """Have everything that is under way dropped, and wait until it is."""
        self.handover.stop()
        if self._thread is not current_thread():  # whose garbage collection may come to this
            self._thread.join()
        self.handover.waker.close()

    def _fetch(self) -> None:
        error: BaseException | None = None
        try:
            with closing(_Run(self._fetcher, self._requests, self.handover)) as run:
                run.go()
        except BaseException as raised:  # noqa: BLE001 -- the caller's thread raises it
            error = raised
        self.handover.end(error)


class _Run:
    """All the exchanges of one call of ``fetch``, in their thread.

    Its clock counts what the thread waits for its sockets and what it works, but not what it waits
    for a processor, so that how busy the caller is costs nobody a deadline. It is read once for
    each wait: a look at it takes microseconds.
    """

    def __init__(
        self,
        fetcher: CurlFetcher,
        requests: Iterator[FetchRequest],
        handover: HandOver,
    ) -> None:
        self._fetcher = fetcher
        self._requests = requests
        self._handover = handover
        self._terms = Terms(
            user_agent=fetcher.user_agent,
            allowed_networks=fetcher.allowed_networks,
            max_bytes=fetcher.max_bytes,
            max_header_bytes=fetcher.max_header_bytes,
            certificates=fetcher.certificates,
            sessions=fetcher.sessions,
        )
        self._turns = Turns(fetcher.shared)
        self._room = Room(
            fetcher.max_held, handed_over=lambda: handover.waiting_bytes, now=lambda: self._now
        )
        # Outcomes that may lie there besides: else each that is taken has to wake this thread.
        self._uncounted = fetcher.connections // 8
        self._idle_left = fetcher.max_idle.total_seconds()
        self._idle: list[Transfer] = []
        self._active: dict[Any, tuple[Transfer, Exchange]] = {}
        self._lookups: Lookups[tuple[Transfer, Exchange]] = Lookups(handover.waker.wake)
        self._waited = 0.0
        self._now = thread_time()
        self._next_deadline = inf
        self._multi = Multi(handover.waker, kept=2 * fetcher.connections)

    def go(self) -> None:
        """Drive everything that is under way to its end, unless nobody wants it any more."""
        while not self._handover.stopped:
            took_all = self._fill()
            self._resume()
            waits = self._waits_for_the_caller()
            if waits and not self._handover.awaited:
                self._handover.awaited = True
                continue  # he may have taken something just before he could know
            self._handover.awaited = waits
            if self._active:
                self._drive()
            elif self._turns.wakes < inf:
                self._sit_out_a_pause()
            elif not took_all:
                self._wait(inf)
            else:
                return

    def close(self) -> None:
        """Close every handle and socket, whatever is under way."""
        for transfer, _ in self._active.values():
            self._multi.drop(transfer.handle)
            transfer.handle.close()
        for transfer in self._idle:
            transfer.handle.close()
        self._multi.close()

    def _waits_for_the_caller(self) -> bool:
        """Tell whether something could go on when he takes an outcome, or waits for one."""
        return (
            not self._active
            or self._room.is_waited_for
            or self._handover.waiting >= self._uncounted
        )

    def _fill(self) -> bool:
        """Start what there is room for; return whether no request is left to be taken.

        What waits for its server takes no room.
        """
        while self._has_place():
            exchange = self._turns.next(self._now)
            if exchange is not None:
                self._start(exchange)
            elif not self._take_request():
                return True
        return False

    def _has_place(self) -> bool:
        ahead = max(self._handover.waiting - self._uncounted, 0)
        return len(self._active) + ahead < self._fetcher.connections and not self._room.is_full

    def _take_request(self) -> bool:
        request = next(self._requests, None)
        if request is None:
            return False
        target = target_of(request.url)
        if isinstance(target, Failure):
            self._handover.put(Unfetched(request, target.kind, target.detail))
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
        """Wait for the first pause to end, or ask nobody more who wants one.

        While the caller has something to do, waiting costs him nothing.
        """
        began, pause = self._now, max(self._turns.wakes - self._now, 0.0)
        if not self._handover.starving:
            self._wait(pause)
        elif pause <= self._idle_left:
            self._wait(pause)
            self._idle_left -= self._now - began
        else:
            for exchange in self._turns.drop():
                self._hold(exchange, "wants longer pauses than there is time for")

    def _start(self, exchange: Exchange) -> None:
        transfer = self._idle.pop() if self._idle else Transfer(self._terms, self._room)
        lines = request_lines(exchange.request, conditional=exchange.conditional)
        transfer.aim(exchange.target, lines)
        exchange.began = self._now
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
        self._multi.add(transfer.handle)

    def _take_addresses(self) -> None:
        for (transfer, exchange), found in self._lookups.take():
            _, present = self._active.get(transfer.handle, (None, None))
            # It may have come too late, and the handle may be another's by now.
            if present is exchange and transfer.handle not in self._multi:
                self._dial(transfer, exchange, found)

    def _resume(self) -> None:
        """Let transfers go on for which there is room again; a pause of ours costs them no time."""
        for transfer, seconds in self._room.resume():
            _, exchange = self._active[transfer.handle]
            exchange.began += seconds
            self._next_deadline = min(self._next_deadline, self._deadline(transfer, exchange))
            try:
                transfer.handle.pause(pycurl.PAUSE_CONT)
            except pycurl.error as error:  # what it was sent meanwhile ends it
                self._end_hop(transfer.handle, *error.args)

    def _drive(self) -> None:
        """Let libcurl work, and see what has come of it."""
        self._wait(self._patience())
        self._take_addresses()
        for handle, code, message in self._multi.ended():
            self._end_hop(handle, code, message)
        self._expire()

    def _wait(self, seconds: float) -> None:
        self._waited += self._multi.wait(seconds)
        self._now = self._waited + thread_time()

    def _patience(self) -> float:
        """Return the seconds until the next deadline or a pause's end is due."""
        return max(min(self._next_deadline, self._turns.wakes) - self._now, 0.0)

    def _deadline(self, transfer: Transfer, exchange: Exchange) -> float:
        if transfer in self._room:
            return inf
        if transfer.intake.connected:
            return exchange.began + exchange.time_left
        limit = self._fetcher.connect_timeout.total_seconds()
        return exchange.began + min(exchange.time_left, limit)

    def _expire(self) -> None:
        now = self._now
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
            if transfer.handle not in self._multi:
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
            self._handover.put(
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
        self._room.leave(transfer)
        transfer.intake = Intake()  # an idle handle holds no body
        self._multi.drop(transfer.handle)
        self._idle.append(transfer)
        exchange.time_left -= self._now - exchange.began
        self._turns.leave(exchange, self._now)

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
        self._handover.put(Unfetched(exchange.request, failure.kind, failure.detail, hops))
