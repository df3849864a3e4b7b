"""Many things taken a bounded number at a time."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

BATCH = 500  # objects looked at together

T = TypeVar("T")


def batches(values: Iterable[T], size: int = BATCH) -> Iterator[list[T]]:
    """Yield the values in lists of no more than a size."""
    left = iter(values)
    while batch := list(islice(left, size)):
        yield batch
