"""What follows a change of what is shown: caches, work that is left, and the operator's alarm.

Each of them may raise StoreUnavailableError; what asked for it is then done again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


class WorkQueue(Protocol):
    """Work for the takedown function, done at least once and in any order."""

    def send(self, task: Mapping[str, Any]) -> None:
        """Hand on one task."""


class Cdn(Protocol):
    """The caches in front of the site."""

    def invalidate(self, paths: Sequence[str], *, reference: str) -> None:
        """Forget what is cached under paths such as ``/host/*``.

        The same paths under the same reference count once, so it may be asked again.
        """


class Hub(Protocol):
    """Who tells the readers of the mirror's feeds that they have changed; it never raises."""

    def tell(self, feeds: Sequence[str]) -> str:
        """Tell of the feeds at some addresses; return why not all could be told, or nothing."""


class Alarms(Protocol):
    """The operator's attention, at once."""

    def alarm(self, subject: str, text: str) -> None:
        """Tell that something is wrong that nobody may have noticed."""


@dataclass(frozen=True, slots=True)
class Ringing:
    """An alarm that rings: its name in the runbook, since when, what it means, what was measured.

    The last is in the words of whoever measured it: of dead letters, how many there are.
    """

    name: str
    since: datetime
    meaning: str
    measured: str = ""


class Bells(Protocol):
    """The alarms of the whole mirror, to be looked at."""

    def ringing(self) -> tuple[Ringing, ...] | None:
        """Return the alarms that ring, the oldest first; None if there is no alarm at all."""
