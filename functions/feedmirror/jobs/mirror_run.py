"""One scheduled run: every shard, then what the whole mirror shows, then what was learnt."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from feedmirror.jobs.latest import newest_and_gone
from feedmirror.jobs.look_for_tokens import LookForTokens
from feedmirror.jobs.mirror_shard import RESERVE, MirrorShard, ShardOutcome
from feedmirror.jobs.mirror_wide import MirrorWide
from feedmirror.jobs.reports import MirrorReport, added_up
from feedmirror.jobs.shard_state import MOVING, FeedsMovingError
from feedmirror.mirroring.schedule import shard_of


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorRun:
    """Brings the whole mirror up to date with its due feeds, shard by shard, in this process."""

    shard: MirrorShard
    wide: MirrorWide
    tokens: LookForTokens
    clock: Callable[[], datetime]
    shards: int

    def run(self, *, time_left: Callable[[], timedelta], at_once: bool = False) -> MirrorReport:
        """Run once and return the report.

        Raises StoreUnavailableError if the store fails, and ParserUnavailableError if there is
        nothing to parse with; whatever was not saved is done again.
        """
        tokens = self.tokens.begin(time_left=time_left)
        outcomes: list[ShardOutcome] = []
        first = shard_of(self.clock().isoformat(), self.shards)  # no period of any schedule
        since = self.clock() if at_once else None
        moving = ""
        for turn in range(self.shards):
            if outcomes and time_left() < RESERVE:
                break
            shard = (first + turn) % self.shards
            try:
                outcomes.append(
                    self.shard.run(shard, time_left=time_left, at_once=since, tokens=tokens)
                )
            except FeedsMovingError:
                moving = MOVING
                break
        report = added_up(outcome.report for outcome in outcomes)
        why, faults = self._publish(outcomes)
        self.tokens.finish(tokens)
        for outcome in outcomes:
            outcome.commit(not why)
        untold = self.wide.tell_hub({host for outcome in outcomes for host in outcome.hosts})
        own = tuple(
            ("", what) for what in (moving, why, *faults, *tokens.problems, *untold) if what
        )
        problems = (*report.problems, *own)
        return replace(report, findings=report.findings + tokens.findings, problems=problems)

    def _publish(self, outcomes: Sequence[ShardOutcome]) -> tuple[str, tuple[str, ...]]:
        """Put what the whole mirror shows, where it changed.

        Returns why it could not be, and what is wrong with the operator's templates.
        """
        places = newest_and_gone(place for outcome in outcomes for place in outcome.newest)
        if any(outcome.reconfigured for outcome in outcomes):
            return self.wide.catch_up(places), self.wide.template_problems()
        if places:
            return self.wide.put(places), self.wide.template_problems()
        return "", ()
