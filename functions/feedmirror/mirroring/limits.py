"""Whose limits a request falls under, and whom a limit holds back (429, RFC 6585 §4).

Who is told "too many requests" was told it for all that it asks of the same server. So nobody else
is asked there before the wait is over; but a feed that alone is limited, for ever, must not keep
the others away for ever (FreshRSS#7870), and some publishers count over many hosts (#8925).
"""

import heapq
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from feedmirror.addresses import host_of
from feedmirror.configuration import FeedSettings
from feedmirror.mirroring.poll_state import FeedState
from feedmirror.mirroring.schedule import AT_ONCE, limit_ends, next_poll, soonest

# Domains whose servers are one: each publisher has a host of its own there.
SHARED = ("livejournal.com", "medium.com", "reddit.com", "substack.com", "tumblr.com")


def scope_of(host: str, shared: Collection[str]) -> str:
    """Return what a host's limits are counted over: the host, or a domain that many share."""
    labels = host.split(".")
    parents = (".".join(labels[start:]) for start in range(len(labels) - 1))
    return next((each for each in parents if each in SHARED or each in shared), host)


def held_until(
    feeds: Mapping[str, tuple[FeedState, FeedSettings]], shared: Collection[str]
) -> dict[str, datetime]:
    """Return until when feeds are held back by what others of their scope were told, by address.

    A feed that is told 429 holds the others until its Retry-After, or its back-off, is over. It
    holds only itself once another has been read since: the limit is then its own. The others come
    before it when the hold is over, since they were asked longer ago.
    """
    ends = {url: limit_ends(*each) for url, each in feeds.items() if each[0].limited is not None}
    if not ends:
        return {}
    members: defaultdict[str, list[str]] = defaultdict(list)
    for url, (state, settings) in feeds.items():
        members[_scope(state, settings, shared)].append(url)
    found: dict[str, datetime] = {}
    for urls in members.values():
        states = {url: feeds[url][0] for url in urls}
        read = max((at for state in states.values() if (at := _read_at(state))), default=AT_ONCE)
        holds = [
            (end, url)
            for url, state in states.items()
            if (end := ends.get(url)) and state.limited and state.limited >= read
        ]
        longest = heapq.nlargest(2, holds)  # nobody is held by itself
        for url in urls:
            for end in [end for end, other in longest if other != url][:1]:
                found[url] = end
    return found


def first_due(
    feeds: Iterable[tuple[FeedState, FeedSettings]], shared: Collection[str] = ()
) -> datetime | None:
    """Return when the first of some feeds is due to be polled.

    None means that none of them is ever polled again; what was never attempted is due at once,
    unless it is held back.
    """
    known = {settings.url: (state, settings) for state, settings in feeds}
    held = held_until(known, shared)
    first: datetime | None = None
    # Of those polled at once the busiest is looked at first: it is likely due before the others.
    order = sorted((soonest(*each), -each[0].rhythm.count, url) for url, each in known.items())
    for earliest, _, url in order:
        if first is not None and first <= earliest:
            break  # nor is any other before that
        poll = next_poll(*known[url], held=held.get(url))
        due = AT_ONCE if poll is None else poll.due
        if due is not None:
            first = due if first is None else min(first, due)
    return first


def _read_at(state: FeedState) -> datetime | None:
    """Return when a feed that does not fail was read last."""
    return None if state.failures else state.attempted


def _scope(state: FeedState, settings: FeedSettings, shared: Collection[str]) -> str:
    return scope_of(host_of(state.move.asked_at(settings.url)) or "", shared)
