"""The zip: the same bytes from the same input, everything that the handlers need, and no more."""

import ast
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from cfnlint.decode import cfn_yaml

import package
from packaged import Packaged, Shipped, packaged, shipped

CORE = package.ROOT / "functions" / "feedmirror"
AARCH64 = 183  # ELF, e_machine: EM_AARCH64


@pytest.fixture(scope="session")
def here(tmp_path_factory: pytest.TempPathFactory) -> Packaged:
    return packaged(tmp_path_factory)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Shipped:
    return shipped(tmp_path_factory)


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


BUILD_AGAIN = """
import sys
from pathlib import Path
import package
interpreter = package.find_interpreter(package.LAMBDA.python)
package.build(Path(sys.argv[1]), package.LAMBDA, interpreter=interpreter)
"""


def test_a_second_build_elsewhere_gives_the_same_files(made: Shipped, tmp_path: Path) -> None:
    """In another folder, time zone and locale, with other hash seeds and rights for new files."""
    folder = tmp_path / "another" / "place"
    ours = os.pathsep.join(
        filter(None, (str(Path(package.__file__).parent), os.environ.get("PYTHONPATH")))
    )
    elsewhere = {"TZ": "Asia/Kathmandu", "PYTHONHASHSEED": "7", "LC_ALL": "C"}
    subprocess.run(  # noqa: S603 -- our own interpreter
        [sys.executable, "-c", BUILD_AGAIN, folder],
        env={**os.environ, **elsewhere, "PYTHONPATH": ours},
        umask=0o077,
        cwd=tmp_path,
        check=True,
    )

    first, second = package.files_of(made.folder), package.files_of(folder)
    assert [path.relative_to(made.folder) for path in first] == [
        path.relative_to(folder) for path in second
    ]
    different = [
        one
        for one, other in zip(first, second, strict=True)
        if one.read_bytes() != other.read_bytes()
    ]
    assert different == []


def test_the_zip_depends_on_nothing_but_names_and_bytes(tmp_path: Path) -> None:
    digests = set()
    for mode, moment, order in ((0o600, 1, "ab"), (0o755, 2_000_000_000, "ba")):
        folder = tmp_path / str(mode)
        (folder / "sub").mkdir(parents=True)
        for name in order:
            path = folder / "sub" / f"{name}.py"
            path.write_text(f"# {name}")
            path.chmod(mode)
            os.utime(path, (moment, moment))
        digests.add(package.write_zip(folder, tmp_path / f"{mode}.zip"))

    assert len(digests) == 1


def test_every_library_of_machine_code_is_for_lambda_on_arm(made: Shipped) -> None:
    libraries = [path for path in package.files_of(made.folder) if ".so" in path.suffixes]

    assert len(libraries) > 5
    for path in libraries:
        header = path.read_bytes()[:20]
        assert header[:4] == b"\x7fELF", path
        assert int.from_bytes(header[18:20], "little") == AARCH64, path
        assert "cpython" not in path.name or "cpython-313-" in path.name


def test_every_module_is_compiled_and_its_source_is_never_asked(
    made: Shipped,
) -> None:
    """PEP 552: flags 0b01 say that the file is by hash and that the hash is not checked."""
    sources = [path for path in made.folder.rglob("*.py") if "__pycache__" not in path.parts]

    for source in sources:
        compiled = source.parent / "__pycache__" / f"{source.stem}.cpython-313.pyc"
        assert compiled.read_bytes()[4:8] == b"\x01\x00\x00\x00", source
    names = {path.name.rpartition(".cpython-")[2] for path in made.folder.rglob("*.pyc")}
    assert names == {"313.pyc"}


def test_nothing_tells_of_the_machine_that_built_it(made: Shipped) -> None:
    place = str(made.folder.parent).encode()

    assert [path for path in package.files_of(made.folder) if place in path.read_bytes()] == []
    with zipfile.ZipFile(made.archive) as archive:
        entries = archive.infolist()
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}


def test_it_stays_far_from_what_lambda_takes(made: Shipped) -> None:
    """AWS, "Lambda quotas": 50 MB zipped for an upload, 250 MB unzipped. Two thirds are libcurl."""
    unpacked = sum(path.stat().st_size for path in package.files_of(made.folder))

    assert made.archive.stat().st_size < 18_000_000
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
def test_what_no_handler_needs_is_not_in_it(made: Shipped, name: str) -> None:
    assert not (made.folder / name).exists()


def test_of_amazons_services_only_those_are_described_that_are_called(
    made: Shipped,
) -> None:
    described = {
        path.name for path in (made.folder / "botocore" / "data").iterdir() if path.is_dir()
    }

    assert described == {"s3", "sqs", "sns", "sesv2", "cloudfront"}


def test_no_tests_no_listings_no_type_stubs(made: Shipped) -> None:
    names = [path.relative_to(made.folder) for path in package.files_of(made.folder)]
    useless = [
        name
        for name in names
        if {"tests", "test", "examples"} & set(name.parts)
        or name.name in ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", ".lock")
        or name.suffix in (".pyi", ".c", ".h", ".pyx")
    ]

    assert useless == []


def test_every_dependency_brings_its_licence(made: Shipped) -> None:
    """Most licences ask to be handed on with the software (MIT, BSD, Apache-2.0 §4)."""
    for info in made.folder.glob("*.dist-info"):
        told = [path.name.upper() for path in info.rglob("*") if path.is_file()]
        said = "License" in (info / "METADATA").read_text()
        assert said or any(name.startswith(("LICEN", "COPYING", "NOTICE")) for name in told), info


def test_whatever_the_code_reads_beside_modules_is_in_it(made: Shipped) -> None:
    read = {
        path.relative_to(CORE)
        for path in CORE.rglob("*")
        if path.suffix in (".toml", ".html", ".css", ".json", ".xml", ".txt")
        and path.relative_to(CORE).parts[0] not in package.NOT_SHIPPED
    }

    assert read
    assert [
        path for path in sorted(read) if not (made.folder / "feedmirror" / path).is_file()
    ] == []


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
