"""What is left behind a deployment: done where it can be, told where a person has to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import boto3
import dns.rcode
import dns.resolver
import pytest
from botocore.client import BaseClient
from moto import mock_aws
from moto.cloudformation.models import cloudformation_backends

import finish
import moto_stack
from builders import a_mirror
from feedmirror.configuration import Configuration
from feedmirror.configuration_file import write_configuration
from feedmirror.settings import Settings
from name_server import a_name_server, answering
from stack_template import PARAMETERS, REGION

STACK = "feedmirror"
DOMAIN = "mirror.example.org"
SITE = {
    "MirrorDomain": DOMAIN,
    "CertificateArn": f"arn:aws:acm:{REGION}:123456789012:certificate/x",
}


@dataclass
class Account:
    """A deployed stack, and what the world around it says."""

    outputs: dict[str, str] = field(default_factory=dict)
    zone: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    in_production: bool = False
    verified: bool = False

    def resolve(self, name: str, kind: str) -> Sequence[str]:
        return self.zone.get((name, kind), [])

    def make_records(self) -> None:
        """Make every record that the stack asks for."""
        for name, told in self.outputs.items():
            if name.rstrip("123").endswith("Record"):
                host, kind, value = told.split(" ", 2)
                self.zone[host, "A" if kind == "ALIAS" else kind] = [value]

    def configure(self, **settings: Any) -> None:  # noqa: ANN401 -- a builder takes any field
        told = {"site": self.outputs["SiteAddress"], "contact": PARAMETERS["Contact"], **settings}
        text = write_configuration(Configuration(mirror=a_mirror(**told), feeds=()))
        boto3.client("s3").put_object(
            Bucket=self.outputs["ArchiveBucketName"], Key="config/mirror.toml", Body=text.encode()
        )

    def subscribed(self) -> str:
        (found,) = boto3.client("sns").list_subscriptions()["Subscriptions"]
        return found["Endpoint"]


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    found = Account()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    called = BaseClient._make_api_call  # type: ignore[attr-defined]  # noqa: SLF001 -- see below

    def call(client: BaseClient, operation: str, parameters: Any) -> Any:  # noqa: ANN401 -- boto3's
        """Answer what moto does not know: the account's standing, and the return path's."""
        service = client.meta.service_model.service_name
        if (service, operation) == ("sesv2", "GetAccount"):
            return {"ProductionAccessEnabled": found.in_production}
        answer = called(client, operation, parameters)
        if (service, operation) == ("sesv2", "GetEmailIdentity"):
            status = "SUCCESS" if found.verified else "PENDING"
            answer["VerifiedForSendingStatus"] = found.verified
            answer["MailFromAttributes"] = {"MailFromDomainStatus": status}
        return answer

    monkeypatch.setattr(BaseClient, "_make_api_call", call)
    with mock_aws():
        found.outputs = moto_stack.deploy(None, **SITE)
        yield found


def finished(
    account: Account, capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int, list[str]]:
    """Run it; return its exit status and its lines."""
    status = finish.main(arguments, resolve=account.resolve)
    told = capsys.readouterr()
    return status, (told.out + told.err).splitlines()


def left(lines: Sequence[str]) -> set[str]:
    return {line[7:20].strip() for line in lines if line.startswith("TO DO")}


def test_behind_a_first_deployment_it_activates_the_rule_set_and_tells_the_rest(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    status, lines = finished(account, capsys)

    active = boto3.client("ses").describe_active_receipt_rule_set()
    assert active["Metadata"]["Name"] == account.outputs["RuleSetName"]
    assert [rule["Recipients"] for rule in active["Rules"]] == [[PARAMETERS["Contact"]]]
    assert status == 1
    # moto takes a subscription for confirmed at once.
    assert left(lines) == {"DNS record", "sender", "return path", "account", "configuration"}
    records = [line for line in lines if "DNS record" in line]
    assert f"TO DO  DNS record     {DOMAIN}. MX 10 inbound-smtp.{REGION}.amazonaws.com." in records
    assert len(records) == 8
    assert lines[-1] == "12 left to do."
    (configuration,) = [line for line in lines if "configuration" in line]
    site, contact = account.outputs["SiteAddress"], PARAMETERS["Contact"]
    assert f"feedmirror init --site {site} --contact {contact} && aws s3 cp" in configuration


def test_a_second_time_changes_nothing_and_all_is_in_place_once_people_did_their_part(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    finished(account, capsys)
    account.make_records()
    account.configure()
    account.verified = account.in_production = True

    status, lines = finished(account, capsys)

    assert (status, left(lines), lines[-1]) == (0, set(), "All is in place.")
    assert any(f"alarms         {account.subscribed()} get" in line for line in lines)


def test_another_active_rule_set_is_left_alone(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """A region has one active rule set: taking its place would lose the account's other mail."""
    client = boto3.client("ses")
    client.create_receipt_rule_set(RuleSetName="others")
    client.set_active_receipt_rule_set(RuleSetName="others")

    _, lines = finished(account, capsys)

    assert client.describe_active_receipt_rule_set()["Metadata"]["Name"] == "others"
    assert "deploy again with ExistingRuleSet=others" in lines[0]


