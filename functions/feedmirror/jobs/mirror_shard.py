"""One run over one shard: lease, poll, read, store, remember."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from feedmirror.configuration import Configuration, FeedSettings
from feedmirror.jobs.look_for_tokens import TokenSearch
from feedmirror.jobs.reports import MirrorReport
from feedmirror.jobs.retire_shard import LookedOver, RetireShard
from feedmirror.jobs.rules import EVERY_HOST, RuleReader, lifts_mark
from feedmirror.jobs.shard_state import Learnt, Lease, ShardStates
from feedmirror.jobs.slots import Delivery, Stored
from feedmirror.jobs.store_entries import StoreEntries
from feedmirror.layout import ItemId
from feedmirror.mirroring.arrivals import arrivals_in, with_arrivals
from feedmirror.mirroring.entries import Feed, FeedUnreadableError
from feedmirror.mirroring.feeds import parse_feed
from feedmirror.mirroring.items import Draft, Reading, read_entries, terms_of
from feedmirror.mirroring.planning import Circumstances
from feedmirror.mirroring.poll_state import EntryState, FeedState
from feedmirror.mirroring.polling import (
    News,
    Poll,
    conditional_request,
    read_answer,
    unreadable,
)
from feedmirror.ports.fetching import Fetched, Fetcher, FetchFailure, Unfetched
from feedmirror.ports.object_store import StoreUnavailableError
from feedmirror.publishing.selection import Publication, newest_of

RESERVE = timedelta(seconds=60)  # kept back for the fetches under way, and to store and save
_MOST_DRAFTS = 500  # of one batch: bounds memory
_MOST_FEEDS = 32
_MOST_PROBLEMS = 20
_MOST_ENTRIES_KNOWN = 4000
_MOST_HOSTS = 100  # that a feed's entries claim, and whose lifts are noticed
_DAMAGED = "the document is damaged: whole entries were added, none was changed"


@dataclass(frozen=True, slots=True)
class _Read:
    """One feed's document, read, and what is needed to remember it."""

    before: FeedState
    last: FeedState  # as the attempt before this one left it
    poll: Poll
    feed: Feed
    reading: Reading
    delivery: Delivery


@dataclass(slots=True)
class _Progress:
    """What a run has found out so far.

    ``newest`` are the items that the front may show, ``brought`` the ids that each feed brought.
    """

    tokens: TokenSearch
    lifts: tuple[str, ...]
    gone: frozenset[str]  # feeds that are polled no more: they own no item any more
    by_host: Mapping[str, frozenset[str]]  # the shard's feeds: a host is in one shard
    known: Mapping[str, FeedState]  # as they were before the lease
    states: dict[str, FeedState] = field(default_factory=dict)
    brought: dict[str, frozenset[ItemId]] = field(default_factory=dict)
    unchanged: int = 0
    changed: int = 0
    stored: list[Stored] = field(default_factory=list)
    looked: LookedOver = field(default_factory=LookedOver)
    newest: Publication = field(default_factory=Publication)


