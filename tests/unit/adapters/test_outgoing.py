"""What leaves by SES, SQS, SNS and CloudFront, as moto receives it, and what their errors mean.

Errors are botocore's own: put in its way by its stubber, or met on a loopback address.
"""

import json
import socket
import traceback
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest
from botocore.stub import Stubber
from moto import mock_aws
from moto.backends import get_backend
from moto.core.models import DEFAULT_ACCOUNT_ID

from feedmirror.adapters.aws import Service, make_client, reason_of
from feedmirror.adapters.cloudfront import CloudFrontCdn, NoCdn
from feedmirror.adapters.outbox import OutboxMailer
from feedmirror.adapters.ses import SesMailer
from feedmirror.adapters.sns import SnsAlarms
from feedmirror.adapters.sqlite import SqliteStore
from feedmirror.adapters.sqs import SqsQueue
from feedmirror.ports.mail import MailRefusedError, MailUnavailableError
from feedmirror.ports.object_store import ObjectStore, StoreUnavailableError
from loopback import Answer, Publisher

REGION = "us-east-1"
SENDER, RECIPIENT = "takedown@mirror.example.org", "ann@news.example.com"


def a_mail(*, text: str = "Grüße, and a line.\n", date: datetime | None = None) -> bytes:
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = SENDER, RECIPIENT, "Your request"
    if date is not None:
        mail["Date"] = date
    mail.set_content(text)
    return mail.as_bytes()


@pytest.fixture(autouse=True)
def _account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)


@pytest.fixture
def aws() -> Iterator[None]:
    with mock_aws():
        yield


def backend(service: str, region: str = REGION) -> Any:  # noqa: ANN401 -- moto's own
    named: Any = get_backend(service)  # type: ignore[call-overload]  # any of moto's names
    return named[DEFAULT_ACCOUNT_ID][region]


@pytest.mark.usefixtures("aws")
def test_ses_is_given_the_whole_mail_and_returns_its_id() -> None:
    client = make_client("sesv2")
    client.create_email_identity(EmailIdentity="mirror.example.org")
    mail = a_mail()

    sent = SesMailer(lambda: client).send(mail, sender=SENDER, recipient=RECIPIENT)

    [kept] = backend("ses").sent_messages
    assert kept.id == sent
    assert kept.source == SENDER
    assert set(kept.destinations) == {RECIPIENT}
    assert kept.raw_data.encode() == mail


@pytest.mark.usefixtures("aws")
def test_an_identity_that_is_not_verified_is_refused_with_what_to_do() -> None:
    with pytest.raises(MailRefusedError, match="verify the contact's domain"):
        SesMailer(lambda: make_client("sesv2")).send(a_mail(), sender=SENDER, recipient=RECIPIENT)


def ses_trouble(code: str, status: int, message: str = "no") -> Exception:
    client = make_client("sesv2")
    with Stubber(client) as stubber:
        stubber.add_client_error("send_email", code, message, http_status_code=status)
        with pytest.raises((MailRefusedError, MailUnavailableError)) as caught:
            SesMailer(lambda: client).send(a_mail(), sender=SENDER, recipient=RECIPIENT)
    return caught.value


@pytest.mark.parametrize(
    ("code", "status", "advice"),
    [
        ("MessageRejected", 400, "production access"),
        ("MailFromDomainNotVerifiedException", 400, "MAIL FROM"),
        ("BadRequestException", 400, "malformed"),
        ("NotFoundException", 404, "region"),
        ("AccountSuspendedException", 400, "AWS Support"),
        ("SendingPausedException", 400, "resume"),
    ],
)
def test_what_ses_will_never_send_is_refused(code: str, status: int, advice: str) -> None:
    trouble = ses_trouble(code, status)

    assert isinstance(trouble, MailRefusedError)
    assert advice in str(trouble)
    assert code in str(trouble)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("TooManyRequestsException", 429),
        ("LimitExceededException", 400),
        ("ThrottlingException", 400),  # daily quota or sending rate
        ("AccessDeniedException", 403),  # a right that is missing may be given
        ("ExpiredTokenException", 403),
        ("InternalFailure", 500),
        ("ServiceUnavailable", 503),
    ],
)
def test_what_ses_may_send_later_is_unavailable(code: str, status: int) -> None:
    assert isinstance(ses_trouble(code, status), MailUnavailableError)


