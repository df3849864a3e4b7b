"""When each challenge was last looked at: one object of the archive, while there is a challenge.

A cache like poll state: losing it costs requests.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from feedmirror.layout import LOOKS
from feedmirror.ports.object_store import (
    Content,
    LostConditionError,
    ObjectStore,
    StoreUnavailableError,
)
from feedmirror.stored import read_json

_MOST = 100  # challenges that one run takes up
_ATTEMPTS = 4  # to write against other runs
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Look:
    """What the last look at a challenge left: at which version of it, and when its host was asked.

    ``read`` tells that a document of its feed has been read since the challenge is known: a token
    put there later changes the document, so from then on an unchanged one need not be fetched.
    """

    etag: str = ""
    asked: datetime | None = None
    ended: bool = False
    read: bool = False


Looks = Mapping[str, Look]  # by the challenges' keys


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenLooks:
    """Keeps the looks; both methods may raise StoreUnavailableError."""

    archive: ObjectStore
    nonce: Callable[[], str]

    def load(self) -> tuple[Looks, str | None]:
        """Return the looks and their ETag; what cannot be read is as good as lost."""
        found = self.archive.get(LOOKS)
        if found is None:
            return {}, None
        try:
            fields = read_json(found.content.body)["looks"]
            return {key: _look(values) for key, values in fields.items()}, found.etag
        except (ValueError, KeyError, TypeError, AttributeError):
            return {}, found.etag

    def put(self, looks: Looks, etag: str | None) -> bool:
        """Write the looks; return whether no other run has written meanwhile."""
        rows = {
            key: [look.etag, look.asked and look.asked.isoformat(), look.ended, look.read]
            for key, look in looks.items()
        }
        fields = {"schema": 1, "looks": rows, "nonce": self.nonce()}
        body = json.dumps(fields, separators=(",", ":")).encode()
        try:
            self.archive.put(LOOKS, Content(body, "application/json"), replaces=etag)
        except LostConditionError:
            return False
        return True

    def mark_read(self, read: Mapping[str, bool]) -> None:
        """Note of which challenges' feeds a document has been read, or is to be read again."""
        for _ in range(_ATTEMPTS):
            looks, etag = self.load()
            fresh = {
                key: replace(look, read=read.get(key, look.read)) for key, look in looks.items()
            }
            if fresh == looks or self.put(fresh, etag):
                return
        raise StoreUnavailableError(f"{LOOKS}: other runs keep writing it")


def taken_up(listed: Mapping[str, str], looks: Looks) -> list[str]:
    """Return the challenges of a listing (ETags by key) that a run reads, longest waiting first.

    One that had ended is read again only if it is another version now.
    """
    known = {key: looks.get(key, Look()) for key in listed}
    waiting = [key for key, look in known.items() if not (look.ended and look.etag == listed[key])]
    return sorted(waiting, key=lambda key: known[key].asked or _NEVER)[:_MOST]


def looked(
    looks: Looks,
    *,
    listed: Mapping[str, str],
    seen: Mapping[str, Look],
    asked: Collection[str],
    now: datetime,
) -> Looks:
    """Return the looks after a look at some challenges (``seen``: their versions and ends).

    One that was not taken up is not looked for in the feeds of this run either, so it is not
    ``read`` any more.
    """
    fresh = {key: replace(looks.get(key, Look(listed[key])), read=False) for key in listed}
    for key, look in seen.items():
        last = looks.get(key, Look())
        fresh[key] = replace(
            look,
            asked=now if key in asked else last.asked,
            read=last.read and last.etag == look.etag,
        )
    return fresh


def due(keys: Collection[str], looks: Looks, now: datetime) -> frozenset[str]:
    """Return the challenges whose hosts have not been asked in this clock hour, for any of them."""
    this_hour = {_folder(key) for key, look in looks.items() if _in_hour_of(look.asked, now)}
    return frozenset(key for key in keys if _folder(key) not in this_hour)


def _in_hour_of(asked: datetime | None, now: datetime) -> bool:
    hours = [moment.replace(minute=0, second=0, microsecond=0) for moment in (asked or _NEVER, now)]
    return hours[0] == hours[1]


def _folder(key: str) -> str:
    return key.rpartition("/")[0]


def _look(values: Sequence[Any]) -> Look:
    etag, asked, ended, read = values
    moment = datetime.fromisoformat(asked) if asked else None
    return Look(str(etag), moment and moment.astimezone(UTC), ended is True, read is True)
