"""Workers: threads for a store across the network, a plain loop for one in this process."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Threads:
    """A pool of threads, kept between runs of a warm function."""

    pool: ThreadPoolExecutor

    def map(self, function: Callable[[T], R], values: Iterable[T]) -> list[R]:
        """Run the calls at once, as many as the pool has threads."""
        return list(self.pool.map(function, values))


class InOrder:
    """One after another: the embedded store answers faster than a thread starts."""

    def map(self, function: Callable[[T], R], values: Iterable[T]) -> list[R]:
        """Run the calls one by one."""
        return [function(value) for value in values]
