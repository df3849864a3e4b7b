"""Every form in which an event may come to the takedown function, and what must not count in it."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from feedmirror.adapters.cloudfront import NoCdn
from feedmirror.adapters.telemetry import telemetry
from feedmirror.configuration import Configuration
from feedmirror.configuration_file import write_configuration
from feedmirror.jobs.takedown.take_in import MailMissingError
from feedmirror.jobs.takedown.takedown_run import TaskUnreadableError
from feedmirror.local.machine import Unhurried
from feedmirror.ports.object_store import Content
from feedmirror.records import Tombstone
from feedmirror.settings import Settings
from feedmirror.takedowns.senders.receipt import ReceiptUnreadableError
from feedmirror.wiring.takedown import Surroundings, TakedownFunction
from memory_world import MemoryWorld
from takedown_world import CONTACT, a_mail, ses_record
from world import SITE, Documents, entry, rss

OWNER, EDITOR = "ann@news.example.com", "editor@news.example.com"
ONE = f"Please take down {SITE}/1 now and in the future."
Record = dict[str, Any]


@pytest.fixture(scope="module")
def mirrored() -> Iterator[MemoryWorld]:
    with Documents() as documents:
        world = MemoryWorld(documents)
        contact = f"<managingEditor>{EDITOR} (Ed)</managingEditor>"
        world.serve(rss(entry(1), entry(2), extra=contact))
        world.run()
        text = write_configuration(Configuration(mirror=world.mirror, feeds=tuple(world.feeds)))
        content = Content(text.encode(), "application/toml")
        world.stores.archive.put("config/mirror.toml", content, replaces=None)
        yield world


@pytest.fixture
def world(mirrored: MemoryWorld) -> MemoryWorld:
    return mirrored.copy()


def handle(world: MemoryWorld, event: object) -> dict[str, Any]:
    """Hand an event to the takedown function, as JSON brings it."""
    function = TakedownFunction(
        Settings(archive_bucket="a", site_bucket="s", ledger_bucket="l", mail_bucket="m"),
        world.stores,
        world.mail,
        Surroundings(world.mailer, world.zone, NoCdn(), world.alarms),
        telemetry("takedown"),
    )
    return function.handle(json.loads(json.dumps(event)), Unhurried())


def arrived(world: MemoryWorld, text: str = ONE, **given: Any) -> Record:  # noqa: ANN401 -- of a mail
    """Put a mail where SES would; return the record of SES's event for it."""
    raw = a_mail(text, date=world.now, **given)
    return ses_record(world.arrive(raw), raw, now=world.now, to=given.get("to", CONTACT))


def gone(world: MemoryWorld) -> int:
    return sum(isinstance(record, Tombstone) for record in world.records().values())


def states(report: dict[str, Any]) -> list[str]:
    return [case["state"] for case in report["cases"]]


def changed(change: Callable[[Record, Record, Record], object]) -> Callable[[Record], Record]:
    """Return a change of a record, told in its parts: itself, its mail and its receipt."""

    def apply(record: Record) -> Record:
        change(record, record["ses"]["mail"], record["ses"]["receipt"])
        return record

    return apply


