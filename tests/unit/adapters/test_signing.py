"""Signatures of requests to S3: those that AWS publishes, and for all others botocore's."""

from urllib.parse import quote

import pytest
from botocore.auth import SIGV4_TIMESTAMP, S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import get_current_datetime
from botocore.credentials import Credentials, ReadOnlyCredentials
from hypothesis import given
from hypothesis import strategies as st

from feedmirror.adapters.signing import Unsigned, signed

PUBLISHED = ReadOnlyCredentials(
    "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", None
)
HOST = "examplebucket.s3.amazonaws.com"
GET = Unsigned("GET", HOST, "/test.txt", {"range": "bytes=0-9"})
PUT = Unsigned(
    "PUT",
    HOST,
    "/test%24file.text",
    {"date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"},
    b"Welcome to Amazon S3.",
)


@pytest.mark.parametrize(
    ("request_", "signature"),
    [
        (GET, "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
        (PUT, "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"),
    ],
    ids=["get", "put"],
)
def test_the_examples_of_the_api_reference_are_signed_as_there(
    request_: Unsigned, signature: str
) -> None:
    """S3 API reference, "Signature Calculations for the Authorization Header", the examples."""
    headers = signed(request_, PUBLISHED, region="us-east-1", stamp="20130524T000000Z")

    names = ";".join(sorted({*request_.headers, "host", "x-amz-content-sha256", "x-amz-date"}))
    assert headers["authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
        f"SignedHeaders={names}, Signature={signature}"
    )


TEXTS = st.text(st.characters(codec="ascii", min_codepoint=32, max_codepoint=126))
NAMES = st.from_regex(r"(if|x-amz-meta)-[a-z0-9.!_-]{1,12}", fullmatch=True)


@given(
    method=st.sampled_from(["GET", "PUT", "HEAD"]),
    key=st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
    headers=st.dictionaries(NAMES, TEXTS, max_size=4),
    body=st.binary(max_size=99),
    token=st.none() | st.just("token/of+STS=="),
    region=st.sampled_from(["us-east-1", "eu-central-1"]),
)
def test_any_request_is_signed_as_botocore_signs_it(
    method: str, key: str, headers: dict[str, str], body: bytes, token: str | None, region: str
) -> None:
    path = "/bucket/" + quote(key, safe="/~")
    theirs = AWSRequest(method, f"https://s3.example:8443{path}", headers, body)
    credentials = Credentials("AKIDEXAMPLE", "secret", token).get_frozen_credentials()
    S3SigV4Auth(credentials, "s3", region).add_auth(theirs)

    ours = signed(
        Unsigned(method, "s3.example:8443", path, headers, body),
        credentials,
        region=region,
        stamp=theirs.headers["X-Amz-Date"],
    )

    assert ours == {name.lower(): text for name, text in theirs.headers.items()}


def test_each_day_and_each_secret_has_a_signature_of_its_own() -> None:
    other = ReadOnlyCredentials(PUBLISHED.access_key, "another", None)
    today = get_current_datetime().strftime(SIGV4_TIMESTAMP)

    found = {
        signed(GET, credentials, region=region, stamp=stamp)["authorization"][-64:]
        for credentials in (PUBLISHED, other)
        for region in ("us-east-1", "eu-central-1")
        for stamp in ("20130524T000000Z", "20130525T000000Z", today)
    }

    assert len(found) == 12
