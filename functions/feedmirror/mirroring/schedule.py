"""When a feed is polled next, and why: pure and exact (rules S5, S6, V2, V4)."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from feedmirror.configuration import FeedSettings
from feedmirror.mirroring.poll_state import FeedState
from feedmirror.mirroring.rhythm import expected
from feedmirror.mirroring.waiting import LONGEST, best_wait

LONGEST_BACKOFF = timedelta(days=1)
_DAY = timedelta(days=1)
LONGEST_LIMITED = timedelta(hours=6)  # for 429, where no longer Retry-After is given (rule S5)
GIVEN_UP_AFTER, GIVEN_UP = 30, timedelta(days=7)  # failures in a row: about a month of them
LONGEST_HINT = timedelta(days=7)
AT_ONCE = datetime.min.replace(tzinfo=UTC)
_AT_ROBOTS = "robots.txt is asked again then"
_AT_MARK = "the publisher's mark is looked for again then"
_MERGED = timedelta(days=30)  # looked at now and then: the other may be gone, or in another shard
_HELD = "another feed of its host was told to wait (429)"
_LARGEST_PART, _MOST_LATER = 10, timedelta(minutes=30)  # of a wait, that chance puts to it
_SKEW = timedelta(hours=1)  # of clocks; more is a mistake of ours
_HOUR, _HOURS_OF_WEEK = timedelta(hours=1), 168
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# A feed is read whole where it seems to hide something, and now and then in any case (rule V2).
_OVERDUE = 3.0  # entries that should have come
_WHOLE_WHERE_OVERDUE, _WHOLE = timedelta(days=7), timedelta(days=30)


@dataclass(frozen=True, slots=True)
class NextPoll:
    """The time from which a feed may be polled again; None means never, and the reason says why."""

    due: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class _Wait:
    """A wait, and why; ``spread`` says that others wait as long, so chance puts some to it."""

    time: timedelta
    reason: str
    spread: bool = True

    def or_longer(self, time: timedelta, reason: str) -> "_Wait":
        """Return this wait, or another that is longer."""
        return _Wait(time, reason) if time > self.time else self


def next_poll(
    state: FeedState,
    settings: FeedSettings,
    *,
    held: datetime | None = None,
    chance: float | None = None,
) -> NextPoll | None:
    """Return when a feed is next due; None if it was never attempted, which is at once.

    The operator's interval holds, or else what the feed's rhythm makes best, between ``fastest``
    and a day, or longer if the publisher asks for it, up to a week. Retry-After is always a floor,
    and so is ``held``: what another feed of the same host was told. What the mirror chooses itself
    counts from the minute of the attempt, since its calls come at any second of their minute. Hours
    and days that the feed says to skip are skipped (RSS 2.0), unless they are the whole week.
    ``chance``, in [0, 1), moves waits that others have too, always later: by up to a tenth, and
    half an hour; without it the feed's address and its last attempt decide, so that whoever asks is
    told the same.
    """
    never = _never(state, settings)
    if never:
        return NextPoll(None, never)
    if state.attempted is None:
        return None if held is None else NextPoll(held, _HELD)
    wait = _own_wait(state, settings)
    if held is not None and held - state.attempted > wait.time:
        # Not later than whom the others wait for, so that they come first.
        wait = _Wait(held - state.attempted, _HELD, spread=False)
    chance = _chance(settings.url, state.attempted) if chance is None else chance
    later = chance * min(wait.time / _LARGEST_PART, _MOST_LATER)
    planned = state.attempted + wait.time + (later if wait.spread else timedelta())
    allowed = _allowed(planned, state)
    if allowed == planned:
        return NextPoll(planned, wait.reason)
    # Not all at once when the hour begins.
    return NextPoll(allowed + chance * _MOST_LATER, "the feed says to skip the hours before")


def _own_wait(state: FeedState, settings: FeedSettings) -> _Wait:
    """Return how long a feed waits from its last attempt, whatever others of its host were told."""
    if state.move.into:
        return _Wait(_MERGED, f"moved to {state.move.into}, which is polled anyway")
    attempted = state.attempted or AT_ONCE
    wait = _after_failures(state, settings) if state.failures else _usual(state, settings)
    if state.move.trial:
        wait = _Wait(settings.interval or settings.fastest, "tried where it is said to have moved")
    if state.covered:
        wait = wait.or_longer(_DAY, "all of it is taken down, so it is asked once a day")
    if state.gone_since is not None:
        wait = _Wait(max(wait.time, _DAY), "asked once more after a 410")
    if state.not_before is not None:
        wait = wait.or_longer(state.not_before - attempted, _why_not_before(state))
    return wait


def _never(state: FeedState, settings: FeedSettings) -> str:
    """Return why a feed is polled no more, or nothing."""
    if settings.ended is not None:
        return "ended in the configuration"
    if state.gone:
        return "the publisher has ended this feed (410)"
    return ""


def _why_not_before(state: FeedState) -> str:
    """Return who set ``not_before``: what refuses the feed, or else Retry-After."""
    if state.refusal.robots:
        return _AT_ROBOTS
    marked = state.refusal.feed and not state.failures
    return _AT_MARK if marked else "the publisher's Retry-After"


def is_due(
    state: FeedState, settings: FeedSettings, *, now: datetime, held: datetime | None = None
) -> bool:
    """Tell whether a feed may be polled now.

    One that was last polled in the future, by a clock that was wrong, is.
    """
    if state.attempted is not None and state.attempted - now > _SKEW:
        return not _never(state, settings)
    if soonest(state, settings) > now:
        return False
    upcoming = next_poll(state, settings, held=held)
    return upcoming is None or (upcoming.due is not None and upcoming.due <= now)


def soonest(state: FeedState, settings: FeedSettings) -> datetime:
    """Return when a feed may be due at the earliest, whatever else :func:`next_poll` looks at.

    It tells in no time of most feeds of a shard that they are not due yet, or not first.
    """
    if state.attempted is None:
        return AT_ONCE
    minute = state.attempted.replace(second=0, microsecond=0)
    return minute + (settings.interval or settings.fastest)


def is_asking_to_wait(state: FeedState, *, now: datetime) -> bool:
    """Tell whether the publisher has said Retry-After, and it is not yet over."""
    return state.not_before is not None and state.not_before > now


def limit_ends(state: FeedState, settings: FeedSettings) -> datetime | None:
    """Return when a 429 that a feed was told is over, for others too; None if it was told none."""
    if state.limited is None or state.attempted is None or state.gone or settings.ended:
        return None
    end = state.attempted + _backoff(state, settings)
    return max(end, state.not_before or end)


def is_read_whole(state: FeedState, *, now: datetime) -> bool:
    """Tell whether the next poll sends no validators, to see what they might hide (rule V2).

    A server whose ETag is frozen answers 304 for ever. Where entries should have come by now, the
    feed is read whole after a week without, and else once a month.
    """
    if not (state.etag or state.last_modified):
        return False
    whole = state.rhythm.whole
    if whole is None or now - whole >= _WHOLE:
        return True
    return now - whole >= _WHOLE_WHERE_OVERDUE and expected(state.rhythm, at=now) >= _OVERDUE


def shard_of(host: str, shards: int) -> int:
    """Return the shard that a source host's feeds belong to, evenly and for good."""
    return int(hashlib.sha256(host.encode()).hexdigest(), 16) % shards


