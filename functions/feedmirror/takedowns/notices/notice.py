"""What a mail asks for, as far as its words tell; what they do not tell is said to be unclear."""

from dataclasses import dataclass
from enum import StrEnum

from feedmirror.layout import ItemId
from feedmirror.suppression import Ground, Scope

# What is unclear of a request that leaves something out.
EXCEPTION = "an exception: something that it names is to be kept"


class Kind(StrEnum):
    """What a mail is."""

    REMOVAL = "removal"
    CORRECTION = "correction"  # of credit: a wrong name or link
    RETRACTION = "retraction"  # of the sender's own earlier request
    COUNTER_NOTICE = "counter-notice"
    ANSWER = "answer"  # to a challenge of ours
    AUTOMATIC = "automatic"
    BOUNCE = "bounce"
    URGENT = "urgent"  # courts, authorities, child safety, threats, the press: a person reads it
    OTHER = "other"  # not a takedown matter
    UNCLEAR = "unclear"


class Future(StrEnum):
    """Whether the removal is asked for the future as well; it holds for ever unless refused."""

    ASKED = "asked"
    REFUSED = "refused"
    UNSAID = "unsaid"


class Element(StrEnum):
    """What a formal notice has (17 USC 512(c)(3), and (g)(3) for the last two)."""

    SIGNATURE = "signature"
    WORK = "work"
    MATERIAL = "material"
    CONTACT = "contact"
    GOOD_FAITH = "good faith"
    ACCURACY = "accuracy"  # and, under penalty of perjury, authority
    MISTAKE = "mistake"
    JURISDICTION = "jurisdiction"


class TargetKind(StrEnum):
    """What a target is named by."""

    ADDRESS = "address"  # of an original, a feed, or a part of a site: what we hold will tell
    ITEM = "item"  # our own page, or the tag in the recipient address
    HOST = "host"  # a bare host name, or our own folder of a host
    AUTHOR = "author"  # a name as written
    SHORTENED = "shortened"  # an address that does not say where it leads


@dataclass(frozen=True, slots=True)
class Target:
    """One thing that a notice names.

    ``value`` is the address, the item's id, the host (A-label) or the name; ``host`` is the item's
    host where it is known. ``part`` of a mail is where it stands, for the operator.
    """

    kind: TargetKind
    value: str
    host: str = ""
    part: str = "new"

    @property
    def item(self) -> ItemId:
        """The id of an item that is named by it."""
        return ItemId(self.value)


@dataclass(frozen=True, slots=True)
class Correction:
    """What is to be changed about a credit, as far as the words say it."""

    what: str  # "author", "link", "publisher", "rights" or ""
    old: str = ""
    new: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A mail's request.

    ``scope`` is how far it reaches by its words, None where they do not say. ``mine`` is
    "everything of mine". ``case`` is the case that it belongs to and ``nonce`` what it brings of
    it, from the tag in its recipient address. ``unclear`` names what could not be told, in words.
    """

    kind: Kind = Kind.UNCLEAR
    scope: Scope | None = None
    targets: tuple[Target, ...] = ()
    mine: bool = False
    subdomains: bool = False
    future: Future = Future.UNSAID
    ground: Ground = Ground.PUBLISHER
    elements: frozenset[Element] = frozenset()
    language: str = "en"
    case: str = ""
    nonce: str = ""
    correction: Correction | None = None
    urgent: str = ""  # which class of urgent
    formal: bool = False  # it reads as a legal notice, by whoever
    unclear: tuple[str, ...] = ()
