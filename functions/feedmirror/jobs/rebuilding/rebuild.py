"""The site from the archive: every page and listing made anew, host by host, beside a live mirror.

It is what follows a changed name, contact or template, a damaged page, or the loss of the whole
bucket. What is the same but for its nonce is left as it is.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from heapq import nlargest

from feedmirror.configuration import FeedSettings
from feedmirror.jobs.about_pages import AboutPages
from feedmirror.jobs.batches import batches
from feedmirror.jobs.publish import OpenPage
from feedmirror.jobs.rebuilding.host_index import Gone, Held, HostIndex, IndexHosts
from feedmirror.jobs.rebuilding.rebuild_listings import Place, RebuildListings, Shown
from feedmirror.jobs.rebuilding.rebuild_pages import RebuildPages
from feedmirror.jobs.rebuilding.rebuild_report import RebuildReport, Tally
from feedmirror.jobs.takedown.removal_log import RemovalLog
from feedmirror.layout import FRONT, REMOVED, ItemId, about_page, host_folder
from feedmirror.publishing.listings import FRONT_CARDS, LATEST_BURIED

_BATCH = 200  # pages
_FEW = 8  # times as many as are shown are held, so that not each host has them all sorted
_MOST = 2 * FRONT_CARDS  # some of what an index names may be gone by now


class NothingHeldError(Exception):
    """The archive holds nothing, and the site something: it is not the site that was lost."""


@dataclass(slots=True)
class _Latest:
    """What the front is made of: the newest of all hosts, and the newest of each."""

    held: list[Held] = field(default_factory=list)
    of_hosts: list[Held] = field(default_factory=list)
    gone: list[Gone] = field(default_factory=list)

    def add(self, index: HostIndex) -> None:
        self.held += nlargest(_MOST, index.held)
        self.of_hosts += nlargest(1, index.held)
        self.gone += nlargest(LATEST_BURIED, index.gone)
        if len(self.held) > _FEW * _MOST or len(self.gone) > _FEW * LATEST_BURIED:
            self._forget_older()

    def _forget_older(self) -> None:
        self.held = nlargest(_MOST, self.held)
        self.gone = nlargest(LATEST_BURIED, self.gone)

    def shown(self) -> Shown:
        self._forget_older()
        held = dict.fromkeys((*self.held, *self.of_hosts))
        hosts = {host for each in held for host in (each.host, each.link_host)}
        hosts |= {each.host for each in self.gone}
        return Shown(folder=FRONT, places=_places((*held, *self.gone)), hosts=frozenset(hosts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuild:
    """Makes the site anew."""

    index: IndexHosts
    pages: RebuildPages
    listings: RebuildListings
    about: AboutPages
    log: RemovalLog
    feeds: tuple[FeedSettings, ...]

    def run(self, progress: Callable[[int], object] = lambda _: None) -> RebuildReport:
        """Put what is not as the archive and the configuration have it.

        Raises StoreUnavailableError, and NothingHeldError rather than take a site for one that has
        no records.
        """
        tally, latest = Tally(progress), _Latest()
        if not self.index.has_records():
            self._refuse_to_end_a_site()
        self._put_mirrors_own()
        self._put_abouts(tally)
        for found in self._hosts():
            self._host(found, tally)
            latest.add(found)
        self.listings.run(latest.shown(), tally)
        return tally.report()

    def _hosts(self) -> Iterator[HostIndex]:
        return (found for found in map(self.index.index, self.index.hosts()) if found.is_host)

    def _refuse_to_end_a_site(self) -> None:
        for found in self._hosts():
            raise NothingHeldError(
                f"the archive holds no record, and the site shows {found.host}: load a backup first"
            )

    def _put_mirrors_own(self) -> None:
        """Put the pages that show no item; a takedown that comes first has put the newer log."""
        publisher = self.pages.publisher
        removed = OpenPage(REMOVED, publisher.site.get(REMOVED))
        document = publisher.renderer().removed_page(self.log.counts(), nonce=publisher.nonce())
        publisher.put_document(removed, document)
        publisher.put_fixed_pages(self.feeds)

    def _put_abouts(self, tally: Tally) -> None:
        """Put what configured hosts are told, also those that nothing has come from yet."""
        for hosts in batches(sorted({feed.host for feed in self.feeds}), _BATCH):
            for host in set(hosts) - self.about.put(hosts):
                tally.problems.add(f"site {about_page(host)}: not put, try again")

    def _host(self, index: HostIndex, tally: Tally) -> None:
        """Put all of one host."""
        host = index.host
        for item in index.alone:
            tally.buried += self.pages.bury(host, item)
        for problem in index.unreadable.values():
            tally.problems.add(problem)
        items: dict[ItemId, Held | None] = dict.fromkeys(
            (*index.alone, *(each.id for each in index.gone))
        )
        items |= {each.id: each for each in index.held}
        for batch in batches(items.items(), _BATCH):
            self.pages.run(host, dict(batch), tally)
            tally.progress(len(batch))
        self.about.put_unasked([host])
        tally.hosts += 1
        tally.items += len(index.held)
        tally.tombstones += len(index.gone) + len(index.alone)
        self._put_listings(index, tally)

    def _put_listings(self, index: HostIndex, tally: Tally) -> None:
        own = host_folder(index.host)
        for month in index.months:
            folder = f"{own}{month}/"
            held = [each for each in index.held if each.folder == folder]
            gone = [each for each in index.gone if folder in each.folders]
            self.listings.run(_shown(index, folder, held, gone=gone), tally)
        newest = _shown(
            index,
            own,
            nlargest(_MOST, index.held),
            gone=nlargest(LATEST_BURIED, index.gone),
        )
        alone = [(index.host, item) for item in index.alone]
        self.listings.run(replace(newest, places=[*newest.places, *alone]), tally)


def _shown(
    index: HostIndex, folder: str, held: Collection[Held], *, gone: Collection[Gone]
) -> Shown:
    return Shown(
        folder=folder,
        places=_places((*held, *gone)),
        hosts=frozenset({index.host, *(each.link_host for each in held)}),
        months=index.months,
    )


def _places(entries: Iterable[Held | Gone]) -> list[Place]:
    return [(each.host, each.id) for each in entries]
