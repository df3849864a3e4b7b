"""The page about a host: put when something changes, and silent about what is taken down."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from lxml import html

from builders import a_rule
from feedmirror.configuration import Publish
from feedmirror.layout import about_page, state_key
from feedmirror.ports.object_store import Content
from feedmirror.publishing.treatment import days_told
from feedmirror.suppression import Scope, feed_key, host_key
from feedmirror.takedowns.casework.cases import Case
from keeping import rebuild, site
from loopback import Answer
from memory_store import MemoryStore
from memory_world import MemoryWorld
from world import Documents, entry, rss

HOST = "news.example.com"
PAGE = about_page(HOST)
WEBMASTER = f"webmaster@{HOST}"
WHOLE_SITE = "Please remove our whole site news.example.com from your mirror, now and in future."


@pytest.fixture
def world(documents: Documents) -> MemoryWorld:
    """A mirror of two feeds of one host, and of another host."""
    documents.by_path.clear()
    made = MemoryWorld(documents)
    made.serve(rss(entry(1), title="First"))
    made.serve(rss(entry(2), title="Second"), "/second")
    made.serve(rss(entry(7, link="https://b.example/7")), "/b", site="https://b.example")
    made.run()
    return made


def page(world: MemoryWorld) -> str:
    return world.pages()[PAGE]


def send(world: MemoryWorld, words: str, *, number: int = 0) -> Case:
    """Send a mail as the page begins it."""
    links = html.fromstring(page(world)).iterfind(".//main//a")
    hrefs = [str(link.get("href")) for link in links if link.text == words]
    fields = parse_qs(urlsplit(hrefs[number]).query)
    return world.write(fields["body"][0], sender=WEBMASTER, subject=fields["subject"][0])


def test_every_host_has_its_page_and_its_listings_lead_there(world: MemoryWorld) -> None:
    pages = world.pages()

    assert {PAGE, about_page("b.example")} <= pages.keys()
    assert f'href="../{HOST}/about/"' in pages[f"{HOST}/index.html"]
    assert f'href="../../{HOST}/about/"' in pages[f"{HOST}/2026-11/index.html"]
    assert "<bdi>First</bdi>" in page(world)
    assert "<bdi>Second</bdi>" in page(world)
    assert "Mirrored since" in page(world)
    assert world.audit().run().checked["feeds"] == 3


def test_an_unchanged_poll_neither_reads_nor_writes_it(world: MemoryWorld) -> None:
    """Promise P6."""
    world.later()
    requests = world.watch()

    assert world.run(at_once=False).unchanged == 3
    assert [key for _, key in requests.asked if key == PAGE] == []
    assert requests.done == [state_key(0)]


def fails(world: MemoryWorld) -> None:
    world.documents["/feed"] = Answer(403)


def brings_news_another_day(world: MemoryWorld) -> None:
    world.later(24)
    world.serve(rss(entry(3), entry(1), title="First"))


def is_called_otherwise(world: MemoryWorld) -> None:
    world.serve(rss(entry(1), title="Third"))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (fails, "The last look ended with: the publisher answers 403."),
        (brings_news_another_day, "fetched on <time"),
        (is_called_otherwise, "<bdi>Third</bdi>"),
    ],
)
def test_it_is_put_once_when_what_it_tells_changes(
    world: MemoryWorld, change: Callable[[MemoryWorld], None], told: str
) -> None:
    before = page(world)
    world.later()
    change(world)
    requests = world.watch()

    world.run()
    assert requests.done.count(PAGE) == 1
    assert requests.done.count(about_page("b.example")) == 0
    assert told in page(world)
    assert page(world) != before

    world.later()
    requests = world.watch()
    world.run()
    assert PAGE not in requests.done


def test_it_follows_the_configuration(world: MemoryWorld) -> None:
    world.feeds[0] = replace(world.feeds[0], publish=Publish.LINK)
    _reconfigured(world)
    assert "The title and the link of each entry: the operator chose so." in page(world)

    world.feeds = [feed for feed in world.feeds if feed.host != HOST]
    _reconfigured(world)
    assert f"No feed of {HOST} is mirrored at present." in page(world)
    assert days_told(page(world)) == {}
    assert world.audit().run().findings == ()


def _reconfigured(world: MemoryWorld) -> None:
    """Run under a configuration that is new; a world's has a mark by its number of shards."""
    world.mirror = replace(world.mirror, shards=world.mirror.shards + 1)
    world.later()
    world.run()