def test_a_cname_where_mail_arrives_is_told(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    account.make_records()
    account.zone[f"{DOMAIN}.", "CNAME"] = ["d1.cloudfront.net."]

    _, lines = finished(account, capsys)

    (told,) = [line for line in lines if "ALIAS" in line]
    assert told.startswith("TO DO")
    assert "not a CNAME" in told


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"contact": "other@mirror.example.org"}, "contact is other@mirror.example.org"),
        ({"site": "https://elsewhere.example.org"}, "site is https://elsewhere.example.org"),
        ({"recovery_days": 31}, "recovery_days is 31 in mirror.toml, 30 in the stack"),
    ],
)
def test_a_configuration_that_says_otherwise_than_the_stack_is_told(
    account: Account, capsys: pytest.CaptureFixture[str], settings: dict[str, Any], said: str
) -> None:
    account.configure(**settings)

    _, lines = finished(account, capsys)

    (told,) = [line for line in lines if "configuration" in line]
    assert said in told
    assert told.startswith("TO DO")


def test_a_wrong_configuration_is_told_with_its_line(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    bucket = account.outputs["ArchiveBucketName"]
    boto3.client("s3").put_object(Bucket=bucket, Key="config/mirror.toml", Body=b"[miror]\n")

    _, lines = finished(account, capsys)

    assert any(f"s3://{bucket}/config/mirror.toml:1: miror" in line for line in lines)


def test_the_commands_variables_are_those_of_the_functions(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    status, lines = finished(account, capsys, "--environment")

    assert status == 0
    told = dict(line.removeprefix("export ").split("=", 1) for line in lines)
    assert told.pop("AWS_DEFAULT_REGION") == REGION
    settings = Settings.from_environment(told)
    assert settings.archive_bucket == account.outputs["ArchiveBucketName"]
    assert settings.mail_bucket == account.outputs["MailBucketName"]
    assert settings.topic_arn == account.outputs["TopicArn"]
    assert settings.poll_queue_url == account.outputs["PollQueueUrl"]


def test_a_stack_that_is_not_there_is_an_error_in_one_line(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    status, lines = finished(account, capsys, "--stack", "nowhere")

    assert status == 2
    (line,) = lines
    assert line == "finish: there is no stack nowhere in this region: deploy it first"


@pytest.mark.parametrize(
    ("stands", "said"),
    [
        ("CREATE_IN_PROGRESS", "wait until that is over"),
        ("ROLLBACK_COMPLETE", "nothing runs: delete it and deploy again"),
        ("UPDATE_ROLLBACK_COMPLETE", ""),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", ""),
    ],
)
def test_a_stack_that_runs_is_looked_at_also_behind_an_upgrade_that_failed(
    account: Account, capsys: pytest.CaptureFixture[str], stands: str, said: str
) -> None:
    (stack,) = cloudformation_backends["123456789012"][REGION].stacks.values()
    stack.status = stands

    status, lines = finished(account, capsys, "--environment")

    assert status == (2 if said else 0)
    assert said in lines[0]


def test_without_a_region_it_says_which_variable_to_set(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)

    assert finish.main([]) == 2
    assert "set AWS_DEFAULT_REGION" in capsys.readouterr().err


def test_dns_is_really_asked_and_silence_is_no_record() -> None:
    with a_name_server(answering("10 inbound-smtp.us-east-1.amazonaws.com.", kind="MX")) as (
        port,
        _,
    ):
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], port
        found = finish.ask_dns(f"{DOMAIN}.", "MX", resolver=resolver)
    with a_name_server(answering(code=dns.rcode.NXDOMAIN)) as (port, _):
        resolver.port = port
        none = finish.ask_dns(f"{DOMAIN}.", "MX", resolver=resolver)

    assert found == ["10 inbound-smtp.us-east-1.amazonaws.com."]
    assert none == []
