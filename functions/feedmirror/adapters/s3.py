"""The object store on Amazon S3.

The meaning of every answer follows the S3 User Guide, "How to prevent object overwrites with
conditional writes", and the API reference's PutObject. boto3 and botocore are loaded only once a
client is made, so that the embedded store does without them.
"""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from feedmirror.adapters.aws import credentials, fault_of, open_client
from feedmirror.adapters.limits import acceptable, check_key
from feedmirror.adapters.s3_short_way import shortened
from feedmirror.ports.object_store import (
    Content,
    LostConditionError,
    ObjectSummary,
    StoredObject,
    StoreUnavailableError,
)
from feedmirror.version import VERSION

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import (
        GetObjectOutputTypeDef,
        ListObjectsV2OutputTypeDef,
        ListObjectsV2RequestTypeDef,
        PutObjectRequestTypeDef,
    )

_ABSENT = "NoSuchKey"


def make_client(
    *,
    endpoint_url: str | None = None,
    connections: int = 64,
    attempts: int = 4,
    connect_timeout: float = 3,
    read_timeout: float = 10,
) -> "S3Client":
    """Return a client for a function with many threads: bounded retries, timeouts in seconds.

    ``attempts`` counts the first; botocore's standard mode waits between them with jitter and
    within a retry budget. Credentials, region and ``AWS_ENDPOINT_URL`` are boto3's own business.
    Checksums are asked for only where S3 requires them: the signature covers the body already, and
    S3-compatible stores differ on the others.

    Left out is what a request of ours does without, a quarter of its processor time: parameters are
    not validated (they are typed, and ``acceptable``), the user agent is not put together anew, and
    a body is not announced by ``Expect``, which besides costs a put one more round trip. What is
    asked by the thousand takes a short way from its second request on (``s3_short_way``).
    """
    from botocore.config import Config  # noqa: PLC0415 -- 0.2 s, only where S3 is used

    config = Config(
        retries={"mode": "standard", "total_max_attempts": attempts},
        max_pool_connections=connections,
        connect_timeout=connect_timeout,
        read_timeout=read_timeout,
        tcp_keepalive=True,
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        parameter_validation=False,
        user_agent=f"feedmirror/{VERSION}",
    )
    client: S3Client = open_client("s3", endpoint_url=endpoint_url, config=config)
    client.meta.events.register_last("before-call.s3", _send_at_once)
    return shortened(client, credentials)


def _send_at_once(params: dict[str, Any], **_: object) -> None:
    """Send a body with its head: the largest is a page, and nearly all are wanted."""
    params["headers"].pop("Expect", None)


