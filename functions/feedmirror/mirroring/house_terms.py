"""What files of an origin say of terms: ``/.well-known/tdmrep.json``, and RSL that it names."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from feedmirror.configuration import FeedSettings, Publish
from feedmirror.mirroring.robots import origin_of

EVERY = timedelta(days=7)
_SOON = timedelta(days=1)  # where one of the files could not be had
TDMREP = "/.well-known/tdmrep.json"


@dataclass(frozen=True, slots=True)
class HouseTerms:
    """What was learnt of one origin; ``asked`` is when its files were last asked for.

    ``documents`` has, by address, the ETag of each file that says something, and its rules.
    ``failed`` tells that one could not be had: what it said before holds on.
    """

    asked: datetime | None = None
    documents: Mapping[str, list[str]] = field(default_factory=dict)
    failed: bool = False

    @property
    def rules(self) -> tuple[str, ...] | None:
        """What the files say, as ``path_rules`` has it; None as long as that is not known."""
        if self.asked is None or (self.failed and not self.documents):
            return None
        return tuple(rule for _, *rules in self.documents.values() for rule in rules)


def asked_now(
    known: Mapping[str, HouseTerms],
    addresses: Mapping[str, str],
    due: Mapping[str, FeedSettings],
    *,
    now: datetime,
) -> dict[str, HouseTerms]:
    """Return the origins of a shard's feeds, those with the time that are asked now.

    ``addresses`` are where feeds are asked, by feed.

    An origin is asked only together with a feed of it that is due, at most once a week, and only
    where what it says decides something. What no feed is fetched from any more is forgotten.
    """
    used = {origin_of(address) for address in addresses.values()}
    wanted = {
        origin_of(addresses[url]) for url, feed in due.items() if feed.publish is Publish.AUTO
    }
    houses = {origin: house for origin, house in known.items() if origin in used}
    return houses | {
        # A first look that a run dies over has shown nothing, not even that nothing is said.
        origin: replace(house, asked=now, failed=house.failed or house.asked is None)
        for origin in sorted(wanted)
        if _is_due(house := known.get(origin, HouseTerms()), now=now)
    }


def asked_of(
    before: Mapping[str, HouseTerms], leased: Mapping[str, HouseTerms]
) -> dict[str, HouseTerms]:
    """Return the origins that a lease says are asked now, as they were known before."""
    unknown = HouseTerms()
    return {
        origin: before.get(origin, unknown)
        for origin, house in leased.items()
        if house.asked != before.get(origin, unknown).asked
    }


def _is_due(house: HouseTerms, *, now: datetime) -> bool:
    return house.asked is None or house.asked + (_SOON if house.failed else EVERY) <= now
