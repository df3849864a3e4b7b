"""What a publisher permits, as far as it is stated where machines read it, and what follows.

The signals and what each permits are in ``terms_table``. Here they are weighed: marks of every
place, and of the statements the one nearest to the entry. Under ``publish = "auto"`` that decides;
else the operator does, and it is recorded that he did.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from feedmirror.configuration import FeedSettings, Publish
from feedmirror.mirroring.terms_table import ROWS, Extent, Row, mark_of, statement_of

MOST_SIGNALS = 20  # that are remembered of one place
_OF_OPERATOR = "the operator's choice"
_NOTHING_STATED = "no terms are stated"


@dataclass(frozen=True, slots=True)
class Stated:
    """What was stated at a feed's level when it was last read whole, and what follows from it.

    ``feed`` are the document's signals, ``answer`` those of its headers, ``host`` those of the
    host's files for the feed's address; ``rules`` is a digest of all that those files say, and
    ``licences`` are documents of RSL that an answer named. ``shown`` is what follows for the feed
    as a whole, ``why`` in words. ``ended`` tells that all of the feed was withdrawn for it,
    ``denied`` are entries that are not to be shown by their own marks, and ``told`` those of them
    whose withdrawal was handed on.
    """

    feed: tuple[str, ...] = ()
    answer: tuple[str, ...] = ()
    host: tuple[str, ...] = ()
    rules: str = ""
    licences: tuple[str, ...] = ()
    shown: str = Extent.FULL.word
    why: str = ""
    ended: bool = False
    denied: tuple[str, ...] = ()
    told: tuple[str, ...] = ()

    @property
    def extent(self) -> Extent:
        """How much of the feed's entries is shown at most."""
        return extent_of(self.shown)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is stated, in a word, and the signals that stand there."""

    where: str
    signals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How much is shown, and why, in words that name the signal and where it stands."""

    extent: Extent
    why: str


def extent_of(word: str) -> Extent:
    """Return the extent that a word stands for; an unknown one permits all."""
    return Extent.__members__.get(word.upper(), Extent.FULL)


def places_of(stated: Stated) -> tuple[Place, ...]:
    """Return the places at a feed's level, the nearest to its entries first.

    TDMRep: what an answer says stands before the host's file.
    """
    host = stated.host
    if any(signal.startswith("tdm-") for signal in stated.answer):
        host = tuple(signal for signal in host if not signal.startswith("tdm-"))
    return (
        Place("the feed", stated.feed),
        Place("the HTTP headers", stated.answer),
        Place("the host", host),
    )


def permitted(stated: Stated, settings: FeedSettings) -> Verdict:
    """Return how much of what a feed has brought its publisher's terms permit to be left.

    An operator's choice is for what is stored from then on.
    """
    if settings.publish is not Publish.AUTO:
        return Verdict(Extent.FULL, _OF_OPERATOR)
    return Verdict(stated.extent, stated.why)


def settle(settings: FeedSettings, places: Iterable[Place]) -> Verdict:
    """Weigh what is stated, the nearest place first, under a feed's settings."""
    if settings.publish is not Publish.AUTO:
        return Verdict(extent_of(settings.publish), _OF_OPERATOR)
    return stated_verdict(places)


def stated_verdict(places: Iterable[Place]) -> Verdict:
    """Weigh what is stated, whatever the operator says of it."""
    return _weighed(tuple(places))


@lru_cache(maxsize=256)  # of most feeds no entry states anything of its own
def _weighed(known: tuple[Place, ...]) -> Verdict:
    marks = [(row, place) for place in known if (row := mark_of(place.signals))]
    statements = [(row, place) for place in known if (row := statement_of(place.signals))]
    found: list[tuple[Row, Place]] = [*statements[:1], *marks]
    if not found:
        return Verdict(Extent.FULL, _NOTHING_STATED)
    row, place = min(found, key=lambda each: each[0].extent)
    if row.extent is Extent.FULL and statements:
        row, place = statements[0]
    return Verdict(row.extent, f"{place.where}: {row.words}")


def bounded(signals: Iterable[str]) -> tuple[str, ...]:
    """Return signals that are known, each once, as they are remembered."""
    return tuple(sorted({signal for signal in signals if signal in ROWS}))[:MOST_SIGNALS]
