"""The audit: whether nothing has returned, and no mail was lost, read from the buckets themselves.

It writes nothing, and holds no more of what it reads than a batch at a time. What it finds while a
case is being carried out is no finding yet; what a mirror run puts meanwhile is looked at twice.
"""

from collections.abc import Callable
from dataclasses import dataclass

from feedmirror.jobs.auditing.audit_about import AuditAbout
from feedmirror.jobs.auditing.audit_cases import AuditCases
from feedmirror.jobs.auditing.audit_claims import AuditClaims
from feedmirror.jobs.auditing.audit_copies import AuditCopies
from feedmirror.jobs.auditing.audit_history import AuditHistory
from feedmirror.jobs.auditing.audit_listings import AuditListings
from feedmirror.jobs.auditing.audit_records import AuditRecords
from feedmirror.jobs.auditing.audit_report import AuditReport, Tally
from feedmirror.jobs.auditing.audit_rules import AuditRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """Looks at everything that the promises P1 and P3 are about.

    ``history`` is None where buckets keep no versions at all, as in the embedded store.
    """

    rules: AuditRules
    records: AuditRecords
    claims: AuditClaims
    listings: AuditListings
    about: AuditAbout
    copies: AuditCopies
    cases: AuditCases
    history: AuditHistory | None = None

    def run(self, progress: Callable[[int], object] = lambda _: None) -> AuditReport:
        """Return what was checked and found; ``progress`` is told how many more were looked at.

        Raises StoreUnavailableError.
        """
        tally = Tally(progress)
        for part in (
            self.rules,
            self.history,
            self.records,
            self.claims,
            self.listings,
            self.about,
            self.copies,
            self.cases,
        ):
            if part is not None:
                part.run(tally)
        return tally.report()
