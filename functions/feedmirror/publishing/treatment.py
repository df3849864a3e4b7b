"""How a mirror treats a host's feeds, in words: for the page that its publisher looks it up on.

Every word of a publisher's or an operator's is shown without mail addresses, whoever's.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache

from feedmirror.addresses import digest
from feedmirror.publishing.letters import publishers_letters
from feedmirror.publishing.texts import link, name_without_addresses

_SECTION = re.compile(
    r'<section id="feed-([a-z2-7]{1,64})"(?: data-since="([0-9-]{10})")?'
    r'(?: data-news="([0-9-]{10})")?'
)


@dataclass(frozen=True, slots=True)
class Days:
    """When a feed was first read, and when it last brought a new entry, as far as it is known."""

    since: datetime | None = None
    news: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedTreatment:
    """One feed: facts, and sentences in the order in which they are read.

    ``anchor`` is the hash that rules know the feed by. ``asked`` says how often it is asked and
    why, ``trouble`` what came last if that was no good answer, ``moves`` where it is asked or may
    soon be, ``robots`` what robots.txt says of it, ``shown`` how much of its entries is shown and
    why, ``archive`` how much of its own archive was read. ``entries`` is how many the feed listed.
    """

    anchor: str
    address: str
    title: str = ""
    days: Days = Days()
    entries: int = 0
    asked: tuple[str, ...] = ()
    trouble: str = ""
    moves: tuple[str, ...] = ()
    robots: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    archive: tuple[str, ...] = ()

    @property
    def mark(self) -> str:
        """A digest of what is told; not of the entries, whose number is told by the way."""
        return digest("told", repr(replace(self, entries=0)))

    def with_days(self, before: Days) -> "FeedTreatment":
        """Return it with the days that were told before, where it does not know better."""
        own = self.days
        known = [day for day in (own.since, before.since) if day]
        return replace(self, days=Days(min(known, default=None), own.news or before.news))


@dataclass(frozen=True, slots=True, kw_only=True)
class HostTreatment:
    """A host: its feeds that are told of, as of a moment.

    One that is ``covered`` was taken down as a whole: no feed is named, nor when what happened.
    """

    host: str
    feeds: tuple[FeedTreatment, ...] = ()
    covered: bool = False
    as_of: datetime


def days_told(page: str) -> dict[str, Days]:
    """Return the feeds that a page tells of, by their anchors, and the days that it tells.

    The page outlives the poll state, which is a cache.
    """
    found = _SECTION.finditer(page)
    return {section[1]: Days(_day(section[2]), _day(section[3])) for section in found}


def _day(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None
    except ValueError:
        return None


def shown_text(text: str) -> str:
    """Return a text of a publisher's, an operator's or a server's as one line fit to be shown."""
    return name_without_addresses(text)


@lru_cache(maxsize=4096)  # a feed's is looked at behind each of its polls
def shown_address(address: str) -> str:
    """Return an address without a user's name; empty where it is none, or has a mail address."""
    shown = link(address) or ""
    return shown if name_without_addresses(shown) == shown else ""


def hosts_letters(contact: str, host: str) -> Mapping[str, str]:
    """Return the mailto: addresses that a host's page offers, by what they are for."""
    site = f"https://{host}/"
    return publishers_letters(contact, about={"site": site, "return": site, "question": site})


def feeds_letter(contact: str, address: str) -> str:
    """Return the mailto: address that asks to have all removed that came from one feed."""
    return publishers_letters(contact, about={"feed": address})["feed"]
