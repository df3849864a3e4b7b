"""The mirror function put together: settings to stores, stores to jobs."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from feedmirror.adapters.clock import fresh_nonce, utc_now
from feedmirror.adapters.fetching import CurlFetcher
from feedmirror.adapters.networks import Network
from feedmirror.adapters.telemetry import Telemetry, telemetry
from feedmirror.adapters.workers import InOrder, Threads
from feedmirror.configuration import Configuration, MirrorSettings
from feedmirror.jobs.configure import Configured, ReadConfiguration
from feedmirror.jobs.mirror_run import MirrorRun
from feedmirror.jobs.mirror_shard import MirrorShard
from feedmirror.jobs.publish import Publisher
from feedmirror.jobs.rules import RuleReader
from feedmirror.jobs.shard_state import ShardStates
from feedmirror.jobs.store_entries import StoreEntries
from feedmirror.layout import TEMPLATES
from feedmirror.ports.fetching import Fetcher
from feedmirror.ports.object_store import ObjectStore
from feedmirror.ports.workers import Workers
from feedmirror.settings import Settings, read_settings
from feedmirror.version import VERSION

if TYPE_CHECKING:
    from feedmirror.publishing.pages import Renderer

THREADS = 16  # requests to S3 at once: what one connection pool of boto3 is given


@dataclass(frozen=True, slots=True)
class Stores:
    """The buckets that the mirror function may use, and how many requests at once they bear."""

    archive: ObjectStore
    site: ObjectStore
    ledger: ObjectStore
    workers: Workers


@dataclass(frozen=True, slots=True)
class MirrorFunction:
    """The mirror function, warm: its stores and its telemetry outlive one call."""

    settings: Settings
    stores: Stores
    telemetry: Telemetry

    def handle(self, event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 -- Lambda's own
        """Run what is due within the time that the context leaves; return the report."""
        reader = ReadConfiguration(self.stores.archive, VERSION)
        configured = reader.run()
        if configured.refused:
            self.telemetry.refused(configured.refused)
        mirror, networks = configured.configuration.mirror, self.settings.allowed_networks
        fetcher = polite_fetcher(mirror, allowed_networks=networks)
        run = compose(self.stores, fetcher=fetcher, configured=configured)
        report = run.run(
            time_left=lambda: timedelta(milliseconds=context.get_remaining_time_in_millis()),
            at_once=event.get("at_once") is True,
        )
        told = {**report.to_dict(), "refused_configuration": configured.refused}
        self.telemetry.mirrored(told)
        return told


def compose(
    stores: Stores,
    *,
    fetcher: Fetcher,
    configured: Configured,
    clock: Callable[[], datetime] = utc_now,
    nonce: Callable[[], str] = fresh_nonce,
) -> MirrorRun:
    """Put the jobs of one run together."""
    configuration = configured.configuration
    rules = RuleReader(stores.ledger, stores.workers)
    publisher = Publisher(
        site=stores.site,
        archive=stores.archive,
        renderer=_renderer(stores.archive, configuration),
        workers=stores.workers,
        nonce=nonce,
    )
    store = StoreEntries(
        archive=stores.archive,
        rules=rules,
        publisher=publisher,
        workers=stores.workers,
        images=configuration.mirror.images,
    )
    states = ShardStates(
        archive=stores.archive,
        clock=clock,
        nonce=nonce,
        configuration=configuration,
        mark=configured.mark,
    )
    shard = MirrorShard(
        states=states,
        fetcher=fetcher,
        rules=rules,
        store=store,
        clock=clock,
        configuration=configuration,
    )
    reader = ReadConfiguration(stores.archive, VERSION)
    return MirrorRun(
        shard=shard,
        publisher=publisher,
        rules=rules,
        clock=clock,
        configuration=configuration,
        keep_configuration=lambda: reader.keep(configured),
    )


def polite_fetcher(mirror: MirrorSettings, *, allowed_networks: tuple[Network, ...]) -> CurlFetcher:
    """Return the fetcher that names this mirror, and whom to write to, in every request."""
    agent = f"feedmirror/{VERSION} (+{mirror.site}/takedown/; {mirror.contact})"
    return CurlFetcher(user_agent=agent, allowed_networks=allowed_networks)


def mirror_function() -> MirrorFunction:
    """Return the function for the present environment, warm after its first call."""
    return _function(read_settings())


@lru_cache(maxsize=1)
def _function(settings: Settings) -> MirrorFunction:
    return MirrorFunction(settings, open_stores(settings), telemetry("mirror"))


def open_stores(settings: Settings) -> Stores:
    """Open the buckets, in the embedded store if the settings name one, else in S3."""
    if settings.embedded_store is None:
        from feedmirror.adapters.s3 import S3Store, make_client  # noqa: PLC0415 -- not used locally

        client = make_client(connections=THREADS)
        return _stores(lambda name: S3Store(client, name), settings, threads=THREADS)
    from feedmirror.adapters.sqlite import SqliteStore  # noqa: PLC0415 -- not used in AWS

    path = settings.embedded_store
    return _stores(lambda name: SqliteStore(path, name), settings, threads=0)


def _stores(bucket: Callable[[str], ObjectStore], settings: Settings, *, threads: int) -> Stores:
    return Stores(
        archive=bucket(settings.archive_bucket),
        site=bucket(settings.site_bucket),
        ledger=bucket(settings.ledger_bucket),
        workers=Threads(ThreadPoolExecutor(threads)) if threads else InOrder(),
    )


def _renderer(archive: ObjectStore, configuration: Configuration) -> "Callable[[], Renderer]":
    """Return a renderer that is built when the first page changed: templates cost start-up time."""

    @cache
    def build() -> "Renderer":
        from feedmirror.publishing.pages import Renderer  # noqa: PLC0415 -- see above

        keys = [summary.key for summary in archive.list(TEMPLATES)]
        found = {key.removeprefix(TEMPLATES): archive.get(key) for key in keys}
        # What is not UTF-8 shows as such on the pages; it is no reason to have none.
        templates = {
            name: stored.content.body.decode(errors="replace")
            for name, stored in found.items()
            if stored
        }
        return Renderer(configuration.mirror, templates)

    return build
