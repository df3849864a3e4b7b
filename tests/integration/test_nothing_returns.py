"""What a mail has taken down does not come back, under whatever name (promise P1).

Each takedown is a mail through the real jobs; then the publisher, or somebody who carries the
publisher's items, brings the same thing again in every other way that a feed can.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from feedmirror.configuration import FeedSettings
from feedmirror.records import Item, Tombstone
from takedown_world import TakedownWorld
from world import SITE, Documents, entry, rss

CANARY = "canary-words"
TEXT = f"{CANARY} " + "and more of what the story tells. " * 12
BY_ANN = "<dc:creator>Ann Author</dc:creator>"
BY_BOB = "<dc:creator>Bob Beta</dc:creator>"


@pytest.fixture
def world(tmp_path: Path, documents: Documents) -> TakedownWorld:
    return TakedownWorld(tmp_path, documents)


def readable(world: TakedownWorld) -> list[str]:
    """Return the keys of archive and site under which the canary can be read."""
    return [
        key
        for store in (world.stores.archive, world.stores.site)
        for key, body in world.all(store, "").items()
        if CANARY.encode() in body and not key.startswith("config/")
    ]


def canary(**changes: str) -> str:
    """Return the entry that is taken down, or the same in another guise."""
    told = {"title": CANARY, "text": TEXT, "more": BY_ANN, **changes}
    return entry(1, **told)


def publish(world: TakedownWorld, *entries: str) -> None:
    """Publish entries in the site's feed and mirror them."""
    world.serve(rss(*entries, entry(2, more=BY_BOB)))
    world.later()
    world.run()


def planet(world: TakedownWorld, *entries: str) -> None:
    """Publish entries in a planet's feed, which is another site's, and mirror them."""
    world.serve(rss(*entries), "/planet", site="https://planet.example.net")
    world.later()
    world.run()


def second_feed(world: TakedownWorld, *entries: str) -> None:
    """Publish entries in a second feed of the same site, and mirror them."""
    world.serve(rss(*entries), "/second")
    world.later()
    world.run()


REMOVALS: dict[str, Callable[[TakedownWorld], object]] = {
    "item": lambda world: world.write(f"Please take down {SITE}/1 now and in the future. Ann"),
    "author": lambda world: world.takedowns().approve(
        world.write(
            "Please remove all articles by Ann Author from your mirror of news.example.com.",
            sender="ann@news.example.com",
        ),
        time_left=lambda: world.time_left,
    ),
    "feed": lambda world: world.takedowns().approve(
        world.write(
            f"Please remove our feed {world.feeds[0].url} from your mirror.",
            sender="ann@news.example.com",
        ),
        time_left=lambda: world.time_left,
    ),
    "host": lambda world: answered(
        world,
        "Please remove our whole site news.example.com from your mirror, now and in the future.",
    ),
}


def answered(world: TakedownWorld, text: str) -> None:
    """Ask for a whole site from a role mailbox, and send back the nonce that was sent there."""
    world.write(text, sender="webmaster@news.example.com")
    reply = world.sent()[-1]["Reply-To"].addresses[0].addr_spec
    world.write("Yes, that was me.", sender="webmaster@news.example.com", to=reply)


GUISES: dict[str, Callable[[TakedownWorld], None]] = {
    "as it was": lambda world: publish(world, canary()),
    "edited": lambda world: publish(world, canary(text=f"{TEXT} Edited.")),
    "with a new guid": lambda world: publish(world, canary(guid="another")),
    "by http": lambda world: publish(world, canary(link="http://www.news.example.com/1/")),
    "with tracking": lambda world: publish(
        world, canary(link=f"{SITE}/1?utm_source=rss&amp;fbclid=x")
    ),
    "as AMP": lambda world: publish(world, canary(link=f"{SITE}/1/amp", guid="amp")),
    "in a second feed": lambda world: second_feed(world, canary(guid="second")),
    "with another text": lambda world: publish(world, canary(guid="x", text=f"{CANARY} anew.")),
}
ALSO_FROM_ELSEWHERE: dict[str, Callable[[TakedownWorld], None]] = {
    "in a planet's feed": lambda world: planet(world, canary(guid="planet")),
    "in a planet's feed, under a new guid": lambda world: planet(
        world, canary(guid="p2", text=CANARY)
    ),
}