def test_with_the_state_lost_it_tells_what_it_told(world: MemoryWorld) -> None:
    before = page(world)
    found = world.stores.archive.get(state_key(0))
    assert found is not None
    world.stores.archive.put(state_key(0), Content(b"{}", ""), replaces=found.etag)
    world.later(48)

    world.run()

    assert page(world) == before


def test_what_time_left_out_of_a_new_configuration_is_put_by_the_next_run(
    world: MemoryWorld,
) -> None:
    world.feeds[0] = replace(world.feeds[0], publish=Publish.LINK)
    world.mirror = replace(world.mirror, shards=2)
    world.run(time_left=timedelta(seconds=50))
    assert "the operator chose so" not in page(world)

    world.later(0.1)
    world.run(at_once=False)
    assert "the operator chose so" in page(world)


def test_of_a_host_that_is_masked_taken_down_or_back_it_says_so_at_once(
    world: MemoryWorld,
) -> None:
    case = send(world, f"Remove everything from {HOST}")
    assert days_told(page(world)) == {}
    assert "Nothing is mirrored from news.example.com" in page(world)

    case = world.takedowns().approve(case, time_left=lambda: world.time_left)
    brings_news_another_day(world)
    fails(world)
    world.run()
    rebuild(world)
    assert days_told(page(world)) == {}
    assert world.audit().run().findings == ()

    world.takedowns().restore(case)
    assert len(days_told(page(world))) == 2


def test_a_feed_that_is_taken_down_is_left_out_and_no_other(world: MemoryWorld) -> None:
    case = send(world, "Remove all that came from this feed", number=1)

    assert "<bdi>First</bdi>" in page(world)
    assert "Second" not in page(world)
    assert "/second" not in page(world)
    assert case.decision is not None


def test_it_is_put_whatever_stands_there_so_that_no_late_writer_names_the_feed(
    world: MemoryWorld,
) -> None:
    """A run has read the rules; before it puts the page, the host is taken down (design §4)."""
    world.later()
    is_called_otherwise(world)
    taken: list[bool] = []

    def take_down(method: str, key: str) -> None:
        if (method, key) == ("put", PAGE) and not taken:
            taken.append(True)
            world.write(WHOLE_SITE, sender=WEBMASTER)

    world.requests.before = take_down
    world.run()

    assert taken
    assert days_told(page(world)) == {}


@pytest.mark.parametrize("scope", [Scope.HOST, Scope.FEED])
def test_the_hour_puts_right_what_names_what_is_covered(world: MemoryWorld, scope: Scope) -> None:
    key = host_key(HOST) if scope is Scope.HOST else feed_key(world.feeds[0].url)
    world.suppress(a_rule(key, scope=scope, host=HOST))
    assert "First" in page(world)

    report = world.takedowns().hour(time_left=lambda: world.time_left)

    assert "First" not in page(world)
    assert ("Second" in page(world)) is (scope is Scope.FEED)
    assert report is not None


def test_a_rule_that_cannot_be_read_leaves_it_as_it_is_until_it_can(world: MemoryWorld) -> None:
    key = world.suppress(a_rule(host_key("x.example"), host=HOST))
    found = world.stores.ledger.get(key)
    assert found is not None
    etag = world.stores.ledger.put(key, Content(b"{}", ""), replaces=found.etag)
    before = page(world)
    world.later()
    is_called_otherwise(world)
    world.run()
    assert page(world) == before

    world.stores.ledger.put(key, found.content, replaces=etag)
    world.later()
    world.run()
    assert "<bdi>Third</bdi>" in page(world)


def test_a_rebuild_makes_it_from_state_and_settings_also_of_a_host_without_items(
    world: MemoryWorld,
) -> None:
    world.configure(world.publisher.url("/empty"), site="https://empty.example")
    _reconfigured(world)
    again = world.copy()
    again.stores = replace(again.stores, site=MemoryStore())

    rebuild(again)

    assert about_page("empty.example") in site(again)
    pages = [about_page(host) for host in (HOST, "b.example", "empty.example")]
    assert [site(again)[key] for key in pages] == [site(world)[key] for key in pages]
