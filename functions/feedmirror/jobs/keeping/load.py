"""A backup, loaded: the ledger first, then what it lets be shown, and the site that follows.

Whatever dies on the way is run again from the top: nothing is put but where there is nothing, or
under the protocol of design §4, so twice is as good as once.
"""

from collections.abc import Callable
from dataclasses import dataclass

from feedmirror.jobs.keeping.apply_rules import ApplyRules
from feedmirror.jobs.keeping.load_archive import LoadArchive
from feedmirror.jobs.keeping.load_ledger import LoadLedger
from feedmirror.jobs.keeping.load_report import Configured, LoadReport, LoadTally
from feedmirror.jobs.rebuilding.rebuild import Rebuild
from feedmirror.jobs.takedown.entomb import Concerned
from feedmirror.records import Tombstone
from feedmirror.suppression import RuleUnreadableError, Suppression, rule_from_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Brings a backup into a mirror, new or at work; ``rebuild`` is made when it is needed."""

    ledger: LoadLedger
    archive: LoadArchive
    apply: ApplyRules
    rebuild: Callable[[], Rebuild]

    def run(self, progress: Callable[[int], object] = lambda _: None) -> LoadReport:
        """Load all; ``progress`` is told how many objects more are done.

        The configuration comes last: without one the mirror does nothing, so it polls no feed
        before it knows what it had of it. Raises StoreUnavailableError and NothingHeldError.
        """
        tally = LoadTally(progress)
        self.ledger.run(tally)
        self.archive.markers(tally)
        for stone in self.archive.tombstones(tally):
            self._hold(stone, tally)
        untold = self.apply.run(tally)
        self.archive.items(untold, tally)
        self.archive.others(tally)
        configured = Configured.KEPT
        if not self.archive.has_configuration():
            configured = Configured.LOADED
            self.archive.configuration(tally)
        site = self.rebuild().run(progress)
        return LoadReport(
            brought=dict(tally.brought),
            configuration=configured,
            problems=tally.problems.told,
            more=tally.problems.more,
            site=site,
        )

    def _hold(self, stone: Tombstone, tally: LoadTally) -> None:
        """Put the rules that stand of those that the backup's tombstone names over what is here."""
        standing: list[Suppression] = []
        for key in stone.rules:
            found = self.ledger.ledger.get(key) if self.apply.rules.stands(key) else None
            try:
                standing += [rule_from_json(found.content.body)] if found else []
            except RuleUnreadableError as error:
                tally.problems.add(f"ledger {key}: {error}")
        if standing:
            self.apply.take_down(Concerned(stone.host, stone.id), standing, tally)
