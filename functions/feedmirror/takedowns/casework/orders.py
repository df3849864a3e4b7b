"""Orders: a decision in the form that is carried out, and kept in the case before anything is.

An order names the rules that it writes, ids and all, so whoever carries it out again writes the
same ones.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from feedmirror.addresses import digest
from feedmirror.layout import ItemId
from feedmirror.suppression import (
    Ground,
    RuleId,
    Scope,
    Suppression,
    rule_from_json,
    rule_to_json,
)
from feedmirror.takedowns.decisions.claims import Claim, Held, Standing
from feedmirror.takedowns.decisions.decision import Outcome, Plan, Proving, Step
from feedmirror.takedowns.senders.tenancy import same_organisation

Place = tuple[str, ItemId]  # a host and an item of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One thing to be done for a case, now or once it is proved or approved.

    ``places`` are the items of an item's scope, ``keys`` what a rule about each of them names.
    ``restores`` is the case that is undone, as far as the places or, without any, as a whole.
    ``token`` is what a host has to show, ``nonce`` what a mailbox has to send back.
    """

    number: int
    row: int
    outcome: Outcome
    scope: Scope
    host: str
    rules: tuple[Suppression, ...] = ()
    places: tuple[Place, ...] = ()
    keys: tuple[frozenset[str], ...] = ()
    count: int = 0
    ground: Ground = Ground.PUBLISHER
    standing: Standing = Standing.NOBODY
    proven: bool = False
    until: datetime | None = None
    proving: tuple[Proving, ...] = ()
    asks: str = ""
    tells: tuple[str, ...] = ()
    feed: str = ""
    token: str = ""
    nonce: str = ""
    restores: str = ""

    @property
    def keeps_copies(self) -> bool:
        """Whether what it takes down can be brought back: not on a proven ground of privacy."""
        return not (self.proven and self.ground is Ground.PRIVACY)


NOTHING = Claim(scope=Scope.ITEM, host="")  # what a step about a mail as a whole is about


@dataclass(frozen=True, slots=True)
class Making:
    """What all orders of one decision share.

    ``draw`` returns fresh random text for tokens and nonces; ``domain`` is the sender's.
    """

    case: str
    now: datetime
    draw: Callable[[], str]
    domain: str = ""
    tokens: dict[str, str] = field(default_factory=dict)  # a host shows one token a case


def orders_of(plan: Plan, claims: Sequence[Claim], by: Making) -> tuple[Order, ...]:
    """Return what a plan orders."""
    making = _Making(by)
    matters = _together(plan, claims)
    return tuple(making.order(number, *matter) for number, matter in enumerate(matters))


def _together(plan: Plan, claims: Sequence[Claim]) -> Iterator[tuple[Step, Claim]]:
    """Yield what is to be done, with all items of one host that share a fate in one.

    A mail may name hundreds of items; each order has its own sweep, and lists that are put again.
    """
    items: dict[tuple[Step, str], dict[Place, Held]] = {}
    for step in plan.steps:
        # What finishes another case is done by that case's own orders.
        if step.finishes is not None and step.outcome is not Outcome.RESTORE:
            continue
        claim = NOTHING if step.claim is None else claims[step.claim]
        if step.claim is None or (claim.scope is not Scope.ITEM and step.items is None):
            yield step, claim
            continue
        fate = replace(step, claim=0, items=None)
        chosen = items.setdefault((fate, claim.host), {})
        for held in claim.items:
            if step.items is None or (held.host, held.id) in step.items:
                chosen[held.host, held.id] = held
    for (fate, host), found in items.items():
        together = tuple(found.values())
        count = sum(not each.gone for each in together)
        yield fate, Claim(scope=Scope.ITEM, host=host, items=together, count=count)


