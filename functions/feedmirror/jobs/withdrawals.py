"""Handing on what publishers take back to the takedown function, which alone can take it down."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from feedmirror.jobs.findings import MOST_ITEMS, Withdrawal
from feedmirror.ports.aftermath import WorkQueue


@dataclass(slots=True, kw_only=True)
class HandOn:
    """Hands on what one run finds; ``sent`` counts it, ``problems`` are for the operator."""

    queue: WorkQueue
    clock: Callable[[], datetime]
    sent: int = 0
    problems: list[str] = field(default_factory=list)

    def __call__(self, found: Withdrawal) -> bool:
        """Hand on a withdrawal, in parts if it is of many items; tell whether all was taken.

        It is to be remembered once it was taken, and found again at the next poll if it was not.
        """
        parts = [
            replace(found, items=found.items[first : first + MOST_ITEMS])
            for first in range(0, max(len(found.items), 1), MOST_ITEMS)
        ]
        taken = [self._send(part) for part in parts]
        return all(taken)

    def _send(self, found: Withdrawal) -> bool:
        seen = replace(found, seen=found.seen or self.clock())
        try:
            self.queue.send(seen.to_dict())
        except Exception as error:  # noqa: BLE001 -- one feed's failure is its own, done inline too
            what = found.feed or found.host
            self.problems.append(f"{what}: not handed on that it is taken back: {error!r}")
            return False
        self.sent += 1
        return True
