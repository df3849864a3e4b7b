"""A mirror's standing as it is printed: the verdict, what needs somebody, the rest summed up."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from feedmirror.characters import printable
from feedmirror.cli.case_words import span_words, what_words, when_words
from feedmirror.cli.desk import Desk
from feedmirror.cli.feed_words import feed_lines, words_of
from feedmirror.cli.move_words import lines_of, move_to_dict
from feedmirror.cli.output import counted, print_table, say
from feedmirror.cli.pausing import pause_words
from feedmirror.cli.standing import FeedRow, Standing, verdict, wrongs
from feedmirror.jobs.configure import Configured
from feedmirror.layout import CONFIGURATION
from feedmirror.mirroring.health import Health, advice

_FEW = 20  # feeds that are all shown without being asked for
_MOST_FEEDS, _MOST_HOSTS, _MOST_CASES = 50, 5, 5
_COLUMNS = ("host", "title~", "feed~", "last poll", "next poll~", "records#", "state")


def print_standing(standing: Standing, desk: Desk, *, everything: bool) -> None:
    """Print how a mirror stands, the verdict first."""
    say(verdict(standing))
    for lines in (
        _configuration(standing, desk),
        _alarms(standing),
        _cases(standing, desk),
        _feeds_in_short(standing, desk),
    ):
        told = list(lines)
        if told:
            say()
        for line in told:
            say(line)
    rows = standing.feeds
    if not (everything or len(rows) <= _FEW):
        rows = tuple(row for row in rows if _is_to_be_seen(row))[:_MOST_FEEDS]
    _print_feeds(rows, standing, desk)


def _is_to_be_seen(row: FeedRow) -> bool:
    moved = row.known.state.move.leaves_domain_of(row.settings.url)
    return row.health.needs_somebody or (moved and row.health is not Health.OVER)


def _print_feeds(rows: Sequence[FeedRow], standing: Standing, desk: Desk) -> None:
    if rows:
        say()
        print_table(_COLUMNS, [_row(row, standing.now) for row in rows])
        say("records: all that is stored of the host, with what stands for what was taken down")
    for row in rows:
        for line in _what_to_do(row, desk):
            say(line)
    for line in feed_lines((row.settings, row.known.state) for row in rows):
        say(line)
    left = len(standing.feeds) - len(rows)
    if left:
        say(f"\n{counted(left, 'feed')} not shown: --all shows every one")


def _row(row: FeedRow, now: datetime) -> tuple[object, ...]:
    state = row.known.state
    return (
        row.settings.host,
        state.title,
        row.settings.url,
        f"{span_words(now - state.attempted)} ago" if state.attempted else "never",
        _next(row, now),
        row.records,
        _state_words(row),
    )


def _next(row: FeedRow, now: datetime) -> str:
    upcoming = row.next
    if upcoming is None:
        return "at once"
    if upcoming.due is None:
        return f"never, {upcoming.reason}"
    when = "due" if upcoming.due <= now else f"in {span_words(upcoming.due - now)}"
    return f"{when}, {upcoming.reason}"


def _state_words(row: FeedRow) -> str:
    state, found = row.known.state, row.health
    if found in {Health.FAILING, Health.AGAIN} and state.failures:
        return f"{found}, {counted(state.failures, 'attempt')}"
    if found is Health.WELL and state.problems:
        return f"{found}, {counted(len(state.problems), 'note')}"
    return str(found)


def _what_to_do(row: FeedRow, desk: Desk) -> Iterator[str]:
    """Yield what is wrong with a feed, where it has moved, and what can be done."""
    if row.health is Health.OVER:
        return
    state = row.known.state
    wrong = (f"  {printable(state.error)}", f"  → {advice(state.error)}") if state.error else ()
    follow = desk.command("feeds follow mirror.toml")
    lines = [*wrong, *lines_of(row.settings, state.move, command=follow)]
    if lines:
        yield ""
        yield row.settings.url
        yield from lines
    if state.refusal.permitted:
        yield ""
        yield row.settings.url
        given, said = printable(row.settings.permission), printable(state.refusal.permitted)
        yield f"  polled by permission ({given}), whatever robots.txt says: {said}"


def _configuration(standing: Standing, desk: Desk) -> Iterator[str]:
    configured = standing.configured
    if configured is None:
        yield standing.unconfigured
        yield f"What next: {_first_steps(desk)}"
        return
    if configured.paused is not None:
        yield f"Paused {pause_words(configured.paused)}; {desk.command('resume')} ends it."
    if configured.refused:
        yield f"{CONFIGURATION} is refused; the last good one is in force."
        yield from (f"  {line}" for line in configured.refused.splitlines())
        yield f"  Mend it, and put it again: {desk.command('feeds push mirror.toml')}"


def _first_steps(desk: Desk) -> str:
    return f"feedmirror init, then {desk.command('feeds push mirror.toml')}"


def _alarms(standing: Standing) -> Iterator[str]:
    for alarm in standing.alarms:
        yield f"{alarm.name} rings since {when_words(alarm.since)} UTC: {printable(alarm.meaning)}"
        if alarm.measured:
            yield f"  {printable(alarm.measured)}"
        yield f'  → infra/README.md, "When an alarm rings", {alarm.name}'
    if standing.unheard:
        yield f"Alarms are not shown: {printable(standing.unheard)}"


def _cases(standing: Standing, desk: Desk) -> Iterator[str]:
    cases = standing.cases
    for case in cases.for_person[:_MOST_CASES]:
        urgent = "urgent, " if (case.decision or {}).get("urgent") else ""
        waited = span_words(standing.now - case.opened)
        yield f"Case {case.id} waits for you ({urgent}{waited}): {printable(what_words(case))}"
        yield f"  → {desk.command(f'case {case.id}')}"
    if len(cases.for_person) > _MOST_CASES:
        more = len(cases.for_person) - _MOST_CASES
        yield f"and {counted(more, 'case')} more: {desk.command('cases')}"
    yield from (printable(problem) for problem in cases.unreadable)
    if cases.for_proof:
        first = (
            f"; the first ends {when_words(cases.first_deadline)} UTC"
            if cases.first_deadline
            else ""
        )
        yield f"{_wait(cases.for_proof, 'case')} for proof{first}: {desk.command('cases')}"
    if cases.at_work:
        yield f"{counted(cases.at_work, 'case')} being carried out"
    if standing.mails:
        yield f"{_wait(standing.mails, 'mail')} to be read: the hour takes up what nothing told of"


def _feeds_in_short(standing: Standing, desk: Desk) -> Iterator[str]:
    if standing.configured is None:
        return
    hosts = len({row.settings.host for row in standing.feeds})
    healths = standing.healths
    parts = [f"{healths[kind]} {kind}" for kind in Health if healths[kind]]
    told = f": {', '.join(parts)}" if parts else ""
    yield (
        f"{counted(len(standing.feeds), 'feed')} of {counted(hosts, 'host')},"
        f" {counted(standing.records, 'record')}{told}"
    )
    yield from _what_next(standing, standing.configured, desk)
    if standing.others:
        yield from _without_feeds(standing)


def _what_next(standing: Standing, configured: Configured, desk: Desk) -> Iterator[str]:
    """Yield what gets a mirror going that has no feeds, or that nobody runs."""
    if not standing.feeds:
        yield (
            "What next: feedmirror feeds import my-feeds.opml mirror.toml, then"
            f" {desk.command('feeds push mirror.toml')}"
        )
    elif configured.paused is None and (standing.never_ran or standing.late):
        told = "Nothing was polled yet" if standing.never_ran else "Polls are due"
        command = desk.command("mirror")
        by = f"the schedule does it, or {command}" if standing.on_schedule else command
        yield f"{told}: {by}"


def _without_feeds(standing: Standing) -> Iterator[str]:
    ordered = sorted(standing.others.items(), key=lambda each: (-each[1], each[0]))
    named = [f"{host} ({count})" for host, count in ordered[:_MOST_HOSTS]]
    if len(ordered) > _MOST_HOSTS:
        named.append(f"and {counted(len(ordered) - _MOST_HOSTS, 'host')} more")
    yield (
        f"Besides, {counted(sum(standing.others.values()), 'record')} of hosts without a feed:"
        f" {', '.join(named)}"
    )
    yield (
        '  → to have them go, keep the feed\'s table in mirror.toml with ended = "go", or "links"'
    )


def _wait(number: int, noun: str) -> str:
    return f"{counted(number, noun)} {'waits' if number == 1 else 'wait'}"


def standing_to_dict(standing: Standing) -> dict[str, Any]:
    """Return a standing as JSON has it."""
    configured = standing.configured
    paused = configured.paused if configured else None
    return {
        "verdict": verdict(standing),
        "wrong": list(wrongs(standing)),
        "at": standing.now.isoformat(),
        "paused": paused.to_dict() if paused else None,
        "refused_configuration": configured.refused if configured else standing.unconfigured,
        "records": standing.records,
        "feeds": [_feed_to_dict(row) for row in standing.feeds],
        "records_without_feed": dict(sorted(standing.others.items())),
        "cases": {
            "for_person": [case.id for case in standing.cases.for_person],
            "for_proof": standing.cases.for_proof,
            "first_deadline": _iso(standing.cases.first_deadline),
            "at_work": standing.cases.at_work,
            "unreadable": list(standing.cases.unreadable),
        },
        "mails_without_case": standing.mails,
        "alarms": [
            {
                "alarm": each.name,
                "since": each.since.isoformat(),
                "meaning": each.meaning,
                "measured": each.measured,
            }
            for each in standing.alarms
        ],
        "alarms_not_shown": standing.unheard,
    }


def _feed_to_dict(row: FeedRow) -> dict[str, Any]:
    state, upcoming = row.known.state, row.next
    return {
        "feed": row.settings.url,
        "host": row.settings.host,
        "title": state.title,
        "health": row.health,
        "failures": state.failures,
        "error": state.error,
        "advice": advice(state.error) if state.error else "",
        "notes": list(state.problems),
        "move": move_to_dict(state.move),
        "told": words_of(row.settings, state),
        "robots": state.refusal.robots,
        "by_permission": state.refusal.permitted,
        "last_poll": _iso(state.attempted),
        "next_poll": _iso(upcoming.due) if upcoming else None,
        "next_poll_why": upcoming.reason if upcoming else "at once",
        "records_of_host": row.records,
    }


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
