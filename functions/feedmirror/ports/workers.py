"""Doing many independent things at once, where the other end is far enough away to gain by it."""

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Workers(Protocol):
    """Runs one function over many values."""

    def map(self, function: Callable[[T], R], values: Iterable[T]) -> list[R]:
        """Return the results in the order of the values; the first exception is raised."""
