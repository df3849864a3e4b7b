"""A mirror with its takedown function in memory: made, copied and disturbed by the thousand.

Every call of a store and every mail that leaves is noted in one list, in order, and may be made to
fail before or after it happens.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Self

from feedmirror.adapters.workers import InOrder
from feedmirror.layout import RECOVERY
from feedmirror.ports.mail import MailUnavailableError
from feedmirror.ports.object_store import StoredObject, StoreUnavailableError
from feedmirror.wiring.stores import Stores
from memory_store import MemoryStore
from takedown_world import Alarms, TakedownWorld
from world import Documents, Requests


class CrashError(BaseException):
    """The process dies: no handler of ours may catch it."""


@dataclass
class Post:
    """SES as far as sending goes: every mail that it takes gets an id of its own."""

    requests: Requests
    left: list[EmailMessage] = field(default_factory=list)

    def send(self, mail: bytes, *, sender: str, recipient: str) -> str:
        """Take a mail; it may fail like a call of a store, before it took it or after."""
        assert sender
        self.requests.asked.append(("send", recipient))
        self.requests.before("send", recipient)
        parsed = BytesParser(policy=policy.default).parsebytes(mail)
        assert isinstance(parsed, EmailMessage)
        self.left.append(parsed)
        self.requests.after("send", recipient)
        return f"sent-{len(self.left)}"


class MemoryWorld(TakedownWorld):
    """One mirror, whoever writes to it, and all that can go wrong."""

    def __init__(self, documents: Documents) -> None:
        stores = Stores(MemoryStore(), MemoryStore(), MemoryStore(), workers=InOrder())
        super().__init__(Path("memory"), documents, stores=stores, mail=MemoryStore())
        self.post = Post(self.requests)
        self.mailer = self.post
        self.expired = 0  # recovery copies

    def copy(self) -> Self:
        """Return a world that goes on from here by itself; the publisher is the same."""
        other = copy.copy(self)
        archive, site, ledger, mail = map(_copied, self.buckets)
        other.stores = Stores(archive, site, ledger, workers=InOrder())
        other.mail = mail
        other.requests, other.alarms = Requests(), Alarms()
        other.post = Post(other.requests, list(self.post.left))
        other.mailer = other.post
        other.feeds, other._nonces, other._mails = (  # noqa: SLF001 -- its own kind
            list(self.feeds),
            copy.copy(self._nonces),
            copy.copy(self._mails),
        )
        return other

    @property
    def buckets(self) -> tuple[MemoryStore, ...]:
        """Archive, site, ledger and mail."""
        found = (self.stores.archive, self.stores.site, self.stores.ledger, self.mail)
        return tuple(store for store in found if isinstance(store, MemoryStore))

    def expire_copies(self) -> None:
        """Let recovery copies go that are past their date, as the bucket's lifecycle rule does."""
        keep_for = timedelta(days=self.mirror.recovery_days)

        def is_past(kept: StoredObject) -> bool:
            return datetime.fromisoformat(kept.content.metadata["taken"]) + keep_for < self.now

        self.expired += self.buckets[3].expire(RECOVERY, is_past)

    def sent(self) -> list[EmailMessage]:
        """Return every mail that left, oldest first."""
        return self.post.left

    def disturb(self, call: int, happens: Callable[[str, str], object], *, when: str) -> Requests:
        """Let something happen at one call from now on: before it is done, or after."""

        def hook(method: str, key: str) -> None:
            if len(self.requests.asked) == call:
                self.calm()
                happens(method, key)

        requests = self.watch()
        self.calm()
        setattr(requests, when, hook)
        return requests

    def calm(self) -> None:
        """Let nothing happen any more."""
        self.requests.before = self.requests.after = lambda *_: None


def fail(method: str, key: str) -> None:
    """Fail as a store does, or SES: for now."""
    if method == "send":
        raise MailUnavailableError(key)
    raise StoreUnavailableError(f"{method} {key}")


def crash(method: str, key: str) -> None:
    """Die."""
    raise CrashError(f"{method} {key}")


def _copied(store: MemoryStore) -> MemoryStore:
    return store.copy()
