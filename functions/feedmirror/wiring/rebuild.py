"""The rebuild put together: settings to stores, stores to jobs."""

from collections.abc import Callable
from datetime import datetime

from feedmirror.adapters.clock import fresh_nonce, utc_now
from feedmirror.configuration import Configuration
from feedmirror.jobs.rebuilding.host_index import IndexHosts
from feedmirror.jobs.rebuilding.rebuild import Rebuild
from feedmirror.jobs.rebuilding.rebuild_listings import RebuildListings
from feedmirror.jobs.rebuilding.rebuild_pages import RebuildPages
from feedmirror.jobs.rules import RuleReader
from feedmirror.jobs.takedown.removal_log import RemovalLog
from feedmirror.wiring.stores import Stores, about_pages_of, publisher_of


def compose_rebuild(
    stores: Stores,
    configuration: Configuration,
    *,
    clock: Callable[[], datetime] = utc_now,
    nonce: Callable[[], str] = fresh_nonce,
) -> Rebuild:
    """Return a rebuild of a mirror's site."""
    publisher = publisher_of(stores, configuration, nonce=nonce)
    rules = RuleReader(stores.ledger, stores.workers)
    return Rebuild(
        index=IndexHosts(archive=stores.archive, site=stores.site, workers=stores.workers),
        pages=RebuildPages(publisher=publisher, rules=rules, clock=clock),
        listings=RebuildListings(publisher=publisher, rules=rules, clock=clock),
        about=about_pages_of(publisher, rules, configuration, clock=clock),
        log=RemovalLog(stores.ledger, publisher, clock),
        feeds=configuration.feeds,
    )
