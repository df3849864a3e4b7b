"""The mirror handler as Lambda calls it: real buckets' worth of moto, real modules, real time."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from builders import a_mirror
from feedmirror.configuration import Configuration, FeedSettings
from feedmirror.configuration_file import write_configuration
from feedmirror.jobs.configure import NotConfiguredError
from feedmirror.jobs.pausing import Switch
from feedmirror.layout import challenge_key
from feedmirror.local.machine import Unhurried
from feedmirror.settings import read_settings
from feedmirror.takedowns.casework.challenges import Challenge, challenge_to_json
from feedmirror.takedowns.decisions.decision import Proving
from feedmirror.wiring.stores import open_stores
from loopback import Answer, Publisher
from typed import forget
from world import SITE, entry, rss

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKETS = {"ARCHIVE": "test-archive", "SITE": "test-site", "LEDGER": "test-ledger"}


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator["S3Client"]:
    forget()
    for name, bucket in BUCKETS.items():
        monkeypatch.setenv(f"FEEDMIRROR_{name}_BUCKET", bucket)
    monkeypatch.delenv("FEEDMIRROR_EMBEDDED_STORE", raising=False)
    monkeypatch.setenv("FEEDMIRROR_ALLOWED_NETWORKS", "127.0.0.0/8")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        client = boto3.client("s3")
        for bucket in BUCKETS.values():
            client.create_bucket(Bucket=bucket)
        yield client


def configure(client: "S3Client", text: str) -> None:
    client.put_object(Bucket=BUCKETS["ARCHIVE"], Key="config/mirror.toml", Body=text.encode())


def test_a_scheduled_event_mirrors_the_configured_feeds_into_s3(
    s3: "S3Client", capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    from feedmirror.handlers.mirror import handler  # noqa: PLC0415 -- as Lambda imports it

    with Publisher({"/feed": Answer(body=rss(entry(1)).encode())}) as publisher:
        feeds = (FeedSettings(url=publisher.url("/feed"), site=SITE),)
        good = write_configuration(Configuration(mirror=a_mirror(), feeds=feeds))
        configure(s3, good)

        report = handler({"source": "aws.scheduler"}, Unhurried())
        configure(s3, good.replace("recovery_days = 30", 'recovery_days = "soon"'))
        refused = handler({}, Unhurried())

    assert report["created"] == 1
    assert json.loads(json.dumps(report)) == report
    assert "config/mirror.toml:" in refused["refused_configuration"]
    assert refused["feeds"] == 1  # the last good file is in force
    (found,) = s3.list_objects_v2(Bucket="test-archive", Prefix="items/")["Contents"]
    head = s3.head_object(Bucket="test-archive", Key=found["Key"])
    assert head["Metadata"]["author"] == "Ann"
    assert head["Metadata"]["original-url"] == f"{SITE}/1"
    told = [record.__dict__["report"] for record in caplog.records if record.msg == "mirrored"]
    assert [report["created"] for report in told] == [1, 0]
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert any(line.get("Created") == [1.0] and "_aws" in line for line in lines)


TOKEN = "feedmirror-takedown=" + "a" * 26


def test_without_a_configuration_the_schedule_says_so_and_no_retry_is_asked_for(
    s3: "S3Client", capsys: pytest.CaptureFixture[str]
) -> None:
    """A stack that was just made: the schedule runs before anybody could write the file."""
    from feedmirror.handlers.mirror import handler  # noqa: PLC0415 -- as Lambda imports it

    report = handler({"source": "aws.scheduler"}, Unhurried())

    assert report["refused_configuration"] == "config/mirror.toml is missing"
    assert report["feeds"] == 0
    assert "Contents" not in s3.list_objects_v2(Bucket="test-site")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert any(line.get("ConfigurationRefused") == [1.0] for line in lines)
    with pytest.raises(NotConfiguredError):  # a turn was handed out under some configuration
        handler({"Records": [{"messageId": "m", "body": '{"shard": 0, "shards": 2}'}]}, Unhurried())


@pytest.fixture
def shown(s3: "S3Client") -> Iterator[None]:
    """A configured feed that shows the token of an open challenge."""
    document = rss(entry(1), extra=f"<description>{TOKEN}</description>")
    with Publisher({"/feed": Answer(body=document.encode())}) as publisher:
        feed = FeedSettings(url=publisher.url("/feed"), site=SITE)
        wanted = Challenge(
            case="c",
            host="news.example.com",
            token=TOKEN,
            ways=(Proving.FEED,),
            until=datetime.now(UTC) + timedelta(days=14),
            feed=feed.url,
        )
        key = challenge_key(wanted.host, wanted.case)
        s3.put_object(Bucket=BUCKETS["LEDGER"], Key=key, Body=challenge_to_json(wanted))
        configure(s3, write_configuration(Configuration(mirror=a_mirror(), feeds=(feed,))))
        yield


@pytest.mark.usefixtures("shown")
def test_a_token_that_a_feed_shows_goes_to_the_work_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    from feedmirror.handlers.mirror import handler  # noqa: PLC0415 -- as Lambda imports it

    sqs = boto3.client("sqs")
    queue = sqs.create_queue(QueueName="work")["QueueUrl"]
    monkeypatch.setenv("FEEDMIRROR_WORK_QUEUE_URL", queue)

    report = handler({}, Unhurried())

    assert (report["findings"], report["created"], report["problems"]) == (1, 1, [])
    (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    found = {"kind": "proof", "case": "c", "host": "news.example.com", "way": "feed"}
    assert json.loads(message["Body"]) == {**found, "token": TOKEN}


@pytest.mark.usefixtures("shown")
def test_without_a_queue_the_takedown_function_has_it_at_once_and_its_refusal_costs_no_item(
    s3: "S3Client", monkeypatch: pytest.MonkeyPatch
) -> None:
    from feedmirror.handlers.mirror import handler  # noqa: PLC0415 -- as Lambda imports it

    s3.create_bucket(Bucket="test-mail")
    monkeypatch.setenv("FEEDMIRROR_MAIL_BUCKET", "test-mail")

    report = handler({}, Unhurried())

    assert (report["findings"], report["created"]) == (0, 1)
    (problem,) = report["problems"]
    assert problem["what"].startswith("case c: proof not handed on: TaskUnreadableError")


def test_with_several_shards_the_schedule_fills_the_poll_queue_and_the_same_handler_works_it_off(
    s3: "S3Client", monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from feedmirror.handlers.mirror import handler  # noqa: PLC0415 -- as Lambda imports it

    sqs = boto3.client("sqs")
    queue = sqs.create_queue(QueueName="polls")["QueueUrl"]
    monkeypatch.setenv("FEEDMIRROR_POLL_QUEUE_URL", queue)
    hosts = [f"host{number}.example.com" for number in range(6)]
    documents = {
        f"/{host}": Answer(body=rss(entry(host, link=f"https://{host}/1")).encode())
        for host in hosts
    }
    with Publisher(documents) as publisher:
        feeds = tuple(
            FeedSettings(url=publisher.url(f"/{host}"), site=f"https://{host}") for host in hosts
        )
        mirror = a_mirror(shards=3)
        configure(s3, write_configuration(Configuration(mirror=mirror, feeds=feeds)))

        handed_out = handler({"source": "aws.scheduler"}, Unhurried())
        messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
        records = [
            {"messageId": f"m{number}", "body": message["Body"], "eventSource": "aws:sqs"}
            for number, message in enumerate(messages)
        ]
        poisoned = {"messageId": "poisoned", "body": "not even JSON", "eventSource": "aws:sqs"}
        worked_off = handler({"Records": [poisoned, *records]}, Unhurried())
        shown = handler({"source": "aws.scheduler"}, Unhurried())

    assert (handed_out["dispatched"], handed_out["polled"]) == (len(messages), 0)
    assert worked_off["batchItemFailures"] == [{"itemIdentifier": "poisoned"}]
    assert (worked_off["polled"], worked_off["created"]) == (6, 6)
    assert (shown["dispatched"], shown["problems"]) == (0, [])
    front = s3.get_object(Bucket="test-site", Key="index.html")["Body"].read().decode()
    assert [host for host in hosts if f"Entry {host}" not in front] == []
    (failure,) = [record.__dict__ for record in caplog.records if record.msg == "task failed"]
    assert failure["message_id"] == "poisoned"
    assert "JSONDecodeError" in failure["why"]


def test_a_turn_that_time_leaves_out_comes_again(s3: "S3Client") -> None:
    from feedmirror.handlers.mirror import handler  # noqa: PLC0415 -- as Lambda imports it

    class Hurried:
        def get_remaining_time_in_millis(self) -> int:
            return 10_000

    with Publisher({"/feed": Answer(body=rss(entry(1)).encode())}) as publisher:
        feeds = (FeedSettings(url=publisher.url("/feed"), site=SITE),)
        mirror = a_mirror(shards=2)
        configure(s3, write_configuration(Configuration(mirror=mirror, feeds=feeds)))
        records = [
            {"messageId": f"m{shard}", "body": json.dumps({"shard": shard, "shards": 2})}
            for shard in range(2)
        ]

        report = handler({"Records": records}, Hurried())

    assert report["batchItemFailures"] == [{"itemIdentifier": "m1"}]


FORBIDDEN = (
    "feedmirror.cli", "feedmirror.local", "feedmirror.takedowns", "moto", "click", "rich",
    "feedparser", "jinja2", "sqlite3", "publicsuffixlist", "lxml", "requests",
)  # fmt: skip


def test_importing_the_handler_loads_nothing_that_an_unchanged_run_does_not_need() -> None:
    code = "import sys, feedmirror.handlers.mirror; print(*sys.modules)"
    loaded = subprocess.run(  # noqa: S603 -- our own interpreter and code
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()

    assert [name for name in loaded if name.startswith(FORBIDDEN)] == []
    assert "feedmirror.jobs.mirror_run" in loaded


def test_more_hosts_than_threads_are_mirrored_in_one_run(s3: "S3Client") -> None:
    from feedmirror.handlers.mirror import handler  # noqa: PLC0415 -- as Lambda imports it

    hosts = [f"https://f{number}.example.com" for number in range(24)]
    documents = {
        f"/{number}": Answer(body=rss(*(entry(n, link=f"{host}/{n}") for n in range(3))).encode())
        for number, host in enumerate(hosts)
    }
    with Publisher(documents) as publisher:
        feeds = tuple(
            FeedSettings(url=publisher.url(f"/{number}"), site=host)
            for number, host in enumerate(hosts)
        )
        configure(s3, write_configuration(Configuration(mirror=a_mirror(), feeds=feeds)))

        report = handler({}, Unhurried())

    assert (report["polled"], report["created"], report["lost"]) == (24, 72, 0)
    assert report["failures"] == report["problems"] == []


def test_an_operators_template_takes_the_place_of_the_bundled_one(s3: "S3Client") -> None:
    from feedmirror.handlers.mirror import handler  # noqa: PLC0415 -- as Lambda imports it

    configure(s3, write_configuration(Configuration(mirror=a_mirror(), feeds=())))
    handler({}, Unhurried())
    s3.put_object(Bucket="test-archive", Key="config/templates/style.css", Body=b"p { color: red }")

    handler({}, Unhurried())

    style = s3.get_object(Bucket="test-site", Key="style.css")["Body"].read()
    assert style.startswith(b"p { color: red }")


def test_a_broken_template_is_told_and_the_bundled_one_takes_its_place(s3: "S3Client") -> None:
    from feedmirror.handlers.mirror import handler  # noqa: PLC0415 -- as Lambda imports it

    configure(s3, write_configuration(Configuration(mirror=a_mirror(), feeds=())))
    s3.put_object(Bucket="test-archive", Key="config/templates/takedown.html", Body=b"{% if %}")

    report = handler({}, Unhurried())

    assert any("takedown.html" in problem["what"] for problem in report["problems"])
    page = s3.get_object(Bucket="test-site", Key="takedown/index.html")["Body"].read()
    assert b"takedown@mirror.example.org" in page


def test_a_paused_mirror_does_nothing_but_say_so(
    s3: "S3Client", caplog: pytest.LogCaptureFixture
) -> None:
    from feedmirror.handlers.mirror import handler  # noqa: PLC0415 -- as Lambda imports it

    message = {"messageId": "m", "body": json.dumps({"shard": 0, "shards": 1})}
    with Publisher({"/feed": Answer(body=rss(entry(1)).encode())}) as publisher:
        feeds = (FeedSettings(url=publisher.url("/feed"), site=SITE),)
        configure(s3, write_configuration(Configuration(mirror=a_mirror(), feeds=feeds)))
        switch = Switch(open_stores(read_settings()).archive)
        switch.pause(since=datetime(2026, 11, 22, tzinfo=UTC), note="ask ann@example.com")
        before = everything(s3)

        paused = [
            handler({"at_once": True}, Unhurried()),
            handler({"Records": [message]}, Unhurried()),
        ]
        asked, after = list(publisher.seen), everything(s3)
        switch.resume(at=datetime(2026, 11, 23, tzinfo=UTC))
        report = handler({}, Unhurried())

    told = {"since": "2026-11-22T00:00:00+00:00", "note": "ask ann@example.com"}
    assert [report["paused"] for report in paused] == [told, told]
    assert paused[1]["batchItemFailures"] == []
    assert (asked, after) == ([], before)
    lines = [record.__dict__["report"] for record in caplog.records if record.msg == "mirrored"]
    assert lines[0]["paused"]["note"] == "ask …@…"
    assert report["created"] == 1
    assert "paused" not in report


def everything(client: "S3Client") -> dict[str, str]:
    """Return the ETag of every object of every bucket."""
    listed = [client.list_objects_v2(Bucket=name).get("Contents", []) for name in BUCKETS.values()]
    return {each["Key"]: each["ETag"] for bucket in listed for each in bucket}