@pytest.mark.parametrize(
    ("scope", "guise"),
    [
        (scope, guise)
        for scope in REMOVALS
        # A planet's copy was not brought by the feed that was taken down.
        for guise in (GUISES if scope == "feed" else {**GUISES, **ALSO_FROM_ELSEWHERE})
    ],
)
def test_what_was_taken_down_stays_away(world: TakedownWorld, scope: str, guise: str) -> None:
    publish(world, canary())
    assert readable(world)

    REMOVALS[scope](world)
    assert readable(world) == []

    {**GUISES, **ALSO_FROM_ELSEWHERE}[guise](world)
    assert readable(world) == []
    world.later()
    world.run()
    assert readable(world) == []


@pytest.mark.parametrize("scope", ["item", "author", "host"])
def test_a_planets_copy_goes_with_the_original(world: TakedownWorld, scope: str) -> None:
    publish(world, canary())
    planet(world, canary(guid="planet"))
    assert any(key.startswith("planet.example.net/") for key in readable(world))

    REMOVALS[scope](world)

    assert readable(world) == []


def test_a_copy_under_another_address_goes_with_the_text_it_shares(world: TakedownWorld) -> None:
    publish(world, canary())
    second_feed(world, canary(guid="elsewhere", link=f"{SITE}/other-address"))
    assert len([key for key in readable(world) if key.startswith("items/")]) == 2

    REMOVALS["item"](world)

    assert readable(world) == []


def test_a_lost_poll_state_and_other_shards_bring_nothing_back(world: TakedownWorld) -> None:
    publish(world, canary())
    REMOVALS["item"](world)
    world.mirror = replace(world.mirror, shards=7)
    publish(world, canary(guid="resharded"), entry(3))

    assert readable(world) == []
    assert {item.title for item in world.items()} == {"Entry 2", "Entry 3"}


def test_nothing_else_goes(world: TakedownWorld) -> None:
    publish(world, canary(), entry(3, more=BY_BOB))
    REMOVALS["item"](world)

    assert {item.title for item in world.items()} == {"Entry 2", "Entry 3"}
    publish(world, canary(), entry(4, more=BY_ANN))
    assert {item.title for item in world.items()} == {"Entry 2", "Entry 3", "Entry 4"}


def test_an_author_is_taken_down_and_the_others_stay(world: TakedownWorld) -> None:
    publish(world, canary(), entry(3, more=BY_ANN))
    REMOVALS["author"](world)

    assert {item.title for item in world.items()} == {"Entry 2"}
    publish(world, canary(), entry(4, more=BY_ANN), entry(5, more=BY_BOB))
    assert {item.title for item in world.items()} == {"Entry 2", "Entry 5"}


def test_the_feeds_say_that_it_is_gone_and_nothing_of_what_it_was(world: TakedownWorld) -> None:
    publish(world, canary())
    (item,) = (found for found in world.items() if found.title == CANARY)
    REMOVALS["item"](world)
    pages = world.pages()

    for feed in ("feed.xml", "news.example.com/feed.xml", "news.example.com/2026-11/feed.xml"):
        assert f'ref="https://mirror.example.org/news.example.com/{item.id}/"' in pages[feed]
    page = world.stores.site.get(f"news.example.com/{item.id}/index.html")
    assert page is not None
    assert page.content.metadata == {"status": "410"}
    record = world.records()[f"items/news.example.com/{item.id}.json"]
    assert isinstance(record, Tombstone)
    assert "1" in pages["removed/index.html"]


