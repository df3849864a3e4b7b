"""What becomes of a draft, given what is stored in its place (rules C2-C5)."""

from dataclasses import dataclass, replace
from enum import Enum, auto

from feedmirror.mirroring.items import Draft
from feedmirror.records import Item, Record, Revisions, Tombstone
from feedmirror.suppression import Subject

MOST_UNANNOUNCED = 24  # updates of an entry whose own date stands still (rule C3)
MOST_SEEN = 64  # fingerprints kept of one item: the cap above, twice over


class Step(Enum):
    """What is to be done for one draft."""

    CREATE = auto()  # nothing is stored under its key
    UPDATE = auto()  # the publisher changed it
    RESTORE = auto()  # a tombstone is there; the rules decide whether it still has to be
    CONFIRM = auto()  # what is stored is right; see that its pages are there
    LEAVE = auto()  # not to be touched by this draft


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is around a draft: a damaged document or a whole one, and the site's other feeds."""

    damaged: bool
    others: frozenset[str]


def plan_entry(draft: Draft, stored: Record | None, around: Circumstances) -> Step:
    """Decide on one draft.

    A damaged document may add items, except its last one, and never changes any (rule C5).
    """
    if around.damaged and (draft.last or stored is not None):
        return Step.LEAVE
    match stored:
        case None:
            return Step.CREATE
        case Tombstone():
            return Step.RESTORE
        case Item():
            return _plan_update(draft, stored, around.others)


def updated_item(stored: Record, fresh: Item) -> Item:
    """Return the new version of a stored item, remembering the versions that were seen.

    What a rule knew it by before, a rule still knows it by: claims are only ever added.
    What was retired is as old as it was.
    """
    if isinstance(stored, Tombstone):
        return replace(fresh, first_seen=stored.first_seen or fresh.first_seen)
    announced = _moved(stored, fresh.updated, fresh.published)
    seen = tuple(dict.fromkeys((*stored.revisions.seen, fresh.fingerprint)))[-MOST_SEEN:]
    is_same = stored.fingerprint == fresh.fingerprint  # and only its feed is another
    edited = not is_same and _terms(stored.fingerprint) == _terms(fresh.fingerprint)
    unannounced = 0 if announced else stored.revisions.unannounced + edited
    return replace(
        fresh,
        first_seen=stored.first_seen,
        revisions=Revisions(seen, unannounced),
        subject=Subject(fresh.subject.keys | stored.subject.keys),
    )


def _plan_update(draft: Draft, stored: Item, others: frozenset[str]) -> Step:
    owner = stored.attribution.feed.url
    is_own = owner == draft.attribution.feed.url
    if not is_own and owner in others:
        return Step.CONFIRM  # another feed of the site brought it; two must not take turns
    if draft.fingerprint == stored.fingerprint:
        # What brought it is polled no more, or under another address: it is this feed's from now.
        return Step.CONFIRM if is_own else Step.UPDATE
    if _terms(draft.fingerprint) != _terms(stored.fingerprint):
        return Step.UPDATE  # the operator's choice, which no rule about publishers holds back
    entry = draft.entry
    shown = min(stored.updated, stored.retrieved) if stored.updated else None
    if shown and entry.updated and entry.updated < shown:
        return Step.LEAVE  # an older version than the one shown (rule C4)
    # A, B, A again is a server in two minds, and no third version (rule C2).
    seen = draft.fingerprint in stored.revisions.seen
    restless = stored.revisions.unannounced >= MOST_UNANNOUNCED
    announced = _moved(stored, entry.updated, entry.published)
    return Step.UPDATE if announced or not (seen or restless) else Step.CONFIRM


def _terms(fingerprint: str) -> str:
    """Return the part of a fingerprint that tells the settings it was stored under."""
    return fingerprint.partition(".")[2]


def _moved(stored: Item, updated: object, published: object) -> bool:
    """Tell whether the entry's own date says that this is a new version."""
    if updated is not None or stored.updated is not None:
        return updated is not None and updated != stored.updated
    return published is not None and published != stored.published
