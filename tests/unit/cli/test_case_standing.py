"""What stands of a case, and what can be done, for every way that a case may go."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from builders import a_rule
from feedmirror.cli.case_standing import possible, standings
from feedmirror.layout import ItemId
from feedmirror.suppression import Ground, Scope
from feedmirror.takedowns.casework.cases import Case, Entry, Event
from feedmirror.takedowns.casework.orders import Order, order_to_json
from feedmirror.takedowns.decisions.claims import Standing
from feedmirror.takedowns.decisions.decision import Outcome

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
X, Y = ("a.example", ItemId("x" * 26)), ("a.example", ItemId("y" * 26))


def order(outcome: Outcome, *, number: int = 0, scope: Scope = Scope.ITEM, count: int = 2) -> Order:
    places = (X, Y)[:count] if scope is Scope.ITEM else ()
    keys = tuple(frozenset({item}) for _, item in places)
    rule = replace(a_rule("x"), keys=frozenset().union(*keys) or frozenset({"k"}))
    return Order(
        number=number,
        row=1,
        outcome=outcome,
        scope=scope,
        host="a.example",
        places=places,
        keys=keys,
        rules=(rule,),
        count=count,
    )


REMOVE, MASK, REVIEW = map(order, (Outcome.REMOVE, Outcome.MASK, Outcome.REVIEW))
CHALLENGE = order(Outcome.CHALLENGE, scope=Scope.HOST)
PRIVATE = replace(
    order(Outcome.REMOVE, scope=Scope.HOST),
    ground=Ground.PRIVACY,
    standing=Standing.PROVEN,
    proven=True,
)
UNHELD = order(Outcome.REMOVE, count=0)
Story = tuple[Event | tuple[Event, dict[str, Any]], ...]
FREED: Story = (Event.REMOVED, (Event.FREED, {"places": [list(X)], "orders": [], "by": "other"}))
ALL_FREED: Story = (Event.REMOVED, (Event.FREED, {"places": [], "orders": [0], "by": "other"}))
APPROVED: Story = (Event.HELD, (Event.APPROVED, {"orders": [0]}), Event.REMOVED)
UNDONE: tuple[Event, dict[str, Any]] = (Event.UNDONE, {"shown": 2})


def case(given: Order, story: Story) -> Case:
    entries = [
        Entry(Event.RECEIVED, NOW),
        Entry(Event.DECIDED, NOW, {"orders": [order_to_json(given)]}),
    ]
    for step in story:
        event, details = step if isinstance(step, tuple) else (step, {})
        entries.append(Entry(event, NOW, details))
    return Case("c" * 16, tuple(entries))


def ended(event: Event, *before: Event) -> Story:
    return (*before, (event, {"by": "a person"}), UNDONE)


TWO = "2 items of a.example"


@pytest.mark.parametrize(
    ("given", "story", "stands", "commands"),
    [
        (REMOVE, (), f"{TWO}: removed, now and in the future", {}),
        (
            REVIEW,
            (Event.HELD, (Event.APPROVED, {"orders": [0]})),
            f"{TWO}: removed, now and in the future",
            {"approve": "goes on with what was begun"},
        ),
        (
            REMOVE,
            (Event.REMOVED,),
            f"{TWO}: removed, now and in the future",
            {"restore": f"puts {TWO} back"},
        ),
        (REMOVE, ended(Event.RESTORED, Event.REMOVED), f"{TWO}: put back", {}),
        (
            REMOVE,
            (Event.REMOVED, (Event.RESTORED, {"by": "a person"})),
            f"{TWO}: about to be put back",
            {"restore": "goes on with what was begun"},
        ),
        (
            REMOVE,
            FREED,
            "1 item of a.example: removed, now and in the future; 1 item put back",
            {"restore": "puts 1 item of a.example back"},
        ),
        (
            PRIVATE,
            (Event.REMOVED,),
            "all of a.example (2 items held): removed, now and in the future",
            {"restore": "lets all of a.example (2 items held) be mirrored again"},
        ),
        (
            PRIVATE,
            ended(Event.RESTORED, Event.REMOVED),
            "all of a.example (2 items held): may be mirrored again",
            {},
        ),
        (REMOVE, ALL_FREED, f"{TWO}: put back", {}),
        (
            MASK,
            (Event.MASKED,),
            f"{TWO}: out of sight",
            {"approve": f"removes {TWO} for good", "refuse": f"shows {TWO} again"},
        ),
        (
            MASK,
            ended(Event.REFUSED, Event.MASKED),
            f"{TWO}: put back",
            {"approve": f"removes {TWO} for good"},
        ),
        (
            MASK,
            ended(Event.LAPSED, Event.MASKED),
            f"{TWO}: put back",
            {"approve": f"removes {TWO} for good"},
        ),
        (
            REVIEW,
            (Event.HELD,),
            f"{TWO}: left to a person",
            {"approve": f"removes {TWO} for good", "refuse": "leaves everything as it is"},
        ),
        (
            REVIEW,
            ended(Event.REFUSED, Event.HELD),
            f"{TWO}: refused, and unchanged",
            {"approve": f"removes {TWO} for good"},
        ),
        (
            REVIEW,
            APPROVED,
            f"{TWO}: removed, now and in the future",
            {"restore": f"puts {TWO} back"},
        ),
        (
            CHALLENGE,
            ended(Event.LAPSED, Event.ASKED),
            "all of a.example (2 items held): unchanged, as nobody proved it",
            {"approve": "removes all of a.example (2 items held) for good"},
        ),
        (
            UNHELD,
            (Event.REMOVED,),
            "an address at a.example that nothing is held of: removed, now and in the future",
            {"restore": "lets an address at a.example that nothing is held of be mirrored again"},
        ),
        (
            UNHELD,
            ended(Event.RESTORED, Event.REMOVED),
            "an address at a.example that nothing is held of: may be mirrored again",
            {},
        ),
    ],
)
def test_what_stands_is_told_and_only_what_would_change_it_is_offered(
    given: Order, story: Story, stands: str, commands: dict[str, str]
) -> None:
    told = case(given, story)

    assert [words for _, words in standings(told)] == [stands]
    assert possible(told) == commands


def test_what_has_nothing_to_take_down_is_not_approved_nor_restored() -> None:
    bare = replace(REVIEW, rules=(), places=(), keys=(), count=0)

    assert possible(case(bare, (Event.HELD,))) == {"refuse": "leaves everything as it is"}
    assert possible(case(bare, (Event.CLOSED,))) == {}
