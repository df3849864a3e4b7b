"""One run over one shard: lease, poll, read, store, remember."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from feedmirror.addresses import host_of
from feedmirror.configuration import Configuration, FeedSettings
from feedmirror.jobs.about_pages import AboutPages
from feedmirror.jobs.absences import Absences
from feedmirror.jobs.follow_moves import FollowMoves
from feedmirror.jobs.follow_terms import FollowTerms
from feedmirror.jobs.house_terms import LookAtHouses
from feedmirror.jobs.look_for_tokens import TokenSearch
from feedmirror.jobs.met_again import Tell, met_again
from feedmirror.jobs.read_answers import Read, ReadAnswers
from feedmirror.jobs.remember import remember, to_poll_with
from feedmirror.jobs.reports import MirrorReport
from feedmirror.jobs.retire_shard import LookedOver, RetireShard
from feedmirror.jobs.robots_looks import Looked, RobotsLooks
from feedmirror.jobs.rules import RuleReader
from feedmirror.jobs.shard_state import Learnt, Lease, Note, ShardStates
from feedmirror.jobs.slots import Stored
from feedmirror.jobs.store_entries import StoreEntries
from feedmirror.jobs.withdrawals import HandOn
from feedmirror.layout import ItemId
from feedmirror.mirroring.following import feeds_by_address
from feedmirror.mirroring.following_terms import Polled, under_host
from feedmirror.mirroring.house_terms import HouseTerms
from feedmirror.mirroring.parsing import Parsers, ParserUnavailableError
from feedmirror.mirroring.poll_state import FeedState, Look, ShardState
from feedmirror.mirroring.polling import conditional_request
from feedmirror.mirroring.robots import origin_of
from feedmirror.ports.aftermath import WorkQueue
from feedmirror.ports.fetching import Fetched, Fetcher, FetchFailure, Unfetched
from feedmirror.ports.object_store import StoreUnavailableError
from feedmirror.publishing.selection import Publication, newest_of

RESERVE = timedelta(seconds=60)  # kept back for the fetches under way, and to store and save
_MOST_DRAFTS = 500  # of one batch: bounds memory
_MOST_FEEDS = 32


@dataclass(slots=True, kw_only=True)
class _Progress:
    """What a run has found out so far.

    ``newest`` are the items that the front may show, ``brought`` the ids that each feed brought.
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
    newest: Publication = field(default_factory=Publication)
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


