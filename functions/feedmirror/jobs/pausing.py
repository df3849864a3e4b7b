"""The kill switch: while an object of the archive has a body, the mirror stands still (design §5).

There is no delete, so whoever resumes overwrites it with nothing. Any body at all pauses: in a
hurry, a file that was put by hand stops the mirror as well.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from feedmirror.layout import PAUSED
from feedmirror.ports.object_store import Content, LostConditionError, ObjectStore
from feedmirror.stored import read_json

_SCHEMA = 1
_LONGEST_NOTE = 500


@dataclass(frozen=True, slots=True)
class Pause:
    """Since when the mirror stands still, if that is known, and why, if anybody said."""

    since: datetime | None
    note: str = ""

    def to_dict(self) -> dict[str, str | None]:
        """Return it as JSON has it."""
        since = None if self.since is None else self.since.isoformat()
        return {"since": since, "note": self.note}


@dataclass(frozen=True, slots=True)
class Switch:
    """Pauses the mirror and resumes it; every method may raise StoreUnavailableError."""

    archive: ObjectStore

    def look(self) -> Pause | None:
        """Return the pause, or None if the mirror runs."""
        return self._read()[0]

    def pause(self, *, since: datetime, note: str = "") -> Pause:
        """Pause the mirror and return the pause; one that began earlier stays as it is."""
        wanted = Pause(since, note[:_LONGEST_NOTE])
        body = json.dumps({"schema": _SCHEMA, **wanted.to_dict()}, ensure_ascii=False).encode()
        content = Content(body, "application/json", metadata={"paused": since.isoformat()})
        while True:
            known, etag = self._read()
            if known is not None:
                return known
            try:
                self.archive.put(PAUSED, content, replaces=etag)
            except LostConditionError:
                continue  # somebody else has thrown it meanwhile
            return wanted

    def resume(self, *, at: datetime) -> Pause | None:
        """End the pause and return it; None if there was none."""
        content = Content(b"", "application/json", metadata={"resumed": at.isoformat()})
        while True:
            known, etag = self._read()
            if known is None:
                return None
            try:
                self.archive.put(PAUSED, content, replaces=etag)
            except LostConditionError:
                continue
            return known

    def resumed(self) -> datetime | None:
        """Return when the last pause ended; None if there was none, or nobody said when."""
        found = self.archive.get(PAUSED)
        try:
            ended = datetime.fromisoformat(found.content.metadata["resumed"]) if found else None
        except (ValueError, KeyError):
            return None
        return ended if ended and ended.tzinfo else None

    def _read(self) -> tuple[Pause | None, str | None]:
        found = self.archive.get(PAUSED)
        if found is None:
            return None, None
        return (_pause(found.content.body) if found.content.body else None), found.etag


def _pause(body: bytes) -> Pause:
    """Read what stands there; what is none of ours pauses all the same."""
    try:
        fields: dict[str, Any] = read_json(body)
        since = datetime.fromisoformat(fields["since"])
        if fields["schema"] != _SCHEMA or since.tzinfo is None:
            return _by_hand(body)
        return Pause(since, str(fields["note"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        return _by_hand(body)


def _by_hand(body: bytes) -> Pause:
    return Pause(None, " ".join(body.decode(errors="replace").split())[:_LONGEST_NOTE])
