"""What an operator takes down by hand: asked for by letter or phone, or by nobody at all.

It is a case like any other, with the same rules, sweep, log and way back; only its decision is a
person's, so it is kept whole before anything is done, as a mail's is.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from feedmirror.addresses import digest
from feedmirror.jobs.takedown.case_book import CaseBook
from feedmirror.jobs.takedown.find_claims import FindClaims
from feedmirror.suppression import Ground, RuleId, Scope, Suppression
from feedmirror.takedowns.casework.cases import Case, Entry, Event, case_of_mail
from feedmirror.takedowns.casework.orders import Making, Order, order_to_json, orders_of
from feedmirror.takedowns.decisions.asks import Ask
from feedmirror.takedowns.decisions.claims import Claim, Standing
from feedmirror.takedowns.decisions.decision import Outcome, Plan, Step

BY_HAND = "by hand"


@dataclass(frozen=True, slots=True, kw_only=True)
class ByHand:
    """Takes down what an operator names; ``finish`` carries a decided case on to its end."""

    cases: CaseBook
    find: FindClaims
    finish: Callable[..., Case]
    clock: Callable[[], datetime]
    draw: Callable[[], str]

    def look(self, ask: Ask) -> Claim:
        """Return what is held of what is asked for."""
        return self.find.find(ask)

    def suppress(
        self, claim: Claim, ground: Ground, *, note: str = "", time_left: Callable[[], timedelta]
    ) -> Case:
        """Take down what is held of a claim, keep the rest away for ever, and return the case.

        What could not be done in time is carried on within the hour. Raises StoreUnavailableError.
        """
        now = self.clock()
        case = case_of_mail(f"{BY_HAND} {self.draw()}")
        step = Step(row=0, outcome=Outcome.REMOVE, claim=0, standing=Standing.PROVEN, ground=ground)
        (order,) = orders_of(Plan(steps=(step,)), [claim], Making(case, now, self.draw))
        decision = _decision(_in_advance(order, claim, case, now=now), note)
        opened = Case(
            case,
            (
                Entry(Event.RECEIVED, now, {"by": "operator", "note": note}),
                Entry(Event.DECIDED, now, decision),
            ),
        )
        return self.finish(self.cases.begin(opened), time_left=time_left)


def _in_advance(order: Order, claim: Claim, case: str, *, now: datetime) -> Order:
    """Return the order with a rule for an address that nothing is held of yet."""
    if order.rules or not claim.keys:
        return order
    rule = Suppression(
        id=RuleId(digest("rule", case, "0")),
        scope=Scope.ITEM,
        host=claim.host,
        keys=claim.keys,
        ground=order.ground,
        case=case,
        when=now,
    )
    return replace(order, rules=(rule,))


def _decision(order: Order, note: str) -> dict[str, Any]:
    """Return the decision as a case keeps it."""
    return {
        "row": order.row,
        "why": f"{BY_HAND}: {note}" if note else BY_HAND,
        "kind": "removal",
        "scope": order.scope,
        "future": True,
        "standing": Standing.PROVEN,
        "orders": [order_to_json(order)],
        "beside": [],
        "says": [],
        "urgent": False,
    }
