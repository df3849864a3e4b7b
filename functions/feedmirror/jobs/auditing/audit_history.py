"""The audit of what buckets keep: nothing of the ledger deleted or changed, no content kept.

A plain delete hides a rule from every listing, a locked one too, and what it covers comes back;
only the versions tell. And where the archive or the site kept versions, a takedown would leave what
it takes down readable as an old one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from feedmirror.jobs.auditing.audit_report import Finding, Kind, Note, Tally
from feedmirror.layout import CASES, CHALLENGES, CLOSED, LIFTS, LOG, SUPPRESSIONS
from feedmirror.ports.object_history import History, Version, Versioning

_CREATED_ONLY = (SUPPRESSIONS, LIFTS, LOG)
_CARRIED_ON = (CASES, CHALLENGES, CLOSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditHistory:
    """Looks at every version that the ledger keeps, and that the others keep none."""

    ledger: History
    archive: History
    site: History

    def run(self, tally: Tally) -> None:
        """Check all three buckets; raises StoreUnavailableError."""
        for name, bucket in (("archive", self.archive), ("site", self.site)):
            if bucket.versioning() is not Versioning.NEVER:
                words = "what is taken down can still be read as an old version"
                tally.find(Finding(Kind.OLD_VERSIONS, name, words))
        if self.ledger.versioning() is not Versioning.ON:
            tally.note(Note.NO_VERSIONS)
        for prefix in (*_CREATED_ONLY, *_CARRIED_ON):
            by_key = groupby(self.ledger.versions(prefix), key=attrgetter("key"))
            for key, versions in by_key:
                _look(key, versions, tally, may_change=prefix in _CARRIED_ON)


def _look(key: str, versions: Iterable[Version], tally: Tally, *, may_change: bool) -> None:
    """Check one key; of one that is carried on there may be many versions, so none is kept."""
    count, bodies, deleted, stands = 0, set(), False, True
    for version in versions:
        count += 1
        deleted |= version.deleted
        stands &= not (version.deleted and version.is_current)
        if not version.deleted and not may_change:
            bodies.add(version.etag)
    tally.look("versions", count)
    if not stands:
        words = "a delete marker hides it: remove that, or load a backup"
        tally.find(Finding(Kind.DELETED, f"ledger {key}", words))
    elif deleted:
        tally.note(Note.STANDS_AGAIN)
    if len(bodies) > 1:
        words = f"{len(bodies)} different versions of what is only ever created"
        tally.find(Finding(Kind.CHANGED, f"ledger {key}", words))
