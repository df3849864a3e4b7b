"""The package as it is shipped, built once for all tests, for a machine that can run it.

Only the wheels' platform differs from what `make package` builds. Where there is a Python 3.13 it
is the template's own minor version.
"""

import fcntl
import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import package

LOCK = package.ROOT / "tests" / "requirements.txt"
# What Lambda's own bootstrap does: the package and the runtime client, and nothing of this machine.
_BOOTSTRAP = """
import runpy, sys
sys.path[:0] = sys.argv[1:3]
sys.argv = ["awslambdaric", *sys.argv[3:]]
runpy.run_module("awslambdaric", run_name="__main__")
"""


@dataclass(frozen=True, slots=True)
class Packaged:
    """A package, an interpreter of its version, and a runtime client for that interpreter."""

    folder: Path
    interpreter: str
    client: Path
    python: str

    @property
    def command(self) -> tuple[str, ...]:
        """Return what runs the runtime client with the package as its only import path."""
        alone = (self.interpreter, "-I", "-S", "-B")
        return (*alone, "-c", _BOOTSTRAP, str(self.folder), str(self.client))


def packaged(temporary: pytest.TempPathFactory) -> Packaged:
    """Return the package, which the first of several test processes builds."""
    own = temporary.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    with (shared / "package.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = within(shared)
        if not (shared / "package.done").exists():
            build(found)
            (shared / "package.done").touch()
    return found


def build(wanted: Packaged) -> None:
    """Build a package and install its runtime client."""
    target = package.Target(f"{platform.machine()}-manylinux_2_28", wanted.python)
    package.build(wanted.folder, target, interpreter=wanted.interpreter)
    _install_client(wanted.client, target)


def within(folder: Path) -> Packaged:
    """Return where in a folder the package belongs, for the best interpreter of this machine."""
    running = "{}.{}".format(*sys.version_info[:2])
    found = package.find_interpreter(package.LAMBDA.python)
    python = package.LAMBDA.python if found else running
    return Packaged(folder / "package", found or sys.executable, folder / "runtime-client", python)


def _install_client(folder: Path, target: package.Target) -> None:
    pinned = next(
        line.split(" ")[0]
        for line in LOCK.read_text().splitlines()
        if line.startswith("awslambdaric")
    )
    installer = str(Path(sys.executable).parent / "uv")
    subprocess.run(  # noqa: S603 -- our own installer
        [
            *(installer, "pip", "install", "--quiet", "--only-binary", ":all:", pinned),
            *("--constraints", str(LOCK), "--target", str(folder)),
            *("--python-platform", target.platform, "--python-version", target.python),
        ],
        check=True,
    )
