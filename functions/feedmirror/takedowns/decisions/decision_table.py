"""The decision table: what is done about a notice, row by row; the first row that matches wins.

Every row is here, in its order. Rows 1 and 2 are the caller's, before there is anything to read.
Rows 7, 9, 29 and 30 change what follows: a doubtful ``From`` has left the sender as nobody, a mail
is split into matters before it is judged, and 9 and 30 change the plan that came of the rest.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from feedmirror.takedowns.decisions import conditions as when
from feedmirror.takedowns.decisions.claims import Standing
from feedmirror.takedowns.decisions.decision import Outcome, Plan, Say, Situation, Step
from feedmirror.takedowns.decisions.matters import Matter, matters_of
from feedmirror.takedowns.decisions.rulings import (
    as_it_is,
    challenged,
    challenged_and_reviewed,
    contacts_asked,
    first_ones_taken_down,
    left_to_a_person,
    masked_for_a_stranger,
    masked_until_answered,
    not_held,
    provisional,
    read_by_a_person,
    recorded,
    reviewed,
    taken_down,
    told,
    too_wide,
    unanswered,
)
from feedmirror.takedowns.decisions.settling import countered, finished, withdrawn
from feedmirror.takedowns.decisions.situations import (
    asks_for_removal,
    is_machines_notice,
    is_spam,
    may_be_answered,
    names_some_short_links,
)
from feedmirror.takedowns.decisions.steps import reviews_of


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number, what it is in words, when it matches, and what it yields."""

    number: int
    what: str
    matches: Callable[[Matter], bool]
    yields: Callable[[Matter], Plan]


@dataclass(frozen=True, slots=True)
class Change:
    """A row that only changes what the others yielded."""

    number: int
    what: str
    matches: Callable[[Situation, Plan], bool]
    turns: Callable[[Situation, Plan], Plan]


def _is_doubted(situation: Situation, _: Plan) -> bool:
    return is_spam(situation) or situation.sender.doubted


def _is_mixed(_: Situation, plan: Plan) -> bool:
    return len({(step.row, step.standing) for step in plan.steps}) > 1


def _is_a_machines(situation: Situation, _: Plan) -> bool:
    return is_machines_notice(situation)


BY_THE_CALLER: Final = {
    1: "a setup notification, or a mail that is done already",
    2: "the mail itself is not there: it is tried again",
}
TABLE: Final[tuple[Row | Change, ...]] = (
    Row(1, "the same mail came before", when.came_before, recorded),
    Row(3, "it carries a virus", when.has_virus, recorded),
    Row(4, "it is from ourselves", when.is_from_ourselves, recorded),
    Row(5, "a machine sent it, and it is no notice", when.is_from_a_machine, recorded),
    Row(6, "it is too large to be read", when.exceeds_caps, reviewed(Say.PLAIN_TEXT)),
    Row(7, "it is forged, as the domain in From says", when.is_rejected, recorded),
    Row(8, "spam, by nobody that the content knows", when.is_spam_of_no_standing, recorded),
    Change(
        9,
        "taken for spam, or sent again perhaps: nothing goes for good",
        _is_doubted,
        provisional,
    ),
    Row(10, "over the daily limit", when.is_over_limit, reviewed(Say.HELD_FOR_REVIEW)),
    Row(11, "the proof that was asked for", when.is_proof, finished),
    Row(12, "withdrawn by whoever asked", when.is_withdrawal, withdrawn),
    Row(13, "a counter-notice to a stranger's mask", when.is_own_counter_notice, countered),
    Row(14, "another counter-notice", when.is_counter_notice, reviewed(Say.RECEIVED)),
    Row(15, "urgent: a person reads it", when.is_urgent, reviewed(Say.RECEIVED, urgent=True)),
    Row(16, "a request that names nothing", when.names_nothing, told(Say.SAY_WHICH)),
    Row(17, "only shortened addresses", when.names_short_links, told(Say.FULL_ADDRESSES)),
    Row(18, "nothing named is held", when.names_nothing_held, not_held),
    Row(19, "a platform, a suffix, or our own host", when.is_nobodys_to_ask, too_wide),
    Row(20, "the sender's own: author's or feed's", when.is_own_content, taken_down),
    Row(21, "items of the sender's host", when.is_of_own_host, taken_down),
    Row(22, "wider, by who speaks for the host", when.is_spoken_for, masked_until_answered),
    Row(23, "wider, by somebody at the host", when.is_asked_from_within, challenged),
    Row(24, "a little, by a stranger", when.is_little_asked_by_a_stranger, masked_for_a_stranger),
    Row(25, "much, by a stranger", when.is_asked_by_a_stranger, challenged_and_reviewed),
    Row(26, "unproved, and a contact is known", when.has_a_contact, contacts_asked),
    Row(27, "unproved, and no contact is known", when.has_no_contact, left_to_a_person),
    Row(28, "too much at once", when.is_too_much_at_once, first_ones_taken_down),
    Change(29, "mixed: each part by its own row", _is_mixed, as_it_is),
    Change(30, "made by a machine: never answered", _is_a_machines, unanswered),
    Row(31, "anything else that concerns us", when.concerns_something, read_by_a_person),
    Row(32, "nothing for us", when.concerns_nothing, recorded),
)
_MOST_ASKED = 3  # contacts that one unproved mail makes us write to