def _usual(state: FeedState, settings: FeedSettings) -> _Wait:
    """Return the wait of a feed that is well.

    Counted to the second it would as often as not be over just behind a call, five minutes late.
    """
    attempted = state.attempted or AT_ONCE
    minute = attempted.replace(second=0, microsecond=0)
    if settings.interval is not None:
        time = settings.interval - (attempted - minute)
        return _Wait(time, "the configured interval", spread=False)
    wait = _by_rhythm(state, settings, minute)
    wait = _Wait(wait.time - (attempted - minute), wait.reason, wait.spread)
    if state.unvalidated:
        # A whole document each time: at most daily, unless it forgets within a day (rule V4).
        daily = min(LONGEST, _before_it_forgets(state, settings) or LONGEST)
        wait = wait.or_longer(daily, "it is sent whole each time, without ETag or Last-Modified")
    for time, reason in _hints(state):
        wait = wait.or_longer(time, reason)
    return wait


def _by_rhythm(state: FeedState, settings: FeedSettings, minute: datetime) -> _Wait:
    best = best_wait(state.rhythm, minute, settings.fastest)
    forgets = _before_it_forgets(state, settings)
    if forgets is not None and forgets < best:
        return _Wait(forgets, "before its document lets go of what is unseen", spread=False)
    if best >= LONGEST:
        return _Wait(best, "once a day, as nothing is expected sooner")
    if best == settings.fastest:
        return _Wait(best, "the fastest that is configured", spread=False)
    return _Wait(best, "when it usually has something new", spread=False)


def _before_it_forgets(state: FeedState, settings: FeedSettings) -> timedelta | None:
    """Return half the time that a document reaches back, after which it would forget unseen."""
    if state.rhythm.reach is None or state.attempted is None:
        return None
    return max((state.attempted - state.rhythm.reach) / 2, settings.fastest)


def _hints(state: FeedState) -> Iterator[tuple[timedelta, str]]:
    """Yield what the publisher asks for (rule S6)."""
    yield (
        min(timedelta(seconds=state.hint), LONGEST_HINT),
        "the publisher's Cache-Control or Expires",
    )
    yield min(timedelta(seconds=state.ttl), LONGEST_HINT), "the feed's ttl"


def _after_failures(state: FeedState, settings: FeedSettings) -> _Wait:
    """Return the wait after some failures in a row."""
    number = state.failures
    failures = "a failure" if number == 1 else f"{number} failures in a row"
    wait = _Wait(_backoff(state, settings), failures)
    for time, reason in _hints(state) if settings.interval is None else ():
        wait = wait.or_longer(time, reason)
    return wait


def _backoff(state: FeedState, settings: FeedSettings) -> timedelta:
    """Return a wait that is twice as long after each failure in a row, and never for ever."""
    shortest, number = settings.interval or settings.fastest, state.failures
    longest = LONGEST_BACKOFF if number <= GIVEN_UP_AFTER else GIVEN_UP
    longest = LONGEST_LIMITED if state.limited else longest
    return max(min(shortest * (1 << min(number, 16)), longest), shortest)


def _allowed(moment: datetime, state: FeedState) -> datetime:
    """Return the first moment that is in no hour and on no day that the feed says to skip."""
    if not (state.skip_hours or state.skip_days):
        return moment
    at = moment.astimezone(UTC)
    for _ in range(_HOURS_OF_WEEK):
        if at.hour not in state.skip_hours and _DAYS[at.weekday()] not in state.skip_days:
            return at
        at = at.replace(minute=0, second=0, microsecond=0) + _HOUR
    return moment


def _chance(url: str, attempted: datetime) -> float:
    told = hashlib.sha256(f"{url} {attempted.isoformat()}".encode()).digest()
    return int.from_bytes(told[:4]) / 2**32
