"""One scheduled run: every shard, then what the whole mirror shows, then what was learnt."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import reduce

from feedmirror.configuration import Configuration
from feedmirror.jobs.look_for_tokens import LookForTokens
from feedmirror.jobs.mirror_shard import RESERVE, MirrorShard, ShardOutcome, newest_of
from feedmirror.jobs.publish import Publisher
from feedmirror.jobs.reports import MirrorReport, added_up
from feedmirror.jobs.rules import RuleReader
from feedmirror.layout import FRONT
from feedmirror.mirroring.schedule import shard_of
from feedmirror.publishing.selection import Publication, select
from feedmirror.suppression import RuleUnreadableError

_ATTEMPTS = 4  # to put the front against other writers


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorRun:
    """Brings the whole mirror up to date with its due feeds, shard by shard, in this process."""

    shard: MirrorShard
    publisher: Publisher
    rules: RuleReader
    tokens: LookForTokens
    clock: Callable[[], datetime]
    configuration: Configuration
    keep_configuration: Callable[[], None]

    def run(self, *, time_left: Callable[[], timedelta], at_once: bool = False) -> MirrorReport:
        """Run once and return the report.

        Raises StoreUnavailableError if the store fails; whatever was not saved is done again.
        """
        tokens = self.tokens.begin(time_left=time_left)
        outcomes: list[ShardOutcome] = []
        shards = self.configuration.mirror.shards
        first = shard_of(self.clock().isoformat(), shards)  # no period of any schedule
        for turn in range(shards):
            if outcomes and time_left() < RESERVE:
                break
            shard = (first + turn) % shards
            outcomes.append(
                self.shard.run(shard, time_left=time_left, at_once=at_once, tokens=tokens)
            )
        report = added_up(outcome.report for outcome in outcomes)
        why, faults = self._publish(outcomes)
        self.tokens.finish(tokens)
        for outcome in outcomes:
            outcome.commit(not why)
        own = tuple(("", what) for what in (why, *faults, *tokens.problems) if what)
        problems = (*report.problems, *own)
        return replace(report, findings=tokens.findings, problems=problems)

    def _publish(self, outcomes: Sequence[ShardOutcome]) -> tuple[str, tuple[str, ...]]:
        """Put what the whole mirror shows, where it changed.

        Returns why it could not be, and what is wrong with the operator's templates.
        """
        newest = reduce(newest_of, (outcome.newest for outcome in outcomes), Publication())
        reconfigured = any(outcome.reconfigured for outcome in outcomes)
        if reconfigured:
            self.keep_configuration()
            self.publisher.put_fixed_pages(self.configuration.feeds)
        if not (reconfigured or newest.items or newest.tombstones):
            return "", ()
        return self._put_front(newest), self.publisher.renderer().problems

    def _put_front(self, newest: Publication) -> str:
        """Put the mirror-wide listing; a lost condition means to begin again from the top."""
        failed: Mapping[str, str] = {}
        for _ in range(_ATTEMPTS):
            listings = self.publisher.open({FRONT})
            hosts = {host for item in newest.items for host in (item.host, item.link_host)}
            rules = self.rules.read(hosts | listings.hosts)
            try:
                # Behind the rules, and long after they were put: what the archive holds now.
                records = self.publisher.records((item.host, item.id) for item in newest.items)
                checked = select(records, rules.concerning(hosts), now=self.clock())
            except RuleUnreadableError as error:
                return str(error)
            shown = Publication(checked.items, (*newest.tombstones, *checked.tombstones))
            failed = self.publisher.update(listings, shown, rules, now=self.clock())
            if not failed:
                break
        return failed.get(FRONT, "")
