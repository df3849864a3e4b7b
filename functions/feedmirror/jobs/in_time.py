"""Asking nobody more when time is short: what was asked then still comes, and is read."""

from collections.abc import Callable, Iterable, Iterator

from feedmirror.ports.fetching import FetchRequest


def in_time(
    requests: Iterable[FetchRequest], *, is_short: Callable[[], bool]
) -> Iterator[FetchRequest]:
    """Yield requests until time is short, and the first in any case, so that each call gets on.

    A fetcher takes requests in a thread of its own, in which ``is_short`` is then called. It takes
    those ahead that wait for a server; they are asked in their turn, unless nobody takes outcomes.
    """
    for number, request in enumerate(requests):
        if number and is_short():
            return
        yield request
