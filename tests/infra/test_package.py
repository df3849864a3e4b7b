"""The zip: the same bytes from the same input, everything that the handlers need, and no more."""

import ast
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from cfnlint.decode import cfn_yaml

import package
from needed import missing
from packaged import Packaged, packaged

CORE = package.ROOT / "functions" / "feedmirror"
AARCH64 = 183  # ELF, e_machine: EM_AARCH64


@pytest.fixture(scope="session")
def here(tmp_path_factory: pytest.TempPathFactory) -> Packaged:
    return packaged(tmp_path_factory)


@pytest.fixture(scope="module")
def interpreter() -> str:
    found = package.find_interpreter(package.LAMBDA.python)
    return found or missing(f"no Python {package.LAMBDA.python} to precompile with")


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory, interpreter: str) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("shipped") / "package"
    package.build(folder, package.LAMBDA, interpreter=interpreter)
    archive = folder.with_suffix(".zip")
    package.write_zip(folder, archive)
    return folder, archive


def test_it_is_built_for_what_the_template_says() -> None:
    template = cfn_yaml.load(str(package.ROOT / "infra" / "template.yaml"))
    functions = template["Globals"]["Function"]

    assert functions["Runtime"] == f"python{package.LAMBDA.python}"
    assert functions["Architectures"] == ["arm64"]
    assert package.LAMBDA.platform.startswith("aarch64-")
    assert "CodeUri" not in functions  # `aws cloudformation package` would ship infra/ instead
    assert {
        resource["Properties"]["CodeUri"]
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::Serverless::Function"
    } == {"../build/feedmirror.zip"}


def test_a_second_build_elsewhere_gives_the_same_bytes(
    shipped: tuple[Path, Path], tmp_path: Path, interpreter: str
) -> None:
    folder, archive = tmp_path / "another" / "place", tmp_path / "another.zip"

    package.build(folder, package.LAMBDA, interpreter=interpreter)
    package.write_zip(folder, archive)

    assert archive.read_bytes() == shipped[1].read_bytes()


def test_every_library_of_machine_code_is_for_lambda_on_arm(shipped: tuple[Path, Path]) -> None:
    libraries = [path for path in package.files_of(shipped[0]) if ".so" in path.suffixes]

    assert len(libraries) > 5
    for path in libraries:
        header = path.read_bytes()[:20]
        assert header[:4] == b"\x7fELF", path
        assert int.from_bytes(header[18:20], "little") == AARCH64, path
        assert "cpython" not in path.name or "cpython-313-" in path.name


def test_every_module_is_compiled_and_its_source_is_never_asked(
    shipped: tuple[Path, Path],
) -> None:
    """PEP 552: flags 0b01 say that the file is by hash and that the hash is not checked."""
    sources = [path for path in shipped[0].rglob("*.py") if "__pycache__" not in path.parts]

    for source in sources:
        compiled = source.parent / "__pycache__" / f"{source.stem}.cpython-313.pyc"
        assert compiled.read_bytes()[4:8] == b"\x01\x00\x00\x00", source
    names = {path.name.rpartition(".cpython-")[2] for path in shipped[0].rglob("*.pyc")}
    assert names == {"313.pyc"}


def test_nothing_tells_of_the_machine_that_built_it(shipped: tuple[Path, Path]) -> None:
    place = str(shipped[0].parent).encode()

    assert [path for path in package.files_of(shipped[0]) if place in path.read_bytes()] == []
    with zipfile.ZipFile(shipped[1]) as archive:
        entries = archive.infolist()
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}


def test_it_stays_far_from_what_lambda_takes(shipped: tuple[Path, Path]) -> None:
    """AWS, "Lambda quotas": 50 MB zipped for an upload, 250 MB unzipped. Two thirds are libcurl."""
    unpacked = sum(path.stat().st_size for path in package.files_of(shipped[0]))

    assert shipped[1].stat().st_size < 18_000_000
    assert unpacked < 55_000_000


USELESS = (
    "moto",
    "click",
    "rich",
    "pytest",
    "feedmirror/cli",
    "feedmirror/local",
    "bin",
    "share",
    "boto3/data",
    "aws_lambda_powertools/event_handler",
    "aws_lambda_powertools/utilities/parser",
)


