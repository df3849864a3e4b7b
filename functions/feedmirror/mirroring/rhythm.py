"""How often, and when, a feed brings something new: learnt from its own history (rules S1-S4)."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Rhythm:
    """What a feed's history says of when its next entry comes; ``since`` is when it begins."""

    since: datetime | None = None
