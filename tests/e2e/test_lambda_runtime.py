"""Both handlers, as they are packaged, in Lambda's own runtime client; S3 and the rest by moto."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import Message
from typing import Any
from urllib.request import Request, urlopen

import boto3
import pytest
from moto.ses.models import ses_backends

import runtime_api
from builders import a_mirror
from feedmirror.configuration import Configuration, FeedSettings
from feedmirror.configuration_file import write_configuration
from feedmirror.layout import state_key
from feedmirror.mirroring.schedule import shard_of
from loopback import Answer, Publisher
from moto_endpoint import moto_endpoint
from packaged import Packaged, packaged
from runtime_api import CREDENTIALS, FAR, RuntimeApi
from takedown_world import CONTACT, a_mail, ses_record
from world import SITE, entry, rss

BUCKETS = ("runtime-archive", "runtime-site", "runtime-ledger")
MAIL = "runtime-mail"
OWNER = "ann@news.example.com"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, str]]:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with moto_endpoint() as endpoint:
        reset = Request(f"{endpoint}/moto-api/reset", method="POST")  # noqa: S310 -- our own server
        urlopen(reset)  # noqa: S310 -- the same
        client = boto3.client("s3", endpoint_url=endpoint)
        for bucket in BUCKETS:
            client.create_bucket(Bucket=bucket)
        yield client, endpoint


@contextmanager
def feed_of(client: Any, *entries: str) -> Iterator[None]:  # noqa: ANN401 -- boto3's own
    """Serve a feed, and configure the mirror to mirror it."""
    with Publisher({"/feed": Answer(body=rss(*entries).encode())}) as publisher:
        feeds = (FeedSettings(url=publisher.url("/feed"), site=SITE),)
        text = write_configuration(Configuration(mirror=a_mirror(), feeds=feeds))
        client.put_object(Bucket=BUCKETS[0], Key="config/mirror.toml", Body=text.encode())
        yield


Run = Callable[..., AbstractContextManager[RuntimeApi]]


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Packaged:
    return packaged(tmp_path_factory)


@pytest.fixture
def function(shipped: Packaged) -> Run:
    """Run one of our functions over the buckets of these tests, from the package alone."""

    def run(name: str, endpoint: str, **variables: str) -> AbstractContextManager[RuntimeApi]:
        archive, site, ledger = BUCKETS
        buckets = {
            "FEEDMIRROR_ARCHIVE_BUCKET": archive,
            "FEEDMIRROR_SITE_BUCKET": site,
            "FEEDMIRROR_LEDGER_BUCKET": ledger,
        }
        wiring = {"AWS_ENDPOINT_URL": endpoint, **buckets, **variables}
        return runtime_api.function(name, wiring, client=shipped.command)

    return run


def test_two_scheduled_events_in_the_real_runtime_mirror_once_and_then_find_nothing(
    s3: tuple[Any, str], function: Run
) -> None:
    client, endpoint = s3
    site = BUCKETS[1]
    with feed_of(client, entry(1)), function("mirror", endpoint) as runtime:
        first = runtime.invoke({"version": "0", "source": "aws.scheduler", "detail": {}})
        second = runtime.invoke({})

    assert (first[0], first[1]["created"], first[1]["failures"]) == ("response", 1, [])
    assert (second[0], second[1]["polled"]) == ("response", 0)  # not due yet
    page = client.get_object(Bucket=site, Key="index.html")
    assert page["ContentType"] == "text/html; charset=utf-8"
    assert b"Entry 1" in page["Body"].read()


def test_of_three_turns_only_the_poisoned_shard_s_comes_again(
    s3: tuple[Any, str], function: Run
) -> None:
    client, endpoint = s3
    archive = BUCKETS[0]
    polls = boto3.client("sqs", endpoint_url=endpoint).create_queue(QueueName="polls")["QueueUrl"]
    hosts = [f"host{number}.example.com" for number in range(8)]
    documents = {
        f"/{host}": Answer(body=rss(entry(host, link=f"https://{host}/1")).encode())
        for host in hosts
    }
    poisoned = [host for host in hosts if shard_of(host, 3) == 1]
    others = [host for host in hosts if host not in poisoned]
    # S3 refuses this shard's state, whatever is tried: moto keeps to a Deny that names a key.
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{archive}/{state_key(1)}",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    client.put_bucket_policy(Bucket=archive, Policy=policy)
    with Publisher(documents) as publisher:
        feeds = tuple(
            FeedSettings(url=publisher.url(f"/{host}"), site=f"https://{host}") for host in hosts
        )
        text = write_configuration(Configuration(mirror=a_mirror(shards=3), feeds=feeds))
        client.put_object(Bucket=archive, Key="config/mirror.toml", Body=text.encode())
        with function("mirror", endpoint, FEEDMIRROR_POLL_QUEUE_URL=polls) as runtime:
            handed_out = runtime.invoke({})
            messages = boto3.client("sqs", endpoint_url=endpoint).receive_message(
                QueueUrl=polls, MaxNumberOfMessages=10
            )["Messages"]
            records = [
                {"messageId": m["MessageId"], "body": m["Body"], "eventSource": "aws:sqs"}
                for m in messages
            ]
            worked_off = runtime.invoke({"Records": records})
            shown = runtime.invoke({})

    assert poisoned
    assert handed_out[1]["dispatched"] == len(records) == 3
    (bad,) = [r for r in records if json.loads(r["body"])["shard"] == 1]
    assert worked_off[0] == "response"
    assert worked_off[1]["batchItemFailures"] == [{"itemIdentifier": bad["messageId"]}]
    assert worked_off[1]["created"] == len(others)
    assert shown[1]["dispatched"] == 1  # it is still due
    front = client.get_object(Bucket=BUCKETS[1], Key="index.html")["Body"].read().decode()
    assert [host for host in hosts if f"Entry {host}" in front] == others


@pytest.fixture
def around(s3: tuple[Any, str]) -> dict[str, str]:
    """What the takedown function uses beside the buckets, as the variables that name it."""
    client, endpoint = s3
    client.create_bucket(Bucket=MAIL)
    boto3.client("ses", endpoint_url=endpoint).verify_email_identity(EmailAddress=CONTACT)
    queue_url = boto3.client("sqs", endpoint_url=endpoint).create_queue(QueueName="work")
    topic = boto3.client("sns", endpoint_url=endpoint).create_topic(Name="alarms")
    distribution = boto3.client("cloudfront", endpoint_url=endpoint).create_distribution(
        DistributionConfig={
            "CallerReference": "runtime",
            "Comment": "",
            "Enabled": True,
            "Origins": {
                "Quantity": 1,
                "Items": [
                    {
                        "Id": "site",
                        "DomainName": f"{BUCKETS[1]}.s3.amazonaws.com",
                        "S3OriginConfig": {"OriginAccessIdentity": ""},
                    }
                ],
            },
            "DefaultCacheBehavior": {
                "TargetOriginId": "site",
                "ViewerProtocolPolicy": "redirect-to-https",
            },
        }
    )
    return {
        "FEEDMIRROR_MAIL_BUCKET": MAIL,
        "FEEDMIRROR_WORK_QUEUE_URL": queue_url["QueueUrl"],
        "FEEDMIRROR_TOPIC_ARN": topic["TopicArn"],
        "FEEDMIRROR_DISTRIBUTION_ID": distribution["Distribution"]["Id"],
    }


def arrives(client: Any, ses_id: str, text: str) -> dict[str, Any]:  # noqa: ANN401 -- boto3's own
    """Put a mail where SES would, and return SES's event for it."""
    now = datetime.now(UTC)
    raw = a_mail(text, sender=OWNER, date=now)
    client.put_object(Bucket=MAIL, Key=f"inbound/{ses_id}", Body=raw)
    return {"Records": [ses_record(ses_id, raw, now=now)]}


