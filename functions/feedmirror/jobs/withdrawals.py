"""Handing on what publishers take back to the takedown function, which alone can take it down."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from feedmirror.configuration import FeedSettings
from feedmirror.ports.aftermath import WorkQueue

if TYPE_CHECKING:
    from feedmirror.jobs.findings import Withdrawal


@dataclass(slots=True, kw_only=True)
class HandOn:
    """Hands on what one run finds; ``sent`` counts it, ``problems`` are for the operator.

    ``back`` are the feeds, or hosts as a whole, of which something is to be shown again.
    """

    queue: WorkQueue
    clock: Callable[[], datetime]
    sent: int = 0
    problems: list[str] = field(default_factory=list)
    back: set[tuple[str, str]] = field(default_factory=set)

    def __call__(self, found: "Withdrawal") -> bool:
        """Hand on a withdrawal, in parts if it is of many items; tell whether all was taken.

        It is to be remembered once it was taken, and found again at the next poll if it was not.
        """
        from feedmirror.jobs.findings import MOST_ITEMS  # noqa: PLC0415 -- rarely needed

        parts = [
            replace(found, items=found.items[first : first + MOST_ITEMS])
            for first in range(0, max(len(found.items), 1), MOST_ITEMS)
        ]
        self.back |= set() if found.on else {(found.host, found.feed)}
        taken = [self._send(part) for part in parts]
        return all(taken)

    def of_feed(
        self,
        settings: FeedSettings,
        reason: str,
        *,
        on: bool,
        words: str,
        items: Iterable[str] = (),
    ) -> bool:
        """Hand on what a feed takes back, or offers again: all of it, or some items."""
        from feedmirror.jobs.findings import Reason, Withdrawal  # noqa: PLC0415 -- rarely needed

        return self(
            Withdrawal(
                reason=Reason(reason),
                host=settings.host,
                feed=settings.url,
                items=tuple(items),
                on=on,
                words=words,
            )
        )

    def _send(self, found: "Withdrawal") -> bool:
        seen = replace(found, seen=found.seen or self.clock())
        try:
            self.queue.send(seen.to_dict())
        except Exception as error:  # noqa: BLE001 -- one feed's failure is its own, done inline too
            what = found.feed or found.host
            self.problems.append(f"{what}: not handed on that it is taken back: {error!r}")
            return False
        self.sent += 1
        return True
