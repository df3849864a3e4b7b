"""The functions' package, without Docker: what the handlers need, from the hashed lock, as one zip.

The same input gives the same bytes: names are sorted, dates and modes fixed, nothing is compiled
with a time or a path of this machine in it. Beside the zip lies what is in it (CycloneDX).
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import sbom
from feedmirror.adapters.aws import Service

ROOT = Path(__file__).parent.parent
BUILD = ROOT / "build"
LOCK = ROOT / "functions" / "requirements.txt"
SOURCE = ROOT / "functions" / "feedmirror"

# dkimpy comes as source alone; it is pure Python. All else is wheels.
FROM_SOURCE = "dkimpy"
# What a person's machine needs and Lambda does not.
NOT_SHIPPED = ("cli", "local")
SERVICES = frozenset({"s3", *get_args(Service)})
# Of Powertools only the logger and the metrics are used; the rest is what these two import.
POWERTOOLS = frozenset(
    {"logging", "metrics", "shared", "tracing", "utilities", "warnings", "exceptions"}
)
POWERTOOLS_UTILITIES = frozenset({"typing", "jmespath_utils"})
# The last is a wheel's own list of what is compiled into it (PEP 770).
_LICENCES = (
    "METADATA",
    "sboms",
    "licenses",
    "LICENSE",
    "LICENSE.txt",
    "NOTICE",
    "NOTICE.txt",
    "COPYING",
)
_USELESS = (".pyi", ".pyx", ".pxd", ".c", ".h", ".typed", ".exe")
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first that a zip can tell


class PackageError(Exception):
    """What keeps a package from being built, and what would help."""


@dataclass(frozen=True, slots=True)
class Target:
    """The machine that a package is for: its wheels' platform, and its Python."""

    platform: str
    python: str


# Amazon Linux 2023, on which Lambda's Python 3.13 stands, has glibc 2.34.
LAMBDA = Target("aarch64-manylinux_2_28", "3.13")


def build(folder: Path, target: Target, *, interpreter: str | None) -> None:
    """Fill a folder with the package; ``interpreter`` precompiles it and is of the target's Python.

    Raises PackageError.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    _install(folder, target)
    _prune(folder)
    shutil.copytree(
        SOURCE,
        folder / "feedmirror",
        ignore=lambda place, names: [
            name
            for name in names
            if name == "__pycache__" or (Path(place) == SOURCE and name in NOT_SHIPPED)
        ],
    )
    for path in sorted((folder / "feedmirror").rglob("*")):
        if path.suffix in (".typed", ".md"):
            path.unlink()
    if interpreter is not None:
        _precompile(folder, interpreter)


def resolve(target: Target) -> dict[str, sbom.Artefact]:
    """Return the file that each dependency is installed from; raises PackageError.

    The lock has a hash for every file of a release; which one a platform takes the index tells.
    """
    command = [
        *(_uv(), "pip", "compile", "--quiet", "--format", "pylock.toml", "--generate-hashes"),
        *("--no-deps", "--no-python-downloads", "--no-header", *_for(target), str(LOCK)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 -- ours
    if done.returncode:
        raise PackageError(f"the dependencies could not be told: {done.stderr.strip()}")
    return sbom.artefacts_of(done.stdout)


def find_interpreter(version: str) -> str | None:
    """Return an interpreter of a version that is on this machine, or None.

    The variable PYTHON names one; else it is looked for on the path and among pyenv's.
    """
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    candidates = [
        os.environ.get("PYTHON") or None,
        shutil.which(f"python{version}"),
        *map(str, sorted(pyenv.glob(f"versions/{version}*/bin/python{version}"))),
    ]
    asked = 'import sys; print("%d.%d" % sys.version_info[:2])'
    for candidate in filter(None, candidates):
        try:
            told = subprocess.run([candidate, "-c", asked], capture_output=True, check=True)  # noqa: S603 -- ours
        except (OSError, subprocess.CalledProcessError):
            continue
        if told.stdout.decode().strip() == version:
            return candidate
    return None


def write_zip(folder: Path, archive: Path) -> str:
    """Write a folder as a zip that depends on nothing but its contents; return its SHA-256."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        for path in files_of(folder):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, whose modes follow
            entry.external_attr = (0o755 if ".so" in path.suffixes else 0o644) << 16
            file.writestr(entry, path.read_bytes())
    return hashlib.sha256(archive.read_bytes()).hexdigest()


def files_of(folder: Path) -> list[Path]:
    """Return every file of a folder, in an order of its own."""
    return sorted((path for path in folder.rglob("*") if path.is_file()), key=Path.as_posix)


def parts_of(folder: Path) -> list[tuple[int, str]]:
    """Return the sizes in bytes of a package's parts, the largest first."""
    sizes = [
        (sum(file.stat().st_size for file in _files(path)), path.name) for path in folder.iterdir()
    ]
    return sorted(sizes, reverse=True)


