"""The parsers put together: one child process, started when there is something to parse."""

from functools import cache
from typing import TYPE_CHECKING

from feedmirror.adapters.isolation.feed_parsers import IsolatedParsers
from feedmirror.mirroring.parsing import Parsers

if TYPE_CHECKING:
    from feedmirror.adapters.isolation.child_process import ChildProcess


def feed_parsers() -> Parsers:
    """Return the parsers of one run; all runs of this process share the child."""
    return IsolatedParsers(_feed_child)


@cache
def _feed_child() -> "ChildProcess":
    from feedmirror.adapters.isolation.child_process import ChildProcess  # noqa: PLC0415 -- most polls bring no document

    return ChildProcess("feedmirror.adapters.isolation.feed_operations")
