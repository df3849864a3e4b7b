"""Every call that the functions make is granted by exactly its role, and nothing else is granted.

The whole stack is deployed into moto, both handlers run real scenes with the variables that the
template gives them, and every call is noted on its way out. Then the statements of the roles are
asked, whole and without each single grant.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from builders import a_mirror
from deployed import Cloud, deployed, keys_of
from feedmirror.configuration import Configuration, FeedSettings
from feedmirror.configuration_file import write_configuration
from feedmirror.layout import challenge_key
from feedmirror.takedowns.casework.challenges import Challenge, challenge_to_json
from feedmirror.takedowns.decisions.decision import Proving
from loopback import Answer, Publisher
from permissions import ACCOUNT, Need, allowed, denied, without_each
from stack_template import REGION, translated, written
from takedown_world import CONTACT
from world import SITE, entry, rss

ROLES = {"mirror": "MirrorRole", "takedown": "TakedownRole"}
STRANGER = "bob@elsewhere.example"
TOKEN = "feedmirror-takedown=" + "a" * 26


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with deployed() as made:
        play(made)
        yield made


def play(cloud: Cloud) -> None:
    """Have both functions do everything that they do, once at least."""
    documents = {"/feed": Answer(body=rss(entry(1), entry(2), entry(3)).encode())}
    with Publisher(lambda seen: documents.get(seen.target, Answer(404))) as publisher:
        feed = FeedSettings(url=publisher.url("/feed"), site=SITE, interval=timedelta(minutes=15))

        def configure(**settings: Any) -> None:  # noqa: ANN401 -- a builder takes any field
            mirror = a_mirror(**settings)
            cloud.configure(write_configuration(Configuration(mirror=mirror, feeds=(feed,))))

        configure()
        assert cloud.call("mirror", {})["created"] == 3
        documents["/feed"] = Answer(body=rss(entry(1, title="Edited"), entry(2), entry(3)).encode())
        assert cloud.call("mirror", {"at_once": True})["updated"] == 1
        forget(cloud.outputs["ArchiveBucketName"], "state/0.json")
        cloud.call("mirror", {"at_once": True})
        by_queue(cloud, configure)
        take_down(cloud)
        stand_still(cloud)
        edited = rss(entry(1, title="Edited again"), entry(2), entry(3))
        documents["/feed"] = Answer(body=edited.encode())
        cloud.call("mirror", {"at_once": True})
        assert cloud.call("mirror", cloud.messages("PollQueueUrl"))["suppressed"] == 1
        prove(cloud, feed.url, documents)
        cloud.configure("this is no configuration")
        assert cloud.call("mirror", {})["refused_configuration"]
        assert "hour" in cloud.call("takedown", {})
        repair(cloud)


def forget(name: str, key: str) -> None:
    """Make an object one that nobody can read."""
    boto3.client("s3").put_object(Bucket=name, Key=key, Body=b"lost")


def by_queue(cloud: Cloud, configure: Callable[..., None]) -> None:
    configure(shards=2)
    assert cloud.call("mirror", {"at_once": True})["dispatched"] == 1
    assert cloud.call("mirror", cloud.messages("PollQueueUrl"))["polled"] == 1
    cloud.call("mirror", {})


def take_down(cloud: Cloud) -> None:
    remove = f"Please take down {SITE}/1 now and for ever."
    (case,) = cloud.call("takedown", cloud.mail(remove))["cases"]
    assert case["state"] == "removed"
    # A page that is announced and not there is made, as one that is gone.
    site = cloud.outputs["SiteBucketName"]
    for key in keys_of(site, "news.example.com/"):
        if not key.startswith(f"news.example.com/{datetime.now(UTC):%Y}") and key.count("/") == 2:
            boto3.client("s3").delete_object(Bucket=site, Key=key)
    # What time does not allow goes on by the work queue.
    later = cloud.mail(f"Please take down {SITE}/2 now and for ever.")
    assert cloud.call("takedown", later, milliseconds=20_000)["cases"][0]["state"] == "received"
    assert cloud.call("takedown", cloud.messages("WorkQueueUrl"))["batchItemFailures"] == []
    # Its author thinks again, and answers the receipt.
    receipt = cloud.last_mail()
    to = receipt["Reply-To"].addresses[0].addr_spec
    cloud.call("takedown", cloud.mail("I withdraw my request, please put it back.", to=to))
    assert keys_of(cloud.outputs["LedgerBucketName"], "lifts/")


def stand_still(cloud: Cloud) -> None:
    """The operator pauses the mirror; both functions see it, and then that it goes on."""
    client, bucket = boto3.client("s3"), cloud.outputs["ArchiveBucketName"]
    client.put_object(Bucket=bucket, Key="config/paused", Body=b"stop")
    assert cloud.call("mirror", {"at_once": True})["paused"]["note"] == "stop"
    assert "hour" in cloud.call("takedown", {})
    client.put_object(Bucket=bucket, Key="config/paused", Body=b"")
    assert "paused" not in cloud.call("mirror", {})


def prove(cloud: Cloud, feed: str, documents: dict[str, Answer]) -> None:
    """A stranger is asked for a token; the mirror sees one in a feed and hands it on."""
    whole = "I run news.example.com. Take down everything of news.example.com, now and for ever."
    (case,) = cloud.call("takedown", cloud.mail(whole, sender=STRANGER))["cases"]
    ledger = cloud.outputs["LedgerBucketName"]
    (key,) = keys_of(ledger, "challenges/")
    assert case["case"] in key
    wanted = Challenge(
        case="c",
        host="news.example.com",
        token=TOKEN,
        ways=(Proving.FEED,),
        until=datetime.now(UTC) + timedelta(days=14),
        feed=feed,
    )
    body = challenge_to_json(wanted)
    boto3.client("s3").put_object(Bucket=ledger, Key=challenge_key(wanted.host, "c"), Body=body)
    shown = rss(entry(3), extra=f"<description>{TOKEN}</description>")
    documents["/feed"] = Answer(body=shown.encode())
    cloud.call("mirror", {"at_once": True})
    assert cloud.call("mirror", cloud.messages("PollQueueUrl"))["findings"] == 1
    assert len(cloud.messages("WorkQueueUrl")["Records"]) == 1


def repair(cloud: Cloud) -> None:
    """Somebody puts an item back by hand; the hour finds it, repairs it and tells the operator."""
    client, bucket = boto3.client("s3"), cloud.outputs["ArchiveBucketName"]
    mail = cloud.outputs["MailBucketName"]
    copies = client.list_objects_v2(Bucket=mail, Prefix="recovery/")["Contents"]
    key = next(copy["Key"] for copy in copies if copy["Size"] > 100)
    _, _, host, name = key.split("/")
    body = client.get_object(Bucket=mail, Key=key)["Body"].read()
    client.put_object(Bucket=bucket, Key=f"items/{host}/{name}", Body=body)
    assert cloud.call("takedown", {})["hour"]["repaired"] > 0


@pytest.mark.parametrize("actor", ROLES)
def test_every_call_is_granted_by_the_role_of_the_function_that_makes_it(
    cloud: Cloud, actor: str
) -> None:
    statements = cloud.statements(ROLES[actor])
    needs = cloud.needs(actor)

    assert len(needs) > 30
    assert [need for need in needs if not allowed(need, statements)] == []


@pytest.mark.parametrize("role", [*ROLES.values(), "SchedulerRole"])
def test_what_services_do_as_a_role_is_granted(cloud: Cloud, role: str) -> None:
    statements = cloud.statements(role)

    assert cloud.needs_of_services(role)
    refused = [n for n in cloud.needs_of_services(role) if not allowed(n, statements)]
    assert refused == []


@pytest.mark.parametrize("role", [*ROLES.values(), "SchedulerRole"])
def test_nothing_is_granted_that_no_call_needs(cloud: Cloud, role: str) -> None:
    """Without any single grant at least one call is refused."""
    needs = cloud.needs_of_services(role)
    needs += [n for actor, of in ROLES.items() if of == role for n in cloud.needs(actor)]
    grants = list(without_each(cloud.statements(role)))

    useless = [name for name, rest in grants if all(allowed(need, rest) for need in needs)]
    assert len(grants) > 2
    assert useless == []


def bucket(cloud: Cloud, name: str, key: str = "") -> str:
    return f"arn:aws:s3:::{cloud.outputs[f'{name}BucketName']}" + (f"/{key}" if key else "")


CREATE = {"s3:if-none-match": "*"}


def test_the_mirror_cannot_write_the_ledger_or_touch_mail(cloud: Cloud) -> None:
    statements = cloud.statements("MirrorRole")
    written = ["suppressions/x", "lifts/x", "cases/x", "challenges/x", "limits/x", "log/x"]
    needs = [Need("s3:PutObject", bucket(cloud, "Ledger", key), CREATE) for key in written]
    needs += [Need("s3:GetObject", bucket(cloud, "Ledger", key)) for key in ("cases/x", "log/x")]
    needs += [
        Need(action, bucket(cloud, "Mail", key), CREATE)
        for action in ("s3:GetObject", "s3:PutObject")
        for key in ("inbound/x", "recovery/x/y/z.json")
    ]
    needs += [Need("s3:ListBucket", bucket(cloud, "Mail"), {"s3:prefix": "inbound/"})]
    needs += [Need("s3:ListBucket", bucket(cloud, "Ledger"), {"s3:prefix": "cases/"})]
    needs += [Need("s3:ListBucket", bucket(cloud, "Ledger"), {"s3:prefix": ""})]

    assert [need for need in needs if allowed(need, statements)] == []


@pytest.mark.parametrize("sender", ["ops@mirror.example.org", "takedown@example.org", ""])
def test_takedowns_are_answered_as_nobody_but_the_contact(cloud: Cloud, sender: str) -> None:
    identity = f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/mirror.example.org"
    statements = cloud.statements("TakedownRole")

    assert allowed(Need("ses:SendRawEmail", identity, {"ses:FromAddress": CONTACT}), statements)
    assert not allowed(Need("ses:SendRawEmail", identity, {"ses:FromAddress": sender}), statements)


DESTROYING = (
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:PutLifecycleConfiguration",
    "s3:DeleteBucket",
    "s3:PutBucketPolicy",
    "s3:DeleteBucketPolicy",
    "s3:PutBucketAcl",
    "s3:PutBucketVersioning",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketTagging",
    "s3:PutReplicationConfiguration",
    "s3:PutInventoryConfiguration",
    "s3:PutObjectAcl",
    "s3:PutObjectTagging",
    "s3:GetObjectVersion",
)


@pytest.mark.parametrize("role", [*ROLES.values(), "SchedulerRole"])
@pytest.mark.parametrize("action", DESTROYING)
def test_nobody_can_destroy_anything(cloud: Cloud, role: str, action: str) -> None:
    statements = cloud.statements(role)
    names = ("Archive", "Site", "Ledger", "Mail")
    needs = [Need(action, bucket(cloud, name, key)) for name in names for key in ("", "items/x")]

    assert [need for need in needs if allowed(need, statements)] == []


BREAK_GLASS = f"arn:aws:iam::{ACCOUNT}:role/erasure"


def policy_of(cloud: Cloud, name: str) -> list[dict[str, Any]]:
    """Return a bucket policy's statements with the bucket's name in them."""
    document = translated()["Resources"][f"{name}BucketPolicy"]["Properties"]["PolicyDocument"]
    text = json.dumps(document["Statement"])
    arn = bucket(cloud, name)
    text = text.replace(json.dumps({"Fn::GetAtt": [f"{name}Bucket", "Arn"]}), json.dumps(arn))
    text = text.replace("${" + f"{name}Bucket.Arn" + "}", arn)
    text = text.replace(json.dumps({"Ref": "AWS::AccountId"}), json.dumps(ACCOUNT))
    text = text.replace(json.dumps({"Ref": "BreakGlass"}), json.dumps(BREAK_GLASS))
    found: list[dict[str, Any]] = json.loads(text)
    for statement in found:
        told = statement["Resource"]
        parts = told if isinstance(told, list) else [told]
        statement["Resource"] = [
            part["Fn::Sub"] if isinstance(part, dict) else part for part in parts
        ]
    return found


UNDER_CONDITIONS = {
    "Archive": ["items/h/i.json", "addresses/x", "state/0.json", "state/latest/0.json"],
    "Site": ["index.html", "h/i/index.html"],
    "Ledger": ["suppressions/x", "lifts/x", "cases/x", "challenges/x", "log/x"],
    "Mail": ["recovery/c/h/i.json"],
}


CREATED_ONLY = {"addresses/x", "suppressions/x", "lifts/x", "log/x"}


@pytest.mark.parametrize("name", UNDER_CONDITIONS)
def test_a_put_without_a_condition_is_denied_wherever_the_protocol_stands_on_one(
    cloud: Cloud, name: str
) -> None:
    statements = policy_of(cloud, name)
    for key in UNDER_CONDITIONS[name]:
        resource = bucket(cloud, name, key)
        assert denied(Need("s3:PutObject", resource), statements)
        assert not denied(Need("s3:PutObject", resource, CREATE), statements)
        overwritten = Need("s3:PutObject", resource, {"s3:if-match": '"e"'})
        assert denied(overwritten, statements) is (key in CREATED_ONLY)


def test_the_operators_configuration_and_sess_mail_need_none(cloud: Cloud) -> None:
    configuration = Need("s3:PutObject", bucket(cloud, "Archive", "config/mirror.toml"))
    mail = Need("s3:PutObject", bucket(cloud, "Mail", "inbound/x"))

    assert not denied(configuration, policy_of(cloud, "Archive"))
    assert not denied(mail, policy_of(cloud, "Mail"))


def test_no_put_of_the_functions_is_denied_by_a_bucket(cloud: Cloud) -> None:
    policies = [each for name in UNDER_CONDITIONS for each in policy_of(cloud, name)]
    puts = [n for actor in ROLES for n in cloud.needs(actor) if n.action == "s3:PutObject"]

    assert len(puts) > 20
    assert [need for need in puts if denied(need, policies)] == []


@pytest.mark.parametrize("name", UNDER_CONDITIONS)
def test_nothing_goes_without_tls(cloud: Cloud, name: str) -> None:
    plain = {"aws:SecureTransport": "false", **CREATE}

    assert denied(Need("s3:GetObject", bucket(cloud, name, "x"), plain), policy_of(cloud, name))


NEVER_DELETED = {
    "Archive": ["items/h/i.json", "addresses/x"],
    "Site": ["index.html", "h/i/index.html"],
    "Ledger": ["suppressions/x", "lifts/x", "cases/x", "closed/x", "challenges/x", "log/x"],
}


@pytest.mark.parametrize("action", ["s3:DeleteObject", "s3:DeleteObjectVersion"])
@pytest.mark.parametrize("name", NEVER_DELETED)
def test_nobody_deletes_what_keeps_takedowns_down_but_the_one_role_that_is_named_for_it(
    cloud: Cloud, name: str, action: str
) -> None:
    statements = policy_of(cloud, name)
    for key in NEVER_DELETED[name]:
        by_an_administrator = {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/Admin"}
        by_the_root = {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:root"}
        named = {"aws:PrincipalArn": BREAK_GLASS}

        assert denied(Need(action, bucket(cloud, name, key), by_an_administrator), statements)
        assert denied(Need(action, bucket(cloud, name, key), by_the_root), statements)
        assert not denied(Need(action, bucket(cloud, name, key), named), statements)


def test_unless_the_operator_names_one_nobody_does() -> None:
    role = written()["Parameters"]["BreakGlass"]

    assert role["Default"].startswith("arn:aws:iam::000000000000:")
    assert re.fullmatch(role["AllowedPattern"], role["Default"])
    assert re.fullmatch(role["AllowedPattern"], BREAK_GLASS)
    assert not re.fullmatch(role["AllowedPattern"], f"arn:aws:iam::{ACCOUNT}:role/*")


ELSEWHERE: dict[str, dict[str, str | None]] = {
    "another account": {"aws:PrincipalAccount": "210987654321"},
    "nobody": {"aws:PrincipalAccount": None, "aws:PrincipalIsAWSService": None},
}


@pytest.mark.parametrize("who", ELSEWHERE)
@pytest.mark.parametrize("name", UNDER_CONDITIONS)
def test_no_other_account_gets_in_whatever_is_allowed_one_day(
    cloud: Cloud, name: str, who: str
) -> None:
    for action in ("s3:GetObject", "s3:PutObject", "s3:ListBucket"):
        key = "" if action == "s3:ListBucket" else "x"
        need = Need(action, bucket(cloud, name, key), {**CREATE, **ELSEWHERE[who]})
        assert denied(need, policy_of(cloud, name))


SERVICES = {
    "Mail": ("s3:PutObject", "inbound/x", "aws:SourceAccount", ACCOUNT),
    "Site": ("s3:GetObject", "index.html", "aws:SourceArn", "arn:aws:cloudfront::1:distribution/E"),
}


@pytest.mark.parametrize("name", SERVICES)
def test_ses_and_cloudfront_come_as_services_and_are_not_shut_out(cloud: Cloud, name: str) -> None:
    action, key, source, value = SERVICES[name]
    service = {"aws:PrincipalIsAWSService": "true", "aws:PrincipalAccount": None, source: value}

    assert not denied(Need(action, bucket(cloud, name, key), service), policy_of(cloud, name))


@pytest.mark.parametrize("actor", ROLES)
def test_a_bucket_that_somebody_else_made_under_our_name_is_not_used(
    cloud: Cloud, actor: str
) -> None:
    statements = cloud.statements(ROLES[actor])
    ours = [need for need in cloud.needs(actor) if need.action.startswith("s3:")]
    theirs = [
        replace(need, context={**need.context, "aws:ResourceAccount": "210987654321"})
        for need in ours
    ]

    assert len(ours) > 20
    assert [need for need in theirs if allowed(need, statements)] == []
