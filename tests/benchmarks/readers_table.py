"""The tables of ``bench_readers.py``, as Markdown: costs, requests, and the targets, met or not."""

from collections import Counter
from collections.abc import Callable, Iterator
from statistics import median
from typing import NamedTuple

from benchmarks.rounds import FEW, Comparison, Run

NAMES = {
    "ours": "feedmirror, embedded store",
    "ours-s3": "feedmirror, S3 by boto3",
    "reader": "reader",
    "reader-8": "reader, 8 workers",
    "fastfeedparser": "fastfeedparser + aiohttp",
    "feedparser": "feedparser + libcurl",
    "floor": "libcurl alone",
}
DOES = """\
feedmirror keeps each item with its credit as a record, a marker and a page, and makes every host's
pages and feeds and the front; it sanitises by an allowlist, asks robots.txt and files of terms once
a day, and parses in a child process, which is counted. reader keeps feeds and entries in SQLite and
publishes nothing. The loops keep validators and the ids of entries, and nothing that was written;
libcurl alone decodes the bodies and throws them away."""
_SHARD = {"archive/state", "ledger/lifts", "ledger/suppressions"}


class Verdict(NamedTuple):
    """A target of performance.md §6, what was measured, and whether that meets it."""

    what: str
    measured: float
    at_most: float
    unit: str = "x"

    @property
    def met(self) -> bool:
        """Whether it is met."""
        return self.measured <= self.at_most


