"""What answers, retractions and counter-notices settle: cases that were opened before.

What of it is left to a person is left as a mail, never as something named: approving what is named
takes it down, and here nobody asks for that.
"""

from collections.abc import Iterator
from dataclasses import replace

from feedmirror.suppression import Scope
from feedmirror.takedowns.decisions.claims import Claim, Held, Standing
from feedmirror.takedowns.decisions.decision import Outcome, Plan, Say, Situation, Step
from feedmirror.takedowns.decisions.matters import Matter, is_aided, is_beyond_anybody
from feedmirror.takedowns.decisions.situations import brings_proof, is_objection, sender_key
from feedmirror.takedowns.decisions.standing import standing_of
from feedmirror.takedowns.decisions.steps import OF_MAIL, READ, apart, honoured, places
from feedmirror.takedowns.notices.notice import Future

_STATED = frozenset({Standing.AUTHOR, Standing.CONTACT, Standing.PROVEN})


def finished(matter: Matter) -> Plan:
    """Do what was challenged, as it was challenged; nobody proves a platform by mail."""
    claims = matter.situation.background.answered_claims
    steps = tuple(_finish(matter.situation, number, claim) for number, claim in enumerate(claims))
    if not steps:
        return Plan(steps=(READ,), says=(Say.HELD_FOR_REVIEW,))
    outcomes = {step.outcome for step in steps}
    says = (Say.DONE,) * (Outcome.REMOVE in outcomes)
    return Plan(steps=steps, says=says + (Say.HELD_FOR_REVIEW,) * (Outcome.REVIEW in outcomes))


def withdrawn(matter: Matter) -> Plan:
    """Undo what the sender had asked for: what is named of it, or all of it."""
    situation = matter.situation
    known = [n for n, claim in enumerate(situation.claims) if claim.items or claim.is_held]
    if known:
        return _restored(tuple(step for number in known for step in _withdraw(situation, number)))
    whole = not situation.claims and _is_the_sender_s(situation)  # what is named is not held
    outcome = Outcome.RESTORE if whole else Outcome.REVIEW
    return _restored((replace(OF_MAIL, outcome=outcome, case=_case(situation)),))


def countered(matter: Matter) -> Plan:
    """Bring back what a stranger had masked, and keep that stranger from it."""
    situation = matter.situation
    plan = _restored(tuple(_counters(situation)))
    freed = tuple(
        place
        for step in plan.steps
        if step.outcome is Outcome.RESTORE
        for place in step.items or ()
    )
    requester = situation.background.opened_by
    return replace(plan, bars=(requester, freed) if requester else None)


def is_justified_objection(situation: Situation) -> bool:
    """Tell whether somebody objects to a stranger's mask of what is his (one case at a time)."""
    background = situation.background
    own = (held for claim in situation.claims for held in _masked_own(situation, claim))
    masking = {held.masked_by for held in own}
    return (
        is_objection(situation)
        and (len(masking) == 1 or _answers_for_all(situation))
        and not is_aided(background.opened_with)
        and background.opened_by != sender_key(situation)
    )


def _finish(situation: Situation, number: int, claim: Claim) -> Step:
    answered = situation.background.answered
    if answered is None or is_beyond_anybody(situation, claim):
        return READ
    return Step(
        row=0,
        outcome=Outcome.REMOVE,
        finishes=number,
        standing=Standing.PROVEN,
        ground=honoured(answered.ground, formal=True),
        wide=answered.future is not Future.REFUSED,
    )


def _withdraw(situation: Situation, number: int) -> Iterator[Step]:
    """Yield the steps of one claim that is withdrawn."""
    claim, case = situation.claims[number], _case(situation)
    if claim.scope is not Scope.ITEM:
        beyond = is_beyond_anybody(situation, claim)
        yield READ if beyond else Step(row=0, outcome=Outcome.RESTORE, claim=number, case=case)
        return
    taken = {held.masked_by or held.taken_by for held in claim.items} - {""}
    case = case or (min(taken) if len(taken) == 1 else "")
    own = [held for held in claim.items if _is_of_case(situation, claim, held, case=case)]
    yield from _split(number, claim, own, case=case)


def _is_of_case(situation: Situation, claim: Claim, held: Held, *, case: str) -> bool:
    """Tell whether an item can have been taken down for the sender, as far as is known.

    What is gone for good went on proof, which a stranger never had: somebody else gave it. By
    then its feed's addresses may be gone, too; what counted when it was asked for counts still.
    """
    spoke = situation.background.opened_with in _STATED or brings_proof(situation)
    spoke = spoke or is_aided(standing_of(situation.sender, claim, held))
    return (spoke or not held.gone) and (held.masked_by or held.taken_by) in {"", case}


def _is_the_sender_s(situation: Situation) -> bool:
    """Tell whether a whole case is still its opener's: a stranger's, once settled, is not."""
    answered = situation.background.answered
    settled = answered is not None and not answered.open
    spoke = is_aided(situation.background.opened_with)
    return bool(_case(situation)) and (spoke or not settled)


def _answers_for_all(situation: Situation) -> bool:
    """Tell whether somebody who was asked says no, and names nothing further."""
    return brings_proof(situation) and not situation.claims


def _counters(situation: Situation) -> Iterator[Step]:
    """Yield the steps of a counter-notice: of what it names, or of all that it was asked about."""
    if _answers_for_all(situation):
        for number, claim in enumerate(situation.background.answered_claims):
            yield _refusal(situation, number, claim)
    for number in range(len(situation.claims)):
        yield from _counter(situation, number)


def _refusal(situation: Situation, number: int, claim: Claim) -> Step:
    """Return that what somebody was asked about comes back, since he says no."""
    if is_beyond_anybody(situation, claim):
        return READ
    items = places(claim.items) if claim.scope is Scope.ITEM else None
    case = _case(situation)
    return Step(row=0, outcome=Outcome.RESTORE, finishes=number, items=items, case=case)


def _counter(situation: Situation, number: int) -> Iterator[Step]:
    """Yield the steps of one claim that is countered: what is the sender's, and the rest."""
    claim = situation.claims[number]
    own = _masked_own(situation, claim)
    if claim.scope is Scope.ITEM and claim.items:
        yield from _split(number, claim, own, case=own[0].masked_by if own else "")
    else:
        yield READ


def _masked_own(situation: Situation, claim: Claim) -> list[Held]:
    """Return the masked items of a claim that the sender speaks for."""
    if claim.scope is not Scope.ITEM:
        return []
    masked = [held for held in claim.items if held.masked_by]
    return [held for held in masked if is_aided(standing_of(situation.sender, claim, held))]


def _split(number: int, claim: Claim, own: list[Held], *, case: str) -> Iterator[Step]:
    """Yield that one's own items come back, and that a person looks at the rest."""
    if own:
        freed = places(own)
        yield Step(row=0, outcome=Outcome.RESTORE, claim=number, items=freed, case=case)
    if apart(claim.items, own):
        yield READ


def _restored(steps: tuple[Step, ...]) -> Plan:
    steps = tuple(dict.fromkeys(steps))  # a person is asked to read it once
    outcomes = {step.outcome for step in steps}
    says = (Say.RESTORED,) * (Outcome.RESTORE in outcomes)
    return Plan(steps=steps, says=says + (Say.RECEIVED,) * (Outcome.REVIEW in outcomes))


def _case(situation: Situation) -> str:
    answered = situation.background.answered
    return (answered.case if answered else "") or situation.notice.case
