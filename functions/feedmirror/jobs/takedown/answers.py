"""What our answers may say of a case: counts, days, and addresses of pages of our own."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from feedmirror.configuration import MirrorSettings
from feedmirror.jobs.takedown.case_book import CaseBook
from feedmirror.jobs.takedown.find_claims import Place
from feedmirror.layout import ItemId, recovery_prefix
from feedmirror.ports.object_store import ObjectStore
from feedmirror.suppression import Scope
from feedmirror.takedowns.casework.case_orders import settled_orders
from feedmirror.takedowns.casework.cases import Case, Event
from feedmirror.takedowns.casework.orders import Order
from feedmirror.takedowns.decisions.claims import Standing
from feedmirror.takedowns.decisions.decision import MASKED_FOR, Outcome, Proving, Say
from feedmirror.takedowns.notices.notice import Element
from feedmirror.takedowns.replies.replies import Answer, ProofAsked
from feedmirror.takedowns.senders.tenancy import organisation

_ROLES = ("webmaster", "postmaster")
_SHOWN = 5  # addresses of pages in a mail
_WHOLE = {Scope.HOST, Scope.DOMAIN}


@dataclass(frozen=True, slots=True)
class Answers:
    """Gathers what answers say."""

    cases: CaseBook
    mail: ObjectStore
    mirror: MirrorSettings

    def answer(self, case: Case, says: tuple[Say, ...]) -> Answer:
        """Return all that the answer to a case's mail may say, as things now stand."""
        decision, orders = case.decision or {}, settled_orders(case)
        other = self._finished(case)
        acted = (*orders, *(settled_orders(other) if other else ()))
        removals = [order for order in acted if order.outcome is Outcome.REMOVE]
        masks = [order for order in acted if order.outcome is Outcome.MASK]
        places = [*self._taken(case), *(self._taken(other) if other else ())]
        masked = {place for order in masks for place in order.places}
        if any(order.scope is not Scope.ITEM for order in masks) and not removals:
            masked = set(places)
        removed = [place for place in places if place not in masked] if removals else []
        until = [order.until for order in masks if order.until]
        proofs = tuple(_proofs(orders, str(decision.get("requester", ""))))
        in_force = (other.decision or {}) if other else decision
        outdated = {
            *([] if proofs else [Say.PROVE]),
            *([] if until else [Say.MASKED]),
            *([Say.DONE] if decision.get("finishes") and other is None else []),
        }
        return Answer(
            case=case.id,
            language=str(decision.get("language", "en")),
            says=tuple(say for say in says if say not in outdated) or (Say.RECEIVED,),
            removed=len(removed),
            removed_first=self.pages(removed),
            wide=_wide(removals),
            by_author=tuple(dict.fromkeys(o.host for o in removals if o.scope is Scope.AUTHOR)),
            future=bool(in_force.get("future", True)),
            masked=len(masked),
            masked_first=self.pages(sorted(masked)),
            masked_wide=_wide(masks),
            until=min(until).date() if until else None,
            asked_until=(case.opened + MASKED_FOR).date(),
            not_held=int(decision.get("not_held", 0)),
            restored=_restored(case),
            missing=tuple(map(Element, decision.get("missing", ()))),
            proofs=proofs,
            recovery_days=self.mirror.recovery_days
            if all(order.keeps_copies for order in removals)
            else 0,
        )

    def _finished(self, case: Case) -> Case | None:
        """Return the case that this one proved, if its proof came in time."""
        named = (case.decision or {}).get("finishes")
        other = self.cases.load(named) if named else None
        proofs = other.of(Event.PROVED) if other else ()
        return other if any(e.details.get("by") == case.id for e in proofs) else None

    def _taken(self, case: Case) -> list[Place]:
        """Return what a case took down, by its recovery copies."""
        prefix = recovery_prefix(case.id)
        names = (s.key.removeprefix(prefix).partition("/") for s in self.mail.list(prefix))
        return [(host, ItemId(name.removesuffix(".json"))) for host, _, name in names]

    def pages(self, places: Iterable[Place], *, most: int = _SHOWN) -> tuple[str, ...]:
        """Return the addresses of the first of some pages of ours."""
        return tuple(f"{self.mirror.site}/{host}/{item}/" for host, item in islice(places, most))


def _wide(orders: Iterable[Order]) -> tuple[str, ...]:
    """Return what goes as a whole; of a part of a site only a hash is known, and its pages."""
    named = (
        order.host if order.scope in _WHOLE else order.feed
        for order in orders
        if order.scope in {*_WHOLE, Scope.FEED}
    )
    return tuple(dict.fromkeys(name for name in named if name))


def _restored(case: Case) -> int:
    restores = {order.number for order in settled_orders(case) if order.restores}
    carried = case.of(Event.CARRIED_OUT)
    return sum(int(e.details["copies"]) for e in carried if e.details["order"] in restores)


def _proofs(orders: Iterable[Order], requester: str) -> Iterator[ProofAsked]:
    for order in orders:
        ways = tuple(w for w in order.proving if w is not Proving.REPLY or order.asks == requester)
        # Somebody at the host asks: its role mailboxes speak for it (RFC 2142).
        roles = _ROLES if order.standing is Standing.HOST else ()
        if ways:
            yield ProofAsked(
                host=order.host,
                token=order.token,
                ways=ways,
                feed=order.feed,
                mailboxes=tuple(f"{role}@{organisation(order.host)}" for role in roles),
            )
