"""What an audit looked at, and what it found."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

_MOST = 1000  # findings that are told one by one; the others are counted


class Kind(StrEnum):
    """What can be wrong (promises P1 and P3)."""

    COVERED_RECORD = "a covered record can be read"
    COVERED_PAGE = "a covered page can be read"
    COVERED_ENTRY = "a listing shows what is covered or gone"
    COVERED_HOST = "the front names a covered host"
    COVERED_FEED = "the page about a host names a covered feed"
    PAGE_WITHOUT_RECORD = "a page has no record"
    STAYS_HIDDEN = "nothing covers it, and it stays hidden"
    OLD_COPY = "a recovery copy is past its date"
    PRIVATE_COPY = "a recovery copy may not be kept"
    CASE_WITHOUT_OUTCOME = "a case has no outcome"
    MAIL_WITHOUT_CASE = "a mail has no case"
    DELETED = "an entry of the ledger was deleted"
    CHANGED = "a rule was changed since it was written"
    OLD_VERSIONS = "a bucket keeps what is overwritten"
    UNREADABLE = "it cannot be read, so it cannot be judged"


class Note(StrEnum):
    """What is no fault, and worth knowing: it is on its way, or nobody is wronged."""

    IN_HAND = "covered by a case that is being carried out"
    RETIRING = "no longer kept, and still shown somewhere: the mirror's next look ends it"
    NO_COPY = "tombstones that nothing covers; the mirror's next polls may bring the items back"
    NO_PAGE = "records without a page"
    UNASKED = "pages about hosts that name a feed no longer configured; the next run ends it"
    NEW_MAIL = "mails that no event has come for yet"
    NO_CASE = "recovery copies of no case"
    STANDS_AGAIN = "entries of the ledger that were deleted once and stand again"
    NO_VERSIONS = "ledger that keeps no versions: what was deleted there leaves no trace"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: what, where (bucket and key), and the rest in words."""

    kind: Kind
    key: str
    words: str


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What was checked, by what it is; what was found; how much more was found than is told."""

    checked: Mapping[str, int]
    findings: tuple[Finding, ...]
    more: int = 0
    notes: Mapping[Note, int] = field(default_factory=dict)

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "checked": dict(self.checked),
            "findings": [asdict(finding) for finding in self.findings],
            "more": self.more,
            "notes": dict(self.notes),
        }


@dataclass(slots=True)
class Tally:
    """An audit's report in the making."""

    progress: Callable[[int], object]
    checked: Counter[str] = field(default_factory=Counter)
    findings: dict[Finding, None] = field(default_factory=dict)
    more: int = 0
    notes: Counter[Note] = field(default_factory=Counter)

    def look(self, what: str, count: int) -> None:
        """Note that so many of something were checked."""
        self.checked[what] += count
        self.progress(count)

    def find(self, finding: Finding) -> None:
        """Add a finding, once."""
        if finding in self.findings:
            return
        if len(self.findings) < _MOST:
            self.findings[finding] = None
        else:
            self.more += 1

    def note(self, note: Note) -> None:
        """Count something that is no fault."""
        self.notes[note] += 1

    def report(self) -> AuditReport:
        """Return what has been found so far."""
        return AuditReport(dict(self.checked), tuple(self.findings), self.more, dict(self.notes))