@dataclass(frozen=True, slots=True)
class ShardOutcome:
    """What one run brought: the report, the newest of what it published, and of which hosts."""

    report: MirrorReport
    newest: Publication
    hosts: frozenset[str]
    reconfigured: bool
    commit: Callable[[bool], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorShard:
    """Polls a shard's due feeds and brings archive and site up to date with them."""

    states: ShardStates
    fetcher: Fetcher
    parsers: Parsers
    robots: RobotsLooks
    hand_on: WorkQueue
    rules: RuleReader
    store: StoreEntries
    houses: LookAtHouses
    terms: FollowTerms
    retire: RetireShard
    about: AboutPages
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
        Raises FeedsMovingError, ParserUnavailableError and StoreUnavailableError; the next run then
        starts from what is stored.
        """
        lease = self.states.lease(shard, at_once=at_once, time_left=time_left)
        progress = self._begin(lease, tokens)
        self._poll(progress, time_left=time_left)

        def enough() -> bool:
            return time_left() < RESERVE

        for url, state in progress.states.items():
            progress.states[url] = self.terms.run(lease.due[url], state, progress.hand_on)
        answers = progress.answers
        answers.absences.finish(progress.states, lease.state.feeds, answers.by_host)
        older = {} if enough() else self._read_older(progress, enough)
        progress.looked = self.retire.run(lease, progress.states, enough=enough)
        for url, note in (*answers.moves.taken_over(), *older.items()):
            progress.looked.note(url, note)
        for url, look in _cut_again(progress):
            progress.looked.note(url, Note(look=look))
        _show(progress, progress.looked.retired.publication)
        reconfigured = lease.before.mark != self.states.mark
        told = self.about.tell(progress.shard, progress.states, every=reconfigured, enough=enough)
        progress.states.update(told.states)
        return ShardOutcome(
            report=_report(progress),
            newest=progress.newest,
            hosts=frozenset(progress.hosts),
            reconfigured=reconfigured,
            commit=lambda put: self.states.save(
                lease, _learnt(progress, put=put), whole=put and (told.whole or not reconfigured)
            ),
        )

    def _begin(self, lease: Lease, tokens: TokenSearch) -> _Progress:
        """Return what is known as a run begins."""
        own = [feed for feed in self.configuration.feeds if feed.url in lease.state.feeds]
        ended = frozenset(feed.url for feed in own if feed.ended is not None)
        states: dict[str, FeedState] = {}
        hand_on = HandOn(queue=self.hand_on, clock=self.clock)
        answers = ReadAnswers(
            parsers=self.parsers,
            tokens=tokens,
            hand_on=hand_on,
            absences=Absences(self.store.archive, hand_on, self.clock),
            moves=FollowMoves(self.states.objects.feeds, lease.state.feeds, states),
            known=lease.before.feeds,
            by_host=_by_host(own),
            gone=ended | {url for url, state in lease.state.feeds.items() if state.is_over},
            states=states,
            clock=self.clock,
        )
        lifts = self.rules.lifts() if lease.due else ()
        return _Progress(lease=lease, answers=answers, hand_on=hand_on, lifts=lifts)

    def _poll(self, progress: _Progress, *, time_left: Callable[[], timedelta]) -> None:
        """Ask the due feeds, and store what they bring, as long as there is time."""
        polled = self._admitted(progress, time_left=time_left)
        asked = feeds_by_address({url: each.before for url, each in polled.items()})
        batch: list[Read] = []
        for answer in self._answers((polled[url] for url in asked.values()), progress.admitted):
            if isinstance(answer, Unfetched) and answer.failure is FetchFailure.HELD:
                continue  # nobody was asked: it is given back, and comes first next time
            read = progress.answers.run(polled[asked[answer.request.url]], answer)
            if read is not None:
                if _is_full(batch, read):
                    self._store(batch, progress)
                    batch = []
                batch.append(read)
            if time_left() < RESERVE:
                break
        self._store(batch, progress)

    def _admitted(
        self, progress: _Progress, *, time_left: Callable[[], timedelta]
    ) -> dict[str, Polled]:
        """Return the due feeds that may be asked, under what their hosts say of terms."""
        lease = progress.lease
        before = {
            url: to_poll_with(lease.state.feeds[url], settings, progress.lifts)
            for url, settings in _oldest_first(lease)
        }
        whole = progress.answers.tokens.whole & before.keys()
        before |= {url: before[url].forgetting_body() for url in whole}
        admitted = self.robots.run(lease, before, hand_on=progress.hand_on, time_left=time_left)
        progress.admitted = admitted
        progress.states.update(admitted.refused)
        progress.house_terms = self.houses.run(
            lease, robots=admitted, enough=lambda: time_left() < RESERVE
        )
        known = progress.shard.house_terms
        rules = {origin: house.rules for origin, house in known.items()}
        return {
            url: under_host(
                Polled(lease.due[url], state, rules.get(origin_of(state.move.asked_at(url))))
            )
            for url, state in admitted.polled.items()
        }

    def _read_older(self, progress: _Progress, enough: Callable[[], bool]) -> dict[str, Note]:
        """Read the older documents that are due, of feeds that do not fail; return how far.

        What is held back since this run was told 429 is left to a later one.
        """
        lease, known = progress.lease, progress.shard.feeds
        held = self.states.held(known) if lease.older else {}
        feeds = {
            url: feed
            for url, feed in lease.older.items()
            if not known[url].error and url not in held
        }
        if not feeds:
            return {}
        from feedmirror.jobs.older_documents import OlderDocuments  # noqa: PLC0415 -- rarely needed

        older = OlderDocuments(
            fetcher=self.fetcher,
            parsers=self.parsers,
            store=self.store,
            clock=self.clock,
            houses=progress.shard.houses,
            by_host=progress.answers.by_host,
            gone=progress.answers.gone,
            enough=enough,
        )
        read = older.run(feeds, known)
        for url, stored in older.stored.items():
            items = frozenset(item.id for item in stored.publication.items)
            progress.brought[url] = progress.brought.get(url, frozenset()) | items
            _take_in(stored, feeds[url].host, progress)
        return {url: Note(backfill=backfill) for url, backfill in read.items()}

    def _answers(self, polled: Iterable[Polled], admitted: Looked) -> Iterator[Fetched | Unfetched]:
        requests = [
            replace(
                conditional_request(url, each.before),
                pause=admitted.pauses[url],
                barred=admitted.barred.get(url, ()),
            )
            for each in polled
            for url in [each.settings.url]
        ]
        return self.fetcher.fetch(requests) if requests else iter(())

    def _store(self, batch: list[Read], progress: _Progress) -> None:
        """Store a batch; if it fails for a reason of ours, one by one, to see whose fault it is."""
        try:
            deliveries = [read.delivery for read in batch if read.delivery.drafts]
            stored = iter(self.store.run(deliveries, now=self.clock()) if deliveries else ())
        except (ParserUnavailableError, StoreUnavailableError):
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
            _note(read, outcome, progress, now=self.clock())


def _note(read: Read, outcome: Stored, progress: _Progress, *, now: datetime) -> None:
    """Take note of what became of one feed's document."""
    settings = read.delivery.settings
    progress.states[settings.url] = met_again(
        read,
        outcome,
        remember(read, outcome, progress.lifts, now=now),
        host_is_open=_is_open(settings.host, progress),
        tell=Tell(progress.answers.absences.archive, progress.hand_on),
    )
    progress.brought[settings.url] = frozenset(item.id for item in outcome.publication.items)
    _take_in(outcome, settings.host, progress)


def _is_open(host: str, progress: _Progress) -> bool:
    """Tell whether robots.txt of the host itself was seen to let all of its feeds be polled."""
    feeds = progress.answers.by_host[host] - progress.answers.gone
    polled = progress.admitted.polled
    asked = {host_of(polled[url].move.asked_at(url)) for url in feeds & polled.keys()}
    return feeds <= polled.keys() and host in asked


def _cut_again(progress: _Progress) -> Iterator[tuple[str, Look]]:
    """Yield the looks of feeds of which something is coming back, as it was when it went.

    If terms permit less by now, the next run cuts it, whether or not the feed is due then.
    """
    known, notes = progress.shard.feeds, progress.looked.notes
    for host, feed in sorted(progress.hand_on.back):
        for url in sorted(progress.answers.by_host[host] & ({feed} if feed else known.keys())):
            look = notes.get(url, Note()).look or known[url].look
            yield url, replace(look, shown=Look().shown)


def _take_in(stored: Stored, host: str, progress: _Progress) -> None:
    """Take note of what was stored of a host's feed."""
    progress.newest = newest_of(progress.newest, stored.publication)
    progress.stored.append(replace(stored, publication=Publication()))
    progress.hosts |= {host} if stored.written else set()


def _show(progress: _Progress, retired: Publication) -> None:
    """Take note of what is retired."""
    progress.newest = newest_of(progress.newest, retired)
    progress.hosts |= {item.host for item in retired.items}
    progress.hosts |= {stone.host for stone in retired.tombstones}


def _by_host(feeds: Iterable[FeedSettings]) -> dict[str, frozenset[str]]:
    """Return the feeds' addresses by their source hosts."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for feed in feeds:
        found[feed.host].add(feed.url)
    return {host: frozenset(urls) for host, urls in found.items()}


def _learnt(progress: _Progress, *, put: bool) -> Learnt:
    """Return what was learnt; what the front does not show yet is to be brought again."""
    learnt = Learnt(
        progress.states, progress.looked.notes, progress.admitted.houses, progress.house_terms
    )
    if put:
        return learnt
    states = {
        url: state.forgetting(progress.brought.get(url, ()))
        for url, state in progress.states.items()
    }
    notes = {url: replace(note, look=None) for url, note in progress.looked.notes.items()}
    return replace(learnt, polled=states, notes=notes)


def _oldest_first(lease: Lease) -> list[tuple[str, FeedSettings]]:
    """Order the due feeds so that whatever time cuts off comes first in the next run."""
    never = datetime.min.replace(tzinfo=UTC)
    unknown = FeedState()
    return sorted(
        lease.due.items(),
        key=lambda due: lease.before.feeds.get(due[0], unknown).attempted or never,
    )


def _is_full(batch: list[Read], read: Read) -> bool:
    """Tell whether a read belongs into a batch of its own: one feed a host, and bounded memory."""
    drafts = sum(len(other.delivery.drafts) for other in (*batch, read))
    hosts = {other.delivery.settings.host for other in batch}
    return bool(batch) and (
        drafts > _MOST_DRAFTS or len(batch) >= _MOST_FEEDS or read.delivery.settings.host in hosts
    )


def _report(progress: _Progress) -> MirrorReport:
    lease, learnt = progress.lease, progress.states
    return MirrorReport(
        feeds=len(lease.state.feeds),
        polled=len(learnt) - len(progress.admitted.refused),
        unchanged=progress.answers.unchanged,
        changed=progress.answers.changed,
        left=len(lease.due) - len(learnt),
        created=sum(stored.created for stored in progress.stored),
        updated=sum(stored.updated for stored in progress.stored),
        restored=sum(stored.restored for stored in progress.stored),
        retired=progress.looked.retired.written,
        suppressed=sum(stored.suppressed for stored in progress.stored),
        lost=sum(stored.lost for stored in progress.stored),
        failures=tuple((url, state.error) for url, state in learnt.items() if state.error),
        findings=progress.hand_on.sent,
        problems=(
            *((url, what) for url, state in learnt.items() for what in state.problems),
            *progress.admitted.problems,
            *(("", what) for what in progress.hand_on.problems),
        ),
    )
