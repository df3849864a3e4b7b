"""One run over one shard: lease, poll, read, store, remember."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from feedmirror.addresses import host_of
from feedmirror.configuration import Configuration, FeedSettings
from feedmirror.jobs.about_pages import AboutPages
from feedmirror.jobs.absences import Absences
from feedmirror.jobs.follow_moves import FollowMoves
from feedmirror.jobs.follow_terms import FollowTerms
from feedmirror.jobs.house_terms import LookAtHouses
from feedmirror.jobs.in_time import in_time
from feedmirror.jobs.latest import Place
from feedmirror.jobs.look_for_tokens import TokenSearch
from feedmirror.jobs.met_again import Tell, met_again
from feedmirror.jobs.read_answers import Read, ReadAnswers
from feedmirror.jobs.remember import remember, to_poll_with
from feedmirror.jobs.reports import MirrorReport
from feedmirror.jobs.retire_shard import RetireShard
from feedmirror.jobs.robots_looks import Looked, RobotsLooks
from feedmirror.jobs.rules import RuleReader
from feedmirror.jobs.shard_progress import Progress
from feedmirror.jobs.shard_state import Lease, Note, ShardStates
from feedmirror.jobs.slots import Stored
from feedmirror.jobs.store_entries import StoreEntries
from feedmirror.jobs.withdrawals import HandOn
from feedmirror.mirroring.changing import changed
from feedmirror.mirroring.following import feeds_by_address
from feedmirror.mirroring.following_terms import Polled, under_host
from feedmirror.mirroring.parsing import Parsers, ParserUnavailableError
from feedmirror.mirroring.poll_state import FeedState
from feedmirror.mirroring.polling import conditional_request
from feedmirror.mirroring.robots import origin_of
from feedmirror.ports.aftermath import WorkQueue
from feedmirror.ports.fetching import Fetcher, FetchFailure, FetchRequest, Unfetched
from feedmirror.ports.object_store import StoreUnavailableError
from feedmirror.records import Item

RESERVE = timedelta(seconds=60)  # kept back for the fetches under way, and to store and save
_TO_STORE = RESERVE / 2
_MOST_DRAFTS = 128  # of one batch: bounds memory, and keeps each thread at work
_MOST_FEEDS = 32


@dataclass(frozen=True, slots=True)
class ShardOutcome:
    """What one run brought: the report, where the newest lies of it, and of which hosts.

    ``shown`` are items of which the front need not make the cards anew.
    """

    report: MirrorReport
    newest: tuple[Place, ...]
    shown: tuple[Item, ...]
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
        for url, look in progress.cut_again():
            progress.looked.note(url, Note(look=look))
        progress.show(progress.looked.retired.publication)
        reconfigured = lease.before.mark != self.states.mark
        told = self.about.tell(progress.shard, progress.states, every=reconfigured, enough=enough)
        progress.states.update(told.states)
        return ShardOutcome(
            report=progress.report(),
            newest=progress.newest,
            shown=progress.shown,
            hosts=frozenset(progress.hosts),
            reconfigured=reconfigured,
            commit=lambda put: self.states.save(
                lease, progress.learnt(put=put), whole=put and (told.whole or not reconfigured)
            ),
        )

    def _begin(self, lease: Lease, tokens: TokenSearch) -> Progress:
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
        return Progress(lease=lease, answers=answers, hand_on=hand_on, lifts=lifts)

    def _poll(self, progress: Progress, *, time_left: Callable[[], timedelta]) -> None:
        """Ask the due feeds, and store what they bring, as long as there is time."""
        polled = self._admitted(progress, time_left=time_left)
        asked = feeds_by_address({url: each.before for url, each in polled.items()})
        batch: list[Read] = []
        requests = in_time(
            self._requests((polled[url] for url in asked.values()), progress.admitted),
            is_short=lambda: time_left() < RESERVE,
        )
        for answer in self.fetcher.fetch(requests) if asked else ():
            if isinstance(answer, Unfetched) and answer.failure is FetchFailure.HELD:
                continue  # nobody was asked: it is given back, and comes first next time
            read = progress.answers.run(polled[asked[answer.request.url]], answer)
            if read is not None:
                if _is_full(batch, read):
                    self._store(batch, progress)
                    batch = []
                batch.append(read)
            if time_left() < _TO_STORE:
                break  # somebody is slow, and asked again by the next run
        self._store(batch, progress)

    def _admitted(
        self, progress: Progress, *, time_left: Callable[[], timedelta]
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

    def _read_older(self, progress: Progress, enough: Callable[[], bool]) -> dict[str, Note]:
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
            progress.take_in(stored, feeds[url].host)
        return {url: Note(backfill=backfill) for url, backfill in read.items()}

    def _requests(self, polled: Iterable[Polled], admitted: Looked) -> list[FetchRequest]:
        requests = [
            changed(
                conditional_request(url, each.before),
                pause=admitted.pauses[url],
                barred=admitted.barred.get(url, ()),
            )
            for each in polled
            for url in [each.settings.url]
        ]
        return _by_server(requests)

    def _store(self, batch: list[Read], progress: Progress) -> None:
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


def _note(read: Read, outcome: Stored, progress: Progress, *, now: datetime) -> None:
    """Take note of what became of one feed's document."""
    settings = read.delivery.settings
    progress.states[settings.url] = met_again(
        read,
        outcome,
        remember(read, outcome, progress.lifts, now=now),
        host_is_open=progress.is_open(settings.host),
        tell=Tell(progress.answers.absences.archive, progress.hand_on),
    )
    progress.brought[settings.url] = frozenset(item.id for item in outcome.publication.items)
    progress.take_in(outcome, settings.host)


def _by_host(feeds: Iterable[FeedSettings]) -> dict[str, frozenset[str]]:
    """Return the feeds' addresses by their source hosts."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for feed in feeds:
        found[feed.host].add(feed.url)
    return {host: frozenset(urls) for host, urls in found.items()}


def _oldest_first(lease: Lease) -> list[tuple[str, FeedSettings]]:
    """Order the due feeds so that whatever time cuts off comes first in the next run."""
    never = datetime.min.replace(tzinfo=UTC)
    unknown = FeedState()
    return sorted(
        lease.due.items(),
        key=lambda due: lease.before.feeds.get(due[0], unknown).attempted or never,
    )


def _by_server(requests: Iterable[FetchRequest]) -> list[FetchRequest]:
    """Put the requests to a host behind its first: far apart, each would open a connection."""
    found: defaultdict[str | None, list[FetchRequest]] = defaultdict(list)
    for request in requests:
        found[host_of(request.url)].append(request)
    return [request for same in found.values() for request in same]


def _is_full(batch: list[Read], read: Read) -> bool:
    """Tell whether a read belongs into a batch of its own: one feed a host, and bounded memory."""
    drafts = sum(len(other.delivery.drafts) for other in (*batch, read))
    hosts = {other.delivery.settings.host for other in batch}
    return bool(batch) and (
        drafts > _MOST_DRAFTS or len(batch) >= _MOST_FEEDS or read.delivery.settings.host in hosts
    )
