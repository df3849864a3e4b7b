"""What the stack counts, shows and rings for: telemetry, template and runbook."""

import ast
import inspect
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from feedmirror.adapters import telemetry
from feedmirror.meanings import METRICS
from feedmirror.takedowns.casework.cases import State
from reference.markdown import code, table
from stack_template import TEMPLATE, written

_RUNBOOK = TEMPLATE.parent / "README.md"
_SIGNS = {
    "GreaterThanThreshold": ">",
    "GreaterThanOrEqualToThreshold": "≥",
    "LessThanThreshold": "<",
}


def counted() -> set[str]:
    """Return the names of all metrics that the code can send, as it is written."""
    tree = ast.parse(inspect.getsource(telemetry))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    named = {
        str(ast.literal_eval(call.args[0]))
        for call in calls
        if ast.unparse(call.func).endswith(".add_metric") and isinstance(call.args[0], ast.Constant)
    }
    named |= {
        keyword.arg
        for call in calls
        if ast.unparse(call.func).endswith("._count")
        for keyword in call.keywords
        if keyword.arg
    }
    listed = [names for name, names in vars(telemetry).items() if name.startswith("_COUNTED")]
    named |= {name.title() for names in listed for name in names}
    return named | {f"Cases{state.title()}" for state in State}


def metrics() -> str:
    """Return what the functions count, in the order of the meanings."""
    order = list(METRICS)
    rows = [(code(name), METRICS[name]) for name in sorted(counted(), key=order.index)]
    return table(("metric", "counts"), rows)


def alarms() -> str:
    """Return every alarm, when it rings, and where the runbook says what to do."""
    rows = []
    for name, alarm in _resources("AWS::CloudWatch::Alarm").items():
        link = f"[{_section(name)}](README.md#{_anchor(_section(name))})"
        rows.append((code(name), alarm["AlarmDescription"], _rings_when(alarm), link))
    return table(("alarm", "says", "rings when", "what to do"), rows)


def dashboard() -> str:
    """Return the graphs of the dashboard."""
    (found,) = _resources("AWS::CloudWatch::Dashboard").values()
    widgets = json.loads(found["DashboardBody"]["Fn::Sub"])["widgets"]
    rows = []
    for widget in widgets:
        graph = widget["properties"]
        names = dict.fromkeys(name for metric in graph["metrics"] for name in _named(metric))
        rows.append((graph["title"], ", ".join(map(code, names)), graph["stat"]))
    return table(("graph", "shows", "as"), rows)


def _named(metric: list[str]) -> Iterator[str]:
    if metric[0] != "...":  # the same metric of something else
        yield metric[1]


@cache
def _template() -> Mapping[str, Any]:
    resources: Mapping[str, Any] = written()["Resources"]
    return resources


def _resources(kind: str) -> dict[str, Any]:
    return {
        name: resource["Properties"]
        for name, resource in _template().items()
        if resource["Type"] == kind
    }


def _rings_when(alarm: Mapping[str, Any]) -> str:
    what, period = _looked_at(alarm)
    wanted, of = alarm.get("DatapointsToAlarm"), alarm["EvaluationPeriods"]
    times = f", {wanted or of} times of {of}" if of > 1 else ""
    sign = _SIGNS[alarm["ComparisonOperator"]]
    silence = "; silence rings too" if alarm["TreatMissingData"] == "breaching" else ""
    return f"{what} {sign} {alarm['Threshold']} in {_time(period)}{times}{silence}"


def _looked_at(alarm: Mapping[str, Any]) -> tuple[str, int]:
    """Return what an alarm looks at, an expression with its parts in place, and over which time."""
    if "Metrics" not in alarm:
        return f"{alarm['Statistic'].lower()} of {_metric(alarm)}", alarm["Period"]
    (what,) = [each["Expression"] for each in alarm["Metrics"] if "Expression" in each]
    parts = {each["Id"]: each["MetricStat"] for each in alarm["Metrics"] if "MetricStat" in each}
    for name, part in parts.items():
        said = f"{part['Stat'].lower()} of {_metric(part['Metric'])}"
        what = what.replace(f"FILL({name}, 0)", said).replace(f" {name}", f" {said}")
    return what, next(part["Period"] for part in parts.values())


def _metric(stated: Mapping[str, Any]) -> str:
    """Return a metric with what it is of, by its name in the template."""
    of = [_name(each["Value"]) for each in stated.get("Dimensions", ())]
    return code(stated["MetricName"]) + (f" ({', '.join(of)})" if of else "")


def _name(value: Any) -> str:  # noqa: ANN401 -- a text, or a reference of CloudFormation's
    """Return a text, or the name of the resource that is referred to."""
    found = next(iter(value.values())) if isinstance(value, dict) else value
    return str(found[0] if isinstance(found, list) else found).partition(".")[0]


def _time(seconds: int) -> str:
    for unit, length in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if not seconds % length:
            count = seconds // length
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{seconds} seconds"


def _section(alarm: str) -> str:
    """Return the heading of the runbook under which an alarm has its paragraph."""
    text = _RUNBOOK.read_text()
    place = text.index(f"**{alarm}**") if f"**{alarm}**" in text else text.index(alarm)
    headings: list[str] = re.findall(r"^### (.+)$", text[:place], re.MULTILINE)
    return headings[-1]


def _anchor(heading: str) -> str:
    """Return a heading's anchor, as code hosts make it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
