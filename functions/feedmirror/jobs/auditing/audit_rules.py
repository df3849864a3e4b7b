"""The audit of the ledger's rules: each can be read, stands where its host is, and is a case's."""

from dataclasses import dataclass

from feedmirror.jobs.auditing.audit_report import Finding, Kind, Tally
from feedmirror.jobs.batches import batches
from feedmirror.layout import LIFTS, SUPPRESSIONS, suppression_key
from feedmirror.ports.object_store import ObjectStore
from feedmirror.ports.workers import Workers
from feedmirror.suppression import RuleUnreadableError, rule_from_json


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRules:
    """Looks at every rule and every lift."""

    ledger: ObjectStore
    workers: Workers

    def run(self, tally: Tally) -> None:
        """Check that each rule is one that whoever looks for it finds, and each lift ends one."""
        for batch in batches(summary.key for summary in self.ledger.list(SUPPRESSIONS)):
            tally.look("rules", len(batch))
            for key, wrong in zip(batch, self.workers.map(self._wrong, batch), strict=True):
                if wrong:
                    tally.find(Finding(Kind.UNREADABLE, f"ledger {key}", wrong))
        for batch in batches(summary.key for summary in self.ledger.list(LIFTS)):
            tally.look("lifts", len(batch))

    def _wrong(self, key: str) -> str:
        found = self.ledger.get(key)
        if found is None:
            return "it was listed, and is not there"
        try:
            rule = rule_from_json(found.content.body)
        except RuleUnreadableError as error:
            return str(error)
        if key != suppression_key(rule.host, rule.id):
            return f"it is a rule of {rule.host}, which is never looked for here"
        return ""
