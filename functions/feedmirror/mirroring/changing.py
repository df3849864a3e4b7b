"""Values with other fields: a poll of a feed that is as it was leaves its state the same object."""

from dataclasses import replace
from typing import Any, TypeVar

T = TypeVar("T")


def changed(value: T, **fields: Any) -> T:  # noqa: ANN401 -- whatever the dataclass has
    """Return a dataclass with other fields, or itself where they are as they were.

    A feed's state has forty fields, and most polls change none of them: what is the same object
    needs no comparing, and is not written anew.
    """
    for name, new in fields.items():
        old = getattr(value, name)
        if old is not new and old != new:
            copied: T = replace(value, **fields)  # type: ignore[type-var]  # it is a dataclass
            return copied
    return value
