"""A run of the mirror, with something else happening at each of its store calls (design §4).

The takedown here is the other half of the protocol in its plainest form: rule, then markers, then
tombstones over every key concerned, whether it exists or not, whether it changed or not.
"""

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from builders import a_mirror, a_rule
from feedmirror.addresses import surt
from feedmirror.configuration import Ended
from feedmirror.layout import (
    FRONT,
    JSON,
    LISTING_FILES,
    SUPPRESSIONS,
    ItemId,
    host_folder,
    item_page,
    record_key,
    state_key,
)
from feedmirror.ports.object_store import Content, LostConditionError, ObjectStore
from feedmirror.publishing.listings import Buried, Listing, read_listing
from feedmirror.publishing.pages import Renderer
from feedmirror.records import Tombstone, object_metadata, record_to_json
from feedmirror.suppression import (
    Ground,
    RuleId,
    Scope,
    address_key,
    author_keys,
    host_key,
)
from walks import walk
from world import SITE, START, Documents, World, entry, rss

CANARY = "canary-text"
NONCES = (f"{number:032x}" for number in itertools.count())


@pytest.fixture
def worlds(tmp_path: Path, documents: Documents) -> Callable[[], World]:
    numbers = itertools.count()

    def make() -> World:
        folder = tmp_path / str(next(numbers))
        folder.mkdir()
        return World(folder, documents)

    return make


def overwrite(store: ObjectStore, key: str, content: Callable[[], Content]) -> None:
    """Overwrite a key whatever is there, retrying as often as its condition is lost."""
    while True:
        found = store.get(key)
        try:
            store.put(key, content(), replaces=found.etag if found else None)
        except LostConditionError:
            continue
        return


BY_ADDRESS = frozenset({address_key(f"{SITE}/1")})
BY_AUTHOR = author_keys("news.example.com", name="Bob")


def take_down(world: World, keys: frozenset[str]) -> None:
    """Remove for good what a rule with these keys covers."""
    rule = world.suppress(a_rule(*keys, when=START))
    prefix = f"addresses/{surt('news.example.com')}/"
    found = world.all(world.stores.archive, prefix)
    markers = {key: json.loads(body) for key, body in found.items()}
    concerned = {key: body for key, body in markers.items() if keys & set(body["subject"])}
    announced = {
        (host, ItemId(name.partition(".")[0]))
        for _, host, name in (key.removeprefix(prefix).split("/") for key in concerned)
    }
    folders = {
        page.removesuffix(JSON)
        for body in concerned.values()
        for page in body["pages"]
        if page.endswith(JSON)
    }
    for host, item in announced:
        entomb(world, host, item, rule)
        for folder in {*folders, host_folder(host), FRONT}:
            withdraw(world, folder, Buried(item, host, START))


def entomb(world: World, host: str, item: ItemId, rule: str) -> None:
    stone = Tombstone(
        id=item, host=host, when=START, case="case-1", ground=Ground.PUBLISHER, rules=(rule,)
    )

    def record() -> Content:
        body = record_to_json(stone, next(NONCES))
        return Content(body, "application/json", metadata=object_metadata(stone))

    def page() -> Content:
        document = Renderer(a_mirror()).tombstone_page(stone, nonce=next(NONCES))
        return Content(document.body, document.content_type, metadata=document.metadata)

    overwrite(world.stores.archive, record_key(host, item), record)
    overwrite(world.stores.site, item_page(host, item), page)


def withdraw(world: World, folder: str, gone: Buried) -> None:
    """Render a listing without the item, and overwrite its files also if nothing changed."""
    found = world.stores.site.get(folder + JSON)
    listing = read_listing(folder, found.content.body) if found else Listing(folder)
    rendered = Renderer(a_mirror()).listing(listing.updated_with((), [gone]), nonce=next(NONCES))
    for name in LISTING_FILES:
        document = rendered[name]
        overwrite(
            world.stores.site,
            folder + name,
            lambda document=document: Content(document.body, document.content_type),  # type: ignore[misc]  # binds the loop's value
        )


def readable(world: World) -> list[str]:
    """Return the keys under which the canary can be read."""
    stores = (world.stores.archive, world.stores.site)
    return [
        key
        for store in stores
        for key, body in world.all(store, "").items()
        if CANARY.encode() in body
    ]


def brought(world: World) -> None:
    """Publish the item for the first time."""
    world.serve(rss(entry(1, title=CANARY, text=CANARY), entry(2)))


def brought_by_the_queue(world: World) -> None:
    """Publish the item for the first time, to a mirror of several shards that are handed out."""
    world.mirror, world.by_queue = replace(world.mirror, shards=3), True
    brought(world)


