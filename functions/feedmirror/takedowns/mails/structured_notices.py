"""Notices made by machines for machines: ACNS (XML) and X-ARF 4 (JSON).

ACNS is found in a part of its own or in the text between its markers, in any namespace, with the
bare ampersands that are seen in it. A document type or an entity is refused outright.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

from feedmirror.takedowns.mails.message import StructuredNotice

CAP = 262_144  # characters
_DEPTH = 50
_ADDRESSES = 1_000
_LONGEST = 4_096
_MARKED = re.compile(
    r"^[- ]{2,20}Start ACNS XML[^\n]{0,20}\n(.*?)(?:^[- ]{2,20}End ACNS XML[^\n]{0,20}$|\Z)",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)
_UNMARKED_START = re.compile(r"<(?:\w{1,20}:)?Infringement\b")
_UNMARKED_END = re.compile(r"</(?:\w{1,20}:)?Infringement\s{0,5}>")
_BARE_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});)")
_ENTITIES = re.compile(r"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)


class _TooDeepError(Exception):
    pass


@dataclass(slots=True)
class _Acns:
    path: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    addresses: dict[str, None] = field(default_factory=dict)
    complainant: str = ""

    def start(self, name: str, _attributes: Mapping[str, str]) -> None:
        if len(self.path) >= _DEPTH:
            raise _TooDeepError
        self.path.append(name.rpartition(":")[2].lower())
        self.text = []

    def characters(self, text: str) -> None:
        self.text.append(text)

    def end(self, _name: str) -> None:
        value = " ".join("".join(self.text).split())[:_LONGEST]
        if self.path[-2:] == ["item", "url"] and value and len(self.addresses) < _ADDRESSES:
            self.addresses[value] = None
        if self.path[-2:] == ["complainant", "entity"]:
            self.complainant = self.complainant or value
        self.path.pop()
        self.text = []


def cut_acns(text: str) -> tuple[StructuredNotice | None, str]:
    """Return the ACNS notice that stands in a text, and the text without it."""
    marked = _MARKED.search(text)
    if marked:
        return read_acns(marked[1]), text[: marked.start()] + text[marked.end() :]
    start = _UNMARKED_START.search(text)
    end = _UNMARKED_END.search(text, start.end()) if start else None
    if start is None or end is None:
        return None, text
    return read_acns(text[start.start() : end.end()]), text[: start.start()] + text[end.end() :]


def read_acns(document: str) -> StructuredNotice | None:
    """Return what an ACNS document says, or None if it is none."""
    start = _UNMARKED_START.search(document[:CAP])
    if start is None or len(document) > CAP or _ENTITIES.search(document):
        return None
    parser = expat.ParserCreate()
    found = _Acns()
    parser.StartElementHandler = found.start
    parser.EndElementHandler = found.end
    parser.CharacterDataHandler = found.characters
    try:
        # The declaration is left out: the text is decoded already, whatever it says.
        parser.Parse(_BARE_AMPERSAND.sub("&amp;", document[start.start() :].strip()), True)  # noqa: FBT003 -- expat takes it by place
    except (expat.ExpatError, _TooDeepError, ValueError):
        return None
    return StructuredNotice("acns", tuple(found.addresses), complainant=found.complainant)


def read_xarf(document: str) -> StructuredNotice | None:
    """Return what an X-ARF 4 report on copyright says, or None if it is none."""
    try:
        stated = json.loads(document) if len(document) <= CAP else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(stated, dict) or not _is_copyright(stated):
        return None
    reporter = stated.get("reporter")
    organisation = reporter.get("org") if isinstance(reporter, dict) else ""
    return StructuredNotice(
        "x-arf",
        addresses=_texts(stated, "infringing_url", "infringing_urls"),
        originals=_texts(stated, "original_url", "original_urls"),
        complainant=next(iter(_texts(stated, "rights_holder")), "") or _text(organisation),
    )


def _is_copyright(stated: Mapping[str, object]) -> bool:
    version = _text(stated.get("xarf_version"))
    subject = _text(stated.get("category")) or _text(stated.get("class"))
    return version.startswith("4") and subject == "copyright"


def _texts(stated: Mapping[str, object], *names: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for name in names:
        value = stated.get(name)
        for entry in value[:_ADDRESSES] if isinstance(value, list) else [value]:
            if _text(entry):
                found[_text(entry)] = None
    return tuple(found)


def _text(value: object) -> str:
    return value.strip()[:_LONGEST] if isinstance(value, str) else ""
