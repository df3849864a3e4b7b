"""Carrying out what a case has decided, from wherever it was left.

Everything is done at least once and may be done again: rules are created under fixed ids, a sweep
goes on behind the last slice that the case notes, a token is the one that the decision drew. What
must not happen twice, the mails, has its own notes (:mod:`feedmirror.jobs.correspond`).
"""

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from feedmirror.jobs.case_book import CaseBook
from feedmirror.jobs.entomb import EMPTIED, Cause, Entomb
from feedmirror.jobs.ledger_rules import write_rule
from feedmirror.jobs.limits import Limits
from feedmirror.jobs.open_challenges import OpenChallenges
from feedmirror.jobs.removal_log import RemovalLog
from feedmirror.jobs.sweep import Sweep
from feedmirror.jobs.undo import Undo
from feedmirror.layout import (
    ATOM,
    FRONT,
    INDEX,
    JSON,
    REMOVED,
    recovery_prefix,
    suppression_key,
)
from feedmirror.ports.aftermath import Cdn
from feedmirror.ports.object_store import LostConditionError, ObjectStore
from feedmirror.suppression import Scope
from feedmirror.takedowns.case_orders import (
    acts,
    is_done,
    is_final,
    orders_of_case,
    position_of,
    proved_by_others,
    settled_orders,
    standing_event,
)
from feedmirror.takedowns.cases import Case, Event, State
from feedmirror.takedowns.decision import Outcome
from feedmirror.takedowns.orders import Order

