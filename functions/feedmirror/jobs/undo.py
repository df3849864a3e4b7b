"""Undoing a case, or some of its items: the rules end that covered them, and nothing else does."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace

from feedmirror.addresses import digest
from feedmirror.jobs.ledger_rules import write_rule
from feedmirror.jobs.restore import Restore
from feedmirror.layout import ItemId
from feedmirror.ports.object_store import ObjectStore
from feedmirror.suppression import RuleId, Scope, Suppression, item_key
from feedmirror.takedowns.claims import Held
from feedmirror.takedowns.orders import Order

Place = tuple[str, ItemId]


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """Ends rules of orders that were carried out, and brings back what they took down."""

    ledger: ObjectStore
    restore: Restore
    look: Callable[[Place], Held | None]

    def run(
        self,
        case: str,
        orders: Collection[Order],
        *,
        by: str,
        places: Collection[Place] | None = None,
    ) -> int:
        """Undo some orders of a case, or what they did to some places; return how many are shown.

        Where one rule covers more than is to come back, another takes its place for the rest
        before it ends.
        """
        lifted = [rule for order in orders for rule in self._ending(order, places, by=by)]
        self.restore.lift(lifted, by=by)
        if places is None and any(order.scope is not Scope.ITEM for order in orders):
            return self.restore.run(case)
        own = {place for order in orders for place in order.places}
        return self.restore.run(case, own if places is None else own & set(places))

    def _ending(
        self, order: Order, places: Collection[Place] | None, *, by: str
    ) -> Iterator[Suppression]:
        chosen = set(order.places) if places is None else set(order.places) & set(places)
        for rule in order.rules:
            if rule.scope is not Scope.ITEM:
                if places is None:
                    yield rule
                continue
            covered = {place for place in order.places if item_key(*place) in rule.keys}
            if covered & chosen:
                self._cover(covered - chosen, rule, by=by)
                yield rule

    def _cover(self, places: Collection[Place], rule: Suppression, *, by: str) -> None:
        """Write a rule for what stays down of those that one rule covered."""
        if not places:
            return
        held = [found for place in sorted(places) if (found := self.look(place))]
        keys = frozenset().union(*(each.keys & rule.keys for each in held))
        keys |= {item_key(*place) for place in places}
        rest = RuleId(digest("rule", rule.id, by))
        write_rule(self.ledger, replace(rule, id=rest, keys=keys))
