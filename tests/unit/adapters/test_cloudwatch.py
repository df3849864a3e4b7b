"""Which alarms ring: against moto's CloudWatch, and where nothing may be asked."""

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from feedmirror.adapters.aws import make_client
from feedmirror.adapters.cloudwatch import CloudWatchAlarms
from feedmirror.ports.object_store import StoreUnavailableError

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient


@pytest.fixture
def cloudwatch(monkeypatch: pytest.MonkeyPatch) -> Iterator["CloudWatchClient"]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        yield boto3.client("cloudwatch")


def make(client: "CloudWatchClient", name: str, state: str) -> None:
    client.put_metric_alarm(
        AlarmName=name,
        AlarmDescription=f"what {name} means",
        Namespace="feedmirror",
        MetricName="Repaired",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
    )
    client.set_alarm_state(AlarmName=name, StateValue=state, StateReason="a test")  # type: ignore[arg-type]  # one of three


def alarms(stack: str) -> CloudWatchAlarms:
    return CloudWatchAlarms(cache(lambda: make_client("cloudwatch")), stack)


def test_what_rings_is_told_by_the_name_that_the_runbook_has(
    cloudwatch: "CloudWatchClient",
) -> None:
    """AWS, "Name type": without a name of one's own it is the stack's, the logical id, and more."""
    make(cloudwatch, "feedmirror-RepairedAlarm-1A2B3C4D5E6F", "ALARM")
    make(cloudwatch, "feedmirror-WorkLateAlarm-1A2B3C4D5E6F", "OK")
    make(cloudwatch, "feedmirror-two-WorkLateAlarm-1A2B3C4D5E6F", "ALARM")

    found = alarms("feedmirror").ringing()

    assert found is not None
    (ringing,) = found
    assert ringing.name == "RepairedAlarm"
    assert ringing.meaning == "what feedmirror-RepairedAlarm-1A2B3C4D5E6F means"
    assert ringing.measured == "a test"
    assert ringing.since.tzinfo is not None


def test_a_stack_whose_alarms_are_silent_is_told_from_one_that_has_none(
    cloudwatch: "CloudWatchClient",
) -> None:
    make(cloudwatch, "feedmirror-WorkLateAlarm-1A2B3C4D5E6F", "OK")

    assert alarms("feedmirror").ringing() == ()
    assert alarms("another").ringing() is None


def test_more_alarms_than_one_page_are_all_looked_at(cloudwatch: "CloudWatchClient") -> None:
    for number in range(120):
        make(cloudwatch, f"feedmirror-Alarm{number}-1A2B3C4D5E6F", "ALARM")

    found = alarms("feedmirror").ringing()

    assert found is not None
    assert len(found) == 120


def test_whoever_may_not_look_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")  # nobody listens there

    with pytest.raises(StoreUnavailableError, match="the alarms of feedmirror: "):
        alarms("feedmirror").ringing()
