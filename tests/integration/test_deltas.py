"""Polls that read what is new alone: when they do, when they do not, and that it is the same."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from builders import a_rule
from feedmirror.configuration import Publish
from feedmirror.jobs.rules import EVERY_HOST
from feedmirror.layout import state_key
from feedmirror.mirroring.entries import Feed, FeedUnansweredError
from feedmirror.mirroring.poll_state import FeedState
from feedmirror.ports.object_store import Content
from loopback import Answer
from read_twice import Counting, Reader, Twins
from world import SITE, Documents, entry, rss, state_of

AUTHOR = (
    "<itunes:author xmlns:itunes='http://www.itunes.com/dtds/podcast-1.0.dtd'>{}</itunes:author>"
)
PLAIN = [entry(number, more="") for number in range(1, 5)]


@pytest.fixture
def twins() -> Iterator[Twins]:
    with Documents() as documents:
        yield Twins(documents)


def read(twins: Twins) -> list[int]:
    """Return how many entries were read of each document that was parsed."""
    return [len(feed.entries) for feed in twins.delta.counting.read]


def known(twins: Twins, url: str) -> FeedState:
    return state_of(twins.delta, url)


def poll(twins: Twins, *entries: str, extra: str = "", title: str = "Example News") -> str:
    """Serve a document, have both read it, and see that both know and show the same."""
    url = twins.serve(rss(*entries, extra=extra, title=title))
    twins.run()
    twins.check()
    return url


def test_only_what_is_new_is_read(twins: Twins) -> None:
    poll(twins, *PLAIN[1:])
    assert read(twins) == [3]

    poll(twins, *PLAIN)
    assert read(twins) == [1]
    assert len(twins.delta.items()) == 4

    poll(twins, *PLAIN, extra="<lastBuildDate>Sun, 22 Nov 2026 10:00:00 GMT</lastBuildDate>")
    assert read(twins) == [0]


def test_a_document_that_is_no_feed_is_not_parsed_again(twins: Twins) -> None:
    url = twins.serve("<html><title>Sorry</title></html>")
    twins.run()
    error = known(twins, url).error
    assert "an HTML page titled “Sorry”" in error

    twins.run()
    assert twins.delta.counting.asked == 1
    assert (known(twins, url).failures, known(twins, url).error) == (2, error)

    twins.delta.documents["/feed"] = twins.whole.documents["/feed"] = Answer(503)
    twins.run()
    twins.serve("<html><title>Sorry</title></html>")
    twins.run()
    assert twins.delta.counting.asked == 2
    assert known(twins, url).error == error

    poll(twins, *PLAIN)
    assert read(twins) == [4]
    assert not known(twins, url).unread


def test_a_document_that_was_the_end_of_its_parser_is_tried_again(
    twins: Twins, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object, **__: object) -> Feed:
        twins.delta.counting.asked += 1
        raise FeedUnansweredError("the parser was ended after 5 s")

    url = twins.serve(rss(*PLAIN))
    with monkeypatch.context() as patch:
        patch.setattr(Counting, "feed", die)
        twins.run()
    assert "after 5 s" in known(twins, url).error

    twins.run()
    assert read(twins) == [4]
    assert not known(twins, url).error


def test_a_body_that_is_known_is_not_parsed_at_all(twins: Twins) -> None:
    url = poll(twins, *PLAIN)
    answer = twins.delta.documents["/feed"]

    twins.run()
    assert read(twins) == []

    twins.delta.documents["/feed"] = replace(answer, headers=())
    twins.run()
    assert read(twins) == []
    assert known(twins, url).unvalidated
    twins.check()


def test_an_edit_is_read_and_written_again(twins: Twins) -> None:
    poll(twins, *PLAIN)

    poll(twins, PLAIN[0], entry(2, more="", text="Other text."), *PLAIN[2:])

    assert read(twins) == [1]
    assert "Other text." in {item.title: item.summary for item in twins.delta.items()}["Entry 2"]


def test_what_all_entries_inherit_is_read_anew_for_all(twins: Twins) -> None:
    poll(twins, *PLAIN, extra=AUTHOR.format("Ann"))

    poll(twins, *PLAIN, extra=AUTHOR.format("Bob"))

    assert read(twins) == [0, 4]
    authors = {author.name for item in twins.delta.items() for author in item.attribution.authors}
    assert authors == {"Bob"}


@pytest.mark.parametrize(
    "odd",
    [
        entry(9, more="", link=f"{SITE}/1"),  # the link of one that stands
        entry(9, more="", guid="g1"),  # its guid
        "<item><title>Bare</title><guid isPermaLink='false'>bare</guid></item>",
    ],
)
def test_what_cannot_be_told_from_what_stands_has_all_read(twins: Twins, odd: str) -> None:
    poll(twins, *PLAIN)

    poll(twins, odd, *PLAIN)
    assert read(twins) == [1, 5]

    # Nor is anything left unread for as long as it is listed.
    poll(twins, odd, entry(8, more=""), *PLAIN)
    assert read(twins) == [6]


def test_a_new_link_under_a_known_guid_keeps_its_item(twins: Twins) -> None:
    poll(twins, *PLAIN)
    poll(twins, entry(1, more="", link=f"{SITE}/moved"), *PLAIN[1:])
    assert read(twins) == [1]
    poll(twins, entry(5, more=""), entry(1, more="", link=f"{SITE}/moved"), *PLAIN[1:])
    assert read(twins) == [1]
    assert len(twins.delta.items()) == 5

    # What comes under the new link is another's, or this one under another guid: all is looked at.
    poll(twins, entry(6, more="", link=f"{SITE}/moved"), *PLAIN[1:])

    assert len(twins.delta.items()) == 5


def test_a_guid_that_changes_beneath_an_entry_has_all_read(twins: Twins) -> None:
    poll(twins, *PLAIN)
    poll(twins, entry(1, more="", guid="renamed"), *PLAIN[1:])
    assert read(twins) == [1]

    poll(twins, entry(5, more="", guid="renamed"), entry(1, more="", guid="renamed"), *PLAIN[1:])
    assert read(twins) == [5]


def test_after_a_damaged_document_all_is_read(twins: Twins) -> None:
    poll(twins, *PLAIN)
    twins.serve(rss(*PLAIN, entry(5, more=""))[:-60])
    twins.run()
    twins.check()

    poll(twins, *PLAIN, entry(6, more=""))

    assert read(twins) == [5]


def test_other_settings_and_a_lift_have_all_read(twins: Twins) -> None:
    rule = a_rule(host="news.example.com")
    keys = [world.suppress(rule) for world in (twins.delta, twins.whole)]
    poll(twins, *PLAIN[1:])
    for world, key in zip((twins.delta, twins.whole), keys, strict=True):
        world.lift(key)
    poll(twins, *PLAIN)
    assert read(twins) == [4]

    for world in (twins.delta, twins.whole):
        world.feeds = [replace(feed, publish=Publish.LINK) for feed in world.feeds]
    poll(twins, *PLAIN, entry(5, more=""))

    assert read(twins) == [5]
    assert all(not item.content_html for item in twins.delta.items())


def test_once_a_week_all_of_what_has_changed_is_read(twins: Twins) -> None:
    poll(twins, *PLAIN[1:])
    for world in (twins.delta, twins.whole):
        world.later(hours=7 * 24)

    poll(twins, *PLAIN)
    assert read(twins) == [4]

    poll(twins, *PLAIN, entry(5, more=""))
    assert read(twins) == [1]


def test_what_bears_the_mark_is_read_in_each_document(twins: Twins) -> None:
    marked = entry(1, more="<category>nofeedmirror</category>")
    poll(twins, *PLAIN)
    poll(twins, marked, *PLAIN[1:])
    assert [task["on"] for task in twins.delta.handed.tasks] == [True]

    poll(twins, entry(5, more=""), marked, *PLAIN[1:])
    assert read(twins) == [2]

    poll(twins, entry(5, more=""), *PLAIN)
    assert [task["on"] for task in twins.delta.handed.tasks] == [False]


def test_once_a_feed_s_own_mark_is_gone_all_is_read(twins: Twins) -> None:
    poll(twins, *PLAIN)
    poll(twins, *PLAIN, extra="<category>nofeedmirror</category>")
    assert not read(twins)[-1]
    for world in (twins.delta, twins.whole):
        world.later(hours=24)

    poll(twins, *PLAIN)

    assert read(twins) == [4]


def test_what_vanishes_and_comes_back_is_seen_by_what_is_listed(twins: Twins) -> None:
    dated = [
        entry(number, more=f"<pubDate>{number:02} Nov 2026 10:00:00 GMT</pubDate>")
        for number in range(12, 0, -1)
    ]
    poll(twins, *dated)
    poll(twins, *dated[:4], *dated[5:])
    assert read(twins) == [0]
    poll(twins, *dated[:4], *dated[5:], extra="<ttl>60</ttl>")
    assert [task["on"] for task in twins.delta.handed.tasks] == [True]

    poll(twins, *dated)

    assert read(twins) == [1]
    assert [task["on"] for task in twins.delta.handed.tasks] == [False]


def test_hosts_that_are_claimed_no_more_are_known_until_all_is_read(twins: Twins) -> None:
    def linked(first: int) -> list[str]:
        return [
            entry(number, more="", link=f"https://h{number}.example/")
            for number in range(first, first + 60)
        ]

    url = poll(twins, *linked(0))
    poll(twins, *linked(30))
    assert read(twins) == [30]
    assert len(known(twins, url).hosts) == 90

    twins.serve(rss(*linked(60)))
    twins.run()
    assert read(twins) == [30]
    assert known(twins, url).hosts == (EVERY_HOST,)
    poll(twins, *linked(61))

    assert read(twins) == [60]
    assert len(known(twins, url).hosts) == 60


def test_an_older_state_is_read_whole_and_learns(twins: Twins) -> None:
    url = poll(twins, *PLAIN[1:])
    for world in (twins.delta, twins.whole):
        _forget_bytes(world, url)

    poll(twins, *PLAIN)
    assert read(twins) == [4]

    poll(twins, *PLAIN, entry(5, more=""))
    assert read(twins) == [1]


def _forget_bytes(world: Reader, url: str) -> None:
    """Give a mirror the state of a feedmirror that knew nothing of entries' bytes."""
    archive = world.stores.archive
    found = archive.get(state_key(0))
    assert found is not None
    fields = json.loads(found.content.body)
    fields["schema"] = 1
    feed = fields["feeds"][url]
    del feed["context"]
    rows = [row.split(" ") for row in feed["entries"].split(";")]
    feed["entries"] = {item: known[:3] for item, *known in rows}
    body = json.dumps(fields).encode()
    archive.put(state_key(0), Content(body, "application/json"), replaces=found.etag)
