"""What our answers may say of a case: counts, days, and addresses of pages of our own."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from feedmirror.configuration import MirrorSettings
from feedmirror.jobs.case_book import CaseBook
from feedmirror.jobs.find_claims import Place
from feedmirror.layout import ItemId, recovery_prefix
from feedmirror.ports.object_store import ObjectStore
from feedmirror.suppression import Scope
from feedmirror.takedowns.case_orders import settled_orders
from feedmirror.takedowns.cases import Case, Event
from feedmirror.takedowns.decision import Outcome, Proving, Say
from feedmirror.takedowns.notice import Element
from feedmirror.takedowns.orders import Order
from feedmirror.takedowns.replies import Answer, ProofAsked

_SHOWN = 5  # addresses of pages in a mail
_WIDE = {Scope.HOST, Scope.DOMAIN, Scope.PATH}


@dataclass(frozen=True, slots=True)
class Answers:
    """Gathers what answers say."""

    cases: CaseBook
    mail: ObjectStore
    mirror: MirrorSettings

    def answer(self, case: Case, says: tuple[Say, ...]) -> Answer:
        """Return all that the answer to a case's mail may say."""
        decision = case.decision or {}
        orders = settled_orders(case)
        finished = self.cases.load(decision["finishes"]) if decision.get("finishes") else None
        acted = (*orders, *(settled_orders(finished) if finished else ()))
        removals = [order for order in acted if order.outcome is Outcome.REMOVE]
        masks = [order for order in acted if order.outcome is Outcome.MASK]
        places = [*self._taken(case), *(self._taken(finished) if finished else ())]
        masked = {place for order in masks for place in order.places}
        if any(order.scope is not Scope.ITEM for order in masks) and not removals:
            masked = set(places)
        removed = [place for place in places if place not in masked] if removals else []
        until = [order.until for order in masks if order.until]
        keeps = all(order.keeps_copies for order in removals)
        proofs = tuple(_proofs(orders, str(decision.get("requester", ""))))
        # An answer that is written late speaks of what is still so.
        outdated = ({Say.PROVE} if not proofs else set()) | ({Say.MASKED} if not until else set())
        return Answer(
            case=case.id,
            language=str(decision.get("language", "en")),
            says=tuple(say for say in says if say not in outdated) or (Say.RECEIVED,),
            removed=len(removed),
            removed_first=self.pages(removed),
            wide=_wide(removals),
            by_author=tuple(dict.fromkeys(o.host for o in removals if o.scope is Scope.AUTHOR)),
            future=bool(decision.get("future", True)),
            masked=len(masked),
            masked_first=self.pages(sorted(masked)),
            until=min(until).date() if until else None,
            not_held=int(decision.get("not_held", 0)),
            restored=_restored(case),
            missing=tuple(map(Element, decision.get("missing", ()))),
            proofs=proofs,
            recovery_days=self.mirror.recovery_days if keeps else 0,
        )

    def _taken(self, case: Case) -> list[Place]:
        """Return what a case took down, by its recovery copies."""
        prefix = recovery_prefix(case.id)
        names = (s.key.removeprefix(prefix).partition("/") for s in self.mail.list(prefix))
        return [(host, ItemId(name.removesuffix(".json"))) for host, _, name in names]

    def pages(self, places: Iterable[Place]) -> tuple[str, ...]:
        """Return the addresses of the first of some pages of ours."""
        return tuple(f"{self.mirror.site}/{host}/{item}/" for host, item in list(places)[:_SHOWN])


def _wide(orders: Iterable[Order]) -> tuple[str, ...]:
    named = (
        order.host if order.scope in _WIDE else order.feed
        for order in orders
        if order.scope in {*_WIDE, Scope.FEED}
    )
    return tuple(dict.fromkeys(name for name in named if name))


def _restored(case: Case) -> int:
    restores = {order.number for order in settled_orders(case) if order.restores}
    carried = case.of(Event.CARRIED_OUT)
    return sum(int(e.details["copies"]) for e in carried if e.details["order"] in restores)


def _proofs(orders: Iterable[Order], requester: str) -> Iterator[ProofAsked]:
    for order in orders:
        ways = tuple(w for w in order.proving if w is not Proving.REPLY or order.asks == requester)
        if ways:
            yield ProofAsked(host=order.host, token=order.token, ways=ways, feed=order.feed)
