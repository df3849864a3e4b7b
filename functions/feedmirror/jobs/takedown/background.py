"""What the ledger knows that bears on a mail: who asked before, for what, and how it ended."""

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from feedmirror.jobs.takedown.case_book import CaseBook
from feedmirror.jobs.takedown.limits import Limits
from feedmirror.suppression import Ground
from feedmirror.takedowns.casework.case_orders import orders_of_case
from feedmirror.takedowns.casework.cases import OPEN, Case, CaseUnreadableError
from feedmirror.takedowns.casework.orders import Order
from feedmirror.takedowns.decisions.claims import Claim, Held, Standing
from feedmirror.takedowns.decisions.decision import Answered, Background
from feedmirror.takedowns.notices.notice import Future, Notice
from feedmirror.takedowns.senders.receipt import mailbox_key
from feedmirror.takedowns.senders.sender import Sender

_MOST_LOOKED_AT = 100  # items whose past is asked about: strangers are given 25


@dataclass(frozen=True, slots=True)
class Asking:
    """Somebody who asks for something, in a case of its own.

    ``says_so`` tells that the mail's own words decide, whatever it answers.
    """

    sender: Sender
    notice: Notice
    claims: Sequence[Claim]
    case: str
    says_so: bool


@dataclass(frozen=True, slots=True)
class Backgrounds:
    """Gathers what is known; every method may raise StoreUnavailableError."""

    cases: CaseBook
    limits: Limits
    clock: Callable[[], datetime]

    def of(self, asking: Asking) -> Background:
        """Return what the ledger knows that bears on what somebody asks."""
        sender, claims, case, now = asking.sender, asking.claims, asking.case, self.clock()
        who = mailbox_key(sender.address) if sender.proved else ""
        held = [each for claim in claims for each in claim.items][:_MOST_LOOKED_AT]
        places = [(each.host, each.id) for each in held]
        answered, asked = self._answered(asking), self.asked(asking.notice)
        opener = self._opener(answered, held)
        return Background(
            seen_before=self.limits.was_seen(sender.message_key, case),
            over_limit=bool(who) and self.limits.is_over(sender, case, now),
            masks_used_up=bool(who) and self.limits.masks_used_up(who, case, now),
            discredited=bool(who) and self.limits.is_discredited(who, case),
            masked_hosts=self.limits.masked_hosts(
                {claim.host for claim in claims if who and claim.is_held}, case, now
            ),
            masked_before=self.limits.masked_before(places, case),
            barred=self.limits.barred(who, places) if who else frozenset(),
            asked_this_week=self.limits.asked_this_week(
                (each.feed for each in held if each.feed), case, now
            ),
            answered=answered,
            answered_claims=tuple(_claim_of(order) for order in asked),
            opened_by=str(opener.get("requester", "")),
            opened_with=Standing(opener.get("standing", Standing.STRANGER)),
        )

    def is_answered(self, asking: Asking) -> bool:
        """Tell whether a nonce came back from the mailbox that it was sent to, and is a yes."""
        answered = self._answered(asking)
        return answered is not None and answered.nonce_is_valid and answered.from_asked

    def asked(self, notice: Notice) -> list[Order]:
        """Return the orders, of the case that a mail belongs to, whose nonce it brings."""
        known = self._load(notice.case) if notice.case else None
        orders = orders_of_case(known) if known else ()
        return [o for o in orders if o.nonce and hmac.compare_digest(o.nonce, notice.nonce)]

    def _answered(self, asking: Asking) -> Answered | None:
        """Return the case that a mail belongs to, and what its nonce is good for."""
        notice = asking.notice
        known = self._load(notice.case) if notice.case else None
        if known is None or known.decision is None:
            return None
        asks = {order.asks for order in self.asked(notice)}
        requester = str(known.decision.get("requester", ""))
        # A stored contact has to say that it is to go; "what is this about?" is no consent.
        consents = asking.says_so or asks <= {requester}
        return Answered(
            case=known.id,
            requester=requester,
            nonce_is_valid=bool(asks) and known.state in OPEN and consents,
            from_asked=mailbox_key(asking.sender.address) in asks,
            open=known.state in OPEN,
            ground=Ground(known.decision.get("ground", Ground.PUBLISHER)),
            future=Future.UNSAID if known.decision.get("future", True) else Future.REFUSED,
        )

    def _opener(self, answered: Answered | None, held: Sequence[Held]) -> dict[str, Any]:
        """Return the decision of the case that a retraction or a counter-notice is about."""
        cases = {each.masked_by or each.taken_by for each in held} - {""}
        case = answered.case if answered else cases.pop() if len(cases) == 1 else ""
        known = self._load(case) if case else None
        return dict(known.decision or {}) if known else {}

    def _load(self, case: str) -> Case | None:
        try:
            return self.cases.load(case)
        except CaseUnreadableError:
            return None


def _claim_of(order: Order) -> Claim:
    """Return what an order was about, as far as an answer to its challenge needs it."""
    items = tuple(Held(host=host, id=item, hosts=frozenset({host})) for host, item in order.places)
    keys = frozenset[str]().union(*(rule.keys for rule in order.rules))
    return Claim(
        scope=order.scope,
        host=order.host,
        keys=keys,
        items=items,
        count=order.count,
        feed=order.feed,
    )
