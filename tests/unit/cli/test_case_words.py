from datetime import UTC, datetime, timedelta

import pytest

from feedmirror.cli.case_words import (
    deadline,
    event_words,
    order_words,
    proof_words,
    span_words,
    state_words,
)
from feedmirror.layout import ItemId
from feedmirror.suppression import Scope
from feedmirror.takedowns.casework.cases import Case, Entry, Event, State
from feedmirror.takedowns.casework.orders import Order, order_to_json
from feedmirror.takedowns.decisions.decision import Outcome, Proving

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TWO = (("a.example", ItemId("x" * 26)), ("a.example", ItemId("y" * 26)))


def order(
    outcome: Outcome, scope: Scope = Scope.ITEM, *, number: int = 0, until: datetime | None = None
) -> Order:
    return Order(
        number=number,
        row=1,
        outcome=outcome,
        scope=scope,
        host="a.example",
        places=TWO if scope is Scope.ITEM else (),
        count=2,
        feed="https://a.example/feed" if scope is Scope.FEED else "",
        until=until,
        proving=(Proving.WELL_KNOWN, Proving.DNS, Proving.REPLY) if until else (),
    )


def case(*events: Event, orders: tuple[Order, ...] = ()) -> Case:
    decided = Entry(Event.DECIDED, NOW, {"orders": [order_to_json(each) for each in orders]})
    entries = (Entry(Event.RECEIVED, NOW), decided, *(Entry(event, NOW) for event in events))
    return Case("c" * 16, entries)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (order(Outcome.REMOVE), "2 items of a.example: removed, now and in the future"),
        (order(Outcome.REVIEW), "2 items of a.example: left to a person"),
        (
            order(Outcome.REMOVE, Scope.DOMAIN),
            (
                "all of a.example and the hosts below it (2 items held):"
                " removed, now and in the future"
            ),
        ),
        (
            order(Outcome.REMOVE, Scope.FEED),
            "the feed https://a.example/feed (2 items held): removed, now and in the future",
        ),
        (
            order(Outcome.MASK, until=NOW + timedelta(days=14)),
            (
                "2 items of a.example: out of sight until 2026-12-06;"
                " removed for good by a token at"
                " the site, one in the DNS or an answer to our mail"
            ),
        ),
    ],
)
def test_an_order_is_told_in_words(given: Order, words: str) -> None:
    assert order_words(given) == words


@pytest.mark.parametrize("scope", Scope)
@pytest.mark.parametrize("outcome", Outcome)
def test_every_order_has_words(scope: Scope, outcome: Outcome) -> None:
    assert "a.example" in order_words(order(outcome, scope))


STORIES = (
    (Event.HELD,),
    (Event.ASKED,),
    (Event.MASKED,),
    (Event.REMOVED,),
    (Event.CLOSED,),
    (Event.HELD, Event.REFUSED),
    (Event.MASKED, Event.LAPSED),
    (Event.REMOVED, Event.RESTORED),
)


@pytest.mark.parametrize("state", State)
def test_every_state_is_told_with_the_word_that_programs_know(state: State) -> None:
    before = next((events for events in STORIES if case(*events).state is state), ())

    assert case(*before).state is state
    assert str(state) in state_words(case(*before))


def test_a_case_lapses_with_the_last_of_its_orders() -> None:
    first, last = NOW + timedelta(days=3), NOW + timedelta(days=14)
    orders = (order(Outcome.MASK, until=first), order(Outcome.MASK, number=1, until=last))

    assert deadline(case(Event.MASKED, orders=orders)) == last
    assert deadline(case(Event.HELD, orders=orders)) is None
    assert deadline(case(Event.REMOVED, orders=orders)) is None


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(seconds=-5), "0 s"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(minutes=1), "1 min"),
        (timedelta(hours=23, minutes=59), "23 h"),
        (timedelta(days=13, hours=23), "13 d"),
    ],
)
def test_an_age_is_told_in_its_largest_unit(span: timedelta, words: str) -> None:
    assert span_words(span) == words


def test_a_case_of_a_publishers_mark_says_so() -> None:
    decided = Entry(Event.DECIDED, NOW, {"orders": [], "withdrawal": "switch"})
    marked = Case("c" * 16, (Entry(Event.RECEIVED, NOW), decided))

    assert "a mark of the publisher's own" in proof_words(marked)
    allowed = event_words(Event.ALLOWED, {"seen": NOW.isoformat(), "items": ["a"]})
    assert allowed == "the publisher takes it back no longer: 1 item"
