"""The words of each language, from its table, and where a sentence says them.

A table is ``languages/<language>.toml``; its form is told in ``languages/README.md``. Nothing here
knows any language. Matching is bounded: a gap has a most, a slot has a most, and none nests.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from itertools import product

from feedmirror.takedowns.notices.sentences import LINK, MAILBOX, Sentence, plain_word

_GAP, _LONG_GAP, _SLOT = 3, 20, 5  # words
_ELEMENT = re.compile(r"\{\w+\}|<\w+>|\^|\.\.\.|\*|[^\W_]+\*?")
_UMLAUTS = {"ä": "ae", "ö": "oe", "ü": "ue"}
_HEAD = 3  # letters that the index of phrases knows


@dataclass(frozen=True, slots=True)
class Said:
    """A phrase that a sentence says: from which word to which, and what stands in its slots."""

    start: int
    end: int
    slots: tuple[tuple[str, str], ...] = ()

    def slot(self, name: str) -> str:
        """Return the words of a slot as written, or nothing."""
        return dict(self.slots).get(name, "")


@dataclass(frozen=True, slots=True)
class _Word:
    spellings: tuple[str, ...]
    stem: bool = False

    def fits(self, key: str) -> bool:
        return key.startswith(self.spellings) if self.stem else key in self.spellings


@dataclass(frozen=True, slots=True)
class _Listed:
    name: str


@dataclass(frozen=True, slots=True)
class _Gap:
    most: int


@dataclass(frozen=True, slots=True)
class _Slot:
    name: str


@dataclass(frozen=True, slots=True)
class _Start:
    pass


_SIGNS: Mapping[str, _Gap | _Start] = {"*": _Gap(_GAP), "...": _Gap(_LONG_GAP), "^": _Start()}
_Element = _Word | _Listed | _Gap | _Slot | _Start
_Phrase = tuple[_Element, ...]
_End = tuple[int, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class Table:
    """One language: its lists of phrases by name, such as ``kind.asks``.

    ``common`` are the words by which the language is known, ``joins`` those at which a clause
    begins, ``openers`` those that a request begins with, ``negations`` those that deny what
    closely follows.
    """

    language: str
    common: frozenset[str]
    joins: frozenset[str]
    openers: frozenset[str]
    negations: frozenset[str]
    lists: Mapping[str, tuple[_Phrase, ...]]
    _heads: dict[str, Mapping[str, tuple[_Phrase, ...]]] = field(default_factory=dict)

    def find(self, name: str, sentence: Sentence) -> Iterator[Said]:
        """Yield every place where a sentence says a phrase of a list."""
        reader, beginning = _Reader(self, sentence), self._beginning(name)
        for start, token in enumerate(sentence):
            for phrase in beginning.get(token.key[:_HEAD], ()):
                for end, slots in reader.ends(phrase, start):
                    yield Said(start, end, slots)

    def _beginning(self, name: str) -> Mapping[str, tuple[_Phrase, ...]]:
        """Return the phrases of a list by the first letters of the words that they begin with."""
        if name not in self._heads:
            index: dict[str, list[_Phrase]] = {}
            for phrase in self.lists.get(name, ()):
                for head in sorted(self._heads_of(phrase)):
                    index.setdefault(head, []).append(phrase)
            self._heads[name] = {head: tuple(phrases) for head, phrases in index.items()}
        return self._heads[name]

    def _heads_of(self, phrase: _Phrase) -> set[str]:
        first = next(element for element in phrase if not isinstance(element, _Start))
        if isinstance(first, _Word):
            return {spelling[:_HEAD] for spelling in first.spellings}
        if isinstance(first, _Listed):
            inner = self.lists[f"words.{first.name}"]
            return {head for phrase in inner for head in self._heads_of(phrase)}
        if isinstance(first, _Slot) and first.name in _ADDRESSES:
            return {_ADDRESSES[first.name][:_HEAD]}
        raise ValueError("a phrase begins with a word, a list of words or an address")


_ADDRESSES = {"link": LINK, "mailbox": MAILBOX}


@dataclass(slots=True)
class _Reader:
    """Reads one sentence; what a list of words matches is remembered."""

    table: Table
    sentence: Sentence
    known: dict[tuple[str, int], tuple[int, ...]] = field(default_factory=dict)

    def ends(self, phrase: Sequence[_Element], at: int, *, skips: bool = True) -> Iterator[_End]:
        """Yield where a phrase that begins at a word ends, and what stands in its slots."""
        if not phrase:
            yield at, ()
            return
        first, rest = phrase[0], phrase[1:]
        for end, slot, skipping in self._step(first, at, skips=skips):
            for last, slots in self.ends(rest, end, skips=skipping):
                yield last, (*slot, *slots)

    def _step(
        self, element: _Element, at: int, *, skips: bool
    ) -> Iterator[tuple[int, tuple[tuple[str, str], ...], bool]]:
        """Yield where one element ends; a break may stand between two words, not after a gap."""
        if isinstance(element, _Start):
            if self._begins_clause(at):
                yield at, (), skips
        elif isinstance(element, _Gap):
            yield from ((end, (), end == at) for end in self._gap(at, element.most))
        elif isinstance(element, _Slot):
            begin = self._past_break(at) if skips else at
            for end in self._slot(element, begin):
                words = " ".join(token.text for token in self.sentence[begin:end])
                yield end, ((element.name, words),), True
        else:
            begin = self._past_break(at) if skips else at
            yield from ((end, (), True) for end in self._word(element, begin))

    def _word(self, element: _Word | _Listed, at: int) -> Sequence[int]:
        if at >= len(self.sentence):
            return ()
        if isinstance(element, _Word):
            return (at + 1,) if element.fits(self.sentence[at].key) else ()
        place = (element.name, at)
        if place not in self.known:
            phrases = self.table._beginning(f"words.{element.name}")  # noqa: SLF001 -- its reader
            beginning = phrases.get(self.sentence[at].key[:_HEAD], ())
            ends = {end for phrase in beginning for end, _ in self.ends(phrase, at)}
            self.known[place] = tuple(sorted(ends))
        return self.known[place]

    def _gap(self, at: int, most: int) -> Iterator[int]:
        yield at
        for end in range(at + 1, min(at + most, len(self.sentence)) + 1):
            token = self.sentence[end - 1]
            if token.is_break or self._opens(token.key):
                return
            yield end

    def _slot(self, element: _Slot, at: int) -> Iterator[int]:
        if element.name in _ADDRESSES:
            if at < len(self.sentence) and self.sentence[at].key == _ADDRESSES[element.name]:
                yield at + 1
            return
        for end in range(at + 1, min(at + _SLOT, len(self.sentence)) + 1):
            token = self.sentence[end - 1]
            if token.is_break or (element.name == "name" and token.key in _ADDRESSES.values()):
                return
            yield end

    def _past_break(self, at: int) -> int:
        return at + 1 if at < len(self.sentence) and self.sentence[at].is_break else at

    def _begins_clause(self, at: int) -> bool:
        before = self.sentence[at - 1] if at else None
        return before is None or before.is_break or self._opens(before.key)

    def _opens(self, key: str) -> bool:
        return key in self.table.joins or key in self.table.openers


@cache
def tables() -> tuple[Table, ...]:
    """Return the tables of all languages, English first: where nothing tells, it is the reply's."""
    folder = files("feedmirror.takedowns.notices") / "languages"
    found = [
        read_table(entry.name.removesuffix(".toml"), entry.read_text("utf-8"))
        for entry in folder.iterdir()
        if entry.name.endswith(".toml")
    ]
    return tuple(sorted(found, key=lambda table: (table.language != "en", table.language)))


