"""Backups and loads put together: settings to stores, stores to jobs."""

from collections.abc import Callable
from datetime import datetime

from feedmirror.adapters.clock import fresh_nonce, utc_now
from feedmirror.configuration import Configuration
from feedmirror.configuration_file import ConfigurationError
from feedmirror.jobs.configure import NotConfiguredError, ReadConfiguration
from feedmirror.jobs.keeping.apply_rules import ApplyRules
from feedmirror.jobs.keeping.back_up import BackUp
from feedmirror.jobs.keeping.load import Load
from feedmirror.jobs.keeping.load_archive import LoadArchive
from feedmirror.jobs.keeping.load_ledger import LoadLedger
from feedmirror.jobs.rebuilding.rebuild import Rebuild
from feedmirror.jobs.rules import RuleReader
from feedmirror.jobs.takedown.case_book import CaseBook
from feedmirror.jobs.takedown.entomb import Entomb
from feedmirror.ports.object_store import ObjectStore
from feedmirror.version import VERSION
from feedmirror.wiring.rebuild import compose_rebuild
from feedmirror.wiring.stores import Stores, publisher_of


def compose_backup(stores: Stores, archive: ObjectStore, ledger: ObjectStore) -> BackUp:
    """Return what copies a mirror's archive and ledger into two others."""
    return BackUp(
        archive=stores.archive,
        ledger=stores.ledger,
        into_archive=archive,
        into_ledger=ledger,
        workers=stores.workers,
    )


def compose_load(
    source: tuple[ObjectStore, ObjectStore],
    stores: Stores,
    mail: ObjectStore,
    *,
    clock: Callable[[], datetime] = utc_now,
    nonce: Callable[[], str] = fresh_nonce,
) -> Load:
    """Return what brings a backup, its archive and its ledger, into a mirror.

    Raises NotConfiguredError if neither has a configuration, and ConfigurationError if it is wrong.
    """
    archive, ledger = source
    configuration = _configuration_in_force(stores.archive, archive)
    rules = RuleReader(stores.ledger, stores.workers)

    def rebuild() -> Rebuild:
        in_force = ReadConfiguration(stores.archive, VERSION).run().configuration
        return compose_rebuild(stores, in_force, clock=clock, nonce=nonce)

    return Load(
        ledger=LoadLedger(
            source=ledger,
            ledger=stores.ledger,
            cases=CaseBook(stores.ledger, clock),
            workers=stores.workers,
        ),
        archive=LoadArchive(
            source=archive,
            archive=stores.archive,
            rules=rules,
            workers=stores.workers,
            clock=clock,
            nonce=nonce,
        ),
        apply=ApplyRules(
            archive=stores.archive,
            site=stores.site,
            rules=rules,
            entomb=Entomb(
                archive=stores.archive,
                site=stores.site,
                mail=mail,
                ledger=stores.ledger,
                publisher=publisher_of(stores, configuration, nonce=nonce),
                clock=clock,
            ),
            workers=stores.workers,
        ),
        rebuild=rebuild,
    )


def _configuration_in_force(here: ObjectStore, backup: ObjectStore) -> Configuration:
    """Return the mirror's own configuration, or the one that the backup will bring."""
    try:
        return ReadConfiguration(here, VERSION).run().configuration
    except (NotConfiguredError, ConfigurationError):
        return ReadConfiguration(backup, VERSION).run().configuration
