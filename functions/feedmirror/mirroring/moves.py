"""Where a feed is asked, once its publisher has moved it (rules D1-D8)."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Move:
    """What is known of a feed's moves; nothing of it, as a rule.

    ``address`` is where the feed is asked instead of where it is configured, ``target`` where it is
    said to have moved, seen since ``since`` and not yet believed.
    """

    address: str = ""
    target: str = ""
    since: datetime | None = None
