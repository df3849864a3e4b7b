"""Where a poll may be sent, and the lines that it sends: pure, before anything is dialled."""

from dataclasses import dataclass
from functools import lru_cache
from string import punctuation
from urllib.parse import quote, unquote, urlsplit

from feedmirror.adapters.decoding import accepted_codings
from feedmirror.addresses import host_of, resolve, web_address
from feedmirror.ports.fetching import FetchFailure, FetchRequest

REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LONGEST_ADDRESS = 4096
_SHOWN = 100
# Many servers answer longer lines with 431, which would end the polls of a feed for good.
_LONGEST_VALIDATOR = 1024
_DEFAULT_PORTS = {"http": 80, "https": 443}
_ACCEPT = (
    b"Accept: application/atom+xml, application/rss+xml, application/feed+json,"
    b" application/rdf+xml;q=0.9, application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8,"
    b" */*;q=0.5"
)


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong, and the sentence for the operator."""

    kind: FetchFailure
    detail: str


@dataclass(frozen=True, slots=True)
class Target:
    """An address that may be asked: as it is sent, whose turn it takes, and its origin.

    ``url`` is ASCII and has no fragment; ``origin`` is scheme, host and port (RFC 6454).
    """

    url: str
    host: str
    origin: tuple[str, str, int]

    @property
    def name(self) -> str:
        """The host as it is looked up: a name in ASCII, or an address, IPv6 in brackets."""
        return self.origin[1]

    @property
    def is_secure(self) -> bool:
        """Whether TLS is spoken there."""
        return self.origin[0] == "https"


@lru_cache(maxsize=2048)  # a warm function polls the same addresses run after run
def target_of(address: str) -> Target | Failure:
    """Return where an address leads, or why nobody is asked there."""
    if len(address) > _LONGEST_ADDRESS:
        return _unusable(address, f"is longer than {_LONGEST_ADDRESS} characters")
    text, host = web_address(address), host_of(address)
    if text is None or host is None:
        return _unusable(address, "is no absolute http or https address")
    parts = urlsplit(text)
    if parts.port == 0:
        return _unusable(address, "names port 0, which nothing listens on")
    if "@" in parts.netloc:
        # The address is not shown: what stands in it may be a password.
        detail = f"An address at {host} carries a user name or password, so it is not asked."
        return Failure(FetchFailure.ADDRESS, detail)
    bare = (parts.hostname or "").rstrip(".")
    name = f"[{bare}]" if ":" in bare else unquote(bare).encode("idna").decode("ascii").lower()
    port = "" if parts.port is None else f":{parts.port}"
    # What is no ASCII is sent escaped, everything else as the publisher wrote it.
    rest = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    escaped = quote(rest, safe=punctuation, errors="surrogateescape")
    origin = (parts.scheme, name, parts.port or _DEFAULT_PORTS[parts.scheme])
    return Target(f"{parts.scheme}://{name}{port}{escaped}", host, origin)


def redirect_target(current: Target, location: str) -> Target | Failure:
    """Return where a ``Location`` field leads from an address (RFC 9110 §10.2.2), or why nowhere.

    Servers send the bytes of UTF-8 there; ``location`` holds them as latin-1.
    """
    text = location.encode("latin-1").decode("utf-8", "surrogateescape")
    found = target_of(resolve(current.url, text))
    if isinstance(found, Failure):
        return Failure(found.kind, f"{current.host} redirects to what is not asked: {found.detail}")
    return found


def request_lines(request: FetchRequest, *, conditional: bool) -> list[bytes]:
    """Return the lines that a poll sends beside curl's own; validators go byte for byte (V1).

    A validator that no header line can carry is left out, so the answer is then a whole one.
    ``A-IM: feed`` (RFC 3229, rule V5) makes sense only with the state that it is a delta to.
    """
    lines = [_ACCEPT, b"Accept-Encoding: " + accepted_codings().encode()]
    if conditional and (etag := _sendable(request.etag)):
        lines += [b"If-None-Match: " + etag, b"A-IM: feed"]
    if conditional and (moment := _sendable(request.last_modified)):
        lines.append(b"If-Modified-Since: " + moment)
    return lines


def printable(text: str) -> str:
    """Return a text as one short line of ASCII: it may be a stranger's."""
    shown = text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
    return shown.encode("ascii", "backslashreplace").decode().translate(_CONTROLS)


_CONTROLS = dict.fromkeys((*range(32), 127), "?")


def _unusable(address: str, problem: str) -> Failure:
    return Failure(FetchFailure.ADDRESS, f"The address {printable(address)!r} {problem}.")


def _sendable(value: str | None) -> bytes | None:
    """Encode a stored value as it was decoded, unless it could end its line or be turned down."""
    if not value or len(value) > _LONGEST_VALIDATOR or value.translate(_CONTROLS) != value:
        return None
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return None
