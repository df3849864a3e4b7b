"""Rebuilds, backups and loads of the tests' mirrors, over stores whose calls are noted."""

import itertools
import re

from feedmirror.configuration import Configuration
from feedmirror.configuration_file import write_configuration
from feedmirror.jobs.keeping.load_report import LoadReport
from feedmirror.jobs.rebuilding.rebuild_report import RebuildReport
from feedmirror.layout import CONFIGURATION
from feedmirror.ports.object_store import Content, ObjectStore
from feedmirror.publishing.documents import without_nonce
from feedmirror.wiring.keeping import compose_backup, compose_load
from feedmirror.wiring.rebuild import compose_rebuild
from feedmirror.wiring.stores import Stores
from memory_store import MemoryStore
from takedown_world import TakedownWorld
from world import Watched

AS_OF = re.compile(rb"As of <time[^<]*</time>")
_NONCES = (f"{number:032x}" for number in itertools.count())


def watched(world: TakedownWorld) -> Stores:
    """Return a world's stores, their calls noted."""
    stores = world.stores
    return Stores(
        archive=Watched(stores.archive, world.requests),
        site=Watched(stores.site, world.requests),
        ledger=Watched(stores.ledger, world.requests),
        workers=stores.workers,
    )


def nonce() -> str:
    """Return a nonce that no other document has."""
    return next(_NONCES)


def configuration_of(world: TakedownWorld) -> Configuration:
    """Return what a world's operator has configured."""
    return Configuration(mirror=world.mirror, feeds=tuple(world.feeds))


def rebuild(world: TakedownWorld) -> RebuildReport:
    """Make a world's site anew."""
    job = compose_rebuild(
        watched(world), configuration_of(world), clock=lambda: world.now, nonce=nonce
    )
    return job.run()


def site(world: TakedownWorld) -> dict[str, bytes]:
    """Return every object of a site, without the nonces, and without as of when it tells."""
    found = world.all(world.stores.site, "")
    return {key: AS_OF.sub(b"", without_nonce(body)) for key, body in found.items()}


Backup = tuple[ObjectStore, ObjectStore]


def configure(world: TakedownWorld) -> None:
    """Put the operator's file where an operator puts it."""
    archive, text = world.stores.archive, write_configuration(configuration_of(world))
    found = archive.get(CONFIGURATION)
    content = Content(text.encode(), "application/toml")
    archive.put(CONFIGURATION, content, replaces=found.etag if found else None)


def back_up(world: TakedownWorld) -> Backup:
    """Return a backup of a world: its archive and its ledger."""
    archive, ledger = MemoryStore(), MemoryStore()
    compose_backup(watched(world), archive, ledger).run()
    return archive, ledger


def load(backup: Backup, world: TakedownWorld) -> LoadReport:
    """Load a backup into a world."""
    mail = Watched(world.mail, world.requests)
    job = compose_load(backup, watched(world), mail, clock=lambda: world.now, nonce=nonce)
    return job.run()


def readable(world: TakedownWorld, words: str) -> list[str]:
    """Return the keys of archive and site under which some words can be read."""
    return [
        key
        for store in (world.stores.archive, world.stores.site)
        for key, body in world.all(store, "").items()
        if words.encode() in body
    ]
