"""How a mirror treats the feeds that it asks, as its settings say it: for the publishers' page."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from feedmirror.configuration import FeedSettings, MirrorSettings, Publish
from feedmirror.publishing import dates
from feedmirror.publishing.letters import publishers_letters
from feedmirror.version import user_agent


@dataclass(frozen=True, slots=True, kw_only=True)
class Practice:
    """What a publisher may want to know, in words.

    ``intervals`` are those that the operator has set, each once, the shortest first, and ``paced``
    the number of feeds that have one. ``shown`` counts the feeds by how much of them is shown:
    ``whole`` (as much as the feed has), ``excerpt`` or ``link``. ``letters`` are mailto: addresses.
    """

    feeds: int
    paced: int
    intervals: tuple[str, ...]
    shown: Mapping[str, int]
    user_agent: str
    letters: Mapping[str, str]


def practice_of(mirror: MirrorSettings, feeds: Iterable[FeedSettings]) -> Practice:
    """Return what the settings make of the feeds."""
    listed = tuple(feeds)
    intervals = [feed.interval for feed in listed if feed.interval is not None]
    shown = Counter(_shown(feed.publish) for feed in listed)
    return Practice(
        feeds=len(listed),
        paced=len(intervals),
        intervals=tuple(dates.duration(each) for each in sorted(set(intervals))),
        shown={each: shown[each] for each in ("whole", "excerpt", "link")},
        user_agent=user_agent(mirror.site, mirror.contact),
        letters=publishers_letters(mirror.contact),
    )


def _shown(publish: Publish) -> str:
    return "whole" if publish in {Publish.AUTO, Publish.FULL} else publish.value
