"""What must hold at every step, judged by words, cases and keys: never by the code under test.

All that is asked of it is how a case of the ledger reads. Whoever breaks a promise is stopped on
the spot, so that the trace ends there.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from feedmirror.takedowns.casework.cases import Case, State, case_from_json
from simulator.buckets import Held
from simulator.cloud import ARCHIVE, LEDGER, SITE
from simulator.letters import FORGED, Letter
from simulator.publishers import NEWS, WORD, Story

ACKNOWLEDGED = {State.REMOVED, State.MASKED}
ENDED = {State.RESTORED, State.LAPSED, State.REFUSED, State.RECORDED}
Place = tuple[str, str]


class BrokenPromiseError(BaseException):
    """What must never be; no handler of ours may catch it."""


@dataclass(eq=False)
class Oracle:
    """Watches every write that lands and every mail that leaves."""

    stories: list[Story]
    letters: list[Letter] = field(default_factory=list)
    readable: dict[Place, frozenset[str]] = field(default_factory=dict)
    gone: dict[str, dict[str, frozenset[str]]] = field(default_factory=dict)
    written: int = 0

    def landed(self, bucket: str, key: str, known: Held | None, held: Held) -> None:
        """Judge one write."""
        self.written += 1
        if bucket in {ARCHIVE, SITE}:
            words = words_of(held)
            self.readable[bucket, key] = words
            self._check(words, (bucket, key))
        elif bucket == LEDGER:
            _check_growth(key, known, held)
            if key.startswith("cases/"):
                self._acknowledge(held)

    def left(self, recipient: str) -> None:
        """Judge one mail that leaves."""
        if recipient == FORGED:
            raise BrokenPromiseError(f"P2: a mail leaves to {recipient}, in whose name one came")

    def reckon(self) -> None:
        """Reckon again what must be gone: after a story, or what is asked for, has changed."""
        self.gone = {}  # by word and case, at which hosts; none are all
        for letter in self.letters:
            if letter.acknowledged and not letter.undoing:
                for word in sorted(letter.words(self.stories)):
                    self.gone.setdefault(word, {})[letter.case] = letter.hosts

    def _acknowledge(self, held: Held) -> None:
        case = case_from_json(held.body)
        letter = next((each for each in self.letters if each.case == case.id), None)
        if letter is None or not letter.asks or case.state not in ACKNOWLEDGED:
            return
        if letter.is_forged and case.state is State.REMOVED and not letter.approved:
            raise BrokenPromiseError(f"P2: case {case.id} is removed for a forged mail")
        if letter.undoing or letter.is_removed:
            return
        letter.acknowledged, letter.is_removed = True, case.state is State.REMOVED
        letter.hosts = frozenset() if letter.is_removed else _masked_at(case, letter)
        self.reckon()
        for place, words in self.readable.items():
            self._check(words, place)

    def _check(self, words: frozenset[str], place: Place) -> None:
        for word in sorted(words & self.gone.keys()):
            for case, hosts in self.gone[word].items():
                if not hosts or _host_of(place) in hosts:
                    where = "/".join(place)
                    raise BrokenPromiseError(f"P1: {word} is readable at {where}, case {case}")

    def where(self, word: str) -> list[Place]:
        """Return where a word is readable."""
        return [place for place, words in self.readable.items() if word in words]


def _masked_at(case: Case, letter: Letter) -> frozenset[str]:
    """Return the hosts whose copies a mask hides; none are all.

    What nobody has proved hides the copies that were named, under the hosts that showed them; a
    rule under the original's own host hides every copy.
    """
    orders = (case.decision or {}).get("orders", ())
    hosts = {
        rule["host"] for order in orders if order["outcome"] == "mask" for rule in order["rules"]
    }
    own = letter.story.host if letter.story else NEWS
    return frozenset() if own in hosts else frozenset(hosts)


def _host_of(place: Place) -> str:
    """Return whose host's folder an object lies in; pages of the whole mirror have none."""
    parts = place[1].removeprefix("items/").split("/")
    return parts[0] if len(parts) > 1 else ""


def words_of(held: Held) -> frozenset[str]:
    """Return the words that an object's body or metadata hold."""
    texts = b"\n".join([held.body, *(text.encode() for text in held.metadata.values())])
    return frozenset(found.group().decode() for found in WORD.finditer(texts))


def readable_of(objects: Mapping[Place, Held]) -> dict[Place, frozenset[str]]:
    """Return what is readable where."""
    return {place: words_of(held) for place, held in objects.items()}


def _check_growth(key: str, known: Held | None, held: Held) -> None:
    """Raise unless the ledger only grows: rules and lifts are written once, cases get longer."""
    if known is None:
        return
    if key.startswith(("suppressions/", "lifts/")):
        raise BrokenPromiseError(f"the ledger's {key} is written again")
    if key.startswith("cases/"):
        before, after = (json.loads(each.body)["events"] for each in (known, held))
        if after[: len(before)] != before:
            raise BrokenPromiseError(f"events of the ledger's {key} are gone")