STILL_THE_OWNERS = {
    "headers that are cut": changed(
        lambda _, mail, __: mail.update(headersTruncated=True, headers=[])
    ),
    "headers that say something else": changed(
        lambda _, mail, __: mail.update(headers=[{"name": "From", "value": "x@evil.example"}])
    ),
    "replyTo": changed(lambda _, mail, __: mail["commonHeaders"].update(replyTo=["x@y.example"])),
    "reply-to": changed(
        lambda _, mail, __: mail["commonHeaders"].update({"reply-to": ["x@y.example"]})
    ),
    "a name in From": changed(
        lambda _, mail, __: mail["commonHeaders"].update({"from": [f"Ann, A. <{OWNER}>"]})
    ),
    "fields that nobody knows": changed(
        lambda record, mail, receipt: (record.update(x=1), mail.update(x=[]), receipt.update(x={}))
    ),
    "no scanning for spam and viruses": changed(
        lambda _, __, receipt: receipt.update(
            spamVerdict={"status": "DISABLED"}, virusVerdict={"status": "DISABLED"}
        )
    ),
    "a time without a zone": changed(
        lambda _, mail, __: mail.update(timestamp="2026-11-22T12:00:00.000")
    ),
    "an S3 action in place of Lambda's": changed(
        lambda _, __, receipt: receipt.update(
            action={"type": "S3", "bucketName": "b", "objectKey": "k", "topicArn": "arn:x"}
        )
    ),
    "more recipients": changed(
        lambda _, __, receipt: receipt.update(recipients=["abuse@mirror.example.org", CONTACT])
    ),
}


@pytest.mark.parametrize("what", STILL_THE_OWNERS)
def test_what_does_not_matter_in_an_event_changes_nothing(world: MemoryWorld, what: str) -> None:
    record = STILL_THE_OWNERS[what](arrived(world))

    assert states(handle(world, {"Records": [record]})) == ["removed"]
    assert gone(world) == 1


NOBODYS = {
    "no From": changed(lambda _, mail, __: mail["commonHeaders"].pop("from")),
    "no common headers": changed(lambda _, mail, __: mail.pop("commonHeaders")),
    "another From": changed(
        lambda _, mail, __: mail["commonHeaders"].update({"from": ["x@evil.example"]})
    ),
    "two mailboxes": changed(
        lambda _, mail, __: mail["commonHeaders"].update({"from": [OWNER, "x@evil.example"]})
    ),
    "no verdict": changed(lambda _, __, receipt: receipt.pop("dmarcVerdict")),
    "a verdict that nobody knows": changed(
        lambda _, __, receipt: receipt.update(dmarcVerdict={"status": "PASSED"})
    ),
    "a verdict in small letters": changed(
        lambda _, __, receipt: receipt.update(dmarcVerdict={"status": "pass"})
    ),
    "a verdict that is no object": changed(
        lambda _, __, receipt: receipt.update(dmarcVerdict="PASS")
    ),
    "a check that broke": changed(
        lambda _, __, receipt: receipt.update(dmarcVerdict={"status": "PROCESSING_FAILED"})
    ),
}


@pytest.mark.parametrize("what", NOBODYS)
def test_an_event_that_does_not_prove_the_sender_takes_nothing_down(
    world: MemoryWorld, what: str
) -> None:
    record = NOBODYS[what](arrived(world))

    handle(world, {"Records": [record]})

    assert gone(world) == 0
    assert {mail["To"] for mail in world.sent()} <= {EDITOR, world.mirror.operator}


