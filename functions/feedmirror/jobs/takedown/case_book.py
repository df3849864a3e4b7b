"""The cases of the ledger: opened once a mail, added to under a condition, never rewritten."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from feedmirror.layout import CASES, CLOSED, case_key, closed_key
from feedmirror.ports.object_store import Content, LostConditionError, ObjectStore
from feedmirror.ports.workers import Workers
from feedmirror.takedowns.casework.cases import (
    OPEN,
    Case,
    CaseUnreadableError,
    Entry,
    Event,
    case_from_json,
    case_to_json,
)

_JSON = "application/json"
_CLOSED, _REOPENED = b"{}", b""


@dataclass(frozen=True, slots=True)
class CaseBook:
    """Reads and extends cases; every method may raise StoreUnavailableError."""

    ledger: ObjectStore
    clock: Callable[[], datetime]

    def load(self, case: str) -> Case | None:
        """Return a case, or None if there is none; raises CaseUnreadableError."""
        found = self.ledger.get(case_key(case))
        return _read(case, found.content.body) if found else None

    def readable(self, ids: Iterable[str], workers: Workers) -> tuple[list[Case], dict[str, str]]:
        """Return those of some cases that can be read, and by id why the others cannot."""
        unreadable: dict[str, str] = {}

        def load(case: str) -> Case | None:
            try:
                return self.load(case)
            except CaseUnreadableError as error:
                unreadable[case] = str(error)
                return None

        return [case for case in workers.map(load, ids) if case is not None], unreadable

    def open(self, case: str, **details: Any) -> Case:  # noqa: ANN401 -- JSON
        """Return a case, opening it if there is none yet; raises CaseUnreadableError."""
        fresh = Case(case, (Entry(Event.RECEIVED, self.clock(), details),))
        try:
            self.ledger.put(case_key(case), _content(fresh), replaces=None)
        except LostConditionError:
            known = self.load(case)
            return known if known is not None else self.open(case, **details)
        return fresh

    def begin(self, case: Case) -> Case:
        """Keep a new case with all its events at once; raises LostConditionError if it is known."""
        self.ledger.put(case_key(case.id), _content(case), replaces=None)
        return case

    def add(
        self,
        case: Case,
        event: Event,
        unless: Callable[[Case], bool] = lambda _: False,
        **details: Any,  # noqa: ANN401 -- JSON
    ) -> Case:
        """Add an event and return the case as it then is, with whatever others added meanwhile.

        ``unless`` is asked of the case as it stands when the event would be added; where it holds,
        somebody else has done it, and nothing is.
        """
        while True:
            found = self.ledger.get(case_key(case.id))
            if found is None:
                raise CaseUnreadableError(f"case {case.id} is not there any more")
            present = _read(case.id, found.content.body)
            if unless(present):
                return present
            extended = present.with_event(event, self.clock(), **details)
            try:
                self.ledger.put(case_key(case.id), _content(extended), replaces=found.etag)
            except LostConditionError:
                continue
            return extended

    def ids(self) -> Iterator[str]:
        """Yield the id of every case."""
        for summary in self.ledger.list(CASES):
            yield summary.key.removeprefix(CASES).removesuffix(".json")

    def unfinished(self) -> Iterator[str]:
        """Yield the ids of the cases that are not closed, in two lists and no read."""
        listed = self.ledger.list(CLOSED)
        closed = frozenset(s.key.removeprefix(CLOSED) for s in listed if s.size)
        return (case for case in self.ids() if case not in closed)

    def close(self, case: Case) -> None:
        """Mark a case as closed if it is, so that nobody reads it again to see whether it is."""
        if case.state not in OPEN:
            self._mark(case.id, _CLOSED)

    def reopen(self, case: Case) -> None:
        """Take the mark off a case that goes on after all: an empty one closes nothing."""
        if self.ledger.head(closed_key(case.id)) is not None:
            self._mark(case.id, _REOPENED)

    def _mark(self, case: str, mark: bytes) -> None:
        key = closed_key(case)
        replaces: str | None = None
        while True:
            try:
                self.ledger.put(key, Content(mark, _JSON), replaces=replaces)
            except LostConditionError:
                known = self.ledger.head(key)
                if known is not None and bool(known.size) == bool(mark):
                    return
                replaces = known.etag if known else None
                continue
            return


def _read(case: str, body: bytes) -> Case:
    try:
        return case_from_json(body)
    except CaseUnreadableError as error:
        raise CaseUnreadableError(f"{case_key(case)}: {error}") from error


def _content(case: Case) -> Content:
    return Content(case_to_json(case), _JSON)
