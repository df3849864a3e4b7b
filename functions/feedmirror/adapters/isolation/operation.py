"""What a child process does for its parent: operations, each a function of JSON and bytes."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from feedmirror.adapters.isolation.frames import Json

# Asks the parent something in the middle of an operation, by a name and JSON, and gets JSON.
Ask: TypeAlias = Callable[[str, Json], Json]
Operation: TypeAlias = Callable[[Json, bytes, Ask], Json]
Operations: TypeAlias = Mapping[str, Operation]


class RefusedError(Exception):
    """An operation's own answer that it cannot be done with this, in words for the operator."""
