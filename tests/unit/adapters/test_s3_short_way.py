"""The short way to S3: whether it is taken, what leaves by it, and what becomes of trouble there.

The first test fails when botocore changes what the short way goes by: then all requests take
botocore's own way, which is right, and three times as dear.
"""

import ssl
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest
from boto3.session import Session
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.credentials import CredentialProvider, CredentialResolver, RefreshableCredentials
from hypothesis import given
from hypothesis import strategies as st
from urllib3 import HTTPConnectionPool

from certificates import server_context, write_certificate
from feedmirror.adapters.aws import credentials
from feedmirror.adapters.limits import acceptable
from feedmirror.adapters.s3 import S3Store, make_client
from feedmirror.adapters.s3_requests import Way, way_of
from feedmirror.adapters.s3_short_way import shortened
from feedmirror.ports.object_store import (
    Content,
    Fault,
    ObjectSummary,
    StoredObject,
    StoreUnavailableError,
)
from loopback import Answer, Publisher

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET = "bucket"
NOTE = Content(b"a note", "text/plain", "max-age=60", {"author": "Ann"})
ENDPOINTS = {
    "path": "http://127.0.0.1:9",
    "with a path": "http://127.0.0.1:9/base/",
    "default port": "http://localhost:80",
    "virtual host": "",
}


class Empty(BytesIO):
    """A body as botocore reads it."""

    def stream(self) -> Iterator[bytes]:
        yield self.read()


