"""How a whole mirror stands, as it was looked at, and what of it needs its operator: pure."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from feedmirror.cli.output import counted
from feedmirror.configuration import FeedSettings
from feedmirror.jobs.configure import Configured
from feedmirror.jobs.feed_states import KnownFeed
from feedmirror.mirroring.health import Health, health
from feedmirror.mirroring.schedule import NextPoll, next_poll
from feedmirror.ports.aftermath import Ringing
from feedmirror.takedowns.casework.cases import Case

_LATE = timedelta(hours=1)  # behind a poll that is due: twelve calls of the schedule
_ORDER = (
    Health.FAILING,
    Health.ENDED,
    Health.AGAIN,
    Health.NEW,
    Health.WELL,
    Health.OVER,
)


@dataclass(frozen=True, slots=True)
class FeedRow:
    """One feed of the configuration: what is known of it, and its host's records.

    ``held`` is until when it is held back by what another feed of its host was told (429).
    """

    settings: FeedSettings
    known: KnownFeed
    records: int
    held: datetime | None = None

    @property
    def health(self) -> Health:
        """How it is doing."""
        if self.settings.ended is not None:
            return Health.OVER
        return health(self.known.state, entries=self.known.entries)

    @property
    def next(self) -> NextPoll | None:
        """When it is polled next, and why then; None is at once."""
        return next_poll(self.known.state, self.settings, held=self.held)

    @property
    def place(self) -> tuple[int, str, str]:
        """Its place among the others: what needs somebody comes first."""
        return _ORDER.index(self.health), self.settings.host, self.settings.url

    def is_late(self, now: datetime) -> bool:
        """Tell whether it should have been polled long ago."""
        upcoming = self.next
        return upcoming is not None and upcoming.due is not None and upcoming.due + _LATE < now


@dataclass(frozen=True, slots=True, kw_only=True)
class CasesStanding:
    """What waits of the cases: for a person, and for proof; ``unreadable`` says why in words."""

    for_person: tuple[Case, ...] = ()
    for_proof: int = 0
    first_deadline: datetime | None = None
    at_work: int = 0
    unreadable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """All that an operator looks at.

    ``unconfigured`` says why there is no configuration; ``unheard`` why nothing is known of alarms.
    ``on_schedule`` is whether somebody polls without being told to.
    """

    now: datetime
    configured: Configured | None
    unconfigured: str = ""
    feeds: tuple[FeedRow, ...] = ()
    records: int = 0
    others: Mapping[str, int] = field(default_factory=dict)
    cases: CasesStanding = CasesStanding()
    mails: int = 0
    alarms: tuple[Ringing, ...] = ()
    unheard: str = ""
    on_schedule: bool = True

    @property
    def healths(self) -> Counter[Health]:
        """How many feeds are doing how."""
        return Counter(row.health for row in self.feeds)

    @property
    def late(self) -> int:
        """How many feeds should have been polled long ago, had the mirror been running."""
        return sum(row.is_late(self.now) for row in self.feeds)

    @property
    def never_ran(self) -> bool:
        """Whether no feed was ever polled."""
        return all(row.known.state.attempted is None for row in self.feeds)


def wrongs(standing: Standing) -> Iterator[str]:
    """Yield what needs the operator, a few words each; nothing if all is well."""
    configured = standing.configured
    if configured is None:
        yield "there is no configuration"
        return
    if configured.paused is not None:
        yield "the mirror is paused"
    if configured.refused:
        yield "the configuration is refused"
    yield from _wrong_with_feeds(standing, paused=configured.paused is not None)
    waiting = len(standing.cases.for_person)
    if waiting:
        yield f"{counted(waiting, 'case')} {'waits' if waiting == 1 else 'wait'} for you"
    if standing.cases.unreadable:
        yield f"{counted(len(standing.cases.unreadable), 'case')} cannot be read"
    if standing.alarms:
        ring = "rings" if len(standing.alarms) == 1 else "ring"
        yield f"{counted(len(standing.alarms), 'alarm')} {ring}"


def _wrong_with_feeds(standing: Standing, *, paused: bool) -> Iterator[str]:
    healths = standing.healths
    if not standing.feeds:
        yield "no feed is configured"
    elif standing.never_ran and not paused:
        yield "nothing was polled yet"
    elif standing.late and standing.on_schedule and not paused:
        yield f"{counted(standing.late, 'feed')} should have been polled an hour ago"
    for kind, verbs in ((Health.FAILING, ("fails", "fail")), (Health.ENDED, ("has", "have"))):
        number = healths[kind]
        if number:
            word = verbs[0] if number == 1 else verbs[1]
            yield f"{counted(number, 'feed')} {word}{' ended' if kind is Health.ENDED else ''}"


def verdict(standing: Standing) -> str:
    """Return in one line whether all is well, or what is not."""
    found = list(wrongs(standing))
    return f"Not well: {'; '.join(found)}." if found else "All well."
