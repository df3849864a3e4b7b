"""A request to S3 signed in one pass, as botocore signs it.

The rules are those of the S3 API reference, "Signature Calculations for the Authorization Header:
Transferring Payload in a Single Chunk": the path is encoded once and not normalised, and the
digest of the body is part of what is signed.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botocore.credentials import ReadOnlyCredentials

_ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Unsigned:
    """What is signed of a request without a query; names of headers are in lower case.

    ``path`` is percent-encoded; ``host`` is as in the header, without the scheme's own port.
    """

    method: str
    host: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""


def signed(
    request: Unsigned, credentials: "ReadOnlyCredentials", *, region: str, stamp: str
) -> dict[str, str]:
    """Return the request's headers and those that a signature adds, but for the host's.

    ``stamp`` is the time in UTC as ``YYYYMMDDTHHMMSSZ``.
    """
    digest = sha256(request.body).hexdigest()
    headers = {**request.headers, "x-amz-date": stamp, "x-amz-content-sha256": digest}
    if credentials.token:
        headers["x-amz-security-token"] = credentials.token
    lines = {name: " ".join(text.split()) for name, text in headers.items()}
    lines["host"] = request.host
    names = sorted(lines)
    listed = ";".join(names)
    canonical = "\n".join(
        (
            request.method,
            request.path,
            "",  # the query
            *(f"{name}:{lines[name]}" for name in names),
            "",
            listed,
            digest,
        )
    )
    scope = f"{stamp[:8]}/{region}/s3/aws4_request"
    to_sign = f"{_ALGORITHM}\n{stamp}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
    secret = _secret_of(credentials.secret_key, stamp[:8], region)
    signature = hmac.digest(secret, to_sign.encode(), "sha256").hex()
    headers["authorization"] = (
        f"{_ALGORITHM} Credential={credentials.access_key}/{scope}, "
        f"SignedHeaders={listed}, Signature={signature}"
    )
    return headers


@lru_cache(maxsize=4)
def _secret_of(secret_key: str, day: str, region: str) -> bytes:
    """Return what a day's requests to a region are signed with."""
    secret = f"AWS4{secret_key}".encode()
    for part in (day, region, "s3", "aws4_request"):
        secret = hmac.digest(secret, part.encode(), "sha256")
    return secret
