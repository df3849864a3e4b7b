"""What a case's orders are by now: which are settled, which are done, and how far a sweep came."""

from collections.abc import Sequence
from dataclasses import replace

from feedmirror.suppression import Ground
from feedmirror.takedowns.cases import Case, Event
from feedmirror.takedowns.decision import Outcome
from feedmirror.takedowns.orders import Order, orders_from_json

_ACTS = {Outcome.REMOVE, Outcome.MASK, Outcome.RESTORE}


def orders_of_case(case: Case) -> tuple[Order, ...]:
    """Return a case's orders as they were decided."""
    return orders_from_json((case.decision or {}).get("orders", ()))


def settled_orders(case: Case) -> tuple[Order, ...]:
    """Return a case's orders as they stand: what was proved or approved is a removal by now."""
    settled = case.numbers(Event.PROVED, Event.APPROVED)
    ground = Ground((case.decision or {}).get("ground", Ground.PUBLISHER))

    def settle(order: Order) -> Order:
        if order.number not in settled or order.outcome is Outcome.RESTORE:
            return order
        final = replace(order, outcome=Outcome.REMOVE, ground=ground, proven=True)
        return replace(final, until=None, proving=())

    return tuple(map(settle, orders_of_case(case)))


def proved_by_others(case: Case) -> frozenset[int]:
    """Return the numbers of the orders that somebody else than the requester proved."""
    requester = (case.decision or {}).get("requester", "")
    return frozenset(
        int(number)
        for entry in case.of(Event.PROVED)
        if entry.details.get("by_whom", requester) != requester
        for number in entry.details["orders"]
    )


def acts(order: Order) -> bool:
    """Tell whether there is something to do now; an approved question has nothing to take down."""
    return order.outcome in _ACTS and bool(order.rules or order.restores)


def is_final(order: Order) -> bool:
    """Tell whether an order takes down for good, and not only out of sight."""
    return order.outcome is not Outcome.MASK


def is_done(case: Case, order: Order) -> bool:
    """Tell whether an order has been carried out, as what it now is."""
    return any(
        entry.details["order"] == order.number and (entry.details["final"] or not is_final(order))
        for entry in case.of(Event.CARRIED_OUT)
    )


def position_of(case: Case, order: Order, rule: int) -> str | None:
    """Return behind which marker a rule's sweep goes on; None if it has been through them all.

    A sweep that began as a mask's is done again once it is a removal: its tombstones say so.
    """
    position: str | None = ""
    for entry in case.of(Event.SLICE):
        of = entry.details
        if (of["order"], of["rule"]) == (order.number, rule) and of["final"] == is_final(order):
            position = of["after"]
    return position


def standing_event(case: Case, orders: Sequence[Order]) -> Event:
    """Return what a case is once its orders are carried out: the most open of them counts."""
    outcomes = {o.outcome for o in orders if acts(o) or o.outcome not in _ACTS} | {
        Outcome(name) for name in (case.decision or {}).get("beside", ())
    }
    approved = any(True for _ in case.of(Event.APPROVED))
    asked = any(order.proving for order in orders)
    if Outcome.MASK in outcomes:
        return Event.MASKED
    if asked or Outcome.CHALLENGE in outcomes:
        return Event.ASKED
    if Outcome.REVIEW in outcomes and not approved:
        return Event.HELD
    if Outcome.REMOVE in outcomes:
        return Event.REMOVED
    return Event.RESTORED if Outcome.RESTORE in outcomes else Event.CLOSED
