"""A feed's own archive, read once and bounded (RFC 5005)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backfill:
    """How far a feed's archive has been read; ``upcoming`` is the document that is next."""

    upcoming: str = ""
    read: int = 0
    done: bool = False
