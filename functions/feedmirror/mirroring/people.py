"""People as feeds write them: ``a@x.org (Ann)``, ``Ann <a@x.org>``, several, or just a name.

RSS 2.0 asks for a mail address in ``author`` and ``managingEditor``; what stands there follows
RFC 822's comments, RFC 5322's phrases, or neither.
"""

import re
from collections.abc import Iterable
from dataclasses import replace

from feedmirror.characters import one_line
from feedmirror.mirroring.texts import html_to_plain, looks_like_markup
from feedmirror.records import Person
from feedmirror.suppression import fold

# Bounded and anchored at a token's start, so linear in any text (feedparser's own is quadratic).
_APART = r"\s@<>()\[\],;:\""
_ADDRESS = re.compile(
    rf"(?<![^{_APART}])(?:mailto:)?"
    rf"([^{_APART}]{{1,64}}+@[A-Za-z0-9-]{{1,63}}(?:\.[A-Za-z0-9-]{{1,63}})+)",
    re.IGNORECASE,
)
_PIECE = re.compile(r"(?:\([^()]*\)|\"[^\"]*\"|<[^<>]*>|[^,;(\"<]|[(\"<])+")
_AND = re.compile(r"([)>])\s+(?:and|&)\s+")
_WRAPPED = re.compile(r"\(([^()]*)\)")
_SEPARATING = " ,;:-"
_WRAPPING = " \t,;:-\"'()<>[]"


def people(text: str) -> tuple[Person, ...]:
    """Return who is named in a feed's author text, in order; an address never stays in a name."""
    line = one_line(text)
    if not _ADDRESS.search(line):
        name = html_to_plain(line) if looks_like_markup(line) else line
        return (Person(name=name),) if name else ()
    named: list[Person] = []
    waiting: list[str] = []
    for piece in (match.group().strip() for match in _PIECE.finditer(_AND.sub(r"\1, ", line))):
        found = _ADDRESS.search(piece)
        if found is None:
            waiting.append(piece)
            continue
        whole = piece
        if piece[: found.start()].strip(_WRAPPING):  # "Doe, Jane <jane@x.org>"
            whole = ", ".join((*waiting, piece))
        elif waiting:
            named.append(Person(name=_name(", ".join(waiting))))
        waiting = []
        named.append(Person(name=_name(_ADDRESS.sub(" ", whole)), address=found.group(1)))
    if waiting:
        named.append(Person(name=_name(", ".join(waiting))))
    return merge(named)


def address_in(text: str) -> str | None:
    """Return the first mail address of a text, or None."""
    found = _ADDRESS.search(one_line(text))
    return found.group(1) if found else None


def merge(named: Iterable[Person]) -> tuple[Person, ...]:
    """Return people without repetition: one name is one person, and so is one bare address."""
    merged: dict[str, Person] = {}
    for person in named:
        key = fold(person.name) or fold(person.address or "") or (person.url or "")
        if not key:
            continue
        known = merged.get(key)
        if known and known.address and person.address and known.address != person.address:
            key, known = f"{key}\0{person.address}", None  # a namesake, or a second address
        merged[key] = person if known is None else _both(known, person)
    addresses = {fold(person.address or "") for person in merged.values() if person.name}
    return tuple(
        person
        for person in merged.values()
        if person.name or not person.address or fold(person.address) not in addresses
    )


def _both(known: Person, other: Person) -> Person:
    return replace(known, url=known.url or other.url, address=known.address or other.address)


def _name(text: str) -> str:
    """Return a name without what set it apart from an address; all inside of brackets is name."""
    bare = one_line(text.replace("()", "").replace("<>", "")).strip(_SEPARATING)
    wrapped = _WRAPPED.fullmatch(bare)
    return wrapped.group(1).strip() if wrapped else bare.strip(_WRAPPING).strip()
