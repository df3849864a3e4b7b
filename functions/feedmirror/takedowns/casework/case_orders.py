"""What a case's orders are by now: which are settled, which are done, and how far a sweep came."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise

from feedmirror.addresses import digest
from feedmirror.layout import ItemId
from feedmirror.suppression import Ground, RuleId, Scope, Suppression
from feedmirror.takedowns.casework.cases import Case, Entry, Event, State
from feedmirror.takedowns.casework.orders import Order, Place, orders_from_json
from feedmirror.takedowns.decisions.decision import Outcome

TAKES_DOWN = frozenset({Outcome.REMOVE, Outcome.MASK})
ENDINGS = {
    Event.LAPSED: State.LAPSED,
    Event.REFUSED: State.REFUSED,
    Event.RESTORED: State.RESTORED,
}
_ACTS = TAKES_DOWN | {Outcome.RESTORE}


def orders_of_case(case: Case, *, freeings: int | None = None) -> tuple[Order, ...]:
    """Return a case's orders as they were decided, without what has been freed since.

    ``freeings`` counts how many of the events that freed something are taken into account.
    """
    orders = orders_from_json((case.decision or {}).get("orders", ()))
    for number, entry in enumerate(list(case.of(Event.FREED))[:freeings]):
        freed = frozenset((host, ItemId(item)) for host, item in entry.details["places"])
        whole = entry.details["orders"]
        orders = tuple(
            replace(order, places=(), keys=(), rules=(), count=0)
            if order.number in whole
            else _without(order, freed, number)
            for order in orders
        )
    return orders


def settled_numbers(case: Case) -> frozenset[int]:
    """Return the numbers of the orders that were proved or approved."""
    return case.numbers(Event.PROVED, Event.APPROVED)


def changes_of(case: Case) -> tuple[frozenset[int], int]:
    """Return what has changed the orders so far: what is settled, and how often it was freed."""
    return settled_numbers(case), sum(1 for _ in case.of(Event.FREED))


def settled_orders(case: Case, *, freeings: int | None = None) -> tuple[Order, ...]:
    """Return a case's orders as they stand: what was proved or approved is a removal by now.

    A removal has rules of its own: those of the mask that it was before may have been lifted.
    """
    settled, spoken = settled_numbers(case), _spoken_for(case)
    ground = Ground((case.decision or {}).get("ground", Ground.PUBLISHER))

    def settle(order: Order) -> Order:
        if order.number not in settled or order.outcome is Outcome.RESTORE or not order.rules:
            return order  # without rules there is nothing that could be approved
        wide = order.number in spoken
        rules = tuple(
            replace(rule, id=RuleId(digest("final", rule.id)), ground=ground)
            for rule in (*order.rules, *(_of_the_original(order) if wide else ()))
        )
        final = replace(order, outcome=Outcome.REMOVE, ground=ground, proven=True, rules=rules)
        return replace(final, until=None, proving=())

    return tuple(map(settle, orders_of_case(case, freeings=freeings)))


def _spoken_for(case: Case) -> frozenset[int]:
    """Return the orders that a person approved, or the host itself proved by its token.

    Whoever proves by a reply speaks for no more than the copies of its own feed.
    """
    proved = (e.details for e in case.of(Event.PROVED) if e.details.get("way") != "reply")
    numbers = (number for details in proved for number in details["orders"])
    return case.numbers(Event.APPROVED).union(numbers)


def _of_the_original(order: Order) -> tuple[Suppression, ...]:
    """Return the rule that keeps items away under the host that was asked about as well.

    A stranger's mask stands under the hosts whose copies it hides. Once the original is spoken
    for, no other feed may bring it again (promise P1).
    """
    named = order.scope is Scope.ITEM and bool(order.host)
    if not named or order.host in {rule.host for rule in order.rules}:
        return ()
    first = order.rules[0]
    keys = frozenset[str]().union(*order.keys)
    return (replace(first, id=RuleId(digest(first.id, order.host)), host=order.host, keys=keys),)


def waits_for_a_person(case: Case) -> bool:
    """Tell whether a person is to decide on a case, or on a part of it."""
    if case.state is State.WAITING:
        return True
    left = any(order.outcome is Outcome.REVIEW for order in settled_orders(case))
    return left and case.state in {State.ASKED, State.MASKED}


def rules_of_case(
    case: Case, *, freeings: int | None = None, undone: frozenset[int] | None = None
) -> dict[str, Suppression]:
    """Return the rules that a case has put in force, by id: its masks' and its removals'.

    ``undone`` narrows them to some of its orders.
    """
    tracks = (
        *orders_of_case(case, freeings=freeings),
        *settled_orders(case, freeings=freeings),
    )
    return {
        rule.id: rule
        for order in tracks
        if order.outcome in TAKES_DOWN and (undone is None or order.number in undone)
        for rule in order.rules
    }


def _without(order: Order, freed: frozenset[Place], number: int) -> Order:
    """Return an order without some places: a rule that covers more has another in its place."""
    if order.outcome is Outcome.RESTORE or not order.rules:
        return order
    left = [(p, keys) for p, keys in zip(order.places, order.keys, strict=True) if p not in freed]
    if len(left) == len(order.places):
        return order
    keys = frozenset[str]().union(*(keys for _, keys in left))
    rules = tuple(
        replace(rule, id=RuleId(digest("freed", rule.id, str(number))), keys=rule.keys & keys)
        for rule in order.rules
        if not rule.keys.isdisjoint(keys)
    )
    places = tuple(place for place, _ in left)
    return replace(
        order,
        places=places,
        keys=tuple(keys for _, keys in left),
        rules=rules,
        count=len(places),
    )


def proved_by_others(case: Case) -> frozenset[int]:
    """Return the numbers of the orders that somebody else than the requester proved."""
    requester = (case.decision or {}).get("requester", "")
    return frozenset(
        int(number)
        for entry in case.of(Event.PROVED)
        if entry.details.get("by_whom", requester) != requester
        for number in entry.details["orders"]
    )


def orders_ended(case: Case) -> frozenset[int]:
    """Return the numbers of the orders that a case's end undoes: a lapse only what was masked."""
    undone = TAKES_DOWN if case.state is State.RESTORED else {Outcome.MASK}
    return frozenset(o.number for o in settled_orders(case) if o.outcome in undone)


