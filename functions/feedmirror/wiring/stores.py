"""The buckets, opened: in S3, or in the embedded store; and the renderer that lives on them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING

from feedmirror.adapters.workers import InOrder, Threads
from feedmirror.configuration import Configuration
from feedmirror.jobs.about_pages import AboutPages
from feedmirror.jobs.publish import Publisher
from feedmirror.jobs.rules import RuleReader
from feedmirror.layout import TEMPLATES
from feedmirror.ports.object_store import ObjectStore
from feedmirror.ports.workers import Workers
from feedmirror.settings import Settings

if TYPE_CHECKING:
    from feedmirror.publishing.pages import Renderer

# Requests to S3 at once, and connections that are kept: 16 wait for S3 longer than for a processor.
THREADS = 32


@dataclass(frozen=True, slots=True)
class Stores:
    """The buckets that the mirror function may use, and how many requests at once they bear."""

    archive: ObjectStore
    site: ObjectStore
    ledger: ObjectStore
    workers: Workers


def open_stores(settings: Settings) -> Stores:
    """Open the buckets, in the embedded store if the settings name one, else in S3."""
    if settings.embedded_store is None:
        from feedmirror.adapters.s3 import S3Store, make_client  # noqa: PLC0415 -- not used locally

        client = make_client(connections=THREADS)
        return _stores(lambda name: S3Store(client, name), settings, threads=THREADS)
    from feedmirror.adapters.sqlite import SqliteStore  # noqa: PLC0415 -- not used in AWS

    path = settings.embedded_store
    return _stores(lambda name: SqliteStore(path, name), settings, threads=0)


def open_bucket(settings: Settings, name: str) -> ObjectStore:
    """Open one more bucket, where the settings keep theirs."""
    if settings.embedded_store is None:
        from feedmirror.adapters.s3 import S3Store, make_client  # noqa: PLC0415 -- not used locally

        return S3Store(make_client(connections=THREADS), name)
    from feedmirror.adapters.sqlite import SqliteStore  # noqa: PLC0415 -- not used in AWS

    return SqliteStore(settings.embedded_store, name)


def _stores(bucket: Callable[[str], ObjectStore], settings: Settings, *, threads: int) -> Stores:
    return Stores(
        archive=bucket(settings.archive_bucket),
        site=bucket(settings.site_bucket),
        ledger=bucket(settings.ledger_bucket),
        workers=Threads(ThreadPoolExecutor(threads)) if threads else InOrder(),
    )


def renderer_of(archive: ObjectStore, configuration: Configuration) -> "Callable[[], Renderer]":
    """Return a renderer that is built when the first page changed: templates cost start-up time.

    However many threads ask for it first, it is built once.
    """
    building = Lock()

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

    def renderer() -> "Renderer":
        with building:
            return build()

    return renderer


def publisher_of(
    stores: Stores, configuration: Configuration, *, nonce: Callable[[], str]
) -> Publisher:
    """Return what writes the site of a mirror."""
    return Publisher(
        site=stores.site,
        archive=stores.archive,
        renderer=renderer_of(stores.archive, configuration),
        workers=stores.workers,
        nonce=nonce,
    )


def about_pages_of(
    publisher: Publisher,
    rules: RuleReader,
    configuration: Configuration,
    *,
    clock: Callable[[], datetime],
) -> AboutPages:
    """Return what writes the pages that tell hosts how they are treated."""
    return AboutPages(
        publisher=publisher,
        rules=rules,
        clock=clock,
        feeds=configuration.feeds,
        shards=configuration.mirror.shards,
    )
