"""What stands of a case now, whatever was decided before, and what a person can do about it."""

from collections.abc import Iterator, Mapping

from feedmirror.cli.case_words import order_words, reach_words
from feedmirror.cli.output import counted
from feedmirror.takedowns.casework.case_orders import TAKES_DOWN, is_to_be_undone, settled_orders
from feedmirror.takedowns.casework.cases import TRANSITIONS, Case, Event, State
from feedmirror.takedowns.casework.orders import Order
from feedmirror.takedowns.decisions.decision import Outcome

COMMANDS: Mapping[str, Event] = {
    "approve": Event.APPROVED,
    "refuse": Event.REFUSED,
    "restore": Event.RESTORED,
}
_GOES_ON = "goes on with what was begun"
_ASKS = frozenset({Outcome.CHALLENGE, Outcome.REVIEW})
_UNCHANGED = {
    State.REFUSED: "refused, and unchanged",
    State.LAPSED: "unchanged, as nobody proved it",
    State.RESTORED: "unchanged",
    State.RECORDED: "unchanged, as there is nothing to take down",
}


def standings(case: Case) -> Iterator[tuple[Order, str]]:
    """Yield each order of a case, and in words what stands of it."""
    decided = settled_orders(case, freeings=0)
    for was, now in zip(decided, settled_orders(case), strict=True):
        if was.rules and not now.rules:
            yield was, f"{reach_words(was)}: {_back(was)}"
        else:
            freed = len(was.places) - len(now.places)
            beside = f"; {counted(freed, 'item')} put back" if freed else ""
            yield now, f"{_stands(case, now)}{beside}"


def is_down(case: Case, order: Order) -> bool:
    """Tell whether an order keeps something down, in the state that its case is in."""
    if case.state is State.RESTORED or not order.rules or order.outcome not in TAKES_DOWN:
        return False
    return order.outcome is Outcome.REMOVE or case.state not in {State.REFUSED, State.LAPSED}


def possible(case: Case) -> dict[str, str]:
    """Return the commands that change something about a case as it stands, and what each does."""
    if case.state is State.RECEIVED or is_to_be_undone(case):
        return _interrupted(case)
    does = {"approve": _approves(case), "refuse": _refuses(case), "restore": _restores(case)}
    return {
        name: words
        for name, words in does.items()
        if words and (case.state, COMMANDS[name]) in TRANSITIONS
    }


def _interrupted(case: Case) -> dict[str, str]:
    """Return the command that a person had begun, if one was: nothing else may come between."""
    begun = next((e.event for e in reversed(case.entries) if e.event in COMMANDS.values()), None)
    return {name: _GOES_ON for name, event in COMMANDS.items() if event is begun}


def _stands(case: Case, order: Order) -> str:
    if order.outcome in TAKES_DOWN and order.rules and not is_down(case, order):
        return f"{reach_words(order)}: {_back(order, going=is_to_be_undone(case))}"
    if order.outcome in _ASKS and case.state in _UNCHANGED:
        return f"{reach_words(order)}: {_UNCHANGED[case.state]}"
    return order_words(order)


def _back(order: Order, *, going: bool = False) -> str:
    if not order.count or not order.keeps_copies:
        return "may be mirrored again"
    return "about to be put back" if going else "put back"


def _approves(case: Case) -> str:
    orders = [o for o in settled_orders(case) if o.rules and o.outcome is not Outcome.REMOVE]
    return f"removes {_reached(orders)} for good" if orders else ""


def _refuses(case: Case) -> str:
    masks = [o for o in settled_orders(case) if o.outcome is Outcome.MASK and is_down(case, o)]
    return f"shows {_reached(masks)} again" if masks else "leaves everything as it is"


def _restores(case: Case) -> str:
    orders = [o for o in settled_orders(case) if o.outcome is Outcome.REMOVE and is_down(case, o)]
    if not orders:
        return ""
    kept = [order for order in orders if order.count and order.keeps_copies]
    others = [order for order in orders if order not in kept]
    back = [f"puts {_reached(kept)} back"] if kept else []
    again = [f"lets {_reached(others)} be mirrored again"] if others else []
    return ", and ".join(back + again)


def _reached(orders: list[Order]) -> str:
    return "; ".join(dict.fromkeys(map(reach_words, orders)))
