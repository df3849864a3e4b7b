"""A store that keeps what is written to itself: a rehearsal that leaves everything as it is."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from heapq import merge
from threading import Lock

from feedmirror.ports.object_store import (
    Content,
    LostConditionError,
    ObjectStore,
    ObjectSummary,
    StoredObject,
)


@dataclass(frozen=True, slots=True)
class OverlayStore:
    """Reads from a store, and from what was put here since; the store itself is only read."""

    below: ObjectStore
    _put: dict[str, StoredObject] = field(default_factory=dict, init=False, repr=False)
    _one_at_a_time: Lock = field(default_factory=Lock, init=False, repr=False, compare=False)

    def get(self, key: str) -> StoredObject | None:
        """Return the object under a key, or None; raises StoreUnavailableError."""
        return self._put.get(key) or self.below.get(key)

    def head(self, key: str) -> ObjectSummary | None:
        """Return what is known of the object under a key, or None; as :meth:`get` otherwise."""
        found = self._put.get(key)
        if found is None:
            return self.below.head(key)
        return replace(_summary(key, found), metadata=found.content.metadata)

    def put(self, key: str, content: Content, *, replaces: str | None) -> str:
        """Keep the content here under the store's own condition; raises LostConditionError."""
        etag = f'"{hashlib.md5(content.body, usedforsecurity=False).hexdigest()}"'
        with self._one_at_a_time:
            present = self.head(key)
            if (present.etag if present else None) != replaces:
                raise LostConditionError(f"{key} is not in the state {replaces}")
            self._put[key] = StoredObject(content, etag)
        return etag

    def list(self, prefix: str, *, after: str = "") -> Iterator[ObjectSummary]:
        """Yield the objects of both under a prefix, behind a key, by the UTF-8 bytes of keys."""
        own = (key for key in tuple(self._put) if key.startswith(prefix))
        behind = sorted((key for key in own if key.encode() > after.encode()), key=str.encode)
        here = [_summary(key, self._put[key]) for key in behind]
        below = self.below.list(prefix, after=after)
        last = ""
        for summary in merge(here, below, key=lambda found: found.key.encode()):
            if summary.key != last:  # what is here comes first, and stands before what is below
                yield summary
            last = summary.key


def _summary(key: str, stored: StoredObject) -> ObjectSummary:
    return ObjectSummary(key, stored.etag, len(stored.content.body))
