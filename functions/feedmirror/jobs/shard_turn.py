"""One shard's turn in a call of its own: what a message of the poll queue asks for."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from feedmirror.jobs.latest import places_of
from feedmirror.jobs.look_for_tokens import LookForTokens
from feedmirror.jobs.mirror_shard import MirrorShard
from feedmirror.jobs.mirror_wide import MirrorWide
from feedmirror.jobs.reports import MirrorReport


class TurnUnreadableError(Exception):
    """A message that asks for no shard: it says what is wrong and what would be right."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A shard whose turn it is, and how many there were when it was handed out."""

    shard: int
    shards: int
    at_once: bool = False


def read_turn(fields: object) -> Turn:
    """Read a message of the poll queue; raises TurnUnreadableError."""
    match fields:
        case {"shard": int(shard), "shards": int(shards), **others} if 0 <= shard < shards:
            return Turn(shard, shards, at_once=others.get("at_once") is True)
        case _:
            right = 'expected {"shard": 0, "shards": 4}: a shard, counted from 0, of how many'
            raise TurnUnreadableError(f"{str(fields)[:200]} is no turn: {right}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardTurn:
    """Runs one shard, and leaves what the front may show of it for the scheduled run."""

    shard: MirrorShard
    wide: MirrorWide
    tokens: LookForTokens
    shards: int

    def run(self, turn: Turn, *, time_left: Callable[[], timedelta]) -> MirrorReport:
        """Run once; a turn of another number of shards is over: the next schedule hands out anew.

        Raises StoreUnavailableError; whatever was not saved is done again.
        """
        if turn.shards != self.shards:
            return MirrorReport()
        tokens = self.tokens.begin(time_left=time_left)
        outcome = self.shard.run(
            turn.shard, tokens=tokens, time_left=time_left, at_once=turn.at_once
        )
        places = places_of(outcome.newest)
        self.wide.latest.note(turn.shard, places)
        self.tokens.finish(tokens)
        # The list is kept, so the front shows it, if not in this hour then in the next.
        outcome.commit(True)  # noqa: FBT003 -- the only thing that it is told
        faults = self.wide.template_problems() if places else ()
        problems = tuple(("", what) for what in (*faults, *tokens.problems))
        report = outcome.report
        return replace(report, findings=tokens.findings, problems=(*report.problems, *problems))
