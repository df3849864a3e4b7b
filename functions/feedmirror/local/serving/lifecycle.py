"""What may be kept no longer: on AWS the mail bucket's lifecycle rules see to it, here this does.

Nothing is deleted: a recovery copy past its date, or a mail of last year, is emptied.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from feedmirror.jobs.takedown.entomb import EMPTIED
from feedmirror.layout import RECOVERY
from feedmirror.local.serving.mailroom import INBOUND, RECEIVED
from feedmirror.ports.object_store import LostConditionError, ObjectStore, ObjectSummary

_MAIL_KEPT = timedelta(days=365)  # as the template says, and why


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """Empties what is past its date; what does not say when it was put is left alone."""

    mail: ObjectStore
    clock: Callable[[], datetime]

    def run(self, *, recovery_days: int) -> int:
        """Empty what is past its date and return how much that was.

        Raises StoreUnavailableError.
        """
        copies = (s for s in self.mail.list(RECOVERY) if s.size > len(EMPTIED))
        mails = (s for s in self.mail.list(INBOUND) if s.size)
        kept_for = timedelta(days=recovery_days)
        done = [self._empty(copy, EMPTIED, dated="taken", kept=kept_for) for copy in copies]
        done += [self._empty(mail, b"", dated=RECEIVED, kept=_MAIL_KEPT) for mail in mails]
        return sum(done)

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
