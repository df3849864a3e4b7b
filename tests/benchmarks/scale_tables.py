"""The simulation's figures as text: what was measured, what each size takes, where it breaks."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from statistics import fmean, median, quantiles

from benchmarks.scale_bill import bill_of, per_second
from benchmarks.scale_calibration import Measured
from benchmarks.scale_limits import Break
from benchmarks.scale_rhythms import DAY
from benchmarks.scale_service import Outside, Parameter, Service
from benchmarks.scale_simulation import Outcome

Seen = Sequence[tuple[Service, Outcome]]
_LEFT, _CELL = 40, 17


def row(name: str, cells: Iterable[str]) -> str:
    """Return a row of a table."""
    return f"  {name:{_LEFT}}" + "".join(f"{cell:>{_CELL}}" for cell in cells)


def spread(values: Sequence[float], unit: float = 1.0) -> str:
    """Return the median of some values and what 95 of 100 do not exceed, in a unit."""
    if len(values) < 2:
        return "-"
    return f"{median(values) / unit:.1f} / {quantiles(values, n=20)[-1] / unit:.1f}"


def measured_lines(measured: Measured) -> Iterator[str]:
    """Yield what was measured."""
    yield "Measured here, processor seconds and bytes, of memory MB:"
    for each in fields(measured):
        yield f"  {each.name:22} {getattr(measured, each.name):12.6g}"


def outside_lines(outside: Outside) -> Iterator[str]:
    """Yield what is taken from AWS, or assumed."""
    yield "Parameters, and who states them:"
    for each in fields(outside):
        parameter: Parameter = getattr(outside, each.name)
        yield f"  {parameter.value:12,.10g} {parameter.unit}: {parameter.page or 'assumed'}"


def size_lines(seen: Seen, polls_a_day: float) -> Iterator[str]:
    """Yield what each size takes, a column for each; with the share that is polled in time."""
    setups, outcomes = [service.setup for service, _ in seen], [outcome for _, outcome in seen]
    yield row("feeds", (f"{each.feeds:,}" for each in setups))
    yield row("shards", (f"{each.shards:,}" for each in setups))
    yield row("MaximumConcurrency, MB", (f"{each.concurrency}, {each.memory}" for each in setups))
    yield row("polls a second", (f"{each.polls / each.seconds:.2f}" for each in outcomes))
    made = (_made(service, outcome, polls_a_day) for service, outcome in seen)
    yield row("of the schedule's polls", made)
    yield row("turn (s)", (spread(each.lengths) for each in outcomes))
    yield row("turns at once, mean / most", (_at_once(each) for each in outcomes))
    yield row("message waits (s)", (spread(each.lags) for each in outcomes))
    yield row("turns in vain, messages expired", (_in_vain(each) for each in outcomes))
    yield row("scheduled call, mean (s)", (f"{fmean(each.hand_outs):.1f}" for each in outcomes))
    yield row("first documents stored (h)", (f"{each.first_hours():.1f}" for each, _ in seen))
    yield from _request_lines(seen)
    yield from _object_lines([service for service, _ in seen])
    yield row("entry waits (min)", (spread(each.waits, 60) for each in outcomes))
    yield from _bill_lines(seen)


def _request_lines(seen: Seen) -> Iterator[str]:
    found = [per_second(outcome, service) for service, outcome in seen]
    for name in found[0]:
        yield row(f"PUT, GET a second: {name}", (f"{p:.1f}, {g:.1f}" for p, g in _of(found, name)))


def _of(
    found: Sequence[dict[str, tuple[float, float]]], name: str
) -> Iterator[tuple[float, float]]:
    return (each[name] for each in found)


def _object_lines(services: Sequence[Service]) -> Iterator[str]:
    yield row("state object (KB)", (f"{each.state_kilobytes():,.0f}" for each in services))
    yield row("state read, written (s)", (_state(each) for each in services))
    yield row("memory of a turn (MB)", (_fit(each, each.turn_memory()) for each in services))
    handing = (_fit(each, each.hand_out_memory()) for each in services)
    yield row("memory of the scheduled call (MB)", handing)
    yield row("front, index.html (MB)", (f"{each.front_megabytes():.1f}" for each in services))
    listed = (f"{each.rules():,.0f}{_by_host(each)}" for each in services)
    yield row("rules in the ledger", listed)


def _bill_lines(seen: Seen) -> Iterator[str]:
    bills = [bill_of(outcome, service) for service, outcome in seen]
    for name in bills[0]:
        if any(bill[name].dollars for bill in bills):
            yield row(f"$ a month: {name}", (f"{bill[name].dollars:,.2f}" for bill in bills))
    totals = (sum(part.dollars for part in bill.values()) for bill in bills)
    yield row("$ a month", (f"{each:,.2f}" for each in totals))


def break_lines(found: Sequence[Break]) -> Iterator[str]:
    """Yield what breaks first, what moves it, and at how many feeds the same breaks again."""
    for number, each in enumerate(found):
        bound = f"{each.bound:,.10g} {each.limit.unit}"
        yield f"  {each.feeds:>12,} feeds: {each.limit.name} ({bound})"
        again = [later.feeds for later in found[number + 1 :] if later.limit == each.limit]
        when = f"; breaks again at {again[0]:,}" if again else ""
        yield f"{'':15}remedy: {each.limit.moved_by if each.then else 'none of ours'}{when}"


def _made(service: Service, outcome: Outcome, polls_a_day: float) -> str:
    asked = service.setup.feeds * polls_a_day * outcome.seconds / DAY
    return f"{outcome.polls / asked:.0%}"


def _fit(service: Service, megabytes: float) -> str:
    return f"{megabytes:,.0f}{'' if megabytes <= service.setup.memory else ' too many'}"


def _by_host(service: Service) -> str:
    return ", by host" if service.lists_by_host else ""


def _at_once(outcome: Outcome) -> str:
    return f"{outcome.at_once:.2f} / {outcome.most_at_once()}"


def _in_vain(outcome: Outcome) -> str:
    return f"{outcome.empty / max(outcome.turns, 1):.0%}, {outcome.expired}"


def _state(service: Service) -> str:
    measured, seconds = service.measured, service.setup.of_shard / service.processor
    return f"{seconds * measured.state_read:.2f}, {seconds * measured.state_write:.2f}"
