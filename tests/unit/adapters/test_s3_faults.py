"""What the S3 adapter makes of trouble: injected where botocore sends, with moto behind it."""

import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from socket import socket
from time import monotonic
from typing import TYPE_CHECKING, Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from urllib3.exceptions import SSLError

from at_length import keep_at_length
from feedmirror.adapters.s3 import S3Store, make_client
from feedmirror.adapters.s3_short_way import HANDED_ON
from feedmirror.ports.object_store import (
    Content,
    LostConditionError,
    StoredObject,
    StoreUnavailableError,
)
from feedmirror.version import VERSION
from moto_endpoint import moto_endpoint

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET = "bucket"
ATTEMPTS = 3
OURS = Content(b'{"nonce": "ours"}', "application/json")
THEIRS = Content(b'{"nonce": "theirs"}', "application/json")
Fault = Callable[[AWSPreparedRequest], AWSResponse | None]


class Stream(BytesIO):
    """The raw side of an answer, as botocore reads it: whole from an error, else piece by piece."""

    def stream(self) -> Iterator[bytes]:
        yield self.read()


class TornStream(Stream):
    def read(self, _size: int | None = -1, /) -> bytes:
        raise SSLError("record layer failure")


def reply(
    request: AWSPreparedRequest, status: int, raw: Stream, *, length: int | None = None
) -> AWSResponse:
    headers = HTTPHeaders()
    headers["Content-Type"] = "application/xml"
    headers["Content-Length"] = str(length or len(raw.getvalue()))
    headers["ETag"] = '"etag"'
    return AWSResponse(request.url, status, headers, raw)


def answer(status: int, code: str) -> Fault:
    """Answer in S3's place; the request goes no further."""
    text = f"<Error><Code>{code}</Code><Message>injected</Message></Error>".encode()
    return lambda request: reply(request, status, Stream(text))


def body(text: bytes, *, length: int | None = None) -> Fault:
    """Answer 200 with a body, of which more may have been promised than comes."""
    return lambda request: reply(request, 200, Stream(text), length=length)


def through(_request: AWSPreparedRequest) -> None:
    """Let the request pass."""


def time_out(request: AWSPreparedRequest) -> AWSResponse:
    raise ReadTimeoutError(endpoint_url=request.url)


def hang_up(request: AWSPreparedRequest) -> AWSResponse:
    raise ConnectionClosedError(endpoint_url=request.url)


@dataclass
class Wire:
    """The place before S3: each request meets the next fault, the last one stays."""

    faults: list[Fault] = field(default_factory=list)
    sent: int = 0

    def __call__(self, request: AWSPreparedRequest, **_: object) -> AWSResponse | None:
        if HANDED_ON in request.headers:
            return None  # it has met its fault on the short way
        self.sent += 1
        if not self.faults:
            return None
        fault = self.faults.pop(0) if len(self.faults) > 1 else self.faults[0]
        return fault(request)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with moto_endpoint() as address, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        yield address


@pytest.fixture(scope="module")
def calm(endpoint: str) -> Iterator["S3Client"]:
    """Give a client that meets no faults: it sees how things really are."""
    client = make_client(endpoint_url=endpoint)
    client.create_bucket(Bucket=BUCKET)
    yield client
    client.close()


BOTH_WAYS = ["short way", "botocore's own"]


def a_client(endpoint: str, way: str) -> "S3Client":
    """Return a client that takes one of both ways to S3, from its first request on."""
    client = make_client(endpoint_url=endpoint, attempts=ATTEMPTS)
    if way == "short way":
        store, key = S3Store(client, BUCKET), f"first-{uuid.uuid4()}"
        store.put(key, OURS, replaces=None)
        store.get(key)
        store.head(key)
    else:
        keep_at_length(client)
    return client


@pytest.fixture(scope="module", params=BOTH_WAYS)
def troubled(
    endpoint: str, calm: "S3Client", request: pytest.FixtureRequest
) -> Iterator["S3Client"]:
    """Give the client that meets faults; its retry budget pays for some 35 retries in vain."""
    assert calm.head_bucket(Bucket=BUCKET)
    client = a_client(endpoint, request.param)
    yield client
    client.close()


