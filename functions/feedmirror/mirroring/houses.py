"""What an origin says to robots, as far as the mirror has to remember it (RFC 9309)."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class House:
    """What was learnt of one origin's robots.txt; ``asked`` is when it was last asked for.

    ``licenses`` are documents of terms that it names (RSL 1.0 §4.4).
    """

    asked: datetime | None = None
    licenses: tuple[str, ...] = ()
