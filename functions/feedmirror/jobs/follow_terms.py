"""What follows from stated terms beyond how much an item shows: what may not be shown at all.

The takedown function takes it down and brings it back; it is told once for each change, and again
by the next poll where it could not be told. Nothing that may not be shown is stored meanwhile.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from feedmirror.configuration import FeedSettings
from feedmirror.layout import ItemId, record_key, records_prefix
from feedmirror.mirroring.poll_state import FeedState
from feedmirror.mirroring.terms_table import Extent
from feedmirror.ports.aftermath import WorkQueue
from feedmirror.ports.object_store import ObjectStore

if TYPE_CHECKING:
    from feedmirror.jobs.findings import Withdrawal

_MOST_ITEMS = 2000  # of one message


@dataclass(slots=True)
class Told:
    """What was handed on in a run, and what could not be."""

    findings: int = 0
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FollowTerms:
    """Hands on what a publisher's terms take out of sight, and what they bring back."""

    archive: ObjectStore
    hand_on: WorkQueue

    def run(self, settings: FeedSettings, state: FeedState, told: Told) -> FeedState:
        """Return a feed's state with what of it has been handed on."""
        return self._items(settings, self._feed(settings, state, told), told)

    def _feed(self, settings: FeedSettings, state: FeedState, told: Told) -> FeedState:
        stated = state.stated
        nothing = stated.extent is Extent.NOTHING
        if nothing == stated.ended:
            return state
        # A feed of which nothing is stored has nothing to take down; a lost state cannot tell.
        stored = next(iter(self.archive.list(records_prefix(settings.host))), None)
        if nothing and stored is None:
            return replace(state, stated=replace(stated, ended=True))
        taken = self._hand_on(_withdrawal(settings, on=nothing, words=stated.why), told)
        return replace(state, stated=replace(stated, ended=nothing)) if taken else state

    def _items(self, settings: FeedSettings, state: FeedState, told: Told) -> FeedState:
        stated = state.stated
        denied, known = set(stated.denied), set(stated.told)
        fresh = denied - known
        stored = sorted(item for item in fresh if self._is_stored(settings.host, item))
        kept = known
        if self._each(settings, stored, told, on=True):
            kept = kept | fresh
        if self._each(settings, sorted(known - denied), told, on=False):
            kept = kept & denied
        if kept == known:
            return state
        return replace(state, stated=replace(stated, told=tuple(sorted(kept))))

    def _each(self, settings: FeedSettings, items: list[str], told: Told, *, on: bool) -> bool:
        """Hand on items, if there are any; tells whether nothing is left to hand on."""
        words = "the entry's own terms"
        return all(
            self._hand_on(_withdrawal(settings, items=batch, on=on, words=words), told)
            for batch in (items[at : at + _MOST_ITEMS] for at in range(0, len(items), _MOST_ITEMS))
        )

    def _is_stored(self, host: str, item: str) -> bool:
        return self.archive.head(record_key(host, ItemId(item))) is not None

    def _hand_on(self, withdrawal: "Withdrawal", told: Told) -> bool:
        try:
            self.hand_on.send(withdrawal.to_dict())
        except Exception as error:  # noqa: BLE001 -- of any queue; the next poll tries again
            told.problems = (
                *told.problems,
                f"{withdrawal.feed}: what its terms take back was not handed on: {error!r}",
            )
            return False
        told.findings += 1
        return True


def _withdrawal(
    settings: FeedSettings, *, on: bool, words: str, items: Iterable[str] = ()
) -> "Withdrawal":
    from feedmirror.jobs.findings import Reason, Withdrawal  # noqa: PLC0415 -- rarely needed

    return Withdrawal(
        reason=Reason.TERMS,
        host=settings.host,
        feed=settings.url,
        items=tuple(items),
        on=on,
        words=words,
    )
