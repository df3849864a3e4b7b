"""What the rows of the decision table yield about what is asked for."""

from collections.abc import Callable
from dataclasses import replace

from feedmirror.configuration import Unproven
from feedmirror.takedowns.decisions.claims import Held
from feedmirror.takedowns.decisions.decision import Outcome, Plan, Proving, Say, Situation, Step
from feedmirror.takedowns.decisions.matters import Matter, by_spokesman, spokesman_of_claim
from feedmirror.takedowns.decisions.situations import FORMAL_ELEMENTS, has_all_elements, sender_key
from feedmirror.takedowns.decisions.steps import (
    OF_MAIL,
    READ,
    apart,
    challenge_of,
    contacts_of,
    mask_and_tell,
    mask_until_answered,
    reviews_of,
    step_of,
)
from feedmirror.takedowns.notices.notice import Kind

# Of a mail as a whole.


def recorded(_: Matter) -> Plan:
    """Only say in the case that it came."""
    return Plan(steps=(OF_MAIL,))


def told(say: Say) -> Callable[[Matter], Plan]:
    """Do nothing, and tell the sender why."""
    return lambda _: Plan(steps=(OF_MAIL,), says=(say,))


def reviewed(say: Say, *, urgent: bool = False) -> Callable[[Matter], Plan]:
    """Leave the mail to a person, and with it what it names, if that can be approved."""
    return lambda matter: Plan(steps=reviews_of(matter.situation), says=(say,), urgent=urgent)


def read_by_a_person(matter: Matter) -> Plan:
    """Pass corrections and questions on; hold what cannot be told of something held."""
    situation = matter.situation
    held = any(claim.is_held for claim in situation.claims)
    is_held = held and situation.notice.kind is not Kind.CORRECTION
    return reviewed(Say.HELD_FOR_REVIEW if is_held else Say.RECEIVED)(matter)


# Of a claim.


def not_held(matter: Matter) -> Plan:
    """Say that nothing named is held."""
    step = OF_MAIL if matter.claim is None else step_of(matter, Outcome.RECORD)
    return Plan(steps=(step,), says=(Say.NOT_HELD,))


def too_wide(matter: Matter) -> Plan:
    """Leave to a person what nobody can ask for himself."""
    return Plan(steps=(step_of(matter, Outcome.REVIEW),), says=(Say.NARROWER,))


def taken_down(matter: Matter) -> Plan:
    """Take it down, now and for the future."""
    return Plan(steps=(step_of(matter, Outcome.REMOVE),), says=(Say.DONE,))


def masked_until_answered(matter: Matter) -> Plan:
    """Mask all of it until the nonce comes back; not again for whoever let a case lapse."""
    situation = matter.situation
    if situation.background.discredited:
        return challenged_and_reviewed(matter)
    others = tuple(sorted(contacts_of(matter.items) - {sender_key(situation)}))
    mask, *waits = mask_until_answered(situation, step_of(matter, Outcome.REVIEW))
    return Plan(steps=(replace(mask, tells=others), *waits), says=(Say.MASKED, Say.PROVE))


def challenged(matter: Matter) -> Plan:
    """Ask for a token at the host, or a mail of its owners': working there is not enough."""
    return Plan(steps=(challenge_of(matter),), says=(Say.PROVE,))


def masked_for_a_stranger(matter: Matter) -> Plan:
    """Mask it for a while, and tell those whose it is; past the bounds, not even that."""
    situation = matter.situation
    free = [held for held in matter.items if _may_be_masked(situation, held)]
    kept = apart(matter.items, free)
    steps = [
        mask_and_tell(replace(matter, items=tuple(items)), key)
        for key, items in by_spokesman(situation, free).items()
    ]
    if kept:
        steps.append(challenge_of(replace(matter, items=kept)))
    if looked_at := matter.items if has_all_elements(situation) else kept:
        steps.append(step_of(replace(matter, items=looked_at), Outcome.REVIEW))
    says = (Say.MASKED,) * bool(free) + (Say.PROVE,) + (Say.HELD_FOR_REVIEW,) * bool(kept)
    lacks = situation.notice.formal and bool(FORMAL_ELEMENTS - situation.notice.elements)
    return Plan(
        steps=tuple(steps),
        says=says + (Say.MISSING_ELEMENTS,) * lacks,
        urgent=has_all_elements(situation),
    )