def decide(situation: Situation) -> Plan:
    """Return what is done about a mail, by the table."""
    plan = _judge((Matter(situation=situation),)) or _judge_claims(situation)
    for change in TABLE:
        if isinstance(change, Change) and change.matches(situation, plan):
            plan = replace(change.turns(situation, plan), why=f"{plan.why}; {_words(change)}")
    return plan if may_be_answered(situation) else replace(plan, says=())


def row_words(number: int) -> str:
    """Return what a row says, in words; raises KeyError if there is none."""
    return {**BY_THE_CALLER, **{row.number: row.what for row in TABLE}}[number]


def _judge_claims(situation: Situation) -> Plan:
    """Return what the rows yield of all that is asked for; one reply says all that applies."""
    plan = _judge(matters_of(situation)) or _unforeseen(situation)
    if names_some_short_links(situation) and asks_for_removal(situation):
        return replace(plan, says=(*plan.says, Say.FULL_ADDRESSES))
    return plan


def _unforeseen(situation: Situation) -> Plan:
    steps = tuple(replace(step, row=31) for step in reviews_of(situation))
    return Plan(steps=steps, why="no row foresees it")


def _judge(matters: Iterable[Matter]) -> Plan | None:
    """Return what the rows yield of some matters together, or None if no row matches any."""
    found = [(row, row.yields(matter)) for matter in matters if (row := _first(matter))]
    if not found:
        return None
    steps = (replace(step, row=row.number) for row, plan in found for step in plan.steps)
    return Plan(
        steps=tuple(_few_asked(steps)),
        says=tuple(dict.fromkeys(say for _, plan in found for say in plan.says)),
        urgent=any(plan.urgent for _, plan in found),
        bars=next((plan.bars for _, plan in found if plan.bars), None),
        why="; ".join(dict.fromkeys(_words(row) for row, _ in found)),
    )


def _first(matter: Matter) -> Row | None:
    rows = (row for row in TABLE if isinstance(row, Row))
    return next((row for row in rows if row.matches(matter)), None)


def _few_asked(steps: Iterable[Step]) -> Iterator[Step]:
    """Yield the steps, with no more questions to contacts than a stranger may cause by one mail."""
    asked: dict[str, None] = {}
    for step in steps:
        is_unproved = step.standing is Standing.NOBODY and step.outcome is Outcome.CHALLENGE
        if is_unproved and step.asks not in asked and len(asked) >= _MOST_ASKED:
            yield replace(step, outcome=Outcome.REVIEW, proving=(), asks="")
            continue
        if is_unproved:
            asked[step.asks] = None
        yield step


def _words(row: Row | Change) -> str:
    return f"row {row.number}: {row.what}"
