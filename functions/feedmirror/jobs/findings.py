"""What the mirror found out that concerns the ledger, which only the takedown function writes."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A token that was seen, as a message to the takedown function."""

    kind: str = "proof"
    case: str
    host: str
    way: str  # a Proving
    token: str

    def to_dict(self) -> dict[str, str]:
        """Return the message as JSON has it."""
        return asdict(self)


class Reason(StrEnum):
    """Why a publisher wants something gone, told where machines read it."""

    SWITCH = "switch"  # the mark that is meant for this software
    TERMS = "terms"  # nothing may be shown any more
    DELETED = "deleted"  # at:deleted-entry (RFC 6721)
    VANISHED = "vanished"  # no longer listed, where it would have to be
    UNLISTED = "unlisted"  # not in a feed that says that it is complete (RFC 5005 §2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """What a publisher takes back without a mail, or (``on`` is False) shows again.

    It is of the whole ``host``, of a ``feed`` of it, or of ``items`` that the feed has brought, by
    what of it is given. ``words`` say where it stands, for the case.
    """

    kind: str = "withdrawal"
    reason: Reason
    host: str
    feed: str = ""
    items: tuple[str, ...] = ()
    on: bool = True
    words: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the message as JSON has it."""
        return {**asdict(self), "items": list(self.items)}
