"""Whether a feed may be polled, by what its origin says to robots: pure (RFC 9309)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from feedmirror.addresses import host_of
from feedmirror.configuration import FeedSettings
from feedmirror.mirroring.changing import changed
from feedmirror.mirroring.houses import ASKED_EVERY, House
from feedmirror.mirroring.poll_state import FeedState
from feedmirror.mirroring.polling import failed


@dataclass(frozen=True, slots=True)
class Admission:
    """A feed's state, to poll with or, if it is not ``admitted``, as it now is."""

    state: FeedState
    admitted: bool = True


def admit(state: FeedState, settings: FeedSettings, house: House, *, now: datetime) -> Admission:
    """Decide whether a feed may be polled.

    One that is forbidden is no failure: it is looked at again when robots.txt is. One whose
    robots.txt cannot be had is, like a poll that brings nothing. The operator's permission
    overrides both, but never a group that names this software: that is the publisher's switch. Nor
    does it override a 429 for robots.txt: the feeds wait then, which is no failure of theirs.
    """
    address = state.move.asked_at(settings.url)
    host = host_of(address) or address
    rule = house.verdicts.get(address, "")
    known = state.refusal
    anew = known.anew or (known.switch and not (rule and house.named))
    if rule and not (settings.permission and not house.named):
        refusal = replace(known, robots=rule, switch=house.named, permitted="", anew=anew)
        what = "this mirror" if house.named else "robots"
        words = f"robots.txt of {host} forbids {what} to fetch the feed: {rule}"
        refused = refuse(state, words, until=(house.asked or now) + ASKED_EVERY)
        return Admission(replace(refused, failures=0, refusal=refusal), admitted=False)
    closed = house.is_closed(now)
    if closed and not settings.permission:
        why = f"{house.why} (asked for robots.txt, without which nothing is polled)"
        later = house.later or state.not_before
        return Admission(replace(failed(state, why).state, not_before=later), admitted=False)
    if house.is_waited_for(now):
        words = f"{house.why} (asked for robots.txt)"
        return Admission(refuse(state, words, until=house.limited), admitted=False)
    permitted = rule or (house.why if closed else "")
    refusal = changed(known, robots="", switch=False, permitted=permitted, anew=anew)
    return Admission(changed(state.forgetting_body() if anew else state, refusal=refusal))


def refuse(state: FeedState, words: str, *, until: datetime | None) -> FeedState:
    """Return the state of a feed that its publisher refuses us, to be looked at again then."""
    return replace(state, error=words, not_before=until)


def with_permission(state: FeedState, settings: FeedSettings) -> FeedState:
    """Return the state of a feed that may be polled at once, since a permission is new."""
    refusal = state.refusal
    if not (settings.permission and refusal.robots and not refusal.switch):
        return state
    return replace(state, not_before=None, refusal=replace(refusal, robots=""))


def taken_back(house: House, feeds: Iterable[tuple[str, FeedSettings]]) -> set[tuple[str, str]]:
    """Return what a group that names this software takes back: hosts, and feeds of hosts.

    ``feeds`` are pairs of an address that is asked and the settings. A host is taken back only by
    its own robots.txt: whoever serves others' feeds speaks for what is fetched from there.
    """
    found = set()
    for address, settings in feeds:
        if house.named and house.verdicts.get(address):
            own = house.whole and host_of(address) == settings.host
            found.add((settings.host, "" if own else settings.url))
    return found
