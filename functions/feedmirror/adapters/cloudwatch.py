"""Which alarms of a stack ring, as Amazon CloudWatch knows them."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from feedmirror.adapters.aws import faults, unavailable
from feedmirror.ports.aftermath import Ringing

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import MetricAlarmTypeDef


@dataclass(frozen=True, slots=True)
class CloudWatchAlarms:
    """The alarms of one stack. CloudFormation names them STACK-NAME-RANDOM."""

    client: Callable[[], "CloudWatchClient"]
    stack: str

    def ringing(self) -> tuple[Ringing, ...] | None:
        """Return what rings, the oldest first; None if the stack has no alarm at all.

        Raises StoreUnavailableError, also where it is not allowed to look.
        """
        try:
            pages = self.client().get_paginator("describe_alarms")
            listed = [
                alarm
                for page in pages.paginate(
                    AlarmNamePrefix=f"{self.stack}-", AlarmTypes=["MetricAlarm"]
                )
                for alarm in page["MetricAlarms"]
            ]
        except faults() as error:
            raise unavailable(f"the alarms of {self.stack}", error) from error
        # Another stack's name may begin with this one's.
        pattern = re.compile(rf"{re.escape(self.stack)}-([A-Za-z0-9]+)-[A-Za-z0-9]+")
        named = [(pattern.fullmatch(alarm["AlarmName"]), alarm) for alarm in listed]
        own = [(match[1], alarm) for match, alarm in named if match]
        found = [
            Ringing(
                name,
                _since(alarm),
                alarm.get("AlarmDescription", ""),
                alarm.get("StateReason", ""),
            )
            for name, alarm in own
            if alarm["StateValue"] == "ALARM"
        ]
        return tuple(sorted(found, key=lambda alarm: (alarm.since, alarm.name))) if own else None


def _since(alarm: "MetricAlarmTypeDef") -> datetime:
    """Return when an alarm began to ring; an endpoint that does not say tells its last look."""
    return alarm.get("StateTransitionedTimestamp") or alarm["StateUpdatedTimestamp"]
