"""What the rows of the decision table judge, and what they ask about it.

A *matter* is a mail as a whole, or those items of one claim that the sender has one standing to:
a mail that names some items of its sender's and some of others' is several matters (row 29).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from feedmirror.addresses import parents
from feedmirror.layout import ItemId
from feedmirror.suppression import Scope
from feedmirror.takedowns.decisions.claims import Claim, Held, Standing
from feedmirror.takedowns.decisions.decision import Situation
from feedmirror.takedowns.decisions.situations import brings_proof, is_forged_by_policy
from feedmirror.takedowns.decisions.standing import (
    covers_hosts,
    covers_whole_host,
    spokesmen,
    standing_of,
    strength,
)
from feedmirror.takedowns.senders.receipt import mailbox_key
from feedmirror.takedowns.senders.tenancy import has_path_tenants, is_platform, is_tenant

MOST_BY_STRANGERS = 25  # items
MOST_HOSTS_BY_STRANGERS = 3
MOST_AT_ONCE = 500  # items on the say of an address or a domain
Lot = tuple[Standing, bool, bool]
_UNAIDED = frozenset({Standing.NOBODY, Standing.STRANGER})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What a whole mail amounts to, over all its claims: the bounds are a mail's, not a claim's."""

    strangers: frozenset[tuple[str, ItemId]] = frozenset()  # items that the sender is none to
    hosts: frozenset[str] = frozenset()  # of those
    first: frozenset[tuple[str, ItemId]] = frozenset()  # the sender's own, as named, to the bound
    too_many: bool = False  # of the sender's own


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """A mail, or a part of one claim; ``claim`` is None for a mail."""

    situation: Situation
    claim: int | None = None
    standing: Standing = Standing.NOBODY
    items: tuple[Held, ...] = ()
    tally: Tally = Tally()

    @property
    def named(self) -> Claim:
        """The claim that it is a part of; raises TypeError for a mail."""
        if self.claim is None:
            raise TypeError("a mail as a whole is no claim")
        return self.situation.claims[self.claim]

    @property
    def is_mail(self) -> bool:
        """Whether it is a mail as a whole."""
        return self.claim is None

    @property
    def is_of_items(self) -> bool:
        """Whether it is of items that were found, and not of a wider scope."""
        return self.claim is not None and self.named.scope is Scope.ITEM and bool(self.items)

    @property
    def is_wide(self) -> bool:
        """Whether it is of more than single items."""
        return self.claim is not None and self.named.scope is not Scope.ITEM


def matters_of(situation: Situation) -> Iterator[Matter]:
    """Yield what the claims of a mail fall into, in their order."""
    tally = _tally(situation)
    for number, claim in enumerate(situation.claims):
        for (standing, *_), items in _lots(situation, claim).items():
            yield Matter(
                situation=situation,
                claim=number,
                standing=standing,
                items=tuple(items),
                tally=tally,
            )


def _lots(situation: Situation, claim: Claim) -> dict[Lot, list[Held]]:
    """Return a claim's items by standing, by whether they are gone, and by whether one can ask."""
    sender = situation.sender
    if claim.scope is not Scope.ITEM or not claim.items:
        return {(standing_of(sender, claim), False, False): list(claim.items)}
    lots: dict[Lot, list[Held]] = {}
    for held in claim.items:
        standing = standing_of(sender, claim, held)
        unaided = standing in _UNAIDED
        can_ask = standing is Standing.NOBODY and bool(spokesman_of(situation, held))
        lots.setdefault((standing, unaided and held.gone, can_ask), []).append(held)
    return lots


def _tally(situation: Situation) -> Tally:
    own: dict[tuple[str, ItemId], None] = {}
    strangers: set[tuple[str, ItemId]] = set()
    for claim in situation.claims:
        for (standing, gone, _), items in _lots(situation, claim).items():
            places = [held.place for held in items]
            if claim.scope is not Scope.ITEM or gone:
                continue
            if standing is Standing.STRANGER:
                strangers.update(places)
            elif standing is not Standing.NOBODY:
                own.update(dict.fromkeys(places))
    return Tally(
        strangers=frozenset(strangers),
        hosts=frozenset(host for host, _ in strangers),
        first=frozenset(list(own)[:MOST_AT_ONCE]),
        too_many=len(own) > MOST_AT_ONCE,
    )


def best_standing(situation: Situation) -> Standing:
    """Return the strongest standing that the sender has to anything in the mail."""
    if brings_proof(situation):
        return Standing.PROVEN
    claims = situation.claims
    found = [lot[0] for claim in claims for lot in _lots(situation, claim)]
    return max(found, key=strength, default=Standing.NOBODY)


def is_aided(standing: Standing) -> bool:
    """Tell whether a standing comes from the content and not only from a mail domain."""
    return standing not in _UNAIDED


def is_nothing_held(matter: Matter) -> bool:
    """Tell whether there is nothing to take down, nor a host that somebody could bar beforehand."""
    claim = matter.named
    if claim.scope is Scope.ITEM:
        return all(held.gone for held in matter.items) and not (
            matter.items and is_aided(matter.standing)
        )
    return not claim.is_held and (not covers_hosts(claim) or matter.standing is Standing.NOBODY)


def is_beyond_anybody(situation: Situation, claim: Claim) -> bool:
    """Tell whether a claim is of a whole host that nobody has for himself, or that is our own."""
    if not covers_whole_host(claim):
        return False
    own = {above for host in situation.own_hosts for above in (host, *parents(host))}
    ours = claim.host in (own if claim.scope is Scope.DOMAIN else situation.own_hosts)
    shared = has_path_tenants(claim.host) and not is_tenant(claim.host)
    return ours or shared or is_platform(claim.host)


def spokesman_of(situation: Situation, held: Held) -> str:
    """Return whom to ask about an item: a contact its feed stated, else an author, or nobody.

    Whoever a failed ``From`` names is not asked: a forger would choose who gets our mail.
    """
    for stated in (held.contacts, held.authors):
        askable = stated - _forged(situation)
        if askable:
            return min(askable)
    return ""


def spokesman_of_claim(situation: Situation, claim: Claim) -> str:
    """Return whom to ask about a wider claim: who speaks for all of it, or nobody."""
    return min(spokesmen(claim) - _forged(situation), default="")


def by_spokesman(situation: Situation, items: Iterable[Held]) -> dict[str, list[Held]]:
    """Return items by whom to ask about them: no contact may answer for another's."""
    grouped: dict[str, list[Held]] = {}
    for held in items:
        grouped.setdefault(spokesman_of(situation, held), []).append(held)
    return grouped


def _forged(situation: Situation) -> frozenset[str]:
    address = situation.sender.address
    if not address or not is_forged_by_policy(situation):
        return frozenset()
    return frozenset({mailbox_key(address)})