RESERVE = timedelta(seconds=30)  # kept back to note where a sweep is, and to hand it on
_MOST_PATHS = 30  # of single pages; a folder as a whole costs as much as one of them
BY_A_PERSON = "operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class CarryOn:
    """Does what a case's orders say, as far as time allows."""

    cases: CaseBook
    ledger: ObjectStore
    mail: ObjectStore
    challenges: OpenChallenges
    sweep: Sweep
    entomb: Entomb
    undo: Undo
    limits: Limits
    log: RemovalLog
    cdn: Cdn
    clock: Callable[[], datetime]

    def run(self, case: Case, *, time_left: Callable[[], timedelta]) -> Case:
        """Return the case as it then is; still ``received`` if the time did not suffice."""
        if case.decision is None or case.state is not State.RECEIVED:
            return case
        orders = settled_orders(case)
        due = [order for order in orders if acts(order)]
        # All is covered by rules before the first slice of any sweep (design §4).
        case = self._prepare(case, orders, due)
        for order in due:
            if not is_done(case, order):
                case = self._do(case, order, time_left=time_left)
            if not is_done(case, order):
                return case
        return self._finish(case, orders)

    def _prepare(self, case: Case, orders: Sequence[Order], due: Sequence[Order]) -> Case:
        self.challenges.open(case, orders)
        for order in due:
            if order.number not in case.numbers(Event.RULED):
                case = self._rule(case, order)
        return case

    def _rule(self, case: Case, order: Order) -> Case:
        for rule in order.rules:
            write_rule(self.ledger, rule)
        if order.outcome is Outcome.MASK and order.row == 24:  # noqa: PLR2004 -- strangers' masks
            self.limits.remember_masks(order.places, case.id)
        return self.cases.add(
            case,
            Event.RULED,
            unless=lambda known: order.number in known.numbers(Event.RULED),
            order=order.number,
        )

    def _do(self, case: Case, order: Order, *, time_left: Callable[[], timedelta]) -> Case:
        if order.outcome is Outcome.RESTORE:
            return self._restore(case, order)
        for number in range(len(order.rules)):
            case = self._sweep(case, order, number, time_left=time_left)
            if position_of(case, order, number) is not None:
                return case
        return self._carried_out(case, order)

    def _sweep(
        self, case: Case, order: Order, number: int, *, time_left: Callable[[], timedelta]
    ) -> Case:
        """Sweep behind one rule, slice by slice, noting each in the case."""
        rule = order.rules[number]
        cause = _cause(case, order)
        while (after := position_of(case, order, number)) is not None:
            if time_left() < RESERVE or case.state is not State.RECEIVED:
                return case  # time is up, or a person has meanwhile undone it
            places = order.places if number == 0 else ()
            done = self.sweep.run(rule, cause, after=after, places=places)
            case = self.cases.add(
                case,
                Event.SLICE,
                order=order.number,
                final=is_final(order),
                rule=number,
                reached=len(done.items),
                after=done.after,
            )
        return case

    def _carried_out(self, case: Case, order: Order) -> Case:
        """Finish an order: what shows nothing of the host any more, the log, the caches."""
        if order.scope in {Scope.HOST, Scope.DOMAIN}:
            self.entomb.forget_host(_covers(order))
        taken = [s.key for s in self.mail.list(recovery_prefix(case.id))]
        if is_final(order) and not order.keeps_copies:
            self._empty(taken)
        self.log.add(case.id, order, copies=len(taken))
        self.cdn.invalidate(
            _paths(order), reference=f"{case.id}-{order.number}-{int(is_final(order))}"
        )
        return self.cases.add(
            case,
            Event.CARRIED_OUT,
            unless=lambda known: is_done(known, order),
            order=order.number,
            final=is_final(order),
            copies=len(taken),
        )

    def _empty(self, keys: Collection[str]) -> None:
        """Let go of what a proven wish for privacy does not let us keep."""
        for key in keys:
            found = self.mail.get(key)
            if found is not None and found.content.body != EMPTIED:
                with suppress(LostConditionError):  # somebody else has just done the same
                    self.mail.put(key, replace(found.content, body=EMPTIED), replaces=found.etag)

    def _restore(self, case: Case, order: Order) -> Case:
        restored = self.cases.load(order.restores) if order.restores else None
        shown, bars = 0, (case.decision or {}).get("bars")
        if bars:
            self.limits.bar(bars[0], [(host, item) for host, item in bars[1]])
        if restored is not None and restored.decision is not None:
            shown = self.undo_case(
                restored, by=case.id, places=order.places or None, countered=bool(bars)
            )
        return self.cases.add(
            case,
            Event.CARRIED_OUT,
            unless=lambda known: is_done(known, order),
            order=order.number,
            final=True,
            copies=shown,
        )

    def undo_case(
        self,
        case: Case,
        *,
        by: str,
        places: Collection[tuple[str, str]] | None = None,
        event: Event = Event.RESTORED,
        countered: bool = False,
    ) -> int:
        """Undo what a case took down, or only some places of it; return how many are shown again.

        What lapses or is refused is what was masked: a removal that was proved stays. Safe to
        repeat; the case is told last.
        """
        undone = {Outcome.MASK} if event is not Event.RESTORED else {Outcome.REMOVE, Outcome.MASK}
        others = frozenset() if by == BY_A_PERSON or countered else proved_by_others(case)
        orders = [
            order
            for order in settled_orders(case)
            if order.outcome in undone and order.number not in others
        ]
        some = (
            None
            if places is None
            else [(h, i) for o in orders for h, i in o.places if (h, i) in places]
        )
        shown = self.undo.run(case.id, orders, by=by, places=some)
        self.challenges.close(case, orders_of_case(case))
        everything = {place for order in orders for place in order.places}
        if some is None or everything <= set(some):
            self.cases.add(
                case,
                event,
                unless=lambda known: any(True for _ in known.of(event)),
                by=by,
                shown=shown,
                countered=countered,
            )
        self.cdn.invalidate(["/*"], reference=f"{case.id}-{event}-{by}")
        return shown

    def _finish(self, case: Case, orders: Sequence[Order]) -> Case:
        """Say where the case stands now that everything due has been done."""
        event = standing_event(case, orders)
        if event not in {Event.MASKED, Event.ASKED}:
            self.challenges.close(case, orders_of_case(case))
        return self.cases.add(case, event, unless=lambda known: known.state is not State.RECEIVED)


def _cause(case: Case, order: Order) -> Cause:
    return Cause(
        case=case.id,
        ground=order.ground,
        rules=tuple(suppression_key(rule.host, rule.id) for rule in order.rules),
        provisional=not is_final(order),
        keeps_copies=order.keeps_copies,
    )


def _covers(order: Order) -> Callable[[str], bool]:
    if order.scope is Scope.DOMAIN:
        return lambda host: host == order.host or host.endswith(f".{order.host}")
    return lambda host: host == order.host


def _paths(order: Order) -> list[str]:
    """Return what the caches are to forget: the pages themselves, and all that lists them."""
    front = [f"/{FRONT}{name}" for name in (INDEX, ATOM, JSON)] + ["/", f"/{REMOVED}", "/removed/"]
    hosts = sorted({order.host, *(host for host, _ in order.places)})
    if order.scope is not Scope.ITEM or len(order.places) + len(hosts) > _MOST_PATHS:
        return [*front, *(f"/{host}/*" for host in hosts)]
    pages = [f"/{host}/{item}/*" for host, item in order.places]
    listings = [f"/{host}/{name}" for host in hosts for name in ("", INDEX, ATOM, JSON, "20*")]
    return [*front, *listings, *pages]
