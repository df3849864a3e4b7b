"""Undoing a case, or some of its places: the rules end that covered them, and nothing else does.

What is undone stands in the case before anything is lifted; all of this follows from the case, so
it can be done any number of times.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from feedmirror.jobs.takedown.ledger_rules import write_rule
from feedmirror.jobs.takedown.restore import Restore
from feedmirror.layout import ItemId
from feedmirror.ports.object_store import ObjectStore
from feedmirror.takedowns.casework.case_orders import TAKES_DOWN, rules_of_case, settled_orders
from feedmirror.takedowns.casework.cases import OPEN, Case, Event
from feedmirror.takedowns.casework.orders import Order
from feedmirror.takedowns.decisions.decision import Outcome

if TYPE_CHECKING:
    from feedmirror.suppression import Suppression


@dataclass(frozen=True, slots=True)
class Undo:
    """Ends rules of a case, and brings back what they took down."""

    ledger: ObjectStore
    restore: Restore

    def all_of(self, case: Case, orders: frozenset[int], *, anew: bool) -> int:
        """Undo some orders of a case; return how many items are shown again.

        What is back is listed ``anew``, and counted; or else only what has gone since is put back:
        the same event may come again at any time.
        """
        # Also those that a freeing has replaced: whoever freed may have died before it lifted them.
        ended: dict[str, Suppression] = {}
        for freeings in range(len(list(case.of(Event.FREED))) + 1):
            rules = rules_of_case(case, freeings=freeings, undone=orders)
            self.restore.lift(rules.values(), by=case.id)
            ended |= rules
        # Copies may have gone with what was named; whatever a rule still holds stays down.
        shown = self.restore.run(case.id, anew=anew)
        if anew or shown:
            self.restore.list_again(case.id, ended.values())
        return shown

    def freed(self, case: Case, *, by: str) -> int:
        """Bring back all that a case has freed; return how many of it are shown for one asker.

        Where one rule covered more, another takes its place for the rest before it ends.
        """
        shown = 0
        for number, entry in enumerate(case.of(Event.FREED)):
            before = rules_of_case(case, freeings=number)
            after = rules_of_case(case, freeings=number + 1)
            for rule in after.values():
                if rule.id not in before:
                    write_rule(self.ledger, rule)
            lifted = [rule for rule in before.values() if rule.id not in after]
            self.restore.lift(lifted, by=case.id)
            freed = {(host, ItemId(item)) for host, item in entry.details["places"]}
            # Of a whole site nobody knows the places: whatever no rule holds any more comes back.
            back = self.restore.run(case.id, None if entry.details["orders"] else freed)
            self.restore.list_again(case.id, lifted)
            shown += back if entry.details["by"] == by else 0
        return shown


def orders_down(case: Case) -> tuple[Order, ...]:
    """Return the orders by which a case still keeps something down."""
    return tuple(o for o in settled_orders(case) if o.outcome in TAKES_DOWN and o.rules)


def orders_left(case: Case) -> tuple[Order, ...]:
    """Return the orders that keep something down, or may still come to."""
    waiting = {Outcome.CHALLENGE, Outcome.REVIEW} if case.state in OPEN else set()
    return tuple(
        o for o in settled_orders(case) if o.rules and o.outcome in {*TAKES_DOWN, *waiting}
    )
