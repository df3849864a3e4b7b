"""How a mirror treats the feeds that it asks, as its settings say it: for the publishers' page."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from feedmirror.configuration import FeedSettings, MirrorSettings, Publish, Vanished
from feedmirror.publishing import dates
from feedmirror.publishing.letters import publishers_letters
from feedmirror.version import user_agent


@dataclass(frozen=True, slots=True, kw_only=True)
class Practice:
    """What a publisher may want to know, in words.

    ``intervals`` are those that the operator has set, each once, the shortest first, and ``paced``
    the number of feeds that have one; ``fastest`` are the shortest times of the others, likewise.
    ``shown`` counts the feeds by how much of them is shown: ``whole`` (as much as the feed has, and
    its terms permit), ``excerpt`` or ``link``. Copies go by themselves beyond one of ``ages``, of
    ``aged`` feeds, or beyond the newest, as many as one of ``numbers`` says, of ``limited`` feeds.
    ``keeping`` counts the feeds of which what is dropped without a word stays. ``letters`` are
    mailto: addresses.
    """

    feeds: int
    paced: int
    intervals: tuple[str, ...]
    fastest: tuple[str, ...]
    shown: Mapping[str, int]
    aged: int
    ages: tuple[str, ...]
    limited: int
    numbers: tuple[int, ...]
    keeping: int
    user_agent: str
    letters: Mapping[str, str]


def practice_of(mirror: MirrorSettings, feeds: Iterable[FeedSettings]) -> Practice:
    """Return what the settings make of the feeds."""
    listed = tuple(feeds)
    intervals = [feed.interval for feed in listed if feed.interval is not None]
    shown = Counter(_shown(feed.publish) for feed in listed)
    ages = [feed.max_age for feed in listed if feed.max_age is not None]
    numbers = [feed.max_items for feed in listed if feed.max_items is not None]
    return Practice(
        feeds=len(listed),
        paced=len(intervals),
        intervals=_durations(intervals),
        fastest=_durations(feed.fastest for feed in listed if feed.interval is None),
        shown={each: shown[each] for each in ("whole", "excerpt", "link")},
        aged=len(ages),
        ages=_durations(ages),
        limited=len(numbers),
        numbers=tuple(sorted(set(numbers))),
        keeping=sum(feed.vanished is Vanished.KEEP for feed in listed),
        user_agent=user_agent(mirror.site, mirror.contact),
        letters=publishers_letters(mirror.contact),
    )


def _durations(times: Iterable[timedelta]) -> tuple[str, ...]:
    return tuple(dates.duration(each) for each in sorted(set(times)))


def _shown(publish: Publish) -> str:
    return "whole" if publish in {Publish.AUTO, Publish.FULL} else publish.value