@dataclass(frozen=True, slots=True)
class Lab:
    """A store in trouble, how things really are, and a key of this test's own."""

    store: S3Store
    truth: S3Store
    wire: Wire  # of all requests
    puts: Wire  # of the puts alone, so that reading back is as calm as it would be
    key: str

    def put(self, *, replaces: str | None = None) -> str:
        return self.store.put(self.key, OURS, replaces=replaces)

    def found(self) -> StoredObject | None:
        return self.truth.get(self.key)

    def landed(self, content: Content, *, then: Fault) -> Fault:
        """Let a put of the content land by another way, and then let the answer be lost."""

        def fault(request: AWSPreparedRequest) -> AWSResponse | None:
            present = self.truth.head(self.key)
            self.truth.put(self.key, content, replaces=present.etag if present else None)
            return then(request)

        return fault


@contextmanager
def opened(client: "S3Client", calm: "S3Client", key: str) -> Iterator[Lab]:
    wire, puts = Wire(), Wire()
    events: Any = client.meta.events  # typed as if an answer of a handler's were lost
    events.register("before-send.s3", wire)
    events.register("before-send.s3.PutObject", puts)
    store = S3Store(client, BUCKET, attempts=ATTEMPTS, pause=0.001)
    yield Lab(store, S3Store(calm, BUCKET), wire=wire, puts=puts, key=key)
    events.unregister("before-send.s3", wire)
    events.unregister("before-send.s3.PutObject", puts)


@pytest.fixture
def key(request: pytest.FixtureRequest) -> str:
    return re.sub(r"\W", "-", request.node.name)


@pytest.fixture
def lab(troubled: "S3Client", calm: "S3Client", key: str) -> Iterator[Lab]:
    with opened(troubled, calm, key) as lab:
        yield lab


@pytest.fixture(params=BOTH_WAYS)
def hopeless_lab(
    endpoint: str, calm: "S3Client", key: str, request: pytest.FixtureRequest
) -> Iterator[Lab]:
    """Give a lab whose client may use up its whole retry budget."""
    client = a_client(endpoint, request.param)
    with opened(client, calm, key) as lab:
        yield lab
    client.close()


def body_of(found: StoredObject | None) -> bytes:
    assert found is not None
    return found.content.body


CONFLICT = answer(409, "ConditionalRequestConflict")
LOST_ANSWERS = pytest.mark.parametrize(
    "lost",
    [answer(503, "ServiceUnavailable"), answer(500, "InternalError"), time_out, hang_up],
    ids=["503", "500", "timeout", "reset"],
)


def test_a_conflict_means_that_nothing_happened_and_the_put_is_tried_again(lab: Lab) -> None:
    lab.puts.faults = [CONFLICT, CONFLICT, through]

    etag = lab.put()

    assert lab.found() == StoredObject(OURS, etag)
    assert lab.puts.sent == 3


def test_a_conflict_without_end_is_trouble_and_not_a_lost_condition(lab: Lab) -> None:
    lab.puts.faults = [CONFLICT]

    with pytest.raises(StoreUnavailableError, match=rf"s3://{BUCKET}/{lab.key}: .*Conflict"):
        lab.put()

    assert lab.found() is None
    assert lab.puts.sent == ATTEMPTS


def test_a_conflict_that_another_put_wins_is_a_lost_condition(lab: Lab) -> None:
    lab.puts.faults = [lab.landed(THEIRS, then=CONFLICT), through]

    with pytest.raises(LostConditionError):
        lab.put()

    assert body_of(lab.found()) == THEIRS.body


def test_a_conflict_after_which_our_own_body_is_there_is_a_put_of_ours(lab: Lab) -> None:
    lab.puts.faults = [lab.landed(OURS, then=CONFLICT), through]

    etag = lab.put()

    assert lab.found() == StoredObject(OURS, etag)


