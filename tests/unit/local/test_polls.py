"""When each feed is polled, as the console shows it."""

from datetime import UTC, datetime, timedelta

from builders import a_mirror
from feedmirror.configuration import Configuration, FeedSettings
from feedmirror.configuration_file import write_configuration
from feedmirror.layout import CONFIGURATION, state_key
from feedmirror.local.serving.polls import table_of_polls
from feedmirror.mirroring.poll_state import FeedState, ShardState, state_to_json
from feedmirror.ports.object_store import Content
from memory_store import MemoryStore

POLLED, NEW, ENDED = (f"https://news.example/{name}" for name in ("feed", "new", "ended"))


def test_each_feed_is_shown_with_its_last_and_its_next_poll() -> None:
    archive = MemoryStore()
    feeds = (
        FeedSettings(url=POLLED, interval=timedelta(minutes=30)),
        FeedSettings(url=NEW),
        FeedSettings(url=ENDED),
    )
    text = write_configuration(Configuration(mirror=a_mirror(), feeds=feeds))
    archive.put(CONFIGURATION, Content(text.encode(), "application/toml"), replaces=None)
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    states = {
        POLLED: FeedState(attempted=noon),
        ENDED: FeedState(attempted=noon, gone=True, error="410"),
    }
    body = state_to_json(ShardState(states), "n")
    archive.put(state_key(0), Content(body, "application/json"), replaces=None)
    archive.put("state/mirror.toml", Content(b"x", "application/toml"), replaces=None)

    rows = table_of_polls(archive).rows

    at = "2026-11-22 12:00 UTC"
    assert rows == [
        (POLLED, at, "2026-11-22 12:30 UTC", "the configured interval", ""),
        (NEW, "never", "now", "it is new", ""),
        (ENDED, at, "never", "the publisher has ended this feed (410)", "410"),
    ]


def test_without_a_configuration_it_is_said_what_is_missing() -> None:
    table = table_of_polls(MemoryStore())

    assert (list(table.rows), table.empty) == ([], "config/mirror.toml is missing")