def read_table(language: str, text: str) -> Table:
    """Read one language's table; raises ValueError where it is malformed or names no such list."""
    fields = tomllib.loads(text)
    lists = {
        f"{section}.{name}": tuple(_phrase(phrase) for phrase in phrases)
        for section, named in fields.items()
        if isinstance(named, dict)
        for name, phrases in named.items()
    }
    table = Table(
        language=language,
        common=_plain(fields["common"]),
        joins=_plain(fields["joins"]),
        openers=_plain(fields["openers"]),
        negations=_plain(fields["negations"]),
        lists=lists,
    )
    _check(table)
    return table


def _check(table: Table) -> None:
    for name, phrases in table.lists.items():
        for phrase in phrases:
            for element in phrase:
                if isinstance(element, _Listed) and f"words.{element.name}" not in table.lists:
                    raise ValueError(f"{table.language}: {name} names no list: {element.name}")


def _plain(words: Sequence[str]) -> frozenset[str]:
    return frozenset(spelling for word in words for spelling in _spellings(word))


def _phrase(text: str) -> _Phrase:
    return tuple(_element(match.group()) for match in _ELEMENT.finditer(text))


def _element(text: str) -> _Element:
    if text in _SIGNS:
        return _SIGNS[text]
    if text.startswith("{"):
        return _Listed(text.strip("{}"))
    if text.startswith("<"):
        return _Slot(text.strip("<>"))
    return _Word(_spellings(text.removesuffix("*")), stem=text.endswith("*"))


def _spellings(word: str) -> tuple[str, ...]:
    """Return a word without accents; umlauts are also written with an e."""
    ways = product(*({char, _UMLAUTS.get(char, char)} for char in word.casefold()))
    return tuple(sorted({plain_word("".join(way)) for way in ways}))
