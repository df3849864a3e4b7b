"""The whole mirror on one machine: site, mail and schedule, run by the real functions."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from threading import Event
from typing import Any

from feedmirror.adapters.clock import elapsed, fresh_nonce, utc_now
from feedmirror.adapters.dns import DnsTxtLookup
from feedmirror.adapters.sqlite import SqliteStore
from feedmirror.configuration import MirrorSettings
from feedmirror.jobs.configure import ReadConfiguration
from feedmirror.local.machine import Machine
from feedmirror.local.serving.asking_dns import OneMailsDns, SilentNames
from feedmirror.local.serving.console import Console, Table
from feedmirror.local.serving.lifecycle import Lifecycle
from feedmirror.local.serving.looking import IsolatedLook
from feedmirror.local.serving.mailroom import Letter, Mailroom, NotYetError
from feedmirror.local.serving.outbox import OutboxFiles
from feedmirror.local.serving.polls import table_of_polls
from feedmirror.local.serving.smtp import Reception, SmtpServer
from feedmirror.local.serving.telling import Faults, case_line, fault_lines, hour_line, poll_line
from feedmirror.local.serving.web import Web, WebServer
from feedmirror.local.serving.worker import Worker, repeated, retried
from feedmirror.ports.dns import TxtLookup
from feedmirror.ports.object_store import ObjectStore
from feedmirror.version import VERSION

OUTBOX = "outbox"
_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 24 * 3600.0  # seconds
_JUDGES = 3  # threads that ask DNS about mails
_PATIENCE = 30.0  # seconds that a run is waited for at the end
_WINDING_DOWN = 30_000  # milliseconds: less than any job keeps back, so it stores and saves
_ALL_THERE_IS = 15 * 60 * 1000  # milliseconds: the longest that Lambda itself would give
_Act = Callable[[], object]
_Failed = Callable[[Exception], object]


@dataclass(frozen=True, slots=True)
class Ports:
    """The servers, listening."""

    web: WebServer
    smtp: SmtpServer

    def close(self) -> None:
        """Listen no more."""
        self.smtp.end()
        self.web.end()


def open_ports(*, http: int, smtp: int) -> Ports:
    """Listen at both ports, or at none; raises PortTakenError."""
    web = WebServer(http)
    try:
        return Ports(web, SmtpServer(smtp))
    except Exception:
        web.end()
        raise


@dataclass(frozen=True, slots=True)
class Running:
    """A Lambda context: there is time until the machine is to stop."""

    stopping: Event
    function_name: str = "feedmirror-serve"

    def get_remaining_time_in_millis(self) -> int:
        """Return the time that is left."""
        return _WINDING_DOWN if self.stopping.is_set() else _ALL_THERE_IS


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """How the operator wants it.

    ``trusting`` takes every mail as proved, ``tell`` takes what is to be said, and ``notes`` and
    ``tables`` stand first on the console.
    """

    trusting: bool
    tell: Callable[[str], object]
    tables: Callable[[], Iterable[Table]]
    notes: Callable[[], Iterable[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A mirror that runs until it is told to stop."""

    ports: Ports
    web: Web
    room: Mailroom
    files: OutboxFiles
    lifecycle: Lifecycle
    archive: ObjectStore
    polls: Worker
    judging: tuple[Worker, ...]
    takedowns: Worker
    stopping: Event
    tell: Callable[[str], object]
    faults: Faults

    def begin(self) -> None:
        """Serve, and take up what an earlier process left undone, as it was promised then."""
        trusted = 0 if self.room.trusting else self.room.trusted()
        if trusted:
            mails = "1 mail waits that was" if trusted == 1 else f"{trusted} mails wait that were"
            self.tell(
                f"{mails} taken as proved when it ran with --trust-sender; nothing is checked"
            )
        for ses_id in self.room.waiting():
            self._have_done(ses_id)
        self._export()
        self.polls.put("poll", repeated(*self._watched("poll", self._poll), _MINUTE))
        self.takedowns.put("hour", repeated(*self._watched("hour", self._hour), _HOUR), rank=1)
        self.takedowns.put("day", repeated(*self._watched("day", self._day), _DAY), rank=2)
        self.ports.web.begin(self.web)
        self.ports.smtp.begin(Reception(self._contact, self._take))
        for worker in (self.polls, *self.judging, self.takedowns):
            worker.begin()

    def end(self) -> bool:
        """Take no more mail, let what runs end, and tell whether it did within its time."""
        self.stopping.set()
        self.ports.smtp.end()
        workers = (*self.judging, self.takedowns, self.polls)
        ended = [worker.end(seconds=_PATIENCE) for worker in workers]
        self._export()
        self.ports.web.end()
        return all(ended)

    def _mirror(self) -> MirrorSettings:
        return ReadConfiguration(self.archive, VERSION).run().configuration.mirror

    def _contact(self) -> str:
        return self._mirror().contact

    def _take(self, letter: Letter) -> str:
        ses_id = self.room.take(letter)
        self._have_done(ses_id)
        return ses_id

    def _have_done(self, ses_id: str) -> None:
        """Have a mail judged and then done, each in its turn and again until it is.

        It is judged beside the takedowns: one whose name servers are silent keeps none waiting.
        """

        def judge() -> None:
            event = self.room.event(ses_id)
            if event is not None:
                done = self._watched(ses_id, lambda: hand_on(event))
                self.takedowns.put(ses_id, retried(*done), later=3)

        def hand_on(event: Mapping[str, Any]) -> None:
            told = self.room.hand_on(ses_id, event, self._takedown)
            if told is not None:
                self.tell(case_line(told))
                self._export()

        least = min(self.judging, key=len)
        least.put(ses_id, retried(*self._watched(ses_id, judge)), later=1)

    def _poll(self) -> None:
        from feedmirror.handlers.mirror import handler  # noqa: PLC0415 -- a second, and not at start

        report = handler({}, Running(self.stopping))
        line = poll_line(report)
        if line:
            self.tell(line)
        self.faults.now("feeds", fault_lines(report))
        self._export()

    def _hour(self) -> None:
        line = hour_line(self._takedown({}).get("hour", {}))
        if line:
            self.tell(line)
        self._export()

    def _day(self) -> None:
        self.lifecycle.run(recovery_days=self._mirror().recovery_days)

    def _takedown(self, event: Any) -> dict[str, Any]:  # noqa: ANN401 -- Lambda's own
        from feedmirror.handlers.takedown import handler  # noqa: PLC0415 -- as above

        return handler(dict(event), Running(self.stopping))

    def _watched(self, about: str, act: Callable[[], object]) -> tuple[_Act, _Failed]:
        """Return what is done, and what is told if it fails: once, until it has succeeded."""

        def attempt() -> None:
            act()
            self.faults.now(about)

        def failed(error: Exception) -> None:
            self.faults.now(about, [_fault(error)])

        return attempt, failed

    def _export(self) -> None:
        try:
            written = self.files.export()
        except Exception as error:  # noqa: BLE001 -- the store has it; the next export writes it
            self.faults.now("outbox", [_fault(error)])
            return
        self.faults.now("outbox")
        for file in written:
            self.tell(f"a mail for {file.recipient} is kept: {file.path}")


