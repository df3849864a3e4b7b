"""The template itself: what no emulator holds, and what must agree with the code."""

import importlib
import json
import re
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import parliament
import pytest
import yaml

from feedmirror.adapters.telemetry import telemetry
from feedmirror.configuration import FeedSettings
from feedmirror.jobs.reports import MirrorReport
from feedmirror.jobs.takedown.hourly import Hour
from feedmirror.mirroring.poll_state import FeedState
from feedmirror.mirroring.schedule import next_poll
from feedmirror.settings import Settings
from feedmirror.takedowns.casework.cases import State
from stack_template import PARAMETERS, REGION, TEMPLATE, resources, translated, written
from world import START

ALARMS = resources("AWS::CloudWatch::Alarm")
FUNCTIONS = resources("AWS::Lambda::Function")
# Set by hand or never: the public internet is all that a deployed mirror may fetch from, and its
# buckets are S3's.
NOT_IN_THE_CLOUD = {"FEEDMIRROR_ALLOWED_NETWORKS", "FEEDMIRROR_EMBEDDED_STORE"}


def lint(path: Path) -> str:
    found = subprocess.run(  # noqa: S603 -- our own environment's
        [str(Path(sys.executable).parent / "cfn-lint"), "--regions", REGION, "--", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout + found.stderr


def test_the_linter_finds_nothing_in_what_is_written() -> None:
    assert lint(TEMPLATE) == ""


def test_nor_in_what_is_deployed(tmp_path: Path) -> None:
    """What SAM makes of it is linted as well: some mistakes only show there."""
    path = tmp_path / "translated.json"
    path.write_text(json.dumps(translated()))

    assert lint(path) == ""


def test_no_alias_of_yaml_stands_in_it() -> None:
    """CloudFormation takes none (AWS, "CloudFormation template format")."""
    with TEMPLATE.open() as file:
        tokens = {type(token).__name__ for token in yaml.scan(file)}

    assert "ScalarToken" in tokens
    assert not {"AnchorToken", "AliasToken"} & tokens


def resolved(value: Any) -> Any:  # noqa: ANN401 -- any part of a template
    """Return a value of the template with something of the right form for every reference."""
    match value:
        case {"Fn::GetAtt": [name, "Arn"]}:
            found = ARNS[translated()["Resources"][name]["Type"]].format(name=name.lower())
        case {"Ref": name}:
            found = REFERENCES.get(name, f"arn:aws:sns:{REGION}:123456789012:{name}")
        case {"Fn::Sub": [str(text), dict(names)]}:
            found = fill(text, names)
        case {"Fn::Sub": str(text)}:
            found = fill(text, {})
        case {"Fn::Select": [_, _]}:
            found = "mirror.example.org"
        case dict():
            return {key: resolved(inner) for key, inner in value.items()}
        case list():
            return [resolved(inner) for inner in value]
        case _:
            return value
    return found


REFERENCES = {
    **PARAMETERS,
    "AWS::AccountId": "123456789012",
    "BreakGlass": written()["Parameters"]["BreakGlass"]["Default"],
}
ARNS = {
    "AWS::S3::Bucket": "arn:aws:s3:::{name}",
    "AWS::SQS::Queue": f"arn:aws:sqs:{REGION}:123456789012:{{name}}",
    "AWS::Lambda::Function": f"arn:aws:lambda:{REGION}:123456789012:function:{{name}}",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{REGION}:123456789012:log-group:{{name}}:*",
}


def fill(text: str, names: dict[str, Any]) -> str:
    known = {"AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": "123456789012"}

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name in names:
            return str(resolved(names[name]))
        if name.endswith(".Arn"):
            return str(resolved({"Fn::GetAtt": [name.removesuffix(".Arn"), "Arn"]}))
        return known.get(name, f"E{name.upper()}")

    return re.sub(r"\$\{([^}]+)\}", value, text)


def policies() -> list[tuple[str, dict[str, Any]]]:
    roles = [
        (f"{name} {policy['PolicyName']}", policy["PolicyDocument"])
        for name, role in resources("AWS::IAM::Role").items()
        for policy in role["Policies"]
    ]
    buckets = resources("AWS::S3::BucketPolicy").items()
    return roles + [(name, policy["PolicyDocument"]) for name, policy in buckets]


@pytest.mark.parametrize(("name", "document"), policies(), ids=[name for name, _ in policies()])
def test_the_policy_checker_finds_nothing(name: str, document: dict[str, Any]) -> None:
    """Every action exists, takes these resources and these conditions."""
    checked = parliament.analyze_policy_string(json.dumps(resolved(document)))

    # parliament's own list is older than the conditions on writes (November 2024).
    known = [f for f in checked.findings if not re.search(r"s3:if-(none-)?match", str(f))]
    assert [str(finding) for finding in known] == [], name


@pytest.mark.parametrize(("name", "document"), policies(), ids=[name for name, _ in policies()])
def test_every_statement_is_named_and_none_allows_by_wildcard(
    name: str, document: dict[str, Any]
) -> None:
    sids = [statement["Sid"] for statement in document["Statement"]]
    assert len(sids) == len(set(sids)), name
    for statement in document["Statement"]:
        if statement["Effect"] == "Allow":
            assert "*" not in json.dumps(statement["Action"])
            assert statement["Resource"] != "*"
            assert "Delete" not in json.dumps(statement["Action"]).replace("sqs:DeleteMessage", "")


OF_THE_C_LIBRARY = {"MALLOC_ARENA_MAX"}  # mallopt(3)


def wired(name: str) -> set[str]:
    return set(FUNCTIONS[name]["Environment"]["Variables"]) - OF_THE_C_LIBRARY


def read_by_the_code() -> set[str]:
    """Return every variable that settings.py reads, by having all of them refused."""
    asked: set[str] = set()

    class Asked(dict[str, str]):
        def get(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 -- a dict's own
            asked.add(name)
            return "no-such-thing" if name.endswith("_BUCKET") else default

    Settings.from_environment(Asked())
    return asked


def test_the_variables_of_the_template_are_those_that_the_code_reads() -> None:
    assert wired("MirrorFunction") | wired("TakedownFunction") == (
        read_by_the_code() - NOT_IN_THE_CLOUD
    )


def test_each_function_is_told_what_it_uses_and_nothing_else() -> None:
    both = {"ARCHIVE_BUCKET", "SITE_BUCKET", "LEDGER_BUCKET", "WORK_QUEUE_URL"}
    mails = {"MAIL_BUCKET", "MAIL_PREFIX", "DISTRIBUTION_ID", "TOPIC_ARN"}

    assert wired("MirrorFunction") == {f"FEEDMIRROR_{name}" for name in both | {"POLL_QUEUE_URL"}}
    assert wired("TakedownFunction") == {f"FEEDMIRROR_{name}" for name in both | mails}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_handler_is_there(name: str) -> None:
    module, _, function = FUNCTIONS[name]["Handler"].rpartition(".")

    assert callable(getattr(importlib.import_module(module), function))


def counted(capsys: pytest.CaptureFixture[str]) -> set[str]:
    """Return the name of every metric that the code sends, as CloudWatch reads it from the log."""
    for told in (telemetry("mirror"), telemetry("takedown")):
        report = dict.fromkeys(MirrorReport().to_dict(), 1)
        told.refused("wrong")
        told.mirrored({**report, "failures": [1], "batchItemFailures": [1]})
        hour = dict.fromkeys(Hour().to_dict(), 1)
        told.taken_down({"cases": [{"state": state} for state in State], "hour": hour})
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return {
        metric["Name"]
        for line in lines
        for sent in line.get("_aws", {}).get("CloudWatchMetrics", ())
        for metric in sent["Metrics"]
    }


def test_metrics_that_alarms_and_the_dashboard_look_at_are_those_that_the_code_counts(
    capsys: pytest.CaptureFixture[str],
) -> None:
    (dashboard,) = resources("AWS::CloudWatch::Dashboard").values()
    shown = re.findall(r'\["(?:feedmirror|\.)", "(\w+)"', dashboard["DashboardBody"]["Fn::Sub"])
    ses = {"Send", "Delivery", "Bounce", "Complaint", "Reject"}
    named = {
        each["MetricName"]
        for alarm in ALARMS.values()
        for each in [
            alarm,
            *(m["MetricStat"]["Metric"] for m in alarm.get("Metrics", ()) if "MetricStat" in m),
        ]
        if each.get("Namespace") == "feedmirror"
    }

    assert {"Repaired", "Mails", "ConfigurationRefused", "FailedFeeds", "Polled"} <= named
    assert {"Created", "CasesRemoved", "Lapsed"} <= set(shown)
    assert named | set(shown) - ses <= counted(capsys)


@pytest.mark.parametrize("name", ALARMS)
def test_every_alarm_says_what_it_means_and_what_silence_means(name: str) -> None:
    alarm = ALARMS[name]

    assert alarm["AlarmDescription"].endswith(".")
    assert alarm["AlarmActions"] == [{"Ref": "Topic"}]
    silence = {"MirrorNotRunningAlarm": "breaching", "TakedownNotLookingAlarm": "breaching"}
    silence["FeedsFailingAlarm"] = "ignore"
    assert alarm["TreatMissingData"] == silence.get(name, "notBreaching")


def test_the_alarm_for_failing_feeds_rings_although_they_are_polled_ever_more_seldom() -> None:
    """Back-off makes hours without a poll: whole periods have to hold polls, all of them failed."""
    alarm = ALARMS["FeedsFailingAlarm"]
    periods = {m["MetricStat"]["Period"] for m in alarm["Metrics"] if "MetricStat" in m}
    (period,) = periods
    now, polls = START, []
    state = FeedState()
    while now < START + timedelta(days=1):
        polls.append(now)
        state = replace(state, attempted=now, failures=state.failures + 1)
        upcoming = next_poll(state, FeedSettings(url="https://example.com/feed"), chance=0)
        assert upcoming is not None
        assert upcoming.due is not None
        now = upcoming.due

    looked_at = {(poll - START) // timedelta(seconds=period) for poll in polls}
    rings = [
        number for number in looked_at
        if looked_at >= set(range(number, number + alarm["EvaluationPeriods"]))
    ]  # fmt: skip
    assert len(polls) < 10
    assert rings
    assert alarm["Threshold"] == 100


def test_every_dead_letter_queue_rings() -> None:
    queues = {name for name in resources("AWS::SQS::Queue") if "DeadLetters" in name}
    watched = {
        dimension["Value"]["Fn::GetAtt"][0]
        for alarm in ALARMS.values()
        for dimension in alarm.get("Dimensions", ())
        if dimension["Name"] == "QueueName"
        and alarm["MetricName"] == "ApproximateNumberOfMessagesVisible"
    }

    assert watched == queues
    assert len(queues) == 3


@pytest.mark.parametrize("name", resources("AWS::S3::Bucket"))
def test_buckets_outlive_the_stack(name: str) -> None:
    bucket = translated()["Resources"][name]

    # SES puts an object into the bucket of mails at once: a failed creation cannot take it along.
    kept = "Retain" if name == "MailBucket" else "RetainExceptOnCreate"
    assert (bucket["DeletionPolicy"], bucket["UpdateReplacePolicy"]) == (kept, "Retain")


@pytest.mark.parametrize("name", resources("AWS::S3::Bucket"))
def test_buckets_are_encrypted_shut_to_the_public_and_without_access_lists(name: str) -> None:
    bucket = resources("AWS::S3::Bucket")[name]
    (encryption,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]

    assert encryption == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    shut = {"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"}
    assert bucket["PublicAccessBlockConfiguration"] == dict.fromkeys(shut, True)


def test_the_ledger_alone_keeps_versions_and_no_bucket_is_copied_anywhere() -> None:
    """A version that is no longer the current one can still be read (S3, "Versioning")."""
    buckets = resources("AWS::S3::Bucket")
    copied = ("Replication", "Inventory", "Intelligent", "ObjectLock", "Website", "Logging")

    versioned = {name for name, bucket in buckets.items() if "VersioningConfiguration" in bucket}
    assert versioned == {"LedgerBucket"}
    assert buckets["LedgerBucket"]["VersioningConfiguration"] == {"Status": "Enabled"}
    told = {key for bucket in buckets.values() for key in bucket}
    assert not any(key.startswith(copied) for key in told)


def test_only_mails_and_recovery_copies_expire() -> None:
    expiring = {
        (name, rule.get("Prefix"))
        for name, bucket in resources("AWS::S3::Bucket").items()
        for rule in bucket["LifecycleConfiguration"]["Rules"]
        if set(rule) - {"Id", "Status", "Prefix"} != {"AbortIncompleteMultipartUpload"}
    }

    assert expiring == {("MailBucket", "inbound/"), ("MailBucket", "recovery/")}


def test_every_function_logs_into_a_group_that_forgets() -> None:
    groups = resources("AWS::Logs::LogGroup")
    used = {each["LoggingConfig"]["LogGroup"]["Ref"] for each in FUNCTIONS.values()}

    assert used == set(groups)
    assert all(group["RetentionInDays"] == {"Ref": "LogRetentionDays"} for group in groups.values())
    assert written()["Parameters"]["LogRetentionDays"]["Default"] <= 30


def test_a_call_is_over_when_the_next_one_is_due_and_takedowns_can_have_calls_of_their_own() -> (
    None
):
    parameters = written()["Parameters"]
    minutes = int(re.sub(r"\D", "", parameters["PollEvery"]["Default"]))
    reserved = {"Fn::If": ["ReservesTakedowns", {"Ref": "TakedownConcurrency"}, NO_VALUE]}

    assert {each["Timeout"] for each in FUNCTIONS.values()} == {minutes * 60}
    assert FUNCTIONS["TakedownFunction"]["ReservedConcurrentExecutions"] == reserved
    assert "ReservedConcurrentExecutions" not in FUNCTIONS["MirrorFunction"]
    polls = resources("AWS::Lambda::EventSourceMapping")["MirrorPolls"]
    # A new account has ten calls at once: the polls and two ticks leave takedowns three.
    assert polls["ScalingConfig"]["MaximumConcurrency"] + 2 < 10


NO_VALUE = {"Ref": "AWS::NoValue"}


def test_the_schedules_are_rates_that_the_scheduler_takes() -> None:
    """EventBridge Scheduler User Guide: `rate(1 minute)`, but `rate(5 minutes)`."""
    rate = re.compile(r"rate\((1 (minute|hour|day)|([2-9]|[1-9][0-9]+) (minutes|hours|days))\)")
    pattern = re.compile(written()["Parameters"]["PollEvery"]["AllowedPattern"])
    minutes = ["rate(1 minute)", *(f"rate({number} minutes)" for number in range(2, 60))]

    assert all(rate.fullmatch(each) and pattern.fullmatch(each) for each in minutes)
    for wrong in ("rate(1 minutes)", "rate(5 minute)", "rate(0 minutes)", "cron(* * * * * *)"):
        assert not pattern.fullmatch(wrong)
    assert rate.fullmatch(
        resources("AWS::Scheduler::Schedule")["TakedownSchedule"]["ScheduleExpression"]
    )


def test_the_contact_is_one_that_the_configuration_takes() -> None:
    pattern = re.compile(written()["Parameters"]["Contact"]["AllowedPattern"])

    assert pattern.fullmatch("takedown@mirror.example.org")
    assert not pattern.fullmatch("take+down@mirror.example.org")  # a case's own address needs the +
    assert not pattern.fullmatch("a" * 25 + "@mirror.example.org")


NAMES = {"BucketName", "QueueName", "TopicName", "FunctionName", "RoleName", "Name", "AlarmName"}
NAMES |= {"LogGroupName", "RuleSetName", "DashboardName"}


def test_nothing_has_a_name_of_its_own_that_a_second_stack_would_have_too() -> None:
    named = [
        f"{name} {key}"
        for name, resource in translated()["Resources"].items()
        for key in sorted(NAMES)
        if isinstance(resource.get("Properties", {}).get(key), str)
    ]

    assert named == []


def test_caches_keep_nothing_for_long() -> None:
    told = resources("AWS::CloudFront::CachePolicy")["Pages"]["CachePolicyConfig"]

    assert (told["MinTTL"], told["DefaultTTL"], told["MaxTTL"]) == (0, 60, 300)


def test_the_header_allows_what_pages_need_and_no_frames() -> None:
    """HTML, "Sandboxing": mailto links need allow-popups, saved files need allow-downloads."""
    in_headers_alone = {
        "frame-ancestors 'none'",
        "sandbox allow-downloads allow-popups allow-popups-to-escape-sandbox allow-same-origin",
    }
    code = (TEMPLATE.parent.parent / "functions/feedmirror/publishing/policy.py").read_text()
    told = resources("AWS::CloudFront::ResponseHeadersPolicy")["SecurityHeaders"]
    headers = told["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
    policy = headers["ContentSecurityPolicy"]["ContentSecurityPolicy"]
    parts = {part.strip() for part in policy.split(";")}

    assert parts == {
        "default-src 'none'",
        "style-src 'self'",
        "img-src https:",
        "base-uri 'none'",
        "form-action 'none'",
        *in_headers_alone,
    }
    assert all(part in code for part in parts - in_headers_alone)


def test_the_site_is_read_by_its_own_distribution_alone() -> None:
    document = resources("AWS::S3::BucketPolicy")["SiteBucketPolicy"]["PolicyDocument"]
    allowed = [each for each in document["Statement"] if each["Effect"] == "Allow"]

    assert {each["Action"] for each in allowed} == {"s3:GetObject", "s3:ListBucket"}
    for each in allowed:
        assert each["Principal"] == {"Service": "cloudfront.amazonaws.com"}
        (source,) = each["Condition"]["StringEquals"].values()
        assert source["Fn::Sub"].endswith(":distribution/${Distribution}")


OWN_RULE_SETS = "arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:receipt-rule-set/*"


def test_ses_may_store_mails_for_this_account_and_start_the_function_and_nothing_else() -> None:
    """SES Developer Guide, "Giving permissions to Amazon SES for email receiving"."""
    document = resources("AWS::S3::BucketPolicy")["MailBucketPolicy"]["PolicyDocument"]
    (stores,) = [each for each in document["Statement"] if each["Effect"] == "Allow"]
    permissions = resources("AWS::Lambda::Permission")

    assert stores["Principal"] == {"Service": "ses.amazonaws.com"}
    assert stores["Action"] == "s3:PutObject"
    assert stores["Resource"] == {"Fn::Sub": "${MailBucket.Arn}/inbound/*"}
    assert stores["Condition"] == {
        "StringEquals": {"AWS:SourceAccount": {"Ref": "AWS::AccountId"}},
        "ArnLike": {"AWS:SourceArn": {"Fn::Sub": OWN_RULE_SETS}},
    }
    assert permissions == {
        "MailMayStartTakedown": {
            "Action": "lambda:InvokeFunction",
            "FunctionName": {"Ref": "TakedownFunction"},
            "Principal": "ses.amazonaws.com",
            "SourceAccount": {"Ref": "AWS::AccountId"},
            "SourceArn": {"Fn::Sub": OWN_RULE_SETS},
        }
    }


@pytest.mark.parametrize("name", resources("AWS::IAM::Role"))
def test_a_role_is_taken_by_its_service_alone(name: str) -> None:
    (trust,) = resources("AWS::IAM::Role")[name]["AssumeRolePolicyDocument"]["Statement"]
    service = "scheduler" if name == "SchedulerRole" else "lambda"

    assert trust["Principal"] == {"Service": f"{service}.amazonaws.com"}
    assert trust["Action"] == "sts:AssumeRole"
    # Any schedule of any account could name the role (Scheduler User Guide, "confused deputy").
    own = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    assert trust.get("Condition") == (own if name == "SchedulerRole" else None)


def test_bounces_and_complaints_come_back_as_mail_and_are_counted_without_addresses() -> None:
    identity = resources("AWS::SES::EmailIdentity")["MailIdentity"]
    told = resources("AWS::SES::ConfigurationSetEventDestination")["MailFeedback"]
    feedback = told["EventDestination"]

    assert identity["FeedbackAttributes"] == {"EmailForwardingEnabled": True}
    assert {"bounce", "complaint", "reject"} <= set(feedback["MatchingEventTypes"])
    assert "SnsDestination" not in feedback
    assert "CloudWatchDestination" in feedback
