"""What a command costs: its processor time and memory, its child processes' apart.

Of Linux, by ``wait4(2)`` and ``/proc``. The command's own process counts nothing.
"""

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

_EVERY = 0.02  # seconds between two looks at the memory
_TICKS = os.sysconf("SC_CLK_TCK")


class Cost(NamedTuple):
    """Seconds of a processor, in all and in child processes; by the clock; and peaks in MB.

    The peaks are of resident memory: the command's, and the largest of its children at any time.
    """

    cpu: float
    child_cpu: float
    wall: float
    peak: float
    child_peak: float

    @property
    def both(self) -> float:
        """The most that the process and a child of its can have had together, in MB."""
        return self.peak + self.child_peak


class CommandFailedError(Exception):
    """A command that is measured failed; the message is the end of what it said."""


@dataclass
class _Watch:
    """What was seen of a process and its children so far."""

    pid: int
    peak: float = 0.0
    child_peak: float = 0.0
    child_cpu: dict[int, float] = field(default_factory=dict)

    def look(self) -> None:
        """Look once more; whoever has just ended has nothing to show."""
        self.peak = max(self.peak, _peak_of(self.pid))
        for child in _children_of(self.pid):
            self.child_peak = max(self.child_peak, _peak_of(child))
            self.child_cpu[child] = max(self.child_cpu.get(child, 0.0), _cpu_of(child))


def cost_of(command: Sequence[str], environment: Mapping[str, str]) -> Cost:
    """Run a command and return what it cost; raises CommandFailedError."""
    with tempfile.TemporaryFile() as said:
        began = time.monotonic()
        process = subprocess.Popen(command, env=dict(environment), stdout=said, stderr=said)  # noqa: S603 -- ours
        watch = _Watch(process.pid)
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            watch.look()
            time.sleep(_EVERY)
        wall = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise CommandFailedError(said.read()[-2000:].decode(errors="replace"))
    cpu = usage.ru_utime + usage.ru_stime
    return Cost(cpu, sum(watch.child_cpu.values()), wall, watch.peak, watch.child_peak)


def _peak_of(pid: int) -> float:
    """Return the most memory that a process has had since it was executed, in MB.

    ``ru_maxrss`` will not do: it begins with what the process had before its exec, its parent's.
    """
    for line in _read(f"/proc/{pid}/status").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _children_of(pid: int) -> list[int]:
    """Return what a process has started, whichever of its threads did."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in _read(str(task)).split()]


def _cpu_of(pid: int) -> float:
    fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS if fields else 0.0


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