def sent_by_ses() -> list[Message]:
    """Return what moto's SES has sent; its server lives in this process."""
    backend = ses_backends["123456789012"]["us-east-1"]
    return [message_from_bytes(sent.raw_data.encode()) for sent in backend.sent_messages]


def tombstones(client: Any) -> list[str]:  # noqa: ANN401 -- boto3's own
    """Return the keys of the pages that S3 serves as gone."""
    listed = client.list_objects_v2(Bucket=BUCKETS[1], Prefix="news.example.com/")
    keys = [found["Key"] for found in listed["Contents"]]
    heads = {key: client.head_object(Bucket=BUCKETS[1], Key=key) for key in keys}
    return [key for key, head in heads.items() if head["Metadata"].get("status") == "410"]


def test_a_mail_in_the_real_runtime_leaves_a_tombstone_in_s3_and_an_answer_in_ses(
    s3: tuple[Any, str], around: dict[str, str], function: Run
) -> None:
    client, endpoint = s3
    with feed_of(client, entry(1), entry(2)):
        with function("mirror", endpoint) as runtime:
            assert runtime.invoke({})[1]["created"] == 2
        event = arrives(client, "runtimemail1", f"Please take down {SITE}/1 now and for ever.")
        with function("takedown", endpoint, **around) as runtime:
            first = runtime.invoke(event)
            etags = stored(client)
            again = runtime.invoke({"requestPayload": event})
            hour = runtime.invoke({"version": "0", "source": "aws.scheduler", "detail": {}})

    assert (first[0], first[1]["cases"][0]["state"]) == ("response", "removed")
    (page,) = tombstones(client)
    body = client.get_object(Bucket=BUCKETS[1], Key=page)["Body"].read()
    assert b"Entry 1" not in body
    (answer,) = sent_by_ses()
    assert (answer["To"], answer["Auto-Submitted"]) == (OWNER, "auto-replied")
    assert again == first
    assert (hour[0], hour[1]["hour"]["problems"]) == ("response", [])
    assert stored(client) == etags  # the redelivery and the hour have changed nothing
    caches = boto3.client("cloudfront", endpoint_url=endpoint)
    made = caches.list_invalidations(DistributionId=around["FEEDMIRROR_DISTRIBUTION_ID"])
    assert made["InvalidationList"]["Quantity"] == 1


