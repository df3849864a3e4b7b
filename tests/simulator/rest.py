"""When faults have stopped: everything comes again as AWS has it come, then all is judged."""

import re
from collections.abc import Iterator

from feedmirror.jobs.auditing.audit_report import Finding
from feedmirror.layout import suppression_key
from feedmirror.suppression import rule_from_json
from feedmirror.takedowns.casework.cases import Event, State
from simulator.cloud import ARCHIVE, LEDGER, SITE
from simulator.functions import POLLS, WORK
from simulator.life import Call, Life
from simulator.oracle import ENDED, BrokenPromiseError
from simulator.publishers import FEEDS

_ROUNDS = 60
# A host's page that is put anew tells by the way how many entries there are by then, and when that
# was; a mail that comes again may still have to put it, where the first died at the restoration.
_BY_THE_WAY = re.compile(
    rb"\d+ entr(?:y was|ies were) in the feed|As of <time .*?</time>|<!-- feedmirror-nonce:\w+ -->"
)


def come_to_rest(life: Life) -> None:
    """Let faults stop, all be delivered, and time pass quietly; raises BrokenPromiseError."""
    life.cloud.weather.calm()
    life.resting = True
    scheduler = life.cloud.scheduler
    late = [deed for deed in scheduler.deeds if life.chance.random() < 0.5]
    scheduler.deeds.clear()
    scheduler.note("faults stop")
    _deliver(life)
    for _ in range(2):
        life.cloud.later(2)
        # With more than one shard the front shows at the next schedule what turns have brought.
        for act in (life.hour, life.mirror, life.schedule):
            act()
            _deliver(life)
    _check_rest(life)
    before = _state(life)
    scheduler.note("everything comes once more")
    for call in [call for call in life.events if call.name.startswith("mail")]:
        life.begin(Call(f"{call.name} once more", call.work), is_new=False)
        _deliver(life)
    life.schedule()
    _deliver(life)
    if _state(life) != before:
        changed = sorted(k for k, v in _state(life).items() if before.get(k) != v)
        raise BrokenPromiseError(f"what came once more changed {changed}")
    for deed in late:
        scheduler.note(deed.name)
        deed.act()


def _deliver(life: Life) -> None:
    """Run until nothing is on its way any more."""
    scheduler = life.cloud.scheduler
    for _ in range(_ROUNDS):
        scheduler.run()
        for url in (POLLS, WORK):
            if life.cloud.queues[url]:
                life.messages(url)
        calls, life.left_over = life.left_over, []
        for call in calls:
            life.begin(call, is_new=False)
        if not scheduler.processes:
            return
    raise BrokenPromiseError("P3: events come again and again and are never done")


def _state(life: Life) -> dict[str, str]:
    """Return what must not change by what comes once more."""
    found = {}
    for name, prefixes in (
        (ARCHIVE, ("items/", "addresses/")),
        (SITE, ("",)),
        (LEDGER, ("suppressions/", "lifts/", "cases/", "challenges/")),
    ):
        for prefix in prefixes:
            for key, held in life.cloud.buckets[name].below(prefix):
                tells = _BY_THE_WAY.sub(b"", held.body).decode()
                found[f"{name}/{key}"] = tells if key.endswith("/about/index.html") else held.etag
    return found


def _check_rest(life: Life) -> None:
    for broken in (*_without_outcome(life), *_hidden(life), *_lifted_wrongly(life)):
        raise BrokenPromiseError(broken)
    findings = life.functions.audit().run().findings
    if findings:
        raise BrokenPromiseError(f"the audit finds {_told(findings[0])}")


def _told(finding: Finding) -> str:
    return f"{finding.key}: {finding.kind} {finding.words}"


def _without_outcome(life: Life) -> Iterator[str]:
    for letter in life.letters:
        case = life.case(letter)
        if case is None:
            yield f"P3: mail {letter.ses_id} has no case"
        elif case.state is State.RECEIVED:
            yield f"P3: case {case.id} has no outcome"


def _hidden(life: Life) -> Iterator[str]:
    """Yield what nothing suppresses and is not shown all the same."""
    hiding = [
        letter
        for letter in life.letters
        if letter.asks and (case := life.case(letter)) and case.state not in ENDED
    ]
    shown_by = {feed for feed in FEEDS if life.fresh or "fresh" not in feed}
    for story in life.stories:
        if not story.feeds & shown_by or any(letter.may_hide(story) for letter in hiding):
            continue
        # Of a story that went to another feed, the version stays that its first feed had last.
        places = {place for word in story.words() for place in life.oracle.where(word)}
        if not any(key.startswith("items/") for _, key in places):
            yield f"{story.name} stays hidden"
        elif (SITE, "feed.json") not in places:
            yield f"{story.name} is not listed"


def _lifted_wrongly(life: Life) -> Iterator[str]:
    """Yield lifts of rules whose case nobody has undone, not even in part."""
    ledger = life.cloud.buckets[LEDGER]
    undone = set(ENDED)
    by_case = {letter.case: life.case(letter) for letter in life.letters}
    for _, held in ledger.below("suppressions/"):
        rule = rule_from_json(held.body)
        key = suppression_key(rule.host, rule.id).replace("suppressions/", "lifts/", 1)
        case = by_case.get(rule.case)
        if key not in ledger.objects or case is None:
            continue
        if case.state not in undone and not any(case.of(Event.FREED)):
            yield f"the rule {rule.id} of case {rule.case} is lifted, and nobody undid the case"
