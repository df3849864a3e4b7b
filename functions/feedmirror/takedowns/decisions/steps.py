"""The steps that rulings are made of; which row they are of, the table itself adds."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from feedmirror.layout import ItemId
from feedmirror.suppression import Ground, Scope, feed_key
from feedmirror.takedowns.decisions.claims import Held, Standing
from feedmirror.takedowns.decisions.decision import MASKED_FOR, Outcome, Proving, Situation, Step
from feedmirror.takedowns.decisions.matters import Matter, is_nothing_held, matters_of
from feedmirror.takedowns.decisions.situations import (
    is_removal_if_approved,
    may_be_answered,
    sender_key,
)
from feedmirror.takedowns.notices.notice import Future

_AT_HOST = (Proving.WELL_KNOWN, Proving.DNS)
OF_MAIL = Step(row=0, outcome=Outcome.RECORD)
READ = replace(OF_MAIL, outcome=Outcome.REVIEW)  # nothing comes of it by approving it


def step_of(matter: Matter, outcome: Outcome) -> Step:
    """Return what is done about a matter."""
    notice = matter.situation.notice
    step = Step(
        row=0,
        outcome=outcome,
        claim=matter.claim,
        items=None if matter.is_wide else places(matter.items),
        standing=matter.standing,
        ground=honoured(notice.ground, formal=notice.formal),
        wide=notice.future is not Future.REFUSED,
    )
    if matter.standing is Standing.NOBODY:
        step = replace(step, ground=Ground.PUBLISHER)  # whoever confirms it has not said why
    return masked(matter.situation, step) if outcome is Outcome.MASK else step


def reviews_of(situation: Situation) -> tuple[Step, ...]:
    """Return what is left to a person of a whole mail: what it names, if approving removes it."""
    if not is_removal_if_approved(situation):
        return (READ,)
    named = (matter for matter in matters_of(situation) if not is_nothing_held(matter))
    return tuple(step_of(matter, Outcome.REVIEW) for matter in named) or (READ,)


def masked(situation: Situation, step: Step) -> Step:
    """Return a step as a mask: it ends by itself, and its tombstone tells no ground but a wish."""
    until = situation.now + MASKED_FOR
    return replace(step, outcome=Outcome.MASK, ground=Ground.PUBLISHER, until=until)


def mask_until_answered(situation: Situation, step: Step) -> tuple[Step, ...]:
    """Return a mask that the sender settles by an answer; else it waits for a person."""
    mask = masked(situation, step)
    if may_be_answered(situation):
        return (replace(mask, proving=(Proving.REPLY,), asks=sender_key(situation)),)
    return (mask, replace(step, outcome=Outcome.REVIEW))


def mask_and_tell(matter: Matter, key: str) -> Step:
    """Return the mask of items that one contact speaks for: told of it, he may settle it too."""
    challenge = challenge_of(matter)
    return replace(
        step_of(matter, Outcome.MASK),
        proving=(*challenge.proving, Proving.REPLY) if key else challenge.proving,
        feed=challenge.feed,
        asks=key,
        tells=tuple(sorted(contacts_of(matter.items) | ({key} if key else frozenset()))),
    )


def challenge_of(matter: Matter) -> Step:
    """Return the question for a token; in a feed it proves that one feed, never its host."""
    step, feed = step_of(matter, Outcome.CHALLENGE), _feed_of(matter)
    return replace(step, proving=(*_AT_HOST, Proving.FEED) if feed else _AT_HOST, feed=feed)


def honoured(ground: Ground, *, formal: bool) -> Ground:
    """Return the ground to state: 451 is for legal demands (RFC 7725), upstream is no notice's."""
    is_not = ground is Ground.UPSTREAM or (ground is Ground.LEGAL and not formal)
    return Ground.PUBLISHER if is_not else ground


def contacts_of(items: Iterable[Held]) -> frozenset[str]:
    """Return all contacts that the feeds of items stated."""
    return frozenset().union(*(held.contacts for held in items))


def places(items: Iterable[Held]) -> tuple[tuple[str, ItemId], ...]:
    """Return what names items."""
    return tuple(held.place for held in items)


def apart(items: Sequence[Held], chosen: Iterable[Held]) -> tuple[Held, ...]:
    """Return the items that are not among the chosen."""
    left_out = {held.place for held in chosen}
    return tuple(held for held in items if held.place not in left_out)


def _feed_of(matter: Matter) -> str:
    """Return the one feed whose token speaks for a matter, or nothing."""
    if matter.named.scope is Scope.FEED:
        return matter.named.feed
    feeds = {feed_key(held.feed): held.feed for held in matter.items if held.feed}
    is_one = len(feeds) == 1 and all(held.feed for held in matter.items)
    return min(feeds.values()) if is_one and matter.named.scope is Scope.ITEM else ""
