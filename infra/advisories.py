"""Whether an advisory is known for anything that is pinned: yes, no, or nobody could look.

pip-audit says "No known vulnerabilities found" and succeeds where it could ask nobody. What was
not looked up is skipped here, which is neither good nor bad: exit status 3, and 1 for advisories.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

# What is shipped, what an operator's machine runs, and what builds both: the first is within it.
LOCK = Path(__file__).parent.parent / "functions" / "requirements-local.txt"
CLEAN, FOUND, SKIPPED = 0, 1, 3
_PATIENCE = 300.0  # seconds


def main() -> int:
    """Look, and tell what came of it."""
    command = [sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip"]
    command += ["--requirement", str(LOCK), "--format", "json", "--progress-spinner", "off"]
    try:
        done = subprocess.run(  # noqa: S603 -- ours
            command, capture_output=True, text=True, check=False, timeout=_PATIENCE
        )
    except subprocess.TimeoutExpired:
        lines, status = [f"skipped: no answer within {_PATIENCE:.0f} seconds"], SKIPPED
    else:
        lines, status = judge(done.stdout, done.stderr)
    for line in lines:
        print(f"advisories: {line}")
    return status


def judge(told: str, problem: str) -> tuple[list[str], int]:
    """Return what pip-audit's report says, line by line, and the exit status."""
    try:
        dependencies: list[Mapping[str, Any]] = json.loads(told)["dependencies"]
    except (ValueError, KeyError, TypeError):
        last = next(iter(problem.strip().splitlines()[-1:]), "it said nothing")
        return [f"skipped: pip-audit could not look: {last}"], SKIPPED
    looked_up = [each for each in dependencies if "vulns" in each]
    left = len(dependencies) - len(looked_up)
    lines = [
        f"{each['name']} {each['version']}: {one['id']}, mended in {_versions(one)}"
        for each in looked_up
        for one in each["vulns"]
    ]
    if lines:
        return lines, FOUND
    if left or not dependencies:
        return [f"skipped: {left} of {len(dependencies)} could not be looked up"], SKIPPED
    return [f"none for {len(dependencies)} distributions"], CLEAN


def _versions(advisory: Mapping[str, Any]) -> str:
    return ", ".join(advisory.get("fix_versions") or ("no version yet",))


if __name__ == "__main__":
    sys.exit(main())
