"""The scheduled run where there are many shards: a message for each that is due, and the front.

The shards themselves are worked off by other calls of the same function (``shard_turn``).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from feedmirror.jobs.look_for_tokens import LookForTokens
from feedmirror.jobs.mirror_wide import MirrorWide
from feedmirror.jobs.reports import MirrorReport
from feedmirror.jobs.reshard import Reshard
from feedmirror.jobs.shard_objects import Standing
from feedmirror.jobs.shard_state import MOVING
from feedmirror.mirroring.schedule import AT_ONCE
from feedmirror.ports.aftermath import WorkQueue


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """Hands out the shards that are due, and shows what they brought since."""

    reshard: Reshard
    queue: WorkQueue
    wide: MirrorWide
    tokens: LookForTokens
    clock: Callable[[], datetime]

    def run(self, *, time_left: Callable[[], timedelta], at_once: bool = False) -> MirrorReport:
        """Run once and return the report; ``at_once`` hands out every shard, due or not.

        Raises StoreUnavailableError, also for the queue: whatever was not done is done again.
        """
        standings = self.reshard.run(time_left=time_left)
        moving = (MOVING,) if standings is None else ()
        shards = [] if standings is None else self._due(standings, at_once=at_once)
        self.reshard.objects.workers.map(lambda shard: self._send(shard, at_once=at_once), shards)
        why = self.wide.catch_up()
        tokens = self.tokens.begin(time_left=time_left)
        self.tokens.finish(tokens)
        untold = self.wide.tell_hub()
        problems = (*moving, *((why,) if why else ()), *tokens.problems, *untold)
        return MirrorReport(
            feeds=len(self.reshard.objects.feeds),
            dispatched=len(shards),
            findings=tokens.findings,
            problems=tuple(("", what) for what in problems),
        )

    def _due(self, standings: Mapping[int, Standing], *, at_once: bool) -> list[int]:
        """Return the shards with a feed that is due, longest waiting first.

        One whose feeds were not polled yet under this configuration is due as well.
        """
        unknown = Standing(0, "", None)
        known = {
            shard: standings.get(shard, unknown) for shard in self.reshard.objects.shards_in_use()
        }
        now = self.clock()
        due = (
            shard
            for shard, standing in known.items()
            if at_once or standing.mark != self.wide.mark or (standing.due and standing.due <= now)
        )
        return sorted(due, key=lambda shard: (known[shard].due or AT_ONCE, shard))

    def _send(self, shard: int, *, at_once: bool) -> None:
        told = {"shard": shard, "shards": self.reshard.objects.shards}
        since = {"at_once": self.clock().isoformat()} if at_once else {}
        self.queue.send({**told, **since})