def test_a_host_is_gone_from_the_front_page(world: TakedownWorld) -> None:
    publish(world, canary())
    world.serve(
        rss(entry(9, link="https://planet.example.net/9")), "/p", site="https://planet.example.net"
    )
    world.later()
    world.run()
    REMOVALS["host"](world)

    front = world.pages()["index.html"]
    assert "planet.example.net" in front
    assert "news.example.com/" not in front


def test_what_was_retracted_comes_back_exactly_as_it_was(world: TakedownWorld) -> None:
    publish(world, canary())
    before = {key: record for key, record in world.records().items() if isinstance(record, Item)}
    REMOVALS["item"](world)
    receipt = world.sent()[-1]["Reply-To"].addresses[0].addr_spec

    case = world.write("I withdraw my request, please put it back.", to=receipt)

    assert case.state == "restored"
    assert world.records() == before
    assert readable(world)
    publish(world, canary(text=f"{TEXT} Edited."))
    assert "Edited" in str(world.pages())


def test_a_mask_that_nobody_confirms_lapses_and_everything_is_as_before(
    world: TakedownWorld,
) -> None:
    publish(world, canary())
    before = world.records()
    masked = world.write(f"Take down {SITE}/1 please.", sender="legal@rival-legal.example")
    assert masked.state == "masked"
    assert readable(world) == []

    world.later(13 * 24)
    world.takedowns().hour(time_left=lambda: world.time_left)
    assert readable(world) == []
    world.later(2 * 24)
    world.takedowns().hour(time_left=lambda: world.time_left)

    assert world.case(masked).state == "lapsed"
    assert world.records() == before
    assert readable(world)


def test_the_feeds_of_the_configuration_do_not_matter_to_what_is_gone(world: TakedownWorld) -> None:
    publish(world, canary())
    world.feeds.clear()
    world.feeds.append(FeedSettings(url="https://other.example.net/feed"))

    REMOVALS["item"](world)

    assert readable(world) == []


CONTACT = "<managingEditor>editor@news-office.example (Ed)</managingEditor>"


@pytest.fixture
def masked(world: TakedownWorld) -> TakedownWorld:
    """A world in which a stranger has had the canary masked, and its contact was told."""
    world.serve(rss(canary(), entry(2, more=BY_BOB), extra=CONTACT))
    world.later()
    world.run()
    assert world.write(f"Take down {SITE}/1", sender="x@rival-legal.example").state == "masked"
    assert readable(world) == []
    return world


def told(world: TakedownWorld) -> str:
    """Return the address that the contact's answer goes to."""
    (mail,) = (sent for sent in world.sent() if sent["To"] == "editor@news-office.example")
    return str(mail["Reply-To"].addresses[0].addr_spec)


def test_a_contact_that_confirms_a_strangers_mask_makes_it_a_removal(masked: TakedownWorld) -> None:
    masked.write("Please remove it.", sender="editor@news-office.example", to=told(masked))

    masked.later(15 * 24)
    masked.takedowns().hour(time_left=lambda: masked.time_left)
    publish(masked, canary(guid="anew"))
    assert readable(masked) == []


def test_a_contact_that_objects_has_it_put_back_for_good(masked: TakedownWorld) -> None:
    masked.write("Please put it back.", sender="editor@news-office.example", to=told(masked))

    assert readable(masked)
    again = masked.write(f"Take down {SITE}/1 now!", sender="x@rival-legal.example")
    assert again.state != "masked"
    assert readable(masked)


def test_a_contact_that_only_asks_what_this_is_decides_nothing(masked: TakedownWorld) -> None:
    case = masked.write("What is this about?", sender="editor@news-office.example", to=told(masked))

    assert readable(masked) == []
    assert case.state in {"waiting", "recorded"}
    masked.later(15 * 24)
    masked.takedowns().hour(time_left=lambda: masked.time_left)
    assert readable(masked)
