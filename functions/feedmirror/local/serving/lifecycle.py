"""What may be kept no longer: on AWS the mail bucket's lifecycle rules see to it, here this does.

Nothing is deleted: a recovery copy past its date, or a mail of last year, is emptied. A machine's
clock may be wrong for a while, so after a leap of it nothing is, until the look of the next day.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from feedmirror.jobs.takedown.entomb import EMPTIED
from feedmirror.layout import RECOVERY
from feedmirror.local.serving.mailroom import ARRIVALS, INBOUND, RECEIVED
from feedmirror.ports.object_store import (
    Content,
    LostConditionError,
    ObjectStore,
    ObjectSummary,
)

LAST_LOOK = "lifecycle/last-look"
_LEAP = timedelta(days=14)
_MAIL_KEPT = timedelta(days=365)  # as the template says, and why


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """Empties what is past its date; what does not say when it was put is left alone."""

    mail: ObjectStore
    clock: Callable[[], datetime]

    def run(self, *, recovery_days: int) -> int:
        """Empty what is past its date and return how much that was, nothing after a leap.

        Raises StoreUnavailableError.
        """
        if self._has_leapt():
            return 0
        waiting = {s.key.removeprefix(ARRIVALS) for s in self.mail.list(ARRIVALS) if s.size}
        copies = (s for s in self.mail.list(RECOVERY) if s.size > len(EMPTIED))
        mails = (
            s
            for s in self.mail.list(INBOUND)
            if s.size and f"{s.key.removeprefix(INBOUND)}.json" not in waiting
        )
        kept_for = timedelta(days=recovery_days)
        done = [self._empty(copy, EMPTIED, dated="taken", kept=kept_for) for copy in copies]
        done += [self._empty(mail, b"", dated=RECEIVED, kept=_MAIL_KEPT) for mail in mails]
        return sum(done)

    def _has_leapt(self) -> bool:
        """Note that there was a look, and tell whether the last one was another time altogether."""
        now = self.clock()
        found = self.mail.get(LAST_LOOK)
        with suppress(LostConditionError):  # another process looks as well
            content = Content(now.isoformat().encode(), "text/plain")
            self.mail.put(LAST_LOOK, content, replaces=found.etag if found else None)
        if found is None:
            return False
        return abs(now - datetime.fromisoformat(found.content.body.decode())) > _LEAP

    def _empty(self, listed: ObjectSummary, body: bytes, *, dated: str, kept: timedelta) -> bool:
        known = self.mail.head(listed.key)
        if known is None or not self._is_past(known.metadata.get(dated, ""), kept):
            return False
        found = self.mail.get(listed.key)
        if found is None:
            return False
        try:
            self.mail.put(listed.key, replace(found.content, body=body), replaces=found.etag)
        except LostConditionError:  # it is another's now; the next look sees it
            return False
        return True

    def _is_past(self, moment: str, kept: timedelta) -> bool:
        try:
            return datetime.fromisoformat(moment) + kept < self.clock()
        except (ValueError, TypeError):
            return False