class Answering:
    """Stands where requests leave, answers each with success, and keeps them."""

    def __init__(self, client: "S3Client") -> None:
        self.sent: list[AWSPreparedRequest] = []
        self.called: list[str] = []
        self.told: list[str] = []
        events: Any = client.meta.events  # typed as if an answer of a handler's were lost
        events.register("before-send.s3", self._answer)
        events.register("before-call.s3", lambda model, **_: self.called.append(model.name))
        events.register("after-call.s3", lambda event_name, **_: self.told.append(event_name))

    def _answer(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        self.sent.append(request)
        headers = HTTPHeaders()
        headers["ETag"], headers["Content-Type"] = '"etag"', "text/plain"
        headers["Content-Length"], headers["x-amz-meta-author"] = "0", "Ann"
        return AWSResponse(request.url, 200, headers, Empty())

    def last(self) -> dict[str, str]:
        """Return the headers of what was sent last."""
        headers: Any = self.sent[-1].headers
        return {
            name.lower(): text.decode() if isinstance(text, bytes) else str(text)
            for name, text in headers.items()
        }


@pytest.fixture(autouse=True)
def _account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


@contextmanager
def a_client(endpoint: str = ENDPOINTS["path"]) -> Iterator["S3Client"]:
    client = make_client(endpoint_url=endpoint or None)
    yield client
    client.close()


def test_the_second_request_of_each_kind_takes_the_short_way() -> None:
    with a_client() as client:
        wire, store = Answering(client), S3Store(client, BUCKET)

        for key in ("first", "second", "third"):
            store.put(key, NOTE, replaces=None)
            store.get(key)
            store.head(key)

    assert wire.called == ["PutObject", "GetObject", "HeadObject"]
    assert len(wire.sent) == 9


def test_answers_mean_the_same_on_both_ways() -> None:
    with a_client() as client:
        wire, store = Answering(client), S3Store(client, BUCKET)

        found = [(store.put("key", NOTE, replaces='"e"'), store.get("key"), store.head("key"))
                 for _ in range(2)]  # fmt: skip

    assert found[0] == found[1]
    content = Content(b"", "text/plain", None, {"author": "Ann"})
    assert found[0] == (
        '"etag"',
        StoredObject(content, '"etag"'),
        ObjectSummary("key", '"etag"', 0, {"author": "Ann"}),
    )
    assert len(wire.called) == 3


def test_botocore_hears_of_each_success_so_that_it_has_retries_to_spare() -> None:
    with a_client() as client:
        wire, store = Answering(client), S3Store(client, BUCKET)

        for _ in range(3):
            store.put("key", NOTE, replaces=None)

    assert wire.told == ["after-call.s3.PutObject"] * 3


def test_a_request_with_anything_more_takes_no_short_way() -> None:
    with a_client() as client:
        wire = Answering(client)

        for _ in range(3):
            client.get_object(Bucket=BUCKET, Key="key", VersionId="1")
            client.put_object(Bucket=BUCKET, Key="key", Body=BytesIO(b"x"), ACL="private")

    assert len(wire.called) == 6
    assert wire.sent[-2].url.endswith("?versionId=1")


def test_without_connections_to_take_there_is_no_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(HTTPConnectionPool, "_get_conn")
    with a_client() as client:
        wire, store = Answering(client), S3Store(client, BUCKET)

        for _ in range(3):
            store.put("key", NOTE, replaces=None)

    assert wire.called == ["PutObject"] * 3


def test_a_client_that_signs_with_other_credentials_takes_no_short_way() -> None:
    other = Session("AKIDOTHER", "other", region_name="eu-central-1")
    plain: S3Client = other.client("s3", config=Config(parameter_validation=False))
    client = shortened(plain, credentials)
    wire = Answering(client)

    for _ in range(3):
        client.head_object(Bucket=BUCKET, Key="key")

    client.close()
    assert len(wire.called) == 3


@pytest.mark.parametrize("proxied", [True, False])
def test_no_short_way_leads_around_a_proxy(
    monkeypatch: pytest.MonkeyPatch, *, proxied: bool
) -> None:
    if proxied:
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with a_client(ENDPOINTS["virtual host"]) as client:
        wire, store = Answering(client), S3Store(client, BUCKET)

        for _ in range(3):
            store.head("key")

    assert len(wire.called) == (3 if proxied else 1)


KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
TEXTS = st.from_regex(r"[!-~]([ -~]{0,20}[!-~])?", fullmatch=True)
CONTENTS = st.builds(
    Content,
    st.binary(max_size=99),
    TEXTS,
    st.none() | TEXTS,
    st.dictionaries(st.from_regex(r"[a-zA-Z0-9._-]{1,9}", fullmatch=True), TEXTS, max_size=3),
)


@pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=ENDPOINTS.keys())
def test_whatever_is_asked_is_what_botocore_would_send(endpoint: str) -> None:
    """``way_of`` compares whole requests, with their signatures: one way is found for all."""
    with a_client(endpoint) as client:
        plain: Any = client
        botocores: S3Client = plain._client  # noqa: SLF001 -- to have its own way again and again
        wire = Answering(client)
        found = credentials()
        assert found is not None

        def way(call: Callable[..., object], **request: object) -> Way | None:
            call(Bucket=BUCKET, **request)
            return way_of(
                wire.sent[-1], {"Bucket": BUCKET, **request}, client=client, credentials=found
            )

        put = way(botocores.put_object, Key="first", Body=b"", ContentType="a/b", Metadata={})
        get = way(botocores.get_object, Key="first")
        head = way(botocores.head_object, Key="first")
        assert put is not None
        assert get is not None
        assert head is not None

        @given(key=KEYS, content=CONTENTS, replaces=st.none() | st.just('"0a"'))
        def same(key: str, content: Content, replaces: str | None) -> None:
            content = acceptable("key", content, replaces=replaces)
            store = S3Store(client, BUCKET)
            request = store._put_request(key, content, replaces)  # noqa: SLF001 -- what it sends
            parameters: dict[str, Any] = {**request}
            del parameters["Bucket"]
            assert way(botocores.put_object, **parameters) == put
            assert way(botocores.get_object, Key=key) == get
            assert way(botocores.head_object, Key=key) == head

        same()


def test_credentials_are_renewed_on_the_short_way() -> None:
    """As Lambda's are: they expire, and botocore asks for others in time."""
    now = datetime.now(UTC)
    issued = 0

    def issue() -> dict[str, str]:
        nonlocal issued
        issued += 1
        return {
            "access_key": f"AKID{issued}",
            "secret_key": f"secret {issued}",
            "token": f"token {issued}",
            "expiry_time": (now + timedelta(hours=1)).isoformat(),
        }

    class Provider(CredentialProvider):
        METHOD = "issued"

        def load(self) -> RefreshableCredentials:
            return RefreshableCredentials(
                "AKID0", "secret 0", "token 0", now + timedelta(hours=1), issue, "issued",
                time_fetcher=lambda: now,
            )  # fmt: skip

    core = botocore.session.Session()
    core.register_component("credential_provider", CredentialResolver([Provider()]))
    session = Session(botocore_session=core, region_name="eu-central-1")
    client = shortened(session.client("s3"), session.get_credentials)
    wire = Answering(client)

    tokens = []
    for _ in range(4):
        client.head_object(Bucket=BUCKET, Key="key")
        headers = wire.last()
        assert f"Credential=AKID{issued}/" in headers["authorization"]
        tokens.append(headers["x-amz-security-token"])
        now += timedelta(minutes=25)  # botocore renews ten to fifteen minutes before the end

    client.close()
    assert tokens == ["token 0", "token 0", "token 1", "token 1"]
    assert len(wire.called) == 1


