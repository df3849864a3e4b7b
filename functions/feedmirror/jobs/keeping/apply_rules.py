"""The rules of the ledger, applied to everything that was ever announced in a mirror.

A rule that a backup has brought was swept for in another mirror, or before: here nothing may have
happened for it yet. One walk through the markers does for every rule what its sweep would do.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from feedmirror.jobs.auditing.audit_claims import host_of_marker, reachable
from feedmirror.jobs.batches import batches
from feedmirror.jobs.keeping.load_report import Brought, LoadTally
from feedmirror.jobs.publish import shows_something
from feedmirror.jobs.rules import RuleReader, Rules
from feedmirror.jobs.takedown.entomb import Cause, Concerned, Entomb, folders_of
from feedmirror.jobs.takedown.sweep import Marker, read_marker_key
from feedmirror.layout import MARKERS, ItemId, item_page, record_key, suppression_key
from feedmirror.ports.object_store import ObjectStore
from feedmirror.ports.workers import Workers
from feedmirror.records import Item, RecordUnreadableError, Tombstone, record_from_json
from feedmirror.stored import read_json
from feedmirror.suppression import (
    Ground,
    RuleUnreadableError,
    Subject,
    Suppression,
    find_suppression,
)

_BATCH = 500  # markers
Place = tuple[str, ItemId]


@dataclass(frozen=True, slots=True)
class _Covered:
    """An item that rules cover by some of its claims, and the listings that may show it."""

    item: Concerned
    rules: tuple[Suppression, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyRules:
    """Takes down whatever a rule covers that shows anything, or is only announced."""

    archive: ObjectStore
    site: ObjectStore
    rules: RuleReader
    entomb: Entomb
    workers: Workers

    def run(self, tally: LoadTally) -> frozenset[Place]:
        """Apply every rule; return the places of which nobody can tell whether a rule covers them.

        Those are the places under a host that has a rule which cannot be read.
        """
        untold: set[Place] = set()
        for batch in batches(self.archive.list(MARKERS), _BATCH):
            listed = (read_marker_key(summary.key) for summary in batch)
            markers = [marker for marker in listed if marker is not None]
            rules = self.rules.read({host_of_marker(marker) for marker in markers})
            told = []
            for marker in markers:
                try:
                    rules.concerning({host_of_marker(marker)})
                    told.append(marker)
                except RuleUnreadableError as error:
                    tally.problems.add(str(error))
                    untold.add((marker.host, marker.id))
            self._take_down(self._covered(reachable(told, rules), rules), tally)
            tally.progress(len(batch))
        return frozenset(untold)

    def take_down(self, item: Concerned, rules: Sequence[Suppression], tally: LoadTally) -> None:
        """Take one item down by rules that reach it."""
        self._take_down([_Covered(item, tuple(rules))], tally)

    def _covered(self, markers: Sequence[Marker], rules: Rules) -> list[_Covered]:
        """Return what is covered by a claim of the markers, each item once."""
        found: dict[Place, tuple[dict[str, Suppression], set[str]]] = {}
        for marker, body in zip(markers, self.workers.map(self._read, markers), strict=True):
            subject, pages = body
            covering = covering_rules(subject, rules.concerning({host_of_marker(marker)}))
            if covering:
                by_key, folders = found.setdefault((marker.host, marker.id), ({}, set()))
                by_key.update(by_keys(covering))
                folders.update(folders_of(pages))
        return [
            _Covered(Concerned(*place, frozenset(folders)), tuple(by_key.values()))
            for place, (by_key, folders) in found.items()
        ]

    def _take_down(self, covered: Collection[_Covered], tally: LoadTally) -> None:
        looked = zip(covered, self.workers.map(self._is_shown, covered), strict=True)
        due: dict[tuple[Suppression, ...], dict[Concerned, bool]] = {}
        for each, shown in looked:
            if shown is not None:
                due.setdefault(each.rules, {})[each.item] = shown
        for rules, items in due.items():
            # One that was lifted meanwhile is being undone: what it took down comes back.
            standing = [rule for key, rule in by_keys(rules).items() if self.rules.stands(key)]
            if standing:
                self.entomb.run(list(items), _cause(standing))
                tally.brought[Brought.TAKEN_DOWN] += sum(items.values())

    def _is_shown(self, covered: _Covered) -> bool | None:
        """Tell whether anything shows; None where a tombstone stands for all of the rules."""
        place = (covered.item.host, covered.item.id)
        page = self.site.get(item_page(*place))
        on_page = shows_something(page)
        found = self.archive.get(record_key(*place))
        try:
            record = record_from_json(found.content.body) if found else None
        except RecordUnreadableError:
            return True
        if isinstance(record, Item):
            return True
        stands = isinstance(record, Tombstone) and by_keys(covered.rules).keys() <= {*record.rules}
        return None if stands and not on_page else on_page

    def _read(self, marker: Marker) -> tuple[Subject, Iterable[str]]:
        """Return what a marker claims, and its pages; one that cannot be read claims nothing."""
        found = self.archive.get(marker.key)
        try:
            fields = read_json(found.content.body) if found else {}
            return Subject(frozenset(fields["subject"])), list(fields["pages"])
        except (ValueError, KeyError, TypeError):
            return Subject(frozenset()), ()


def covering_rules(subject: Subject, rules: Iterable[Suppression]) -> list[Suppression]:
    """Return every rule that covers a subject."""
    return [rule for rule in rules if find_suppression(subject, [rule]) is not None]


def by_keys(rules: Iterable[Suppression]) -> Mapping[str, Suppression]:
    """Return rules by the ledger's keys that they are kept under."""
    return {suppression_key(rule.host, rule.id): rule for rule in rules}


def _cause(rules: Sequence[Suppression]) -> Cause:
    """Return why items are taken down: by the first rule, and while one of them stands."""
    return Cause(
        case=rules[0].case,
        ground=rules[0].ground,
        rules=tuple(by_keys(rules)),
        provisional=True,
        keeps_copies=all(rule.ground is not Ground.PRIVACY for rule in rules),
    )
