"""What the zip holds, as CycloneDX tells it: every distribution, and what their wheels bundle.

The same zip gives the same bytes: no time, no number that is drawn, everything sorted.
"""

import hashlib
import json
import re
import tomllib
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense, License
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from feedmirror.version import VERSION

NAME = "feedmirror"
_LICENCE = LicenseFactory().make_from_string
# Their own words for their versions, in libraries that are compiled and whose file names tell
# nothing but the version of an interface.
_TOLD = {"libcurl": rb"libcurl/(\d+\.\d+\.\d+)", "libcrypto": rb"OpenSSL (\d+\.\d+\.\d+) "}
_BUNDLED = re.compile(r"(lib[\w+]+?)(?:-[0-9a-f]{8,})?\.so")


@dataclass(frozen=True, slots=True)
class Artefact:
    """The file of a package index that a distribution was installed from."""

    name: str
    digest: str  # its SHA-256


def artefacts_of(resolved: str) -> dict[str, Artefact]:
    """Return what each distribution is installed from, as a lock for one platform says (PEP 751).

    Raises ValueError if that is not exactly one file for each.
    """
    found: dict[str, Artefact] = {}
    for package in tomllib.loads(resolved)["packages"]:
        (file,) = package.get("wheels") or [package["sdist"]]
        name = file.get("name") or file["url"].rpartition("/")[2]
        found[package["name"]] = Artefact(name, file["hashes"]["sha256"])
    return found


def describe(folder: Path, *, digest: str, artefacts: Mapping[str, Artefact]) -> str:
    """Return the bill of materials of a package: its folder, its zip's SHA-256, its artefacts.

    Raises KeyError for a distribution that came from nowhere.
    """
    parts = {}
    for info in sorted(folder.glob("*.dist-info")):
        about = BytesHeaderParser().parsebytes((info / "METADATA").read_bytes())
        parts[normal(str(about["Name"]))] = (info, about)
    known = {
        name: _distribution(info, about, artefacts[name]) for name, (info, about) in parts.items()
    }
    whole = Component(
        name=NAME,
        version=VERSION,
        type=ComponentType.APPLICATION,
        bom_ref=NAME,
        licenses=[_LICENCE("MIT")],
        hashes=[_sha256(digest)],
    )
    bom = Bom(
        serial_number=uuid.uuid5(uuid.NAMESPACE_URL, f"sha256:{digest}"),
        metadata=BomMetaData(component=whole),
        components=known.values(),
    )
    bom.register_dependency(whole, known.values())
    for name, (_, about) in parts.items():
        needs = {_needed(each) for each in about.get_all("Requires-Dist", ())} & known.keys()
        bom.register_dependency(known[name], [known[each] for each in needs])
    document = json.loads(JsonV1Dot6(bom).output_as_string())
    del document["metadata"]["timestamp"]  # when it was told is nothing that the zip holds
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


def normal(name: str) -> str:
    """Return a distribution's name as indexes have it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _distribution(info: Path, about: Message, artefact: Artefact) -> Component:
    name, version = normal(str(about["Name"])), str(about["Version"])
    purl = PackageURL("pypi", name=name, version=version)
    libraries = info.parent / f"{info.name.partition('-')[0]}.libs"
    return Component(
        name=name,
        version=version,
        purl=purl,
        bom_ref=str(purl),
        licenses=[_licence_of(about)],
        hashes=[_sha256(artefact.digest)],
        properties=[Property(name="feedmirror:distribution", value=artefact.name)],
        components=[*_compiled_in(info), *_bundled(libraries)],
    )


def _licence_of(about: Message) -> License:
    """Return what a distribution says: an expression (PEP 639), an SPDX id, classifiers, a text."""
    approved = "License :: OSI Approved :: "
    classifiers = about.get_all("Classifier", ())
    classified = [each.removeprefix(approved) for each in classifiers if each.startswith(approved)]
    text = str(about["License"] or "").partition("\n")[0]
    told = _LICENCE(str(about["License-Expression"] or text or "not told"))
    if classified and isinstance(told, DisjunctiveLicense) and told.id is None:
        return _LICENCE(", ".join(classified))
    return told


def _compiled_in(info: Path) -> Iterator[Component]:
    """Yield what a wheel's own bill of materials says is compiled into it (PEP 770)."""
    for path in sorted(info.glob("sboms/*.json")):
        for each in json.loads(path.read_text())["components"]:
            yield Component(
                name=each["name"],
                version=each["version"],
                purl=PackageURL.from_string(each["purl"]),
                bom_ref=each["purl"],
                licenses=[_LICENCE(one["expression"]) for one in each.get("licenses", ())],
                hashes=[
                    HashType(alg=HashAlgorithm(one["alg"]), content=one["content"])
                    for one in each.get("hashes", ())
                ],
            )


def _bundled(libraries: Path) -> Iterator[Component]:
    """Yield the libraries of machine code that a wheel brings along, each by its bytes."""
    for path in sorted(libraries.glob("*.so*")):
        named = _BUNDLED.match(path.name)
        name, body = named[1] if named else path.name, path.read_bytes()
        told = re.search(_TOLD[name], body) if name in _TOLD else None
        version = told[1].decode() if told else None
        yield Component(
            name=name,
            version=version,
            purl=PackageURL("generic", name=name, version=version),
            bom_ref=path.name,
            hashes=[_sha256(hashlib.sha256(body).hexdigest())],
            properties=[Property(name="feedmirror:file", value=f"{libraries.name}/{path.name}")],
        )


def _sha256(digest: str) -> HashType:
    return HashType(alg=HashAlgorithm.SHA_256, content=digest)


def _needed(requirement: str) -> str:
    """Return the distribution that a requirement names; one of an extra is nobody's here."""
    return "" if "extra ==" in requirement else normal(re.split(r"[^\w.-]", requirement)[0])
