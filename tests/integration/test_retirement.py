"""What becomes of items that are beyond their feed's bounds, over whole runs of the mirror."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from builders import a_rule
from feedmirror.configuration import Ended, Publish
from feedmirror.jobs.auditing import audit_report
from feedmirror.jobs.latest import Place
from feedmirror.jobs.shard_state import Learnt, Note
from feedmirror.layout import FRONT, item_page, record_key, state_key, suppressions_prefix
from feedmirror.ports.object_store import Content
from feedmirror.publishing.documents import without_nonce
from feedmirror.publishing.listings import Buried, Listing, read_listing
from feedmirror.records import Item, Tombstone, record_to_json
from feedmirror.suppression import Ground, address_key
from feedmirror.takedowns.casework.cases import Case, State
from memory_store import MemoryStore
from takedown_world import TakedownWorld
from walks import walk
from world import SITE, START, Documents, Requests, World, entry, rss

HOST = "news.example.com"
DAY = timedelta(days=1)


@pytest.fixture
def documents() -> Iterator[Documents]:
    with Documents() as served:
        yield served


@pytest.fixture
def world(tmp_path: Path, documents: Documents) -> World:
    return World(tmp_path, documents)


def dated(number: int, age: int, *, site: str = SITE, more: str = "") -> str:
    """Return an entry that its feed dates so many days before the start."""
    stated = f"<pubDate>{format_datetime(START - age * DAY)}</pubDate>{more}"
    return entry(number, link=f"{site}/{number}", more=stated)


def undated(number: int) -> str:
    return entry(number, more="")


def setting(world: World, number: int = 0, **settings: Any) -> None:  # noqa: ANN401 -- any setting
    """Have the operator change a feed's settings."""
    world.feeds[number] = replace(world.feeds[number], **settings)


def a_day_later(world: World) -> None:
    world.later(24)
    world.run()


def titles(world: World) -> set[str]:
    """Return what is published, after seeing that every place of the site agrees on it."""
    shown = {item.title for item in world.items()}
    pages = world.pages()
    for record in world.records().values():
        page = pages[item_page(record.host, record.id)]
        status = world.stores.site.head(item_page(record.host, record.id))
        assert status is not None
        if isinstance(record, Item):
            assert record.title in page
        else:
            assert status.metadata["status"] == "410"
    places = {(item.host, item.id) for item in world.items()}
    listed = [
        listing_of(world, key.removesuffix("feed.json")) for key in pages if "feed.json" in key
    ]
    for listing in listed:
        assert {(card.host, card.id) for card in listing.cards} <= places, listing.folder
    months = [listing for listing in listed if listing.month]
    assert {(card.host, card.id) for month in months for card in month.cards} == places
    for listing in listed:  # up to fifty items, the front and the latest show all that there is
        if listing.folder == FRONT:
            assert {host.host for host in listing.hosts} == {host for host, _ in places}
        elif not listing.month:
            own = {place for place in places if place[0] == listing.host}
            assert {(card.host, card.id) for card in listing.cards} == own
    return shown


def listing_of(world: World, folder: str) -> Listing:
    found = world.stores.site.get(f"{folder}feed.json")
    assert found is not None
    return read_listing(folder, found.content.body)


def entries(*numbers: int) -> set[str]:
    return {f"Entry {number}" for number in numbers}


def stones(world: World) -> list[Tombstone]:
    return [record for record in world.records().values() if isinstance(record, Tombstone)]


def looks(requests: Requests) -> list[str]:
    """Return the listings that were read."""
    return [key for method, key in requests.asked if method == "get" and key.endswith("feed.json")]


def test_items_go_when_they_are_older_than_the_operator_says(world: World) -> None:
    world.serve(rss(dated(1, 1), dated(2, 2), dated(3, 3)))
    setting(world, max_age=4 * DAY)
    world.run()
    assert titles(world) == entries(1, 2, 3)

    a_day_later(world)
    assert titles(world) == entries(1, 2, 3)  # the third is four days old, and not older
    a_day_later(world)
    assert titles(world) == entries(1, 2)
    a_day_later(world)
    assert titles(world) == entries(1)
    a_day_later(world)
    assert titles(world) == set()


