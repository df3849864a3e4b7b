"""What a text says: each phrase of the tables that it has, and whether it is asked or refused.

A *verdict* is what stands nearest before a phrase in its sentence: a request ("take down …"), or
something that is no request of it ("you need not …", "how can one …"), or what is to be kept
("except …", "… may stay").
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from feedmirror.takedowns.notices.phrases import Said, Table, tables
from feedmirror.takedowns.notices.sentences import LINK, Sentence, sentences

_DENIABLE = frozenset(
    {"kind.withdraws", "kind.thanks", "kind.corrects", "kind.agrees", "future.refused"}
)
_EXCEPTING = frozenset({"kind.excepts", "kind.spares", "scope.all_but"})
_NEAR = 3  # words: how far a "not" reaches what follows it
# What is no request: some hold to the end of their clause, some for all of it.
_ONWARDS = frozenset({"kind.denies", "kind.how", "kind.keeps", "kind.withdraws", "kind.contests"})
_ONWARDS |= {"kind.excepts", "kind.spares"}
_WHOLE = frozenset({"kind.subscriptions"})
_SPARING = ("kind.excepts", "kind.spares", "kind.keeps")  # what is to be kept
_NOT_ASKED = ("kind.elsewhere", *sorted(_ONWARDS | _WHOLE))


class Verdict(StrEnum):
    """Whether what is said is asked for."""

    ASKED = "asked"
    REFUSED = "refused"
    SPARED = "spared"  # refused, since it is to be kept
    OPEN = "open"  # the sentence asks for nothing


@dataclass(frozen=True, slots=True)
class Remark:
    """A phrase that a text says: the list it is on, and what stands in its slots."""

    name: str
    verdict: Verdict
    slots: tuple[tuple[str, str], ...] = ()

    def slot(self, name: str) -> str:
        """Return the words of a slot as written, or nothing."""
        return dict(self.slots).get(name, "")


@dataclass(frozen=True, slots=True)
class Mention:
    """An address as a text writes it; ``credit`` tells that it stands in our own words."""

    text: str
    verdict: Verdict
    credit: bool = False


@dataclass(frozen=True, slots=True)
class Hearing:
    """All that a text says; ``complete`` is false where it is too long to be read whole."""

    remarks: tuple[Remark, ...] = ()
    mentions: tuple[Mention, ...] = ()
    words: int = 0
    known: int = 0  # words that are frequent in a language of the tables
    complete: bool = True

    def says(self, *names: str) -> bool:
        """Whether anything of these lists is said, asked for or not."""
        return any(remark.name in names for remark in self.remarks)

    def of(self, name: str, *, asked: bool = False) -> tuple[Remark, ...]:
        """Return what of a list is said and not refused; with ``asked``, in a request only."""
        fit = {Verdict.ASKED} if asked else {Verdict.ASKED, Verdict.OPEN}
        return tuple(r for r in self.remarks if r.name == name and r.verdict in fit)


def hear(text: str, spoken: Sequence[Table]) -> Hearing:
    """Hear a text in the languages that it may be in."""
    found, complete = sentences(text)
    remarks: list[Remark] = []
    mentions: list[Mention] = []
    for sentence in found:
        heard = [_Sentence(sentence, table) for table in spoken]
        credit = any(one.is_credit for one in heard)
        for one in heard:
            remarks += one.remarks()
        mentions += _mentions(sentence, heard, credit=credit)
    words = sum(not token.is_break for sentence in found for token in sentence)
    keys = [token.key for sentence in found for token in sentence]
    known = max((sum(key in table.common for key in keys) for table in spoken), default=0)
    return Hearing(tuple(dict.fromkeys(remarks)), tuple(mentions), words, known, complete)


def spoken_in(text: str, *, stated: str = "") -> tuple[Table, ...]:
    """Return the tables of the languages that a text may be in, the likeliest first.

    ``stated`` is a language tag that decides where the words do not. Other languages come after
    it if they are nearly as likely, and all of them where a text is too short to tell.
    """
    keys = [token.key for sentence in sentences(text)[0] for token in sentence]
    counted = [(sum(_weight(key) for key in keys if key in t.common), t) for t in tables()]
    tag = stated.partition("-")[0].casefold()
    ranked = sorted(counted, key=lambda pair: (-pair[0], pair[1].language != tag))
    most = ranked[0][0]
    return tuple(table for count, table in ranked if count * 4 >= most)


@cache
def _weight(key: str) -> float:
    """Return how much a frequent word tells: less if several languages have it."""
    return 1 / sum(key in table.common for table in tables())


def _mentions(
    sentence: Sentence, heard: Sequence["_Sentence"], *, credit: bool
) -> Iterator[Mention]:
    for at, token in enumerate(sentence):
        if token.key == LINK:
            verdicts = {one.verdict(at) for one in heard}
            yield Mention(token.text, _strictest(verdicts), credit)


def _strictest(verdicts: set[Verdict]) -> Verdict:
    strictest_first = (Verdict.SPARED, Verdict.REFUSED, Verdict.ASKED)
    return next((one for one in strictest_first if one in verdicts), Verdict.OPEN)


class _Sentence:
    """One sentence heard in one language."""

    def __init__(self, sentence: Sentence, table: Table) -> None:
        self.sentence = sentence
        self.table = table
        self._partings = [
            at for at, token in enumerate(sentence) if token.is_break or token.key in table.joins
        ]
        self.is_credit = self._says("own.credit")
        self.requests = self._find("kind.asks")
        insisted = self._find("kind.insists")
        self.refused = self._reached(_NOT_ASKED, insisted)
        rest = self._find("words.rest")  # that the rest may stay excepts nothing
        spared = self._reached(_SPARING, insisted)
        self.spared = [said for said in spared if not _meets_any(said, rest)]
        asks = [said for said in self.requests if not _meets_any(said, self.refused)]
        self.asks = [*asks, *insisted]
        self._spans = [(said.start, Verdict.ASKED) for said in self.asks]
        self._spans += [(said.start, Verdict.REFUSED) for said in self.refused]
        self._spans += [(said.start, Verdict.SPARED) for said in self.spared]

    def remarks(self) -> Iterator[Remark]:
        """Yield what the sentence says; our own credit, pasted, says nothing."""
        if self.is_credit:
            yield Remark("own.credit", Verdict.OPEN)
            return
        if self.asks:
            yield Remark("kind.asks", Verdict.ASKED)
        for name in self.table.lists:
            if not name.startswith("words.") and name != "kind.asks":
                for said in self._spoken(name):
                    yield Remark(name, self.verdict(said.start), said.slots)

    def verdict(self, at: int) -> Verdict:
        """Return the verdict on a word: of the nearest before it, in its clause if there is one."""
        if any(said.start <= at < said.end for said in self.spared):
            return Verdict.SPARED
        if any(said.start <= at < said.end for said in self.refused):
            return Verdict.REFUSED
        begin, end = self._clause(at)
        inside = [span for span in self._spans if begin <= span[0] < end]
        near = inside or self._spans
        before = [span for span in near if span[0] <= at]
        if before:
            return max(before)[1]
        return min(near)[1] if near else Verdict.OPEN

    def _is_denied(self, at: int) -> bool:
        begin = max(self._clause(at)[0], at - _NEAR)
        return any(token.key in self.table.negations for token in self.sentence[begin:at])

    def _spoken(self, name: str) -> list[Said]:
        """Return what is said of a list, and not denied by the words before it."""
        found = self._find(name)
        if name in _EXCEPTING:  # "without exception"
            idle = self._find("kind.excepts_nothing")
            found = [s for s in found if not (_meets_any(s, idle) or self._negates_next(s))]
        if name not in _DENIABLE:
            return found
        return [said for said in found if not self._is_denied(said.start)]

    def _negates_next(self, said: Said) -> bool:
        """Whether a phrase ends on a "not" after a break, which is of what follows: "A, not B"."""
        before, last = self.sentence[max(said.end - 2, 0)], self.sentence[said.end - 1]
        return before.is_break and last.key in self.table.negations

    def _reached(self, names: Iterable[str], insisted: Sequence[Said]) -> list[Said]:
        """Return what of some lists is said, as far as it reaches, unless it insists."""
        reached = [self._reach(name, said) for name in names for said in self._spoken(name)]
        return [said for said in reached if not _within_any(said, insisted)]

    def _find(self, name: str) -> list[Said]:
        return list(self.table.find(name, self.sentence))

    def _says(self, name: str) -> bool:
        return next(self.table.find(name, self.sentence), None) is not None

    def _reach(self, name: str, said: Said) -> Said:
        """Let what is not asked hold to its clause's end; what may stay, from its beginning."""
        if name in _WHOLE:
            return Said(*self._clause(said.start))
        if name not in _ONWARDS:
            return said
        begin, _ = self._clause(said.start) if name == "kind.keeps" else (said.start, 0)
        _, end = self._clause(max(said.end - 1, said.start))
        begin = max([begin, *(ask.end for ask in self.requests if ask.end <= said.start)])
        return Said(begin, end)

    def _clause(self, at: int) -> tuple[int, int]:
        behind = bisect_right(self._partings, at)
        begin = self._partings[behind - 1] if behind else 0
        end = self._partings[behind] if behind < len(self._partings) else len(self.sentence)
        return begin, end


def _within_any(said: Said, others: Iterable[Said]) -> bool:
    return any(other.start <= said.start and said.start < other.end for other in others)


def _meets_any(said: Said, others: Iterable[Said]) -> bool:
    return any(other.start < said.end and said.start < other.end for other in others)
