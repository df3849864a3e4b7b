"""What a notice names, found: the items that we hold of it, and who may speak for them."""

from dataclasses import dataclass
from enum import StrEnum

from feedmirror.layout import ItemId
from feedmirror.suppression import Scope


class Standing(StrEnum):
    """What a sender is to a piece of content, weakest first (identities of the decision table)."""

    NOBODY = "I0"  # nothing is proved
    STRANGER = "I1"  # a proved domain that has nothing to do with it
    AUTHOR = "I2a"  # the mail address that the feed states for the item's author
    CONTACT = "I2c"  # the mail address that the feed states for itself
    HOST = "I3"  # somebody at the domain of the host
    ROLE = "I3r"  # a mailbox at that domain that only its owners have (RFC 2142)
    PROVEN = "I4"  # a token was seen, or a nonce came back


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An item that the mirror holds, or held until it was taken down.

    ``hosts`` are those that speak for it: its source's and its addresses'. ``authors`` and
    ``contacts`` are hashes of the mail addresses that its feed stated before anybody asked.
    ``keys`` is what a rule about this item alone names.
    """

    host: str
    id: ItemId
    hosts: frozenset[str] = frozenset()
    feed: str = ""
    authors: frozenset[str] = frozenset()
    contacts: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()
    masked_by: str = ""  # the case whose provisional mask stands on it
    gone: bool = False  # a tombstone that is not provisional
    asked_at: str = ""  # the host of the address that it was asked for by; its claim may be old
    taken_by: str = ""  # the case of that tombstone

    @property
    def place(self) -> tuple[str, ItemId]:
        """What names it among all that is held: its host and its id."""
        return (self.host, self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One thing asked for, and what of it is held.

    ``host`` is whose content it is, and whose rules a rule about it stands among. For a scope of
    items, ``items`` are all that were found; for a wider one they are some, by which its contacts
    are known, and ``count`` tells how many it reaches. ``named`` counts the addresses that led to
    it. A claim with no items and no wider scope is of nothing that is held.
    """

    scope: Scope
    host: str
    keys: frozenset[str] = frozenset()
    items: tuple[Held, ...] = ()
    count: int = 0
    feed: str = ""  # of a feed's claim: its address

    @property
    def is_held(self) -> bool:
        """Whether there is anything that it reaches."""
        return self.count > 0
