"""The takedown handler as Lambda calls it: events as AWS documents them, over the embedded store.

Time and nonces are the real ones; the site is mirrored by the mirror's own handler.
"""

import copy
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import pytest

from builders import a_mirror
from feedmirror.adapters.sqlite import SqliteStore
from feedmirror.configuration import Configuration, FeedSettings
from feedmirror.configuration_file import write_configuration
from feedmirror.jobs.configure import NotConfiguredError
from feedmirror.jobs.takedown.take_in import MailMissingError
from feedmirror.local.machine import Unhurried
from feedmirror.ports.object_store import Content
from feedmirror.records import Tombstone, record_from_json
from feedmirror.settings import use_embedded_store
from feedmirror.takedowns.casework.cases import case_of_mail
from feedmirror.takedowns.senders.receipt import SETUP_NOTIFICATION, ReceiptUnreadableError
from loopback import Answer, Publisher
from takedown_world import CONTACT, a_mail
from typed import forget
from world import SITE, entry, rss

OWNER = "ann@news.example.com"
WEBMASTER = "webmaster@news.example.com"
REMOVE = f"Please take down {SITE}/1 now and in the future. My phone is 555-0100."
WHOLE = "Please remove our whole site news.example.com from your mirror, now and in the future."
TELEMETRY = ("POWERTOOLS_LOG_LEVEL", "POWERTOOLS_METRICS_DISABLED")
WIRED = (
    "ARCHIVE_BUCKET", "SITE_BUCKET", "LEDGER_BUCKET", "MAIL_BUCKET", "EMBEDDED_STORE",
    "ALLOWED_NETWORKS",
)  # fmt: skip


class Account:
    """One mirror of three items in a file, its takedown handler, and the mail it gets."""

    def __init__(self, store: Path) -> None:
        self._store = store
        self._mails = 0

    def bucket(self, name: str) -> SqliteStore:
        return SqliteStore(self._store, name)

    def call(self, event: object, context: object = None) -> dict[str, Any]:
        from feedmirror.handlers.takedown import handler  # noqa: PLC0415 -- as Lambda imports it

        report = handler(json.loads(json.dumps(event)), context or Unhurried())
        assert json.loads(json.dumps(report)) == report
        return report

    def arrive(self, text: str, *, sender: str = OWNER, to: str = CONTACT) -> str:
        """Put a mail where SES would, and return its id."""
        self._mails += 1
        ses_id = f"q3rch1v8ndvpp1q4s5k9jl0e7mr6t2u4sd{self._mails:06}"
        raw = a_mail(text, sender=sender, to=to, date=datetime.now(UTC))
        content = Content(raw, "message/rfc822")
        self.bucket("mail").put(f"inbound/{ses_id}", content, replaces=None)
        return ses_id

    def records(self) -> list[object]:
        archive = self.bucket("archive")
        found = [archive.get(summary.key) for summary in archive.list("items/")]
        return [record_from_json(stored.content.body) for stored in found if stored]

    def gone(self) -> int:
        return sum(isinstance(record, Tombstone) for record in self.records())

    def sent(self) -> list[EmailMessage]:
        mail = self.bucket("mail")
        found = [mail.get(summary.key) for summary in mail.list("outbox/")]
        parser = BytesParser(_class=EmailMessage, policy=policy.default)
        return [parser.parsebytes(stored.content.body) for stored in found if stored]


