"""What a document's entries are, all of them or those alone that are new in it.

An entry whose bytes were seen before, in a document that said the same around them, is what it was.
That holds where each entry has a link and a guid of its own, so that no entry's id depends on
another's; a document of which that is not true is read whole.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from feedmirror.addresses import digest
from feedmirror.configuration import FeedSettings
from feedmirror.layout import ItemId
from feedmirror.mirroring.absence import Dated
from feedmirror.mirroring.entries import Entry, Feed
from feedmirror.mirroring.identity import Identities, identify
from feedmirror.mirroring.items import Draft, Named, draft_of, terms_of
from feedmirror.mirroring.poll_state import EntryState, FeedState
from feedmirror.mirroring.schedule import AT_ONCE
from feedmirror.mirroring.spans import MOST_ENTRIES
from feedmirror.version import VERSION

if TYPE_CHECKING:
    from feedmirror.mirroring.entry_terms import FeedTerms

_HOURS_OF_WEEK = 7 * 24


@dataclass(frozen=True, slots=True)
class Reading:
    """What one document's entries are, and what was learnt of identities.

    ``listed`` are all of them in its order, with their own dates; ``drafts`` those of them that
    were read, which are all but what stands as it was. ``context`` is a digest of what decides
    around entries what they are; empty where no entry can be told without the others.
    """

    drafts: tuple[Draft, ...]
    rung: int
    moved: Mapping[ItemId, ItemId]
    problems: tuple[str, ...] = ()
    listed: Mapping[ItemId, Dated] = field(default_factory=dict)
    context: str = ""

    @property
    def is_partial(self) -> bool:
        """Whether entries that stand as they were have not been read."""
        return len(self.drafts) < len(self.listed)


def read_entries(
    feed: Feed,
    *,
    settings: FeedSettings,
    state: FeedState,
    terms: "FeedTerms | None" = None,
    digests: Sequence[str] = (),
) -> Reading:
    """Turn a document's entries into drafts; the newest 2,000 of more, each item once.

    Without ``terms`` those hold that the feed was last read under, or else the document's own.
    ``digests`` are of the entries' bytes, in order, where they are known.
    """
    terms = terms or _known_terms(feed, settings, state)
    entries, problems = _newest(feed.entries)
    identities = _identified(entries, settings, state)
    drafts = _drafts(entries, identities, digests, feed=feed, terms=terms)
    if entries and entries[-1] is feed.entries[-1]:
        last = identities.ids[-1]
        drafts[last] = replace(drafts[last], last=True)
    plain = bool(digests) and identities.plain
    return Reading(
        tuple(drafts.values()),
        identities.rung,
        identities.moved,
        problems,
        listed={item: dates_of(draft.entry) for item, draft in drafts.items()},
        context=_context(feed, terms, state) if plain else "",
    )


def standing(state: FeedState, url: str) -> dict[str, ItemId]:
    """Return which entries of the feed of an address stand, by the digests of their bytes.

    None where all are to be read: as something was forgotten, the feed may be another one, or a
    week has passed since it was read whole, so that no error outlives it. Of what is kept away,
    each document is asked anew.
    """
    week = state.context.partition(".")[2]
    elsewhere = state.move.trial or state.move.into
    if not (state.body_hash and week == _week(state, url)) or elsewhere:
        return {}
    stated, away = state.stated, state.absence.withdrawn
    doubtful = away.union(state.refusal.items, stated.denied, stated.told)
    return {
        entry.span: item
        for item, entry in state.entries.items()
        if entry.span and entry.fingerprint and item not in doubtful
    }


def read_new_entries(
    feed: Feed,
    *,
    state: FeedState,
    terms: "FeedTerms",
    digests: Sequence[str],
    known: Mapping[str, ItemId],
) -> Reading | None:
    """Turn the entries into drafts that were read of a document; the others are ``known``.

    That is what is ``standing`` of the feed, by the digests of the entries' bytes.
    None if all have to be read: what is around them has changed, or one of the new ones cannot be
    told from what stands by its link and its guid alone.
    """
    kept = {item for each in digests if (item := known.get(each))}
    identities = _identified(feed.entries, terms.settings, state)
    context = _context(feed, terms, state)
    if context != state.context or not _is_apart(identities, kept, state):
        return None
    unknown = [each for each in digests if each not in known]
    drafts = _drafts(feed.entries, identities, unknown, feed=feed, terms=terms)
    found = {draft.span: draft for draft in drafts.values()}
    if found and digests[-1] in found:
        last = found[digests[-1]].id
        drafts[last] = replace(drafts[last], last=True)
    listed = {}
    for each in digests:
        if each in found:
            listed[found[each].id] = dates_of(found[each].entry)
        else:
            listed[known[each]] = known_dates(state.entries[known[each]])
    moved = {fresh: item for fresh, item in state.moved.items() if item in kept}
    return Reading(
        tuple(drafts.values()),
        identities.rung,
        {**moved, **identities.moved},
        listed=listed,
        context=context,
    )


def dates_of(entry: Entry) -> Dated:
    """Return an entry's own dates; where only one is stated it stands for both."""
    published = _seconds(entry.published or entry.updated)
    updated = _seconds(entry.updated or entry.published)
    return Dated(published, 0 if updated == published else updated)