def test_what_is_gone_says_so_and_that_nobody_asked_for_it(world: World) -> None:
    world.serve(rss(dated(1, 1)))
    setting(world, max_age=2 * DAY)
    world.run()
    (item,) = world.items()
    a_day_later(world)
    a_day_later(world)

    (stone,) = stones(world)
    assert stone == Tombstone(
        id=item.id,
        host=HOST,
        when=world.now,
        case="",
        ground=Ground.RETIRED,
        first_seen=item.first_seen,
    )
    summary = world.stores.archive.head(record_key(HOST, item.id))
    assert summary is not None
    assert dict(summary.metadata) == {
        "record": "tombstone",
        "host": HOST,
        "removed": world.now.isoformat().replace("+00:00", "Z"),
    }
    assert "Nobody asked for its removal" in world.pages()[item_page(HOST, item.id)]
    assert "There is nothing here at present" in world.pages()[f"{HOST}/index.html"]
    for folder in (FRONT, f"{HOST}/", f"{HOST}/2026-11/"):
        assert "at:deleted-entry" in world.pages()[f"{folder}feed.xml"]
    assert "Entry 1" not in "".join(world.pages().values())


def test_a_feed_that_reaches_back_ten_years_is_stored_as_far_as_it_is_kept(world: World) -> None:
    world.serve(rss(dated(1, 1), dated(2, 89), dated(3, 91), dated(4, 3650)))
    setting(world, max_age=90 * DAY)

    report = world.run()

    assert titles(world) == entries(1, 2)
    assert (report.created, report.retired) == (2, 0)
    assert not stones(world)
    for _ in range(3):
        a_day_later(world)
    assert titles(world) == entries(1)


def test_only_as_many_items_are_kept_as_the_operator_says(world: World) -> None:
    world.serve(rss(*(dated(number, number) for number in range(1, 6))))
    setting(world, max_items=3)
    report = world.run()
    assert titles(world) == entries(1, 2, 3)
    assert report.created == 3

    world.serve(rss(*(dated(number, number) for number in range(6))))
    a_day_later(world)
    assert titles(world) == entries(0, 1, 2)
    for _ in range(3):
        a_day_later(world)
        assert titles(world) == entries(0, 1, 2)


def test_an_undated_entry_that_was_left_out_is_not_new_once_it_is_edited(world: World) -> None:
    numbers = range(1, 6)
    world.serve(rss(*(undated(number) for number in numbers)))
    setting(world, max_items=3)
    world.run()
    kept = titles(world)
    assert len(kept) == 3
    world.serve(rss(*(undated(number).replace("Some", "Another") for number in numbers)))
    for _ in range(2):
        a_day_later(world)
        assert titles(world) == kept

    setting(world, max_items=4)
    a_day_later(world)
    assert len(titles(world)) == 4


def test_a_bound_that_is_set_later_holds_at_the_next_run_even_if_the_feed_is_down(
    world: World,
) -> None:
    world.serve(rss(*(dated(number, number) for number in range(1, 6))))
    world.run()
    world.documents.clear()
    setting(world, max_items=2)
    world.later(0.1)
    report = world.run(at_once=False)

    assert titles(world) == entries(1, 2)
    assert (report.polled, report.retired) == (0, 3)


def test_what_was_beyond_a_bound_comes_back_as_old_as_it_was_when_the_bound_is_loosened(
    world: World,
) -> None:
    world.serve(rss(undated(1), dated(2, 20), dated(3, 40)))
    setting(world, max_age=30 * DAY)
    world.run()
    assert titles(world) == entries(1, 2)
    first = {item.title: item.first_seen for item in world.items()}
    for _ in range(31):
        a_day_later(world)
    assert titles(world) == set()

    setting(world, max_age=60 * DAY)
    a_day_later(world)
    assert titles(world) == entries(1, 2)  # the third is over sixty days old by now
    assert {item.title: item.first_seen for item in world.items()} == first

    setting(world, max_age=None)
    a_day_later(world)
    assert titles(world) == entries(1, 2, 3)


def test_an_entry_without_a_date_is_not_brought_again_once_it_has_gone(world: World) -> None:
    world.serve(rss(undated(1), undated(2)))
    setting(world, max_age=2 * DAY)
    world.run()
    for _ in range(3):
        a_day_later(world)
    assert titles(world) == set()

    world.stores.archive.put(
        state_key(0),
        Content(b"lost", "text/plain"),
        replaces=world.stores.archive.head(state_key(0)).etag,  # type: ignore[union-attr]  # it is there
    )
    world.serve(rss(undated(1), undated(2).replace("Some text", "Another text")))
    a_day_later(world)
    assert titles(world) == set()


