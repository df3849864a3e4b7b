"""Requests to S3 made after one of botocore's: the same to the byte, but for key and content.

Endpoint, region, headers, credentials and connections are those of the request that botocore has
made; what is done here is to put them together anew. ``way_of`` looks whether that comes to what
botocore sent, signature included, and tells of no way where it does not.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from feedmirror.adapters.s3_exchange import exchange, fits, header_text, target_of
from feedmirror.adapters.signing import Unsigned, signed

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse
    from botocore.credentials import Credentials
    from mypy_boto3_s3 import S3Client
    from urllib3 import HTTPConnectionPool

_HEADERS = {
    "ContentType": "content-type",
    "CacheControl": "cache-control",
    "IfMatch": "if-match",
    "IfNoneMatch": "if-none-match",
}
UNDERSTOOD = {"Bucket", "Key", "Body", "Metadata", *_HEADERS}
"""The parameters of boto3's calls that are known here; ``Body`` is in bytes."""

_META = "x-amz-meta-"
_ANSWERED = {"etag": "ETag", "content-type": "ContentType", "cache-control": "CacheControl"}
# What botocore adds for statistics, and for tracing; none of it is signed.
_LEFT_OUT = {"amz-sdk-invocation-id", "amz-sdk-request", "x-amzn-trace-id"}
_SCOPE = re.compile(
    r"AWS4-HMAC-SHA256 Credential=[^/]+/[0-9]{8}/(?P<region>[^/]+)/s3/aws4_request,"
)
_PORTS = {"http": ":80", "https": ":443"}


@dataclass(frozen=True, slots=True)
class Way:
    """How requests of one kind reach a bucket: all that is the same for each of its keys."""

    method: str
    base: str  # the address, up to the key
    host: str  # as the header has it
    region: str
    agent: str
    credentials: "Credentials"  # asked for each request, so that they are renewed in time
    pool: "HTTPConnectionPool"

    def request(self, request: Mapping[str, Any], *, stamp: str) -> "AWSPreparedRequest":
        """Return what is sent for a call with boto3's parameters at a time (see ``signed``)."""
        from botocore.awsrequest import AWSPreparedRequest  # noqa: PLC0415 -- with the client

        key, body = quote(request["Key"], safe="/~"), request.get("Body", b"")
        path = urlsplit(self.base).path + key
        headers: Any = signed(
            Unsigned(self.method, self.host, path, _headers_of(request), body),
            self.credentials.get_frozen_credentials(),
            region=self.region,
            stamp=stamp,
        )
        headers["user-agent"] = self.agent
        if self.method == "PUT":
            headers["content-length"] = str(len(body))
        streamed = self.method == "GET"
        return AWSPreparedRequest(self.method, self.base + key, headers, body or None, streamed)

    def answer(self, request: "AWSPreparedRequest") -> "AWSResponse":
        """Send a request as botocore's session would; a body that was got is yet to be read.

        Raises HTTPClientError for whatever keeps S3 from answering.
        """
        from botocore.awsrequest import AWSResponse  # noqa: PLC0415 -- with the client
        from botocore.exceptions import HTTPClientError  # noqa: PLC0415 -- with the client
        from urllib3.exceptions import HTTPError  # noqa: PLC0415 -- with the client

        sent: Any = request
        try:
            if not request.stream_output:
                return exchange(self.pool, request, host=self.host)
            raw: Any = self.pool.urlopen(
                request.method,
                target_of(request),
                body=sent.body,
                headers=sent.headers,
                retries=False,
                assert_same_host=False,
                preload_content=False,
                decode_content=False,
                enforce_content_length=False,
            )
            answer = AWSResponse(request.url, raw.status, raw.headers, raw)
            if raw.status != HTTPStatus.OK:
                _ = answer.content  # which reads it, so that the connection is free again
        except (HTTPError, HTTPException, OSError) as error:
            raise HTTPClientError(error=error) from error
        return answer


def way_of(
    sent: "AWSPreparedRequest",
    request: Mapping[str, Any],
    *,
    client: "S3Client",
    credentials: "Credentials",
) -> Way | None:
    """Return the way that a request of the client's took, if we would have sent the same."""
    headers = {name.lower(): header_text(value) for name, value in sent.headers.items()}
    scope = _SCOPE.match(headers.get("authorization", ""))
    pool = _pool_of(client, sent.url)
    if scope is None or pool is None or not request.keys() <= UNDERSTOOD:
        return None
    base = sent.url.removesuffix(quote(request["Key"], safe="/~"))
    agent = headers.get("user-agent", "")
    way = Way(sent.method, base, _host_of(base), scope["region"], agent, credentials, pool)
    ours: Any = way.request(request, stamp=headers.get("x-amz-date", ""))
    theirs = {name: text for name, text in headers.items() if name not in _LEFT_OUT}
    return way if (ours.url, ours.headers) == (sent.url, theirs) else None


def described(answer: "AWSResponse") -> dict[str, Any]:
    """Return what gets and heads have in common, by boto3's names."""
    found: dict[str, Any] = {}
    metadata: dict[str, str] = {}
    for header, text in answer.headers.items():
        name = header.lower()
        if name.startswith(_META):
            metadata[header[len(_META) :]] = text
        elif name in _ANSWERED:
            found[_ANSWERED[name]] = text
    return {**found, "Metadata": metadata}


def _pool_of(client: "S3Client", url: str) -> "HTTPConnectionPool | None":
    """Return the client's own connections to an address, set up as botocore does; none by a proxy.

    They have no public name; where they have another one some day, there is no way but botocore's.
    """
    try:
        session = client._endpoint.http_session  # type: ignore[attr-defined] # noqa: SLF001 -- see above
        proxy = session._proxy_config.proxy_url_for(url)  # noqa: SLF001 -- see above
        pool: HTTPConnectionPool = session._manager.connection_from_url(url)  # noqa: SLF001 -- same
    except AttributeError:
        return None
    return None if proxy or not fits(pool) else pool


def _headers_of(request: Mapping[str, Any]) -> dict[str, str]:
    headers = {_HEADERS[name]: request[name] for name in request.keys() & _HEADERS.keys()}
    for name, text in request.get("Metadata", {}).items():
        headers[_META + name] = text
    return headers


def _host_of(address: str) -> str:
    """Return the header ``Host`` for an address: the scheme's own port is left out."""
    parts = urlsplit(address)
    return parts.netloc.lower().removesuffix(_PORTS.get(parts.scheme, ""))
