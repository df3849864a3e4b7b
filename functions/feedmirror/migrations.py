"""Stored forms move on: what was written under an earlier schema is read as the newest has it.

A step is a pure function from one schema's fields to the next one's. Steps are applied when
something is read; what is written is always of the newest schema, so nothing has to be converted.
"""

from collections.abc import Callable, Mapping
from typing import Any

Fields = Mapping[str, Any]
Steps = Mapping[int, Callable[[Fields], Fields]]  # by the schema that each begins at


class NewerSchemaError(Exception):
    """What was stored by a later feedmirror than this; it must not be guessed at."""


def newest_schema(steps: Steps) -> int:
    """Return the schema that the last step leads to; without any step it is the first."""
    return max(steps, default=0) + 1


def migrated(fields: Fields, steps: Steps) -> dict[str, Any]:
    """Return stored fields as the newest schema has them.

    Raises NewerSchemaError, and ValueError or KeyError for a schema that there never was.
    """
    schema, newest = fields["schema"], newest_schema(steps)
    if type(schema) is not int or schema < 1:
        raise ValueError(f"there is no schema {schema!r}")
    if schema > newest:
        raise NewerSchemaError(
            f"of schema {schema}, and this feedmirror knows {newest}: upgrade feedmirror"
        )
    for number in range(schema, newest):
        fields = steps[number](fields)
    return {**fields, "schema": newest}
