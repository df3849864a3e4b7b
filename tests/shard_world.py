"""A mirror of several shards: what the tests of handing out and of moving begin with."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from builders import a_mirror
from feedmirror.publishing.listings import read_listing
from memory_store import MemoryStore
from world import Documents, World, entry, rss

SHARDS = 4
HOSTS = [f"host{number}.example.com" for number in range(8)]

FIRSTS = {f"First of {host}" for host in HOSTS}
ONCE = dict.fromkeys(HOSTS, 1)


def a_world(
    folder: Path,
    documents: Documents,
    *,
    shards: int = SHARDS,
    hosts: Sequence[str] = HOSTS,
) -> World:
    """Return a mirror of hosts with a feed of one entry each, handed out by the queue."""
    documents.by_path.clear()
    documents.publisher.seen.clear()
    world = World(folder, documents)
    world.mirror, world.by_queue = a_mirror(shards=shards), True
    for host in hosts:
        serve(world, host, entry(1, title=f"First of {host}", link=f"https://{host}/1"))
    return world


def serve(world: World, host: str, *entries: str) -> None:
    """Publish a host's feed, which is asked hourly: when it is due is not what shards are about."""
    url = world.serve(rss(*entries), f"/{host}", site=f"https://{host}")
    world.feeds = [
        replace(feed, interval=timedelta(hours=1)) if feed.url == url else feed
        for feed in world.feeds
    ]


def polled(world: World) -> Counter[str]:
    """Return how often each host's feed was asked for, and forget it."""
    seen = Counter(each.target.removeprefix("/") for each in world.publisher.seen)
    world.publisher.seen.clear()
    return seen


def titles_on_the_front(world: World) -> set[str]:
    found = world.pages().get("feed.json")  # there is none before there is anything to show
    return {card.title for card in read_listing("", found.encode()).cards} if found else set()


def in_memory(world: World) -> None:
    world.stores = replace(
        world.stores, archive=MemoryStore(), site=MemoryStore(), ledger=MemoryStore()
    )
