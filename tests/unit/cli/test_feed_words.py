"""What ``feedmirror status`` tells of a feed besides how it is doing."""

from datetime import timedelta

from feedmirror.cli.feed_words import feed_lines, words_of
from feedmirror.configuration import FeedSettings, Publish
from feedmirror.mirroring.backfill import Backfill
from feedmirror.mirroring.poll_state import FeedState
from feedmirror.mirroring.terms import Stated

URL = "https://news.example.com/feed"


def test_of_a_feed_without_anything_nothing_is_told() -> None:
    assert list(feed_lines([(FeedSettings(url=URL), FeedState(title="News", failures=3))])) == []


def test_permission_terms_and_archive_are_told_under_the_feeds_address() -> None:
    settings = FeedSettings(url=URL, permission="asked by mail", publish=Publish.LINK)
    state = FeedState(stated=Stated(signals=("a\x1b[2Jline",)), backfill=Backfill(read=2))

    assert list(feed_lines([(FeedSettings(url=URL + "2"), FeedState()), (settings, state)])) == [
        "",
        URL,
        "  robots.txt: Where it disallows the feed, a permission is relied on: asked by mail.",
        (
            "  shown: The title and the link of each entry: the operator chose so."
            " The terms that it states: a[2Jline."
        ),
        (
            "  archive: 2 documents of the feed's own archive (RFC 5005) were read."
            " More of it will be."
        ),
    ]


def test_what_is_told_to_programs_has_every_name() -> None:
    usual = words_of(FeedSettings(url=URL), FeedState())
    aged = words_of(FeedSettings(url=URL, max_age=timedelta(days=9)), FeedState())

    assert usual == {"robots.txt": (), "shown": (), "archive": ()}
    assert aged["shown"][-1] == "Copies older than 9 days go by themselves."
