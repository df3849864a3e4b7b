"""A WebSub hub on loopback, which hears of what changed in the mirror's feeds (W3C WebSub)."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs

import pytest

from builders import a_mirror
from feedmirror.adapters.cloudfront import NoCdn
from feedmirror.adapters.websub import WebSubHub
from feedmirror.jobs.tell_hub import TellHub, TellingCdn
from loopback import Answer, Publisher, Seen
from memory_world import MemoryWorld
from world import LOOPBACK, Documents, entry, rss

SITE = "https://mirror.example.org"
FRONT = [f"{SITE}/feed.json", f"{SITE}/feed.xml"]
HOST = [f"{SITE}/news.example.com/feed.json", f"{SITE}/news.example.com/feed.xml"]


class Hub:
    """A hub and what it is told, by request."""

    def __init__(self) -> None:
        self.answer = Answer(204)
        self.publisher = Publisher(self._answer, address="127.0.0.7")

    def _answer(self, _seen: Seen) -> Answer:
        return self.answer

    def told(self) -> list[list[str]]:
        """Take the feeds that each request was about."""
        seen, self.publisher.seen = self.publisher.seen, []
        forms = [parse_qs(request.body.decode(), strict_parsing=True) for request in seen]
        assert all(form.pop("hub.mode") == ["publish"] for form in forms)
        assert {request.method for request in seen} <= {"POST"}
        return [sorted(form["hub.url"]) for form in forms]


@pytest.fixture
def hub() -> Iterator[Hub]:
    hub = Hub()
    with hub.publisher:
        yield hub


@pytest.fixture
def world(hub: Hub, documents: Documents) -> MemoryWorld:
    world = MemoryWorld(documents)
    world.mirror = a_mirror(site=SITE, hub=hub.publisher.url("/"))
    world.serve(rss(entry(1), entry(2)))
    return world


def of(hub: Hub, **others: timedelta) -> WebSubHub:
    address = hub.publisher.url("/")
    return WebSubHub(address=address, user_agent="test", allowed_networks=LOOPBACK, **others)


def test_the_hub_hears_of_the_feeds_that_a_run_has_changed_and_of_no_others(
    world: MemoryWorld, hub: Hub
) -> None:
    world.run()
    assert hub.told() == [sorted([*FRONT, *HOST])]

    world.later()
    world.run()
    assert hub.told() == []


def test_feeds_name_the_hub_and_their_archives_do_not(world: MemoryWorld, hub: Hub) -> None:
    world.run()

    pages, address = world.pages(), hub.publisher.url("/")
    for folder in ("", "news.example.com/"):
        assert f'<link rel="hub" href="{address}"/>' in pages[f"{folder}feed.xml"]
        assert (
            f'<link rel="self" type="application/atom+xml" href="{SITE}/{folder}feed.xml"/>'
            in (pages[f"{folder}feed.xml"])
        )
        named = json.loads(pages[f"{folder}feed.json"])
        assert named["hubs"] == [{"type": "WebSub", "url": address}]
    assert not [key for key in pages if "/2026-" in key and address in pages[key]]


def test_the_hub_hears_of_a_takedown(world: MemoryWorld, hub: Hub) -> None:
    world.run()
    hub.told()
    item = world.items()[0]
    world.handed.tasks = [
        {
            "kind": "withdrawal",
            "reason": "deleted",
            "host": item.host,
            "feed": world.feeds[0].url,
            "items": [item.id],
            "on": True,
            "words": "",
        }
    ]

    world.takedowns().do(world.handed.tasks[0], time_left=lambda: world.time_left)

    assert {feed for told in hub.told() for feed in told} == {*FRONT, *HOST}


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Answer(500), "127.0.0.7 answers 500"),
        (Answer(302, headers=(("Location", "/elsewhere"),)), "127.0.0.7 answers 302"),
        (Answer(raw=[b""]), "refused the connection or broke it off"),
    ],
)
def test_a_hub_that_fails_costs_nothing_but_a_line_of_the_report(
    world: MemoryWorld, hub: Hub, answer: Answer, why: str
) -> None:
    hub.answer = answer

    report = world.run()

    assert report.created == 2
    (told,) = [what for _, what in report.problems]
    assert told.startswith("the hub was not told of 4 feeds: ")
    assert why in told
    assert world.run().problems == ()


def test_a_hub_is_waited_for_so_long_and_no_longer(hub: Hub) -> None:
    hub.answer = Answer(204, pause=0.5)

    why = of(hub, timeout=timedelta(milliseconds=100)).tell([f"{SITE}/{n}" for n in range(50)])

    assert why.startswith("the hub was not told of 50 feeds: 127.0.0.7 took too long")


def test_many_feeds_are_told_of_in_several_requests(hub: Hub) -> None:
    feeds = [f"{SITE}/{n:02}?a=1&b=ü" for n in range(45)]

    assert of(hub).tell(feeds) == ""

    told = hub.told()
    assert [len(request) for request in told] == [20, 20, 5]
    assert [feed for request in told for feed in request] == feeds


@pytest.mark.parametrize(
    "address", ["http://127.0.0.7:1/", "http://169.254.169.254/", "http://[::1]/"]
)
def test_a_hub_is_asked_only_where_a_feed_would_be(address: str) -> None:
    why = WebSubHub(address=address, user_agent="test").tell([SITE])

    assert "is not a web port of the public internet" in why


def test_a_hub_that_fails_once_is_let_alone_by_the_rest_of_a_takedown() -> None:
    told: list[str] = []

    class Down:
        def tell(self, feeds: object) -> str:
            told.append(str(feeds))
            return "down"

    complaints: list[str] = []
    caches = TellingCdn(NoCdn(), TellHub(Down(), SITE), complaints.append)

    for _ in range(3):
        caches.invalidate(["/news.example.com/*", "/a.example/x/*", "/*"], reference="r")

    assert complaints == ["down"]
    assert told == [str([*map(str, (FRONT[1], FRONT[0], HOST[1], HOST[0]))])]


def test_where_shards_have_turns_of_their_own_each_tells_of_its_hosts(
    world: MemoryWorld, hub: Hub
) -> None:
    world.mirror = replace(world.mirror, shards=3)
    world.by_queue = True

    world.run()

    assert hub.told() == [FRONT, HOST, FRONT]


def test_without_a_hub_none_is_named(documents: Documents) -> None:
    world = MemoryWorld(documents)
    world.serve(rss(entry(1)))

    assert world.run().problems == ()
    assert not [key for key, page in world.pages().items() if '"hub' in page]
