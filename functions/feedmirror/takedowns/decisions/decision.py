"""What is done about a notice: the decision table, as one table."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from feedmirror.configuration import Unproven
from feedmirror.layout import ItemId
from feedmirror.suppression import Ground
from feedmirror.takedowns.decisions.claims import Claim, Standing
from feedmirror.takedowns.mails.message import Message
from feedmirror.takedowns.notices.notice import Future, Notice
from feedmirror.takedowns.senders.receipt import Receipt
from feedmirror.takedowns.senders.sender import Sender

MASKED_FOR = timedelta(days=14)


class Outcome(StrEnum):
    """What is done about one thing asked for."""

    DROP = "drop"  # counted only
    RECORD = "record"  # the case says that it came, and no more
    REVIEW = "review"  # a person decides
    CHALLENGE = "challenge"  # proof is asked for, nothing changes meanwhile
    MASK = "mask"  # out of sight until it is proved, decided, or lapses
    REMOVE = "remove"
    RESTORE = "restore"


class Proving(StrEnum):
    """How a challenge can be met."""

    REPLY = "reply"  # the nonce comes back from the mailbox that it was sent to
    WELL_KNOWN = "well-known"  # /.well-known/feedmirror-takedown.txt at the host's root
    DNS = "dns"  # TXT at _feedmirror.HOST
    FEED = "feed"  # the token in the feed, outside of its entries


class Say(StrEnum):
    """What a reply says; one mail says all that applies."""

    DONE = "done"
    MASKED = "masked"
    PROVE = "prove"  # how to prove it
    NOT_HELD = "not held"
    SAY_WHICH = "say which"
    FULL_ADDRESSES = "full addresses"
    NARROWER = "narrower"
    PLAIN_TEXT = "plain text"  # too large to be read: text and full addresses please
    MISSING_ELEMENTS = "missing elements"
    HELD_FOR_REVIEW = "held for review"
    TOO_MANY = "too many"
    RESTORED = "restored"
    RECEIVED = "received"  # counter-notices, corrections, what a person reads


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The open case that a mail belongs to, by its tag.

    ``nonce_is_valid`` tells that the tag brought the nonce that was sent out, ``from_asked`` that
    it came from the mailbox that the nonce was sent to. ``ground`` and ``future`` are those of the
    notice that opened it: an answer says neither again.
    """

    case: str
    requester: str = ""  # mailbox_key of whoever opened it
    nonce_is_valid: bool = False
    from_asked: bool = False
    open: bool = False
    ground: Ground = Ground.PUBLISHER
    future: Future = Future.UNSAID


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """What the ledger knows that bears on a mail."""

    seen_before: bool = False  # the same Message-ID, under another SES id
    over_limit: bool = False  # the proved sender, or its domain, has asked too often today
    masks_used_up: bool = False  # the sender has had its provisional masks for the day
    discredited: bool = False  # a case of the sender's lapsed or was refused
    masked_hosts: frozenset[str] = frozenset()  # with an open provisional case
    masked_before: frozenset[tuple[str, ItemId]] = frozenset()  # once already, without proof
    barred: frozenset[tuple[str, ItemId]] = frozenset()  # restored against this sender
    asked_this_week: frozenset[str] = frozenset()  # feeds whose contact was asked for proof
    answered: Answered | None = None
    answered_claims: tuple[Claim, ...] = ()
    opened_by: str = ""  # of the case that is retracted or countered: mailbox_key
    opened_with: Standing = Standing.STRANGER  # of whoever opened that case, to its content


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """All that a decision rests on; ``own_hosts`` are the mirror's site and mail domain."""

    receipt: Receipt | None
    message: Message
    sender: Sender
    notice: Notice
    claims: tuple[Claim, ...] = ()
    background: Background = field(default_factory=Background)
    unproven: Unproven = Unproven.MASK
    own_hosts: frozenset[str] = frozenset()
    own_mail: bool = False  # From is our own contact address
    vouched: bool = False  # by the operator, for the address in From
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What is done about one claim, or about some of its items; by which row of the table.

    ``items`` narrows a claim of items; None means all that the claim reaches. A step that is
    ``proving`` asks for proof, whatever its outcome; ``asks`` is then whom the nonce goes to, if
    anybody: it is never a mailbox that has nothing to do with the content. A step of no claim is
    about the mail as a whole, or of :attr:`finishes`; to restore, it is about the whole case.
    """

    row: int
    outcome: Outcome
    claim: int | None = None  # index into the situation's claims
    items: tuple[tuple[str, ItemId], ...] | None = None
    standing: Standing = Standing.NOBODY
    ground: Ground = Ground.PUBLISHER
    until: datetime | None = None  # of a mask
    proving: tuple[Proving, ...] = ()
    asks: str = ""  # mailbox_key of whom the nonce goes to: the sender, or a stored contact
    feed: str = ""  # address of the feed that a token may stand in
    tells: tuple[str, ...] = ()  # mailbox_keys of stored contacts that are told of a mask
    wide: bool = True  # False: only what is held now, as items; the future was not asked for
    finishes: int | None = None  # index into the background's answered_claims
    case: str = ""  # to restore: the only case whose rules may end


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The whole of a decision."""

    steps: tuple[Step, ...]
    says: tuple[Say, ...] = ()  # to the sender; empty means that nothing is sent to From
    urgent: bool = False
    bars: tuple[str, tuple[tuple[str, ItemId], ...]] | None = None  # a sender from some items
    why: str = ""