@dataclass(frozen=True, slots=True)
class ShardOutcome:
    """What one run brought: the report, and the newest of what it published."""

    report: MirrorReport
    newest: Publication
    reconfigured: bool
    commit: Callable[[bool], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorShard:
    """Polls a shard's due feeds and brings archive and site up to date with them."""

    states: ShardStates
    fetcher: Fetcher
    rules: RuleReader
    store: StoreEntries
    retire: RetireShard
    clock: Callable[[], datetime]
    configuration: Configuration

    def run(
        self,
        shard: int,
        *,
        tokens: TokenSearch,
        time_left: Callable[[], timedelta],
        at_once: datetime | None = None,
    ) -> ShardOutcome:
        """Run once; ``at_once`` also polls what is not due and was not attempted since then.

        Documents are shown to ``tokens`` before they are read as feeds.

        The outcome's ``commit`` saves what was learnt; it comes last, after everything that the
        run publishes (rule V3), so that whatever dies before is done again. It is told whether the
        front could be put: if not, the feeds that brought something bring it again.
        Raises FeedsMovingError, and StoreUnavailableError; the next run then starts from what is
        stored.
        """
        lease = self.states.lease(shard, at_once=at_once, time_left=time_left)
        own = [feed for feed in self.configuration.feeds if feed.url in lease.state.feeds]
        ended = frozenset(feed.url for feed in own if feed.ended is not None)
        gone = ended | {url for url, state in lease.state.feeds.items() if state.gone}
        lifts = self.rules.lifts() if lease.due else ()
        progress = _Progress(tokens, lifts, gone, _by_host(own), lease.before.feeds)
        before = {
            url: _before(lease.state.feeds[url], settings, progress.lifts)
            for url, settings in _oldest_first(lease)
        }
        before |= {url: before[url].forgetting_body() for url in tokens.whole & before.keys()}
        batch: list[_Read] = []
        for answer in self._answers(before):
            url = answer.request.url
            if isinstance(answer, Unfetched) and answer.failure is FetchFailure.HELD:
                continue  # nobody was asked: it is given back, and comes first next time
            read = self._read(lease.due[url], before[url], answer, progress=progress)
            if read is not None:
                if _is_full(batch, read):
                    self._store(batch, progress)
                    batch = []
                batch.append(read)
            if time_left() < RESERVE:
                break
        self._store(batch, progress)
        progress.looked = self.retire.run(
            lease, progress.states, enough=lambda: time_left() < RESERVE
        )
        progress.newest = newest_of(progress.newest, progress.looked.retired.publication)
        return ShardOutcome(
            report=_report(lease, progress),
            newest=progress.newest,
            reconfigured=lease.before.mark != self.states.mark,
            commit=lambda put: self.states.save(lease, _learnt(progress, put=put), whole=put),
        )

    def _answers(self, before: Mapping[str, FeedState]) -> Iterator[Fetched | Unfetched]:
        requests = [conditional_request(url, state) for url, state in before.items()]
        return self.fetcher.fetch(requests) if requests else iter(())

    def _read(
        self,
        settings: FeedSettings,
        before: FeedState,
        answer: Fetched | Unfetched,
        *,
        progress: _Progress,
    ) -> _Read | None:
        """Read one answer; what is wrong with it is recorded on its feed and goes no further."""
        url = settings.url
        try:
            poll = read_answer(answer, before, now=self.clock())
            progress.states[url] = poll.state
            if poll.news is not News.DOCUMENT or not isinstance(answer, Fetched):
                progress.unchanged += poll.news is News.NOTHING
                return None
            progress.tokens.read(url, poll.body)
            content_type = answer.headers.get("content-type", "")
            feed = parse_feed(poll.body, url=answer.url, content_type=content_type)
            if feed.damaged and not feed.entries:
                raise FeedUnreadableError("the document breaks off before its first entry")  # noqa: TRY301 -- told like every other
            reading = read_entries(feed, settings=settings, state=before)
        except FeedUnreadableError as error:
            progress.states[url] = unreadable(before, str(error))
            return None
        except Exception as error:  # noqa: BLE001 -- one feed's failure, of any kind, is its own
            progress.states[url] = unreadable(before, f"could not be read: {error!r}")
            return None
        progress.changed += 1
        others = progress.by_host[settings.host] - {url}
        delivery = Delivery(
            settings=settings,
            drafts=_unseen(reading, before),
            entries=before.entries,
            # What another feed of the host brought is there, though this one does not know it.
            trusted=bool(before.entries) and not others,
            around=Circumstances(feed.damaged, others - progress.gone),
            floor=before.look.floor,
        )
        return _Read(before, progress.known.get(url, FeedState()), poll, feed, reading, delivery)

    def _store(self, batch: list[_Read], progress: _Progress) -> None:
        """Store a batch; if it fails for a reason of ours, one by one, to see whose fault it is."""
        try:
            deliveries = [read.delivery for read in batch if read.delivery.drafts]
            stored = iter(self.store.run(deliveries, now=self.clock()) if deliveries else ())
        except StoreUnavailableError:
            raise
        except Exception as error:  # noqa: BLE001 -- one feed's failure, of any kind, is its own
            if len(batch) > 1:
                for read in batch:
                    self._store([read], progress)
                return
            # The fault is ours, so the feed is not made to wait for it.
            url = batch[0].delivery.settings.url
            progress.states[url] = replace(batch[0].before, error=f"not stored: {error!r}")
            return
        for read in batch:
            outcome = next(stored) if read.delivery.drafts else Stored(entries={})
            url = read.delivery.settings.url
            progress.states[url] = _remember(read, outcome, progress.lifts)
            progress.brought[url] = frozenset(item.id for item in outcome.publication.items)
            progress.newest = newest_of(progress.newest, outcome.publication)
            progress.stored.append(replace(outcome, publication=Publication()))


def _by_host(feeds: Iterable[FeedSettings]) -> dict[str, frozenset[str]]:
    """Return the feeds' addresses by their source hosts."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for feed in feeds:
        found[feed.host].add(feed.url)
    return {host: frozenset(urls) for host, urls in found.items()}


def _unseen(reading: Reading, before: FeedState) -> tuple[Draft, ...]:
    """Return the drafts that are not as they were last seen."""
    never = EntryState()
    return tuple(
        draft
        for draft in reading.drafts
        if before.entries.get(draft.id, never).fingerprint != draft.fingerprint
    )


def _before(state: FeedState, settings: FeedSettings, lifts: Iterable[str]) -> FeedState:
    """Return the state to poll with.

    After a lift, and under other settings, every entry of the feed is looked at again.
    """
    mark = lifts_mark((settings.host, *state.hosts), lifts)
    terms = terms_of(settings)
    if (state.lifts, state.terms) == (mark, terms):
        return state
    entries = {item: replace(entry, fingerprint="") for item, entry in state.entries.items()}
    return replace(state.forgetting_body(), lifts=mark, terms=terms, entries=entries)


def _learnt(progress: _Progress, *, put: bool) -> Learnt:
    """Return what was learnt; what the front does not show yet is to be brought again."""
    if put:
        return Learnt(progress.states, progress.looked.notes)
    states = {
        url: state.forgetting(progress.brought.get(url, ()))
        for url, state in progress.states.items()
    }
    notes = {url: replace(note, look=None) for url, note in progress.looked.notes.items()}
    return Learnt(states, notes)


def _oldest_first(lease: Lease) -> list[tuple[str, FeedSettings]]:
    """Order the due feeds so that whatever time cuts off comes first in the next run."""
    never = datetime.min.replace(tzinfo=UTC)
    unknown = FeedState()
    return sorted(
        lease.due.items(),
        key=lambda due: lease.before.feeds.get(due[0], unknown).attempted or never,
    )


def _is_full(batch: list[_Read], read: _Read) -> bool:
    """Tell whether a read belongs into a batch of its own: one feed a host, and bounded memory."""
    drafts = sum(len(other.delivery.drafts) for other in (*batch, read))
    hosts = {other.delivery.settings.host for other in batch}
    return bool(batch) and (
        drafts > _MOST_DRAFTS or len(batch) >= _MOST_FEEDS or read.delivery.settings.host in hosts
    )


def _remember(read: _Read, stored: Stored, lifts: Iterable[str]) -> FeedState:
    """Return a feed's next state: its entries as they were seen, its validators last of all."""
    present = {draft.id for draft in read.reading.drafts}
    whole = not (read.poll.partial or read.feed.damaged)
    kept = {
        item: known for item, known in read.before.entries.items() if item in present or not whole
    }
    entries = dict(list({**stored.entries, **kept, **stored.entries}.items())[:_MOST_ENTRIES_KNOWN])
    damage = (_DAMAGED,) if read.feed.damaged else ()
    problems = (*damage, *read.feed.problems, *read.reading.problems, *stored.problems)
    moved = {**({} if whole else read.before.moved), **read.reading.moved}
    claimed = {host for draft in read.reading.drafts for host in draft.hosts} | stored.hosts
    claimed |= set() if whole else set(read.before.hosts)
    hosts = tuple(sorted(claimed - {read.delivery.settings.host}))
    hosts = hosts if len(hosts) <= _MOST_HOSTS else (EVERY_HOST,)
    state = replace(
        read.poll.state,
        entries=entries,
        moved={fresh: item for fresh, item in moved.items() if item in entries},
        hosts=hosts,
        lifts=lifts_mark((read.delivery.settings.host, *hosts), lifts),
        rung=read.reading.rung,
        title=read.feed.title,
        problems=tuple(problem[:300] for problem in problems[:_MOST_PROBLEMS]),
    )
    arrivals = arrivals_in(read.reading, read.before, read.last, is_whole=whole)
    state = with_arrivals(state, read.before, feed=read.feed, arrivals=arrivals)
    if read.feed.damaged:  # the whole document may come under the same validators (rule V3)
        state = replace(state, etag=None, last_modified=None)
    return state.forgetting_body() if stored.lost else state


def _report(lease: Lease, progress: _Progress) -> MirrorReport:
    learnt = progress.states
    return MirrorReport(
        feeds=len(lease.state.feeds),
        polled=len(learnt),
        unchanged=progress.unchanged,
        changed=progress.changed,
        left=len(lease.due) - len(learnt),
        created=sum(stored.created for stored in progress.stored),
        updated=sum(stored.updated for stored in progress.stored),
        restored=sum(stored.restored for stored in progress.stored),
        retired=progress.looked.retired.written,
        suppressed=sum(stored.suppressed for stored in progress.stored),
        lost=sum(stored.lost for stored in progress.stored),
        failures=tuple((url, state.error) for url, state in learnt.items() if state.error),
        problems=tuple((url, what) for url, state in learnt.items() for what in state.problems),
    )
