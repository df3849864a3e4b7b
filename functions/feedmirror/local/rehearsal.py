"""A takedown rehearsed: everything is done, with copies, and nothing of it stays."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from feedmirror.adapters.cloudfront import NoCdn
from feedmirror.adapters.outbox import OUTBOX, OutboxMailer
from feedmirror.configuration import Configuration
from feedmirror.local.overlay import OverlayStore
from feedmirror.ports.object_store import Content, LostConditionError
from feedmirror.takedowns.casework.cases import Case
from feedmirror.wiring.stores import Stores
from feedmirror.wiring.takedown import Surroundings, TakedownFunction, compose_takedown

_PATIENCE = timedelta(minutes=2)  # for a sweep; what a rehearsal does not reach, it counts


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A takedown function whose stores are only read, and whose mails are kept from leaving."""

    function: TakedownFunction
    configuration: Configuration
    clock: Callable[[], datetime]

    def run(self, ses_id: str, mail: bytes, *, proven_as: str) -> tuple[Case | None, list[bytes]]:
        """Return what would become of a mail, and what would be written because of it."""
        function, configuration = self.function, self.configuration
        inbox, prefix = OverlayStore(function.mail), function.settings.mail_prefix
        stores = function.stores
        before = {summary.key for summary in inbox.list(OUTBOX)}
        rehearsed = compose_takedown(
            Stores(
                OverlayStore(stores.archive),
                OverlayStore(stores.site),
                OverlayStore(stores.ledger),
                stores.workers,
            ),
            inbox,
            surroundings=Surroundings(
                OutboxMailer(inbox), function.surroundings.dns, NoCdn(), function.telemetry
            ),
            configuration=configuration,
            mail_prefix=prefix,
        )
        with suppress(LostConditionError):  # it was taken in before
            inbox.put(prefix + ses_id, Content(mail, "message/rfc822"), replaces=None)
        end = self.clock() + _PATIENCE
        case = rehearsed.receive(
            ses_id, None, time_left=lambda: end - self.clock(), proven_as=proven_as
        )
        new = [s.key for s in inbox.list(OUTBOX) if s.key not in before]
        return case, [found.content.body for key in new if (found := inbox.get(key))]