def stored(client: Any) -> dict[tuple[str, str], str]:  # noqa: ANN401 -- boto3's own
    """Return the ETags of all that is stored, but for what the hour notes of its own progress."""
    return {
        (bucket, found["Key"]): found["ETag"]
        for bucket in (*BUCKETS, MAIL)
        for found in client.list_objects_v2(Bucket=bucket)["Contents"]
        if found["Key"] != "limits/reapplied"
    }


def test_what_the_time_does_not_allow_goes_on_by_the_work_queue(
    s3: tuple[Any, str], around: dict[str, str], function: Run
) -> None:
    client, endpoint = s3
    sqs = boto3.client("sqs", endpoint_url=endpoint)
    work = around["FEEDMIRROR_WORK_QUEUE_URL"]
    with feed_of(client, entry(1), entry(2)):
        with function("mirror", endpoint) as runtime:
            runtime.invoke({})
        event = arrives(client, "runtimemail2", f"Please take down {SITE}/1 now and for ever.")
        with function("takedown", endpoint, **around) as runtime:
            runtime.deadline = int(time.time() * 1000) + 20_000
            begun = runtime.invoke(event)
            (message,) = sqs.receive_message(QueueUrl=work)["Messages"]
            assert tombstones(client) == []
            runtime.deadline = FAR
            record = {
                "messageId": message["MessageId"],
                "body": message["Body"],
                "eventSource": "aws:sqs",
            }
            bad = {"messageId": "bad", "body": "{}", "eventSource": "aws:sqs"}
            done = runtime.invoke({"Records": [bad, record]})

    assert (begun[0], begun[1]["cases"][0]["state"]) == ("response", "received")
    assert done[1]["batchItemFailures"] == [{"itemIdentifier": "bad"}]
    assert done[1]["cases"][0]["state"] == "removed"
    assert len(tombstones(client)) == len(sent_by_ses()) == 1


def test_a_mail_that_is_not_there_is_an_error_that_lambda_sees(
    s3: tuple[Any, str], around: dict[str, str], function: Run
) -> None:
    client, endpoint = s3
    event = arrives(client, "runtimemail3", "Hello.")
    event["Records"][0]["ses"]["mail"]["messageId"] = "another"
    with feed_of(client, entry(1)), function("takedown", endpoint, **around) as runtime:
        outcome, error = runtime.invoke(event)

    assert (outcome, error["errorType"]) == ("error", "MailMissingError")
    assert sent_by_ses() == []
