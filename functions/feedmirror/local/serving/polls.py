"""When each feed was polled last and is polled next, as the console shows it."""

from datetime import datetime

from feedmirror.jobs.configure import NotConfiguredError, ReadConfiguration
from feedmirror.layout import STATES, shard_of_state
from feedmirror.local.serving.console import Table
from feedmirror.mirroring.poll_state import FeedState, state_from_json
from feedmirror.mirroring.schedule import NextPoll, next_poll
from feedmirror.ports.object_store import ObjectStore
from feedmirror.version import VERSION

_COLUMNS = ("feed", "last poll", "next poll", "why then", "error")


def table_of_polls(archive: ObjectStore) -> Table:
    """Return every configured feed; raises StoreUnavailableError."""
    try:
        configuration = ReadConfiguration(archive, VERSION).run().configuration
    except NotConfiguredError as error:
        return Table("Feeds", _COLUMNS, (), str(error))
    known = _states(archive)
    rows = [
        _row(feed.url, next_poll(state, interval=feed.interval), state)
        for feed in configuration.feeds
        for state in (known.get(feed.url, FeedState()),)
    ]
    return Table("Feeds", _COLUMNS, rows, "No feed is configured.")


def _states(archive: ObjectStore) -> dict[str, FeedState]:
    found: dict[str, FeedState] = {}
    for summary in archive.list(STATES):
        stored = archive.get(summary.key) if shard_of_state(summary.key) is not None else None
        state = state_from_json(stored.content.body) if stored else None
        found |= state.feeds if state else {}
    return found


def _row(url: str, upcoming: NextPoll | None, state: FeedState) -> tuple[str, ...]:
    last = _moment(state.attempted)
    if upcoming is None:
        return (url, last, "now", "it is new", state.error)
    return (url, last, _moment(upcoming.due), upcoming.reason, state.error)


def _moment(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "never"
