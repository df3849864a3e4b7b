"""The rules in force, as an audit asks for them: batch by batch, whether or not all can be read."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from feedmirror.addresses import parents
from feedmirror.jobs.auditing.audit_report import Finding, Kind, Note, Tally
from feedmirror.jobs.rules import RuleReader, Rules
from feedmirror.jobs.takedown.case_book import CaseBook
from feedmirror.layout import lift_key, suppression_key
from feedmirror.records import Item
from feedmirror.stored import read_json
from feedmirror.suppression import Suppression, find_suppression
from feedmirror.takedowns.casework.cases import Case, CaseUnreadableError, State

OVERDUE = timedelta(days=1)  # what every hour takes up should have been done by then
_MOST_KEPT = 5000  # hosts, rules and cases that are remembered
_UNTOLD = {State.MASKED, State.ASKED, State.WAITING}

Still = Callable[[], bool]


@dataclass(slots=True, kw_only=True)
class Standing:
    """Tells what is covered, and whether somebody is at work on it."""

    rules: RuleReader
    cases: CaseBook
    clock: Callable[[], datetime]
    _read: set[str] = field(default_factory=set)  # hosts
    _by_host: dict[str, tuple[Suppression, ...]] = field(default_factory=dict)
    _stands: dict[str, bool] = field(default_factory=dict)

    def of(self, hosts: Iterable[str], tally: Tally) -> Rules:
        """Return the rules that concern some hosts; what cannot be read is a finding.

        A host's are read once and remembered: what seems to break a rule is looked at again with
        the rule itself.
        """
        if len(self._read) > _MOST_KEPT or len(self.rules.known) > _MOST_KEPT:
            self._read.clear()
            self._by_host.clear()
            self.rules.known.clear()
        missing = {parent for host in hosts for parent in parents(host)} - self._read
        found = self.rules.read(missing) if missing else Rules()
        for host, why in found.unreadable.items():
            words = f"nothing of {host} can be judged"
            tally.find(Finding(Kind.UNREADABLE, why.partition(":")[0], words))
        self._read |= missing
        self._by_host |= found.by_host
        return Rules(self._by_host)

    def covering(
        self, items: Collection[tuple[str, Item]], tally: Tally
    ) -> list[Suppression | None]:
        """Return the rule that covers each item, given with the host that it lies under."""
        hosts = [frozenset({under, item.host, item.link_host}) for under, item in items]
        rules = self.of(frozenset().union(*hosts), tally)
        return [
            find_suppression(item.subject, rules.concerning(known))
            for (_, item), known in zip(items, hosts, strict=True)
        ]

    def stands(self, key: str) -> bool:
        """Tell whether one rule is in force, by its key; asked once of each."""
        if len(self._stands) > _MOST_KEPT:
            self._stands.clear()
        if key not in self._stands:
            self._stands[key] = self.rules.stands(key)
        return self._stands[key]

    def case(self, case: str) -> Case | None:
        """Return a case, or None if there is none that can be read."""
        try:
            return self.cases.load(case)
        except CaseUnreadableError:
            return None

    def is_in_hand(self, case: str) -> bool:
        """Tell whether a case is being carried out, or will be within the hour."""
        known = self.case(case)
        if known is None or known.state is not State.RECEIVED:
            return False
        return self.clock() - known.entries[-1].at < OVERDUE

    def is_being_undone(self, rule: str) -> bool:
        """Tell whether the case that lifted a rule has not yet put everything back.

        A mask's case says that it lapsed once everything is back; if late, that is a finding.
        """
        lift = self.rules.ledger.get(lift_key(rule))
        try:
            by = str(read_json(lift.content.body)["by"]) if lift else ""
        except (ValueError, KeyError, TypeError):
            return False
        known = self.case(by) if by else None
        return known is not None and (known.state in _UNTOLD or self.is_in_hand(by))

    def report(self, tally: Tally, finding: Finding, *, rule: Suppression, still: Still) -> None:
        """Report what a rule covers, unless its case is just taking it down.

        It is looked at once more behind the case, and the rule behind that: what was read before
        may have been taken down, or put back, since.
        """
        if self.is_in_hand(rule.case):
            tally.note(Note.IN_HAND)
        elif still() and self.rules.stands(suppression_key(rule.host, rule.id)):
            tally.find(finding)
