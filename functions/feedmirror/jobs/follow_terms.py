"""What follows from stated terms beyond how much an item shows: what may not be shown at all.

The takedown function takes it down and brings it back; it is told once for each change, and again
by the next poll where it could not be told. Nothing that may not be shown is stored meanwhile.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from feedmirror.configuration import FeedSettings
from feedmirror.jobs.withdrawals import HandOn
from feedmirror.layout import ItemId, record_key, records_prefix
from feedmirror.mirroring.poll_state import FeedState
from feedmirror.mirroring.terms_table import Extent
from feedmirror.ports.object_store import ObjectStore

_REASON = "terms"


@dataclass(frozen=True, slots=True)
class FollowTerms:
    """Hands on what a publisher's terms take out of sight, and what they bring back."""

    archive: ObjectStore

    def run(self, settings: FeedSettings, state: FeedState, hand_on: HandOn) -> FeedState:
        """Return a feed's state with what of it has been handed on."""
        return self._items(settings, self._feed(settings, state, hand_on), hand_on)

    def _feed(self, settings: FeedSettings, state: FeedState, hand_on: HandOn) -> FeedState:
        stated = state.stated
        nothing = stated.extent is Extent.NOTHING
        if nothing == stated.ended:
            return state
        # A feed of which nothing is stored has nothing to take down; a lost state cannot tell.
        stored = next(iter(self.archive.list(records_prefix(settings.host))), None)
        if nothing and stored is None:
            return replace(state, stated=replace(stated, ended=True))
        taken = hand_on.of_feed(settings, _REASON, on=nothing, words=stated.why)
        return replace(state, stated=replace(stated, ended=nothing)) if taken else state

    def _items(self, settings: FeedSettings, state: FeedState, hand_on: HandOn) -> FeedState:
        stated = state.stated
        denied, known = set(stated.denied), set(stated.told)
        fresh = denied - known
        stored = sorted(item for item in fresh if self._is_stored(settings.host, item))
        kept = known
        if not stored or _of_items(settings, stored, on=True, hand_on=hand_on):
            kept = kept | fresh
        freed = sorted(known - denied)
        if freed and _of_items(settings, freed, on=False, hand_on=hand_on):
            kept = kept & denied
        if kept == known:
            return state
        return replace(state, stated=replace(stated, told=tuple(sorted(kept))))

    def _is_stored(self, host: str, item: str) -> bool:
        return self.archive.head(record_key(host, ItemId(item))) is not None


def _of_items(settings: FeedSettings, items: Iterable[str], *, on: bool, hand_on: HandOn) -> bool:
    return hand_on.of_feed(settings, _REASON, on=on, words="the entry's own terms", items=items)
