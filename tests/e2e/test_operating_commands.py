"""The commands of an operator's day as they are typed, on this machine and on an account."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from builders import a_mirror
from feedmirror.configuration import Configuration, FeedSettings
from feedmirror.configuration_file import write_configuration
from loopback import Answer, Publisher
from moto_endpoint import moto_endpoint
from world import entry, rss

DOCUMENTS = {
    "/feed": Answer(body=rss(entry(1), entry(2)).encode()),
    "/page": Answer(body=b"<!doctype html><title>Log in</title><p>x"),
}


@pytest.fixture(scope="module")
def publisher() -> Iterator[Publisher]:
    with Publisher(DOCUMENTS, address="127.0.0.1") as served:
        yield served


def run(
    *arguments: str, cwd: Path, typed: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the installed command in an environment that holds nothing else of ours."""
    command = Path(sys.executable).parent / "feedmirror"
    bare = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    bare |= {"HOME": str(cwd), "AWS_EC2_METADATA_DISABLED": "true"}
    return subprocess.run(  # noqa: S603 -- our own command
        [command, *arguments],
        cwd=cwd,
        env={**bare, "FEEDMIRROR_ALLOWED_NETWORKS": "127.0.0.0/8", **environment},
        input=typed,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_mirror_stands_still_between_pause_and_resume(
    tmp_path: Path, publisher: Publisher
) -> None:
    mirror = ("mirror", "--local", "--feed", publisher.url("/feed"))
    assert run(*mirror, cwd=tmp_path).returncode == 0
    asked = len(publisher.seen)

    paused = run("pause", "--note", "a publisher called", "--local", cwd=tmp_path)
    again = run("pause", "--local", cwd=tmp_path)
    stopped = run(*mirror, "--json", cwd=tmp_path)

    assert (paused.returncode, paused.stderr) == (0, "")
    assert paused.stdout.startswith("Paused. feedmirror resume --local .feedmirror ends it.")
    assert (again.returncode, again.stderr) == (0, "")
    assert again.stdout.startswith("It is paused already, since 20")
    assert (stopped.returncode, stopped.stdout) == (1, "")
    assert stopped.stderr.startswith("Error: the mirror is paused since 20")
    assert "(a publisher called); feedmirror resume --local .feedmirror ends it" in stopped.stderr
    assert len(publisher.seen) == asked

    resumed = run("resume", "--local", cwd=tmp_path)
    twice = run("resume", "--local", cwd=tmp_path)
    assert (resumed.returncode, resumed.stderr) == (0, "")
    assert "(a publisher called)" in resumed.stdout
    assert (twice.returncode, twice.stdout) == (0, "It was not paused: the mirror runs.\n")
    report = run(*mirror, "--json", cwd=tmp_path)
    assert (report.returncode, json.loads(report.stdout)["polled"]) == (0, 1)


def test_where_there_is_no_mirror_there_is_nothing_to_pause(tmp_path: Path) -> None:
    done = run("pause", "--local", cwd=tmp_path)

    assert (done.returncode, done.stdout) == (1, "")
    assert "there is no mirror in .feedmirror" in done.stderr


def test_the_status_says_first_whether_all_is_well(tmp_path: Path, publisher: Publisher) -> None:
    good = publisher.url("/feed")
    run("mirror", "--local", "--feed", good, cwd=tmp_path)

    done = run("status", "--local", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    first, _, summary, _, header, row, *_ = done.stdout.splitlines()
    assert first == "All well."
    assert summary == "1 feed of 1 host, 2 records: 1 well"
    assert header.startswith("host       title         feed ")
    assert row.startswith("127.0.0.1  Example News  ")
    assert row.split()[-2:] == ["2", "well"]


def test_the_status_says_what_is_wrong_and_what_to_do_about_it(
    tmp_path: Path, publisher: Publisher
) -> None:
    feeds = [publisher.url(path) for path in ("/feed", "/none", "/page")]
    run("mirror", "--local", *(part for feed in feeds for part in ("--feed", feed)), cwd=tmp_path)
    run("pause", "--note", "looking into it", "--local", cwd=tmp_path)

    done = run("status", "--local", cwd=tmp_path)
    told = json.loads(run("status", "--local", "--json", cwd=tmp_path).stdout)

    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "Not well: the mirror is paused; 2 feeds fail."
    assert lines[2].endswith("(looking into it); feedmirror resume --local .feedmirror ends it.")
    broken = lines.index(feeds[1])
    assert lines[broken + 1] == "  the publisher answers 404"
    assert lines[broken + 2].startswith("  → The feed has moved, or its address is mistyped.")
    page = lines.index(feeds[2])
    assert lines[page + 1] == "  the document is no feed: an HTML page titled “Log in”"
    assert told["verdict"] == lines[0]
    assert told["paused"]["note"] == "looking into it"
    assert [(feed["feed"], feed["health"]) for feed in told["feeds"]] == [
        (feeds[1], "failing"),
        (feeds[2], "failing"),
        (feeds[0], "well"),
    ]


@pytest.fixture(scope="module")
def account() -> Iterator[dict[str, str]]:
    """The variables of an account with empty buckets."""
    with moto_endpoint() as endpoint:
        variables = {
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": endpoint,
        }
        for name in ("archive", "site", "ledger", "mail"):
            client_of("s3", endpoint).create_bucket(Bucket=f"operating-{name}")
            variables[f"FEEDMIRROR_{name.upper()}_BUCKET"] = f"operating-{name}"
        yield variables


def client_of(service: str, endpoint: str) -> Any:  # noqa: ANN401 -- by name
    session: Any = boto3.Session("testing", "testing", region_name="us-east-1")
    return session.client(service, endpoint_url=endpoint)


def test_the_status_of_an_account_tells_the_alarms_too(
    tmp_path: Path, publisher: Publisher, account: dict[str, str]
) -> None:
    empty = run("status", cwd=tmp_path, **account)
    assert (empty.returncode, empty.stderr) == (1, "")
    assert empty.stdout.startswith("Not well: there is no configuration.\n")
    assert "\nconfig/mirror.toml is missing\nWhat next: feedmirror init, then " in empty.stdout
    assert "\nAlarms are not shown: there is none: name the stack by --stack\n" in empty.stdout

    feeds = (FeedSettings(url=publisher.url("/feed")),)
    text = write_configuration(Configuration(mirror=a_mirror(), feeds=feeds))
    s3 = client_of("s3", account["AWS_ENDPOINT_URL"])
    s3.put_object(Bucket="operating-archive", Key="config/mirror.toml", Body=text.encode())
    s3.put_object(Bucket="operating-archive", Key="items/old.example/x.json", Body=b"{}")
    new = run("status", cwd=tmp_path, **account)
    assert new.stdout.startswith("Not well: nothing was polled yet.\n")
    assert "\nNothing was polled yet: the schedule does it, or feedmirror mirror\n" in new.stdout

    assert run("mirror", cwd=tmp_path, **account).returncode == 0
    ring(client_of("cloudwatch", account["AWS_ENDPOINT_URL"]))
    done = run("status", "--stack", "planet", cwd=tmp_path, **account)

    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("Not well: 1 alarm rings.\n\nRepairedAlarm rings since 20")
    assert 'UTC: It was back.\n  → infra/README.md, "When an alarm rings", RepairedAlarm\n' in (
        done.stdout
    )
    assert "Besides, 1 record of hosts without a feed: old.example (1)" in done.stdout


def ring(client: Any) -> None:  # noqa: ANN401 -- CloudWatch's
    """Have an alarm of a stack ring."""
    client.put_metric_alarm(
        AlarmName="planet-RepairedAlarm-1A2B3C4D5E6F",
        AlarmDescription="It was back.",
        Namespace="feedmirror",
        MetricName="Repaired",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
    )
    client.set_alarm_state(
        AlarmName="planet-RepairedAlarm-1A2B3C4D5E6F", StateValue="ALARM", StateReason="a test"
    )