@pytest.mark.parametrize("code", ["MessageRejected", "ThrottlingException"])
def test_no_error_and_no_traceback_names_a_person(code: str) -> None:
    message = f"The following identities failed the check: {RECIPIENT}, <{SENDER}>"

    trouble = ses_trouble(code, 400, message)

    told = "".join(traceback.format_exception(trouble))
    assert RECIPIENT not in told
    assert SENDER not in told
    assert "failed the check" in told


@pytest.mark.parametrize(
    "answer",
    [
        Answer(503, body=b"{}"),
        Answer(429, (("x-amzn-errortype", "TooManyRequestsException"),), b"{}"),
        Answer(raw=(b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{",)),
        Answer(raw=(b"",)),
        Answer(200, body=b"{}"),
    ],
    ids=["503", "429", "answer breaks off", "no answer", "an answer without an id"],
)
def test_a_mail_is_sent_once_whatever_the_answer(answer: Answer) -> None:
    with Publisher({"/v2/email/outbound-emails": answer}) as service:
        client = make_client("sesv2", endpoint_url=service.url(""))
        with pytest.raises(MailUnavailableError):
            SesMailer(lambda: client).send(a_mail(), sender=SENDER, recipient=RECIPIENT)

    assert len(service.seen) == 1


def nobody_listens() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def test_ses_out_of_reach_is_unavailable() -> None:
    client = make_client("sesv2", endpoint_url=nobody_listens())

    with pytest.raises(MailUnavailableError):
        SesMailer(lambda: client).send(a_mail(), sender=SENDER, recipient=RECIPIENT)


@pytest.mark.usefixtures("aws")
def test_a_task_comes_out_of_the_queue_as_it_went_in() -> None:
    client = make_client("sqs")
    url = client.create_queue(QueueName="work")["QueueUrl"]
    task = {"kind": "proof", "case": "abc", "host": "bücher.example", "numbers": [1, None]}

    SqsQueue(lambda: client, url).send(task)

    [message] = client.receive_message(QueueUrl=url)["Messages"]
    assert json.loads(message["Body"]) == task
    assert message["Body"].isascii()


@pytest.mark.usefixtures("aws")
def test_a_task_beyond_the_limit_is_refused_at_once() -> None:
    client = make_client("sqs")
    url = client.create_queue(QueueName="work")["QueueUrl"]

    with pytest.raises(ValueError, match="slice it"):
        SqsQueue(lambda: client, url).send({"items": "x" * 2**20})


@pytest.mark.usefixtures("aws")
def test_an_alarm_reaches_the_topic_in_the_form_that_sns_takes() -> None:
    topic = make_client("sns").create_topic(Name="alarms")["TopicArn"]

    SnsAlarms(lambda: make_client("sns"), topic).alarm(
        "Broken\nline " + "é" * 200, "What happened\n☂ \ud800"
    )

    [(_, message, subject, *_)] = backend("sns").topics[topic].sent_notifications
    assert message == "What happened\n☂ ?"
    assert subject.startswith("Broken line éé")
    assert len(subject) < 100


@pytest.fixture
def distribution(aws: None) -> str:  # noqa: ARG001 -- within moto
    origin = {"Id": "site", "DomainName": "site.s3.amazonaws.com", "S3OriginConfig": {}}
    behaviour = {"TargetOriginId": "site", "ViewerProtocolPolicy": "redirect-to-https"}
    config: Any = {
        "CallerReference": "test",
        "Comment": "",
        "Enabled": True,
        "Origins": {
            "Quantity": 1,
            "Items": [{**origin, "S3OriginConfig": {"OriginAccessIdentity": ""}}],
        },
        "DefaultCacheBehavior": {
            **behaviour,
            "MinTTL": 0,
            "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}},
        },
    }
    made = make_client("cloudfront").create_distribution(DistributionConfig=config)
    return made["Distribution"]["Id"]


def batches(distribution: str) -> list[Mapping[str, Any]]:
    client = make_client("cloudfront")
    listed = client.list_invalidations(DistributionId=distribution)["InvalidationList"]
    return [
        client.get_invalidation(DistributionId=distribution, Id=each["Id"])["Invalidation"][
            "InvalidationBatch"
        ]
        for each in listed.get("Items", ())
    ]


def test_paths_are_invalidated_once_each_under_the_reference(distribution: str) -> None:
    cdn = CloudFrontCdn(lambda: make_client("cloudfront"), distribution)

    cdn.invalidate(["/b/*", "/a/x/", "/b/*"], reference="case-1")

    assert batches(distribution) == [
        {"Paths": {"Quantity": 2, "Items": ["/a/x/", "/b/*"]}, "CallerReference": "case-1"}
    ]


def test_nothing_to_invalidate_asks_nothing(distribution: str) -> None:
    CloudFrontCdn(lambda: make_client("cloudfront"), distribution).invalidate(
        [], reference="case-1"
    )

    assert batches(distribution) == []


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        ([f"/{n:02}/*" for n in range(15)], 15),
        ([f"/{n:02}/*" for n in range(16)], 1),
        ([f"/{n}" for n in range(3000)], 3000),
        ([f"/{n}" for n in range(3001)], 1),
    ],
)
def test_more_paths_than_can_ever_be_in_progress_become_all(
    distribution: str, paths: list[str], expected: int
) -> None:
    CloudFrontCdn(lambda: make_client("cloudfront"), distribution).invalidate(paths, reference="r")

    [batch] = batches(distribution)
    assert batch["Paths"]["Quantity"] == expected
    assert (batch["Paths"]["Items"] == ["/*"]) == (expected == 1)


def test_a_reference_that_other_paths_have_used_does_not_keep_these_cached() -> None:
    client = make_client("cloudfront")
    asked: list[str] = []
    events: Any = client.meta.events
    events.register(
        "provide-client-params.cloudfront.CreateInvalidation",
        lambda params, **_: asked.append(params["InvalidationBatch"]["CallerReference"]),
    )
    done = {"Location": "https://cloudfront.amazonaws.com/x"}
    with Stubber(client) as stubber:
        stubber.add_client_error("create_invalidation", "InvalidationBatchAlreadyExists")
        stubber.add_response("create_invalidation", done)
        CloudFrontCdn(lambda: client, "D").invalidate(["/a"], reference="r")
        stubber.assert_no_pending_responses()

    assert asked[0] == "r"
    assert asked[1].startswith("r-")


def test_trouble_with_the_other_paths_is_trouble_too() -> None:
    client = make_client("cloudfront")
    with Stubber(client) as stubber:
        stubber.add_client_error("create_invalidation", "InvalidationBatchAlreadyExists")
        stubber.add_client_error("create_invalidation", "TooManyInvalidationsInProgress")
        with pytest.raises(StoreUnavailableError, match="TooMany"):
            CloudFrontCdn(lambda: client, "D").invalidate(["/a"], reference="r")


def test_no_cdn_forgets_nothing() -> None:
    NoCdn().invalidate(["/a"], reference="r")


def sends_task() -> tuple[Any, str, Callable[[], None]]:
    client = make_client("sqs")
    return (
        client,
        "send_message",
        lambda: SqsQueue(lambda: client, "https://q.example/1").send({"a": 1}),
    )


def alarms() -> tuple[Any, str, Callable[[], None]]:
    client = make_client("sns")
    return client, "publish", lambda: SnsAlarms(lambda: client, "arn:aws:sns:r:1:t").alarm("a", "b")


def invalidates() -> tuple[Any, str, Callable[[], None]]:
    client = make_client("cloudfront")
    cdn = CloudFrontCdn(lambda: client, "D")
    return client, "create_invalidation", lambda: cdn.invalidate(["/a"], reference="r")


@pytest.mark.parametrize(
    ("asking", "code"),
    [
        (sends_task, "RequestThrottled"),
        (sends_task, "AWS.SimpleQueueService.NonExistentQueue"),
        (alarms, "Throttling"),
        (alarms, "AuthorizationError"),
        (invalidates, "TooManyInvalidationsInProgress"),
        (invalidates, "AccessDenied"),
    ],
)
def test_whatever_a_service_refuses_may_be_asked_again(
    asking: Callable[[], tuple[Any, str, Callable[[], None]]], code: str
) -> None:
    client, operation, ask = asking()
    with Stubber(client) as stubber:
        stubber.add_client_error(operation, code)
        with pytest.raises(StoreUnavailableError, match=code):
            ask()


@pytest.mark.parametrize(
    ("service", "attempts"), [("sesv2", 1), ("sqs", 4), ("sns", 4), ("cloudfront", 4)]
)
def test_botocore_asks_again_where_that_does_no_harm(service: Service, attempts: int) -> None:
    made: Any = make_client(service)
    assert made.meta.config.retries["total_max_attempts"] == attempts


def test_an_error_is_told_in_one_line_without_addresses() -> None:
    error = ValueError("no\nmail to <ann+x@news.example.com>, bob@b.example: " + "x" * 500)

    assert reason_of(error).startswith("no mail to <…@…>, …@…: xxx")
    assert len(reason_of(error)) == 300


@pytest.fixture
def outbox(tmp_path: Path) -> ObjectStore:
    return SqliteStore(tmp_path / "store.sqlite", "mail")


def test_a_local_mail_is_kept_under_the_id_that_its_answers_will_name(outbox: ObjectStore) -> None:
    mail = a_mail(date=datetime(2026, 11, 22, 10, 30, tzinfo=UTC))

    sent = OutboxMailer(outbox).send(mail, sender=SENDER, recipient=RECIPIENT)

    [kept] = outbox.list("outbox/")
    assert kept.key == f"outbox/{sent}.eml"
    assert sent.startswith("20261122T103000Z-")
    stored = outbox.get(kept.key)
    assert stored is not None
    assert stored.content.body.endswith(mail)
    message_id = message_from_bytes(stored.content.body)["Message-ID"]
    assert message_id == f"<{sent}@outbox.invalid>"


def test_the_same_mail_is_kept_once_and_another_beside_it(outbox: ObjectStore) -> None:
    early, late = (a_mail(date=datetime(2026, 11, day, tzinfo=UTC)) for day in (9, 10))
    mailer = OutboxMailer(outbox)

    ids = [mailer.send(each, sender=SENDER, recipient=RECIPIENT) for each in (late, early, late)]
    again = OutboxMailer(outbox, nonce="2").send(late, sender=SENDER, recipient=RECIPIENT)

    assert ids[0] == ids[2]
    assert len({*ids, again}) == 3
    keys = [found.key for found in outbox.list("outbox/")]
    assert keys[0] == f"outbox/{ids[1]}.eml"
    assert len(keys) == 3


@pytest.mark.parametrize("mail", [b"", b"Date: never\r\n\r\n", b"Date: \xff\r\n\r\nx", b"\r\n\r\n"])
def test_a_mail_without_a_readable_date_is_kept_too(outbox: ObjectStore, mail: bytes) -> None:
    sent = OutboxMailer(outbox).send(mail, sender=SENDER, recipient=RECIPIENT)

    assert outbox.get(f"outbox/{sent}.eml") is not None


def test_an_outbox_out_of_order_is_unavailable(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path, "mail")  # a folder is no database

    with pytest.raises(MailUnavailableError):
        OutboxMailer(store).send(a_mail(), sender=SENDER, recipient=RECIPIENT)