@LOST_ANSWERS
def test_a_create_that_landed_before_it_was_sent_again_is_ours(lab: Lab, lost: Fault) -> None:
    lab.puts.faults = [lab.landed(OURS, then=lost), through]

    etag = lab.put()

    assert lab.found() == StoredObject(OURS, etag)
    assert lab.puts.sent == 2


@LOST_ANSWERS
def test_a_replacement_that_landed_before_it_was_sent_again_is_ours(lab: Lab, lost: Fault) -> None:
    old = lab.truth.put(lab.key, THEIRS, replaces=None)
    lab.puts.faults = [lab.landed(OURS, then=lost), through]

    etag = lab.put(replaces=old)

    assert lab.found() == StoredObject(OURS, etag)


def test_a_put_whose_answer_was_lost_before_it_landed_is_sent_again(lab: Lab) -> None:
    lab.puts.faults = [answer(503, "ServiceUnavailable"), through]

    lab.put()

    assert body_of(lab.found()) == OURS.body


@LOST_ANSWERS
def test_somebody_elses_body_after_a_resend_is_a_lost_condition(lab: Lab, lost: Fault) -> None:
    lab.puts.faults = [lab.landed(THEIRS, then=lost), through]

    with pytest.raises(LostConditionError):
        lab.put()

    assert body_of(lab.found()) == THEIRS.body


def test_a_first_answer_of_412_is_lost_even_to_the_same_bytes(lab: Lab) -> None:
    """Only a put that was sent twice may be its own rival; nothing is read back here."""
    lab.truth.put(lab.key, OURS, replaces=None)

    with pytest.raises(LostConditionError):
        lab.put()

    assert lab.wire.sent == 1


def test_an_ambiguous_412_that_cannot_be_read_back_is_trouble(lab: Lab) -> None:
    lost = answer(503, "ServiceUnavailable")
    lab.wire.faults = [
        lab.landed(OURS, then=lost),
        answer(412, "PreconditionFailed"),
        answer(403, "AccessDenied"),
    ]

    with pytest.raises(StoreUnavailableError, match="AccessDenied"):
        lab.put()


def test_a_key_that_is_gone_is_a_lost_condition_in_either_dialect(lab: Lab) -> None:
    """S3 answers 404 to If-Match on an absent key, SeaweedFS 412."""
    for refusal in (answer(404, "NoSuchKey"), answer(412, "PreconditionFailed")):
        lab.puts.faults = [refusal]

        with pytest.raises(LostConditionError):
            lab.put(replaces='"etag"')


@pytest.mark.parametrize(
    "fault",
    [
        answer(500, "InternalError"),
        answer(503, "ServiceUnavailable"),
        answer(403, "AccessDenied"),
        answer(404, "NoSuchBucket"),
        answer(400, "ExpiredToken"),
        time_out,
        hang_up,
    ],
    ids=["500", "503", "403", "bucket", "400", "timeout", "reset"],
)
def test_trouble_that_stays_is_told_with_bucket_and_key(hopeless_lab: Lab, fault: Fault) -> None:
    lab = hopeless_lab
    etag = lab.truth.put(lab.key, THEIRS, replaces=None)
    lab.wire.faults = [fault]
    place = f"s3://{BUCKET}/{lab.key}: "

    with pytest.raises(StoreUnavailableError, match=place):
        lab.store.get(lab.key)
    with pytest.raises(StoreUnavailableError, match=place):
        lab.put(replaces=etag)
    with pytest.raises(StoreUnavailableError, match=place):
        next(lab.store.list(lab.key))

    assert body_of(lab.found()) == THEIRS.body


def test_a_refusal_is_never_taken_for_an_absence(lab: Lab) -> None:
    lab.wire.faults = [answer(403, "AccessDenied")]

    with pytest.raises(StoreUnavailableError):
        lab.store.get(lab.key)
    with pytest.raises(StoreUnavailableError):
        lab.store.head(lab.key)
    assert lab.wire.sent == 2


def test_retries_are_bounded(lab: Lab) -> None:
    lab.wire.faults = [answer(500, "InternalError")]

    with pytest.raises(StoreUnavailableError):
        lab.store.head(lab.key)

    assert lab.wire.sent == ATTEMPTS