@dataclass(frozen=True, slots=True)
class S3Store:
    """One bucket of S3, or of a store that speaks its protocol; safe to use from many threads.

    ``attempts`` bounds what botocore does not retry: puts that are answered 409, and gets whose
    body breaks off. ``pause`` is the longest wait before the second of them, in seconds; it
    doubles for each further one.
    """

    client: "S3Client"
    bucket: str
    attempts: int = 5
    pause: float = 0.1

    def get(self, key: str) -> StoredObject | None:
        """Return the object under a key, or None; a refusal (403) is no proof of absence.

        Raises StoreUnavailableError, and ValueError for a key that S3 refuses.
        """
        check_key(key)
        cause: Exception | None = None
        for attempt in range(self.attempts):
            self._wait(attempt)
            answer = self._open(key)
            if answer is None:
                return None
            try:
                return _stored_object(answer)
            except _faults() as error:
                cause = error
        raise self._unavailable(key, cause) from cause

    def head(self, key: str) -> ObjectSummary | None:
        """Return what is known of the object under a key, or None; a refusal is no absence.

        S3 answers a head without a body, so an absent bucket looks like an absent key here.
        Raises StoreUnavailableError, and ValueError for a key that S3 refuses.
        """
        check_key(key)
        try:
            answer = self.client.head_object(Bucket=self.bucket, Key=key)
        except _faults() as error:
            if _refusal(error).status == HTTPStatus.NOT_FOUND:
                return None
            raise self._unavailable(key, error) from error
        return ObjectSummary(key, answer["ETag"], answer["ContentLength"], answer["Metadata"])

    def put(self, key: str, content: Content, *, replaces: str | None) -> str:
        """Write under a condition and return the new ETag, as S3 gives it, quotes included.

        Raises LostConditionError if the condition did not hold and nothing was written, ValueError
        beyond S3's limits, and StoreUnavailableError otherwise: then the put may have landed or
        not, or may even land later, and the same put again finds out.
        """
        request = self._put_request(key, acceptable(key, content, replaces=replaces), replaces)
        cause: Exception | None = None
        for attempt in range(self.attempts):
            self._wait(attempt)
            try:
                return self.client.put_object(**request)["ETag"]
            except _faults() as error:
                cause = error
            refusal = _refusal(cause)
            # 409 means that nothing happened (PutObject): neither lost nor won, so once more.
            if refusal.status != HTTPStatus.CONFLICT:
                resent = attempt + refusal.retries > 0
                return self._settle(key, content.body, cause, resent=resent)
        raise self._unavailable(key, cause) from cause

    def list(self, prefix: str, *, after: str = "") -> Iterator[ObjectSummary]:
        """Yield the objects under a prefix, by the UTF-8 bytes of their keys; pages of 1,000.

        A page is asked for once the one before is consumed. Raises StoreUnavailableError.
        """
        request: ListObjectsV2RequestTypeDef = {"Bucket": self.bucket, "Prefix": prefix}
        if after:
            request["StartAfter"] = after
        while True:
            page = self._page(request)
            for entry in page.get("Contents", ()):
                yield ObjectSummary(entry["Key"], entry["ETag"], entry["Size"])
            if not page["IsTruncated"]:
                return
            request = {**request, "ContinuationToken": page["NextContinuationToken"]}

    def _open(self, key: str) -> "GetObjectOutputTypeDef | None":
        try:
            return self.client.get_object(Bucket=self.bucket, Key=key)
        except _faults() as error:
            if _refusal(error).code == _ABSENT:
                return None
            raise self._unavailable(key, error) from error

    def _put_request(
        self, key: str, content: Content, replaces: str | None
    ) -> "PutObjectRequestTypeDef":
        request: PutObjectRequestTypeDef = {
            "Bucket": self.bucket,
            "Key": key,
            "Body": content.body,
            "ContentType": content.content_type,
            "Metadata": content.metadata,
        }
        if content.cache_control is not None:
            request["CacheControl"] = content.cache_control
        if replaces is None:
            request["IfNoneMatch"] = "*"
        else:
            request["IfMatch"] = replaces
        return request

    def _settle(self, key: str, body: bytes, error: Exception, *, resent: bool) -> str:
        """Tell what a refused put came to; raises what it came to unless it was ours that won."""
        refusal = _refusal(error)
        if refusal.status == HTTPStatus.PRECONDITION_FAILED and resent:
            # The condition may have been broken by our own put, whose answer was lost. Every body
            # that is ever overwritten carries a nonce, so an equal body is ours (design §4).
            found = self.get(key)
            if found is not None and found.content.body == body:
                return found.etag
        if refusal.status == HTTPStatus.PRECONDITION_FAILED or refusal.code == _ABSENT:
            raise LostConditionError(f"s3://{self.bucket}/{key} changed: {error}") from error
        raise self._unavailable(key, error) from error

    def _page(self, request: "ListObjectsV2RequestTypeDef") -> "ListObjectsV2OutputTypeDef":
        try:
            page = self.client.list_objects_v2(**request)
        except _faults() as error:
            raise self._unavailable(request.get("Prefix", ""), error) from error
        if page.get("IsTruncated", True) and "NextContinuationToken" not in page:
            # Taken for the end, it would make a rule or a marker invisible.
            raise self._unavailable(request.get("Prefix", ""), "a listing broke off")
        return page

    def _unavailable(self, key: str, cause: object) -> StoreUnavailableError:
        place = f"s3://{self.bucket}/{key}"
        return StoreUnavailableError(f"{place}: {cause}", fault=fault_of(cause), place=place)

    def _wait(self, attempt: int) -> None:
        """Wait before a repeated attempt, with full jitter, so that rivals do not stay in step."""
        if attempt:
            limit = self.pause * 2 ** (attempt - 1)
            time.sleep(random.uniform(0, limit))  # noqa: S311 -- spreads load, guards nothing


@dataclass(frozen=True, slots=True)
class _Refusal:
    """What S3 answered, if it did: HTTP status, S3's error code, and how often botocore resent."""

    status: int = 0
    code: str = ""
    retries: int = 0


def _refusal(error: Exception) -> _Refusal:
    from botocore.exceptions import ClientError  # noqa: PLC0415 -- loaded with the client

    if not isinstance(error, ClientError):
        return _Refusal()
    answer = error.response.get("ResponseMetadata", {})
    code = error.response.get("Error", {}).get("Code", "")
    return _Refusal(answer.get("HTTPStatusCode", 0), code, answer.get("RetryAttempts", 0))


@cache
def _faults() -> tuple[type[Exception], ...]:
    """Return all that botocore raises for an answer, or for none; a streamed body adds urllib3's.

    (botocore's StreamingBody translates timeouts and broken connections, but no TLS errors.)
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 -- with the client
    from urllib3.exceptions import HTTPError  # noqa: PLC0415 -- with the client

    return (BotoCoreError, ClientError, HTTPError)


def _stored_object(answer: "GetObjectOutputTypeDef") -> StoredObject:
    content = Content(
        body=answer["Body"].read(),
        content_type=answer["ContentType"],
        cache_control=answer.get("CacheControl"),
        metadata=answer["Metadata"],
    )
    return StoredObject(content, answer["ETag"])
