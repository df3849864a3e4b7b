"""Mirrors to begin with: some that have been filled once, copied in no time, and an empty one."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from random import Random

from feedmirror.layout import CONFIGURATION
from simulator.buckets import Bucket, Held
from simulator.cloud import ARCHIVE, NAMES, Cloud
from simulator.faults import Weather
from simulator.functions import POLLS, Context, Functions
from simulator.oracle import Place, readable_of
from simulator.publishers import AUTHORS, PLANETS, A, B, Publishers, Story
from simulator.scheduler import Scheduler, Uniform
from world import START

_ANN, _BOB = AUTHORS
# What each mirror's publishers offer: names of stories, their feeds, and by whom they are.
LAYOUTS: tuple[tuple[tuple[str, tuple[str, ...], str], ...], ...] = (
    (("ant", (A,), _ANN),),
    (("ant", (A,), _ANN), ("bee", (B,), _BOB)),
    (("ant", (A, PLANETS), _ANN), ("bee", (A,), _BOB)),
    (("ant", (A, B), _ANN), ("bee", (B,), _ANN), ("cat", (PLANETS,), _BOB)),
)


@dataclass(frozen=True)
class Base:
    """One mirror: its objects by bucket, and the words that are readable."""

    buckets: Mapping[str, Bucket]
    readable: Mapping[Place, frozenset[str]]


def stories_of(layout: int) -> list[Story]:
    """Return the stories of a layout, fresh."""
    return [Story(name, set(feeds), [author]) for name, feeds, author in LAYOUTS[layout]]


def configuration(feeds: tuple[str, ...], shards: int) -> bytes:
    """Return the operator's file."""
    lines = [
        "[mirror]",
        'name = "Example Mirror"',
        'site = "https://mirror.example.org"',
        'contact = "takedown@mirror.example.org"',
        'operator = "ops@example.org"',
        f"shards = {shards}",
        *(f'[[feed]]\nurl = "{feed}"' for feed in feeds),
    ]
    return "\n".join(lines).encode()


def configure(archive: Bucket, feeds: tuple[str, ...], shards: int) -> None:
    """Have the operator write the file."""
    known = archive.objects.get(CONFIGURATION)
    archive.put(
        {
            "Key": CONFIGURATION,
            "Body": configuration(feeds, shards),
            "ContentType": "application/toml",
            "Metadata": {},
            **({"IfMatch": known.etag} if known else {"IfNoneMatch": "*"}),
        }
    )


def feeds_of(layout: int) -> tuple[str, ...]:
    """Return the feeds that a layout's stories stand in."""
    return tuple(sorted({feed for _, feeds, _ in LAYOUTS[layout] for feed in feeds}))


@cache
def base(layout: int, shards: int, *, filled: bool) -> Base:
    """Return a mirror; a filled one has been mirrored before."""
    buckets = {name: Bucket(name) for name in NAMES}
    configure(buckets[ARCHIVE], feeds_of(layout), shards)
    chance = Random(0)
    cloud = Cloud(Scheduler(chance, Uniform(chance)), Weather(chance), buckets, START)
    if filled:
        functions = Functions(cloud, Publishers(stories_of(layout)))
        for hours in (0, 2):
            cloud.later(hours)
            function = functions.mirror(None)
            report = function.handle({"at_once": True}, Context())
            assert not report["failures"], report
            take_turns(cloud, functions)
    objects: dict[Place, Held] = {
        (name, key): held for name in NAMES[:2] for key, held in buckets[name].below("")
    }
    readable = readable_of(objects)
    assert not filled or all(
        any(story.word in words for words in readable.values()) for story in stories_of(layout)
    )
    return Base(buckets, readable)


def take_turns(cloud: Cloud, functions: Functions) -> None:
    """Give the shards their turns that wait in the queue."""
    messages, cloud.queues[POLLS] = cloud.queues[POLLS], []
    if messages:
        records = [{"messageId": str(n), "body": body} for n, body in enumerate(messages)]
        functions.mirror(None).handle({"Records": records}, Context())
