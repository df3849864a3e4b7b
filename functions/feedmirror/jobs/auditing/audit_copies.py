"""The audit of recovery copies: none past its date, and none that may not be kept at all."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from feedmirror.jobs.auditing.audit_report import Finding, Kind, Note, Tally
from feedmirror.jobs.auditing.audit_standing import Standing
from feedmirror.jobs.batches import batches
from feedmirror.jobs.takedown.entomb import EMPTIED
from feedmirror.layout import RECOVERY
from feedmirror.ports.object_store import ObjectStore
from feedmirror.ports.workers import Workers
from feedmirror.suppression import RuleUnreadableError, Scope
from feedmirror.takedowns.casework.case_orders import settled_orders
from feedmirror.takedowns.casework.cases import Event
from feedmirror.takedowns.casework.orders import Order
from feedmirror.takedowns.decisions.decision import Outcome

# Lifecycle rules act at midnight, and are carried out within days (S3, "Expiring objects").
_GRACE = timedelta(days=3)
_CASES_KEPT = 16  # copies are listed case by case


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditCopies:
    """Looks at every recovery copy that still has content."""

    mail: ObjectStore
    standing: Standing
    workers: Workers
    clock: Callable[[], datetime]
    keep_for: timedelta

    def run(self, tally: Tally) -> None:
        """Check all recovery copies."""
        orders_of = lru_cache(maxsize=_CASES_KEPT)(self._private_orders)
        for batch in batches(self.mail.list(RECOVERY)):
            tally.look("copies", len(batch))
            keys = [summary.key for summary in batch if summary.size > len(EMPTIED)]
            taken = zip(keys, self.workers.map(self._taken, keys), strict=True)
            for key, when in taken:
                self._check_date(key, when, tally)
                orders = orders_of(key.removeprefix(RECOVERY).partition("/")[0])
                if orders is None:
                    tally.note(Note.NO_CASE)
                elif any(_is_of(order, key) for order in orders):
                    words = "its case was proved, on the ground of privacy"
                    tally.find(Finding(Kind.PRIVATE_COPY, f"mail {key}", words))

    def _check_date(self, key: str, taken: str, tally: Tally) -> None:
        try:
            past = datetime.fromisoformat(taken) + self.keep_for + _GRACE < self.clock()
        except (ValueError, TypeError):
            words = "it does not say when it was taken"
            tally.find(Finding(Kind.UNREADABLE, f"mail {key}", words))
            return
        if past:
            days = self.keep_for.days
            words = f"taken {taken[:10]}, to be kept {days} days"
            tally.find(Finding(Kind.OLD_COPY, f"mail {key}", words))

    def _taken(self, key: str) -> str:
        found = self.mail.get(key)
        return found.content.metadata.get("taken", "") if found else ""

    def _private_orders(self, case_id: str) -> tuple[Order, ...] | None:
        """Return the orders of a case that were carried out and let nothing be kept."""
        case = self.standing.case(case_id)
        if case is None:
            return None
        done = {e.details["order"] for e in case.of(Event.CARRIED_OUT) if e.details["final"]}
        try:
            orders = settled_orders(case)
        except (RuleUnreadableError, ValueError, KeyError, TypeError):
            return None
        return tuple(
            order
            for order in orders
            if order.number in done and order.outcome is Outcome.REMOVE and not order.keeps_copies
        )


def _is_of(order: Order, key: str) -> bool:
    host, _, name = key.removeprefix(RECOVERY).partition("/")[2].partition("/")
    places = {(place, f"{item}.json") for place, item in order.places}
    return order.scope is not Scope.ITEM or (host, name) in places