WRITTEN = Answer(headers=(("ETag", '"e"'),))
WHOLE = Answer(headers=(("ETag", '"e"'), ("Content-Type", "text/plain")), body=NOTE.body)
HALF = Answer(raw=[next(WHOLE.pieces())[:-3]])
HANGS_UP = Answer(raw=[])
LOST = Answer(status=412, body=b"<Error><Code>PreconditionFailed</Code></Error>")
FAILED = Answer(headers=(("ETag", '"x"'),), body=b"<Error><Code>InternalError</Code></Error>")
LATE = Answer(pause=0.5)


def a_server(*answers: Answer, tls: ssl.SSLContext | None = None) -> Publisher:
    """Return a server that says one thing after another."""
    left = iter(answers)
    return Publisher(lambda _: next(left), address="127.0.0.1", tls=tls)


def methods(server: Publisher) -> list[str]:
    return [seen.method for seen in server.seen]


def test_a_put_whose_answer_is_lost_on_the_short_way_is_known_again() -> None:
    """It landed, and the connection broke: sent again, it meets itself."""
    with a_server(WRITTEN, HANGS_UP, LOST, WHOLE) as server, a_client(server.url()) as client:
        store = S3Store(client, BUCKET)
        store.put("first", NOTE, replaces=None)

        etag = store.put("second", NOTE, replaces=None)

    assert etag == '"e"'
    assert methods(server) == ["PUT", "PUT", "PUT", "GET"]


def test_a_body_that_breaks_off_on_the_short_way_is_read_again() -> None:
    with a_server(WHOLE, HALF, HANGS_UP, WHOLE) as server, a_client(server.url()) as client:
        store = S3Store(client, BUCKET, pause=0.001)
        store.get("key")

        found = store.get("key")

    assert found is not None
    assert found.content.body == NOTE.body
    assert methods(server) == ["GET"] * 4


def test_a_put_that_is_answered_with_an_error_under_200_is_sent_again() -> None:
    """S3 User Guide, "Handling errors": some operations begin to answer before they have failed."""
    with a_server(WRITTEN, FAILED, WRITTEN) as server, a_client(server.url()) as client:
        store = S3Store(client, BUCKET)
        store.put("first", NOTE, replaces=None)

        etag = store.put("second", NOTE, replaces=None)

    assert etag == '"e"'
    assert methods(server) == ["PUT"] * 3


def test_the_clients_own_time_limit_holds_on_the_short_way() -> None:
    with a_server(WRITTEN, LATE) as server:
        client = make_client(endpoint_url=server.url(), attempts=1, read_timeout=0.1)
        store = S3Store(client, BUCKET)
        store.put("first", NOTE, replaces=None)

        with pytest.raises(StoreUnavailableError, match="timed out") as trouble:
            store.put("second", NOTE, replaces=None)

        client.close()
    assert trouble.value.fault is Fault.UNREACHABLE
    assert methods(server) == ["PUT"] * 2


def test_the_short_way_is_one_of_botocores_connections_with_its_tls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "server.pem"
    write_certificate(path, address="127.0.0.1")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(path))
    with (
        a_server(WRITTEN, WRITTEN, WRITTEN, tls=server_context(path)) as server,
        a_client(server.url()) as client,
    ):
        called = Counter[str]()
        events: Any = client.meta.events
        events.register("before-call.s3", lambda model, **_: called.update([model.name]))
        store = S3Store(client, BUCKET)

        for key in ("first", "second", "third"):
            store.put(key, NOTE, replaces=None)

    assert called == {"PutObject": 1}
    assert server.connects == 1
    assert methods(server) == ["PUT"] * 3
