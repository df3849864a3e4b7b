"""The audit of markers: what any claim about an item lets a rule reach, and not only its record.

One walk through the markers does for every rule at once what a sweep does for one: a marker's body
is only read where a rule of its hosts may reach it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from feedmirror.jobs.auditing.audit_records import AuditRecords, Place
from feedmirror.jobs.auditing.audit_report import Finding, Kind, Tally
from feedmirror.jobs.auditing.audit_standing import Standing
from feedmirror.jobs.batches import batches
from feedmirror.jobs.rules import Rules
from feedmirror.jobs.takedown.sweep import Marker, read_marker_key
from feedmirror.layout import MARKERS
from feedmirror.ports.object_store import ObjectStore
from feedmirror.ports.workers import Workers
from feedmirror.stored import read_json
from feedmirror.suppression import (
    Scope,
    Subject,
    Suppression,
    find_suppression,
    item_key,
    may_be_like,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditClaims:
    """Looks at everything that was ever announced."""

    archive: ObjectStore
    records: AuditRecords
    standing: Standing
    workers: Workers

    def run(self, tally: Tally) -> None:
        """Check that what a rule covers by any claim shows nothing."""
        for batch in batches(self.archive.list(MARKERS)):
            markers: list[Marker] = []
            for summary in batch:
                marker = read_marker_key(summary.key)
                if marker is None:
                    words = "it is no marker's key"
                    tally.find(Finding(Kind.UNREADABLE, f"archive {summary.key}", words))
                else:
                    markers.append(marker)
            tally.look("markers", len(batch))
            rules = self.standing.of({host_of_marker(marker) for marker in markers}, tally)
            self._check(reachable(markers, rules), rules, tally)

    def _check(self, markers: Sequence[Marker], rules: Rules, tally: Tally) -> None:
        covered: dict[Place, Suppression] = {}
        read = self.workers.map(self._subject, markers)
        for marker, subject in zip(markers, read, strict=True):
            if subject is None:
                tally.find(Finding(Kind.UNREADABLE, f"archive {marker.key}", "it is no marker"))
                continue
            rule = find_suppression(subject, rules.concerning({host_of_marker(marker)}))
            if rule is not None:
                covered[marker.host, marker.id] = rule
        shown = self.workers.map(self.records.shows_anything, covered)
        for (place, rule), is_shown in zip(covered.items(), shown, strict=True):
            if is_shown:
                self.records.report(place, rule, tally)

    def _subject(self, marker: Marker) -> Subject | None:
        found = self.archive.get(marker.key)
        try:
            return Subject(frozenset(read_json(found.content.body)["subject"])) if found else None
        except (ValueError, KeyError, TypeError):
            return None


def reachable(markers: Iterable[Marker], rules: Rules) -> list[Marker]:
    """Return the markers whose keys say that a rule of their host may reach them."""
    found: list[Marker] = []
    known: dict[str, tuple[bool, frozenset[str]]] = {}
    for marker in markers:
        host = host_of_marker(marker)
        if host not in known:
            concerning = rules.concerning({host})
            keys = frozenset[str]().union(*(rule.keys for rule in concerning))
            known[host] = any(rule.scope is not Scope.ITEM for rule in concerning), keys
        is_wide, keys = known[host]
        own = {f"address:{marker.address}", item_key(marker.host, marker.id)}
        is_named = not own.isdisjoint(keys) or may_be_like(marker.attributes, keys)
        if is_wide or (keys and is_named):
            found.append(marker)
    return found


def host_of_marker(marker: Marker) -> str:
    """Return the host that a marker stands under, whose rules reach it."""
    labels = marker.key.split("/")[1].rstrip(")").split(",")
    return ".".join(reversed(labels))