@pytest.fixture
def wired(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return what points the handlers of this process at a store; undone behind the test."""
    forget()
    for name in (*TELEMETRY, *(f"FEEDMIRROR_{name}" for name in WIRED)):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv(name, "")
    for name in ("WORK_QUEUE_URL", "POLL_QUEUE_URL", "DISTRIBUTION_ID", "TOPIC_ARN"):
        monkeypatch.delenv(f"FEEDMIRROR_{name}", raising=False)
    return lambda: use_embedded_store(tmp_path / "store.sqlite", allowed_networks="127.0.0.0/8")


@pytest.fixture
def account(
    wired: Callable[[], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Account]:
    from feedmirror.handlers.mirror import handler  # noqa: PLC0415 -- as Lambda imports it

    wired()
    for name in TELEMETRY:
        monkeypatch.delenv(name)
    document = rss(entry(1), entry(2), entry(3))
    with Publisher({"/feed": Answer(body=document.encode())}) as publisher:
        feeds = (FeedSettings(url=publisher.url("/feed"), site=SITE),)
        text = write_configuration(Configuration(mirror=a_mirror(), feeds=feeds))
        made = Account(tmp_path / "store.sqlite")
        made.bucket("archive").put(
            "config/mirror.toml", Content(text.encode(), "application/toml"), replaces=None
        )
        assert handler({}, Unhurried())["created"] == 3
        yield made


def ses_event(ses_id: str, *, sender: str = OWNER, to: str = CONTACT) -> dict[str, Any]:
    """Return the event of SES's Lambda action, in every field that AWS documents for it."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    headers = [
        {"name": "Return-Path", "value": f"<{sender}>"},
        {
            "name": "Received",
            "value": (
                "from mail.news.example.com (mail.news.example.com [192.0.2.10]) by"
                f" inbound-smtp.us-east-1.amazonaws.com with SMTP id {ses_id} for {to};"
                " Sun, 22 Nov 2026 12:00:00 +0000 (UTC)"
            ),
        },
        {"name": "From", "value": f"Ann Author <{sender}>"},
        {"name": "To", "value": to},
        {"name": "Subject", "value": "Removal"},
    ]
    return {
        "Records": [
            {
                "eventSource": "aws:ses",
                "eventVersion": "1.0",
                "ses": {
                    "mail": {
                        "timestamp": now,
                        "source": sender,
                        "messageId": ses_id,
                        "destination": [to],
                        "headersTruncated": False,
                        "headers": headers,
                        "commonHeaders": {
                            "returnPath": sender,
                            "from": [sender],
                            "date": "Sun, 22 Nov 2026 12:00:00 +0000",
                            "to": [to],
                            "messageId": "<an-id@mail.example>",
                            "subject": "Removal",
                        },
                    },
                    "receipt": {
                        "timestamp": now,
                        "processingTimeMillis": 574,
                        "recipients": [to],
                        "spamVerdict": {"status": "PASS"},
                        "virusVerdict": {"status": "PASS"},
                        "spfVerdict": {"status": "PASS"},
                        "dkimVerdict": {"status": "PASS"},
                        "dmarcVerdict": {"status": "PASS"},
                        "action": {
                            "type": "Lambda",
                            "functionArn": "arn:aws:lambda:us-east-1:123456789012:function:t",
                            "invocationType": "Event",
                        },
                    },
                },
            }
        ]
    }


def redriven(event: dict[str, Any]) -> dict[str, Any]:
    """Return what Lambda hands to an on-failure destination (invocation record, version 1.0)."""
    return {
        "version": "1.0",
        "timestamp": "2026-11-22T12:00:00.000Z",
        "requestContext": {
            "requestId": "e4b46cbf-b738-xmpl-8880-a18cdf61200e",
            "functionArn": "arn:aws:lambda:us-east-1:123456789012:function:t:$LATEST",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 3,
        },
        "requestPayload": event,
        "responseContext": {
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": "Unhandled",
        },
        "responsePayload": {"errorMessage": "…"},
    }


def sqs_event(*bodies: str) -> dict[str, Any]:
    """Return the event of an SQS trigger; the messages are m0, m1, …"""
    return {
        "Records": [
            {
                "messageId": f"m{number}",
                "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
                "body": body,
                "attributes": {
                    "ApproximateReceiveCount": "1",
                    "SentTimestamp": "1545082649183",
                    "SenderId": "AIDAIENQZJOLO23YVJ4VO",
                    "ApproximateFirstReceiveTimestamp": "1545082649185",
                },
                "messageAttributes": {},
                "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:work",
                "awsRegion": "us-east-1",
            }
            for number, body in enumerate(bodies)
        ]
    }


def test_an_event_of_sess_takes_an_item_down_and_is_answered(account: Account) -> None:
    ses_id = account.arrive(REMOVE)
    report = account.call(ses_event(ses_id))

    (told,) = report["cases"]
    assert (told["case"], told["state"]) == (case_of_mail(ses_id), "removed")
    assert account.gone() == 1
    (answer,) = account.sent()
    assert answer["To"].addresses[0].addr_spec == OWNER
    assert answer["Auto-Submitted"] == "auto-replied"


@pytest.mark.parametrize("times", [1, 3])
def test_a_redriven_event_is_the_same_event(account: Account, times: int) -> None:
    event = ses_event(account.arrive(REMOVE))
    for _ in range(times):
        event = redriven(event)

    assert account.call(event)["cases"][0]["state"] == "removed"


