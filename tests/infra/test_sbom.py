"""The bill of materials beside the zip: exactly what is in it, and as CycloneDX has it."""

import hashlib
import json
import re
import zipfile
from email.parser import BytesHeaderParser
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

import package
import sbom
from feedmirror.version import VERSION
from packaged import Shipped, shipped


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Shipped:
    return shipped(tmp_path_factory)


@pytest.fixture(scope="module")
def artefacts() -> dict[str, sbom.Artefact]:
    return package.resolve(package.LAMBDA)


@pytest.fixture(scope="module")
def text(made: Shipped, artefacts: dict[str, sbom.Artefact]) -> str:
    digest = hashlib.sha256(made.archive.read_bytes()).hexdigest()
    return sbom.describe(made.folder, digest=digest, artefacts=artefacts)


@pytest.fixture(scope="module")
def told(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text)
    return found


def in_the_zip(made: Shipped) -> dict[str, str]:
    """Return the version of every distribution in the zip, as its own metadata say."""
    found = {}
    with zipfile.ZipFile(made.archive) as archive:
        for name in archive.namelist():
            if name.endswith(".dist-info/METADATA"):
                about = BytesHeaderParser().parsebytes(archive.read(name))
                found[sbom.normal(str(about["Name"]))] = str(about["Version"])
    return found


def test_it_keeps_to_the_schema(text: str) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


def test_it_names_exactly_the_distributions_in_the_zip(told: dict[str, Any], made: Shipped) -> None:
    named = {each["name"]: each["version"] for each in told["components"]}

    assert len(named) > 15
    assert named == in_the_zip(made)
    assert [each["purl"] for each in told["components"]] == [
        f"pkg:pypi/{name}@{version}" for name, version in sorted(named.items())
    ]


def test_each_comes_from_a_file_that_the_lock_pins(told: dict[str, Any]) -> None:
    pinned = set(re.findall(r"--hash=sha256:([0-9a-f]{64})", package.LOCK.read_text()))

    for each in told["components"]:
        (digest,) = each["hashes"]
        assert digest["content"] in pinned, each["name"]
        (file,) = [one["value"] for one in each["properties"]]
        assert file.endswith((".whl", ".tar.gz"))
        assert "/" not in file


def test_each_has_a_licence(told: dict[str, Any]) -> None:
    for each in told["components"]:
        (licence,) = each["licenses"]
        said = licence.get("expression") or next(iter(licence["license"].values()))
        assert said not in ("", "not told", "UNKNOWN", "Dual License"), each["name"]


def test_every_library_that_a_wheel_bundles_is_told_by_its_bytes(
    told: dict[str, Any], made: Shipped
) -> None:
    bundled = {
        each["properties"][0]["value"]: each["hashes"][0]["content"]
        for distribution in told["components"]
        for each in distribution.get("components", ())
        if each.get("properties")
    }
    libraries = [path for path in made.folder.glob("*.libs/*") if path.is_file()]

    assert len(libraries) > 10
    assert bundled == {
        path.relative_to(made.folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in libraries
    }


@pytest.mark.parametrize("name", ["libcurl", "libcrypto"])
def test_of_those_that_are_attacked_most_the_version_is_told(
    told: dict[str, Any], name: str
) -> None:
    (pycurl,) = [each for each in told["components"] if each["name"] == "pycurl"]
    (library,) = [each for each in pycurl["components"] if each["name"] == name]

    assert re.fullmatch(r"\d+\.\d+\.\d+", library["version"])
    assert library["purl"] == f"pkg:generic/{name}@{library['version']}"


def test_what_is_compiled_into_a_wheel_is_told_too(told: dict[str, Any]) -> None:
    (sanitiser,) = [each for each in told["components"] if each["name"] == "nh3"]
    crates = {each["name"] for each in sanitiser["components"]}

    assert {"ammonia", "html5ever"} <= crates


def test_the_mirror_itself_is_what_it_describes(told: dict[str, Any], made: Shipped) -> None:
    whole = told["metadata"]["component"]
    digest = hashlib.sha256(made.archive.read_bytes()).hexdigest()

    assert (whole["name"], whole["version"]) == ("feedmirror", VERSION)
    assert whole["hashes"] == [{"alg": "SHA-256", "content": digest}]
    depends = {each["ref"]: each.get("dependsOn", []) for each in told["dependencies"]}
    assert sorted(depends["feedmirror"]) == sorted(each["purl"] for each in told["components"])
    assert any(each.startswith("pkg:pypi/botocore@") for each in depends[purl_of(told, "boto3")])


def purl_of(told: dict[str, Any], name: str) -> str:
    return str(next(each["purl"] for each in told["components"] if each["name"] == name))


def test_it_is_the_same_for_the_same_zip_and_tells_no_time_and_no_place(
    text: str, made: Shipped, artefacts: dict[str, sbom.Artefact]
) -> None:
    digest = hashlib.sha256(made.archive.read_bytes()).hexdigest()
    others = dict(reversed(artefacts.items()))

    assert sbom.describe(made.folder, digest=digest, artefacts=others) == text
    assert "timestamp" not in text
    assert str(made.folder.parent) not in text
    assert "file://" not in text


def test_a_distribution_that_came_from_nowhere_is_an_error(
    made: Shipped, artefacts: dict[str, sbom.Artefact]
) -> None:
    without = {name: found for name, found in artefacts.items() if name != "six"}

    with pytest.raises(KeyError, match="six"):
        sbom.describe(made.folder, digest="0" * 64, artefacts=without)
