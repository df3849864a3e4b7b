"""The ledger applied again, a part each hour: what a rule covers and is there all the same.

Nothing should ever be found: by the protocol what is suppressed cannot come back. What is found is
taken down, counted, and told to the operator, since something that nobody foresaw put it there.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from feedmirror.jobs.entomb import Cause, Concerned, Entomb
from feedmirror.jobs.sweep import Sweep
from feedmirror.layout import LIMITS, SUPPRESSIONS, item_page, lift_key, record_key
from feedmirror.ports.object_store import Content, LostConditionError, ObjectStore
from feedmirror.records import RecordUnreadableError, Tombstone, record_from_json
from feedmirror.suppression import RuleUnreadableError, rule_from_json

_WHERE = f"{LIMITS}reapplied"  # the last rule that was applied again
_RESERVE = timedelta(seconds=60)
_MOST_RULES = 200  # in one run
_GONE = {"410", "451"}


@dataclass(frozen=True, slots=True)
class Reapplied:
    """What one run looked at and had to repair."""

    rules: int = 0
    repaired: int = 0
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reapply:
    """Looks whether what the rules cover is gone."""

    ledger: ObjectStore
    archive: ObjectStore
    site: ObjectStore
    sweep: Sweep
    entomb: Entomb

    def run(self, *, time_left: Callable[[], timedelta]) -> Reapplied:
        """Apply the next rules of the ledger again, beginning anew behind the last."""
        found = self.ledger.get(_WHERE)
        last = found.content.body.decode() if found else ""
        rules = repaired = 0
        problems: list[str] = []
        position = ""
        for summary in self.ledger.list(SUPPRESSIONS, after=last):
            if rules >= _MOST_RULES or time_left() < _RESERVE:
                break
            position = summary.key
            rules += 1
            try:
                repaired += self._apply(summary.key)
            except RuleUnreadableError as error:
                problems.append(f"ledger {summary.key}: {error}")
        else:
            position = ""  # all were applied: the next run begins at the first
        with suppress(LostConditionError):  # another run has done its part
            content = Content(position.encode(), "text/plain")
            self.ledger.put(_WHERE, content, replaces=found.etag if found else None)
        return Reapplied(rules, repaired, tuple(problems))

    def _apply(self, key: str) -> int:
        if self.ledger.head(lift_key(key)) is not None:
            return 0
        found = self.ledger.get(key)
        if found is None:
            return 0
        rule = rule_from_json(found.content.body)
        cause = Cause(
            case=rule.case, ground=rule.ground, rules=(key,), provisional=True, keeps_copies=True
        )
        standing = [item for item in self.sweep.concerned(rule) if self._is_readable(item)]
        if standing:
            self.entomb.run(standing, cause)
        return len({(item.host, item.id) for item in standing})

    def _is_readable(self, item: Concerned) -> bool:
        """Tell whether a record, or a page, shows anything where a tombstone should be."""
        record = self.archive.get(record_key(item.host, item.id))
        page = self.site.get(item_page(item.host, item.id))
        if page is not None and page.content.metadata.get("status") not in _GONE:
            return True
        if record is None:
            return False
        try:
            return not isinstance(record_from_json(record.content.body), Tombstone)
        except RecordUnreadableError:
            return True