def test_an_event_that_comes_again_changes_nothing_and_sends_nothing(account: Account) -> None:
    event = ses_event(account.arrive(REMOVE))
    first = account.call(event)
    before = (account.records(), len(account.sent()))

    for again in (event, redriven(event), event):
        assert account.call(copy.deepcopy(again)) == first
        assert (account.records(), len(account.sent())) == before


def test_an_event_that_failed_in_its_own_call_comes_by_the_work_queue(account: Account) -> None:
    """The template's on-failure destination: a mail is taken in, an hour is the next hour's."""
    mail, hour = redriven(ses_event(account.arrive(REMOVE))), redriven({})

    report = account.call(sqs_event(json.dumps(mail), json.dumps(hour)))

    assert report["batchItemFailures"] == []
    assert [case["state"] for case in report["cases"]] == ["removed"]
    assert account.gone() == 1


def test_the_setup_notification_is_ignored_by_event_and_by_the_hour(account: Account) -> None:
    content = Content(b"SES has been set up.", "text/plain")
    account.bucket("mail").put(f"inbound/{SETUP_NOTIFICATION}", content, replaces=None)

    assert account.call(ses_event(SETUP_NOTIFICATION)) == {"cases": []}
    assert account.call({})["hour"]["mails"] == 0
    assert list(account.bucket("ledger").list("cases/")) == []
    assert account.sent() == []


def test_a_mail_that_is_not_there_raises_so_that_the_event_comes_again(account: Account) -> None:
    ses_id = "0000000000000000000000000000000000000001"
    event = ses_event(ses_id)
    with pytest.raises(MailMissingError):
        account.call(event)

    raw = a_mail(REMOVE, date=datetime.now(UTC))
    account.bucket("mail").put(f"inbound/{ses_id}", Content(raw, "x/y"), replaces=None)
    assert account.call(event)["cases"][0]["state"] == "removed"


@pytest.mark.parametrize("part", ["mail", "receipt"])
def test_an_event_of_sess_that_is_not_understood_raises(account: Account, part: str) -> None:
    event = ses_event(account.arrive(REMOVE))
    del event["Records"][0]["ses"][part]

    with pytest.raises(ReceiptUnreadableError):
        account.call(event)


def masked_site(account: Account) -> str:
    """Have the whole site masked until its webmaster answers; return the case."""
    ses_id = account.arrive(WHOLE, sender=WEBMASTER)
    (told,) = account.call(ses_event(ses_id, sender=WEBMASTER))["cases"]
    assert told["state"] == "masked"
    return str(told["case"])


def order_of(account: Account, case: str) -> dict[str, Any]:
    stored = account.bucket("ledger").get(f"cases/{case}.json")
    assert stored is not None
    events = json.loads(stored.content.body)["events"]
    decided: dict[str, Any] = next(event for event in events if event["event"] == "decided")
    return next(order for order in decided["orders"] if order["token"])


def test_a_proof_that_the_mirror_found_comes_by_the_work_queue(account: Account) -> None:
    case = masked_site(account)
    order = order_of(account, case)
    proof = {"kind": "proof", "case": case, "host": order["host"], "token": order["token"]}

    report = account.call(sqs_event(json.dumps({**proof, "way": order["proving"][0]})))

    assert report["batchItemFailures"] == []
    assert report["cases"][0]["state"] == "removed"
    assert account.gone() == 3


BAD = (
    "not JSON",
    "[]",
    "null",
    "{}",
    '{"kind": "case", "case": "aaaaaaaaaaaaaaaa"}',
    '{"kind": "party", "case": "%s"}',
    '{"kind": "case", "case": "../%s"}',
)


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_message_fails_alone(account: Account, bad: str) -> None:
    case = masked_site(account)
    good = json.dumps({"kind": "case", "case": case})

    report = account.call(sqs_event(good, bad.replace("%s", case), good))

    assert report["batchItemFailures"] == [{"itemIdentifier": "m1"}]
    assert [told["case"] for told in report["cases"]] == [case, case]


def test_a_scheduled_event_takes_up_what_is_due(account: Account) -> None:
    report = account.call({})

    assert report["hour"]["problems"] == []
    assert {"cases", "lapsed", "mails", "rules", "repaired"} <= report["hour"].keys()
    assert account.sent() == []


