"""Where a feed is asked, once its publisher has moved it (rules D1-D8): pure.

A feed is known by the address that the operator configured, whatever it is asked at (rule D7). A
move is first a *claim*, made by permanent redirects or by the document (``itunes:new-feed-url``),
and is believed once it has been made for a week and leads to a feed with entries. What is claimed
by the document is first tried: the next poll asks there.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto
from urllib.parse import urlsplit

from feedmirror.addresses import coarse_address, host_of, organisational_domain
from feedmirror.mirroring.changing import changed
from feedmirror.ports.fetching import Hop

PROVEN_AFTER = timedelta(days=7)  # of the same claim (rule D4)
LOST_AFTER = timedelta(days=7)  # without a feed at an address that was believed
_MOST_TRIES = 3  # of a target that brings no feed, once the old address has ended
_PERMANENT = {301, 308}  # RFC 9110 §15.4.2, §15.4.9
_DEFAULT_PORTS = {None, 80, 443}


@dataclass(frozen=True, slots=True)
class Move:
    """What is known of a feed's moves; nothing of it, as a rule.

    ``address`` is where the feed is asked instead of where it is configured, ``target`` where it is
    said to have moved, seen since ``since`` and not yet believed.
    """

    address: str = ""
    target: str = ""
    since: datetime | None = None
    stated: bool = False  # the document names the target, and no redirect leads there
    trial: bool = False  # the next poll asks the target
    tries: int = 0  # of the target that brought no feed
    adopted: datetime | None = None  # since when it is asked at the address
    lost: datetime | None = None  # since when there is no feed at the address
    into: str = ""  # the configured feed that it has become: polled as that one only

    def asked_at(self, url: str) -> str:
        """Return where the feed that is configured at an address is asked next."""
        return self.target if self.trial else self.address or url

    def leaves_domain_of(self, url: str) -> bool:
        """Tell whether the feed is asked at another organisation's domain than is configured."""
        asked = self.asked_at(url)
        return asked != url and _domain(asked) != _domain(url)


