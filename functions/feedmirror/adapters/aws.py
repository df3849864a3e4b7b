"""Clients of Amazon's services, made in one way, and what their errors mean.

boto3 and botocore are loaded only once a client is made, so that the embedded store does without
them. What an error says is told without the mail addresses that Amazon repeats in it.
"""

import re
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal, overload

from feedmirror.ports.object_store import Fault, StoreUnavailableError

if TYPE_CHECKING:
    from boto3.session import Session
    from botocore.config import Config
    from botocore.credentials import Credentials
    from mypy_boto3_cloudfront import CloudFrontClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

Service = Literal["sesv2", "sqs", "sns", "cloudfront"]  # of the functions, beside S3
# A mail that is sent again by botocore, after an answer that got lost, arrives twice. The caller
# writes down what it means to send and decides itself. The others may well be told a thing twice.
_ATTEMPTS = {"sesv2": 1}
_LONGEST = 300  # characters of what a service says
_MAILBOX = re.compile(r"[^\s<>\"'@,;:]{1,64}@[^\s<>\"'@,;:]{1,255}")
_REDACTED = "…@…"
# A session may not make two clients at once (boto3 guide, "Session", "Multithreading").
_MAKING = Lock()


# Amazon S3, "Error responses"; a head is answered by the status alone.
_CODES = {
    "NoSuchBucket": Fault.NO_BUCKET,
    "AccessDenied": Fault.REFUSED,
    "AllAccessDisabled": Fault.REFUSED,
    "403": Fault.REFUSED,
    "ExpiredToken": Fault.EXPIRED,
    "ExpiredTokenException": Fault.EXPIRED,
    "RequestExpired": Fault.EXPIRED,
    "TokenRefreshRequired": Fault.EXPIRED,
    "InvalidAccessKeyId": Fault.UNKNOWN_CREDENTIALS,
    "InvalidToken": Fault.UNKNOWN_CREDENTIALS,
    "SignatureDoesNotMatch": Fault.UNKNOWN_CREDENTIALS,
    "UnrecognizedClientException": Fault.UNKNOWN_CREDENTIALS,
    "RequestTimeTooSkewed": Fault.CLOCK,
    "PermanentRedirect": Fault.OTHER_REGION,
    "AuthorizationHeaderMalformed": Fault.OTHER_REGION,
    "301": Fault.OTHER_REGION,
}
# botocore's own, by name: botocore.exceptions is not loaded here.
_TROUBLES = {
    "NoCredentialsError": Fault.NO_CREDENTIALS,
    "PartialCredentialsError": Fault.NO_CREDENTIALS,
    "CredentialRetrievalError": Fault.NO_CREDENTIALS,
    "ProfileNotFound": Fault.NO_PROFILE,
    "SSOTokenLoadError": Fault.EXPIRED,
    "UnauthorizedSSOTokenError": Fault.EXPIRED,
    "TokenRetrievalError": Fault.EXPIRED,
    "NoRegionError": Fault.NO_REGION,
    "InvalidRegionError": Fault.NO_REGION,
    "ConnectionError": Fault.UNREACHABLE,  # and all that are one: no address, no answer, no TLS
    "HTTPClientError": Fault.UNREACHABLE,
    "ValueError": Fault.NO_ADDRESS,
}


def open_client(name: str, *, endpoint_url: str | None, config: "Config") -> Any:  # noqa: ANN401 -- by name
    """Return a client of this process's one session, which reads what all of them share once.

    Raises StoreUnavailableError for a profile, region or endpoint that is none.
    """
    wrong: tuple[type[Exception], ...] = (*faults(), ValueError)
    with _MAKING:
        try:
            session: Any = _session()
            return session.client(name, endpoint_url=endpoint_url, config=config)
        except wrong as error:
            raise unavailable("AWS", error) from error


def credentials() -> "Credentials | None":
    """Return what this process's clients sign with, if there is anything; it renews itself."""
    found: Credentials | None = _session().get_credentials()
    return found


@cache
def _session() -> "Session":
    from boto3.session import Session  # noqa: PLC0415 -- 0.2 s, only where AWS is used

    return Session()


@overload
def make_client(name: Literal["sesv2"], *, endpoint_url: str | None = None) -> "SESV2Client": ...
@overload
def make_client(name: Literal["sqs"], *, endpoint_url: str | None = None) -> "SQSClient": ...
@overload
def make_client(name: Literal["sns"], *, endpoint_url: str | None = None) -> "SNSClient": ...
@overload
def make_client(
    name: Literal["cloudfront"], *, endpoint_url: str | None = None
) -> "CloudFrontClient": ...
@overload
def make_client(
    name: Literal["cloudwatch"], *, endpoint_url: str | None = None
) -> "CloudWatchClient": ...
def make_client(name: Service | Literal["cloudwatch"], *, endpoint_url: str | None = None) -> Any:
    """Return a client with bounded attempts and timeouts; SES's makes one attempt only.

    Credentials, region and ``AWS_ENDPOINT_URL`` are boto3's own business.
    """
    from botocore.config import Config  # noqa: PLC0415 -- with boto3

    config = Config(
        retries={"mode": "standard", "total_max_attempts": _ATTEMPTS.get(name, 4)},
        connect_timeout=3,
        read_timeout=10,
        tcp_keepalive=True,
    )
    return open_client(name, endpoint_url=endpoint_url, config=config)


@cache
def faults() -> tuple[type[Exception], ...]:
    """Return all that botocore raises for an answer, or for none."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 -- with the client

    return (BotoCoreError, ClientError)


def code_of(error: Exception) -> str:
    """Return the code of a service's answer, or nothing where there was no answer."""
    from botocore.exceptions import ClientError  # noqa: PLC0415 -- with the client

    if not isinstance(error, ClientError):
        return ""
    return error.response.get("Error", {}).get("Code", "")


def reason_of(error: Exception) -> str:
    """Return what an error says in one line, without mail addresses."""
    return _MAILBOX.sub(_REDACTED, " ".join(str(error).split()))[:_LONGEST]


def fault_of(error: object) -> Fault:
    """Return what is to be mended, where an error says so."""
    known = _CODES.get(code_of(error)) if isinstance(error, Exception) else None
    names = (kind.__name__ for kind in type(error).__mro__)
    return known or next((_TROUBLES[name] for name in names if name in _TROUBLES), Fault.UNKNOWN)


def unavailable(what: str, error: Exception) -> StoreUnavailableError:
    """Return what any trouble with a service means to whoever asked for something."""
    fault = fault_of(error)
    return StoreUnavailableError(f"{what}: {reason_of(error)}", fault=fault, place=what)
