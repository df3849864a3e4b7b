"""What lies outside of the functions and outlives them: buckets, queues, mails, the time."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email import policy
from email.parser import BytesHeaderParser
from itertools import count
from typing import ClassVar

from botocore.exceptions import ClientError

from simulator.buckets import Bucket
from simulator.faults import Weather
from simulator.scheduler import Deed, Scheduler

ARCHIVE, SITE, LEDGER, MAIL = "archive", "site", "ledger", "mail"
NAMES = (ARCHIVE, SITE, LEDGER, MAIL)
_STEP = timedelta(milliseconds=20)  # that a call takes


@dataclass(frozen=True)
class Left:
    """A mail that left: to whom, and where an answer goes."""

    recipient: str
    reply_to: str


@dataclass(eq=False)
class Cloud:
    """One account; whether its lifecycle rules let tombstones expire only a planted fault says."""

    tombstones_expire: ClassVar[bool] = False

    scheduler: Scheduler
    weather: Weather
    buckets: dict[str, Bucket]
    start: datetime
    on_mail: Callable[[str], None] = lambda _: None
    passed: timedelta = timedelta()
    calls: int = 0
    wire: list[Deed] = field(default_factory=list)
    queues: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    on_message: Callable[[str], None] = lambda _: None
    left: list[Left] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)
    nonces: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def now(self) -> datetime:
        """The time: it goes on by the calls, and by what the script lets pass."""
        return self.start + self.passed + _STEP * self.calls

    def later(self, hours: float) -> None:
        """Let time pass."""
        self.expire()
        self.passed += timedelta(hours=hours)

    def expire(self) -> None:
        """Let tombstones go, where that is planted."""
        archive = self.buckets[ARCHIVE]
        for key, held in list(archive.below("items/")) if self.tombstones_expire else ():
            if held.metadata.get("record") == "tombstone":
                archive.delete(key)

    def nonce(self) -> str:
        """Return what no other body has."""
        return f"{next(self.nonces):016x}"

    def put_on_wire(self, act: Callable[[], object]) -> None:
        """Let a write land at some later step, under its condition, or never."""
        number = len(self.wire) + 1
        deed = Deed(f"late write {number} lands", lambda: self._land(number, act))
        deed.priority = self.scheduler.chance.uniform(-1, 1)
        deed.weight = 0.05
        self.wire.append(deed)
        self.scheduler.deeds.append(deed)

    def _land(self, number: int, act: Callable[[], object]) -> None:
        try:
            act()
        except ClientError as error:
            self.scheduler.note(f"late write {number} is refused: {error}")

    def mail_out(self, recipient: str, raw: bytes) -> str:
        """Take a mail as SES does."""
        headers = BytesHeaderParser(policy=policy.default).parsebytes(raw)
        reply_to = headers["Reply-To"]
        address = reply_to.addresses[0].addr_spec if reply_to else ""
        self.left.append(Left(recipient, address))
        self.on_mail(recipient)
        return f"sent-{len(self.left)}"

    def queue(self, url: str, body: str) -> None:
        """Take a message as SQS does."""
        self.queues[url].append(body)
        self.on_message(url)
