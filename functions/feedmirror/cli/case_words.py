"""A case in words: what its orders do, where it stands, what can be done about it."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from feedmirror.cli.output import counted
from feedmirror.configuration import MirrorSettings
from feedmirror.suppression import Scope
from feedmirror.takedowns.casework.case_orders import settled_orders, waits_for_a_person
from feedmirror.takedowns.casework.cases import OPEN, Case, Event, State
from feedmirror.takedowns.casework.orders import Order
from feedmirror.takedowns.decisions.decision import MASKED_FOR, Outcome, Proving

_SHOWN = 10  # addresses of pages
_DAY = 24 * 3600
_OUTCOMES = {
    Outcome.DROP: "nothing",
    Outcome.RECORD: "recorded, nothing more",
    Outcome.REVIEW: "left to a person",
    Outcome.REMOVE: "removed, now and in the future",
    Outcome.RESTORE: "put back",
}
_STATES = {
    State.RECEIVED: "at work",
    State.WAITING: "waits for a person",
    State.ASKED: "waits for proof",
    State.MASKED: "out of sight for now",
    State.REMOVED: "removed for good",
    State.RECORDED: "nothing to do",
    State.REFUSED: "refused",
    State.LAPSED: "lapsed, as nobody proved it",
    State.RESTORED: "put back",
}
_WAYS = {
    Proving.REPLY: "an answer to our mail",
    Proving.WELL_KNOWN: "a token at the site",
    Proving.DNS: "one in the DNS",
    Proving.FEED: "one in the feed",
}
_REACHES = {
    Scope.AUTHOR: "an author at {host}",
    Scope.FEED: "the feed {feed}",
    Scope.PATH: "a part of {host}",
    Scope.HOST: "all of {host}",
    Scope.DOMAIN: "all of {host} and the hosts below it",
}
_EVENTS = {
    Event.RULED: "the rules stand",
    Event.SLICE: "reached",
    Event.CARRIED_OUT: "carried out",
    Event.ALLOWED: "the publisher takes it back no longer",
    Event.HELD: "held for a person",
    Event.BOUNCED: "a mail of ours did not arrive",
}
_MARKED = "a mark of the publisher's own, where machines read it"
_STEPS = {
    "answer": "answer to the sender",
    "result": "result to the sender",
    "outcome": "outcome to the sender",
    "operator": "note to the operator",
    "contact": "mail to the address that the feed states",
}


def state_words(case: Case) -> str:
    """Return where a case stands, and the word that programs know it by."""
    words = _STATES[case.state]
    if case.state is not State.WAITING and waits_for_a_person(case):
        words = f"{words}, and for a person"
    return words if case.state in words else f"{words} ({case.state})"


def order_words(order: Order) -> str:
    """Return what is done about an order, and of what."""
    return f"{reach_words(order)}: {_outcome(order)}"


def reach_words(order: Order) -> str:
    """Return how far an order reaches."""
    items = counted(order.count, "item")
    if order.scope is not Scope.ITEM:
        named = _REACHES[order.scope].format(host=order.host, feed=order.feed)
        return f"{named} ({items} held)"
    if order.places:
        return f"{counted(len(order.places), 'item')} of {order.host}"
    if order.outcome is Outcome.RESTORE:
        return "all that the case took down"
    if order.rules:
        return f"an address at {order.host} that nothing is held of"
    return "the mail as a whole" if not order.host else f"nothing that is held of {order.host}"


def what_words(case: Case) -> str:
    """Return in a few words what a case asks for."""
    decision = case.decision
    if decision is None:
        return "not read yet"
    kind = str(decision.get("kind") or "a mail")
    orders = settled_orders(case, freeings=0)  # what was asked for, whatever came back since
    reached = dict.fromkeys(reach_words(order) for order in orders)
    return f"{kind}: {'; '.join(reached)}" if reached else kind


def why_words(case: Case) -> str:
    """Return why a case was decided as it was, in the words of the rows that did."""
    return str((case.decision or {}).get("why", "")) or "not said"


def deadline(case: Case) -> datetime | None:
    """Return when a case that waits for proof lapses, or None."""
    if case.state not in {State.ASKED, State.MASKED}:
        return None
    waiting = [order for order in settled_orders(case) if order.proving or order.until]
    return max((order.until or case.opened + MASKED_FOR for order in waiting), default=None)


def is_open(case: Case) -> bool:
    """Tell whether a case still waits for something."""
    return case.state in OPEN


def pages(orders: Iterable[Order], mirror: MirrorSettings) -> Iterator[str]:
    """Yield the addresses of our own pages that orders of items name, and how many more."""
    places = list(dict.fromkeys(place for order in orders for place in order.places))
    for host, item in places[:_SHOWN]:
        yield f"{mirror.site}/{host}/{item}/"
    if len(places) > _SHOWN:
        yield f"and {len(places) - _SHOWN} more"


def taken(case: Case) -> int:
    """Return how many items a case has taken down."""
    return max((int(e.details.get("copies", 0)) for e in case.of(Event.CARRIED_OUT)), default=0)


def taken_words(case: Case) -> str:
    """Return how many items a case has taken down, in words."""
    return f"{counted(taken(case), 'item')} taken down"


def event_words(event: Event, details: Mapping[str, Any]) -> str:
    """Return one event of a case, with what its details tell."""
    match event:
        case Event.WRITING | Event.WRITTEN | Event.UNWRITTEN:
            why = f": {details['why']}" if details.get("why") else ""
            return f"{event}: {step_words(str(details['step']))}{why}"
        case Event.UNDONE:
            return f"{event}: {counted(int(details['shown']), 'item')} shown again"
        case Event.ALLOWED:
            number = len(details["items"])
            items = counted(number, "item") if number else ""
            return ": ".join(filter(None, [_EVENTS[event], items]))
        case Event.SLICE | Event.CARRIED_OUT:
            number = int(details["reached" if event is Event.SLICE else "copies"])
            return f"{_EVENTS[event]}: {counted(number, 'item')}"
        case _:
            told = [str(details[name]) for name in ("why", "way") if details.get(name)]
            return ": ".join([_EVENTS.get(event, str(event)), *told])


def step_words(step: str) -> str:
    """Return which of our mails a step is."""
    return _STEPS.get(step.partition("-")[0], step)


def proof_words(case: Case) -> str:
    """Return what proves the sender of a case, or why nothing does."""
    decision = case.decision
    if not decision:
        return "not looked at yet"
    sender = decision.get("sender")
    if sender is None:
        marked = decision.get("withdrawal")
        return _MARKED if marked else "by hand: the operator's own decision"
    if decision.get("vouched"):
        return "vouched for by the operator"
    if case.receipt is not None and case.receipt.unchecked:
        return "nothing was checked: `serve --trust-sender` takes every mail as proved"
    if sender["proof"] == "none":
        return f"not proved: {sender['why'] or 'nothing speaks for it'}"
    return f"the sender's domain is proved by {str(sender['proof']).upper()}"


def when_words(when: datetime) -> str:
    """Return a moment as it is shown, in UTC."""
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M}"


def span_words(span: timedelta) -> str:
    """Return a span of time in its largest unit."""
    seconds = max(int(span.total_seconds()), 0)
    for unit, length in (("d", _DAY), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def _outcome(order: Order) -> str:
    if order.outcome is Outcome.MASK:
        lapses = f" until {order.until.astimezone(UTC):%Y-%m-%d}" if order.until else ""
        return f"out of sight{lapses}{_if_proved(order)}"
    if order.outcome is Outcome.CHALLENGE:
        return f"unchanged{_if_proved(order)}"
    return _OUTCOMES[order.outcome]


def _if_proved(order: Order) -> str:
    *others, last = [_WAYS[way] for way in order.proving] or [""]
    ways = f"{', '.join(others)} or {last}" if others else last
    return f"; removed for good by {ways}" if ways else ""