def rules_ended(case: Case) -> frozenset[RuleId]:
    """Return the rules that a case has ended by any of its events, lifted by now or not."""
    ended: set[str] = set()
    freeings = sum(1 for _ in case.of(Event.FREED))
    kept = [rules_of_case(case, freeings=number).keys() for number in range(freeings + 1)]
    for before, after in pairwise(kept):
        ended |= before - after
    for count, entry in enumerate(case.entries, 1):
        then = Case(case.id, case.entries[:count])
        if is_end(entry) and then.state is ENDINGS[entry.event]:
            for number in range(sum(1 for _ in then.of(Event.FREED)) + 1):
                ended |= rules_of_case(then, freeings=number, undone=orders_ended(then)).keys()
    return frozenset(map(RuleId, ended))


def last_allowed(case: Case) -> datetime | None:
    """Return when a publisher was last seen not to take back any more what a case took down."""
    seen = [datetime.fromisoformat(entry.details["seen"]) for entry in case.of(Event.ALLOWED)]
    return max(seen, default=None)


def allowed_order(case: Case) -> Order | None:
    """Return the order to show again what a publisher takes back no longer, if there is any.

    It is of all that the case took down, or of items that are left of those that are allowed:
    without any left, of nothing but what somebody may have died over.
    """
    allowed = [frozenset(entry.details["items"]) for entry in case.of(Event.ALLOWED)]
    if not allowed:
        return None
    wanted = Order(number=0, row=0, outcome=Outcome.RESTORE, scope=Scope.ITEM, host="")
    if not all(allowed):
        return wanted
    items, orders = frozenset[str]().union(*allowed), settled_orders(case)
    places = tuple(place for order in orders for place in order.places if place[1] in items)
    return replace(wanted, host=orders[0].host, places=places)


def is_withdrawal(case: Case) -> bool:
    """Tell whether a case was opened by a mark of the publisher's, and ends with it."""
    return bool((case.decision or {}).get("withdrawal"))


def is_to_be_undone(case: Case) -> bool:
    """Tell whether a case has been ended, by somebody, in a way that is not carried out yet."""
    ends = [e for e in case.entries if e.event is Event.UNDONE or is_end(e)]
    return case.state in ENDINGS.values() and bool(ends) and is_end(ends[-1])


def is_end(entry: Entry) -> bool:
    """Tell whether an event ends a case; one that has only restored another ends by itself."""
    return entry.event in ENDINGS and "by" in entry.details


def acts(order: Order) -> bool:
    """Tell whether there is something to do now; an approved question has nothing to take down."""
    return order.outcome in _ACTS and bool(order.rules or order.restores)


def is_final(order: Order) -> bool:
    """Tell whether an order takes down for good, and not only out of sight."""
    return order.outcome is not Outcome.MASK


def is_ruled(case: Case, order: Order) -> bool:
    """Tell whether an order's rules stand, as what it now is."""
    return any(
        entry.details["order"] == order.number and entry.details["final"] == is_final(order)
        for entry in case.of(Event.RULED)
    )


def is_done(case: Case, order: Order) -> bool:
    """Tell whether an order has been carried out, as what it now is."""
    return any(
        entry.details["order"] == order.number and (entry.details["final"] or not is_final(order))
        for entry in case.of(Event.CARRIED_OUT)
    )


def position_of(case: Case, order: Order, rule: RuleId) -> str | None:
    """Return behind which marker a rule's sweep goes on; None if it has been through them all."""
    position: str | None = ""
    for entry in case.of(Event.SLICE):
        if (entry.details["order"], entry.details["rule"]) == (order.number, rule):
            position = entry.details["after"]
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
