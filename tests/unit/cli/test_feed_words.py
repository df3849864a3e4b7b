"""What ``feedmirror status`` tells of a feed besides how it is doing."""

from datetime import timedelta

from feedmirror.cli.feed_words import feed_lines, words_of
from feedmirror.configuration import FeedSettings
from feedmirror.mirroring.backfill import Backfill
from feedmirror.mirroring.poll_state import FeedState
from feedmirror.mirroring.terms import Stated

URL = "https://news.example.com/feed"


def test_of_a_feed_without_anything_nothing_is_told() -> None:
    assert list(feed_lines([(FeedSettings(url=URL), FeedState(title="News", failures=3))])) == []


def test_terms_and_archive_are_told_under_the_feeds_address() -> None:
    settings = FeedSettings(url=URL)
    stated = Stated(answer=("robots-noarchive",), shown="excerpt", why="a\x1b[2Jline")
    state = FeedState(stated=stated, backfill=Backfill(read=2, upcoming=URL))

    assert list(feed_lines([(FeedSettings(url=URL + "2"), FeedState()), (settings, state)])) == [
        "",
        URL,
        "  shown: A short excerpt of each entry, by the terms that are stated (a[2Jline).",
        "  archive: The feed's own archive (RFC 5005) is being read, a document an hour.",
    ]


def test_what_is_told_to_programs_has_every_name() -> None:
    usual = words_of(FeedSettings(url=URL), FeedState())
    aged = words_of(FeedSettings(url=URL, max_age=timedelta(days=9)), FeedState())

    assert usual == {"shown": (), "archive": ()}
    assert aged["shown"][-1] == "Copies older than 9 days go by themselves."
