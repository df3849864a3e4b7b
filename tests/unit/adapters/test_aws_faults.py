"""What is to be mended, told from what Amazon or botocore says."""

import os

import pytest
from botocore import exceptions
from botocore.exceptions import ClientError

from feedmirror.adapters import aws
from feedmirror.adapters.aws import fault_of, make_client
from feedmirror.ports.object_store import Fault, StoreUnavailableError


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (exceptions.NoCredentialsError(), Fault.NO_CREDENTIALS),
        (
            exceptions.PartialCredentialsError(provider="env", cred_var="aws_secret_access_key"),
            Fault.NO_CREDENTIALS,
        ),
        (
            exceptions.CredentialRetrievalError(provider="process", error_msg="x"),
            Fault.NO_CREDENTIALS,
        ),
        (exceptions.ProfileNotFound(profile="x"), Fault.NO_PROFILE),
        (exceptions.SSOTokenLoadError(error_msg="x"), Fault.EXPIRED),
        (exceptions.UnauthorizedSSOTokenError(), Fault.EXPIRED),
        (exceptions.TokenRetrievalError(provider="sso", error_msg="x"), Fault.EXPIRED),
        (exceptions.NoRegionError(), Fault.NO_REGION),
        (exceptions.InvalidRegionError(region_name="x y"), Fault.NO_REGION),
        (exceptions.EndpointConnectionError(endpoint_url="x"), Fault.UNREACHABLE),
        (exceptions.ConnectTimeoutError(endpoint_url="x"), Fault.UNREACHABLE),
        (exceptions.ReadTimeoutError(endpoint_url="x"), Fault.UNREACHABLE),
        (exceptions.ConnectionClosedError(endpoint_url="x"), Fault.UNREACHABLE),
        (exceptions.SSLError(endpoint_url="x", error=ValueError("x")), Fault.UNREACHABLE),
        (exceptions.ProxyConnectionError(proxy_url="x"), Fault.UNREACHABLE),
        (ValueError("Invalid endpoint: x"), Fault.NO_ADDRESS),
        (exceptions.ConfigParseError(path="x"), Fault.UNKNOWN),
        (ClientError({"Error": {"Code": "SlowDown"}}, "GetObject"), Fault.UNKNOWN),
        (ClientError({"Error": {"Code": "403"}}, "HeadObject"), Fault.REFUSED),
        (ClientError({"Error": {"Code": "301"}}, "HeadObject"), Fault.OTHER_REGION),
        ("a listing broke off", Fault.UNKNOWN),
    ],
)
def test_an_error_is_told_by_what_is_to_be_mended(error: object, fault: Fault) -> None:
    assert fault_of(error) is fault


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("HOME", "/nowhere", Fault.NO_REGION),  # nothing is configured
        ("AWS_DEFAULT_REGION", "not a region", Fault.NO_REGION),
        ("AWS_PROFILE", "nobody", Fault.NO_PROFILE),
        ("AWS_ENDPOINT_URL", "nonsense", Fault.NO_ADDRESS),
    ],
)
def test_a_client_that_cannot_be_made_says_why(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, fault: Fault
) -> None:
    for known in [each for each in os.environ if each.startswith("AWS_")]:
        monkeypatch.delenv(known)
    if fault is not Fault.NO_REGION:
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv(name, value)
    aws._session.cache_clear()  # noqa: SLF001 -- it holds the environment of whoever was before

    with pytest.raises(StoreUnavailableError) as refused:
        make_client("sesv2")

    aws._session.cache_clear()  # noqa: SLF001 -- and that of here
    assert refused.value.fault is fault