def tables(found: Comparison) -> str:
    """Return all tables, and what each client does for its cost."""
    parts = [_costs(found), DOES, _memory(found), _asked(found), _s3(found), targets_table(found)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _costs(found: Comparison) -> str:
    """Processor seconds with their ratio to reader's, and what was new on the first poll."""
    kind = "real feeds of the corpus" if found.real else "written feeds (there is no corpus here)"
    rounds = len(next(iter(found.runs.values())))
    title = (
        f"{found.publishing.feeds:,} {kind}, of which {found.ticks} have a new entry in “tick”; "
        f"processor seconds with child processes, median of {rounds} rounds (times reader's)"
    )
    rows = []
    for client in found.clients:
        cells = [_cost(found, client, scene) for scene in found.scenes]
        new = found.of(client, found.scenes[0])[0].told["new"]
        rows.append([NAMES[client], *cells, f"{new:,}" if new else "-"])
    return f"{title}\n\n" + _table(["", *found.scenes, "new at first"], rows)


def _cost(found: Comparison, client: str, scene: str) -> str:
    ratio = found.ratio(client, "reader", scene)
    seconds = f"{found.cpu(client, scene):.2f}"
    return seconds if ratio is None else f"{seconds} ({ratio:.2f})"


def _memory(found: Comparison) -> str:
    """Peak memory, with the child process's apart; of the dearest scenes what else they took."""
    first, last = found.scenes[0], found.scenes[-1]
    rows = []
    for client in found.clients:
        costs = {scene: found.of(client, scene)[0].cost for scene in found.scenes}
        peaks = [f"{cost.peak:.0f} + {cost.child_peak:.0f}" for cost in costs.values()]
        children = [f"{costs[scene].child_cpu:.1f}" for scene in (first, last)]
        walls = [f"{costs[scene].wall:.1f}" for scene in (first, last)]
        rows.append([NAMES[client], *peaks, *children, *walls])
    more = [f"{what}, {scene}" for what in ("child's CPU s", "clock s") for scene in (first, last)]
    return _table(["peak MB, own + child's", *found.scenes, *more], rows)


def _asked(found: Comparison) -> str:
    """HTTP requests that the publishers counted, and how fast; how busy they were."""
    rows = []
    for client in found.clients:
        runs = [found.of(client, scene)[0] for scene in found.scenes]
        cells = [f"{run.polls:,} + {run.asked.by_kind['beside']:,}" for run in runs]
        fastest = max(sum(run.asked.by_kind.values()) / run.cost.wall for run in runs)
        busiest = max(run.busy for run in runs)
        rows.append([NAMES[client], *cells, f"{fastest:,.0f}", f"{busiest:.0%}"])
    head = ["requests, feeds + beside", *found.scenes, "most a second", "publishers busy"]
    return _table(head, rows)


def _s3(found: Comparison) -> str:
    """S3 requests by kind."""
    if "ours-s3" not in found.clients:
        return ""
    rows = []
    for scene in found.scenes:
        run = found.of("ours-s3", scene)[0]
        counted = by_method(run)
        cells = [f"{counted[method]:,}" for method in ("GET", "HEAD", "PUT", "LIST")]
        for_shard = by_method(run, _SHARD)
        shard = ", ".join(f"{count} {method}" for method, count in sorted(for_shard.items()))
        rows.append([scene, *cells, shard, f"{run.told['new']:,}"])
    head = ["S3 requests", "GET", "HEAD", "PUT", "LIST", "of which state and rules", "new items"]
    return _table(head, rows)


def by_method(run: Run, kinds: set[str] | None = None) -> Counter[str]:
    """Return a run's S3 requests by method, of all or some kinds of keys."""
    counted: Counter[str] = Counter()
    for (method, kind), number in run.s3.items():
        if kinds is None or kind in kinds:
            counted[method] += number
    return counted


def targets_table(found: Comparison) -> str:
    """The targets that this run can tell of."""
    rows = [
        [
            each.what,
            f"{each.at_most:.3g} {each.unit}",
            f"{each.measured:.3g} {each.unit}",
            "met"
            if each.met
            else f"not met: {each.measured / each.at_most:.1f} times"
            if each.at_most
            else "not met",
        ]
        for each in verdicts(found)
    ]
    return _table(["target", "at most", "measured", ""], rows)


def verdicts(found: Comparison) -> Iterator[Verdict]:
    """Yield what the run says of each target; a peer or scene that is missing says nothing."""
    against = (
        ("cold, embedded store, to reader", "ours", "cold", 1),
        ("cold, S3, to reader", "ours-s3", "cold", 2),
        ("all 304, S3, to reader", "ours-s3", "all 304", 1 / 6),
        ("tick, S3, to reader", "ours-s3", "tick", 1 / 4),
        ("same bytes, S3, to reader", "ours-s3", "same bytes", 1 / 25),
        ("only dates move, S3, to reader", "ours-s3", "dates move", 1 / 10),
    )
    for what, client, scene, at_most in against:
        ratio = found.ratio(client, "reader", scene)
        if ratio is not None:
            yield Verdict(what, ratio, at_most)
    if "ours-s3" in found.clients and found.scenes[:3] == ["cold", "all 304", "tick"]:
        yield from _own(found)


def _own(found: Comparison) -> Iterator[Verdict]:
    """Yield the targets that need no peer."""
    client = "ours-s3"
    cold, still, tick = (found.of(client, scene)[0] for scene in found.scenes[:3])
    polls = found.publishing.feeds - FEW
    unchanged = 1000 * (found.cpu(client, "all 304") - found.starts[client]) / polls
    yield Verdict("an unchanged poll beyond the start", unchanged, 0.5, "ms")
    changed = 1000 * (found.cpu(client, "tick") - found.cpu(client, "all 304")) / found.ticks
    yield Verdict("a changed poll, with its puts", changed, 15, "ms")
    each = 1000 * found.cpu(client, "cold") / max(cold.told["new"], 1)
    yield Verdict("an item, cold", each, 4, "ms")
    yield Verdict(
        "peak, cold, with the child", _peak(found, lambda scene: scene == "cold"), 128, "MB"
    )
    yield Verdict(
        "peak, later, with the child", _peak(found, lambda scene: scene != "cold"), 100, "MB"
    )
    everything, shard = by_method(still), by_method(still, _SHARD)
    shards = found.publishing.shards
    for method in ("GET", "PUT", "LIST"):
        yield Verdict(f"all 304: {method}, all", everything[method] / shards, 1, "a shard")
        each = shard[method] / shards
        yield Verdict(f"all 304: {method}, of state and rules alone", each, 1, "a shard")
    new = max(tick.told["new"], 1)
    # With its page these are the three puts of an item; where its link leads to another host than
    # its feed's it has a second marker (design §3.1), and the target is missed.
    own = by_method(tick, {"archive/addresses", "archive/items"})
    yield Verdict("tick: PUT of marker and record", own["PUT"] / new, 2, "an item")
    yield Verdict("tick: HEAD, of listings as well", by_method(tick)["HEAD"] / new, 0, "an item")


def _peak(found: Comparison, counts: Callable[[str], bool]) -> float:
    """Return the most memory of our process and its child in some scenes, the median of rounds."""
    return max(
        median(run.cost.both for run in found.of("ours-s3", scene))
        for scene in found.scenes
        if counts(scene)
    )
