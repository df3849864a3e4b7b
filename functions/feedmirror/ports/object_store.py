"""The object store: all that the mirror asks of S3, or of the embedded store in its place."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum, auto
from itertools import islice
from typing import Protocol

_ONE_PAGE = 1000  # keys of one list request (AWS: ListObjectsV2)
_BEHIND_SLASH = "0"  # what sorts next to it, so that a folder's own keys are passed by


class LostConditionError(Exception):
    """The key was not in the state that a conditional put required; nothing was written."""


class Fault(StrEnum):
    """What keeps a store from answering, where whoever set it up can mend that."""

    NO_CREDENTIALS = auto()
    NO_PROFILE = auto()
    EXPIRED = auto()  # the credentials
    UNKNOWN_CREDENTIALS = auto()
    REFUSED = auto()  # to these credentials
    CLOCK = auto()  # this machine's is wrong
    NO_BUCKET = auto()
    NO_REGION = auto()
    OTHER_REGION = auto()
    UNREACHABLE = auto()
    NO_ADDRESS = auto()  # the endpoint's is none
    NO_DATABASE = auto()
    DAMAGED = auto()
    LOCKED = auto()
    FULL = auto()
    NOT_OPENED = auto()
    UNKNOWN = auto()


class StoreUnavailableError(Exception):
    """The store did not answer as it should, also after retries: the caller may try again later.

    ``place`` is where it was asked for what, and ``fault`` why it did not answer, if that is known.
    """

    def __init__(self, message: str, *, fault: Fault = Fault.UNKNOWN, place: str = "") -> None:
        """Keep what happened in one line, and what the line was made of."""
        super().__init__(message)
        self.fault = fault
        self.place = place


@dataclass(frozen=True, slots=True)
class Content:
    """What is put: a body, and how it is served and described."""

    body: bytes
    content_type: str
    cache_control: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What is got: the content and the ETag that a conditional put names."""

    content: Content
    etag: str


@dataclass(frozen=True, slots=True)
class ObjectSummary:
    """What a listing, or a head, tells of one object; ``size`` is in bytes.

    ``metadata`` is what a head tells besides; a listing tells none.
    """

    key: str
    etag: str
    size: int
    metadata: Mapping[str, str] = field(default_factory=dict)


class ObjectStore(Protocol):
    """One bucket, with S3's strong consistency; every method may raise StoreUnavailableError."""

    def get(self, key: str) -> StoredObject | None:
        """Return the object under a key, or None if there is none."""

    def head(self, key: str) -> ObjectSummary | None:
        """Return what is known of the object under a key, or None if there is none."""

    def put(self, key: str, content: Content, *, replaces: str | None) -> str:
        """Write under a condition and return the new ETag; there is no other kind of put.

        ``replaces`` is the ETag that the key must have now (``If-Match``); None means that the key
        must not exist (``If-None-Match: *``). Raises LostConditionError if that is not so.
        """

    def list(self, prefix: str, *, after: str = "") -> Iterator[ObjectSummary]:
        """Yield the objects whose keys start with the prefix and sort behind ``after``, by key."""


def keys_of_one_page(store: ObjectStore, prefix: str) -> list[str] | None:
    """Return all keys under a prefix if one request lists them, or None if there may be more."""
    page = [found.key for found in islice(store.list(prefix), _ONE_PAGE)]
    return page if len(page) < _ONE_PAGE else None


def folders(store: ObjectStore, prefix: str) -> Iterator[str]:
    """Yield the names of the folders right below a prefix, one request each, in order of keys."""
    after = ""
    while (found := next(iter(store.list(prefix, after=after)), None)) is not None:
        name, slash, _ = found.key.removeprefix(prefix).partition("/")
        if slash:
            yield name
        after = f"{prefix}{name}{_BEHIND_SLASH}" if slash else found.key
