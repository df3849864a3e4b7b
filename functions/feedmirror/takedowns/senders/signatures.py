"""DKIM, checked here: whether a domain aligned with ``From`` signed what the mail asks.

SES's verdict says that *some* domain signed. RFC 6376 leaves more to the signer than a request to
take content down can rest on, so a signature only counts here if it is made by RSA and SHA-256 or
Ed25519 (RFC 8301), covers the whole body and every header that matters, and is still in force.
dkimpy does the arithmetic; sizes are bounded first, since its patterns are not linear.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from logging import CRITICAL, Logger
from typing import TYPE_CHECKING

from feedmirror.ports.dns import DnsUnavailableError, TxtLookup
from feedmirror.takedowns.senders.tenancy import is_shared, is_tenant, organisation

if TYPE_CHECKING:
    from dkim import DKIM

_MOST_BYTES = 2 * 1024 * 1024
_MOST_HEAD_BYTES = 64 * 1024
_MOST_HEADERS = 1000
_MOST_SIGNATURES = 50
_MOST_TRIED = 5
_LONGEST_SIGNATURE = 4096  # bytes of one header
_MOST_COVERED = 200
_LONGEST_KEY = 1024  # bytes of a record: 4096 bits of RSA take 750
_LONGEST_NAME = 253

_ALGORITHMS = {b"rsa-sha256", b"ed25519-sha256"}
_REQUIRED = {"from", "to", "subject", "date"}
# At most one each (RFC 5322 §3.6, RFC 2045 §3): of two, signer and reader may mean different ones.
_SINGLE = _REQUIRED | {"cc", "message-id", "reply-to", "sender", "in-reply-to", "references"}
_SINGLE |= {"mime-version", "content-type", "content-transfer-encoding"}

_HEAD_END = re.compile(rb"\r?\n\r?\n")
_BARE_RETURN = re.compile(rb"\r(?!\n)")
_LINE_END = re.compile(rb"\r?\n")
_BLANKS = re.compile(rb"[\t ]+")
_NUMBER = re.compile(rb"[0-9]{1,12}")


@dataclass(frozen=True, slots=True)
class SignatureCheck:
    """What our own check of a mail's signatures found.

    ``covered`` are the names of the headers that the valid signature covers. ``temporary`` tells
    that a key could not be asked for, so that another try may find one valid. ``why`` says in
    words why none is.
    """

    valid: bool = False
    temporary: bool = False
    domain: str = ""
    covered: frozenset[str] = frozenset()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Signatures:
    """What a mail's signatures show, whoever made them and whatever they cover (RFC 6376 §6).

    ``domains`` made a valid one, the keys of ``silent`` could not be asked for. ``stated`` tells
    that there is one at all, ``readable`` that they could be looked at.
    """

    domains: frozenset[str] = frozenset()
    silent: frozenset[str] = frozenset()
    stated: bool = False
    readable: bool = True


@dataclass(frozen=True, slots=True)
class _Signature:
    """One DKIM-Signature header: its place among them, and its tags (RFC 6376 §3.5)."""

    index: int
    tags: Mapping[bytes, bytes]

    @property
    def domain(self) -> str:
        return self.tags.get(b"d", b"").decode("ascii", "replace").lower()

    @property
    def covered(self) -> frozenset[str]:
        names = self.tags.get(b"h", b"").split(b":")
        return frozenset(name.strip().lower().decode("ascii", "replace") for name in names)


def aligned_signature(raw: bytes, domain: str, *, dns: TxtLookup, now: datetime) -> SignatureCheck:
    """Look for a valid signature by the organisation of a ``From`` domain; never raises."""
    head, body = _halves(raw)
    if len(raw) > _MOST_BYTES or len(head) > _MOST_HEAD_BYTES or _BARE_RETURN.search(head):
        return SignatureCheck(why="it is too large, or its headers are malformed")
    try:
        verifier = _verifier(head)
        names = [name.lower().decode("ascii") for name, _ in verifier.headers]
        fault = _fault(names)
        aligned = () if fault else _aligned(verifier, domain)
    except Exception:  # noqa: BLE001 -- dkimpy raises nearly anything on malformed headers
        return SignatureCheck(why="its headers are malformed")
    required = _REQUIRED | ({"cc"} & set(names))
    best = SignatureCheck(why=fault or "no aligned domain signed it")
    for signature in aligned:
        why = _shortcoming(signature, required, now)
        check = SignatureCheck(why=why) if why else _verify(verifier, signature, body, dns=dns)
        if check.valid:
            return check
        best = best if best.temporary else check
    return best


def signatures_of(raw: bytes, *, dns: TxtLookup, now: datetime) -> Signatures:
    """Check the first few signatures of a mail as any receiving server does; never raises."""
    head, body = _halves(raw)
    if len(raw) > _MOST_BYTES or len(head) > _MOST_HEAD_BYTES:
        return Signatures(readable=False)
    try:
        verifier = _verifier(head)
        fault = _fault([name.lower().decode("ascii") for name, _ in verifier.headers])
        stated = () if fault else _stated(verifier)
    except Exception:  # noqa: BLE001 -- dkimpy raises nearly anything on malformed headers
        return Signatures(readable=False)
    checks = [
        _verify(verifier, signature, body, dns=dns)
        for signature in stated[:_MOST_TRIED]
        if "from" in signature.covered and not _out_of_force(signature.tags, now)
    ]
    return Signatures(
        domains=frozenset(check.domain for check in checks if check.valid),
        silent=frozenset(check.domain for check in checks if check.temporary),
        stated=bool(stated or fault),
    )


def is_aligned(signing: str, domain: str) -> bool:
    """Whether a signing domain speaks for a ``From`` domain.

    Relaxed as DMARC has it (RFC 7489 §3.1.1), but exact where strangers share a domain.
    """
    if signing == domain:
        return True
    own = organisation(domain)
    relaxed = own is not None and organisation(signing) == own
    return relaxed and not is_shared(domain) and not is_tenant(domain)


def _halves(raw: bytes) -> tuple[bytes, bytes]:
    end = _HEAD_END.search(raw, 0, _MOST_HEAD_BYTES + len(b"\r\n\r\n"))
    return (raw, b"") if end is None else (raw[: end.start()], raw[end.end() :])


def _verifier(head: bytes) -> "DKIM":
    from dkim import DKIM  # noqa: PLC0415 -- 100 ms with dnspython, only for mails that need it

    # A logger attached to nothing: dkimpy logs domains and keys.
    return DKIM(head + b"\r\n\r\n", logger=Logger("dkim", CRITICAL))  # noqa: LOG001 -- so that none hears


def _fault(names: list[str]) -> str:
    """Say what about a mail's headers, by name, makes any signature of it doubtful."""
    if len(names) > _MOST_HEADERS or names.count("dkim-signature") > _MOST_SIGNATURES:
        return "too many headers"
    if any(names.count(name) > 1 for name in _SINGLE):
        return "a header that must be single is repeated"
    return ""


