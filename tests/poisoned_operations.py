"""The operations of the mirror function's child, in parsers that a word can crash."""

import json
import os
import signal
from functools import partial

from feedmirror.adapters.isolation import feed_operations
from feedmirror.adapters.isolation.frames import Json
from feedmirror.adapters.isolation.operation import Ask, Operation, Operations

POISON = "crash-this-parser"


def operations() -> Operations:
    """Return the operations as they are, but for the word."""
    found = feed_operations.operations()
    return {name: partial(_done, operation) for name, operation in found.items()}


def _done(operation: Operation, arguments: Json, body: bytes, ask: Ask) -> Json:
    in_document = body.startswith(f"<!--{POISON}".encode())
    if in_document or POISON in json.dumps(arguments):
        os.kill(os.getpid(), signal.SIGSEGV)
    return operation(arguments, body, ask)
