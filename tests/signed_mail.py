"""Mails signed by DKIM, and the zones their keys are in.

Written from RFC 6376 alone, without the library that the code verifies with, so that a tag that no
honest signer would write can be tried too.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric import rsa

from feedmirror.ports.dns import DnsUnavailableError

EXPONENT = 65537
USUAL_HEADERS = ("From", "To", "Subject", "Date", "Message-ID")
_SHA256_DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
_RSA_ALGORITHM = bytes.fromhex("300d06092a864886f70d0101010500")


@dataclass
class Zone:
    """DNS as a table; a name in ``silent`` never answers. Every question is kept."""

    texts: Mapping[str, Sequence[bytes]] = field(default_factory=dict)
    silent: frozenset[str] = frozenset()
    asked: list[str] = field(default_factory=list)

    def txt(self, name: str) -> tuple[bytes, ...]:
        self.asked.append(name)
        if name in self.silent:
            raise DnsUnavailableError(name)
        return tuple(self.texts.get(name, ()))


@dataclass(frozen=True)
class Key:
    """An RSA key."""

    modulus: int
    private: int

    def sign(self, text: bytes) -> bytes:
        """Sign by RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 §8.2)."""
        length = (self.modulus.bit_length() + 7) // 8
        encoded = _SHA256_DIGEST_INFO + sha256(text).digest()
        padded = b"\x00\x01" + b"\xff" * (length - len(encoded) - 3) + b"\x00" + encoded
        signature = pow(int.from_bytes(padded, "big"), self.private, self.modulus)
        return signature.to_bytes(length, "big")

    def record(self, tags: str = "v=DKIM1; k=rsa") -> bytes:
        """Return the text for DNS (RFC 6376 §3.6.1)."""
        numbers = _der(0x30, _integer(self.modulus) + _integer(EXPONENT))
        public = _der(0x30, _RSA_ALGORITHM + _der(0x03, b"\x00" + numbers))
        return f"{tags}; p={b64encode(public).decode()}".encode()


@cache
def a_key(bits: int = 2048) -> Key:
    """Return the key of a size."""
    numbers = rsa.generate_private_key(EXPONENT, bits).private_numbers()
    return Key(numbers.public_numbers.n, numbers.d)


def a_short_key() -> Key:
    """Return a key of 648 bits; its two primes are Mersenne's."""
    p, q = 2**521 - 1, 2**127 - 1
    return Key(p * q, pow(EXPONENT, -1, (p - 1) * (q - 1)))


def a_mail(headers: Mapping[str, str], body: str = "Please take this down.\r\n") -> bytes:
    """Return a mail; headers are in their order."""
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{head}\r\n{body}".encode()


def signed(
    raw: bytes,
    domain: str,
    *,
    key: Key | None = None,
    covered: Sequence[str] = USUAL_HEADERS,
    **tags: str,
) -> bytes:
    """Return a mail with a signature on top; ``tags`` add to its tags, or change them."""
    head, _, body = raw.partition(b"\r\n\r\n")
    form = tags.get("c", "relaxed/relaxed")
    whole = _relaxed_body(body) if form.endswith("/relaxed") else _simple_body(body)
    length = int(tags["l"]) if "l" in tags else len(whole)
    stated = {
        "v": "1",
        "a": "rsa-sha256",
        "c": form,
        "d": domain,
        "s": "sel",
        "h": ":".join(covered),
        "bh": b64encode(sha256(whole[:length]).digest()).decode(),
        **tags,
        "b": "",
    }
    value = "; ".join(f"{name}={text}" for name, text in stated.items())
    hashed = "".join(f"{line}\r\n" for line in _covered_lines(head.decode(), covered))
    hashed += _relaxed_line(f"DKIM-Signature: {value}")
    signature = b64encode((key or a_key()).sign(hashed.encode())).decode()
    return f"DKIM-Signature: {value}{signature}\r\n".encode() + raw


def _covered_lines(head: str, covered: Sequence[str]) -> list[str]:
    """Return the covered headers, relaxed; of several of one name the last comes first (§5.4.2)."""
    lines = [_relaxed_line(line) for line in head.replace("\r\n ", " ").split("\r\n")]
    chosen: list[str] = []
    for name in covered:
        found = [index for index, line in enumerate(lines) if line.startswith(f"{name.lower()}:")]
        if found:
            chosen.append(lines.pop(found[-1]))
    return chosen


def _relaxed_line(line: str) -> str:
    name, _, value = line.partition(":")
    return f"{name.strip().lower()}:{' '.join(value.split())}"


def _relaxed_body(body: bytes) -> bytes:
    lines = [b" ".join(line.replace(b"\t", b" ").split(b" ")) for line in body.split(b"\r\n")]
    reduced = []
    for line in lines:
        text = line
        while b"  " in text:
            text = text.replace(b"  ", b" ")
        reduced.append(text.rstrip(b" "))
    whole = b"\r\n".join(reduced).rstrip(b"\r\n")
    return whole + b"\r\n" if whole else b""


def _simple_body(body: bytes) -> bytes:
    return body.rstrip(b"\r\n") + b"\r\n"


def _integer(number: int) -> bytes:
    return _der(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content
