"""The public log of removals: what day, on what ground, how many; made of keys that are listed.

One key a case and order says it all, so a retry counts once and the page needs one list request.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from feedmirror.jobs.publish import Publisher, content_of
from feedmirror.layout import LOG, REMOVED
from feedmirror.ports.object_store import (
    Content,
    LostConditionError,
    ObjectStore,
    StoreUnavailableError,
)
from feedmirror.suppression import Ground

if TYPE_CHECKING:
    from feedmirror.publishing.pages import TakedownCount
    from feedmirror.takedowns.casework.orders import Order

_ATTEMPTS = 16


@dataclass(frozen=True, slots=True)
class RemovalLog:
    """Keeps the log and its page."""

    ledger: ObjectStore
    publisher: Publisher
    clock: Callable[[], datetime]

    def add(self, case: str, order: "Order", *, copies: int) -> None:
        """Add what an order took down, once, and put the page; nothing of it tells who or what."""
        if copies:
            key = f"{LOG}{self.clock():%Y-%m-%d}/{order.ground}/{case}.{copies}"
            with suppress(LostConditionError):  # an earlier attempt wrote it
                self.ledger.put(key, Content(b"{}", "application/json"), replaces=None)
            self.put_page()

    def put_page(self) -> None:
        """Put the page anew, whatever stands there; raises StoreUnavailableError."""
        for _ in range(_ATTEMPTS):
            found = self.publisher.site.head(REMOVED)
            log = self.counts()
            page = self.publisher.renderer().removed_page(log, nonce=self.publisher.nonce())
            content = content_of(page)
            try:
                self.publisher.site.put(REMOVED, content, replaces=found.etag if found else None)
            except LostConditionError:
                continue
            return
        raise StoreUnavailableError(f"site {REMOVED}: changed {_ATTEMPTS} times")

    def counts(self) -> "list[TakedownCount]":
        """Return how many copies were taken down, by day and ground."""
        from feedmirror.publishing.pages import TakedownCount  # noqa: PLC0415 -- with the templates

        cases: dict[tuple[date, Ground], dict[str, int]] = {}
        for day, ground, case, copies in self._entries():
            counted = cases.setdefault((day, ground), {})
            counted[case] = max(counted.get(case, 0), copies)
        return [
            TakedownCount(day, ground, sum(counted.values()))
            for (day, ground), counted in cases.items()
        ]

    def _entries(self) -> Iterator[tuple[date, Ground, str, int]]:
        for summary in self.ledger.list(LOG):
            day, ground, name = summary.key.removeprefix(LOG).split("/")
            case, _, copies = name.rpartition(".")
            yield date.fromisoformat(day), Ground(ground), case, int(copies)
