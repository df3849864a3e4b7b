"""The ledger's challenges: what a host is looked at for while a case waits for proof."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from feedmirror.layout import challenge_key
from feedmirror.ports.object_store import Content, LostConditionError, ObjectStore
from feedmirror.takedowns.casework.cases import Case
from feedmirror.takedowns.casework.challenges import (
    Challenge,
    ChallengeUnreadableError,
    challenge_from_json,
    challenge_to_json,
)
from feedmirror.takedowns.casework.orders import Order
from feedmirror.takedowns.decisions.decision import MASKED_FOR, Outcome


@dataclass(frozen=True, slots=True)
class OpenChallenges:
    """Opens and closes challenges; nothing is ever taken away, a closed one says so."""

    ledger: ObjectStore

    def open(self, case: Case, orders: Iterable[Order]) -> None:
        """Have the hosts looked at whose proof the orders wait for; once opened, it stays so."""
        for challenge in _challenges(case, orders):
            try:
                self._put(challenge, replaces=None)
            except LostConditionError:
                continue  # it stands, open or closed since

    def close(self, case: Case, orders: Iterable[Order]) -> None:
        """Stop looking."""
        for challenge in _challenges(case, orders):
            self._close(replace(challenge, closed=True))

    def extend(self, case: Case, orders: Iterable[Order], until: datetime) -> None:
        """Have the hosts looked at for longer, unless their proof is not waited for any more."""
        for challenge in _challenges(case, orders):
            found = self.ledger.get(challenge_key(challenge.host, challenge.case))
            with suppress(
                ChallengeUnreadableError, LostConditionError
            ):  # the next hour looks again
                known = challenge_from_json(found.content.body) if found else None
                if found and known and not known.closed and known.until < until:
                    self._put(replace(known, until=until), replaces=found.etag)

    def _close(self, challenge: Challenge) -> None:
        while True:
            found = self.ledger.get(challenge_key(challenge.host, challenge.case))
            if found is not None and found.content.body == challenge_to_json(challenge):
                return
            try:
                self._put(challenge, replaces=found.etag if found else None)
            except LostConditionError:
                continue
            return

    def _put(self, challenge: Challenge, *, replaces: str | None) -> None:
        content = Content(challenge_to_json(challenge), "application/json")
        self.ledger.put(challenge_key(challenge.host, challenge.case), content, replaces=replaces)


def _challenges(case: Case, orders: Iterable[Order]) -> Iterable[Challenge]:
    """Return one challenge a host: all that a case asks of a host is proved by one token."""
    by_host: dict[str, Challenge] = {}
    for order in orders:
        if not order.proving:
            continue
        known = by_host.get(order.host)
        ways = dict.fromkeys((*(known.ways if known else ()), *order.proving))
        until = order.until or case.opened + MASKED_FOR
        by_host[order.host] = Challenge(
            case=case.id,
            host=order.host,
            token=order.token,
            ways=tuple(ways),
            until=max(until, known.until) if known else until,
            feed=order.feed or (known.feed if known else ""),
            provisional=order.outcome is Outcome.MASK or bool(known and known.provisional),
            asks=order.asks,
            nonce=order.nonce,
        )
    return by_host.values()