@pytest.mark.parametrize(
    ("ended", "left"), [(Ended.STAY, (1, 2)), (Ended.LINKS, (1, 2)), (Ended.GO, ())]
)
def test_a_feed_that_has_ended_is_polled_no_more_and_its_items_stay_or_not(
    world: World, ended: Ended, left: tuple[int, ...]
) -> None:
    url = world.serve(rss(dated(1, 1), dated(2, 2)))
    world.run()
    asked = len(world.publisher.seen)
    setting(world, ended=ended)
    world.later()
    world.run()

    assert titles(world) == entries(*left)
    for item in world.items():
        whole = ended is Ended.STAY
        assert ("Some text." in world.pages()[item_page(HOST, item.id)]) is whole
        assert bool(item.content_html and item.summary) is whole
        assert item.attribution.feed.url == url
    whole = ended is Ended.STAY
    assert ("Some text." in world.pages()[f"{HOST}/feed.xml"]) is whole
    assert ("Some text." in world.pages()["feed.json"]) is whole
    a_day_later(world)
    assert len(world.publisher.seen) == asked


def test_a_link_is_what_the_feed_would_have_been_stored_as(world: World) -> None:
    world.serve(rss(dated(1, 1)))
    world.run()
    setting(world, ended=Ended.LINKS)
    world.run()
    (ended,) = world.items()

    setting(world, ended=None, publish=Publish.LINK)
    a_day_later(world)
    (stored,) = world.items()

    assert replace(ended, revisions=stored.revisions) == stored


@pytest.mark.parametrize("ended", list(Ended))
def test_a_feed_that_is_taken_up_again_brings_back_what_it_still_has(
    world: World, ended: Ended
) -> None:
    world.serve(rss(dated(1, 1), dated(2, 2)))
    world.run()
    before = world.items()
    setting(world, ended=ended)
    for _ in range(3):
        a_day_later(world)
    world.serve(rss(dated(1, 1)))

    setting(world, ended=None)
    a_day_later(world)

    found = {item.title: item.content_html for item in world.items()}
    assert found["Entry 1"] == before[0].content_html
    assert titles(world) == entries(1) if ended is Ended.GO else entries(1, 2)


def test_of_several_feeds_of_a_host_only_what_the_ended_one_brought_goes(world: World) -> None:
    world.serve(rss(dated(1, 1), dated(2, 2)), "/a")
    world.serve(rss(dated(3, 3), dated(4, 4)), "/b")
    world.run()
    setting(world, ended=Ended.GO)
    world.run()
    assert titles(world) == entries(3, 4)

    setting(world, 1, ended=Ended.GO)
    world.run()
    assert titles(world) == set()


def test_what_another_feed_of_the_host_offers_as_well_is_its_own_from_then_on(
    world: World,
) -> None:
    world.serve(rss(dated(1, 1), dated(2, 2)), "/a")
    other = world.serve(rss(dated(2, 2), dated(3, 3)), "/b")
    world.run()
    setting(world, ended=Ended.GO)
    world.later()
    world.run()
    world.later()
    world.run()

    assert titles(world) == entries(2, 3)
    assert {item.attribution.feed.url for item in world.items()} == {other}
    for _ in range(3):
        a_day_later(world)
    assert titles(world) == entries(2, 3)


def test_what_a_feed_brought_under_another_address_is_within_its_bounds_as_well(
    world: World,
) -> None:
    world.serve(rss(*(dated(number, number) for number in range(1, 6))), "/rss")
    world.run()
    url = world.serve(rss(dated(1, 1), dated(2, 2), dated(3, 3)), "/feed")
    del world.feeds[0]
    a_day_later(world)
    offered = {item.title for item in world.items() if item.attribution.feed.url == url}
    assert offered == entries(1, 2, 3)
    a_day_later(world)
    seen = world.watch()
    world.later()
    world.run()
    assert seen.done == [state_key(0)]  # it is taken over once

    setting(world, max_items=4)
    a_day_later(world)
    assert titles(world) == entries(1, 2, 3, 4)
    setting(world, max_items=None, ended=Ended.LINKS)
    a_day_later(world)
    assert not [item for item in world.items() if item.content_html]
    setting(world, ended=Ended.GO)
    a_day_later(world)
    assert titles(world) == set()


def test_what_no_configured_feed_brought_stays_where_a_host_has_several(world: World) -> None:
    for number in (1, 2, 3):
        world.serve(rss(dated(number, number)), f"/{number}")
    world.run()
    del world.feeds[0]
    setting(world, 0, ended=Ended.GO)
    setting(world, 1, ended=Ended.GO)
    a_day_later(world)

    assert titles(world) == entries(1)


