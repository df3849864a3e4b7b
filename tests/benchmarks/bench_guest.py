"""A month as a guest: the mirror beside the library ``reader`` and a half-hourly cron line.

``python tests/benchmarks/bench_guest.py [days]`` prints what each cost twelve publishers on
loopback (``tests/months.py``) in requests and bytes, and how long after its date it had each post.
Ours may poll each feed every half hour and is woken every five minutes; ``reader`` is on its own
schedule; the cron line runs feedparser, with validators and without. Nobody sleeps: the month is
virtual, and takes some minutes.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from guests import CRON, OURS, PLAIN, READER, Visit, visits
from months import Figures

HEAD = f"{'':18} {'requests':>8} {'beside':>6} {'MB':>7} {'posts':>5} {'missed':>6}"
WAITS = f"{'median':>8} {'mean':>8} {'9 of 10':>8}  by status"


def line(name: str, figures: Figures) -> str:
    """Return one row; waits are in minutes."""
    counts = f"{figures.requests:8} {figures.beside:6} {figures.size / 1e6:7.1f}"
    had = f"{len(figures.waits):5} {figures.missed:6}"
    waits = f"{figures.usual:8.1f} {figures.mean:8.1f} {figures.late:8.1f}"
    statuses = ", ".join(f"{each}: {figures.statuses[each]}" for each in sorted(figures.statuses))
    return f"{name:18} {counts} {had} {waits}  {statuses}"


def table(visit: Visit) -> list[str]:
    """Return a client's rows by feed."""
    return [f"\n{visit.client}", *(line(f"  {name}", one) for name, one in visit.by_feed.items())]


def main() -> None:
    """Print the tables."""
    days = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    found = visits((OURS, PLAIN, READER, CRON), days)
    rows = [f"{HEAD} {WAITS}", *(line(visit.client, visit.whole) for visit in found)]
    print("\n".join(rows + [row for visit in found for row in table(visit)]))  # noqa: T201 -- what a benchmark is for


if __name__ == "__main__":
    main()
