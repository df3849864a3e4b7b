"""The moves of the feeds that one run polls: what is known of all others is looked up here."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from feedmirror.configuration import FeedSettings
from feedmirror.jobs.shard_state import Note
from feedmirror.mirroring.following import follow, is_limited, polled_at
from feedmirror.mirroring.moves import Sight
from feedmirror.mirroring.poll_state import FeedState
from feedmirror.ports.fetching import Fetched, Unfetched

_FORBIDDEN = 403


@dataclass(frozen=True, slots=True)
class FollowMoves:
    """Follows feeds to where their publishers move them.

    ``feeds`` are the operator's, ``leased`` the shard's states at the start of the run, ``learnt``
    those that the run has found out so far.
    """

    feeds: Mapping[str, FeedSettings]
    leased: Mapping[str, FeedState]
    learnt: Mapping[str, FeedState]

    def run(self, state: FeedState, before: FeedState, sight: Sight) -> FeedState:
        """Return the state of a polled feed with what the poll says of its moves."""
        return follow(state, before, sight, elsewhere=partial(self._elsewhere, sight.url))

    def is_limited(self, answer: Fetched | Unfetched) -> bool:
        """Tell whether an answer is a 403 of a host that has told any feed here 429."""
        if not isinstance(answer, Fetched) or answer.status != _FORBIDDEN:
            return False
        return is_limited(answer.url, self._known())

    def taken_over(self) -> Iterator[tuple[str, Note]]:
        """Yield which feeds are to look again at what those have brought that became them now."""
        for url, state in self.learnt.items():
            into, before = state.move.into, self.leased[url]
            if into in self.leased and not before.move.into:
                yield into, Note(again=frozenset(before.entries))

    def _elsewhere(self, url: str, address: str) -> str:
        return polled_at(address, but=url, feeds=self.feeds, states=self._known())

    def _known(self) -> Mapping[str, FeedState]:
        return {**self.leased, **self.learnt}