def main(arguments: Collection[str] | None = None) -> int:
    """Build the package for Lambda, and tell what is in it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--without-bytecode",
        action="store_true",
        help="do without precompiling, which needs a Python 3.13; every cold start is then slower",
    )
    options = parser.parse_args(list(arguments) if arguments is not None else None)
    folder, archive = BUILD / "package", BUILD / "feedmirror.zip"
    try:
        interpreter = None if options.without_bytecode else find_interpreter(LAMBDA.python)
        if interpreter is None and not options.without_bytecode:
            raise PackageError(  # noqa: TRY301 -- told like every other
                f"no Python {LAMBDA.python} was found to precompile with: install one, or build"
                " with --without-bytecode, which makes every cold start about twice as slow"
            )
        build(folder, LAMBDA, interpreter=interpreter)
        artefacts = resolve(LAMBDA)
    except PackageError as error:
        print(f"package: {error}", file=sys.stderr)
        return 2
    digest = write_zip(folder, archive)
    materials = archive.with_suffix(".cdx.json")
    materials.write_text(sbom.describe(folder, digest=digest, artefacts=artefacts))
    unpacked = sum(size for size, _ in parts_of(folder))
    print(f"{archive.relative_to(ROOT)}: {_mb(archive.stat().st_size)}, unpacked {_mb(unpacked)}")
    print(f"sha256 {digest}{'' if interpreter else ' (without bytecode)'}")
    print(f"{materials.relative_to(ROOT)}: what is in it")
    print("largest: " + ", ".join(f"{name} {_mb(size)}" for size, name in parts_of(folder)[:6]))
    return 0


def _install(folder: Path, target: Target) -> None:
    command = [
        *(_uv(), "pip", "install", "--quiet", "--require-hashes", "--requirements", str(LOCK)),
        *(*_for(target), "--no-python-downloads", "--no-compile-bytecode"),
        *("--target", str(folder)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 -- ours
    if done.returncode:
        raise PackageError(f"the dependencies could not be installed: {done.stderr.strip()}")


def _for(target: Target) -> tuple[str, ...]:
    """Return what has the installer take the files of a target."""
    machine = ("--python-platform", target.platform, "--python-version", target.python)
    return (*machine, "--only-binary", ":all:", "--no-binary", FROM_SOURCE)


def _prune(folder: Path) -> None:
    """Remove what no handler ever loads, and what says where and when it was installed."""
    for path in [folder / "bin", folder / "share", folder / "boto3" / "data"]:
        shutil.rmtree(path, ignore_errors=True)
    (folder / ".lock").unlink(missing_ok=True)
    _keep(folder / "botocore" / "data", SERVICES, files=True)
    _keep(folder / "aws_lambda_powertools", POWERTOOLS, files=True)
    _keep(folder / "aws_lambda_powertools" / "utilities", POWERTOOLS_UTILITIES, files=True)
    for service in (folder / "botocore" / "data").iterdir():
        if service.is_dir():  # of several versions of an API, clients take the last
            _keep(service, {max(version.name for version in service.iterdir())}, files=False)
    for info in folder.glob("*.dist-info"):
        _keep(info, frozenset(_LICENCES), files=False)
    for path in [*folder.rglob("*")]:
        if path.is_dir() and path.name in ("tests", "test", "examples", "__pycache__"):
            shutil.rmtree(path)
        elif path.is_file() and (path.suffix in _USELESS or path.name.startswith("examples-1")):
            path.unlink()


def _keep(folder: Path, names: Collection[str], *, files: bool) -> None:
    """Remove the folders that are not named, and unless files are kept those as well."""
    for path in folder.iterdir():
        if path.name in names or (files and path.is_file()):
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _precompile(folder: Path, interpreter: str) -> None:
    """Compile everything, never to be checked against its source.

    The package is read-only in Lambda, so without it every cold start compiles; and dates are
    fixed, so by date none would be taken for fresh (Python library reference, "compileall").
    """
    command = [
        *(interpreter, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"),
        *("-s", str(folder), "-p", "/var/task", str(folder)),
    ]
    # The order of a set in a constant follows the hashes of its strings.
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)  # noqa: S603 -- ours
    if done.returncode:
        raise PackageError(f"the package could not be compiled: {done.stdout}{done.stderr}")


def _files(path: Path) -> Iterator[Path]:
    return (each for each in ([path] if path.is_file() else path.rglob("*")) if each.is_file())


def _uv() -> str:
    """Return the installer that the environment of this script holds."""
    return str(Path(sys.executable).parent / "uv")


def _mb(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


if __name__ == "__main__":
    sys.exit(main())