@pytest.mark.parametrize("name", USELESS)
def test_what_no_handler_needs_is_not_in_it(shipped: tuple[Path, Path], name: str) -> None:
    assert not (shipped[0] / name).exists()


def test_of_amazons_services_only_those_are_described_that_are_called(
    shipped: tuple[Path, Path],
) -> None:
    described = {
        path.name for path in (shipped[0] / "botocore" / "data").iterdir() if path.is_dir()
    }

    assert described == {"s3", "sqs", "sns", "sesv2", "cloudfront"}


def test_no_tests_no_listings_no_type_stubs(shipped: tuple[Path, Path]) -> None:
    names = [path.relative_to(shipped[0]) for path in package.files_of(shipped[0])]
    useless = [
        name
        for name in names
        if {"tests", "test", "examples"} & set(name.parts)
        or name.name in ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", ".lock")
        or name.suffix in (".pyi", ".c", ".h", ".pyx")
    ]

    assert useless == []


def test_every_dependency_brings_its_licence(shipped: tuple[Path, Path]) -> None:
    """Most licences ask to be handed on with the software (MIT, BSD, Apache-2.0 §4)."""
    for info in shipped[0].glob("*.dist-info"):
        told = [path.name.upper() for path in info.rglob("*") if path.is_file()]
        said = "License" in (info / "METADATA").read_text()
        assert said or any(name.startswith(("LICEN", "COPYING", "NOTICE")) for name in told), info


def test_whatever_the_code_reads_beside_modules_is_in_it(shipped: tuple[Path, Path]) -> None:
    read = {
        path.relative_to(CORE)
        for path in CORE.rglob("*")
        if path.suffix in (".toml", ".html", ".css", ".json", ".xml", ".txt")
        and path.relative_to(CORE).parts[0] not in package.NOT_SHIPPED
    }

    assert read
    assert [path for path in sorted(read) if not (shipped[0] / "feedmirror" / path).is_file()] == []


def imported_by(package_folder: Path) -> set[str]:
    """Return the top-level names that our own code imports anywhere, also inside functions."""
    found: set[str] = set()
    for path in package_folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.partition(".")[0])
    return found


ONLY_FOR_TYPES = {
    "mypy_boto3_cloudfront",
    "mypy_boto3_cloudwatch",
    "mypy_boto3_s3",
    "mypy_boto3_sesv2",
}
ONLY_FOR_TYPES |= {"mypy_boto3_sns", "mypy_boto3_sqs"}


def test_everything_that_our_code_imports_can_be_imported_from_the_package_alone(
    here: Packaged,
) -> None:
    wanted = imported_by(here.folder / "feedmirror") - ONLY_FOR_TYPES
    modules = [
        ".".join(path.relative_to(here.folder).with_suffix("").parts)
        for path in sorted((here.folder / "feedmirror").rglob("*.py"))
        if path.name != "__init__.py"
    ]
    script = (
        "import sys, importlib; sys.path.insert(0, sys.argv[1]); "
        "[importlib.import_module(name) for name in sys.argv[2:]]"
    )
    run = subprocess.run(  # noqa: S603 -- our own interpreter
        [here.interpreter, "-I", "-S", "-B", "-c", script, here.folder, *sorted(wanted), *modules],
        capture_output=True,
        text=True,
        check=False,
    )

    assert len(modules) > 100
    assert run.stderr == ""
    assert run.returncode == 0


def test_without_the_interpreter_it_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    monkeypatch.delenv("PYTHON", raising=False)
    if sys.version_info[:2] == (3, 13):
        monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))

    assert package.main([]) == 2
    assert "no Python 3.13 was found to precompile with" in capsys.readouterr().err


def test_a_lock_that_does_not_fit_is_told_with_its_reason(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lock = tmp_path / "requirements.txt"
    lock.write_text("six==1.17.0 --hash=sha256:" + "0" * 64 + "\n")
    monkeypatch.setattr(package, "LOCK", lock)

    with pytest.raises(package.PackageError, match="could not be installed"):
        package.build(tmp_path / "package", package.LAMBDA, interpreter=None)
