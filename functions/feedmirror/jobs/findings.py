"""What the mirror found out that concerns the ledger, which only the takedown function writes."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from feedmirror.stored import checked, listed

MOST_ITEMS = 200  # of one message
_MOST_WORDS = 300


class FindingUnreadableError(Exception):
    """A message that tells no withdrawal: it says what is wrong."""


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
    what of it is given. ``words`` say where it stands, for the case. ``seen`` is when that was:
    of two messages that arrive in the wrong order the one that was seen last counts.
    """

    kind: str = "withdrawal"
    reason: Reason
    host: str
    feed: str = ""
    items: tuple[str, ...] = ()
    on: bool = True
    words: str = ""
    seen: datetime | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the message as JSON has it."""
        seen = self.seen.isoformat() if self.seen else None
        return {**asdict(self), "items": list(self.items), "seen": seen}


def read_withdrawal(task: Mapping[str, Any]) -> Withdrawal:
    """Read a message of the work queue; raises FindingUnreadableError."""
    try:
        json.dumps(task, ensure_ascii=False).encode()  # half a pair of surrogates is no text
        items, seen = task["items"], task.get("seen")
        found = Withdrawal(
            reason=Reason(task["reason"]),
            host=str(task["host"]),
            feed=str(task["feed"]),
            items=tuple(sorted({str(item) for item in listed(items)})),
            on=bool(task["on"]),
            words=" ".join(str(task["words"])[:_MOST_WORDS].split()),
            seen=datetime.fromisoformat(seen) if seen else None,
        )
        checked(found)
    except (KeyError, ValueError, TypeError) as error:
        raise FindingUnreadableError(f"not a withdrawal: {task!r:.200}") from error
    if len(found.items) > MOST_ITEMS or (found.items and not found.feed):
        raise FindingUnreadableError(
            f"a withdrawal of items is of at most {MOST_ITEMS} of one feed: {task!r:.200}"
        )
    return found
