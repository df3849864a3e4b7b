"""When a feed is polled next, and why: pure and exact (rules S5, S6)."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from feedmirror.configuration import FeedSettings
from feedmirror.mirroring.poll_state import FeedState

USUAL = timedelta(hours=1)  # conditional requests at most hourly (rule V4)
LONGEST_BACKOFF = timedelta(days=1)
AT_ONCE = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class NextPoll:
    """The time from which a feed may be polled again; None means never, and the reason says why."""

    due: datetime | None
    reason: str


def next_poll(
    state: FeedState, *, interval: timedelta | None, ended: bool = False
) -> NextPoll | None:
    """Return when a feed is next due; None if it was never attempted, which is at once.

    ``interval`` is the operator's, and so is whether the feed has ``ended``. Without an interval
    the usual one holds, or a longer one that the publisher asks for. Errors double it up to a day;
    Retry-After is always a floor.
    """
    if ended:
        return NextPoll(None, "ended in the configuration")
    if state.gone:
        return NextPoll(None, "the publisher has ended this feed (410)")
    if state.attempted is None:
        return None
    wait, reason = (
        interval or USUAL,
        "the configured interval" if interval else "the usual interval",
    )
    if interval is None:
        hints = ((state.hint, "the publisher's Cache-Control"), (state.ttl, "the feed's ttl"))
        wait, reason = max((wait, reason), *((timedelta(seconds=s), why) for s, why in hints))
    if state.failures:
        backoff = min(wait * 2 ** min(state.failures, 10), max(LONGEST_BACKOFF, wait))
        failures = "a failure" if state.failures == 1 else f"{state.failures} failures in a row"
        wait, reason = backoff, failures
    due = state.attempted + wait
    if state.not_before and state.not_before > due:
        robots = state.refusal.robots
        why = "robots.txt is asked again then" if robots else "the publisher's Retry-After"
        return NextPoll(state.not_before, why)
    return NextPoll(due, reason)


def is_due(state: FeedState, *, interval: timedelta | None, now: datetime) -> bool:
    """Tell whether a feed may be polled now."""
    upcoming = next_poll(state, interval=interval)
    return upcoming is None or (upcoming.due is not None and upcoming.due <= now)


def first_due(feeds: Iterable[tuple[FeedState, FeedSettings]]) -> datetime | None:
    """Return when the first of some feeds is due to be polled.

    None means that none of them is ever polled again; what was never attempted is due at once.
    """
    upcoming = [
        next_poll(state, interval=settings.interval, ended=settings.ended is not None)
        for state, settings in feeds
    ]
    moments = [AT_ONCE if poll is None else poll.due for poll in upcoming]
    return min((moment for moment in moments if moment is not None), default=None)


def is_asking_to_wait(state: FeedState, *, now: datetime) -> bool:
    """Tell whether the publisher has said Retry-After, and it is not yet over."""
    return state.not_before is not None and state.not_before > now


def shard_of(host: str, shards: int) -> int:
    """Return the shard that a source host's feeds belong to, evenly and for good."""
    return int(hashlib.sha256(host.encode()).hexdigest(), 16) % shards
