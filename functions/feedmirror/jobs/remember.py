"""A feed's state before a poll, and what is remembered of it behind one."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

from feedmirror.configuration import FeedSettings
from feedmirror.jobs.read_answers import Read
from feedmirror.jobs.rules import EVERY_HOST, lifts_mark
from feedmirror.jobs.slots import Stored
from feedmirror.layout import ItemId
from feedmirror.mirroring.arrivals import arrivals_in, with_arrivals
from feedmirror.mirroring.backfill import Backfill, named
from feedmirror.mirroring.changing import changed
from feedmirror.mirroring.following_terms import under_terms, with_denied
from feedmirror.mirroring.items import terms_of
from feedmirror.mirroring.listing import as_listed
from feedmirror.mirroring.poll_state import EntryState, FeedState, Look
from feedmirror.mirroring.terms_table import Extent

_MOST_PROBLEMS = 20
_MOST_ENTRIES_KNOWN = 4000
_MOST_HOSTS = 100  # that a feed's entries claim, and whose lifts are noticed
_DAMAGED = "the document is damaged: whole entries were added, none was changed"


def to_poll_with(state: FeedState, settings: FeedSettings, lifts: Collection[str]) -> FeedState:
    """Return the state to poll with.

    After a lift, and under other settings, every entry of the feed is looked at again.
    """
    mark = lifts_mark((settings.host, *state.hosts), lifts)
    terms = terms_of(settings)
    if (state.lifts, state.terms) == (mark, terms):
        return state
    entries = {item: replace(entry, fingerprint="") for item, entry in state.entries.items()}
    # What a takedown kept out of sight is back as it was, whatever was cut meanwhile.
    look = replace(state.look, shown=Look().shown)
    state = replace(state.forgetting_body(), lifts=mark, terms=terms, entries=entries)
    return replace(state, covered=False, look=look)


def remember(read: Read, stored: Stored, lifts: Collection[str], *, now: datetime) -> FeedState:
    """Return a feed's next state: its entries as they were seen, its validators last of all."""
    withheld = {d.id for d in read.reading.drafts if d.terms.extent is Extent.NOTHING}
    damage = (_DAMAGED,) if read.feed.damaged else ()
    problems = (*damage, *read.feed.problems, *read.reading.problems, *stored.problems)
    entries = _entries(read, stored, withheld)
    moved = {**({} if read.is_whole else read.before.moved), **read.reading.moved}
    hosts, is_exact = _hosts(read, stored)
    state = replace(
        read.poll.state,
        entries=entries,
        moved={fresh: item for fresh, item in moved.items() if item in entries},
        hosts=hosts,
        lifts=lifts_mark((read.delivery.settings.host, *hosts), lifts),
        covered=stored.covered if read.delivery.drafts else read.before.covered,
        rung=read.reading.rung,
        context=_context(read, entries) if is_exact else "",
        title=read.feed.title,
        problems=tuple(problem[:300] for problem in problems[:_MOST_PROBLEMS]),
        told=read.poll.state.told.after(stored.first_seen, is_first=is_first(read)),
    )
    arrivals = arrivals_in(read.reading, read.before, read.last, is_whole=read.is_whole)
    state = with_arrivals(state, read.before, feed=read.feed, arrivals=arrivals)
    listed = {*read.reading.listed} if read.is_whole else set[ItemId]()
    state = under_terms(state, with_denied(read.stated, withheld, listed))
    if read.is_whole:
        state = changed(state, backfill=_backfill(read, now=now))
    if read.feed.damaged:  # the whole document may come under the same validators (rule V3)
        state = replace(state, etag=None, last_modified=None)
    return state.forgetting_body() if stored.lost else state


def is_first(read: Read) -> bool:
    """Tell whether nothing was known of a feed before, be it new or its state lost."""
    return not (read.before.title or read.before.entries)


def _entries(read: Read, stored: Stored, withheld: set[ItemId]) -> dict[ItemId, EntryState]:
    """Return what is known of a feed's entries; what may not be shown is looked at again."""
    kept = {
        item: known
        for item, known in read.before.entries.items()
        if item in read.reading.listed or not read.is_whole
    }
    kept |= {item: replace(kept[item], fingerprint="") for item in withheld & kept.keys()}
    entries = as_listed({**stored.entries, **kept, **stored.entries}, read.reading)
    return dict(list(entries.items())[:_MOST_ENTRIES_KNOWN])


def _backfill(read: Read, *, now: datetime) -> Backfill:
    """Return what is known of a feed's older documents once it has named the first."""
    known, most = read.poll.state.backfill, read.delivery.settings.backfill
    return named(known, read.feed.older, of=read.feed.url, most=most, now=now)


def _context(read: Read, entries: Mapping[ItemId, EntryState]) -> str:
    """Return under what entries stand from now on; "" where the next document is read whole.

    That is where this one told nothing of its entries' bytes, as a damaged one or a delta does, or
    a guid is known that its entry no longer has.
    """
    known = ((draft, entries.get(draft.id)) for draft in read.reading.drafts)
    same = all(entry is None or entry.guid == draft.guid for draft, entry in known)
    return read.reading.context if same else ""


def _hosts(read: Read, stored: Stored) -> tuple[tuple[str, ...], bool]:
    """Return the hosts that a feed's entries claim, besides its own, and whether those are all.

    Of entries that were not read it is known only together what they claim, so what they have
    ceased to claim is kept as well: a lift there has the feed looked at once in vain.
    """
    claimed = {host for draft in read.reading.drafts for host in draft.hosts} | stored.hosts
    before = set(read.before.hosts)
    claimed |= before if read.reading.is_partial or not read.is_whole else set()
    hosts = tuple(sorted(claimed - {read.delivery.settings.host}))
    if len(hosts) <= _MOST_HOSTS and EVERY_HOST not in hosts:
        return hosts, True
    return (EVERY_HOST,), EVERY_HOST in before or not read.reading.is_partial