@dataclass(frozen=True, slots=True)
class _Making:
    """Makes the orders of one decision."""

    by: Making

    def order(self, number: int, step: Step, claim: Claim) -> Order:
        items, narrow = claim.items, claim.scope is Scope.ITEM
        return Order(
            number=number,
            row=step.row,
            outcome=step.outcome,
            scope=Scope.ITEM if narrow else claim.scope,
            host=claim.host,
            rules=tuple(self._rules(number, step, claim if not narrow else items)),
            places=_places(step, items) if narrow else (),
            keys=tuple(held.keys for held in items) if narrow else (),
            count=claim.count,
            ground=step.ground,
            standing=step.standing,
            proven=step.standing not in {Standing.NOBODY, Standing.STRANGER},
            until=step.until,
            proving=step.proving,
            asks=step.asks,
            tells=step.tells,
            feed=step.feed or claim.feed,
            token=self._token(claim.host) if step.proving else "",
            nonce=digest("nonce", self.by.draw())[:20] if Proving.REPLY in step.proving else "",
            restores=_restored_case(step, items),
        )

    def _token(self, host: str) -> str:
        fresh = f"feedmirror-takedown={digest('token', self.by.draw())}"
        return self.by.tokens.setdefault(host, fresh)

    def _rules(self, number: int, step: Step, of: Claim | Sequence[Held]) -> Iterator[Suppression]:
        if step.outcome is Outcome.RESTORE:
            return
        if isinstance(of, Claim):
            yield self._rule(number, step, of)
        else:
            yield from self._item_rules(number, step, of)

    def _rule(self, number: int, step: Step, claim: Claim) -> Suppression:
        """Return the one rule of a wide scope."""
        return Suppression(
            id=RuleId(digest("rule", self.by.case, str(number))),
            scope=claim.scope,
            host=claim.host,
            keys=claim.keys,
            ground=step.ground,
            case=self.by.case,
            when=self.by.now,
        )

    def _item_rules(self, number: int, step: Step, items: Sequence[Held]) -> Iterator[Suppression]:
        """Yield the rules of some items: one under each host, of all that stands under it."""
        by_host: dict[str, frozenset[str]] = {}
        for held in items:
            for host in self._hosts(held, step):
                by_host[host] = by_host.get(host, frozenset()) | held.keys
        for host, keys in by_host.items():
            yield Suppression(
                id=RuleId(digest("rule", self.by.case, str(number), host)),
                scope=Scope.ITEM,
                host=host,
                keys=keys,
                ground=step.ground,
                case=self.by.case,
                when=self.by.now,
            )

    def _hosts(self, held: Held, step: Step) -> Sequence[str]:
        """Return the hosts that an item's rules stand under: those that the asker speaks for.

        A planet's copy names the original's host as well; whoever runs the planet takes down the
        copy alone. A person who decides by hand speaks for all.
        """
        hosts = sorted((held.hosts | {held.host, held.asked_at}) - {""})
        if step.standing is Standing.PROVEN:
            return hosts
        if step.standing in {Standing.HOST, Standing.ROLE}:
            own = [host for host in hosts if same_organisation(host, self.by.domain)]
            return own or [held.host]
        return [held.host]


def _places(step: Step, items: Sequence[Held]) -> tuple[Place, ...]:
    return tuple((h.host, h.id) for h in items) if step.claim is not None else step.items or ()


def _restored_case(step: Step, items: Sequence[Held]) -> str:
    if step.outcome is not Outcome.RESTORE:
        return ""
    cases = {held.masked_by or held.taken_by for held in items} - {""}
    return step.case or (cases.pop() if len(cases) == 1 else "")


def order_to_json(order: Order) -> dict[str, Any]:
    """Return an order as a case keeps it."""
    plain = {
        name: getattr(order, name)
        for name in (
            "number",
            "row",
            "count",
            "proven",
            "asks",
            "feed",
            "token",
            "nonce",
            "host",
            "restores",
        )
    }
    return {
        **plain,
        "outcome": order.outcome.value,
        "scope": order.scope.value,
        "ground": order.ground.value,
        "standing": order.standing.value,
        "rules": [json.loads(rule_to_json(rule)) for rule in order.rules],
        "places": [list(place) for place in order.places],
        "keys": [sorted(keys) for keys in order.keys],
        "until": order.until.isoformat() if order.until else None,
        "proving": [way.value for way in order.proving],
        "tells": list(order.tells),
    }


def orders_from_json(stored: Iterable[Mapping[str, Any]]) -> tuple[Order, ...]:
    """Read a case's orders; raises KeyError, ValueError, TypeError or RuleUnreadableError."""
    return tuple(_order_from_json(fields) for fields in stored)


def _order_from_json(fields: Mapping[str, Any]) -> Order:
    typed = {
        "outcome": Outcome(fields["outcome"]),
        "scope": Scope(fields["scope"]),
        "ground": Ground(fields["ground"]),
        "standing": Standing(fields["standing"]),
        "rules": tuple(rule_from_json(json.dumps(rule).encode()) for rule in fields["rules"]),
        "places": tuple((host, ItemId(item)) for host, item in fields["places"]),
        "keys": tuple(frozenset(keys) for keys in fields["keys"]),
        "until": datetime.fromisoformat(fields["until"]) if fields["until"] else None,
        "proving": tuple(Proving(way) for way in fields["proving"]),
        "tells": tuple(fields["tells"]),
    }
    return Order(**{**fields, **typed})
