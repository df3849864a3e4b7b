"""A child process: it limits itself, loads one module's operations, and does what it is told.

Started as ``python -m feedmirror.adapters.isolation.child MODULE MEMORY SECONDS``. The module's
``operations()`` loads all that they need and returns them by name. Standard input brings calls,
standard output takes answers away, in frames; when the input ends, so does the process.
"""

import importlib
import json
import os
import sys
from pyexpat import EXPAT_VERSION

from feedmirror.adapters.isolation import confinement
from feedmirror.adapters.isolation.frames import LENGTHS, Json, frame
from feedmirror.adapters.isolation.operation import Operations, RefusedError

_IN, _OUT = 0, 1
_LONGEST = 1000  # characters of an error


def main() -> None:
    """Do what the parent asks for until it asks no more."""
    module, memory, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    # What libraries print is no frame.
    sys.stdin = sys.stdout = None
    confinement.confine(memory)
    try:
        operations: Operations = importlib.import_module(module).operations()
    except Exception as error:  # noqa: BLE001 -- whatever it is, the parent has to know
        _write(frame({"unable": _words(error)}))
        return
    statm = confinement.shut_in()
    confinement.allow_seconds(seconds)
    _write(frame({"ready": EXPAT_VERSION}))
    while True:
        answer = _done(operations, *_read())
        # Memory is seldom given back in pieces; the next document is to find as much as this one.
        _write(frame({**answer, "last": confinement.taken(statm) > memory // 2}))
        confinement.allow_seconds(seconds)


def _done(operations: Operations, head: Json, body: bytes) -> dict[str, Json]:
    """Do one thing, and return what came of it."""
    name, arguments = head["call"]
    try:
        return {"result": operations[name](arguments, body, _ask)}
    except RefusedError as error:
        return {"refused": str(error)[:_LONGEST]}
    except Exception as error:  # noqa: BLE001 -- what a document provokes is told like all else
        return {"failed": _words(error)}


def _ask(name: str, arguments: Json) -> Json:
    """Ask the parent something, and wait for what it says."""
    _write(frame({"ask": [name, arguments]}))
    head, _ = _read()
    return head["answer"]


def _words(error: Exception) -> str:
    return repr(error)[:_LONGEST]


def _read() -> tuple[Json, bytes]:
    """Read one frame; the end of the input ends the process."""
    head, body = LENGTHS.unpack(_exactly(LENGTHS.size))
    return json.loads(_exactly(head)), _exactly(body)


def _exactly(size: int) -> bytes:
    found = bytearray()
    while len(found) < size:
        part = os.read(_IN, min(size - len(found), 1 << 20))
        if not part:
            os._exit(0)
        found += part
    return bytes(found)


def _write(data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(_OUT, view) :]


if __name__ == "__main__":
    main()
