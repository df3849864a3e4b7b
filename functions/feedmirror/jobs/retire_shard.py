"""The looks of one run: which of a shard's feeds, and who takes over what they give up."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from feedmirror.configuration import FeedSettings
from feedmirror.jobs.retire import Retire
from feedmirror.jobs.retire_items import Retired
from feedmirror.jobs.shard_state import Lease, Note, ShardStates
from feedmirror.layout import ItemId
from feedmirror.mirroring.poll_state import FeedState, Rank
from feedmirror.mirroring.retention import Keeper, wanted_besides
from feedmirror.mirroring.terms import permitted


@dataclass(slots=True)
class LookedOver:
    """What the looks of a run did, and what is to be remembered of feeds."""

    retired: Retired = field(default_factory=Retired)
    notes: dict[str, Note] = field(default_factory=dict)

    def note(self, url: str, note: Note) -> None:
        """Remember something of a feed besides."""
        self.notes[url] = self.notes.get(url, Note()) | note


@dataclass(frozen=True, slots=True, kw_only=True)
class RetireShard:
    """Looks at a shard's feeds whose bounds it is time to look at."""

    states: ShardStates
    retire: Retire
    feeds: tuple[FeedSettings, ...]
    clock: Callable[[], datetime]

    def run(
        self, lease: Lease, polled: Mapping[str, FeedState], *, enough: Callable[[], bool]
    ) -> LookedOver:
        """Look at what is due, until it is ``enough``; ``polled`` is what the run has learnt."""
        done, known = LookedOver(), {**lease.state.feeds, **polled}
        feeds = [feed for feed in self.feeds if feed.url in known]
        for settings in self.retire.due(feeds, known):
            if enough():
                break
            keeper = Keeper(
                settings,
                [each.host for each in self.feeds].count(settings.host) == 1,
                permitted(known[settings.url].stated, settings),
            )
            others = [
                (feed, known[feed.url])
                for feed in feeds
                if feed.host == settings.host and feed.url != settings.url and feed.ended is None
            ]
            looked = self.retire.run(
                keeper,
                known[settings.url].look,
                enough=enough,
                hand_over=partial(self._hand_over, shard=lease.shard, others=others, done=done),
            )
            done.note(settings.url, Note(looked.look))
            done.retired += looked.retired
        return done

    def _hand_over(
        self,
        beyond: Mapping[ItemId, Rank],
        *,
        shard: int,
        others: Sequence[tuple[FeedSettings, FeedState]],
        done: LookedOver,
    ) -> None:
        """Have the host's other feeds that would keep what goes look at it again.

        It is saved before anything goes, and once more at the end, over what was learnt meanwhile.
        """
        now = self.clock()
        wanted = {
            feed.url: wanted_besides(beyond, feed, state, now=now)
            for feed, state in others
            if not state.is_over
        }
        notes = {url: Note(again=items) for url, items in wanted.items() if items}
        if notes:
            self.states.note(shard, notes)
        for url, note in notes.items():
            done.note(url, note)
