"""What `serve` says: a line for each thing that happened, and none where nothing did."""

from typing import Any

import pytest

from feedmirror.jobs.reports import MirrorReport
from feedmirror.jobs.takedown.hourly import Hour
from feedmirror.local.serving.telling import Faults, case_line, fault_lines, hour_line, poll_line

FAILED = MirrorReport(polled=1, failures=(("https://a.example/feed", "503"),))


@pytest.mark.parametrize(
    ("report", "line"),
    [
        (MirrorReport(), None),
        (MirrorReport(feeds=3, polled=3, unchanged=3), None),
        (FAILED, None),
        (MirrorReport(polled=1, created=2), "polled 1 feed: 2 stored"),
        (
            MirrorReport(polled=2, updated=1, suppressed=3),
            "polled 2 feeds: 1 updated, 3 kept out by rules",
        ),
    ],
)
def test_a_poll_is_told_where_it_brought_something(report: MirrorReport, line: str | None) -> None:
    assert poll_line(report.to_dict()) == line


def test_what_is_wrong_with_feeds_and_the_configuration_is_told() -> None:
    report = {**FAILED.to_dict(), "refused_configuration": "line 3: no"}

    assert fault_lines(report) == {
        "https://a.example/feed: 503",
        "the configuration is refused: line 3: no",
    }
    assert fault_lines({**MirrorReport().to_dict(), "refused_configuration": ""}) == frozenset()


@pytest.mark.parametrize(
    ("hour", "line"),
    [
        (Hour(rules=7), None),
        (Hour(lapsed=1, mails=2), "hourly look: 1 lapsed, 2 mails taken up"),
        (Hour(problems=["c1: away"]), "hourly look: c1: away"),
    ],
)
def test_an_hour_is_told_where_it_did_something(hour: Hour, line: str | None) -> None:
    assert hour_line(hour.to_dict()) == line


@pytest.mark.parametrize(
    ("told", "line"),
    [
        (
            {"case": "c1", "state": "removed", "row": 21},
            "mail: case c1 is removed (row 21 of the table)",
        ),
        ({"case": "c1", "state": "recorded", "row": 0}, "mail: case c1 is recorded"),
        ({}, "mail: nothing to do"),
    ],
)
def test_what_became_of_a_mail_is_told_without_its_sender(told: dict[str, Any], line: str) -> None:
    assert case_line(told) == line


def test_a_fault_is_told_as_it_begins_and_again_after_it_was_over() -> None:
    told: list[str] = []
    faults = Faults(told.append)

    for found in (["b", "a"], ["a"], ["a", "c"], [], ["a"]):
        faults.now("feeds", found)

    assert told == ["a", "b", "c", "a"]


def test_a_fault_of_many_things_is_told_once_and_what_is_over_is_forgotten() -> None:
    told: list[str] = []
    faults = Faults(told.append)
    for number in range(60):
        faults.now(f"mail {number}", ["DNS is away"])
    for number in range(60):
        faults.now(f"mail {number}")

    faults.now("mail 61", ["DNS is away"])

    assert told == ["DNS is away"] * 2
    assert len(faults._present) == 1  # noqa: SLF001 -- what grows is not seen from outside
