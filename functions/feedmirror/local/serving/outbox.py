"""Outgoing mail as files: ``outbox/*.eml`` beside the store, which stays the truth."""

from contextlib import suppress
from dataclasses import dataclass, field
from email import policy
from email.parser import BytesHeaderParser
from pathlib import Path
from threading import Lock

from feedmirror.adapters.outbox import OUTBOX
from feedmirror.ports.object_store import Content, LostConditionError, ObjectStore

EXPORTED = "exported/"


@dataclass(frozen=True, slots=True)
class OutboxFile:
    """A mail that was written to a file, and for whom it is."""

    path: Path
    recipient: str


@dataclass(frozen=True, slots=True)
class OutboxFiles:
    """Writes each mail of the outbox to the folder, once and whole or not at all.

    ``exported/<name>`` beside it says that it was written, so what an operator has sent and taken
    away does not come back.
    """

    mail: ObjectStore
    folder: Path
    _written: set[str] = field(default_factory=set, init=False, repr=False)
    _one_at_a_time: Lock = field(default_factory=Lock, init=False, repr=False, compare=False)

    def export(self) -> list[OutboxFile]:
        """Write what was not written yet and return it.

        Raises StoreUnavailableError and OSError.
        """
        with self._one_at_a_time:
            if not self._written:
                self._written.update(_names(self.mail, EXPORTED))
            missing = [name for name in _names(self.mail, OUTBOX) if name not in self._written]
            return [file for name in missing if (file := self._write(name)) is not None]

    def _write(self, name: str) -> OutboxFile | None:
        path = self.folder / name
        found = None if path.exists() else self.mail.get(OUTBOX + name)
        if found is not None:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # claimants' addresses
            passing = path.with_suffix(".part")
            passing.write_bytes(found.content.body)
            passing.replace(path)
        with suppress(LostConditionError):  # another process has said so
            self.mail.put(EXPORTED + name, Content(b"", "text/plain"), replaces=None)
        self._written.add(name)
        return OutboxFile(path, recipient_of(found.content.body)) if found is not None else None


def recipient_of(mail: bytes) -> str:
    """Return for whom a mail of ours is."""
    head = BytesHeaderParser(policy=policy.default).parsebytes(mail)
    return str(head["To"] or "nobody")


def _names(mail: ObjectStore, prefix: str) -> list[str]:
    return [summary.key.removeprefix(prefix) for summary in mail.list(prefix)]
