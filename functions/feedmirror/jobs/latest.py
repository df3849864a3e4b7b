"""What shards brought for the front: where many runs work, each notes its newest items.

The scheduled run reads the lists that changed since it last looked. They name places in the
archive and nothing that a reader could read; what lies there is looked at behind the rules.
"""

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from feedmirror.layout import FRONT_STATE, LATEST, ItemId, latest_key
from feedmirror.ports.object_store import (
    Content,
    LostConditionError,
    ObjectStore,
    StoreUnavailableError,
)
from feedmirror.ports.workers import Workers
from feedmirror.publishing.listings import FRONT_CARDS, LATEST_BURIED
from feedmirror.publishing.selection import Publication, newest_shown
from feedmirror.stored import read_json

_ATTEMPTS = 8  # to write a list against other runs
_SCHEMA = 1
# Some of what is listed may be gone by now: more are handed on than the front shows.
_MOST = 4 * FRONT_CARDS


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where an item lies that the front may show, or the tombstone that a run found in its place.

    Of a tombstone ``shown_from`` is when it was put there.
    """

    shown_from: datetime
    host: str
    link_host: str
    id: ItemId
    gone: bool = False


@dataclass(frozen=True, slots=True)
class FrontState:
    """What the front has taken in: the ETags of the lists by key, and under which configuration."""

    mark: str = ""
    seen: Mapping[str, str] = field(default_factory=dict)


def places_of(publication: Publication) -> list[Place]:
    """Return where the items and tombstones of a publication lie."""
    items = [
        Place(item.shown_from, item.host, item.link_host, item.id) for item in publication.items
    ]
    stones = [
        Place(stone.when, stone.host, stone.host, stone.id, gone=True)
        for stone in publication.tombstones
    ]
    return items + stones


def newest_and_gone(places: Iterable[Place]) -> tuple[Place, ...]:
    """Return the newest items, as many as the front could show, each host's, and all that is gone.

    A run remembers these of what it brought: a place is small, what all items say is not.
    """
    known = tuple(places)
    items = newest_shown(place for place in known if not place.gone)
    return (*items, *(place for place in known if place.gone))


def newest(places: Iterable[Place], most: int = FRONT_CARDS) -> list[Place]:
    """Return the newest items, the latest that are gone, and of both the newest of other hosts."""
    ordered = sorted(set(places), reverse=True)
    items = [place for place in ordered if not place.gone]
    gone = [place for place in ordered if place.gone]
    latest = [*items[:most], *gone[:LATEST_BURIED]]
    latest += newest_of_others(items[most:], items[:most])
    return latest + newest_of_others(gone[LATEST_BURIED:], gone[:LATEST_BURIED])


def newest_of_others(places: Iterable[Place], but: Iterable[Place]) -> list[Place]:
    """Return the newest place of every host that has none among others; newest come first."""
    hosts = {place.host for place in but}
    found: dict[str, Place] = {}
    for place in places:
        if place.host not in hosts:
            found.setdefault(place.host, place)
    return list(found.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class LatestLists:
    """Keeps the lists in the archive; every method may raise StoreUnavailableError."""

    archive: ObjectStore
    workers: Workers
    nonce: Callable[[], str]

    def note(self, shard: int, brought: Collection[Place]) -> None:
        """Add what a run brought to its shard's list; what it found out last of an item counts.

        Whatever is listed already, the newest of what was brought have a place of their own: much
        of the rest may be gone by now.
        """
        key = latest_key(shard)
        for _ in range(_ATTEMPTS if brought else 0):
            found = self.archive.get(key)
            known = {} if found is None else _by_item(_places(found.content.body))
            places = newest((known | _by_item(brought)).values())
            rows = [_row(place) for place in dict.fromkeys([*places, *newest(brought)])]
            try:
                self._put(key, {"items": rows}, found.etag if found else None)
            except LostConditionError:
                continue
            return
        if brought:
            raise StoreUnavailableError(f"{key}: other runs keep writing it")

    def load(self) -> tuple[FrontState, str | None]:
        """Return what the front has taken in, and the ETag; an unreadable one is lost."""
        found = self.archive.get(FRONT_STATE)
        if found is None:
            return FrontState(), None
        try:
            fields = read_json(found.content.body)
            return FrontState(str(fields["mark"]), dict(fields["seen"])), found.etag
        except (ValueError, KeyError, TypeError):
            return FrontState(), found.etag

    def unseen(self, seen: Mapping[str, str]) -> tuple[list[Place], dict[str, str]]:
        """Return what the lists hold that changed, and the ETags of all that there are."""
        listed = {found.key: found.etag for found in self.archive.list(LATEST)}
        changed = [key for key, etag in listed.items() if seen.get(key) != etag]
        read = self.workers.map(self.archive.get, changed)
        places = (place for found in read if found for place in _places(found.content.body))
        return newest(places, _MOST), listed

    def save(self, state: FrontState, etag: str | None) -> None:
        """Note what the front has taken in; another run that did so meanwhile is as good."""
        try:
            self._put(FRONT_STATE, {"mark": state.mark, "seen": dict(state.seen)}, etag)
        except LostConditionError:
            return

    def _put(self, key: str, fields: Mapping[str, Any], etag: str | None) -> None:
        told = {"schema": _SCHEMA, **fields, "nonce": self.nonce()}
        body = json.dumps(told, separators=(",", ":")).encode()
        self.archive.put(key, Content(body, "application/json"), replaces=etag)


def _by_item(places: Iterable[Place]) -> dict[tuple[str, ItemId], Place]:
    return {(place.host, place.id): place for place in places}


def _row(place: Place) -> list[str]:
    gone = ["gone"] if place.gone else []
    return [place.shown_from.isoformat(), place.host, place.link_host, place.id, *gone]


def _places(body: bytes) -> list[Place]:
    """Read a list; one that cannot be read is as good as lost: what comes next begins it anew."""
    try:
        rows = read_json(body)["items"]
        return [
            Place(datetime.fromisoformat(moment), host, link_host, ItemId(item), bool(gone))
            for moment, host, link_host, item, *gone in rows
        ]
    except (ValueError, KeyError, TypeError):
        return []