def edited_by_the_queue(world: World) -> None:
    """Change the item between two runs of a mirror whose shards are handed out."""
    world.mirror, world.by_queue = replace(world.mirror, shards=3), True
    edited(world)


def edited(world: World) -> None:
    """Publish the item, mirror it, and change its text and its author."""
    world.serve(rss(entry(1, title=CANARY, text=CANARY), entry(2)))
    world.run()
    world.later()
    changed = entry(1, title=f"{CANARY} 2", text=CANARY, more="<dc:creator>Bob</dc:creator>")
    world.serve(rss(entry(3), changed, entry(2)))


def reauthored(world: World) -> None:
    """Publish the item, mirror it, and give it a text by another author."""
    world.serve(rss(entry(1), entry(2)))
    world.run()
    world.later()
    by_bob = entry(1, title=CANARY, text=CANARY, more="<dc:creator>Bob</dc:creator>")
    world.serve(rss(by_bob, entry(2)))


def forgotten(world: World) -> None:
    """Publish the item, mirror it, and lose the poll state, so that all is only confirmed."""
    brought(world)
    world.run()
    world.later()
    overwrite(world.stores.archive, state_key(0), lambda: Content(b"lost", "text/plain"))


def at_each_call(
    worlds: Callable[[], World],
    begin: Callable[[World], None],
    when: str,
) -> Iterator[tuple[World, Callable[[Callable[[], object]], None]]]:
    """Yield a world for each call of its run, and what runs it with something else in between."""
    measured = worlds()
    begin(measured)
    measured.watch()
    measured.run()
    for call in walk(len(measured.requests.asked), when):
        world = worlds()
        begin(world)
        world.watch()

        def disturb(
            something: Callable[[], object], world: World = world, call: int = call
        ) -> None:
            def hook(*_: str) -> None:
                if len(world.requests.asked) == call:
                    world.requests.before = world.requests.after = lambda *_: None
                    something()

            setattr(world.requests, when, hook)
            world.run()

        yield world, disturb


@pytest.mark.timeout(240)
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("begin", "keys"),
    [
        (brought, BY_ADDRESS),
        (edited, BY_ADDRESS),
        (brought_by_the_queue, BY_ADDRESS),
        (edited_by_the_queue, BY_ADDRESS),
        (forgotten, BY_ADDRESS),
        (reauthored, BY_AUTHOR),
    ],
)
def test_what_is_taken_down_during_a_run_is_not_readable_after_it(
    worlds: Callable[[], World],
    begin: Callable[[World], None],
    keys: frozenset[str],
    when: str,
) -> None:
    for world, disturb in at_each_call(worlds, begin, when):
        disturb(lambda world=world: take_down(world, keys))  # type: ignore[misc]  # binds the loop's value

        assert readable(world) == []
        world.later()
        world.run()
        assert readable(world) == []
        assert "Entry 2" in world.pages()["feed.json"]
        assert list(world.stores.ledger.list(SUPPRESSIONS))


def ended(world: World) -> None:
    """Publish the item, mirror it, and let it go with all that its feed has brought."""
    brought(world)
    world.run()
    world.later()
    world.feeds[0] = replace(world.feeds[0], ended=Ended.GO)


def become_links(world: World) -> None:
    """Publish the item, mirror it, and leave no more than its title and link."""
    ended(world)
    world.feeds[0] = replace(world.feeds[0], ended=Ended.LINKS)


def taken_up_again(world: World) -> None:
    """Let the item go, and want it back."""
    ended(world)
    world.run()
    world.later()
    world.feeds[0] = replace(world.feeds[0], ended=None)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("begin", [ended, become_links, taken_up_again])
def test_no_takedown_is_lost_to_what_the_operator_lets_go_or_wants_back(
    worlds: Callable[[], World], begin: Callable[[World], None], when: str
) -> None:
    for world, disturb in at_each_call(worlds, begin, when):
        disturb(lambda world=world: take_down(world, BY_ADDRESS))  # type: ignore[misc]  # binds the loop's value
        assert readable(world) == []

        for choice in (world.feeds[0].ended, None):
            world.feeds[0] = replace(world.feeds[0], ended=choice)
            world.later(25)
            world.run()
            assert readable(world) == []
        (stone,) = (found for found in world.records().values() if isinstance(found, Tombstone))
        assert (stone.ground, bool(stone.rules)) == (Ground.PUBLISHER, True)
        assert "Entry 2" in world.pages()["feed.json"]