UNREADABLE = {
    "no mail": changed(lambda record, _, __: record["ses"].pop("mail")),
    "no receipt": changed(lambda record, _, __: record["ses"].pop("receipt")),
    "no id": changed(lambda _, mail, __: mail.pop("messageId")),
    "an id that leads elsewhere": changed(
        lambda _, mail, __: mail.update(messageId="../recovery/x")
    ),
    "an id with a folder": changed(lambda _, mail, __: mail.update(messageId="a/b")),
    "an empty id": changed(lambda _, mail, __: mail.update(messageId="")),
    "no recipients": changed(lambda _, __, receipt: receipt.pop("recipients")),
    "no time": changed(lambda _, mail, __: mail.update(timestamp="soon")),
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_an_event_that_cannot_be_understood_raises_and_writes_nothing(
    world: MemoryWorld, what: str
) -> None:
    record = UNREADABLE[what](arrived(world))

    with pytest.raises(ReceiptUnreadableError):
        handle(world, {"Records": [record]})

    assert gone(world) == 0
    assert list(world.stores.ledger.list("")) == []


def test_every_mail_of_an_event_has_its_case(world: MemoryWorld) -> None:
    records = [arrived(world), arrived(world, "Hello.", subject="Hello")]

    report = handle(world, {"Records": records})

    assert states(report) == ["removed", "recorded"]


def test_a_mail_that_has_nobody_to_answer_is_done_and_not_answered(world: MemoryWorld) -> None:
    record = arrived(world)
    record["ses"]["mail"]["source"] = "no-reply@news.example.com"

    assert states(handle(world, {"Records": [record]})) == ["removed"]
    assert world.sent() == []


def test_a_null_return_path_proves_no_more_than_a_mask(world: MemoryWorld) -> None:
    record = arrived(world)
    record["ses"]["mail"]["source"] = ""  # so SPF was of no domain of the sender's

    assert states(handle(world, {"Records": [record]})) == ["masked"]
    assert {mail["To"] for mail in world.sent()} <= {EDITOR, world.mirror.operator}


def test_a_tag_counts_in_the_recipient_that_ses_tells_in_whatever_letters(
    world: MemoryWorld,
) -> None:
    (item,) = (i for i in world.items() if i.title == "Entry 1")
    record = arrived(world, "Please remove this now and in the future.")
    record["ses"]["receipt"]["recipients"] = [f"Takedown+{item.id.upper()}@Mirror.Example.org"]

    assert states(handle(world, {"Records": [record]})) == ["removed"]
    assert [i.title for i in world.items()] == ["Entry 2"]


def test_a_missing_mail_leaves_a_case_that_the_next_delivery_finishes(world: MemoryWorld) -> None:
    raw = a_mail(ONE, date=world.now)
    event = {"Records": [ses_record("late", raw, now=world.now)]}
    for _ in range(2):
        with pytest.raises(MailMissingError):
            handle(world, event)

    world.mail.put("inbound/late", Content(raw, "message/rfc822"), replaces=None)

    assert states(handle(world, event)) == ["removed"]
    assert len(world.sent()) == 1


def by_queue(*bodies: object) -> dict[str, Any]:
    return {
        "Records": [
            {"messageId": f"m{number}", "body": json.dumps(body), "eventSource": "aws:sqs"}
            for number, body in enumerate(bodies)
        ]
    }


def test_a_redriven_event_in_a_queue_message_is_taken_in(world: MemoryWorld) -> None:
    event = {"version": "1.0", "requestPayload": {"Records": [arrived(world)]}}

    report = handle(world, by_queue(event))

    assert (states(report), report["batchItemFailures"]) == (["removed"], [])


def test_a_record_of_another_service_is_told_as_a_failure_and_nothing_else(
    world: MemoryWorld,
) -> None:
    record = {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": {}}

    report = handle(world, {"Records": [record]})

    assert report == {"cases": [], "batchItemFailures": [{"itemIdentifier": ""}]}
    assert list(world.stores.ledger.list("")) == []


def test_tasks_that_the_mirror_hands_on_at_once_raise_what_is_wrong_with_them(
    world: MemoryWorld,
) -> None:
    whole = "Please remove our whole site news.example.com from your mirror."
    report = handle(world, {"Records": [arrived(world, whole, sender="joe@news.example.com")]})
    assert states(report) == ["asked"]
    case = report["cases"][0]["case"]

    with pytest.raises(TaskUnreadableError):
        handle(world, {"tasks": [{"kind": "proof", "case": "another"}]})
    assert states(handle(world, {"tasks": [{"kind": "case", "case": case}]})) == ["asked"]


@pytest.mark.parametrize(
    "event", [{}, {"Records": []}, {"version": "0", "source": "aws.scheduler", "detail": {}}]
)
def test_any_other_event_is_the_hour(world: MemoryWorld, event: dict[str, Any]) -> None:
    arrived(world)

    report = handle(world, event)

    assert report["hour"]["problems"] == []
    assert gone(world) == 0  # nobody proved it, and its own event may still come