def known_dates(entry: EntryState) -> Dated:
    """Return the dates that an entry had when it was last read."""
    return Dated(entry.published, entry.updated)


def _seconds(moment: datetime | None) -> int:
    return int(moment.timestamp()) if moment else 0


def _identified(entries: Sequence[Entry], settings: FeedSettings, state: FeedState) -> Identities:
    known = {entry.guid: item for item, entry in state.entries.items() if entry.guid}
    return identify(entries, host=settings.host, rung=state.rung, known=known, moved=state.moved)


def _drafts(
    entries: Sequence[Entry],
    identities: Identities,
    digests: Sequence[str],
    *,
    feed: Feed,
    terms: "FeedTerms",
) -> dict[ItemId, Draft]:
    """Return the drafts of some entries of a feed by item, each item once."""
    drafts: dict[ItemId, Draft] = {}
    spans = digests or ("",) * len(entries)
    for item, entry, span in zip(identities.ids, entries, spans, strict=True):
        if item not in drafts:
            named = Named(item, identities.guids.get(item, ""), span)
            drafts[item] = draft_of(entry, named, feed=feed, terms=terms)
    return drafts


def _is_apart(new: Identities, kept: set[ItemId], state: FeedState) -> bool:
    """Tell whether the identities of new entries have nothing to do with what stands.

    One that comes by the guid of what stands has got its id by that.
    """
    names = {*new.ids, *new.fresh, *(state.moved.get(each, each) for each in new.fresh)}
    return new.plain and new.rung == state.rung and names.isdisjoint(kept)


def _context(feed: Feed, terms: "FeedTerms", state: FeedState) -> str:
    """Return a digest of all that an entry's draft is made of besides the entry, and the week.

    That is of what the draft's fingerprint is taken, and the software that takes it.
    """
    stated = terms.stated
    around = {
        "authors": [asdict(author) for author in feed.authors],
        "rights": feed.rights,
        "license": feed.license_url,
        "language": feed.language,
        "terms": [stated.feed, stated.answer, stated.host, terms.rules],
        "settings": terms_of(terms.settings),
    }
    parts = (VERSION, feed.url, feed.frame, json.dumps(around, sort_keys=True))
    return f"{digest('context', *parts)[:16]}.{_week(state, terms.settings.url)}"


def _week(state: FeedState, url: str) -> str:
    return week_of(url, state.attempted or AT_ONCE)


def week_of(url: str, moment: datetime) -> str:
    """Return which of a feed's weeks a moment is in; it begins at an hour of the feed's own."""
    own = int(digest("week", url)[:2], 36) % _HOURS_OF_WEEK
    return (moment + timedelta(hours=own)).strftime("%G%V")


def _known_terms(feed: Feed, settings: FeedSettings, state: FeedState) -> "FeedTerms":
    # Most polls bring no document.
    from feedmirror.mirroring.entry_terms import FeedTerms, read_stated  # noqa: PLC0415 -- see above

    if state.title or state.entries:
        return FeedTerms(settings, state.stated)
    return FeedTerms(settings, read_stated(feed, {}, settings))


def _newest(entries: Sequence[Entry]) -> tuple[Sequence[Entry], tuple[str, ...]]:
    """Keep the newest entries by their own dates, or by the document's order where undated."""
    left_out = len(entries) - MOST_ENTRIES
    if left_out <= 0:
        return entries, ()
    dated = [(entry.published or entry.updated, index) for index, entry in enumerate(entries)]
    ranked = sorted(
        range(len(entries)),
        key=lambda index: (-(d.timestamp() if (d := dated[index][0]) else 0), index),
    )
    kept = sorted(ranked[:MOST_ENTRIES])
    said = f"{len(entries)} entries: the newest {MOST_ENTRIES} are mirrored, {left_out} are not"
    return [entries[index] for index in kept], (said,)
