"""What a run tells the operator: one structured line and a few metrics (Powertools for Lambda).

No line holds a mail address; feeds are named by their own addresses. What is counted as none is not
sent: CloudWatch asks a price for every hour of every metric that has a point in it.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

_MAILBOX = re.compile(r"[^\s<>\"'@]+@[^\s<>\"'@]+")
_REDACTED = "…@…"
_COUNTED = (
    "polled",
    "unchanged",
    "changed",
    "left",
    "created",
    "updated",
    "retired",
    "suppressed",
    "lost",
    "dispatched",
)

# Powertools counts for the whole process in one place, where `serve` has both functions at once.
_ONE_AT_A_TIME = Lock()
_COUNTED_BY_THE_HOUR = ("repaired", "lapsed", "mails")


@dataclass(frozen=True, slots=True)
class Telemetry:
    """A logger and metrics of one function."""

    logger: Logger
    metrics: Metrics

    def mirrored(self, report: Mapping[str, Any]) -> None:
        """Tell what a mirror run did, from its report."""
        self.logger.info("mirrored", extra={"report": _without_addresses(report)})
        self._count(
            **{name.title(): report[name] for name in _COUNTED},
            FailedFeeds=len(report["failures"]),
            FailedTasks=len(report.get("batchItemFailures", ())),
        )

    def taken_down(self, report: Mapping[str, Any]) -> None:
        """Tell what the takedown function did, from its report."""
        self.logger.info("takedown", extra={"report": _without_addresses(report)})
        states = Counter(f"Cases{case['state'].title()}" for case in report.get("cases", ()))
        hour = report.get("hour", {})
        self._count(
            **states,
            **{name.title(): hour.get(name, 0) for name in _COUNTED_BY_THE_HOUR},
            FailedTasks=len(report.get("batchItemFailures", ())),
        )

    def task_failed(self, message: str, error: Exception) -> None:
        """Tell that one message of a queue failed and comes again."""
        why = _MAILBOX.sub(_REDACTED, repr(error))
        self.logger.error("task failed", extra={"message_id": message, "why": why})

    def hub_untold(self, why: str) -> None:
        """Tell that the hub does not know of a change; it finds it when it looks by itself."""
        self.logger.warning("hub not told", extra={"why": _MAILBOX.sub(_REDACTED, why)})

    def alarm(self, subject: str, text: str) -> None:
        """Log an error and count it: the operator's alarm where there is no topic."""
        self.logger.error(subject, extra={"text": _MAILBOX.sub(_REDACTED, text)})
        with _ONE_AT_A_TIME:
            self.metrics.add_metric("Alarms", MetricUnit.Count, 1)

    def refused(self, problem: str) -> None:
        """Tell that the operator's configuration was refused and the last good one is in force."""
        self.logger.error(
            "configuration refused", extra={"problem": _MAILBOX.sub(_REDACTED, problem)}
        )
        with _ONE_AT_A_TIME:
            self.metrics.add_metric("ConfigurationRefused", MetricUnit.Count, 1)

    def _count(self, **counts: int) -> None:
        """Send counts by name, unless there are none."""
        found = {name: count for name, count in counts.items() if count}
        with _ONE_AT_A_TIME:
            for name, count in found.items():
                self.metrics.add_metric(name, MetricUnit.Count, count)
            if self.metrics.metric_set:  # with nothing in it, Powertools warns
                self.metrics.flush_metrics()
                self.metrics.clear_metrics()  # where they are disabled, flushing keeps them


def telemetry(service: str) -> Telemetry:
    """Return the telemetry of a function."""
    return Telemetry(Logger(service=service), Metrics(namespace="feedmirror", service=service))


def _without_addresses(value: Any) -> Any:  # noqa: ANN401 -- any JSON
    """Return a report without mail addresses: an error may quote the document that caused it."""
    match value:
        case str():
            return _MAILBOX.sub(_REDACTED, value)
        case Mapping():
            return {name: _without_addresses(inner) for name, inner in value.items()}
        case list():
            return [_without_addresses(inner) for inner in value]
        case _:
            return value