def test_a_scheduled_event_finishes_what_a_call_had_no_time_for(account: Account) -> None:
    class Hurried(Unhurried):
        def get_remaining_time_in_millis(self) -> int:
            return 1_000

    event = ses_event(account.arrive(REMOVE))
    (told,) = account.call(event, Hurried())["cases"]
    assert (told["state"], account.gone(), account.sent()) == ("received", 0, [])
    assert list(account.bucket("ledger").list("suppressions/"))  # the rule stands already

    assert account.call({"version": "0", "source": "aws.scheduler"})["hour"]["cases"] == 1
    assert account.gone() == 1
    assert len(account.sent()) == 1


def test_neither_report_nor_log_holds_an_address_or_a_word_of_the_mail(
    account: Account, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.clear()
    report = account.call(ses_event(account.arrive(REMOVE)))
    failing = account.call(sqs_event(json.dumps({"kind": OWNER, "case": "c"})))

    lines = [record for record in caplog.records if record.msg == "takedown"]
    assert len(lines) == 2
    said = json.dumps([report, failing]) + str([record.__dict__ for record in caplog.records])
    said += capsys.readouterr().out
    assert "555-0100" not in said
    assert "@news.example.com" not in said
    assert "take down" not in said


def test_metrics_tell_how_cases_end_and_what_failed(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    account.call(ses_event(account.arrive(REMOVE)))
    account.call(sqs_event("{}"))
    account.call({})

    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    blobs = [blob for blob in printed if "_aws" in blob]
    assert any(blob.get("CasesRemoved") == [1.0] for blob in blobs)
    assert any(blob.get("FailedTasks") == [1.0] for blob in blobs)
    assert not any("Repaired" in blob for blob in blobs)  # none: a metric of none has its price


def test_without_a_configuration_the_hour_says_so_but_no_mail_is_let_go(
    wired: Callable[[], None], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A stack that was just made: the hour comes before anybody could write the file."""
    from feedmirror.handlers.takedown import handler  # noqa: PLC0415 -- as Lambda imports it

    wired()
    for name in TELEMETRY:
        monkeypatch.delenv(name)

    report = handler({}, Unhurried())

    assert report == {"refused_configuration": "config/mirror.toml is missing"}
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert any(line.get("ConfigurationRefused") == [1.0] for line in lines)
    for event in (ses_event("q3rch1v8ndvpp1q4s5"), {"tasks": [{"case": "x"}]}):
        with pytest.raises(NotConfiguredError):
            handler(event, Unhurried())


# What is loaded.

NEVER = ("feedmirror.cli", "feedmirror.local", "moto", "click", "rich", "pytest")
NOT_TO_BE_READY = (
    *NEVER, "feedparser", "lxml", "pycurl", "jinja2", "sqlite3", "requests", "dkim", "dns",
    "publicsuffixlist", "boto3", "feedmirror.mirroring.feedparser_reader",
)  # fmt: skip
NOT_FOR_A_NO_OP = (
    *NEVER, "feedparser", "lxml", "pycurl", "jinja2", "requests", "dkim", "dns",
    "linkify_it", "boto3",
)  # fmt: skip


def loaded(code: str, *arguments: str) -> list[str]:
    """Return the modules that a fresh interpreter has loaded behind some code."""
    found = subprocess.run(  # noqa: S603 -- our own interpreter and code
        [sys.executable, "-c", f"{code}\nimport sys; print('\\n', *sys.modules)", *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    return found.stdout.splitlines()[-1].split()


def test_importing_the_handler_loads_nothing_that_most_calls_do_without() -> None:
    modules = loaded("import feedmirror.handlers.takedown")

    assert [name for name in modules if name.startswith(NOT_TO_BE_READY)] == []
    assert "feedmirror.jobs.takedown.takedown_run" in modules


def test_a_call_with_nothing_to_do_loads_no_parser(account: Account, tmp_path: Path) -> None:
    event = ses_event(SETUP_NOTIFICATION)
    assert account.call(event) == {"cases": []}
    code = (
        "import json, sys, pathlib\n"
        "from feedmirror.settings import use_embedded_store\n"
        "use_embedded_store(pathlib.Path(sys.argv[1]))\n"
        "from feedmirror.handlers.takedown import handler\n"
        "class Context:\n"
        "    get_remaining_time_in_millis = lambda self: 900_000\n"
        "print(handler(json.loads(sys.argv[2]), Context()))\n"
    )
    modules = loaded(code, str(tmp_path / "store.sqlite"), json.dumps(event))

    assert [name for name in modules if name.startswith(NOT_FOR_A_NO_OP)] == []
