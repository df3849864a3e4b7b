"""Carrying out what a case has decided, from wherever it was left.

Everything is done at least once and may be done again: rules are created under fixed ids, a sweep
goes on behind the last slice that the case notes, a token is the one that the decision drew. What
must not happen twice, the mails, has its own notes (:mod:`feedmirror.jobs.takedown.correspond`).
"""

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from feedmirror.jobs.about_pages import AboutPages
from feedmirror.jobs.takedown.case_book import CaseBook
from feedmirror.jobs.takedown.entomb import EMPTIED, Cause, Entomb
from feedmirror.jobs.takedown.ledger_rules import write_rule
from feedmirror.jobs.takedown.limits import Limits
from feedmirror.jobs.takedown.open_challenges import OpenChallenges
from feedmirror.jobs.takedown.removal_log import RemovalLog
from feedmirror.jobs.takedown.restore import Place
from feedmirror.jobs.takedown.sweep import Sweep
from feedmirror.jobs.takedown.undo import Undo, orders_down, orders_left
from feedmirror.layout import (
    ATOM,
    FRONT,
    INDEX,
    JSON,
    REMOVED,
    place_of_copy,
    recovery_prefix,
    suppression_key,
)
from feedmirror.ports.aftermath import Cdn
from feedmirror.ports.object_store import LostConditionError, ObjectStore
from feedmirror.suppression import Scope, Suppression, covers_all_of
from feedmirror.takedowns.casework.case_orders import (
    ENDINGS,
    acts,
    allowed_order,
    changes_of,
    is_done,
    is_end,
    is_final,
    is_ruled,
    is_to_be_undone,
    orders_ended,
    orders_of_case,
    position_of,
    proved_by_others,
    settled_orders,
    standing_event,
)
from feedmirror.takedowns.casework.cases import TRANSITIONS, Case, Event, State
from feedmirror.takedowns.casework.orders import Order
from feedmirror.takedowns.decisions.decision import Outcome

