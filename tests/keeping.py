"""Rebuilds, backups and loads of the tests' mirrors, over stores whose calls are noted."""

import itertools
from collections.abc import Callable

from feedmirror.configuration import Configuration
from feedmirror.jobs.rebuilding.rebuild_report import RebuildReport
from feedmirror.publishing.documents import without_nonce
from feedmirror.wiring.rebuild import compose_rebuild
from feedmirror.wiring.stores import Stores
from takedown_world import TakedownWorld
from world import Watched

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


def clock_of(world: TakedownWorld) -> Callable[[], object]:
    """Return a world's clock."""
    return lambda: world.now


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
    """Return every object of a site, without the nonces."""
    found = world.all(world.stores.site, "")
    return {key: without_nonce(body) for key, body in found.items()}
