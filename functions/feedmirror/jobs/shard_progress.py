"""What a run over a shard has found out so far, and what follows from it in the end."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from feedmirror.addresses import host_of
from feedmirror.jobs.latest import Place, newest_and_gone, places_of
from feedmirror.jobs.read_answers import ReadAnswers
from feedmirror.jobs.reports import MirrorReport
from feedmirror.jobs.retire_shard import LookedOver
from feedmirror.jobs.robots_looks import Looked
from feedmirror.jobs.shard_state import Learnt, Lease, Note
from feedmirror.jobs.slots import Stored
from feedmirror.jobs.withdrawals import HandOn
from feedmirror.layout import ItemId
from feedmirror.mirroring.house_terms import HouseTerms
from feedmirror.mirroring.poll_state import FeedState, Look, ShardState
from feedmirror.publishing.listings import FRONT_CARDS
from feedmirror.publishing.selection import Publication, newest_shown
from feedmirror.records import Item


@dataclass(slots=True, kw_only=True)
class Progress:
    """What a run has found out so far.

    ``newest`` is where the items lie that the front may show, ``brought`` has the ids that each
    feed brought. ``shown`` are as many items as the front shows: a card lives as long as its item.
    """

    lease: Lease
    answers: ReadAnswers
    hand_on: HandOn
    lifts: tuple[str, ...]
    admitted: Looked = field(default_factory=Looked)
    house_terms: Mapping[str, HouseTerms] = field(default_factory=dict)  # that were asked for
    brought: dict[str, frozenset[ItemId]] = field(default_factory=dict)
    stored: list[Stored] = field(default_factory=list)
    looked: LookedOver = field(default_factory=LookedOver)
    newest: tuple[Place, ...] = ()
    shown: tuple[Item, ...] = ()
    hosts: set[str] = field(default_factory=set)  # whose listings have changed

    @property
    def states(self) -> dict[str, FeedState]:
        """What has become of the feeds that were polled, or are refused."""
        return self.answers.states

    @property
    def shard(self) -> ShardState:
        """What is known of the shard by now."""
        leased = self.lease.state
        return replace(
            leased,
            feeds={**leased.feeds, **self.states},
            houses={**leased.houses, **self.admitted.houses},
            house_terms={**leased.house_terms, **self.house_terms},
        )

    def take_in(self, stored: Stored, host: str) -> None:
        """Take note of what was stored of a host's feed."""
        self.newest = newest_and_gone((*self.newest, *places_of(stored.publication)))
        self.shown = tuple(newest_shown((*self.shown, *stored.publication.items))[:FRONT_CARDS])
        self.stored.append(replace(stored, publication=Publication()))
        self.hosts |= {host} if stored.written else set()

    def show(self, retired: Publication) -> None:
        """Take note of what is retired."""
        self.newest = newest_and_gone((*self.newest, *places_of(retired)))
        self.hosts |= {item.host for item in retired.items}
        self.hosts |= {stone.host for stone in retired.tombstones}

    def is_open(self, host: str) -> bool:
        """Tell whether robots.txt of the host itself was seen to let all of its feeds be polled."""
        feeds = self.answers.by_host[host] - self.answers.gone
        polled = self.admitted.polled
        asked = {host_of(polled[url].move.asked_at(url)) for url in feeds & polled.keys()}
        return feeds <= polled.keys() and host in asked

    def cut_again(self) -> Iterator[tuple[str, Look]]:
        """Yield the looks of feeds of which something is coming back, as it was when it went.

        If terms permit less by now, the next run cuts it, whether or not the feed is due then.
        """
        known, notes = self.shard.feeds, self.looked.notes
        for host, feed in sorted(self.hand_on.back):
            for url in sorted(self.answers.by_host[host] & ({feed} if feed else known.keys())):
                look = notes.get(url, Note()).look or known[url].look
                yield url, replace(look, shown=Look().shown)

    def learnt(self, *, put: bool) -> Learnt:
        """Return what was learnt; what the front does not show yet is to be brought again."""
        learnt = Learnt(self.states, self.looked.notes, self.admitted.houses, self.house_terms)
        if put:
            return learnt
        states = {
            url: state.forgetting(self.brought.get(url, ())) for url, state in self.states.items()
        }
        notes = {url: replace(note, look=None) for url, note in self.looked.notes.items()}
        return replace(learnt, polled=states, notes=notes)

    def report(self) -> MirrorReport:
        """Return what is told of the run."""
        lease, learnt = self.lease, self.states
        return MirrorReport(
            feeds=len(lease.state.feeds),
            polled=len(learnt) - len(self.admitted.refused),
            unchanged=self.answers.unchanged,
            changed=self.answers.changed,
            left=len(lease.due) - len(learnt),
            created=sum(stored.created for stored in self.stored),
            updated=sum(stored.updated for stored in self.stored),
            restored=sum(stored.restored for stored in self.stored),
            retired=self.looked.retired.written,
            suppressed=sum(stored.suppressed for stored in self.stored),
            lost=sum(stored.lost for stored in self.stored),
            failures=tuple((url, state.error) for url, state in learnt.items() if state.error),
            findings=self.hand_on.sent,
            problems=(
                *((url, what) for url, state in learnt.items() for what in state.problems),
                *self.admitted.problems,
                *(("", what) for what in self.hand_on.problems),
            ),
        )
