"""What the whole mirror shows: the front by the protocol, the rest where the configuration changed.

Where one call runs every shard it brings what they brought; where many do, each notes it in a list
of its own, and the scheduled run takes in those that changed.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from feedmirror.configuration import FeedSettings
from feedmirror.jobs.about_pages import AboutPages
from feedmirror.jobs.latest import FrontState, LatestLists, Place, newest_of_others
from feedmirror.jobs.publish import Publisher
from feedmirror.jobs.rules import RuleReader
from feedmirror.layout import FRONT, host_folder
from feedmirror.publishing.listings import FRONT_CARDS, Listing
from feedmirror.publishing.selection import select
from feedmirror.records import Item, Record
from feedmirror.suppression import RuleUnreadableError

if TYPE_CHECKING:
    from feedmirror.jobs.tell_hub import TellHub

_ATTEMPTS = 4  # to put the front against other writers
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorWide:
    """Brings the mirror-wide pages up to date; ``mark`` is a digest of the configuration in force.

    Both methods return why the front could not be put, or nothing, and raise StoreUnavailableError.
    """

    publisher: Publisher
    about: AboutPages
    rules: RuleReader
    latest: LatestLists
    clock: Callable[[], datetime]
    feeds: tuple[FeedSettings, ...]
    mark: str
    keep_configuration: Callable[[], None]
    hub: "TellHub | None" = None

    def put(self, places: Collection[Place]) -> str:
        """Put the front with some items; a lost condition means to begin again from the top."""
        failed: Mapping[str, str] = {FRONT: "site /: its items have other links at every look"}
        hosts = {host for place in places for host in (place.host, place.link_host)}
        for attempt in range(_ATTEMPTS):
            listings = self.publisher.open({FRONT}, looks=attempt > 0)
            rules = self.rules.read(hosts | listings.hosts)
            try:
                # Behind the rules, and long after they were put: what the archive holds now.
                records = self._records(places, listings.by_folder[FRONT].listing)
                if not _hosts_of(records) <= hosts:  # a link has changed: its rules count as well
                    hosts |= _hosts_of(records)
                    continue
                checked = select(records, rules.concerning(hosts), now=self.clock())
            except RuleUnreadableError as error:
                return str(error)
            failed = self.publisher.update(
                listings, checked, rules, now=self.clock(), vacant=self._vacant(places)
            )
            if not failed:
                self._note({FRONT})
                break
        return failed.get(FRONT, "")

    def _records(self, places: Collection[Place], front: Listing) -> list[Record]:
        """Read the records of what may change the front.

        Those are what it shows of hosts where something has gone, the newest items until it is
        full, and of every other host the newest, if the front knows of none so new.
        """
        known = {host.host: host.latest or _NEVER for host in front.hosts}
        gone = {place.host for place in places if place.gone}
        doubted = ((card.host, card.id) for card in front.cards if card.host in gone)
        items = sorted((place for place in places if not place.gone), reverse=True)
        read, found = 0, self.publisher.records(doubted)
        while read < len(items) and sum(isinstance(each, Item) for each in found) < FRONT_CARDS:
            found += self._read(items[read : read + FRONT_CARDS])
            read += FRONT_CARDS
        others = newest_of_others(items[read:], items[:read])
        return found + self._read(
            [each for each in others if each.shown_from > known.get(each.host, _NEVER)]
        )

    def _vacant(self, places: Collection[Place]) -> frozenset[str]:
        """Return the hosts where something has gone and nothing is left."""
        hosts = sorted({place.host for place in places if place.gone})
        vacant = self.publisher.workers.map(self._is_vacant, hosts)
        return frozenset(host for host, is_vacant in zip(hosts, vacant, strict=True) if is_vacant)

    def _is_vacant(self, host: str) -> bool:
        """Tell whether a host shows nothing; where its latest does not, its months still may."""
        folder = host_folder(host)
        latest = self.publisher.shown(folder)
        if latest is None or latest.cards:
            return False
        months = (self.publisher.shown(f"{folder}{month}/") for month in latest.months)
        return all(month is not None and not month.cards for month in months)

    def _read(self, places: Iterable[Place]) -> list[Record]:
        return self.publisher.records((place.host, place.id) for place in places)

    def catch_up(self, brought: Iterable[Place] = ()) -> str:
        """Put what changed in the shards' lists, what was brought besides, and what is configured.

        What could not be put is taken in again by the next call.
        """
        before, etag = self.latest.load()
        places, seen = self.latest.unseen(before.seen)
        fresh, reconfigured = [*places, *brought], before.mark != self.mark
        if reconfigured:
            self.keep_configuration()
            self.publisher.put_fixed_pages(self.feeds)
            self._put_unasked()
        why = self.put(fresh) if fresh or reconfigured else ""
        if not why and (seen != before.seen or reconfigured):
            self.latest.save(FrontState(self.mark, seen), etag)
        return why

    def _put_unasked(self) -> None:
        """Put the pages of hosts that are still shown, and of which no feed is configured."""
        front = self.publisher.shown(FRONT)
        if front is not None:
            self.about.put_unasked(each.host for each in front.hosts)

    def tell_hub(self, hosts: Iterable[str] = ()) -> tuple[str, ...]:
        """Tell the hub, if there is one, of hosts and a front that changed; to be called last.

        Returns what went wrong, which is nobody's loss but time.
        """
        self._note(map(host_folder, hosts))
        return self.hub.run() if self.hub else ()

    def _note(self, folders: Iterable[str]) -> None:
        if self.hub is not None:
            self.hub.changed.update(folders)

    def template_problems(self) -> tuple[str, ...]:
        """Return what is wrong with the operator's templates."""
        return self.publisher.renderer().problems


def _hosts_of(records: Iterable[Record]) -> set[str]:
    items = (record for record in records if isinstance(record, Item))
    return {host for item in items for host in (item.host, item.link_host)}
