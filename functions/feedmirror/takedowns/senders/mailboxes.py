"""The mailbox that ``From`` names, read so strictly that no other reader can see another one.

DMARC judges the domain that SES reads out of ``From``; a header that two readers can read in two
ways would prove one domain and speak for another (CVE-2023-27043). So there is one form that
counts, ``name <local@domain>`` or the bare address (RFC 5322 §3.4), and all else is a defect.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from feedmirror.addresses import organisational_domain
from feedmirror.suppression import fold

_LONGEST_HEADER = 2048  # bytes; the parser below is only fed what is short
_LONGEST_ADDRESS = 254  # octets (RFC 5321 §4.5.3.1, erratum 1690)
_LONGEST_LOCAL = 64  # octets (RFC 5321 §4.5.3.1.1)

# Every alternative starts with another character, and no repeat holds a repeat: linear.
_ADDRESS = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[^\s@<>()\[\],;:\\\"]+"
_NAME = r"(?:[^<>()\[\]:;@\\\",]|\"(?:[^\"\\<>]|\\[\\\"])*\"|\([^()\\@<>]*\))*"
_MAILBOX = re.compile(
    rf"(?P<name>{_NAME})<(?P<angled>{_ADDRESS})>[ \t]*"
    rf"|[ \t]*(?P<bare>{_ADDRESS})[ \t]*(?:\([^()\\@<>]*\)[ \t]*)?"
)
# As SES prints it: encoded words are decoded, so a name may hold commas outside of quotes.
_PRINTED = re.compile(rf"(?P<name>[^@<>]*)<(?P<angled>{_ADDRESS})>\s*")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_ANGLES_AND_AT = re.compile("[@<>]")


class Defect(StrEnum):
    """Why a ``From`` names nobody; in words, since the operator reads it."""

    MISSING = "no From"
    SEVERAL = "several From headers"
    LONG = "too long"
    CONTROL = "control characters"
    FORM = "not one plain mailbox"
    NAMED_ADDRESS = "display-name address"
    DOMAIN = "no domain name"
    SUFFIX = "the domain is a public suffix"
    READERS = "readers differ on it"


@dataclass(frozen=True, slots=True)
class FromReading:
    """What ``From`` says: an address and its domain as an A-label, or the defects instead."""

    address: str = ""
    domain: str = ""
    defects: tuple[str, ...] = ()


def read_from(values: Sequence[str]) -> FromReading:
    """Read the ``From`` headers of a mail, one text each; never raises."""
    if len(values) != 1:
        return FromReading(defects=(Defect.SEVERAL if values else Defect.MISSING,))
    value = values[0]
    defect = _cheap_defect(value) or _name_defect(value)
    if defect:
        return FromReading(defects=(defect,))
    written = _written(_MAILBOX.fullmatch(value))
    address = _normal(written)
    defect = _address_defect(address) or ("" if _agrees(value, written) else Defect.READERS)
    if defect:
        return FromReading(defects=(defect,))
    return FromReading(address, address.rpartition("@")[2])


def printed_mailbox(text: str) -> str:
    """Return the address of a mailbox as SES prints it, or nothing where it is not plainly one."""
    if _cheap_defect(text):
        return ""
    match = _MAILBOX.fullmatch(text) or _PRINTED.fullmatch(text)
    address = _normal(_written(match))
    return "" if _address_defect(address) else address


def bare_mailbox(address: str) -> str:
    """Return an address as it is compared, without its plus-tag (RFC 5233)."""
    local, _, domain = fold(address).rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def _cheap_defect(value: str) -> str:
    if len(value.encode("utf-8", "surrogatepass")) > _LONGEST_HEADER:
        return Defect.LONG
    odd = any(unicodedata.category(letter) in {"Cc", "Cs"} and letter != "\t" for letter in value)
    return Defect.CONTROL if odd else ""


def _name_defect(value: str) -> str:
    """Say whether what stands before the address could be taken for one, encoded or not."""
    name, _, address = value.rpartition("<")
    shown = _decoded(name)
    if shown is None:
        return Defect.FORM
    own = shown.strip(' \t"').casefold() == address.rstrip("> \t").casefold()
    if _ANGLES_AND_AT.search(shown) and not own:
        return Defect.NAMED_ADDRESS
    return "" if _MAILBOX.fullmatch(value) else Defect.FORM


def _decoded(name: str) -> str | None:
    """Return a display name with its encoded words read (RFC 2047), None where they are broken."""
    from email.errors import HeaderParseError  # noqa: PLC0415 -- 25 ms with the next
    from email.header import decode_header, make_header  # noqa: PLC0415 -- as above

    if "=?" not in name:
        return unicodedata.normalize("NFKC", name)
    try:
        return unicodedata.normalize("NFKC", str(make_header(decode_header(name))))
    except (HeaderParseError, LookupError, ValueError):
        return None


def _written(match: re.Match[str] | None) -> str:
    return "" if match is None else match.groupdict().get("bare") or match["angled"]


def _normal(written: str) -> str:
    """Return an address with its domain as an A-label, or nothing where it is no address."""
    local, _, domain = written.rpartition("@")
    label = a_label(domain) if len(written) <= _LONGEST_ADDRESS else None
    plain = 0 < len(local) <= _LONGEST_LOCAL and all(local.split(".")) and "=?" not in local
    address = f"{local}@{label}"
    return address if label and plain and len(address) <= _LONGEST_ADDRESS else ""


def a_label(domain: str) -> str | None:
    """Return a domain name in ASCII (RFC 5891), or None if it is none or could be two.

    What IDNA maps to something else (``ß``, full-width letters and dots) is refused, since another
    reader may not map it.
    """
    try:
        label = domain.encode("idna").decode("ascii").lower()
        same = domain.isascii() or label.encode("ascii").decode("idna") == domain.lower()
    except UnicodeError:
        return None
    labels = label.split(".")
    named = all(_LABEL.fullmatch(part) for part in labels) and not labels[-1].isdigit()
    return label if same and named and len(labels) > 1 else None


def _address_defect(address: str) -> str:
    if not address:
        return Defect.DOMAIN
    return "" if organisational_domain(address.rpartition("@")[2]) else Defect.SUFFIX


def _agrees(value: str, written: str) -> bool:
    """Whether the standard library's parser reads the same address and finds nothing odd."""
    from email.policy import default  # noqa: PLC0415 -- 25 ms

    try:
        header = default.header_factory("From", value)
        read = [f"{mailbox.username}@{mailbox.domain}" for mailbox in header.addresses]
    except Exception:  # noqa: BLE001 -- it raises IndexError, RecursionError and others on odd texts
        return False
    return not header.defects and read == [written]