def test_a_host_that_has_more_than_its_latest_shows_is_shown_further_back(world: World) -> None:
    world.serve(rss(*(dated(number, number) for number in range(60))), "/a")
    world.serve(rss(*(dated(number, number) for number in range(60, 70))), "/b")
    world.run()
    assert len(listing_of(world, f"{HOST}/").cards) == 50
    setting(world, ended=Ended.GO)
    world.run()

    assert titles(world) == entries(*range(60, 70))


def test_a_host_of_which_nothing_is_left_leaves_the_front(world: World) -> None:
    world.serve(rss(dated(1, 1)))
    world.serve(rss(dated(2, 1, site="https://b.example.org")), "/b", site="https://b.example.org")
    world.run()
    setting(world, ended=Ended.GO)
    world.run()

    assert [host.host for host in listing_of(world, FRONT).hosts] == ["b.example.org"]
    assert HOST not in world.pages()["index.html"]
    assert titles(world) == entries(2)


def test_a_host_whose_latest_is_empty_and_whose_months_are_not_stays_on_the_front(
    world: World,
) -> None:
    world.serve(rss(dated(1, 1)))
    world.run()
    (item,) = world.items()
    world.later()
    jobs = world.jobs()
    publisher = jobs.wide.publisher
    opened = publisher.open({f"{HOST}/"}).by_folder[f"{HOST}/"]
    gone = Buried(item.id, HOST, world.now)
    assert publisher.put_listing(opened, opened.listing.updated_with((), [gone]), ("2026-11",))

    assert jobs.wide.put([Place(world.now, HOST, HOST, item.id, gone=True)]) == ""
    assert [host.host for host in listing_of(world, FRONT).hosts] == [HOST]


def test_a_site_that_is_missing_is_looked_at_once_it_is_there_again(world: World) -> None:
    world.serve(rss(dated(1, 1)))
    world.run()
    whole, missing = world.stores, replace(world.stores, site=MemoryStore())
    world.stores = missing
    setting(world, ended=Ended.GO)
    a_day_later(world)
    a_day_later(world)
    assert len(world.items()) == 1

    world.stores = whole
    a_day_later(world)
    assert titles(world) == set()


@pytest.mark.parametrize("by_queue", [False, True])
def test_what_goes_leaves_the_front_also_where_shards_are_handed_out(
    world: World, *, by_queue: bool
) -> None:
    world.mirror, world.by_queue = replace(world.mirror, shards=3), by_queue
    for number in range(4):
        site = f"https://h{number}.example.org"
        world.serve(rss(dated(number, 1, site=site)), f"/{number}", site=site)
    world.run()
    setting(world, 0, ended=Ended.GO)
    setting(world, 1, max_age=2 * DAY)
    world.run()
    assert titles(world) == entries(1, 2, 3)

    world.later(48)
    world.run(at_once=False)
    assert titles(world) == entries(2, 3)


def test_an_ended_feed_is_handed_out_until_all_is_done_and_then_left_alone(world: World) -> None:
    world.mirror, world.by_queue = replace(world.mirror, shards=2), True
    world.serve(rss(dated(1, 1)))
    world.run()
    setting(world, ended=Ended.GO)
    world.run()
    assert titles(world) == set()
    world.later(25)
    world.run(at_once=False)
    world.later(25)

    assert world.dispatch().dispatched == 0


def test_a_feed_without_bounds_is_not_looked_at(world: World) -> None:
    world.serve(rss(dated(1, 1)))
    world.run()
    world.later(48)
    seen = world.watch()
    world.run()

    assert not looks(seen)


def test_a_look_costs_a_listing_a_month_and_one_write_a_day(world: World) -> None:
    world.serve(rss(dated(1, 1)))
    setting(world, max_age=90 * DAY)
    world.run()
    for hours in (2, 2, 24):
        world.later(hours)
        seen = world.watch()
        world.run()
        whole = hours == 24
        assert looks(seen) == ([f"{HOST}/feed.json", f"{HOST}/2026-11/feed.json"] if whole else [])
        assert seen.done == [state_key(0)] * (2 if whole else 1)


