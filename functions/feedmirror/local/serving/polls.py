"""When each feed was polled last and is polled next, as the console shows it."""

from datetime import datetime

from feedmirror.adapters.workers import InOrder
from feedmirror.configuration import FeedSettings
from feedmirror.jobs.configure import NotConfiguredError, ReadConfiguration
from feedmirror.jobs.feed_states import FeedStates, KnownFeed
from feedmirror.local.serving.console import Table
from feedmirror.mirroring.limits import held_until
from feedmirror.mirroring.poll_state import FeedState
from feedmirror.mirroring.schedule import next_poll
from feedmirror.ports.object_store import ObjectStore
from feedmirror.version import VERSION

_COLUMNS = ("feed", "last poll", "next poll", "why then", "error")


def table_of_polls(archive: ObjectStore) -> Table:
    """Return every configured feed; raises StoreUnavailableError."""
    try:
        configuration = ReadConfiguration(archive, VERSION).run().configuration
    except NotConfiguredError as error:
        return Table("Feeds", _COLUMNS, (), str(error))
    known = FeedStates(archive, InOrder()).run()
    states = {
        feed.url: (known.get(feed.url, KnownFeed()).state, feed) for feed in configuration.feeds
    }
    held = held_until(states, configuration.mirror.shared)
    rows = [_row(feed, state, held.get(url)) for url, (state, feed) in states.items()]
    return Table("Feeds", _COLUMNS, rows, "No feed is configured.")


def _row(feed: FeedSettings, state: FeedState, held: datetime | None) -> tuple[str, ...]:
    upcoming = next_poll(state, feed, held=held)
    last = _moment(state.attempted)
    if upcoming is None:
        return (feed.url, last, "now", "it is new", state.error)
    return (feed.url, last, _moment(upcoming.due), upcoming.reason, state.error)


def _moment(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "never"
