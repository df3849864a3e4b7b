"""What a publisher takes back where machines read it: a case like any other, but without mails.

A publisher says so by a mark that stands as long as it is meant: robots.txt, a category, terms, a
deleted entry. So a case begins when the mark is first seen and ends by itself when it is gone. Its
id follows from what is taken back and how often that has been, so whatever repeats a message finds
the same case. What a person has restored stays so until the mark has been gone and comes again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from feedmirror.addresses import digest
from feedmirror.jobs.findings import FindingUnreadableError, Reason, Withdrawal, read_withdrawal
from feedmirror.jobs.takedown.case_book import CaseBook
from feedmirror.jobs.takedown.find_claims import FindClaims
from feedmirror.jobs.takedown.limits import Limits
from feedmirror.layout import ItemId
from feedmirror.ports.object_store import LostConditionError
from feedmirror.suppression import Ground, Scope, feed_key, item_key
from feedmirror.takedowns.casework.case_orders import last_allowed
from feedmirror.takedowns.casework.cases import Case, Entry, Event, case_of_mail
from feedmirror.takedowns.casework.orders import Making, order_to_json, orders_of
from feedmirror.takedowns.decisions.asks import whole_feed, whole_host
from feedmirror.takedowns.decisions.claims import Claim, Held, Standing
from feedmirror.takedowns.decisions.decision import Outcome, Plan, Step

# Deleted and vanished entries are suspended: their publisher may only have moved them.
_GROUNDS = {
    Reason.SWITCH: Ground.PUBLISHER,
    Reason.TERMS: Ground.PUBLISHER,
    Reason.DELETED: Ground.UPSTREAM,
    Reason.VANISHED: Ground.UPSTREAM,
    Reason.UNLISTED: Ground.UPSTREAM,
}
_WHY = {
    Reason.SWITCH: "the publisher's switch",
    Reason.TERMS: "the terms that the publisher states",
    Reason.DELETED: "deleted in the feed",
    Reason.VANISHED: "no longer in the feed",
    Reason.UNLISTED: "not in the complete feed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawals:
    """Takes down what a publisher takes back, and lets it be shown again.

    ``finish`` carries a decided case on to its end.
    """

    cases: CaseBook
    find: FindClaims
    limits: Limits
    finish: Callable[..., Case]
    clock: Callable[[], datetime]

    def do(self, task: Mapping[str, Any], *, time_left: Callable[[], timedelta]) -> Case | None:
        """Do what a message of the mirror's tells; None if there is nothing that it reaches.

        Raises FindingUnreadableError, also for what the named feed cannot have brought.
        """
        told = read_withdrawal(task)
        told = replace(told, seen=told.seen or self.clock())
        self._check(told)
        if told.on:
            case = self._take_back(told)
            return None if case is None else self.finish(case, time_left=time_left)
        self.limits.remember_offered(things_of(told), told.seen or self.clock())
        cases = [
            self._allow(case, told, items, time_left=time_left)
            for case, items in self._cases_of(told)
        ]
        return cases[-1] if cases else None

    def _check(self, told: Withdrawal) -> None:
        """Believe the mirror only as far as the configuration goes; a feed that left may return."""
        own = [feed for feed in self.find.feeds if feed.host == told.host]
        known = not own if not told.feed else all(feed.url != told.feed for feed in own)
        if known and told.on:
            raise FindingUnreadableError(f"no feed of {told.host} is {told.feed or 'configured'}")

    # The mark is there.

    def _not_outdated(self, told: Withdrawal) -> Withdrawal | None:
        """Return what is taken back without what has been offered again since it was seen."""
        offered = [self.limits.offered_since(thing) for thing in things_of(told)]
        late = [told.seen is not None and when is not None and when > told.seen for when in offered]
        if not told.items:
            return None if any(late) else told
        items = tuple(item for item, is_late in zip(told.items, late, strict=True) if not is_late)
        return replace(told, items=items) if items else None

    def _take_back(self, told: Withdrawal) -> Case | None:
        """Return the case of a mark that was seen, opening it unless it is known."""
        number = self._newest(told)
        known = self.cases.load(case_of(told, number)) if number else None
        if known is not None and not _is_newer(told, last_allowed(known)):
            return known  # seen before, in force or restored by a person; or outdated
        left = self._not_outdated(told)
        if left == told:
            return self._open(told, number + 1)
        return self._take_back(left) if left else None

    def _open(self, told: Withdrawal, number: int) -> Case | None:
        case, now = case_of(told, number), self.clock()
        claim = self._claim(told)
        if told.items and not claim.items:
            return None
        step = Step(
            row=0,
            outcome=Outcome.REMOVE,
            claim=0,
            standing=Standing.HOST,
            ground=_GROUNDS[told.reason],
        )
        making = Making(case, now, draw=str, domain=told.host)
        (order,) = orders_of(Plan(steps=(step,)), [claim], making)
        opened = Case(
            case,
            (
                Entry(Event.RECEIVED, now, {"by": _WHY[told.reason], "seen": _text(told.seen)}),
                Entry(Event.DECIDED, now, _decision(told, order_to_json(order))),
            ),
        )
        self.find.workers.map(
            lambda held: self.limits.remember_withdrawal(told.reason, held.place, case), claim.items
        )
        try:
            return self.cases.begin(opened)
        except LostConditionError:
            return self.cases.load(case)

    def _claim(self, told: Withdrawal) -> Claim:
        """Return what is held of what is taken back.

        Of items the rule names nothing but their ids: the same text or guid under another id is
        another entry, which the publisher offers.
        """
        feed = next((feed for feed in self.find.feeds if feed.url == told.feed), None)
        if not told.items:
            asked = whole_host(told.host) if feed is None else whole_feed(feed)
            return replace(self.find.find(asked), items=())
        places = [(told.host, ItemId(item)) for item in told.items]
        own = feed_key(told.feed)
        held = [
            Held(
                host=h.host,
                id=h.id,
                hosts=frozenset({h.host}),
                keys=frozenset({item_key(*h.place)}),
            )
            for h in self.find.workers.map(self.find.look, places)
            if h is not None and (not h.feed or feed_key(h.feed) == own)
        ]
        return Claim(scope=Scope.ITEM, host=told.host, items=tuple(held), count=len(held))

    # The mark is gone.

    def _cases_of(self, told: Withdrawal) -> list[tuple[Case, Sequence[str]]]:
        """Return the cases that something was taken back by, and which items of each are shown."""
        if not told.items:
            number = self._newest(told)
            case = self.cases.load(case_of(told, number)) if number else None
            return [(case, ())] if case else []
        found: dict[str, list[str]] = {}
        for item in told.items:
            for name in self.limits.withdrawn_by(told.reason, (told.host, ItemId(item))):
                found.setdefault(name, []).append(item)
        loaded = ((self.cases.load(name), items) for name, items in sorted(found.items()))
        own = [(c, items) for c, items in loaded if c is not None and self._is_its_own(c, told)]
        return [*own, *((case, ()) for case in self._orphans(told))]

    def _orphans(self, told: Withdrawal) -> list[Case]:
        """Return cases of whole feeds, configured no more, that keep some of the items away."""
        places = [(told.host, ItemId(item)) for item in told.items]
        held = self.find.workers.map(self.find.withdrawn_in, places)
        cases = {case.id: case for case in held if case is not None}
        return [
            case
            for _, case in sorted(cases.items())
            if (case.decision or {}).get("withdrawal") == told.reason
            and (by := (case.decision or {}).get("feed"))
            and all(feed.url != by for feed in self.find.feeds)
        ]

    def _is_its_own(self, case: Case, told: Withdrawal) -> bool:
        """Tell whether a feed may end a case: it opened it, or who did is configured no more."""
        by = (case.decision or {}).get("feed", told.feed)
        return by == told.feed or all(feed.url != by for feed in self.find.feeds)

    def _allow(
        self,
        case: Case,
        told: Withdrawal,
        items: Sequence[str],
        *,
        time_left: Callable[[], timedelta],
    ) -> Case:
        """Note that a mark is gone, and have shown again what it kept away."""
        if not _is_older(case, told):
            return case
        seen = _text(told.seen)
        self.cases.reopen(case)  # first: whatever dies after it is taken up within the hour
        case = self.cases.add(
            case,
            Event.ALLOWED,
            unless=lambda known: any(
                e.details["seen"] == seen and e.details["items"] == list(items)
                for e in known.of(Event.ALLOWED)
            ),
            seen=seen,
            items=list(items),
        )
        return self.finish(case, time_left=time_left)

    def _newest(self, told: Withdrawal) -> int:
        """Return the number of the last case of a thing, 0 if there was none, by halving."""
        high = 1
        while self._is_there(told, high):
            high *= 2
        low = high // 2
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._is_there(told, middle) else (low, middle)
        return low

    def _is_there(self, told: Withdrawal, number: int) -> bool:
        return self.cases.load(case_of(told, number)) is not None


def case_of(told: Withdrawal, number: int) -> str:
    """Return the id of the case by which something is taken back for the so many-th time."""
    thing = (told.reason, told.host, told.feed, *told.items)
    return case_of_mail(digest("withdrawal", *thing, str(number)))


def things_of(told: Withdrawal) -> tuple[str, ...]:
    """Return digests of what a message is of: each of its items, or a feed or host as a whole."""
    of = (told.reason, told.host, told.feed)
    return tuple(digest("offered", *of, item) for item in told.items or ("",))


def _is_newer(told: Withdrawal, allowed: datetime | None) -> bool:
    return allowed is not None and told.seen is not None and told.seen >= allowed


def _is_older(case: Case, told: Withdrawal) -> bool:
    """Tell whether a case's mark was seen no later than it was found to be gone."""
    seen = datetime.fromisoformat(case.entries[0].details["seen"])
    return told.seen is not None and seen <= told.seen


def _text(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""


def _decision(told: Withdrawal, order: Mapping[str, Any]) -> dict[str, Any]:
    """Return the decision as a case keeps it."""
    why = _WHY[told.reason]
    return {
        "row": 0,
        "why": f"{why}: {told.words}" if told.words else why,
        "kind": "withdrawal",
        "scope": order["scope"],
        "future": True,
        "standing": Standing.HOST,
        "orders": [order],
        "beside": [],
        "says": [],
        "urgent": False,
        "withdrawal": told.reason,
        "feed": told.feed,
    }