def _aligned(verifier: "DKIM", domain: str) -> tuple[_Signature, ...]:
    """Return the first few signatures that say to be of an aligned domain."""
    aligned = [each for each in _stated(verifier) if is_aligned(each.domain, domain)]
    return tuple(aligned[:_MOST_TRIED])


def _stated(verifier: "DKIM") -> tuple[_Signature, ...]:
    """Return every signature that a mail has."""
    values = [value for name, value in verifier.headers if name.lower() == b"dkim-signature"]
    return tuple(_Signature(index, _tags(value)) for index, value in enumerate(values))


def _tags(text: bytes) -> dict[bytes, bytes]:
    """Read a tag list (RFC 6376 §3.2); one that is malformed or overlong has no tags."""
    from dkim.util import InvalidTagValueList, parse_tag_value  # noqa: PLC0415 -- as above

    try:
        return dict(parse_tag_value(text)) if len(text) <= _LONGEST_SIGNATURE else {}
    except InvalidTagValueList:
        return {}


def _shortcoming(signature: _Signature, required: set[str], now: datetime) -> str:
    """Say why a signature would not do, were it valid."""
    tags = signature.tags
    why = _out_of_force(tags, now)
    if why:
        return why
    if b"l" in tags:
        return "the signature covers a part of the body only"
    if not required <= signature.covered or tags[b"h"].count(b":") >= _MOST_COVERED:
        return "the signature does not cover the headers that matter"
    return ""


def _out_of_force(tags: Mapping[bytes, bytes], now: datetime) -> str:
    """Say why nobody accepts a signature any more, whatever it covers."""
    if tags.get(b"a") not in _ALGORITHMS:
        return "the signature's algorithm is not accepted"
    expiry = tags.get(b"x")
    if expiry is not None and not (_NUMBER.fullmatch(expiry) and int(expiry) >= now.timestamp()):
        return "the signature has expired"
    return ""


def _verify(
    verifier: "DKIM", signature: _Signature, body: bytes, *, dns: TxtLookup
) -> SignatureCheck:
    verifier.body = _prepared(body, signature.tags.get(b"c", b""))
    try:
        valid = verifier.verify(idx=signature.index, dnsfunc=_key_lookup(dns, signature))
    except DnsUnavailableError:
        why = "the signature's key could not be asked for"
        return SignatureCheck(temporary=True, domain=signature.domain, why=why)
    except Exception:  # noqa: BLE001 -- dkimpy raises nearly anything on odd keys and tags
        valid = False
    if not valid:
        return SignatureCheck(why="the signature is not valid")
    return SignatureCheck(valid=True, domain=signature.domain, covered=signature.covered)


def _prepared(body: bytes, canonicalisation: bytes) -> bytes:
    """Return the body with CRLF, and its blanks reduced where the signature lets them be.

    Reducing is what relaxed canonicalisation does anyway (RFC 6376 §3.4.4), but in linear time.
    """
    lines = _LINE_END.sub(b"\r\n", body)
    if canonicalisation.partition(b"/")[2] != b"relaxed":
        return lines
    return _BLANKS.sub(b" ", lines).replace(b" \r\n", b"\r\n")


def _key_lookup(dns: TxtLookup, signature: _Signature) -> Callable[..., bytes | None]:
    """Return what dkimpy asks for a key; a signature with two keys has none (RFC 6376 §3.6.2.2)."""

    def look_up(name: bytes, timeout: float = 0) -> bytes | None:  # noqa: ARG001 -- dkimpy's call
        host = name.decode("ascii").rstrip(".")
        if len(host) > _LONGEST_NAME:
            return None
        records = [record for record in dns.txt(host) if b"p" in _tags(record)]
        usable = len(records) == 1 and _is_usable(records[0], signature)
        return records[0] if usable else None

    return look_up


def _is_usable(record: bytes, signature: _Signature) -> bool:
    """Whether a key's own tags let it sign this (RFC 6376 §3.6.1), where dkimpy does not ask."""
    tags = _tags(record)
    flags = _listed(tags.get(b"t", b""))
    hashes = _listed(tags.get(b"h", b"sha256"))
    identity = signature.tags.get(b"i", b"").rpartition(b"@")[2].decode("ascii", "replace").lower()
    strays = b"s" in flags and identity not in {"", signature.domain}
    testing = b"y" in flags
    fits = len(record) <= _LONGEST_KEY and b"sha256" in hashes
    return fits and not testing and not strays


def _listed(text: bytes) -> set[bytes]:
    return {name.strip() for name in text.split(b":") if name.strip()}
