"""What is installed is pinned by hash, from wherever it comes, and nothing here holds a secret."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import package
from packaged import Shipped, shipped

ROOT = package.ROOT
LOCKS = sorted([*ROOT.glob("functions/requirements*.txt"), *ROOT.glob("tests/requirements*.txt")])
HASH = r"--hash=sha256:[0-9a-f]{64}"


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_a_lock_pins_each_version_by_hashes_and_names_no_address(path: Path) -> None:
    text = path.read_text()
    pins = re.findall(
        r"^[A-Za-z0-9][^\n=]*==\S+(?: ; [^\\\n]*)?(?: \\\n    --hash=\S+)+$", text, re.MULTILINE
    )
    begun = [line for line in text.splitlines() if re.match(r"[A-Za-z0-9]", line)]

    assert len(LOCKS) == 3
    assert len(pins) == len(begun) > 15
    assert all(re.fullmatch(HASH, each) for each in re.findall(r"--hash=\S+", text))
    assert not re.search(r"://|^\s*-(?!-hash)|index-url|find-links| @ ", text, re.MULTILINE)


def commands() -> Iterator[tuple[str, str]]:
    """Yield every line that installs something, with the file that it stands in."""
    makefile = (ROOT / "Makefile").read_text()
    named = dict(re.findall(r"^(\w+) = (.*)$", makefile, re.MULTILINE))
    for line in makefile.splitlines():
        told = line.strip()
        while found := re.search(r"\$\((\w+)\)", told):
            told = told.replace(found[0], named.get(found[1], ""))
        is_run = line.startswith("\t")
        if is_run and re.search(r"\bpip install\b|\bnpm (ci|install|i)\b", told):
            yield "Makefile", told
    for path in (ROOT / ".ci" / "run", ROOT / "infra" / "package.py"):
        text = path.read_text()
        for found in re.finditer(r'pip install.*|npm (?:ci|i).*|"pip", "install".*', text):
            yield path.name, found[0]


def test_everything_that_is_installed_is_checked_against_its_hash() -> None:
    """Our own code is installed without dependencies; what builds it is pinned like the rest."""
    found = list(commands())

    assert len([where for where, _ in found if where == "Makefile"]) == 4
    assert [where for where, _ in found if where == "package.py"] == ["package.py"]
    for where, command in found:
        ours = "--no-deps --no-build-isolation -e ." in command
        assert ours or "--require-hashes" in command, (where, command)


def test_what_checks_the_pages_is_installed_by_its_lock() -> None:
    lock = json.loads((ROOT / "tests" / "node" / "package-lock.json").read_text())
    test = (ROOT / "tests" / "integration" / "test_site_validity.py").read_text()
    packages = {name: each for name, each in lock["packages"].items() if name}

    assert packages
    assert all(each["integrity"].startswith("sha512-") for each in packages.values())
    assert all("resolved" not in each for each in packages.values())
    assert '"ci"' in test
    assert not re.search(r'npm, "(install|i)"', test)


# How secrets look where they are found by mistake: AWS access keys (IAM User Guide, "IAM
# identifiers"), PEM, tokens of the services that developers use, and names with a value behind.
SECRET = re.compile(
    rb"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    rb"|-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/]{16}"
    rb"|\bgh[pousr]_[A-Za-z0-9]{36}\b|\bpypi-AgEI[\w-]{20}|\bxox[abprs]-[\w-]{10}"
    rb"|(?i:(?:aws_?secret_?access_?key|password|passwd|api_?key|auth_?token|client_?secret))"
    # In capitals alone it is a variable's name.
    rb"[\"']?\s*[:=]\s*[\"'](?![A-Z_]+[\"'])[A-Za-z0-9/+=_-]{16,}[\"']"
)
# A word of each, in lower case: to look for these first is several times as fast.
WORDS = (
    b"akia", b"asia", b"private key-----", b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_",
    b"pypi-agei", b"xox", b"secret", b"passw", b"api_key", b"apikey", b"auth_token", b"authtoken",
)  # fmt: skip
HIDDEN = [
    b"key = AKIAIOSFODNN7EXAMPLE",
    b"-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA0123",
    b"ghp_" + b"a1B2" * 9,
    b'"aws_secret_access_key": "wJalrXUtnFEMIabcdefbPxRfiCYEXAMPLEKEY"',
    b"API_KEY = '0123456789abcdef'",
    b"ASIAIOSFODNN7EXAMPLE",
    *(b"gh" + kind + b"_" + b"a1B2" * 9 for kind in (b"o", b"u", b"s", b"r")),
    b"pypi-AgEIcHlwaS5vcmcCJDAwMDAwMDAwMDAw",
    b"xoxb-0123456789",
    *(name + b": '0123456789abcdef'" for name in (b"passwd", b"Password", b"apikey")),
    *(name + b"='0123456789abcdef'" for name in (b"authToken", b"auth_token", b"client_secret")),
]


@pytest.mark.parametrize("text", HIDDEN)
def test_a_secret_would_be_seen(text: bytes) -> None:
    assert holds_a_secret(text)


def holds_a_secret(text: bytes) -> bool:
    lowered = text.lower()
    return any(word in lowered for word in WORDS) and bool(SECRET.search(text))


def committed() -> Iterator[Path]:
    for pattern in ("functions/**/*", "infra/*", ".ci/*", "*"):
        yield from (path for path in ROOT.glob(pattern) if path.is_file())


def test_no_secret_stands_in_what_is_deployed_or_runs_it() -> None:
    looked_at = [path for path in committed() if path.suffix not in (".pyc", ".sqlite")]

    assert len(looked_at) > 200
    assert [path for path in looked_at if holds_a_secret(path.read_bytes())] == []


def test_no_secret_stands_in_the_package(tmp_path_factory: pytest.TempPathFactory) -> None:
    made: Shipped = shipped(tmp_path_factory)
    found = {
        path.relative_to(made.folder).as_posix()
        for path in package.files_of(made.folder)
        if holds_a_secret(path.read_bytes())
    }

    assert found == set()


def test_no_variable_of_the_functions_is_one() -> None:
    """There is nothing to keep secret: roles are all that the functions need."""
    template = (ROOT / "infra" / "template.yaml").read_text()

    assert not re.search(r"(?i)secretsmanager|NoEcho|ssm:|password|resolve:", template)