def test_of_an_ended_feed_nothing_is_asked_once_all_is_done(world: World) -> None:
    world.serve(rss(dated(1, 1)))
    world.run()
    setting(world, ended=Ended.GO)
    world.run()
    a_day_later(world)
    world.later(48)
    seen = world.watch()
    world.run()

    assert not looks(seen)
    assert not seen.done
    # What a takedown had hidden may have been put back since.
    world.later(24 * 30)
    world.run()
    assert looks(seen)


def test_time_that_runs_out_leaves_the_rest_to_the_next_run(world: World) -> None:
    world.serve(rss(*(dated(number, number) for number in range(5))))
    world.run()
    setting(world, ended=Ended.GO)
    world.later()
    world.run(time_left=timedelta(seconds=10))
    assert titles(world) == entries(*range(5))

    world.later(0.1)
    world.run()
    assert titles(world) == set()


class CrashError(BaseException):
    """The process dies: no handler of ours may catch it."""


def about_to_lose_some(folder: Path, documents: Documents) -> World:
    """Return a mirror of three feeds: two end, one of which shares an item with the third."""
    folder.mkdir()
    world = World(folder, documents)
    world.serve(rss(dated(1, 1), dated(2, 2)), "/a")
    world.serve(rss(dated(2, 2), dated(3, 3), dated(4, 40)), "/b")
    site = "https://c.example.org"
    world.serve(rss(dated(5, 2, site=site)), "/c", site=site)
    world.run()
    setting(world, 0, ended=Ended.GO)
    setting(world, 1, max_age=30 * DAY)
    setting(world, 2, ended=Ended.GO)
    world.later()
    world.watch()
    return world


@pytest.mark.timeout(240)
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("happens", ["crash", "a second run"])
def test_whatever_happens_while_items_go_the_same_is_left(
    tmp_path: Path, documents: Documents, happens: str, when: str
) -> None:
    undisturbed = about_to_lose_some(tmp_path / "undisturbed", documents)
    undisturbed.run()
    for call in walk(len(undisturbed.requests.asked), when):
        world = about_to_lose_some(tmp_path / f"{call}", documents)

        def at_call(method: str, key: str, world: World = world, call: int = call) -> None:
            if len(world.requests.asked) == call:
                world.requests.before = world.requests.after = lambda *_: None
                if happens == "crash":
                    raise CrashError(f"{method} {key}")
                world.run()

        setattr(world.requests, when, at_call)
        with suppress(CrashError):
            world.run()
        world.later()
        world.run()
        world.later()
        world.run()
        assert titles(world) == entries(2, 3), f"{happens} {when} call {call}"
        assert {item.attribution.feed.url for item in world.items()} == {world.feeds[1].url}


def test_what_is_handed_over_is_not_lost_if_a_run_dies_as_soon_as_it_is_gone(
    world: World,
) -> None:
    world.serve(rss(dated(1, 1), dated(2, 2)), "/a")
    world.serve(rss(dated(2, 2), dated(3, 3)), "/b")
    world.run()
    setting(world, ended=Ended.GO)
    world.later()

    def die(method: str, key: str) -> None:
        if (method, key) == ("put", f"{HOST}/2026-11/feed.json"):
            raise CrashError

    world.requests.after = die
    with pytest.raises(CrashError):
        world.run()
    world.requests.after = lambda *_: None
    for _ in range(2):
        world.later()
        world.run()

    assert titles(world) == entries(2, 3)


def test_what_is_handed_over_to_a_feed_that_another_run_polls_is_read_again_all_the_same(
    world: World,
) -> None:
    url = world.serve(rss(dated(1, 1), dated(2, 2)))
    world.run()
    world.later()
    states = world.jobs().shard.states
    lease = states.lease(0, at_once=None, time_left=lambda: DAY)
    polled = lease.state.feeds[url]
    first, second = polled.entries
    states.note(0, {url: Note(again=frozenset({first}))})
    states.save(lease, Learnt({url: replace(polled, title="Polled")}), whole=True)

    saved = states.objects.read(0)[0].feeds[url]
    assert saved.title == "Polled"
    assert not saved.entries[first].fingerprint
    assert saved.entries[second] == polled.entries[second]
    assert (saved.etag, saved.body_hash) == (None, "")