RESERVE = timedelta(seconds=30)  # kept back to note where a sweep is, and to hand it on
_MOST_PATHS = 30  # of single pages; a folder as a whole costs as much as one of them
BY_A_PERSON = "operator"
BY_THE_PUBLISHER = "publisher"  # whose mark is gone


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
    about: AboutPages
    limits: Limits
    log: RemovalLog
    cdn: Cdn
    clock: Callable[[], datetime]
    paused: bool = False

    def run(self, case: Case, *, time_left: Callable[[], timedelta]) -> Case:
        """Return the case as it then is; still ``received`` if the time did not suffice.

        While the mirror is paused, what asks to have something shown again waits as well.
        """
        # Somebody may have died over an end, or swept on while it was carried out, and then died.
        case, _ = self.finish_end(case, anew=is_to_be_undone(case))
        if case.decision is None or case.state is not State.RECEIVED:
            return case
        orders, known = settled_orders(case), changes_of(case)
        due = [order for order in orders if acts(order)]
        # All is covered by rules before the first slice of any sweep (design §4).
        case = self._prepare(case, orders, due)
        for order in due:
            if not is_done(case, order):
                case = self._do(case, order, time_left=time_left)
            if case.state is not State.RECEIVED:
                # Undone meanwhile: what was swept since comes back.
                return self.finish_end(case)[0]
            if not is_done(case, order):
                return case
        if changes_of(case) != known:
            self.undo.freed(case, by="")  # what the sweep took down again since it was freed
        case = self._finish(case, orders, known)
        # What was proved meanwhile is done as well.
        return self.run(case, time_left=time_left) if case.state is State.RECEIVED else case

    def _prepare(self, case: Case, orders: Sequence[Order], due: Sequence[Order]) -> Case:
        self.challenges.open(case, orders)
        for order in due:
            if not is_ruled(case, order):
                case = self._rule(case, order)
        return case

    def _rule(self, case: Case, order: Order) -> Case:
        for rule in order.rules:
            write_rule(self.ledger, rule)
        self.about.withdraw(order.rules)
        if order.outcome is Outcome.MASK and order.row == 24:  # noqa: PLR2004 -- strangers' masks
            self.limits.remember_masks(order.places, case.id)
        return self.cases.add(
            case,
            Event.RULED,
            unless=lambda known: is_ruled(known, order),
            order=order.number,
            final=is_final(order),
        )

    def _do(self, case: Case, order: Order, *, time_left: Callable[[], timedelta]) -> Case:
        if order.outcome is Outcome.RESTORE:
            return case if self.paused else self._restore(case, order)
        for rule in order.rules:
            case = self._sweep(case, order, rule, time_left=time_left)
            if position_of(case, order, rule.id) is not None:
                return case
        return self._carried_out(case, order)

    def _sweep(
        self, case: Case, order: Order, rule: Suppression, *, time_left: Callable[[], timedelta]
    ) -> Case:
        """Sweep behind one rule, slice by slice, noting each in the case."""
        cause = _cause(case, order, rule)
        while (after := position_of(case, order, rule.id)) is not None:
            if time_left() < RESERVE or case.state is not State.RECEIVED:
                return case  # time is up, or a person has meanwhile undone it
            places = order.places if rule is order.rules[0] else ()
            done = self.sweep.run(rule, cause, after=after, places=places)
            case = self.cases.add(
                case,
                Event.SLICE,
                order=order.number,
                rule=rule.id,
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
        if is_final(order):
            self.log.add(case.id, order, copies=len(taken))
        self.cdn.invalidate(
            _paths(order, [place_of_copy(key) for key in taken]),
            reference=f"{case.id}-{order.number}-{int(is_final(order))}",
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
            shown = self.free(restored, order, by=case.id, countered=bool(bars))
        return self.cases.add(
            case,
            Event.CARRIED_OUT,
            unless=lambda known: is_done(known, order),
            order=order.number,
            final=True,
            copies=shown,
        )

    def free(self, case: Case, wanted: Order, *, by: str, countered: bool) -> int:
        """Bring back what an order wants of a case; return how many items are shown.

        An order without a host wants all of it; one of a site, a feed or an author what the case
        took down as such; one of items these. Of a whole site no single item can be freed, and
        who withdraws frees nothing that another has proved.
        """
        while True:
            proved = proved_by_others(case)
            down = [o for o in orders_down(case) if countered or o.number not in proved]
            freed, numbers = _freed(down, wanted)
            gone = numbers | _emptied(down, freed)
            left = [order for order in orders_left(case) if order.number not in gone]
            spares = any(order.number in proved for order in left) and not countered
            whole = not left or (_wants_all(wanted) and not spares)
            if not (freed or numbers or _wants_all(wanted)):
                break
            noted = self._note(
                case,
                Event.RESTORED if whole else Event.FREED,
                proved=None if countered else proved,
                by=by,
                countered=countered,
                places=[list(place) for place in sorted(freed)],
                orders=sorted(numbers),
            )
            if countered or proved_by_others(noted) == proved:
                case = noted
                break
            case = noted  # somebody has proved a part of it meanwhile
        if case.state is State.RESTORED:
            return self.finish_end(case)[1]
        shown = self.undo.freed(case, by=by)
        self.cdn.invalidate(["/*"], reference=f"{case.id}-freed-{changes_of(case)[1]}")
        return shown

    def allow(self, case: Case) -> bool:
        """Show again what a publisher takes back no longer; False while the mirror is paused."""
        wanted = allowed_order(case)
        if wanted is None or case.state is State.RESTORED:
            return True
        if not self.paused:
            self.free(case, wanted, by=BY_THE_PUBLISHER, countered=False)
        return not self.paused

    def end(self, case: Case, event: Event, *, by: str) -> int:
        """End a case that is undone, refused or lapsed; return how many items are shown again.

        The event is noted first, if the case is still in a state that may end so: whoever proves
        it meanwhile is either before this, and it stays down, or too late. What lapses or is
        refused is what was masked.
        """
        return self.finish_end(self._note(case, event, by=by, countered=False))[1]

    def _note(
        self,
        case: Case,
        event: Event,
        *,
        proved: frozenset[int] | None = None,
        **details: Any,  # noqa: ANN401 -- JSON
    ) -> Case:
        """Note what is to be undone, unless the case has ended, or more was proved by others."""
        return self.cases.add(
            case,
            event,
            unless=lambda known: (
                (event is not Event.FREED and (known.state, event) not in TRANSITIONS)
                or (proved is not None and proved_by_others(known) != proved)
            ),
            **details,
        )

    def waits(self, case: Case) -> bool:
        """Tell whether a case has ended, and is undone only once the mirror resumes.

        What a person has ended waits for nothing.
        """
        if not (self.paused and is_to_be_undone(case)):
            return False
        last = [entry for entry in case.entries if is_end(entry)][-1]
        return last.event is not Event.REFUSED and last.details["by"] != BY_A_PERSON

    def finish_end(self, case: Case, *, anew: bool = True) -> tuple[Case, int]:
        """Do what the end of a case calls for; again, if somebody died over it.

        Return the case as it then is, and how many items are shown again.
        """
        ended = any(is_end(entry) for entry in case.entries)
        if case.state not in ENDINGS.values() or not ended or self.waits(case):
            return case, 0
        shown = self.undo.all_of(case, orders_ended(case), anew=anew)
        self.challenges.close(case, orders_of_case(case))
        self.cdn.invalidate(["/*"], reference=f"{case.id}-{case.state}")
        case = self.cases.add(
            case, Event.UNDONE, unless=lambda known: not is_to_be_undone(known), shown=shown
        )
        return case, shown

    def _finish(
        self, case: Case, orders: Sequence[Order], known: tuple[frozenset[int], int]
    ) -> Case:
        """Say where the case stands now that everything due has been done, if nothing is new."""
        event = standing_event(case, orders)
        if event not in {Event.MASKED, Event.ASKED}:
            self.challenges.close(case, orders_of_case(case))
        return self.cases.add(
            case,
            event,
            unless=lambda present: (
                present.state is not State.RECEIVED or changes_of(present) != known
            ),
        )


def _wants_all(wanted: Order) -> bool:
    return not wanted.host and not wanted.places


def _freed(down: Collection[Order], wanted: Order) -> tuple[frozenset[Place], frozenset[int]]:
    """Return which items, and which orders as a whole, an order wants back of what is down."""
    if _wants_all(wanted):
        return frozenset(), frozenset(order.number for order in down)
    if wanted.scope is Scope.ITEM:
        own = frozenset(place for order in down for place in order.places)
        return own & set(wanted.places), frozenset()
    same = (wanted.scope, wanted.host, wanted.feed)
    whole = (o.number for o in down if (o.scope, o.host, o.feed) == same)
    return frozenset(), frozenset(whole)


def _emptied(down: Collection[Order], freed: Collection[Place]) -> frozenset[int]:
    """Return the orders that nothing is left of."""
    return frozenset(o.number for o in down if o.places and set(o.places) <= set(freed))


def _cause(case: Case, order: Order, rule: Suppression) -> Cause:
    return Cause(
        case=case.id,
        ground=order.ground,
        rules=tuple(suppression_key(rule.host, rule.id) for rule in order.rules),
        provisional=not is_final(order),
        keeps_copies=order.keeps_copies,
        covers=partial(covers_all_of, rule),
    )


def _covers(order: Order) -> Callable[[str], bool]:
    if order.scope is Scope.DOMAIN:
        return lambda host: host == order.host or host.endswith(f".{order.host}")
    return lambda host: host == order.host


def _paths(order: Order, taken: Collection[Place]) -> list[str]:
    """Return what the caches are to forget: the pages themselves, and all that lists them."""
    front = [f"/{FRONT}{name}" for name in (INDEX, ATOM, JSON)] + ["/", f"/{REMOVED}", "/removed/"]
    places = sorted({*order.places, *taken})
    hosts = sorted({host for host, _ in places} | ({order.host} if order.host else set()))
    if order.scope is not Scope.ITEM or len(places) + len(hosts) > _MOST_PATHS:
        return [*front, *(f"/{host}/*" for host in hosts)]
    pages = [f"/{host}/{item}/*" for host, item in places]
    listings = [f"/{host}/{name}" for host in hosts for name in ("", INDEX, ATOM, JSON, "20*")]
    return [*front, *listings, *pages]