def challenged_and_reviewed(matter: Matter) -> Plan:
    """Change nothing until it is proved, or until a person has looked at what is held."""
    challenge = challenge_of(matter)
    if not matter.named.is_held:
        return Plan(steps=(challenge,), says=(Say.PROVE,))
    steps = (challenge, step_of(matter, Outcome.REVIEW))
    return Plan(steps=steps, says=(Say.PROVE, Say.HELD_FOR_REVIEW))


def contacts_asked(matter: Matter) -> Plan:
    """Ask whom the feed named, seldom; whom the mail says it is from hears nothing."""
    situation = matter.situation
    if matter.is_wide:
        asked = {spokesman_of_claim(situation, matter.named): list(matter.items)}
    else:
        asked = by_spokesman(situation, matter.items)
    return Plan(
        steps=tuple(
            _question(replace(matter, items=tuple(items)), key) for key, items in asked.items()
        )
    )


def left_to_a_person(matter: Matter) -> Plan:
    """Leave to a person what nobody can be asked about."""
    step = step_of(matter, Outcome.REVIEW)
    return Plan(steps=(step,), urgent=has_all_elements(matter.situation))


def first_ones_taken_down(matter: Matter) -> Plan:
    """Take down as many as an address speaks for at once, and mask the rest for a person."""
    rest = tuple(held for held in matter.items if held.place not in matter.tally.first)
    first = apart(matter.items, rest)
    steps: list[Step] = []
    if first:
        steps.append(step_of(replace(matter, items=first), Outcome.REMOVE))
    if rest:
        part = replace(matter, items=rest)
        steps += [step_of(part, Outcome.MASK), step_of(part, Outcome.REVIEW)]
    says = (Say.DONE,) * bool(first) + (Say.MASKED, Say.TOO_MANY) * bool(rest)
    return Plan(steps=tuple(steps), says=says)


# What changes a whole plan.


def provisional(situation: Situation, plan: Plan) -> Plan:
    """Mask what would go for good, until it is proved; what would come back is for a person.

    An answer in doubt is not asked for another: what it is about stays as it is for a person.
    """
    if not {Outcome.REMOVE, Outcome.RESTORE} & {step.outcome for step in plan.steps}:
        return plan
    steps: list[Step] = []
    for step in plan.steps:
        if step.finishes is not None or step.outcome is Outcome.RESTORE:
            steps.append(replace(READ, row=step.row))
        elif step.outcome is Outcome.REMOVE:
            steps += mask_until_answered(situation, step)
        else:
            steps.append(step)
    kept = tuple(say for say in plan.says if say not in {Say.DONE, Say.RESTORED})
    says = (Say.MASKED,) * any(step.outcome is Outcome.MASK for step in steps)
    asked = Say.PROVE if any(step.proving for step in steps) else Say.HELD_FOR_REVIEW
    said = tuple(dict.fromkeys((*says, asked, *kept)))
    return replace(plan, steps=tuple(steps), says=said, bars=None)


def unanswered(_: Situation, plan: Plan) -> Plan:
    """Say nothing to the sender."""
    return replace(plan, says=())


def as_it_is(_: Situation, plan: Plan) -> Plan:
    """Change nothing more: it was split before it was judged."""
    return plan


def _question(matter: Matter, key: str) -> Step:
    """Return the question to one contact, or what is done where his feed was asked this week."""
    feeds = {matter.named.feed, *(held.feed for held in matter.items)} - {""}
    if feeds & matter.situation.background.asked_this_week:
        return step_of(matter, Outcome.REVIEW)
    return replace(step_of(matter, Outcome.CHALLENGE), proving=(Proving.REPLY,), asks=key)


def _may_be_masked(situation: Situation, held: Held) -> bool:
    """Tell whether a stranger's word masks an item: by whom, how often, and if not there before."""
    background = situation.background
    trusted = not (
        situation.unproven is Unproven.REVIEW
        or situation.sender.shared
        or background.discredited
        or background.masks_used_up
    )
    untouched = not held.masked_by and held.host not in background.masked_hosts
    return trusted and untouched and held.place not in background.masked_before | background.barred
