"""The stack, deployed into moto and read back as an account would show it."""

import json
from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

import moto_stack
from stack_template import REGION, resources, translated

BUCKETS = ("Archive", "Site", "Ledger", "Mail")


@pytest.fixture(scope="module")
def outputs() -> Iterator[dict[str, str]]:
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        yield moto_stack.deploy()


@pytest.mark.parametrize("name", BUCKETS)
def test_buckets_are_private_encrypted_and_owned_by_the_account(
    outputs: dict[str, str], name: str
) -> None:
    client, bucket = boto3.client("s3"), outputs[f"{name}BucketName"]

    access = client.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert access == {
        "BlockPublicAcls": True,
        "IgnorePublicAcls": True,
        "BlockPublicPolicy": True,
        "RestrictPublicBuckets": True,
    }
    (rule,) = client.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"][
        "Rules"
    ]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    owned = client.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    assert owned == [{"ObjectOwnership": "BucketOwnerEnforced"}]


@pytest.mark.parametrize("name", BUCKETS)
def test_only_the_ledger_keeps_versions(outputs: dict[str, str], name: str) -> None:
    found = boto3.client("s3").get_bucket_versioning(Bucket=outputs[f"{name}BucketName"])

    assert found.get("Status") == ("Enabled" if name == "Ledger" else None)


def test_only_mail_and_recovery_copies_end_by_themselves(outputs: dict[str, str]) -> None:
    ends: dict[str, int] = {}
    for name in BUCKETS:
        found = boto3.client("s3").get_bucket_lifecycle_configuration(
            Bucket=outputs[f"{name}BucketName"]
        )
        ends |= {
            f"{name} {rule['Filter']['Prefix']}": rule["Expiration"]["Days"]
            for rule in found["Rules"]
            if "Expiration" in rule
        }

    assert ends == {"Mail inbound/": 365, "Mail recovery/": 30}


@pytest.mark.parametrize(
    ("queue", "dead", "times"),
    [("PollQueue", "PollDeadLetters", 3), ("WorkQueue", "WorkDeadLetters", 5)],
)
def test_what_fails_again_and_again_is_set_aside(
    outputs: dict[str, str], queue: str, dead: str, times: int
) -> None:
    told = boto3.client("sqs").get_queue_attributes(
        QueueUrl=outputs[f"{queue}Url"], AttributeNames=["All"]
    )["Attributes"]

    policy = json.loads(told["RedrivePolicy"])
    assert int(policy["maxReceiveCount"]) == times
    assert f"-{dead}-" in policy["deadLetterTargetArn"]
    timeouts = {f["Timeout"] for f in resources("AWS::Lambda::Function").values()}
    assert int(told["VisibilityTimeout"]) >= 6 * max(timeouts)


def test_queues_start_their_functions_and_messages_fail_alone(outputs: dict[str, str]) -> None:
    found = boto3.client("lambda").list_event_source_mappings()["EventSourceMappings"]

    told = {
        mapping["EventSourceArn"].rpartition(":")[2].split("-")[1]: (
            mapping["FunctionArn"].rpartition(":")[2].split("-")[1],
            mapping["FunctionResponseTypes"],
            int(mapping["ScalingConfig"]["MaximumConcurrency"]),
            int(mapping["BatchSize"]),
        )
        for mapping in found
    }
    alone = ["ReportBatchItemFailures"]
    assert told == {
        "PollQueue": ("MirrorFunction", alone, 5, 1),
        "WorkQueue": ("TakedownFunction", alone, 2, 1),
    }
    assert outputs


def test_two_schedules_start_the_two_functions(outputs: dict[str, str]) -> None:
    client = boto3.client("scheduler")
    names = [each["Name"] for each in client.list_schedules()["Schedules"]]
    found = [client.get_schedule(Name=name) for name in names]

    rates = {each["Target"]["Arn"].rpartition(":")[2]: each["ScheduleExpression"] for each in found}
    assert rates == {
        outputs["MirrorFunctionName"]: "rate(5 minutes)",
        outputs["TakedownFunctionName"]: "rate(1 hour)",
    }
    for each in found:
        assert each["Target"]["Input"] == "{}"
        assert "-ScheduleDeadLetters-" in each["Target"]["DeadLetterConfig"]["Arn"]


def test_mail_to_the_contact_is_scanned_stored_and_then_handed_over(
    outputs: dict[str, str],
) -> None:
    found = boto3.client("ses").describe_receipt_rule_set(RuleSetName=outputs["RuleSetName"])
    (rule,) = found["Rules"]

    assert (rule["Enabled"], rule["ScanEnabled"]) == (True, True)
    assert rule["Recipients"] == ["takedown@mirror.example.org"]
    store, start = rule["Actions"]  # in this order: the function reads what is stored
    assert store["S3Action"] == {
        "BucketName": outputs["MailBucketName"],
        "ObjectKeyPrefix": "inbound/",
    }
    assert start["LambdaAction"]["InvocationType"] == "Event"
    assert start["LambdaAction"]["FunctionArn"].endswith(outputs["TakedownFunctionName"])


def test_a_mail_whose_event_fails_waits_in_the_work_queue(outputs: dict[str, str]) -> None:
    found = boto3.client("lambda").get_function_event_invoke_config(
        FunctionName=outputs["TakedownFunctionName"]
    )

    assert found["DestinationConfig"]["OnFailure"]["Destination"] == outputs["WorkQueueArn"]
    assert (found["MaximumRetryAttempts"], found["MaximumEventAgeInSeconds"]) == (2, 21600)


def test_every_alarm_reaches_the_operator(outputs: dict[str, str]) -> None:
    client = boto3.client("cloudwatch")
    alarms = client.describe_alarms()["MetricAlarms"]
    (subscription,) = boto3.client("sns").list_subscriptions()["Subscriptions"]

    assert len(alarms) == len(resources("AWS::CloudWatch::Alarm")) > 10
    assert {tuple(alarm["AlarmActions"]) for alarm in alarms} == {(outputs["TopicArn"],)}
    assert (subscription["TopicArn"], subscription["Protocol"], subscription["Endpoint"]) == (
        outputs["TopicArn"],
        "email",
        "ops@example.org",
    )


def test_logs_end(outputs: dict[str, str]) -> None:
    groups = boto3.client("logs").describe_log_groups()["logGroups"]

    assert len(groups) == 2
    assert {group["retentionInDays"] for group in groups} == {30}
    assert outputs


def test_functions_run_what_the_package_is_built_for(outputs: dict[str, str]) -> None:
    for name in ("Mirror", "Takedown"):
        told = boto3.client("lambda").get_function_configuration(
            FunctionName=outputs[f"{name}FunctionName"]
        )
        assert told["Runtime"] == "python3.13"
        assert told["Handler"] == f"feedmirror.handlers.{name.lower()}.handler"


def test_with_a_rule_set_that_is_active_already_the_rule_goes_into_that(
    outputs: dict[str, str],
) -> None:
    """CloudFormation's own conditions, asked of the template: moto holds one stack here."""
    found = translated()["Resources"]

    assert found["RuleSet"]["Condition"] == "MakesRuleSet"
    name = found["MailRule"]["Properties"]["RuleSetName"]
    assert name == {"Fn::If": ["MakesRuleSet", {"Ref": "RuleSet"}, {"Ref": "ExistingRuleSet"}]}
    assert outputs["RuleSetName"].startswith("feedmirror-RuleSet-")
