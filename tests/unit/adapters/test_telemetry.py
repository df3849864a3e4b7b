"""The line and the metrics of a run: numbers and words, nobody's mail address.

Powertools keeps a logger per service, with the stream it began with: each test names its own.
"""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from aws_lambda_powertools import Logger, Metrics

from feedmirror.adapters.telemetry import Telemetry, telemetry
from feedmirror.jobs.reports import MirrorReport


def test_an_error_that_quotes_a_document_is_logged_without_its_mail_addresses(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = MirrorReport(
        polled=1, failures=(("https://a.example/feed", "it says <ann@mail.example> is away"),)
    )

    telemetry("quoting").mirrored(report.to_dict())

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    told = next(line["report"] for line in lines if line.get("message") == "mirrored")
    assert told["failures"] == [{"feed": "https://a.example/feed", "what": "it says <…@…> is away"}]
    metrics = next(line for line in lines if "_aws" in line)
    assert (metrics["Polled"], metrics["FailedFeeds"]) == ([1.0], [1.0])


def test_a_run_that_did_nothing_sends_no_metric(capsys: pytest.CaptureFixture[str]) -> None:
    """CloudWatch pricing: a custom metric is paid for by every hour in which it has a point."""
    telemetry("resting").mirrored(MirrorReport(feeds=3).to_dict())

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["message"] for line in lines] == ["mirrored"]


def test_a_refused_configuration_is_an_error_and_a_metric(
    capsys: pytest.CaptureFixture[str],
) -> None:
    told = telemetry("refusing")

    told.refused("contact = 'a@b'")
    told.mirrored(MirrorReport().to_dict())

    output = capsys.readouterr().out
    assert "a@b" not in output
    assert '"ConfigurationRefused":[1.0]' in output.replace(" ", "")


def test_a_process_that_runs_long_with_metrics_disabled_never_prints_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Powertools prints what it has gathered at every hundredth point, disabled or not."""
    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "true")
    monkeypatch.setenv("POWERTOOLS_LOG_LEVEL", "CRITICAL")
    quiet = telemetry("quiet")

    for _ in range(101):
        quiet.mirrored(MirrorReport(polled=1).to_dict())

    assert capsys.readouterr().out == ""


class Gathered(Metrics):
    """Notes whether a thread counts between another's first count and its flush."""

    def __init__(self) -> None:
        self.metric_set = {"Polled": 1}
        self.counting: int | None = None
        self.mixed = False

    def add_metric(self, *_: object, **__: object) -> None:
        me = threading.get_ident()
        self.mixed |= self.counting not in {None, me}
        self.counting = me
        time.sleep(0.002)  # the other's turn

    def flush_metrics(self, *_: object) -> None:
        self.counting = None

    def clear_metrics(self) -> None:
        self.counting = None


def test_two_functions_in_one_process_never_count_into_each_others_metrics() -> None:
    """`serve` has both; Powertools gathers for the whole process in one place."""
    metrics = Gathered()
    both = Telemetry(Logger(service="both", level="CRITICAL"), metrics)
    report = MirrorReport(polled=1, changed=1).to_dict()

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(both.mirrored, [report] * 10))

    assert not metrics.mixed