def test_a_body_that_breaks_off_is_read_again(lab: Lab) -> None:
    lab.truth.put(lab.key, OURS, replaces=None)
    lab.wire.faults = [body(b"half", length=8), body(b"half", length=8), through]

    found = lab.store.get(lab.key)

    assert found is not None
    assert found.content == OURS


def test_a_tls_error_in_the_middle_of_a_body_is_read_over(lab: Lab) -> None:
    """What urllib3 raises there, botocore lets pass."""
    lab.truth.put(lab.key, OURS, replaces=None)
    lab.wire.faults = [lambda request: reply(request, 200, TornStream()), through]

    found = lab.store.get(lab.key)

    assert found is not None
    assert found.content == OURS


def test_a_body_that_always_breaks_off_is_trouble_and_never_half_a_record(lab: Lab) -> None:
    lab.wire.faults = [body(b"half", length=8)]

    with pytest.raises(StoreUnavailableError, match=lab.key):
        lab.store.get(lab.key)

    assert lab.wire.sent == ATTEMPTS


@pytest.mark.parametrize(
    "listing",
    [
        b"<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>suppr",
        b"<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
        b"",
        b"<html>A proxy's page</html>",
    ],
    ids=["cut short", "no way on", "empty", "other"],
)
def test_half_a_listing_is_trouble_and_not_the_end(lab: Lab, listing: bytes) -> None:
    """A rule that a listing leaves out would let a removed item return."""
    lab.wire.faults = [body(listing)]

    with pytest.raises(StoreUnavailableError, match=f"s3://{BUCKET}/suppressions/"):
        list(lab.store.list("suppressions/"))


def test_trouble_on_a_later_page_is_told_after_the_pages_before_it(lab: Lab) -> None:
    page = (
        b"<ListBucketResult><IsTruncated>true</IsTruncated>"
        b"<NextContinuationToken>t</NextContinuationToken>"
        b"<Contents><Key>a</Key><ETag>&quot;e&quot;</ETag><Size>1</Size></Contents>"
        b"</ListBucketResult>"
    )
    lab.wire.faults = [body(page), answer(403, "AccessDenied")]
    listing = lab.store.list("")

    assert next(listing).key == "a"
    assert lab.wire.sent == 1
    with pytest.raises(StoreUnavailableError):
        next(listing)


@pytest.mark.parametrize("listens", [True, False], ids=["silent", "closed"])
def test_a_store_that_never_answers_is_trouble_in_time(endpoint: str, *, listens: bool) -> None:
    assert endpoint  # for its credentials
    with socket() as silent:
        silent.bind(("127.0.0.1", 0))
        if listens:
            silent.listen()
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        client = make_client(endpoint_url=address, attempts=2, read_timeout=0.1)
        started = monotonic()

        with pytest.raises(StoreUnavailableError, match="s3://bucket/key"):
            S3Store(client, BUCKET).get("key")

        client.close()
    assert monotonic() - started < 5


def test_a_client_has_a_connection_for_every_thread_and_sends_no_more_than_is_asked_for(
    endpoint: str,
) -> None:
    client = make_client(endpoint_url=endpoint, connections=48)
    names: list[str] = []
    agents: list[Any] = []

    def look(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        names.extend(name.lower() for name in request.headers)
        agents.append(request.headers["User-Agent"])
        return reply(request, 200, Stream())

    events: Any = client.meta.events
    events.register("before-send.s3.PutObject", look)
    S3Store(client, BUCKET).put("key", OURS, replaces=None)
    client.close()

    assert client.meta.config.max_pool_connections == 48  # type: ignore[attr-defined]  # not stubbed
    assert "if-none-match" in names
    assert {"authorization", "x-amz-content-sha256"} <= set(names)  # the body is signed as well
    assert [name for name in names if "checksum" in name] == []
    assert "expect" not in names  # to be told to go on costs a round trip
    assert agents[0].startswith(f"feedmirror/{VERSION} ".encode())
