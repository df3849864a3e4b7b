"""The child process that reads mails, but for a poison that it never comes to an end with."""

from typing import Any

from feedmirror.adapters.isolation import mail_operations
from feedmirror.adapters.isolation.mail_reader import READ
from feedmirror.adapters.isolation.operation import Ask, Operations

POISON = "poison"


def operations() -> Operations:
    """Return the real operation, which a mail can poison."""
    read = mail_operations.operations()[READ]

    def poisonable(arguments: Any, mail: bytes, ask: Ask) -> Any:  # noqa: ANN401 -- JSON
        while POISON.encode() in mail:
            pass
        return read(arguments, mail, ask)

    return {READ: poisonable}
