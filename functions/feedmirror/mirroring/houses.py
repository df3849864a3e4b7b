"""What an origin says to robots, as far as the mirror has to remember it (RFC 9309 §2.3, §2.4).

A house is asked at most once a day, together with a poll that is due. What it said last holds while
it cannot be reached; one that has never said anything is not entered, for 30 days.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from feedmirror.mirroring.robots import forbidding

ASKED_EVERY = timedelta(days=1)  # "should not use the cached version for more than 24 hours"
ASKED_AGAIN = timedelta(hours=1)  # where the last answer was none
_GIVEN_UP = timedelta(days=30)  # §2.3.1.4: "for example, 30 days"


@dataclass(frozen=True, slots=True)
class House:
    """What was learnt of one origin's robots.txt; ``asked`` is when it was last asked for.

    ``answered`` tells that it has said something: ``rules`` of our group, which ``named`` this
    software, and forbids the ``whole`` of the origin to it. ``verdicts`` are the rules that forbid
    feeds' addresses, empty where none does. ``unreachable`` is since when in a row it could not be
    had, and ``why``; ``later`` is what its Retry-After said. ``limited`` is until when its feeds
    are left alone as well, after 429: once they were, the limit is of robots.txt alone. ``told``
    is what was handed on as taken back: a host, or a host and a feed of it with a space between.
    """

    asked: datetime | None = None
    etag: str = ""
    last_modified: str = ""
    answered: bool = False
    rules: tuple[str, ...] = ()
    named: bool = False
    whole: bool = False
    delay: float = 0.0  # seconds
    licenses: tuple[str, ...] = ()
    verdicts: Mapping[str, str] = field(default_factory=dict)
    unreachable: datetime | None = None
    why: str = ""
    later: datetime | None = None
    limited: datetime | None = None
    told: tuple[str, ...] = ()

    def is_stale(self, now: datetime) -> bool:
        """Tell whether a poll that is due has to ask it first."""
        if self.later and self.later > now:
            return False
        if self.asked is None or self.is_closed(now):
            return True  # in place of the poll, so as often as that
        if self.asked - now > ASKED_EVERY:
            return True  # by a clock that was wrong
        wait = ASKED_AGAIN if self.unreachable and self.answered else ASKED_EVERY
        return self.asked + wait <= now

    def is_closed(self, now: datetime) -> bool:
        """Tell whether nothing may be asked for, as nobody knows what is allowed (§2.3.1.4)."""
        if self.answered:
            return False
        return self.unreachable is None or now - self.unreachable <= _GIVEN_UP

    def is_waited_for(self, now: datetime) -> bool:
        """Tell whether nothing may be asked for yet, as it has said 429."""
        return self.limited is not None and self.limited > now

    def judged(self, addresses: Collection[str], used: Collection[str]) -> "House":
        """Return it with verdicts on some addresses; of the others those that are in use."""
        if not self.rules:
            return self if not self.verdicts else replace(self, verdicts={})
        kept = {address: rule for address, rule in self.verdicts.items() if address in used}
        fresh = {a: forbidding(self.rules, a) for a in addresses if a not in kept}
        return replace(self, verdicts={**kept, **fresh})


def may_fetch(house: House, address: str, *, now: datetime) -> bool:
    """Tell whether an address of the house's origin may be asked for."""
    known = house.verdicts.get(address)
    rule = forbidding(house.rules, address) if known is None else known
    return not (house.is_closed(now) or house.is_waited_for(now) or rule)
