"""The parsers put together: one child process, started when there is something to parse."""

from functools import cache
from typing import TYPE_CHECKING

from feedmirror.adapters.isolation.feed_parsers import IsolatedParsers
from feedmirror.mirroring.parsing import Parsers
from feedmirror.settings import is_lambda

if TYPE_CHECKING:
    from feedmirror.adapters.isolation.child_process import ChildProcess

_ON_A_BUSY_MACHINE = 120.0  # seconds


def feed_parsers() -> Parsers:
    """Return the parsers of one run; all runs of this process share the child."""
    return IsolatedParsers(_feed_child)


@cache
def _feed_child() -> "ChildProcess":
    from feedmirror.adapters.isolation.child_process import (  # noqa: PLC0415 -- most polls bring no document
        ChildProcess,
        Limits,
    )

    # Where others take the processor as well, five seconds of it may take a minute.
    limits = Limits() if is_lambda() else Limits(seconds=_ON_A_BUSY_MACHINE)
    return ChildProcess("feedmirror.adapters.isolation.feed_operations", limits)
