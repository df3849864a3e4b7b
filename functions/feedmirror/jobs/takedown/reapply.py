"""The ledger applied again, a part each hour: what a rule covers and is there all the same.

Nothing should ever be found: by the protocol what is suppressed cannot come back. What is found is
taken down, counted, and told to the operator, since something that nobody foresaw put it there.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum

from feedmirror.jobs.about_pages import AboutPages
from feedmirror.jobs.publish import Publisher, shows_something
from feedmirror.jobs.takedown.entomb import Cause, Concerned, Entomb
from feedmirror.jobs.takedown.sweep import Sweep
from feedmirror.layout import (
    FRONT,
    LIMITS,
    SUPPRESSIONS,
    ItemId,
    host_folder,
    item_page,
    lift_key,
    record_key,
)
from feedmirror.ports.object_store import Content, LostConditionError, ObjectStore
from feedmirror.ports.workers import Workers
from feedmirror.records import RecordUnreadableError, Tombstone, record_from_json
from feedmirror.suppression import (
    Ground,
    RuleUnreadableError,
    Suppression,
    find_suppression,
    rule_from_json,
)

_WHERE = f"{LIMITS}reapplied"  # the last rule that was applied again
_RESERVE = timedelta(seconds=60)
_MOST_RULES = 200  # in one run


class _Found(Enum):
    """What stands where a rule says that nothing may be shown."""

    TOMBSTONE = "tombstone"
    ANNOUNCED = "announced"
    CLAIMED_SINCE = "claimed since"
    BACK = "back"


@dataclass(frozen=True, slots=True)
class Reapplied:
    """What one run looked at and had to repair."""

    rules: int = 0
    repaired: int = 0
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Listings:
    """What the listings show, each read once in a run, and once more where it shows too much."""

    publisher: Publisher
    known: dict[str, frozenset[tuple[str, ItemId]]] = field(default_factory=dict)

    def show(self, item: Concerned) -> bool:
        """Tell whether a listing shows an item that may stand in it."""
        place = item.host, item.id
        return any(
            place in self._known(folder) and place in self._read(folder)
            for folder in sorted({FRONT, host_folder(item.host), *item.folders})
        )

    def _known(self, folder: str) -> frozenset[tuple[str, ItemId]]:
        known = self.known.get(folder)
        return self._read(folder) if known is None else known

    def _read(self, folder: str) -> frozenset[tuple[str, ItemId]]:
        listing = self.publisher.shown(folder)
        cards = listing.cards if listing else ()
        self.known[folder] = frozenset((card.host, card.id) for card in cards)
        return self.known[folder]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reapply:
    """Looks whether what the rules cover is gone."""

    ledger: ObjectStore
    archive: ObjectStore
    site: ObjectStore
    sweep: Sweep
    entomb: Entomb
    about: AboutPages
    workers: Workers

    def run(self, *, time_left: Callable[[], timedelta]) -> Reapplied:
        """Apply the next rules of the ledger again, beginning anew behind the last."""
        found = self.ledger.get(_WHERE)
        rule, _, marker = (found.content.body.decode() if found else "").partition("\n")
        done, where = self._from(rule, marker, time_left=time_left)
        with suppress(LostConditionError):  # another run has done its part
            content = Content(where.encode(), "text/plain")
            self.ledger.put(_WHERE, content, replaces=found.etag if found else None)
        return done

    def _from(
        self, last: str, marker: str, *, time_left: Callable[[], timedelta]
    ) -> tuple[Reapplied, str]:
        """Go on behind a rule's marker; return what was done, and where it ended.

        A rule of a large host takes many hours, each of which begins where the last one ended.
        """
        rules = repaired = 0
        problems: list[str] = []
        listings = _Listings(self.entomb.publisher)
        # A rule that was left in the middle comes first once more, so the list begins before it.
        for summary in self.ledger.list(SUPPRESSIONS, after=last[:-1] if marker else last):
            if rules >= _MOST_RULES or time_left() < _RESERVE:
                where = f"{last}\n{'' if rules else marker}"
                return Reapplied(rules, repaired, tuple(problems)), where
            after: str | None = marker if summary.key == last else ""
            last, rules = summary.key, rules + 1
            try:
                while after is not None:
                    if time_left() < _RESERVE:
                        return Reapplied(rules, repaired, tuple(problems)), f"{last}\n{after}"
                    back, after = self._apply(summary.key, after, listings)
                    repaired += back
            except RuleUnreadableError as error:
                problems.append(f"ledger {summary.key}: {error}")
        return Reapplied(rules, repaired, tuple(problems)), ""

    def _apply(self, key: str, after: str, listings: _Listings) -> tuple[int, str | None]:
        """Look at a batch of what a rule covers; return what was back, and where it ended."""
        found = self.ledger.get(key)
        if found is None or self.ledger.head(lift_key(key)) is not None:
            return 0, None
        rule = rule_from_json(found.content.body)
        items, last = self.sweep.batch(rule, after=after)
        cause = Cause(
            case=rule.case,
            ground=rule.ground,
            rules=(key,),
            provisional=True,
            # A mask that privacy is the ground of would lose what the feed can bring again.
            keeps_copies=rule.ground is not Ground.PRIVACY,
        )
        standing = self.workers.map(lambda item: self._standing(item, rule, listings), items)
        looked = list(zip(items, standing, strict=True))
        due = [item for item, what in looked if what is not _Found.TOMBSTONE]
        if due and self.ledger.head(lift_key(key)) is not None:
            return 0, None  # it is being undone
        if due:
            self.entomb.run(due, cause)
        told = 0 if after else self.about.repair(rule)
        return told + sum(what is _Found.BACK for _, what in looked), last

    def _standing(self, item: Concerned, rule: Suppression, listings: _Listings) -> _Found:
        """Return what stands where a tombstone should be.

        What is only announced gets one too: under a chain of new names the last shares nothing
        with the rule, but the id of the one before. What came to be covered by a later claim, as
        when a feed names another author, is no fault of anybody's.
        """
        record = self.archive.get(record_key(item.host, item.id))
        page = self.site.get(item_page(item.host, item.id))
        absent = _Found.ANNOUNCED
        if record is not None:
            try:
                stored = record_from_json(record.content.body)
            except RecordUnreadableError:
                return _Found.BACK
            if not isinstance(stored, Tombstone):
                covered = find_suppression(stored.subject, [rule]) is not None
                return _Found.BACK if covered else _Found.CLAIMED_SINCE
            absent = _Found.TOMBSTONE
        is_shown = shows_something(page)
        return _Found.BACK if is_shown or listings.show(item) else absent
