"""The package, built once for all tests and test processes: as it is shipped, and to be run here.

Of the second only the wheels' platform differs from what `make package` builds. Where there is a
Python 3.13 it is the template's own minor version.
"""

import fcntl
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

import package
from needed import missing

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


@dataclass(frozen=True, slots=True)
class Shipped:
    """What `make package` makes: the folder that is zipped, and the zip."""

    folder: Path
    archive: Path


def packaged(temporary: pytest.TempPathFactory) -> Packaged:
    """Return the package for this machine, which the first of several test processes builds."""
    shared = _shared(temporary)
    found = within(shared)
    _once(shared / "package", lambda: build(found))
    return found


def shipped(temporary: pytest.TempPathFactory) -> Shipped:
    """Return the package for Lambda, which the first of several test processes builds."""
    interpreter = package.find_interpreter(package.LAMBDA.python)
    if interpreter is None:
        missing(f"no Python {package.LAMBDA.python} to precompile with")
    shared = _shared(temporary)
    made = Shipped(shared / "shipped" / "package", shared / "shipped" / "package.zip")

    def ship() -> None:
        package.build(made.folder, package.LAMBDA, interpreter=interpreter)
        package.write_zip(made.folder, made.archive)

    _once(shared / "shipped", ship)
    return made


def _shared(temporary: pytest.TempPathFactory) -> Path:
    own = temporary.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


def _once(name: Path, make: Callable[[], None]) -> None:
    """Have something made by the first process that asks; the others wait for it."""
    done = name.with_suffix(".done")
    with name.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            make()
            done.touch()


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