def test_a_look_at_links_that_no_run_has_time_for_ends_and_holds_no_other_feed_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feedmirror.jobs.retire._BATCH", 5)
    other = "https://b.example.net"
    world.serve(rss(*(dated(number, number) for number in range(30))), "/a")
    world.serve(rss(dated(30, 1, site=other)), "/b", site=other)
    world.run()
    setting(world, 0, ended=Ended.LINKS)
    setting(world, 1, ended=Ended.GO)
    left = []
    for _ in range(4):
        world.later(0.2)
        seen = world.watch()

        def time_left(seen: Requests = seen) -> timedelta:
            """Leave a run time for ten records."""
            read = sum(key.startswith("items/") for method, key in seen.asked if method == "get")
            return timedelta(hours=1) if read < 10 else timedelta(seconds=1)

        world.jobs().whole().run(time_left=time_left, at_once=False)
        whole = sum(bool(item.content_html) for item in world.items() if item.host == HOST)
        left.append((whole, "Entry 30" in {item.title for item in world.items()}))

    assert left == [(20, True), (10, False), (0, False), (0, False)]


def test_what_is_a_link_already_is_neither_read_nor_put_again_nor_handed_over(
    world: World,
) -> None:
    world.serve(rss(*(dated(number, number) for number in range(1, 9))), "/a")
    world.serve(rss(*(dated(number, number) for number in range(1, 9))), "/b")
    setting(world, 1, publish=Publish.LINK)
    world.run()
    setting(world, 0, ended=Ended.LINKS, max_age=1000 * DAY)
    for _ in range(3):
        a_day_later(world)
    world.later(24)
    seen, asked = world.watch(), len(world.publisher.seen)
    world.run()

    assert not [key for _, key in seen.asked if key.startswith("items/")]
    assert seen.done == [state_key(0)] * 2
    (poll,) = world.publisher.seen[asked:]
    assert poll.header("if-none-match")


@pytest.mark.parametrize("ended", [Ended.LINKS, Ended.GO])
def test_the_front_shows_what_became_of_items_also_if_the_run_died_behind_their_listings(
    world: World, ended: Ended
) -> None:
    world.serve(rss(dated(1, 1), dated(2, 2)))
    world.run()
    setting(world, ended=ended)
    world.later(25)

    def die(method: str, key: str) -> None:
        if (method, key) == ("put", "index.html"):
            raise CrashError

    world.requests.before = die
    with pytest.raises(CrashError):
        world.run()
    world.requests.before = lambda *_: None
    assert "Some text." in world.pages()["feed.json"]
    for _ in range(2):
        a_day_later(world)

    assert "Some text." not in "".join(world.pages().values())
    assert titles(world) == (entries(1, 2) if ended is Ended.LINKS else set())


def test_the_front_forgets_what_a_later_look_took_that_died_over_it(world: World) -> None:
    world.serve(rss(dated(1, 1), dated(2, 2)))
    setting(world, max_age=4.5 * DAY)
    world.run()
    a_day_later(world)
    a_day_later(world)

    def die(method: str, key: str) -> None:
        if (method, key) == ("put", "index.html"):
            raise CrashError

    world.later(24)
    world.requests.before = die
    with pytest.raises(CrashError):
        world.run()
    world.requests.before = lambda *_: None
    world.later()
    world.run()

    assert titles(world) == entries(1)


@pytest.mark.parametrize("ended", [Ended.GO, Ended.LINKS])
def test_under_a_rule_that_cannot_be_read_nothing_of_its_host_is_put(
    world: World, ended: Ended
) -> None:
    world.serve(rss(dated(1, 1), dated(2, 2)))
    world.run()
    key = f"{suppressions_prefix(HOST)}of-another-version.json"
    newer = Content(b'{"schema": 9}', "application/json")
    world.stores.ledger.put(key, newer, replaces=None)
    setting(world, ended=ended)
    seen = world.watch()
    world.run()

    assert set(seen.done) == {state_key(0)}
    assert titles(world) == entries(1, 2)


def test_a_takedown_is_not_replaced_and_what_it_covers_does_not_come_back(world: World) -> None:
    world.serve(rss(dated(1, 1), dated(2, 2)))
    world.run()
    rule = world.suppress(a_rule(address_key(f"{SITE}/1"), when=START))
    (first, _) = world.items()
    stone = Tombstone(
        id=first.id, host=HOST, when=START, case="case-1", ground=Ground.LEGAL, rules=(rule,)
    )
    key = record_key(HOST, first.id)
    found = world.stores.archive.get(key)
    assert found is not None
    world.stores.archive.put(
        key, Content(record_to_json(stone, "ff"), "application/json"), replaces=found.etag
    )
    setting(world, ended=Ended.GO)
    world.later()
    world.run()
    assert world.records()[key] == stone

    setting(world, ended=None)
    a_day_later(world)
    assert world.records()[key] == stone
    assert {item.title for item in world.items()} == entries(2)


