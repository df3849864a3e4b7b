"""Workers: threads for a store across the network, a plain loop for one in this process."""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")
_thread = threading.local()


@dataclass(frozen=True, slots=True)
class Threads:
    """A pool of threads, kept between runs of a warm function."""

    pool: ThreadPoolExecutor

    def map(self, function: Callable[[T], R], values: Iterable[T]) -> list[R]:
        """Run the calls at once, as many as the pool has threads.

        Inside such a call they run one by one: threads that wait for threads of the same pool wait
        for ever.
        """
        if getattr(_thread, "working", False):
            return [function(value) for value in values]

        def work(value: T) -> R:
            _thread.working = True
            return function(value)

        return list(self.pool.map(work, values))


class InOrder:
    """One after another: the embedded store answers faster than a thread starts."""

    def map(self, function: Callable[[T], R], values: Iterable[T]) -> list[R]:
        """Run the calls one by one."""
        return [function(value) for value in values]