@pytest.mark.timeout(240)
@pytest.mark.parametrize("begin", [brought, edited, forgotten, edited_by_the_queue])
def test_two_runs_at_once_end_where_one_would(
    worlds: Callable[[], World], begin: Callable[[World], None]
) -> None:
    alone = worlds()
    begin(alone)
    alone.run()
    expected = {item.title for item in alone.items()}

    for world, disturb in at_each_call(worlds, begin, "before"):
        disturb(world.run)
        world.later()
        world.run()

        assert {item.title for item in world.items()} == expected
        shown = read_listing(FRONT, world.pages()["feed.json"].encode())
        assert {card.title for card in shown.cards} == expected
        for item in world.items():
            assert item.title in world.pages()[item_page(item.host, item.id)]


def renamed(world: World) -> None:
    """Change the link of what is taken down, under the guid that is known."""
    world.serve(rss(entry(1, link=f"{SITE}/1-renamed", title=CANARY, text=CANARY), entry(2)))


def edited_again(world: World) -> None:
    """Edit what is taken down, by its present author and at its present link."""
    world.serve(rss(entry(1, link=f"{SITE}/moved", title=f"{CANARY} 3", text=CANARY), entry(2)))


def test_what_was_taken_down_by_one_claim_does_not_return_by_another(
    worlds: Callable[[], World],
) -> None:
    world = worlds()
    brought(world)
    world.run()
    take_down(world, BY_ADDRESS)
    world.later()
    renamed(world)
    world.run()
    assert readable(world) == []

    world = worlds()
    brought(world)
    world.run()
    world.later()
    world.serve(rss(entry(1, link=f"{SITE}/moved", title=CANARY, text=CANARY), entry(2)))
    world.run()
    take_down(world, BY_ADDRESS)  # the address that it had before
    world.later()
    edited_again(world)
    world.run()
    assert readable(world) == []


def test_what_a_second_feed_says_of_the_author_takes_the_item_down_for_good(
    worlds: Callable[[], World],
) -> None:
    world = worlds()
    brought(world)
    by_bob = entry(1, title=CANARY, text=CANARY, more="<dc:creator>Bob</dc:creator>")
    world.serve(rss(by_bob), "/second")
    world.run()
    take_down(world, BY_AUTHOR)
    assert readable(world) == []
    world.later()
    world.serve(rss(entry(1, title=f"{CANARY} 2", text=CANARY), entry(2)))
    world.run()

    assert readable(world) == []


def test_a_rule_at_a_host_that_the_item_no_longer_names_still_holds_it(
    worlds: Callable[[], World],
) -> None:
    world = worlds()
    brought(world)
    moved = entry(1, link="https://other.example.org/1", title=CANARY, text=CANARY)
    world.run()
    (item,) = (found for found in world.items() if found.title == CANARY)
    old = world.suppress(
        a_rule(host_key("old.example.net"), host="old.example.net", scope=Scope.HOST)
    )
    entomb(world, item.host, item.id, old)
    for folder in ("news.example.com/", "news.example.com/2026-11/", FRONT):
        withdraw(world, folder, Buried(item.id, item.host, START))
    overwrite(world.stores.site, item_page(item.host, item.id), lambda: Content(b"gone", "x"))
    world.serve(rss(moved, entry(2)))
    world.later()
    world.run()
    assert readable(world) == []

    world.lift(old)
    world.later()
    world.run()
    assert readable(world) != []


def test_a_tombstone_of_two_rules_stands_until_both_are_lifted(
    worlds: Callable[[], World],
) -> None:
    world = worlds()
    brought(world)
    world.run()
    (item,) = (found for found in world.items() if found.title == CANARY)
    rules = [
        world.suppress(a_rule("nothing present", id=RuleId(name), case=name)) for name in ("a", "b")
    ]
    stone = Tombstone(
        id=item.id,
        host=item.host,
        when=START,
        case="b",
        ground=Ground.PUBLISHER,
        rules=tuple(rules),
    )
    key = record_key(item.host, item.id)
    overwrite(
        world.stores.archive, key, lambda: Content(record_to_json(stone, "ff"), "application/json")
    )
    world.lift(rules[1])
    world.later()
    world.run()
    assert isinstance(world.records()[key], Tombstone)

    world.lift(rules[0])
    world.later()
    world.run()
    assert not isinstance(world.records()[key], Tombstone)


def test_a_takedown_while_the_front_is_made_is_not_undone_by_it(
    worlds: Callable[[], World],
) -> None:
    by_guid = frozenset({address_key("https://origin.example.net/1")})

    def announced_by_guid(world: World) -> None:
        guid = "https://origin.example.net/1"
        world.serve(rss(entry(1, guid=guid, title=CANARY, text=CANARY), entry(2)))

    for world, disturb in at_each_call(worlds, announced_by_guid, "before"):
        disturb(lambda world=world: take_down(world, by_guid))  # type: ignore[misc]  # binds the loop's value

        assert not [key for key in readable(world) if "/" not in key]