@pytest.fixture
def desk(tmp_path: Path, documents: Documents) -> TakedownWorld:
    """A mirror of two stories, whose feed ends, and whoever writes to it."""
    world = TakedownWorld(tmp_path, documents)
    world.serve(rss(dated(1, 1), dated(2, 2)))
    world.run()
    return world


def ask_for(world: TakedownWorld, what: str, *, sender: str = "ann@news.example.com") -> Case:
    return world.write(f"Please take down {what} now and in the future.", sender=sender)


def hour(world: TakedownWorld) -> None:
    world.takedowns().hour(time_left=lambda: world.time_left)


@pytest.mark.parametrize("by", ["its original", "its page here", "the whole site"])
def test_what_has_gone_can_still_be_taken_down_for_good(desk: TakedownWorld, by: str) -> None:
    item = next(item for item in desk.items() if item.title == "Entry 1")
    setting(desk, ended=Ended.GO)
    desk.run()
    wish = {
        "its original": f"{SITE}/1",
        "its page here": f"https://mirror.example.org/{HOST}/{item.id}/",
        "the whole site": f"our whole site {HOST}",
    }[by]
    sender = "webmaster@news.example.com" if by == "the whole site" else "ann@news.example.com"
    case = ask_for(desk, wish, sender=sender)

    stone = desk.records()[record_key(HOST, item.id)]
    assert isinstance(stone, Tombstone)
    assert (stone.case, stone.ground) == (case.id, Ground.PUBLISHER)
    assert stone.rules
    assert stone.first_seen == item.first_seen
    setting(desk, ended=None)
    a_day_later(desk)
    assert "Entry 1" not in titles(desk)
    assert desk.audit().run().findings == ()


def test_what_had_gone_when_it_was_masked_is_not_kept_away_by_a_mask_that_has_lapsed(
    desk: TakedownWorld,
) -> None:
    setting(desk, ended=Ended.GO)
    desk.run()
    case = ask_for(desk, f"{SITE}/1", sender="x@rival-legal.example")
    assert desk.case(case).state is State.MASKED
    for _ in range(16):
        desk.later(24)
        hour(desk)
    assert desk.case(case).state is State.LAPSED
    desk.run()
    assert titles(desk) == set()

    setting(desk, ended=None)
    a_day_later(desk)
    assert titles(desk) == entries(1, 2)


@pytest.mark.parametrize("ends", ["refused", "lapsed", "restored"])
def test_what_had_gone_before_it_was_taken_down_says_so_again_once_that_is_undone(
    desk: TakedownWorld, ends: str
) -> None:
    setting(desk, ended=Ended.GO)
    desk.run()
    before = desk.records()
    pages = {key: page for key, page in desk.pages().items() if key.count("/") == 2}
    stranger = "x@rival-legal.example"
    case = ask_for(
        desk, f"{SITE}/1", sender="ann@news.example.com" if ends == "restored" else stranger
    )
    assert desk.records() != before
    if ends == "refused":
        desk.takedowns().refuse(desk.case(case))
    elif ends == "restored":
        desk.takedowns().restore(desk.case(case))
    else:
        for _ in range(16):
            desk.later(24)
            hour(desk)
    assert desk.case(case).state.value == ends

    assert desk.records() == before
    for key, page in pages.items():
        assert without_nonce(desk.pages()[key].encode()) == without_nonce(page.encode()), key
    assert titles(desk) == set()
    assert desk.audit().run().findings == ()


def test_an_undated_entry_that_had_gone_is_not_new_once_a_mask_over_it_has_lapsed(
    desk: TakedownWorld,
) -> None:
    desk.serve(rss(undated(7)), "/undated")
    setting(desk, 1, max_age=2 * DAY)
    desk.run()
    for _ in range(3):
        a_day_later(desk)
    assert "Entry 7" not in titles(desk)
    case = ask_for(desk, f"{SITE}/7", sender="x@rival-legal.example")
    for _ in range(18):
        a_day_later(desk)
        hour(desk)
        assert "Entry 7" not in titles(desk)
    assert desk.case(case).state is State.LAPSED

    desk.serve(rss(undated(7).replace("Some text", "Another text")), "/undated")
    a_day_later(desk)
    assert "Entry 7" not in titles(desk)


