"""Buckets of S3 in memory, as its documents say that they answer; copied in no time.

A condition is evaluated when a write lands, and listings come by the page.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import md5
from typing import Any, Self

from botocore.exceptions import ClientError

Watch = Callable[[str, str, "Held | None", "Held"], None]


@dataclass(frozen=True, slots=True)
class Held:
    """One object; the ETag of what is put in one part is the MD5 of its body."""

    body: bytes
    etag: str
    content_type: str
    cache_control: str | None
    metadata: Mapping[str, str]


def refused(operation: str, code: str, status: int, *, retries: int = 0) -> ClientError:
    """Return S3's refusal as boto3 raises it."""
    answer: Any = {
        "Error": {"Code": code, "Message": code},
        "ResponseMetadata": {"HTTPStatusCode": status, "RetryAttempts": retries},
    }
    return ClientError(answer, operation)


@dataclass(eq=False)
class Bucket:
    """One bucket."""

    name: str
    page: int = 1000  # keys of a page of a listing: S3 may give fewer than 1,000
    watch: Watch = lambda *_: None
    objects: dict[str, Held] = field(default_factory=dict)
    _keys: list[bytes] = field(default_factory=list)  # as S3 lists them: by their UTF-8 bytes

    def copy(self, *, page: int, watch: Watch) -> Self:
        """Return a bucket that goes on from here by itself."""
        return type(self)(self.name, page, watch, dict(self.objects), list(self._keys))

    def get(self, key: str) -> Held:
        """Return an object, or raise NoSuchKey."""
        try:
            return self.objects[key]
        except KeyError:
            raise refused("GetObject", "NoSuchKey", 404) from None

    def head(self, key: str) -> Held:
        """Return an object; what is absent is told by the status alone."""
        try:
            return self.objects[key]
        except KeyError:
            raise refused("HeadObject", "404", 404) from None

    def put(self, request: Mapping[str, Any], *, retries: int = 0) -> str:
        """Write under the condition of a request, evaluated now; return the ETag."""
        key, body = request["Key"], request["Body"]
        known = self.objects.get(key)
        if request.get("IfNoneMatch") == "*" and known is not None:
            raise refused("PutObject", "PreconditionFailed", 412, retries=retries)
        wanted = request.get("IfMatch")
        if wanted is not None and known is None:
            raise refused("PutObject", "NoSuchKey", 404, retries=retries)
        if wanted is not None and known is not None and wanted != known.etag:
            raise refused("PutObject", "PreconditionFailed", 412, retries=retries)
        etag = f'"{md5(body, usedforsecurity=False).hexdigest()}"'
        metadata = {name.lower(): text for name, text in request["Metadata"].items()}
        held = Held(body, etag, request["ContentType"], request.get("CacheControl"), metadata)
        self.objects[key] = held
        if known is None:
            insort(self._keys, key.encode())
        self.watch(self.name, key, known, held)
        return etag

    def delete(self, key: str) -> None:
        """Delete an object, which nothing of ours may ask for."""
        if self.objects.pop(key, None) is not None:
            self._keys.remove(key.encode())

    def listing(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return one page of ListObjectsV2."""
        prefix = request["Prefix"].encode()
        after = request.get("ContinuationToken", request.get("StartAfter", "")).encode()
        first = bisect_left(self._keys, prefix)
        if after:
            first = max(first, bisect_right(self._keys, after))
        found = list(self._below(prefix, self._keys[first : first + self.page + 1]))
        page, more = found[: self.page], len(found) > self.page
        answer: dict[str, Any] = {
            "IsTruncated": more,
            "Contents": [self._entry(key) for key in page],
        }
        if more:
            answer["NextContinuationToken"] = page[-1]
        return answer

    def below(self, prefix: str) -> Iterator[tuple[str, Held]]:
        """Yield what lies below a prefix, by key."""
        for key in list(self._keys[bisect_left(self._keys, prefix.encode()) :]):
            if not key.startswith(prefix.encode()):
                return
            yield key.decode(), self.objects[key.decode()]

    @staticmethod
    def _below(prefix: bytes, keys: list[bytes]) -> Iterator[str]:
        return (key.decode() for key in keys if key.startswith(prefix))

    def _entry(self, key: str) -> dict[str, Any]:
        held = self.objects[key]
        return {"Key": key, "ETag": held.etag, "Size": len(held.body)}
