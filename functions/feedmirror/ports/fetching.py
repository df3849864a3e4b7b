"""Fetching: what a poll sends to a publisher, and what comes back."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True, slots=True)
class FetchRequest:
    """One conditional GET; the validators are opaque and sent back byte for byte (rule V1).

    ``pause`` are seconds to leave between it and the next request to the same server, ``barred``
    addresses that no redirect is followed to, since their robots.txt forbids them.
    """

    url: str
    etag: str | None = None
    last_modified: str | None = None
    pause: float = 0.0
    barred: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hop:
    """One redirect on the way: the status, and the address that it led to."""

    status: int
    url: str


@dataclass(frozen=True, slots=True)
class Fetched:
    """A whole answer of any status; the body is decoded and complete, header names lower-case."""

    request: FetchRequest
    status: int
    url: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    hops: tuple[Hop, ...] = ()


class FetchFailure(StrEnum):
    """Why there is no whole answer."""

    ADDRESS = "address"  # malformed, not http(s), or not an address of the public internet
    NAME = "name"  # the host's name has no address
    CONNECTION = "connection"  # refused, reset, or cut short
    TLS = "tls"
    TIMEOUT = "timeout"
    TOO_LARGE = "too large"
    ENCODING = "encoding"  # the compressed body is broken
    REDIRECTS = "redirects"  # too many, or one without a target
    HELD = "held"  # not asked: its server has told another request to wait, or has had enough now


@dataclass(frozen=True, slots=True)
class Unfetched:
    """A poll that brought no answer; ``detail`` says it in a sentence for the operator."""

    request: FetchRequest
    failure: FetchFailure
    detail: str
    hops: tuple[Hop, ...] = ()


class Fetcher(Protocol):
    """Many fetches at once, at most one at a time per server; nobody is asked after a 429."""

    def fetch(self, requests: Iterable[FetchRequest]) -> Iterator[Fetched | Unfetched]:
        """Yield one outcome per request, in order of arrival; closing it drops what is left.

        Requests are taken one by one, as there is room, and perhaps in another thread.
        """
