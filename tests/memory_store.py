"""An object store in memory, whose state can be copied in no time: for tests that need thousands.

It passes the same suite of questions as the embedded store and S3's own adapter.
"""

import hashlib
import threading
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Self

from feedmirror.adapters.limits import acceptable, check_key
from feedmirror.ports.object_store import (
    Content,
    LostConditionError,
    ObjectSummary,
    StoredObject,
)

_PAGE = 1000  # keys


class MemoryStore:
    """One bucket."""

    def __init__(self) -> None:
        self._objects: dict[bytes, StoredObject] = {}
        self._keys: list[bytes] = []  # sorted, as S3 lists them: by their UTF-8 bytes
        self._lock = threading.Lock()

    def copy(self) -> Self:
        """Return a store of the same content; what is stored never changes, so it is shared."""
        other = type(self)()
        with self._lock:
            other._objects, other._keys = dict(self._objects), list(self._keys)  # noqa: SLF001 -- its own kind
        return other

    def expire(self, prefix: str, is_past: Callable[[StoredObject], bool]) -> int:
        """Let objects go as a lifecycle rule does, and return how many; no job can do it."""
        with self._lock:
            before = len(self._objects)
            for key, found in list(self._objects.items()):
                if key.startswith(prefix.encode()) and is_past(found):
                    del self._objects[key]
            self._keys = sorted(self._objects)
            return before - len(self._objects)

    def get(self, key: str) -> StoredObject | None:
        check_key(key)
        return self._objects.get(key.encode())

    def head(self, key: str) -> ObjectSummary | None:
        found = self.get(key)
        return replace(_summary(key, found), metadata=found.content.metadata) if found else None

    def put(self, key: str, content: Content, *, replaces: str | None) -> str:
        kept, name = acceptable(key, content, replaces=replaces), key.encode()
        etag = f'"{hashlib.md5(kept.body, usedforsecurity=False).hexdigest()}"'
        with self._lock:
            known = self._objects.get(name)
            if (known.etag if known else None) != replaces:
                raise LostConditionError(f"{key} is not in the state {replaces}")
            self._objects[name] = StoredObject(kept, etag)
            if known is None:
                insort(self._keys, name)
        return etag

    def list(self, prefix: str, *, after: str = "") -> Iterator[ObjectSummary]:
        """Yield by the page, like the others: what is put meanwhile may be listed or not."""
        start, behind = prefix.encode(), after.encode()
        last = behind if behind and behind >= start else b""
        while page := self._page(start, last):
            for name in page:
                if not name.startswith(start):
                    return
                yield _summary(name.decode(), self._objects[name])
            last = page[-1]

    def _page(self, start: bytes, last: bytes) -> Sequence[bytes]:
        with self._lock:
            first = bisect_right(self._keys, last) if last else bisect_left(self._keys, start)
            return self._keys[first : first + _PAGE]


def _summary(key: str, found: StoredObject) -> ObjectSummary:
    return ObjectSummary(key, found.etag, len(found.content.body))