def test_what_a_mask_gives_back_after_its_feed_has_ended_goes_within_the_month(
    desk: TakedownWorld,
) -> None:
    case = ask_for(desk, f"{SITE}/1", sender="x@rival-legal.example")
    assert desk.case(case).state is State.MASKED
    setting(desk, ended=Ended.GO)
    for _ in range(16):
        a_day_later(desk)
        hour(desk)
    assert desk.case(case).state is State.LAPSED
    assert titles(desk) == entries(1)

    for _ in range(16):
        a_day_later(desk)
    assert titles(desk) == set()


def test_restoring_a_case_again_does_not_bring_back_what_has_gone_since(
    desk: TakedownWorld,
) -> None:
    case = ask_for(desk, f"{SITE}/1")
    assert titles(desk) == entries(2)
    desk.takedowns().restore(desk.case(case))
    assert titles(desk) == entries(1, 2)
    setting(desk, ended=Ended.GO)
    desk.run()
    desk.takedowns().restore(desk.case(case))
    hour(desk)

    assert titles(desk) == set()
    assert desk.audit().run().findings == ()


def test_the_public_log_does_not_tell_of_what_the_operator_let_go(desk: TakedownWorld) -> None:
    before = without_nonce(desk.pages()["removed/index.html"].encode())
    setting(desk, ended=Ended.GO)
    desk.run()
    hour(desk)

    assert without_nonce(desk.pages()["removed/index.html"].encode()) == before


def test_an_audit_while_items_go_notes_them_and_finds_nothing(desk: TakedownWorld) -> None:
    setting(desk, ended=Ended.GO)
    desk.later()
    seen = desk.watch()
    records = [record_key(item.host, item.id) for item in desk.items()]
    reports = []

    def audited(method: str, key: str) -> None:
        if method == "put" and key in records:
            reports.append(desk.audit().run())

    seen.after = audited
    desk.run()
    seen.after = lambda *_: None

    assert len(reports) == 2
    assert all(report.is_clean and report.notes[audit_report.Note.RETIRING] for report in reports)
    report = desk.audit().run()
    assert report.is_clean
    assert audit_report.Note.RETIRING not in report.notes


def test_a_listing_that_is_damaged_is_made_anew_from_the_records(world: World) -> None:
    world.serve(rss(dated(1, 1), dated(2, 2)))
    world.run()
    for folder in (f"{HOST}/", f"{HOST}/2026-11/"):
        key = f"{folder}feed.json"
        etag = world.stores.site.head(key).etag  # type: ignore[union-attr]  # it is there
        world.stores.site.put(key, Content(b"{", "application/feed+json"), replaces=etag)
    setting(world, ended=Ended.GO)
    world.run()

    assert titles(world) == set()


def test_only_feeds_that_are_polled_are_in_the_opml(world: World) -> None:
    world.serve(rss(dated(1, 1)), "/a")
    world.serve(rss(dated(2, 1)), "/b")
    world.run()
    setting(world, ended=Ended.STAY)
    world.mirror = replace(world.mirror, shards=1)
    jobs = world.jobs()
    jobs.wide.publisher.put_fixed_pages(jobs.wide.feeds)

    assert "/b" in world.pages()["opml.xml"]
    assert "/a" not in world.pages()["opml.xml"]


@pytest.mark.parametrize("elsewhere", ["", "https://blog.example.net"])
@pytest.mark.parametrize("first", ["is shown", "has gone", "was taken down"])
def test_all_of_an_author_is_found_by_one_article_also_if_that_is_there_no_more(
    tmp_path: Path, documents: Documents, first: str, elsewhere: str
) -> None:
    desk = TakedownWorld(tmp_path, documents)
    ann, bob = (f"<dc:creator>{name}</dc:creator>" for name in ("Ann Author", "Bob"))
    site = elsewhere or SITE
    desk.serve(rss(dated(1, 9, site=site, more=ann), dated(2, 2, more=ann), dated(3, 1, more=bob)))
    desk.run()
    if first == "has gone":
        setting(desk, max_items=2)
        desk.run()
    elif first == "was taken down":
        assert desk.case(ask_for(desk, f"{site}/1")).state in {State.REMOVED, State.MASKED}
    assert ("Entry 1" in titles(desk)) is (first == "is shown")

    wish = f"Please remove all my articles, such as {site}/1, from your mirror, now and later."
    case = desk.case(desk.write(wish, sender="webmaster@news.example.com"))

    assert case.state is State.MASKED
    assert titles(desk) == entries(3)
