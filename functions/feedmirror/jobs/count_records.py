"""How many records each host has, counted by listing, and reading none."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from feedmirror.layout import RECORDS, records_prefix
from feedmirror.ports.object_store import ObjectStore
from feedmirror.ports.workers import Workers


@dataclass(frozen=True, slots=True)
class RecordCounts:
    """Records by host, tombstones among them: of the hosts asked for, and of any others."""

    by_host: Mapping[str, int]
    others: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class CountRecords:
    """Counts the records of an archive, as many hosts at once as there are workers."""

    archive: ObjectStore
    workers: Workers

    def run(self, hosts: Iterable[str]) -> RecordCounts:
        """Count all records. Each host begins a stretch of the keys that ends where the next does.

        What lies between two hosts that are asked for is of hosts that nobody asked for, and is
        found by the same requests: one for each host, and one for each thousand records beyond.
        """
        wanted = frozenset(hosts)
        starts = [RECORDS, *sorted(records_prefix(host) for host in wanted)]
        stretches = [*pairwise(starts), (starts[-1], "")]
        found: Counter[str] = Counter()
        for counted in self.workers.map(self._count, stretches):
            found += counted
        return RecordCounts(
            by_host={host: found[host] for host in sorted(wanted)},
            others={host: count for host, count in found.items() if host not in wanted},
        )

    def of(self, hosts: Sequence[str]) -> dict[str, int]:
        """Count the records of a few hosts, and look at no other."""
        counts = self.workers.map(
            lambda host: sum(1 for _ in self.archive.list(records_prefix(host))), hosts
        )
        return dict(zip(hosts, counts, strict=True))

    def _count(self, stretch: tuple[str, str]) -> Counter[str]:
        start, end = stretch
        found: Counter[str] = Counter()
        for summary in self.archive.list(RECORDS, after=start):
            if end and summary.key >= end:
                break
            found[summary.key.removeprefix(RECORDS).partition("/")[0]] += 1
        return found
