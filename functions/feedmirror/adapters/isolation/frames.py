"""Frames between a parent and its child process: a head of JSON, and a body of bytes.

Eight bytes say how long the two are, so that a document needs no encoding on its way.
"""

import json
import struct
from typing import Any, TypeAlias

from feedmirror.stored import read_json

Json: TypeAlias = Any  # whatever JSON can say
LENGTHS = struct.Struct(">II")  # of the head and of the body


class NoFrameError(Exception):
    """What came is no frame, or one larger than any that is taken."""


def frame(head: Json, body: bytes = b"") -> bytes:
    """Return the bytes of a frame. Raises ValueError if the head is no JSON.

    Half a pair of surrogates becomes a question mark: no text that holds one can be stored.
    """
    text = json.dumps(head, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    encoded = text.encode("utf-8", "replace")
    return LENGTHS.pack(len(encoded), len(body)) + encoded + body


def head_of(encoded: bytes, *, most_values: int) -> Json:
    """Return what a head says; raises NoFrameError, and nothing else.

    Who wrote it may mean harm: two bytes of JSON can become a hundred of memory, so what may hold
    more than ``most_values`` values is not parsed at all. It is read as strictly as what is stored:
    one text that cannot be written out again would keep a whole shard from being saved.
    """
    if sum(map(encoded.count, (b"[", b"{", b","))) > most_values:
        raise NoFrameError("it holds too many values")
    try:
        return read_json(encoded)
    except ValueError as error:
        raise NoFrameError(f"it is no JSON: {error!r}"[:200]) from error
