"""One GET on a libcurl easy handle: whom it may dial, and what it takes in.

The handle follows no redirect, knows no proxy, cookie, password or other protocol, and asks before
every connection that it opens or uses again (rule V6). Times are not its business.
"""

import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pycurl

from feedmirror.adapters.decoding import (
    BrokenCodingError,
    Decoder,
    TooLargeError,
    decoder_for,
)
from feedmirror.adapters.networks import Network, may_dial
from feedmirror.adapters.sessions import TlsSessions
from feedmirror.adapters.targets import REDIRECTS, Failure, Target, printable
from feedmirror.ports.fetching import FetchFailure

# Between the lines of fields that are lists (RFC 9110 §5.3) and that a poll reads; of any other the
# last line counts. A line of X-Robots-Tag is for whom it names, and the next for somebody else.
_SEPARATORS = {
    **dict.fromkeys(("cache-control", "content-encoding", "content-usage", "im", "link"), ", "),
    **dict.fromkeys(("pragma", "vary"), ", "),
    "x-robots-tag": "\n",
}
# The trusted roots of Amazon Linux, Debian and BSD: a wheel's libcurl looks in one place only.
_ROOTS = (
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/ssl/cert.pem",
)
# libcurl takes more: digits without end, letters behind them.
_STATUS_LINE = re.compile(rb"HTTP/[0-9.]+ +([1-9][0-9]{2})(?=[ \r\n])")
_STOP = -1  # any count but the chunk's own ends the transfer
_TOO_LARGE = 100  # CURLE_TOO_LARGE, which pycurl does not name
_KINDS = {
    pycurl.E_COULDNT_RESOLVE_HOST: FetchFailure.NAME,
    pycurl.E_URL_MALFORMAT: FetchFailure.ADDRESS,
    pycurl.E_OPERATION_TIMEDOUT: FetchFailure.TIMEOUT,
    pycurl.E_FILESIZE_EXCEEDED: FetchFailure.TOO_LARGE,
    _TOO_LARGE: FetchFailure.TOO_LARGE,
    pycurl.E_BAD_CONTENT_ENCODING: FetchFailure.ENCODING,
    pycurl.E_SSL_CONNECT_ERROR: FetchFailure.TLS,
    pycurl.E_PEER_FAILED_VERIFICATION: FetchFailure.TLS,
    pycurl.E_SSL_CERTPROBLEM: FetchFailure.TLS,
    pycurl.E_SSL_CIPHER: FetchFailure.TLS,
    pycurl.E_SSL_CACERT_BADFILE: FetchFailure.TLS,
    pycurl.E_SSL_ISSUER_ERROR: FetchFailure.TLS,
    pycurl.E_SSL_INVALIDCERTSTATUS: FetchFailure.TLS,
}
_SAYINGS = {
    FetchFailure.NAME: "has a name that leads to no address",
    FetchFailure.ADDRESS: "has an address that cannot be asked",
    FetchFailure.TIMEOUT: "took too long",
    FetchFailure.TOO_LARGE: "sends more than the {limit} bytes that are taken",
    FetchFailure.ENCODING: "sends a compressed body that is broken",
    FetchFailure.TLS: "offers no TLS connection that can be trusted",
    FetchFailure.CONNECTION: "refused the connection or broke it off",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How every handle behaves; a body's bytes count as sent and as decoded.

    ``certificates`` is a PEM file of trusted roots in place of the system's. Without ``sessions``
    those of TLS last as long as what the handle is used in.
    """

    user_agent: str
    allowed_networks: tuple[Network, ...]
    max_bytes: int
    max_header_bytes: int
    certificates: str | None
    sessions: TlsSessions | None = None


@dataclass(slots=True)
class Intake:
    """What has come of one hop so far."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    headers_complete: bool = False
    header_bytes: int = 0
    body: bytearray = field(default_factory=bytearray)
    bytes_sent: int = 0
    decoder: Decoder | None = None
    dialled: bool = False
    connected: bool = False
    refused: str = ""
    failure: Failure | None = None


class _Lent(socket.socket):
    """A socket of which pycurl takes a duplicate; what is left of it closes without a warning."""

    def __del__(self) -> None:
        self.close()


class Admission(Protocol):
    """Says when a body has to wait."""

    def admit(self, transfer: "Transfer") -> bool:
        """Tell whether a transfer may take in more; else it pauses."""

    def take_in(self, size: int) -> None:
        """Count the bytes that a transfer has taken in."""


class Transfer:
    """An easy handle for one hop after another; close it with ``handle.close()``.

    Without an admission its body never waits.
    """

    def __init__(self, terms: Terms, admission: Admission | None = None) -> None:
        """Set up all that stays the same from hop to hop."""
        self._terms = terms
        self._admission = admission
        self._host = ""
        self._sessions: Any = None
        self.intake = Intake()
        self.handle = pycurl.Curl()
        for option, value in self._options().items():
            self.handle.setopt(option, value)

    def aim(self, target: Target, lines: Sequence[bytes]) -> None:
        """Make ready for one hop."""
        self._host = target.host
        self.intake = Intake()
        self.handle.setopt(pycurl.URL, target.url)
        self.handle.setopt(pycurl.HTTPHEADER, list(lines))
        if self._terms.sessions is not None and target.is_secure:
            self._begin_from(self._terms.sessions.place_of(target.name))

    def _begin_from(self, sessions: Any) -> None:  # noqa: ANN401 -- a pycurl.CurlShare
        if sessions is self._sessions:
            return
        if self._sessions is not None:
            self.handle.unsetopt(pycurl.SHARE)
        self.handle.setopt(pycurl.SHARE, sessions)
        self._sessions = sessions

    def direct(self, target: Target, addresses: Sequence[str]) -> None:
        """Have a hop look up nothing: these are its host's addresses, or its name is one itself."""
        _, name, port = target.origin
        listed = ",".join(f"[{each}]" if ":" in each else each for each in addresses)
        self.handle.setopt(pycurl.RESOLVE, [f"+{name}:{port}:{listed}"] if listed else [])

    def fail_by_name(self, trouble: str) -> Failure:
        """Note that the host's name leads nowhere."""
        kind = FetchFailure.NAME
        return self.fail(kind, f"{_SAYINGS[kind]} ({printable(trouble)})")

    def fail(self, kind: FetchFailure, what: str) -> Failure:
        """Note why the hop brings no whole answer, unless a reason is known already."""
        if self.intake.failure is None:
            self.intake.failure = Failure(kind, f"{self._host} {what}.")
        return self.intake.failure

    def conclude(self, code: int, message: str) -> Failure | None:
        """Return why an ended hop brought no whole answer, or None; ``code`` is libcurl's, or 0."""
        intake = self.intake
        if intake.failure is not None:
            return intake.failure
        if intake.refused and not intake.dialled:
            return self.fail(
                FetchFailure.ADDRESS,
                f"leads to {intake.refused}, which is not a web port of the public internet"
                " (FEEDMIRROR_ALLOWED_NETWORKS can allow it)",
            )
        if code:
            kind = _KINDS.get(code, FetchFailure.CONNECTION)
            saying = _SAYINGS[kind].format_map({"limit": self._terms.max_bytes})
            return self.fail(kind, f"{saying} (curl {code}: {printable(message)})")
        if not intake.headers_complete:
            return self.fail(FetchFailure.CONNECTION, "broke off within its answer's headers")
        return self._check_end()

    def _check_end(self) -> Failure | None:
        try:
            if self.intake.decoder is not None:
                self.intake.decoder.finish()
        except BrokenCodingError as error:
            return self.fail(FetchFailure.ENCODING, str(error))
        return None

    def _options(self) -> dict[int, Any]:
        options = {
            pycurl.PROTOCOLS: pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS,
            pycurl.HTTP_VERSION: pycurl.CURL_HTTP_VERSION_1_1,
            pycurl.FOLLOWLOCATION: 0,
            pycurl.PROXY: "",  # nor one from the environment
            pycurl.NETRC: pycurl.NETRC_IGNORED,
            pycurl.SSL_VERIFYPEER: 1,
            pycurl.SSL_VERIFYHOST: 2,
            pycurl.NOSIGNAL: 1,
            pycurl.USERAGENT: self._terms.user_agent.encode(),
            pycurl.MAXFILESIZE_LARGE: self._terms.max_bytes,
            pycurl.OPENSOCKETFUNCTION: self._open_socket,
            pycurl.PREREQFUNCTION: self._before_request,
            pycurl.HEADERFUNCTION: self._take_header,
            pycurl.WRITEFUNCTION: self._take_body,
        }
        roots = self._terms.certificates or next((r for r in _ROOTS if Path(r).is_file()), None)
        return options if roots is None else {**options, pycurl.CAINFO: roots}

    def _open_socket(self, _purpose: int, peer: Any) -> "socket.socket | int":  # noqa: ANN401 -- pycurl has no types
        """Open a socket to one of the addresses that the host's name has, each asked about here."""
        if not self._may_dial(*peer.addr[:2]):
            return int(pycurl.SOCKET_BAD)
        try:
            return _Lent(peer.family, peer.socktype, peer.protocol)
        except OSError:
            return int(pycurl.SOCKET_BAD)

    def _before_request(self, peer: str, _local: str, port: int, _local_port: int) -> int:
        """Ask once more before a byte is sent: a connection that is used again opens no socket.

        Its peer was asked about when it was opened, and cannot change; this makes sure of it.
        """
        self.intake.connected = True
        good = self._may_dial(peer, port)
        return int(pycurl.PREREQFUNC_OK if good else pycurl.PREREQFUNC_ABORT)

    def _may_dial(self, address: str, port: int) -> bool:
        if may_dial(address, port, allowed=self._terms.allowed_networks):
            self.intake.dialled = True
            return True
        self.intake.refused = f"{address} port {port}"
        return False

    def _take_header(self, line: bytes) -> int | None:
        intake = self.intake
        intake.header_bytes += len(line)
        if intake.header_bytes > self._terms.max_header_bytes:
            what = f"sends more than {self._terms.max_header_bytes} bytes of headers"
            return self._stop(FetchFailure.TOO_LARGE, what)
        if intake.headers_complete:
            return None  # a trailer, which may not stand in for a header (RFC 9110 §6.5.1)
        if line.startswith(b"HTTP/"):
            # Each status line begins anew: what came before were interim answers (1xx).
            if (found := _STATUS_LINE.match(line)) is None:
                return self._stop(FetchFailure.CONNECTION, "sends a status line that is none")
            intake.status, intake.headers = int(found[1]), {}
        elif line in {b"\r\n", b"\n"}:
            intake.headers_complete = intake.status >= 200  # noqa: PLR2004 -- the first final status
        else:
            self._keep_header(line)
        return None

    def _keep_header(self, line: bytes) -> None:
        name, _, value = line.decode("latin-1").partition(":")
        headers, key, value = self.intake.headers, name.strip().lower(), value.strip()
        if key in headers and key in _SEPARATORS:
            value = f"{headers[key]}{_SEPARATORS[key]}{value}"
        headers[key] = value

    def _take_body(self, chunk: bytes) -> int | None:
        intake, limit = self.intake, self._terms.max_bytes
        is_read = intake.status not in REDIRECTS
        if is_read and self._admission is not None and not self._admission.admit(self):
            return int(pycurl.WRITEFUNC_PAUSE)  # the chunk comes again
        intake.bytes_sent += len(chunk)
        if intake.bytes_sent > limit:
            return self._stop(FetchFailure.TOO_LARGE, f"sends a body of more than {limit} bytes")
        if not is_read:
            return None  # not even decoded
        return self._decode(chunk)

    def _decode(self, chunk: bytes) -> int | None:
        intake, limit = self.intake, self._terms.max_bytes
        try:
            if intake.decoder is None:
                intake.decoder = decoder_for(intake.headers.get("content-encoding", ""))
            decoded = intake.decoder.decode(chunk, room=limit - len(intake.body))
        except BrokenCodingError as error:
            return self._stop(FetchFailure.ENCODING, str(error))
        except TooLargeError:
            what = f"sends a body that decodes to more than {limit} bytes"
            return self._stop(FetchFailure.TOO_LARGE, what)
        intake.body += decoded
        if self._admission is not None:
            self._admission.take_in(len(decoded))
        return None

    def _stop(self, kind: FetchFailure, what: str) -> int:
        self.fail(kind, what)
        return _STOP
