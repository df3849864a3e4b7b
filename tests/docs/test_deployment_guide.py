"""The guide of infra/ says what the template, the commands and the bill say."""

import re
from pathlib import Path

import pytest

from builders import a_mirror
from feedmirror.cli.cost_model import Traffic, bill, read_prices, total
from feedmirror.configuration import Configuration, FeedSettings
from stack_template import resources, translated, written

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "infra" / "README.md").read_text()
RUNBOOK = GUIDE[GUIDE.index("## When an alarm rings") :]


@pytest.mark.parametrize("name", resources("AWS::CloudWatch::Alarm"))
def test_every_alarm_has_its_place_in_the_runbook(name: str) -> None:
    (heading,) = re.findall(rf"^\*\*.*\b{name}\b.*?\*\* — .+$", RUNBOOK, re.MULTILINE)

    assert heading


def test_the_runbook_names_no_alarm_that_is_not_there() -> None:
    named = set(re.findall(r"\b\w+Alarm\b", RUNBOOK))

    assert named == set(resources("AWS::CloudWatch::Alarm"))


def test_every_parameter_is_told_with_its_default() -> None:
    rows = re.findall(r"^\| `(\w+)` \| *(.*?) *\| ", GUIDE, re.MULTILINE)
    told = {name: default.strip("`") for name, default in rows if name[0].isupper()}
    defaults = {
        name: str(parameter.get("Default", "")) or ("none" if "Default" in parameter else "")
        for name, parameter in written()["Parameters"].items()
    }

    assert told == defaults


def test_the_commands_name_parameters_and_outputs_that_are_there() -> None:
    given = set(re.findall(r"\b([A-Z]\w+)=(?![A-Z-]*OLD|NEW)", GUIDE)) - {"STACK"}
    assert {"Contact", "HostedZoneId"} <= given
    assert given <= set(written()["Parameters"])
    outputs = set(re.findall(r"output `(\w+)`|`(\w+)` among the stack's outputs", GUIDE))
    named = {name for pair in outputs for name in pair if name}
    assert named <= set(translated()["Outputs"])
    assert {"SiteAddress", "WorkDeadLettersArn", "PollDeadLettersUrl"} <= named


def test_the_make_targets_are_there() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^make (\w+)", GUIDE, re.MULTILINE))

    assert targets == {"package", "finish"}
    assert all(f"\n{target}:" in makefile for target in targets)


def test_every_step_that_is_looked_at_is_explained() -> None:
    code = (ROOT / "infra" / "finish.py").read_text()
    steps = set(re.findall(r'Step\(\s*"([\w ]+)"', code))

    rows = re.findall(r"^\| `([\w ]+)` \| .* \| `done  ", GUIDE, re.MULTILINE)
    assert set(rows) == steps
    assert len(steps) == 7


@pytest.mark.parametrize(
    ("feeds", "shards", "least", "most"), [(50, 1, 1.0, 2.0), (1000, 10, 8.5, 9.5)]
)
def test_the_cost_is_what_the_guide_says(
    feeds: int, shards: int, least: float, most: float
) -> None:
    listed = tuple(FeedSettings(url=f"https://f{n}.example.com/feed") for n in range(feeds))
    parts = bill(
        Configuration(mirror=a_mirror(shards=shards), feeds=listed), Traffic(), read_prices()
    )

    assert least < total(parts) < most
    largest = max(parts, key=lambda part: part.dollars)
    assert largest.dollars > total(parts) / 2
    assert largest.what == ("CloudWatch, alarms" if feeds == 50 else "S3, writes and lists")
