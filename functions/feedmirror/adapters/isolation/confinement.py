"""Limits that a child process sets on itself, for good; what a system lacks is passed by.

Set by the child, since what the parent would set between fork and exec is no safe place for
Python. They bind whatever a document makes a parser do; a parser that runs a stranger's machine
code is bound by those that cannot be raised again: no file, no socket, no process, no memory.
"""

import math
import os
import sys
from contextlib import suppress
from importlib.machinery import BuiltinImporter, FrozenImporter
from types import ModuleType

resource: ModuleType | None
try:
    import resource
except ImportError:  # pragma: no cover -- a system without limits
    resource = None

_NOBODY = 65534
_STATM = "/proc/self/statm"  # Linux, proc_pid_statm(5): the first number is pages of address space


def confine(memory: int) -> None:
    """Bound what the process may take, in bytes of address space; it starts and writes nothing."""
    _limit("RLIMIT_AS", memory)
    # One byte, and not none: a program that takes cores from a pipe is given those of none.
    _limit("RLIMIT_CORE", 1)
    _limit("RLIMIT_FSIZE", 0)
    _limit("RLIMIT_NPROC", 0)


def shut_in() -> int | None:
    """Let the process open nothing any more, neither file nor socket; so it can import nothing.

    Root, as which some containers run everything, becomes nobody, for whom limits hold. What is
    imported all the same is told to be missing, instead of failing at an open. Returns
    what :func:`taken` reads, the one file that stays open, where there is one.
    """
    sys.meta_path[:] = [BuiltinImporter, FrozenImporter]
    statm: int | None = None
    with suppress(OSError):
        statm = os.open(_STATM, os.O_RDONLY | os.O_CLOEXEC)
    _limit("RLIMIT_NOFILE", 3 if statm is None else statm + 1)
    _be_nobody()
    return statm


def _be_nobody() -> None:
    if os.geteuid() == 0:
        with suppress(OSError):  # in a container that has no such user
            os.setgroups([])
            os.setgid(_NOBODY)
            os.setuid(_NOBODY)


def taken(statm: int | None) -> int:
    """Return how many bytes of address space the process takes now, as far as can be known."""
    # The largest that it ever was (getrusage) would be the parent's: exec keeps that.
    return int(os.pread(statm, 32, 0).split()[0]) * os.sysconf("SC_PAGESIZE") if statm else 0


def allow_seconds(more: int) -> None:
    """Let the process run for so many more seconds of a processor; then the kernel ends it."""
    if resource is None:  # pragma: no cover -- see above
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = math.ceil(used.ru_utime + used.ru_stime) + more
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def _limit(name: str, value: int) -> None:
    which = getattr(resource, name, None)
    if resource is not None and which is not None:
        with suppress(ValueError, OSError):
            resource.setrlimit(which, (value, value))
