"""The audit put together: settings to stores, stores to jobs. It is given nothing that writes."""

from collections.abc import Callable
from datetime import datetime, timedelta

from feedmirror.adapters.clock import utc_now
from feedmirror.configuration import Configuration
from feedmirror.jobs.auditing.audit import Audit
from feedmirror.jobs.auditing.audit_about import AuditAbout
from feedmirror.jobs.auditing.audit_cases import AuditCases
from feedmirror.jobs.auditing.audit_claims import AuditClaims
from feedmirror.jobs.auditing.audit_copies import AuditCopies
from feedmirror.jobs.auditing.audit_history import AuditHistory
from feedmirror.jobs.auditing.audit_listings import AuditListings
from feedmirror.jobs.auditing.audit_records import AuditRecords
from feedmirror.jobs.auditing.audit_rules import AuditRules
from feedmirror.jobs.auditing.audit_standing import Standing
from feedmirror.jobs.rules import RuleReader
from feedmirror.jobs.takedown.case_book import CaseBook
from feedmirror.ports.object_store import ObjectStore
from feedmirror.settings import Settings
from feedmirror.wiring.stores import Stores


def compose_audit(
    stores: Stores,
    mail: ObjectStore,
    configuration: Configuration,
    *,
    mail_prefix: str = "inbound/",
    clock: Callable[[], datetime] = utc_now,
) -> Audit:
    """Return an audit of what some buckets hold now."""
    workers, cases = stores.workers, CaseBook(stores.ledger, clock)
    standing = Standing(
        rules=RuleReader(stores.ledger, workers, known={}), cases=cases, clock=clock
    )
    records = AuditRecords(
        archive=stores.archive, site=stores.site, mail=mail, standing=standing, workers=workers
    )
    return Audit(
        rules=AuditRules(ledger=stores.ledger, workers=workers),
        records=records,
        claims=AuditClaims(
            archive=stores.archive, records=records, standing=standing, workers=workers
        ),
        listings=AuditListings(
            site=stores.site, records=records, standing=standing, workers=workers
        ),
        about=AuditAbout(
            site=stores.site, standing=standing, workers=workers, feeds=configuration.feeds
        ),
        copies=AuditCopies(
            mail=mail,
            standing=standing,
            workers=workers,
            clock=clock,
            keep_for=timedelta(days=configuration.mirror.recovery_days),
        ),
        cases=AuditCases(
            cases=cases,
            ledger=stores.ledger,
            mail=mail,
            mail_prefix=mail_prefix,
            workers=workers,
            clock=clock,
        ),
    )


def open_history(settings: Settings) -> AuditHistory | None:
    """Open what the buckets keep of the past; the embedded store keeps nothing."""
    if settings.embedded_store is not None:
        return None
    from feedmirror.adapters.s3 import make_client  # noqa: PLC0415 -- not used locally
    from feedmirror.adapters.s3_history import S3History  # noqa: PLC0415 -- the same

    client = make_client()
    return AuditHistory(
        ledger=S3History(client, settings.ledger_bucket),
        archive=S3History(client, settings.archive_bucket),
        site=S3History(client, settings.site_bucket),
    )
