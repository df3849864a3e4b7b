"""Which addresses a formal notice introduces as the original work, and which as its copy.

Notices are laid out by sections, or by the questions of a form: what is said before an address, in
its sentence or in the words above a list, tells which of the two it is.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from feedmirror.takedowns.notices.phrases import Table
from feedmirror.takedowns.notices.sentences import LINK, Sentence, sentences

_HELD_FOR = 3  # sentences without an address, through which an introduction holds
_NEAR = 4  # words: how far behind an address it may be said what it is: "<link> (original)"


class Role(StrEnum):
    """What an address is to a notice."""

    ORIGINAL = "original"
    COPY = "copy"
    ASKED = "asked"  # to be taken down, whichever it is


_LISTS = {
    Role.COPY: ("roles.copy",),
    Role.ORIGINAL: ("roles.original",),
    Role.ASKED: ("words.take", "words.takes"),
}


@dataclass(frozen=True, slots=True)
class _Said:
    start: int
    end: int
    role: Role


def introduced(
    text: str, spoken: Sequence[Table], *, compared: Callable[[str], str]
) -> dict[str, frozenset[Role]]:
    """Return what each address of a text is introduced as, by its ``compared`` form."""
    found: dict[str, frozenset[Role]] = {}
    for address, role in _introductions(text, spoken):
        key = compared(address)
        found[key] = found.get(key, frozenset()) | {role}
    return found


def _introductions(text: str, spoken: Sequence[Table]) -> Iterator[tuple[str, Role]]:
    role: Role | None = None
    silent = 0
    for sentence in sentences(text)[0]:
        said = _said(sentence, spoken)
        links = [at for at, token in enumerate(sentence) if token.key == LINK]
        for at in links:
            if known := _role_at(at, said, links, above=role):
                yield sentence[at].text, known
        silent = 0 if said or links else silent + 1
        if said:
            role = said[-1].role
        elif silent > _HELD_FOR:
            role = None


def _role_at(
    at: int, said: Sequence[_Said], links: Sequence[int], *, above: Role | None
) -> Role | None:
    """Return what stands before an address, in its sentence or above it; else what follows it."""
    before = [one.role for one in said if one.start < at]
    if before:
        return before[-1]
    following = min((link for link in links if link > at), default=at + _NEAR + 1)
    until = min(following, at + _NEAR + 1)
    after = [one.role for one in said if at < one.start < until]
    return above or next(iter(after), None)


def _said(sentence: Sentence, spoken: Sequence[Table]) -> list[_Said]:
    """Return what a sentence says, in order; a copy of an original is a copy."""
    copies, originals, asked = (_found(role, sentence, spoken) for role in _LISTS)
    apart = [one for one in originals if not any(_within(one, copy) for copy in copies)]
    return sorted([*copies, *apart, *asked], key=lambda one: (one.start, one.end))


def _found(role: Role, sentence: Sentence, spoken: Sequence[Table]) -> list[_Said]:
    lists = ((table, name) for table in spoken for name in _LISTS[role])
    found = (said for table, name in lists for said in table.find(name, sentence))
    return [_Said(said.start, said.end, role) for said in found]


def _within(one: _Said, other: _Said) -> bool:
    return other.start <= one.start and one.end <= other.end
