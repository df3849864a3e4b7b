"""Advisories: found, none, or nobody could look; the last is never told as the second."""

import json
import subprocess
import sys
from typing import Any

import pytest

import advisories

CLEAN = {"name": "six", "version": "1.17.0", "vulns": []}
BAD = {
    "name": "urllib3",
    "version": "1.0",
    "vulns": [{"id": "PYSEC-2021-108", "fix_versions": ["1.26.5"]}],
}
WITHOUT_A_CURE = {"name": "x", "version": "1", "vulns": [{"id": "GHSA-1", "fix_versions": []}]}
UNKNOWN = {"name": "nh3", "skip_reason": "Dependency not found on PyPI and could not be audited"}


def report(*dependencies: object) -> str:
    return json.dumps({"dependencies": dependencies, "fixes": []})


@pytest.mark.parametrize(
    ("told", "status", "line"),
    [
        (report(CLEAN, CLEAN), advisories.CLEAN, "none for 2 distributions"),
        (report(CLEAN, BAD), advisories.FOUND, "urllib3 1.0: PYSEC-2021-108, mended in 1.26.5"),
        (report(WITHOUT_A_CURE), advisories.FOUND, "x 1: GHSA-1, mended in no version yet"),
        (report(UNKNOWN, BAD), advisories.FOUND, "urllib3 1.0: PYSEC-2021-108, mended in 1.26.5"),
        (report(UNKNOWN, CLEAN), advisories.SKIPPED, "skipped: 1 of 2 could not be looked up"),
        (report(UNKNOWN), advisories.SKIPPED, "skipped: 1 of 1 could not be looked up"),
        (report(), advisories.SKIPPED, "skipped: 0 of 0 could not be looked up"),
        ("", advisories.SKIPPED, "skipped: pip-audit could not look: no route"),
        ("{}", advisories.SKIPPED, "skipped: pip-audit could not look: no route"),
    ],
)
def test_a_report_is_judged_by_what_was_looked_up(told: str, status: int, line: str) -> None:
    assert advisories.judge(told, "Traceback\nno route\n") == ([line], status)


@pytest.mark.parametrize("fault", ["silence", "time"])
def test_where_nobody_answers_it_says_skipped_and_its_status_is_no_success(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], fault: str
) -> None:
    def run(command: list[str], **_: Any) -> object:  # noqa: ANN401 -- as subprocess has it
        assert "--require-hashes" in command
        if fault == "time":
            raise subprocess.TimeoutExpired(command, 300)
        return subprocess.CompletedProcess(command, 1, stdout="", stderr="")

    monkeypatch.setattr(subprocess, "run", run)

    assert advisories.main() == advisories.SKIPPED
    assert capsys.readouterr().out.startswith("advisories: skipped: ")


def test_the_tool_is_there_and_takes_what_it_is_given() -> None:
    """It is not asked here: who is out of reach of the index has no test that waits for it."""
    done = subprocess.run(
        [sys.executable, "-m", "pip_audit", "--help"], capture_output=True, text=True, check=True
    )

    for option in ("--require-hashes", "--disable-pip", "--requirement", "--progress-spinner"):
        assert option in done.stdout
