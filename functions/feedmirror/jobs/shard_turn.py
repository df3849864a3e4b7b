"""One shard's turn in a call of its own: what a message of the poll queue asks for."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from feedmirror.jobs.look_for_tokens import LookForTokens
from feedmirror.jobs.mirror_shard import MirrorShard
from feedmirror.jobs.mirror_wide import MirrorWide
from feedmirror.jobs.reports import MirrorReport
from feedmirror.jobs.shard_state import FeedsMovingError


class TurnUnreadableError(Exception):
    """A message that asks for no shard: it says what is wrong and what would be right."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A shard whose turn it is, and how many there were when it was handed out.

    ``at_once`` is when it was, if every feed is wanted then that was not attempted since.
    """

    shard: int
    shards: int
    at_once: datetime | None = None


def read_turn(fields: object) -> Turn:
    """Read a message of the poll queue; raises TurnUnreadableError."""
    match fields:
        case {"shard": int(shard), "shards": int(shards), **others} if 0 <= shard < shards:
            since = others.get("at_once")
            return Turn(shard, shards, None if since is None else _moment(since))
        case _:
            raise _unreadable(fields)


def _moment(text: object) -> datetime:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError as error:
        raise _unreadable(text) from error
    if moment.tzinfo is None:
        raise _unreadable(text)
    return moment


def _unreadable(fields: object) -> TurnUnreadableError:
    right = 'expected {"shard": 0, "shards": 4}: a shard, counted from 0, of how many'
    return TurnUnreadableError(f"{str(fields)[:200]} is no turn: {right}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardTurn:
    """Runs one shard, and leaves what the front may show of it for the scheduled run."""

    shard: MirrorShard
    wide: MirrorWide
    tokens: LookForTokens
    shards: int

    def run(self, turn: Turn, *, time_left: Callable[[], timedelta]) -> MirrorReport:
        """Run once; a turn of another number of shards is over: the next schedule hands out anew.

        What dies within is polled again when it is due the next time, not when its message comes
        again: a publisher is not asked twice for a fault of ours.

        Raises ParserUnavailableError and StoreUnavailableError; what was not saved is done again.
        """
        if turn.shards != self.shards:
            return MirrorReport()
        tokens = self.tokens.begin(time_left=time_left)
        try:
            outcome = self.shard.run(
                turn.shard, tokens=tokens, time_left=time_left, at_once=turn.at_once
            )
        except FeedsMovingError:  # and once they have arrived, they are handed out anew
            return MirrorReport()
        places = outcome.newest
        self.wide.latest.note(turn.shard, places)
        self.tokens.finish(tokens)
        # The list is kept, so the front shows it, if not in this hour then in the next.
        outcome.commit(True)  # noqa: FBT003 -- the only thing that it is told
        untold = self.wide.tell_hub(outcome.hosts)
        faults = self.wide.template_problems() if places else ()
        problems = tuple(("", what) for what in (*faults, *tokens.problems, *untold))
        report = outcome.report
        return replace(
            report,
            findings=report.findings + tokens.findings,
            problems=(*report.problems, *problems),
        )
