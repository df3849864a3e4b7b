"""The ledger of a backup, brought into a mirror's: what is known here and there, and nothing less.

Rules come before the lifts that end them, since another rule may have taken a lifted one's place:
what is covered at the end is covered all the while. Lifts come last: where the histories of a case
part, the one here decides, also about what ends a rule.
"""

from dataclasses import dataclass
from functools import partial

from feedmirror.jobs.batches import batches
from feedmirror.jobs.keeping.load_report import Brought, LoadTally
from feedmirror.jobs.takedown.case_book import CaseBook
from feedmirror.layout import CASES, CHALLENGES, CLOSED, LIFTS, SUPPRESSIONS
from feedmirror.ports.object_store import Content, LostConditionError, ObjectStore, folders
from feedmirror.ports.workers import Workers
from feedmirror.stored import read_json
from feedmirror.suppression import RuleId, RuleUnreadableError, rule_from_json
from feedmirror.takedowns.casework.case_orders import rules_ended
from feedmirror.takedowns.casework.cases import (
    OPEN,
    CaseUnreadableError,
    case_from_json,
)
from feedmirror.takedowns.casework.challenges import (
    ChallengeUnreadableError,
    challenge_from_json,
)

_BATCH = 500  # keys


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadLedger:
    """Brings the entries of one ledger into another; all of it may be done any number of times."""

    source: ObjectStore
    ledger: ObjectStore
    cases: CaseBook
    workers: Workers

    def run(self, tally: LoadTally) -> None:
        """Bring every entry that is not there, and take the longer of two histories of a case."""
        for prefix in self._prefixes():
            # Each whole before the next: within a batch, nobody knows what comes first.
            keys = (summary.key for summary in self.source.list(prefix))
            for batch in batches(keys, _BATCH):
                for done in self.workers.map(partial(self._bring, tally=tally), batch):
                    if done is not None:
                        tally.brought[done] += 1
                tally.progress(len(batch))

    def _prefixes(self) -> list[str]:
        """Return what is brought, in its order; which cases are closed the hour finds by itself."""
        others = (f"{folder}/" for folder in folders(self.source, ""))
        named = {SUPPRESSIONS, LIFTS, CLOSED}
        return [SUPPRESSIONS, *(each for each in others if each not in named), LIFTS]

    def _bring(self, key: str, *, tally: LoadTally) -> Brought | None:
        found = self.source.get(key)
        if found is None or not self._may_come(key, found.content.body, tally):
            return None
        try:
            self.ledger.put(key, found.content, replaces=None)
            done: Brought | None = Brought.LEDGER
        except LostConditionError:
            done = self._carry_further(key, found.content)
        if key.startswith(CASES):
            self._hand_to_the_hour(key, tally, is_new=done is not None)
        return done

    def _may_come(self, key: str, body: bytes, tally: LoadTally) -> bool:
        """Tell whether an entry may come; of lifts those do whose case has ended the rule here."""
        if not key.startswith(LIFTS) or self.ledger.head(key) is not None:
            return True
        rule_key = SUPPRESSIONS + key.removeprefix(LIFTS)
        try:
            by = str(read_json(body).get("by", ""))
            rule = self.ledger.get(rule_key)
            case = self.cases.load(by or (rule_from_json(rule.content.body).case if rule else ""))
            # Of what was written by hand, without a case, there is no history but the lift.
            ended = _rule_of(key) in rules_ended(case) if case else not by
        except (CaseUnreadableError, RuleUnreadableError, ValueError, AttributeError) as error:
            tally.problems.add(f"backup {key}: {error}; the rule stands")
            return False
        if not ended:
            who = f"case {by}" if by else "the rule's case"
            tally.problems.add(f"backup {key}: {who} has not ended the rule here; the rule stands")
        return ended

    def _carry_further(self, key: str, content: Content) -> Brought | None:
        """Take the backup's entry in place of one that it begins like; else keep what is here."""
        is_longer = _LONGER.get(key.partition("/")[0] + "/")
        while is_longer is not None:
            here = self.ledger.get(key)
            if here is None or not is_longer(content.body, here.content.body):
                return None
            if key.startswith(CASES):  # first: whoever dies behind it has left nothing closed
                self.cases.reopen(case_from_json(content.body))
            try:
                self.ledger.put(key, content, replaces=here.etag)
            except LostConditionError:
                continue  # it goes on here meanwhile
            return Brought.CASES if key.startswith(CASES) else Brought.LEDGER
        return None

    def _hand_to_the_hour(self, key: str, tally: LoadTally, *, is_new: bool) -> None:
        """See to it that the hour reads a case that may have something left to do.

        An ended one may as well: a mask that lapsed is to be lifted, a receipt to be sent. The hour
        does that, and closes the case; a load closes none.
        """
        try:
            case = self.cases.load(key.removeprefix(CASES).removesuffix(".json"))
        except CaseUnreadableError as error:
            tally.problems.add(f"ledger {error}")
            return
        if case is not None and (is_new or case.state in OPEN):
            self.cases.reopen(case)


def _rule_of(key: str) -> RuleId:
    return RuleId(key.rpartition("/")[2].removesuffix(".json"))


def _is_longer_case(theirs: bytes, here: bytes) -> bool:
    """Tell whether one history is the other's beginning; two that part keep what is here."""
    try:
        told, known = case_from_json(theirs).entries, case_from_json(here).entries
    except CaseUnreadableError:
        return False
    return len(told) > len(known) and told[: len(known)] == known


def _is_closed_there(theirs: bytes, here: bytes) -> bool:
    """Tell whether a challenge is closed in the backup alone: once closed, it stays so."""
    try:
        return challenge_from_json(theirs).closed and not challenge_from_json(here).closed
    except ChallengeUnreadableError:
        return False


_LONGER = {CASES: _is_longer_case, CHALLENGES: _is_closed_there}
