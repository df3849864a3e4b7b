"""What the mirror function uses beside the buckets: Amazon's, the internet's, and the time."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Protocol

from feedmirror.adapters.clock import fresh_nonce, utc_now
from feedmirror.adapters.fetching import CurlFetcher
from feedmirror.adapters.networks import Network
from feedmirror.adapters.sessions import TlsSessions
from feedmirror.configuration import MirrorSettings
from feedmirror.mirroring.parsing import Parsers
from feedmirror.ports.aftermath import WorkQueue
from feedmirror.ports.fetching import Fetcher
from feedmirror.version import user_agent
from feedmirror.wiring.parsers import feed_parsers

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

    from feedmirror.ports.dns import TxtLookup

# A token's file: nobody waits for a slow one, and nothing longer is one.
_TOKEN_TIMEOUT, _TOKEN_BYTES = timedelta(seconds=10), 4096
# A file of terms is small, and the polls wait for it.
_TERMS_TIMEOUT, _TERMS_BYTES = timedelta(seconds=10), 65536

# A robots.txt: the feeds wait for it.
_ROBOTS_TIMEOUT, _ROBOTS_BYTES = timedelta(seconds=10), 2 * 2**20


def polite_fetcher(mirror: MirrorSettings, *, allowed_networks: tuple[Network, ...]) -> CurlFetcher:
    """Return the fetcher that names this mirror, and whom to write to, in every request."""
    agent = user_agent(mirror.site, mirror.contact)
    return CurlFetcher(
        user_agent=agent,
        allowed_networks=allowed_networks,
        shared=mirror.shared,
        sessions=_tls_sessions(),
    )


@cache
def _tls_sessions() -> TlsSessions:
    """Return what the runs of a warm function share."""
    return TlsSessions()


def distant(url: str) -> WorkQueue:
    """Return a queue of SQS, whose client is made when the first message is to leave."""
    from feedmirror.adapters.sqs import SqsQueue  # noqa: PLC0415 -- not used locally

    return SqsQueue(_sqs_client, url)


@cache
def _sqs_client() -> "SQSClient":
    from feedmirror.adapters.aws import make_client  # noqa: PLC0415 -- not used locally

    return make_client("sqs")


def public_dns() -> "TxtLookup":
    """Return what asks this machine's own name servers."""
    from feedmirror.adapters.dns import DnsTxtLookup  # noqa: PLC0415 -- only while a token is sought

    return DnsTxtLookup()


def for_robots(fetcher: Fetcher) -> Fetcher:
    """Return the fetcher with the limits of a robots.txt, of which only the beginning is read."""
    if not isinstance(fetcher, CurlFetcher):
        return fetcher
    return replace(fetcher, timeout=_ROBOTS_TIMEOUT, max_bytes=_ROBOTS_BYTES)


def for_tokens(fetcher: Fetcher) -> Fetcher:
    """Return the fetcher with the limits of a token's file, where it is one that has limits."""
    if not isinstance(fetcher, CurlFetcher):
        return fetcher
    return replace(fetcher, timeout=_TOKEN_TIMEOUT, max_bytes=_TOKEN_BYTES)


def for_terms(fetcher: Fetcher) -> Fetcher:
    """Return the fetcher with the limits of a file of terms, where it is one that has limits."""
    if not isinstance(fetcher, CurlFetcher):
        return fetcher
    return replace(fetcher, timeout=_TERMS_TIMEOUT, max_bytes=_TERMS_BYTES)


class MakeFetcher(Protocol):
    """Makes what asks publishers, by the settings of the mirror that asks."""

    def __call__(self, mirror: MirrorSettings, *, allowed_networks: tuple[Network, ...]) -> Fetcher:
        """Return a fetcher that names the mirror in every request."""


@dataclass(frozen=True, slots=True)
class Outside:
    """Who is asked, who parses what they answer, who is told, and what time it is.

    ``queue`` makes a queue of its URL.
    """

    fetcher: MakeFetcher = polite_fetcher
    parsers: Callable[[], Parsers] = feed_parsers
    queue: Callable[[str], WorkQueue] = distant
    dns: "Callable[[], TxtLookup]" = public_dns
    clock: Callable[[], datetime] = utc_now
    nonce: Callable[[], str] = fresh_nonce
