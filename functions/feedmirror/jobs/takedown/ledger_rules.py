"""Writing the ledger's rules: created once, by ids that a retry makes again."""

from contextlib import suppress

from feedmirror.layout import suppression_key
from feedmirror.ports.object_store import Content, LostConditionError, ObjectStore
from feedmirror.suppression import Suppression, rule_to_json


def write_rule(ledger: ObjectStore, rule: Suppression) -> str:
    """Write a rule if it is not there yet, and return its key; raises StoreUnavailableError."""
    key = suppression_key(rule.host, rule.id)
    with suppress(LostConditionError):  # an earlier attempt wrote the same
        ledger.put(key, Content(rule_to_json(rule), "application/json"), replaces=None)
    return key
