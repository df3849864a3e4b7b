"""Fuzz every target for some seconds, two at a time, and print what came of it (``make fuzz``).

``python tests/fuzz/run.py SECONDS [TARGET...]``. Exits with 1 if anything was found; each finding
is named with the command that does it again. What reaches new branches is kept in ``build/fuzz``,
so that the next run goes on from there. With FUZZ_SEED the same inputs are drawn each time, so that
whether a change lands is no matter of chance; without it, or with 0, each run tries others.
"""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from shutil import rmtree

sys.path[:0] = [str(Path(__file__).parents[1])]

HERE = Path(__file__).parent
BUILD = Path("build") / "fuzz"
AT_ONCE = 2
_HANG = 20  # seconds for one input, after which libFuzzer ends the process
_LATE = 60  # seconds beyond its time that a target's process is waited for: seeds come first
_MEGABYTES = 1500
_STATE = re.compile(r"^#(\d+)\s.*? cov: (\d+) ft: (\d+).*?exec/s: (\d+)", re.MULTILINE)
_COUNT = re.compile(r"stat::number_of_executed_units: (\d+)")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one target: ``fault`` is why the process ended where nothing was found."""

    target: str
    executions: int
    features: int
    findings: tuple[Path, ...]
    fault: str = ""

    def row(self, seconds: int) -> str:
        """Return the line of the table."""
        pace = self.executions // max(seconds, 1)
        found = len(self.findings) or (self.fault and "failed") or 0
        return f"{self.target:<14}{self.executions:>11,}{pace:>9,}{self.features:>10,}{found:>10}"


def main() -> int:
    """Fuzz the targets that are named, or all, and return the exit code."""
    if find_spec("atheris") is None:
        say(
            "skipped: atheris, the fuzzer, is not installed here: it has wheels for Linux on x86-64"
            " with Python 3.11 to 3.14 only. What it found is replayed by the suite all the same."
        )
        return 0
    from fuzz.registry import names  # noqa: PLC0415 -- found by the path above

    seconds, *chosen = sys.argv[1:]
    if unknown := set(chosen) - {*names()}:
        say(f"there is no target {', '.join(sorted(unknown))}; there are {', '.join(names())}")
        return 2
    say(f"{'target':<14}{'executions':>11}{'a second':>9}{'features':>10}{'findings':>10}")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes: list[Outcome] = []
        for outcome in pool.map(partial(fuzz, seconds=int(seconds)), chosen or names()):
            say(outcome.row(int(seconds)))
            outcomes.append(outcome)
    for outcome in outcomes:
        for finding in outcome.findings:
            say(f"{sys.executable} tests/fuzz/replay.py {outcome.target} {finding}")
        if outcome.fault and not outcome.findings:
            say(f"{outcome.target}: {outcome.fault}")
    return 1 if any(outcome.findings or outcome.fault for outcome in outcomes) else 0


def fuzz(target: str, *, seconds: int) -> Outcome:
    """Fuzz one target in a process of its own."""
    folder, seed = BUILD / target, os.environ.get("FUZZ_SEED", "0")
    rmtree(folder / "findings", ignore_errors=True)
    options = (
        f"-seed={seed}",
        f"-max_total_time={seconds}",
        f"-timeout={_HANG}",
        f"-rss_limit_mb={_MEGABYTES}",
        "-print_final_stats=1",
    )
    command = [sys.executable, str(HERE / "engine.py"), target, str(folder), *options]
    try:
        done = subprocess.run(  # noqa: S603 -- our own script
            command,
            capture_output=True,
            check=False,
            timeout=seconds + _HANG + _LATE,
            env=os.environ if seed == "0" else {**os.environ, "PYTHONHASHSEED": seed},
        )
    except subprocess.TimeoutExpired:
        return Outcome(target, 0, 0, (), "it did not end, not even for its own limit")
    told = done.stderr.decode(errors="replace") + done.stdout.decode(errors="replace")
    states = _STATE.findall(told)
    count = _COUNT.search(told)
    findings = folder / "findings"
    return Outcome(
        target,
        int(count[1] if count else states[-1][0] if states else 0),
        int(states[-1][2]) if states else 0,
        tuple(sorted(findings.iterdir())) if findings.is_dir() else (),
        "" if done.returncode == 0 else told.strip()[-600:],
    )


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)  # noqa: T201 -- a script tells on stdout


if __name__ == "__main__":
    sys.exit(main())
