"""Outgoing mail as files: ``outbox/*.eml`` beside the store, which stays the truth."""

from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from feedmirror.adapters.outbox import OUTBOX
from feedmirror.ports.object_store import ObjectStore


@dataclass(frozen=True, slots=True)
class OutboxFiles:
    """Writes what is in the outbox and not yet in the folder, each file whole or not at all."""

    mail: ObjectStore
    folder: Path
    _written: set[str] = field(default_factory=set, init=False, repr=False)
    _one_at_a_time: Lock = field(default_factory=Lock, init=False, repr=False, compare=False)

    def export(self) -> list[Path]:
        """Write what is missing and return the files that were written.

        Raises StoreUnavailableError and OSError.
        """
        with self._one_at_a_time:
            names = (summary.key.removeprefix(OUTBOX) for summary in self.mail.list(OUTBOX))
            missing = [name for name in names if name not in self._written]
            return [path for name in missing if (path := self._write(name)) is not None]

    def _write(self, name: str) -> Path | None:
        path = self.folder / name
        found = None if path.exists() else self.mail.get(OUTBOX + name)
        if found is not None:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # claimants' addresses
            passing = path.with_suffix(".part")
            passing.write_bytes(found.content.body)
            passing.replace(path)
        self._written.add(name)
        return None if found is None else path
