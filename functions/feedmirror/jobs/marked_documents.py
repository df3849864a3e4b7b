"""What a feed's own document takes back, by the publisher's mark: handed on, and remembered so.

What bears the mark is not stored. What no longer does, in a document that is whole, is shown again.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from feedmirror.configuration import FeedSettings
from feedmirror.jobs.withdrawals import HandOn
from feedmirror.mirroring.admission import refuse
from feedmirror.mirroring.changing import changed
from feedmirror.mirroring.entries import Feed
from feedmirror.mirroring.houses import ASKED_EVERY
from feedmirror.mirroring.poll_state import FeedState
from feedmirror.mirroring.reading import Reading
from feedmirror.mirroring.refusals import Refusal

_MOST_ITEMS = 500  # that are remembered of a feed
_WORDS = "the mark in the feed"


@dataclass(frozen=True, slots=True)
class Document:
    """A feed's document as it was read; ``whole`` is not true of a delta, or of a damaged one."""

    feed: Feed
    reading: Reading
    settings: FeedSettings
    whole: bool


def heed(document: Document, state: FeedState, before: FeedState, *, hand_on: HandOn) -> FeedState:
    """Hand on what the mark in a document tells; return a poll's state with what was handed on.

    What could not be is found again: the next poll reads the whole document.
    """
    known, marked = before.refusal, document.feed.refused
    gone = known.feed and not marked and document.whole
    tells = gone or (marked and (known.anew or not known.feed))
    taken = not tells or _hand_on(document.settings, (), on=marked, hand_on=hand_on)
    items = _items(document, known, hand_on=hand_on)
    complete = taken and items is not None
    refusal = changed(
        known,
        feed=marked if tells and taken else known.feed,
        items=known.items if items is None else items,
        anew=known.anew and not (taken and (marked or document.whole)),
    )
    fresh = changed(state, refusal=refusal)
    return fresh if complete else fresh.forgetting_body()


def set_aside(state: FeedState, *, now: datetime) -> FeedState:
    """Return the state of a feed that bears the mark: looked at daily, and then read anew.

    One whose mark could not be handed on is polled as ever.
    """
    entries = {item: replace(entry, fingerprint="") for item, entry in state.entries.items()}
    later = now + ASKED_EVERY if state.body_hash else None
    words = "the feed bears the publisher's mark against this mirror: nothing of it is kept"
    return refuse(replace(state, entries=entries), words, until=later)


def _items(document: Document, known: Refusal, *, hand_on: HandOn) -> tuple[str, ...] | None:
    """Hand on which entries bear the mark, and which no longer do; None if that failed."""
    reading = document.reading
    marked = [draft.id for draft in reading.drafts if draft.entry.refused]
    if not (marked or known.items):
        return ()
    fresh = [item for item in marked if item not in known.items][:_MOST_ITEMS]
    over = [item for item in known.items if item in reading.listed and item not in marked]
    over = over if document.whole else []
    taken = not fresh or _hand_on(document.settings, fresh, on=True, hand_on=hand_on)
    ended = not over or _hand_on(document.settings, over, on=False, hand_on=hand_on)
    if not (taken and ended):
        return None
    kept = [item for item in known.items if item not in over]
    return tuple([*fresh, *kept][:_MOST_ITEMS])


def _hand_on(settings: FeedSettings, items: Collection[str], *, on: bool, hand_on: HandOn) -> bool:
    return hand_on.of_feed(settings, "switch", on=on, words=_WORDS, items=items)
