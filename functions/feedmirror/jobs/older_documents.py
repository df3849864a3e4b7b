"""Reads feeds' older documents: what was published before the mirror knew the feed (RFC 5005).

Their entries are stored like any others, where nothing is stored yet. They change nothing that is
there, end nothing, and are not remembered with the entries that the feed lists now.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from feedmirror.addresses import same_origin
from feedmirror.configuration import FeedSettings
from feedmirror.jobs.in_time import in_time
from feedmirror.jobs.slots import Delivery, Stored
from feedmirror.jobs.store_entries import StoreEntries
from feedmirror.mirroring.backfill import Backfill, after
from feedmirror.mirroring.entries import Feed
from feedmirror.mirroring.entry_terms import read_stated
from feedmirror.mirroring.houses import ASKED_EVERY, House, may_fetch
from feedmirror.mirroring.items import Draft
from feedmirror.mirroring.parsing import Parsers, ParserUnavailableError
from feedmirror.mirroring.planning import Circumstances
from feedmirror.mirroring.poll_state import FeedState
from feedmirror.mirroring.polling import retry_after
from feedmirror.mirroring.reading import read_entries
from feedmirror.mirroring.retention import cut_of, rank_of
from feedmirror.mirroring.robots import origin_of
from feedmirror.mirroring.terms_table import Extent
from feedmirror.ports.fetching import Fetched, Fetcher, FetchRequest, Unfetched
from feedmirror.ports.object_store import StoreUnavailableError

_FOUND, _WAIT, _NO_MORE = {200}, {429, 503}, {404, 410}


@dataclass(frozen=True, slots=True, kw_only=True)
class OlderDocuments:
    """Reads one older document of each feed; ``stored`` is what became of their entries.

    ``houses`` are what origins say to robots; ``by_host`` are the feeds of each host, and ``gone``
    those that are polled no more. Where it is ``enough``, the rest is left to a later run.
    """

    fetcher: Fetcher
    parsers: Parsers
    store: StoreEntries
    clock: Callable[[], datetime]
    houses: Mapping[str, House]
    by_host: Mapping[str, frozenset[str]]
    gone: frozenset[str]
    enough: Callable[[], bool]
    stored: dict[str, Stored] = field(default_factory=dict)

    def run(
        self, feeds: Mapping[str, FeedSettings], states: Mapping[str, FeedState]
    ) -> dict[str, Backfill]:
        """Read what is next of each feed that does not fail, and return how far each is read now.

        Raises ParserUnavailableError and StoreUnavailableError.
        """
        feeds = {url: feed for url, feed in feeds.items() if not states[url].error}
        asked = {states[url].backfill.upcoming: url for url in feeds}
        known = {url: states[url].backfill for url in feeds}
        refused = {
            address for address in asked if not self._may_fetch(address, feeds[asked[address]])
        }
        read = {
            asked[address]: self._refused(address, known[asked[address]]) for address in refused
        }
        requests = [
            FetchRequest(address, pause=self._house(address).delay)
            for address in asked
            if address not in refused
        ]
        wanted = in_time(requests, is_short=self.enough)
        for answer in self.fetcher.fetch(wanted) if requests else ():
            url = asked[answer.request.url]
            try:
                read[url] = self._read(feeds[url], states[url], answer)
            except (ParserUnavailableError, StoreUnavailableError):
                raise
            except Exception:  # noqa: BLE001 -- one document's failure, of any kind, is its own
                read[url] = known[url].failed()
            if self.enough():
                break
        return read

    def _refused(self, address: str, known: Backfill) -> Backfill:
        """Return what is known once a document may not be asked for: nothing more to read.

        Of an origin that no feed is asked at yet, as behind a new redirect, it is only not known.
        """
        house, now = self._house(address), self.clock()
        if house.is_closed(now) or house.is_waited_for(now):
            return known.failed(until=now + ASKED_EVERY)
        return known.ended()

    def _house(self, address: str) -> House:
        return self.houses.get(origin_of(address), House())

    def _may_fetch(self, address: str, settings: FeedSettings) -> bool:
        """Tell whether robots.txt, or the operator's permission, lets a document be asked for."""
        house = self._house(address)
        permitted = bool(settings.permission) and not house.named
        return permitted or may_fetch(house, address, now=self.clock())

    def _read(
        self, settings: FeedSettings, state: FeedState, answer: Fetched | Unfetched
    ) -> Backfill:
        """Read one answer, and store what it lists and is not there yet."""
        known, now = state.backfill, self.clock()
        if isinstance(answer, Unfetched):
            return known.failed()
        if answer.status in _NO_MORE or not same_origin(answer.url, known.upcoming):
            return known.ended()
        if answer.status in _FOUND:
            return self._found(settings, state, answer)
        later = answer.headers.get("retry-after", "") if answer.status in _WAIT else ""
        return known.failed(until=retry_after(later, now=now))

    def _found(self, settings: FeedSettings, state: FeedState, answer: Fetched) -> Backfill:
        """Store what a document lists; beyond the operator's bounds, nothing older is read.

        Nor is it behind a document of which, by its own mark or terms, nothing may be shown.
        """
        content_type = answer.headers.get("content-type", "")
        feed = self.parsers.feed(answer.body, url=answer.url, content_type=content_type)
        stated = read_stated(feed, answer.headers, settings)
        if feed.refused or stated.extent is Extent.NOTHING:
            return state.backfill.ended()
        drafts = read_entries(feed, settings=settings, state=state).drafts
        cut = cut_of(settings, (state.look.floor,), now=self.clock())
        if all(rank_of(draft, None, now=self.clock()) < cut for draft in drafts):
            return state.backfill.ended()
        if self._lost([_adding(draft, feed) for draft in drafts], settings, state):
            return state.backfill.failed()
        return after(state.backfill, listed=[draft.id for draft in drafts], older=feed.older)

    def _lost(self, drafts: Iterable[Draft], settings: FeedSettings, state: FeedState) -> bool:
        """Store what is not there yet, and may be; tell whether another writer came between."""
        there = state.entries.keys() | state.absence.withdrawn
        unseen = tuple(each for each in drafts if each.id not in there and each.may_be_stored)
        if not unseen:
            return False
        others = self.by_host[settings.host] - {settings.url} - self.gone
        delivery = Delivery(
            settings=settings,
            drafts=unseen,
            entries={},
            trusted=False,
            around=Circumstances(damaged=True, others=others),  # it adds, and changes nothing
            floor=state.look.floor,
        )
        (stored,) = self.store.run([delivery], now=self.clock())
        self.stored[settings.url] = stored
        return stored.lost > 0


def _adding(draft: Draft, feed: Feed) -> Draft:
    """Return a draft that may be added; the last one of a damaged document may not (rule C5)."""
    return replace(draft, last=draft.last and feed.damaged)