def _fault(error: Exception) -> str:
    kind = "" if isinstance(error, NotYetError) else f"{type(error).__name__}: "
    return f"{kind}{error}; tried again"


def compose_service(machine: Machine, ports: Ports, wishes: Wishes) -> Service:
    """Put a service together over a machine that has a configuration."""
    mail = SqliteStore(machine.store, "mail", durable=True)
    archive = machine.bucket("archive")

    def tables() -> Iterable[Table]:
        return (*wishes.tables(), table_of_polls(archive))

    silent = SilentNames(DnsTxtLookup(), elapsed)

    def dns() -> TxtLookup:
        return OneMailsDns(silent, elapsed, elapsed())

    console = Console(
        key=fresh_nonce() + fresh_nonce(), mail=mail, tables=tables, notes=wishes.notes
    )
    return Service(
        ports=ports,
        web=Web(machine.bucket("site"), console),
        room=Mailroom(
            mail=mail,
            dns=dns,
            clock=utc_now,
            trusting=wishes.trusting,
            look_at=IsolatedLook(),
        ),
        files=OutboxFiles(mail, machine.folder / OUTBOX),
        lifecycle=Lifecycle(mail, utc_now),
        archive=archive,
        polls=Worker(elapsed),
        judging=tuple(Worker(elapsed) for _ in range(_JUDGES)),
        takedowns=Worker(elapsed),
        stopping=Event(),
        tell=wishes.tell,
        faults=Faults(wishes.tell),
    )
