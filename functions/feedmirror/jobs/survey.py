"""What became of a mirror over some weeks, in numbers: new items by day, and takedowns.

Items are counted in the months' listings of the site, and cases in the ledger; of either, one
after another is read and only counts are kept, of nobody's name.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from feedmirror.jobs.batches import batches
from feedmirror.jobs.takedown.case_book import CaseBook
from feedmirror.layout import JSON, month_folder
from feedmirror.ports.object_store import ObjectStore
from feedmirror.ports.workers import Workers
from feedmirror.publishing.listings import ListingUnreadableError, read_listing
from feedmirror.suppression import RuleUnreadableError
from feedmirror.takedowns.casework.case_orders import TAKES_DOWN, settled_orders
from feedmirror.takedowns.casework.cases import Case, Event

_BATCH = 64  # cases, or months of hosts, whose counts are held at once


@dataclass(frozen=True, slots=True)
class Removal:
    """One case that took something down: on which day, how much, and how long that took.

    ``took`` is from the mail to the first that was out of sight; None where no mail asked.
    """

    day: date
    items: int
    took: timedelta | None


@dataclass(frozen=True, slots=True)
class Survey:
    """The counts of some days, the last of them today; a day without any is 0."""

    items: Mapping[date, int]
    removed: Mapping[date, int]
    took: tuple[timedelta, ...]
    cases: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeSurvey:
    """Counts over the buckets, and writes nothing; may raise StoreUnavailableError."""

    site: ObjectStore
    cases: CaseBook
    workers: Workers

    def run(self, hosts: Iterable[str], *, now: datetime, days: int) -> Survey:
        """Count what some hosts brought and what was taken down in so many days."""
        today = now.astimezone(UTC).date()
        span = [today - timedelta(days=back) for back in reversed(range(days))]
        items = self._items(hosts, span)
        known, removals = self._removals(set(span))
        removed: Counter[date] = Counter()
        for removal in removals:
            removed[removal.day] += removal.items
        return Survey(
            items={day: items[day] for day in span},
            removed={day: removed[day] for day in span},
            took=tuple(sorted(each.took for each in removals if each.took is not None)),
            cases=known,
        )

    def _items(self, hosts: Iterable[str], span: list[date]) -> Counter[date]:
        """Count the items that are shown by the day on which they were first seen."""
        months = sorted({day.replace(day=1) for day in span})
        folders = [
            month_folder(host, datetime(month.year, month.month, 1, tzinfo=UTC))
            for host in sorted(hosts)
            for month in months
        ]
        wanted, found = set(span), Counter[date]()
        for batch in batches(folders, _BATCH):
            for counted in self.workers.map(self._of_month, batch):
                found.update({day: n for day, n in counted.items() if day in wanted})
        return found

    def _of_month(self, folder: str) -> Counter[date]:
        found = self.site.get(folder + JSON)
        try:
            cards = read_listing(folder, found.content.body).cards if found else ()
        except ListingUnreadableError:  # the next run makes it anew
            cards = ()
        return Counter(card.first_seen.astimezone(UTC).date() for card in cards)

    def _removals(self, span: set[date]) -> tuple[int, list[Removal]]:
        """Return how many cases were opened within some days, and what was removed in them."""
        opened, found = 0, list[Removal]()
        for batch in batches(self.cases.ids(), _BATCH):
            cases, _ = self.cases.readable(batch, self.workers)  # `status` tells of the others
            for case in cases:
                opened += case.opened.astimezone(UTC).date() in span
                removal = _removal(case)
                if removal is not None and removal.day in span:
                    found.append(removal)
        return opened, found


def _removal(case: Case) -> Removal | None:
    """Return when a case first took something out of sight, if it did."""
    try:
        down = {order.number for order in settled_orders(case) if order.outcome in TAKES_DOWN}
    except (RuleUnreadableError, ValueError, KeyError, TypeError):
        return None
    done = [
        entry
        for entry in case.of(Event.CARRIED_OUT)
        if entry.details.get("order") in down and entry.details.get("copies")
    ]
    if not done:
        return None
    items = max(int(entry.details["copies"]) for entry in done)
    took = done[0].at - case.opened if case.mail else None
    return Removal(done[0].at.astimezone(UTC).date(), items, took)