class Found(Enum):
    """What a poll found where it asked, or where that led."""

    FEED = auto()  # with entries
    EMPTY = auto()  # a feed without any, or nothing that proves one
    MISSING = auto()  # 404, 410
    OTHER = auto()  # something that is no feed; a name that leads nowhere
    NOTHING = auto()  # no answer, or a server in trouble: it says nothing of the address


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What one poll showed; ``url`` is where the feed is configured.

    ``stated`` is the new address that the document names, "" if it names none, None if no document
    was read. ``ended`` says that the answer was 410.
    """

    url: str
    found: Found
    now: datetime
    hops: tuple[Hop, ...] = ()
    stated: str | None = None
    ended: bool = False


Elsewhere = Callable[[str], str]


def permanent_target(hops: Iterable[Hop]) -> str:
    """Return where the unbroken run of permanent redirects at the start leads, or "" (rule D1)."""
    target = ""
    for hop in hops:
        if hop.status not in _PERMANENT:
            break
        target = hop.url
    return target


def is_upgrade(old: str, new: str) -> bool:
    """Tell whether the new address is the old one by https, and nothing else (rule D3)."""
    try:
        before, after = urlsplit(old), urlsplit(new)
        ports = {before.port, after.port}
    except ValueError:
        return False
    same = (before.hostname, before.path or "/", before.query) == (
        after.hostname,
        after.path or "/",
        after.query,
    )
    return (before.scheme, after.scheme) == ("http", "https") and same and ports <= _DEFAULT_PORTS


def _domain(address: str) -> str:
    host = host_of(address) or ""
    return organisational_domain(host) or host


def followed(move: Move, sight: Sight, *, elsewhere: Elsewhere) -> Move:
    """Return what is known of a feed's moves after a poll.

    ``elsewhere`` returns which other feed of the configuration is polled at an address, or "": a
    feed that has moved there has become that one (rule D6).
    """
    if move.into:
        left = sight.found is Found.FEED and not permanent_target(sight.hops)
        return Move() if left else move
    if move.trial:
        return _tried(move, sight, elsewhere)
    claim = _claim(move, sight)
    has_ended = sight.found is Found.MISSING and not sight.hops
    if has_ended and claim.target and claim.tries < _MOST_TRIES:
        return replace(claim, trial=True)  # the old address has ended, as was announced (rule D5)
    if _is_proven(claim, sight):
        if claim.stated:
            return replace(claim, trial=True)  # whether a feed is there is not known yet (rule D8)
        return _moved_to(claim.target, sight, elsewhere)
    return _looked_for(claim, sight)


def _tried(move: Move, sight: Sight, elsewhere: Elsewhere) -> Move:
    """Judge a poll that asked the target: a feed with entries has to be there (rule D2)."""
    came_from = {move.address or sight.url, sight.url}
    if sight.found is Found.FEED and permanent_target(sight.hops) not in came_from:
        adopted = _moved_to(move.target, sight, elsewhere)
        return adopted if adopted.into else followed(adopted, sight, elsewhere=elsewhere)
    if sight.found is Found.NOTHING or move.stated:
        # An unchanged document will not be read again, so what it says is not forgotten.
        since = sight.now if move.stated else move.since
        return replace(move, trial=False, since=since, tries=move.tries + 1)
    return _unclaimed(move)


def _claim(move: Move, sight: Sight) -> Move:
    """Return the moves with the claim that a poll makes, ends or leaves as it is."""
    base = move.address or sight.url
    redirect = permanent_target(sight.hops)
    if redirect and redirect != base:
        return _claimed(move, redirect, sight.now, stated=False)
    if sight.stated and (coarse_address(sight.stated) != coarse_address(base)):
        return _claimed(move, sight.stated, sight.now, stated=True)
    if sight.stated and is_upgrade(base, sight.stated):
        return _claimed(move, sight.stated, sight.now, stated=True)
    answered = sight.found in {Found.FEED, Found.EMPTY}
    unread = move.stated and sight.stated is None
    return _unclaimed(move) if answered and not unread else move


def _claimed(move: Move, target: str, now: datetime, *, stated: bool) -> Move:
    """Return the moves with a claim; another one than before begins anew (rule D4)."""
    same = move.target == target
    since, tries = (move.since, move.tries) if same else (now, 0)
    return replace(move, target=target, since=since, stated=stated, tries=tries)


def _unclaimed(move: Move) -> Move:
    return changed(move, target="", since=None, stated=False, trial=False, tries=0)


def _is_proven(claim: Move, sight: Sight) -> bool:
    """Tell whether a claim is believed: at once for https, else after a week (rules D2-D4)."""
    if sight.found is not Found.FEED or not claim.target or claim.since is None:
        return False
    at_once = is_upgrade(claim.address or sight.url, claim.target)
    return at_once or sight.now - claim.since >= PROVEN_AFTER


def _moved_to(target: str, sight: Sight, elsewhere: Elsewhere) -> Move:
    other = elsewhere(target)
    if other:
        return Move(into=other, adopted=sight.now)
    if target == sight.url:
        return Move()  # it has moved back to where it is configured
    return Move(address=target, adopted=sight.now)


def _looked_for(move: Move, sight: Sight) -> Move:
    """Give up an address that was believed, where the feed is no more: asked as configured again.

    A 410 does not give it up: who says that the feed has ended is asked again whether it has, and
    then it is polled nowhere.
    """
    if not move.address or sight.found is Found.NOTHING:
        return move
    if sight.found in {Found.FEED, Found.EMPTY}:
        return changed(move, lost=None)
    lost = move.lost or sight.now
    is_over = not sight.ended and sight.now - lost >= LOST_AFTER
    return Move() if is_over else replace(move, lost=lost)
