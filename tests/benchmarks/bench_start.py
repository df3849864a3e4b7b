"""What a cold start costs: each handler of the package beside boto3 with a client of S3.

``python tests/benchmarks/bench_start.py [rounds]`` builds the package for this machine and prints,
for each handler, the processor seconds of importing it, in multiples of importing boto3 and making
one client for S3 from the same package; the modules that it loads; whose they are, with their share
of the time; and the whole until it can work. What counts is the ratio, not the seconds.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2] / "infra"))

from packaged import Packaged, build, within

HANDLERS = ("feedmirror.handlers.mirror", "feedmirror.handlers.takedown")
PEER = "import boto3; boto3.client('s3')"
CLIENT = "; from feedmirror.adapters.s3 import make_client; make_client()"
BARE = {
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "x",
    "AWS_DEFAULT_REGION": "us-east-1",
}
TIMED = """
import json, sys, time
sys.path.insert(0, sys.argv[1])
before = set(sys.modules)
began = time.process_time()
exec(sys.argv[2])
spent = time.process_time() - began
print(json.dumps([spent, len(set(sys.modules) - before)]))
"""
# Of -X importtime: microseconds of a module itself, of it with what it imports, and its name.
LINE = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)$")
OTHERS = 1.0  # per cent: what takes less is added up


def python(shipped: Packaged, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the package's interpreter with nothing of this machine on its path."""
    command = [shipped.interpreter, "-I", "-S", "-B", *arguments]
    return subprocess.run(command, env=BARE, capture_output=True, text=True, check=True)  # noqa: S603 -- our own


def start(shipped: Packaged, code: str) -> tuple[float, int]:
    """Return the processor seconds that some code takes in a new process, and its modules."""
    told = json.loads(python(shipped, "-c", TIMED, str(shipped.folder), code).stdout)
    return told[0], told[1]


def least(shipped: Packaged, code: str, rounds: int) -> tuple[float, int]:
    """Return the least of several starts: whatever is above it was the machine's."""
    return min(start(shipped, code) for _ in range(rounds))


def shares(shipped: Packaged, handler: str) -> dict[str, float]:
    """Return whose modules take how much of the time of an import, in per cent."""
    code = f"import sys; sys.path.insert(0, sys.argv[1]); import {handler}"
    spent: Counter[str] = Counter()
    run = python(shipped, "-X", "importtime", "-c", code, str(shipped.folder))
    for line in run.stderr.splitlines():
        if found := LINE.match(line):
            spent[owner(found[2])] += int(found[1])
    return {name: 100 * part / spent.total() for name, part in spent.most_common()}


def owner(module: str) -> str:
    """Return whose a module is: of our own, which part."""
    parts = module.split(".")
    if parts[0] == "feedmirror":
        return ".".join(parts[:2])
    own = parts[0] in sys.stdlib_module_names or parts[0].startswith("_")
    return "Python" if own else parts[0]


def main() -> None:
    """Print the table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    with tempfile.TemporaryDirectory() as folder:
        shipped = within(Path(folder))
        build(shipped)
        spent, modules = least(shipped, PEER, rounds)
        told = [f"Python {shipped.python}, precompiled; least of {rounds} starts, processor time"]
        told.append(f"boto3 with S3's client   1.00   {modules} modules   {spent:.3f} s")
        for handler in HANDLERS:
            ours, loaded = least(shipped, f"import {handler}", rounds)
            name = handler.rpartition(".")[2]
            told.append(f"{name:<24} {ours / spent:.2f}   {loaded} modules   {ours:.3f} s")
            parts = shares(shipped, handler)
            large = [f"{who} {share:.0f} %" for who, share in parts.items() if share >= OTHERS]
            rest = sum(share for share in parts.values() if share < OTHERS)
            told.append("  of which " + ", ".join([*large, f"others {rest:.0f} %"]))
            ready, loaded = least(shipped, f"import {handler}{CLIENT}", rounds)
            told.append(f"{name + ', with its client':<24} {ready / spent:.2f}   {loaded} modules")
        print(os.linesep.join(told))  # noqa: T201 -- what a benchmark is for


if __name__ == "__main__":
    main()
