"""As much of S3 as the mirror uses, in memory and fast, in a process of its own; it counts.

GET, HEAD, PUT under ``If-None-Match: *`` or ``If-Match``, and ListObjectsV2, by the API reference.
Signatures are not looked at. The store's conformance suite passes against it
(``FEEDMIRROR_TEST_S3_ENDPOINT``).
"""

import hashlib
import time
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.sax.saxutils import escape

from benchmarks.event_server import EventServer, Reply, Request
from benchmarks.origin import served

BUCKETS = ("archive", "site", "ledger", "mail")
_PAGE = 1000
_KEPT = ("content-type", "cache-control")
_MODIFIED = "Sun, 22 Nov 2026 12:00:00 GMT"
_REASONS = {200: "OK", 404: "Not Found", 412: "Precondition Failed"}


class Object(NamedTuple):
    """One object: the headers that come back with it, and its bytes."""

    etag: str
    headers: str
    body: bytes


class Counted(NamedTuple):
    """Requests since the last time by method and the first part of the key, and their cost."""

    by_kind: Counter[tuple[str, str]]
    cpu: float


@dataclass
class _Bucket:
    objects: dict[str, Object] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)  # ASCII, so in the order of their bytes

    def put(self, key: str, found: Object) -> None:
        if key not in self.objects:
            insort(self.keys, key)
        self.objects[key] = found


class _Stub:
    def __init__(self) -> None:
        self._buckets = {name: _Bucket() for name in BUCKETS}
        self._seen: Counter[tuple[str, str]] = Counter()
        self._cpu = 0.0

    def answer(self, request: Request) -> Reply:
        """Answer one request and count it."""
        parts = urlsplit(request.target)
        name, _, key = unquote(parts.path).lstrip("/").partition("/")
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        method = "LIST" if "list-type" in query else request.method
        place = query.get("prefix", key).partition("/")[0]
        self._seen[method, f"{name}/{place}"] += 1
        if not key and method != "LIST":
            return self._of_bucket(name, request)
        bucket = self._buckets.get(name)
        if bucket is None:
            return _refused(404, "NoSuchBucket", head=method == "HEAD")
        match method:
            case "LIST":
                return _reply(200, _listed(name, bucket, query).encode())
            case "PUT":
                return _put(bucket, key, request)
            case _:
                return _found(bucket, key, head=method == "HEAD")

    def _of_bucket(self, name: str, request: Request) -> Reply:
        """Make or remove a bucket, or empty it: the suite deletes nothing but all."""
        if request.method == "DELETE":
            del self._buckets[name]
        else:
            self._buckets[name] = _Bucket()
        return _reply(200, b"<DeleteResult/>")

    def command(self, message: str) -> Any:  # noqa: ANN401 -- whatever was asked for
        """Forget everything, or tell what was asked."""
        if message == "forget":
            self._buckets = {name: _Bucket() for name in BUCKETS}
        seen, self._seen = self._seen, Counter()
        cpu = time.process_time()
        spent, self._cpu = cpu - self._cpu, cpu
        return Counted(seen, spent)


def _found(bucket: _Bucket, key: str, *, head: bool) -> Reply:
    found = bucket.objects.get(key)
    if found is None:
        return _refused(404, "NoSuchKey", head=head)
    headers = f"ETag: {found.etag}\r\nLast-Modified: {_MODIFIED}\r\n{found.headers}"
    return _reply(200, found.body, headers, head=head)


def _put(bucket: _Bucket, key: str, request: Request) -> Reply:
    present, headers = bucket.objects.get(key), request.headers
    if headers.get("if-none-match") == "*" and present is not None:
        return _refused(412, "PreconditionFailed")
    if expected := headers.get("if-match"):
        if present is None:
            return _refused(404, "NoSuchKey")
        if present.etag.strip('"') != expected.strip('"'):
            return _refused(412, "PreconditionFailed")
    etag = f'"{hashlib.md5(request.body, usedforsecurity=False).hexdigest()}"'
    kept = (name for name in headers if name in _KEPT or name.startswith("x-amz-meta-"))
    lines = "".join(f"{name}: {headers[name]}\r\n" for name in kept)
    bucket.put(key, Object(etag, lines, request.body))
    return _reply(200, b"", f"ETag: {etag}\r\n")


def _listed(name: str, bucket: _Bucket, query: Mapping[str, str]) -> str:
    """Return one page of ListObjectsV2; the token is the last key of the page before."""
    prefix = query.get("prefix", "")
    after = query.get("continuation-token") or query.get("start-after") or ""
    begins = bisect_left(bucket.keys, max(prefix, f"{after}\0" if after else ""))
    keys = bucket.keys[begins : begins + _PAGE + 1]
    keys = [key for key in keys if key.startswith(prefix)]
    page = keys[: int(query.get("max-keys", _PAGE))]
    encode: Callable[[str], str] = quote if query.get("encoding-type") == "url" else escape
    contents = (
        f"<Contents><Key>{encode(key)}</Key><LastModified>2026-11-22T12:00:00.000Z</LastModified>"
        f"<ETag>{escape(found.etag)}</ETag><Size>{len(found.body)}</Size>"
        "<StorageClass>STANDARD</StorageClass></Contents>"
        for key in page
        for found in [bucket.objects[key]]
    )
    more = len(keys) > len(page)
    token = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if more else ""
    encoding = "<EncodingType>url</EncodingType>" if encode is quote else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Name>{name}</Name><Prefix>{encode(prefix)}</Prefix><KeyCount>{len(page)}</KeyCount>"
        f"<MaxKeys>{_PAGE}</MaxKeys>{encoding}<IsTruncated>{str(more).lower()}</IsTruncated>"
        f"{token}{''.join(contents)}</ListBucketResult>"
    )


def _refused(status: int, code: str, *, head: bool = False) -> Reply:
    body = f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode()
    return _reply(status, b"" if head else body)


def _reply(status: int, body: bytes, headers: str = "", *, head: bool = False) -> Reply:
    lines = (
        f"HTTP/1.1 {status} {_REASONS[status]}\r\n{headers}x-amz-request-id: 1\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return Reply(lines.encode("latin-1") + (b"" if head else body))


def _serve(pipe: Connection, _: object) -> None:
    stub = _Stub()
    server = EventServer(stub.answer)
    pipe.send(server.port)
    server.serve(pipe, stub.command)


@dataclass(frozen=True)
class S3Stub:
    """The store, as whoever measures sees it."""

    endpoint: str
    _ask: Callable[[Any], Any]

    def counted(self) -> Counted:
        """Return the requests since the last time."""
        found: Counted = self._ask("counted")
        return found

    def forget(self) -> None:
        """Forget every object and every count."""
        self._ask("forget")


@contextmanager
def an_s3_stub() -> Iterator[S3Stub]:
    """Run the store in a process of its own."""
    with served(_serve, None) as (port, ask):
        yield S3Stub(f"http://127.0.0.1:{port}", ask)
