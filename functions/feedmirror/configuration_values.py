"""The values of the operator's file, each read from what TOML gave.

Every reader raises ValueError, its message saying what would be right.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum
from ipaddress import ip_address
from typing import TypeVar
from urllib.parse import urlsplit

from feedmirror.addresses import host_of, web_address

NAME_LIMIT, PURPOSE_LIMIT = 100, 300  # characters
SHORTEST, LONGEST = timedelta(minutes=15), timedelta(days=31)
UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}

Choice = TypeVar("Choice", bound=StrEnum)

_NO_LINE = {"Cc", "Cs", "Zl", "Zp"}  # controls, surrogates, ends of lines
_MAILBOX = re.compile(r"[^\s@<>()\[\]\\,:;\"]{1,64}@([A-Za-z0-9-]+\.)*[A-Za-z0-9-]+")
_LONGEST_CONTACT = 24  # characters before the @


def name(value: object) -> str:
    """Read the name of a mirror."""
    if isinstance(value, str) and value.strip() and _is_line(value, NAME_LIMIT):
        return value.strip()
    raise ValueError(f"expected a name in one line of at most {NAME_LIMIT} characters")


def purpose(value: object) -> str:
    """Read the optional line of the credit block."""
    if isinstance(value, str) and _is_line(value, PURPOSE_LIMIT):
        return value.strip()
    raise ValueError(f"expected one line of at most {PURPOSE_LIMIT} characters")


def site(value: object) -> str:
    """Read the mirror's own address: https, or http on this machine; no trailing slash."""
    expected = "expected an https address without query, such as https://mirror.example.org"
    address = web(value, expected)
    parts = urlsplit(address)
    if parts.query or parts.fragment or (parts.scheme == "http" and not _is_loopback(address)):
        raise ValueError(f"{expected} (http only for this machine)")
    return address.rstrip("/")


def _is_loopback(address: str) -> bool:
    host = host_of(address) or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def web(value: object, expected: str = "expected an http or https address") -> str:
    """Read an absolute http(s) address that may be published."""
    address = web_address(value) if isinstance(value, str) else None
    if address is None:
        raise ValueError(expected)
    if "@" in urlsplit(address).netloc:
        raise ValueError("expected no user name or password in an address that is published")
    return address


def mailbox(value: object) -> str:
    """Read one mail address (RFC 5321 §4.1.2, its unquoted form)."""
    if isinstance(value, str) and _MAILBOX.fullmatch(value.strip()):
        return value.strip()
    raise ValueError("expected one mail address, such as takedown@mirror.example.org")


def contact(value: object) -> str:
    """Read the address that requests come to: the tags of items and cases must fit before its @.

    RFC 5321 §4.5.3.1.1 gives 64 octets; a case's tag with its nonce takes 40 of them.
    """
    address = mailbox(value)
    local = address.partition("@")[0]
    if not address.isascii() or len(local) > _LONGEST_CONTACT or "+" in local:
        raise ValueError(
            f"expected an address in ASCII of at most {_LONGEST_CONTACT} characters, and no +,"
            " before the @, such as takedown@mirror.example.org: tags of cases follow there"
        )
    return address


def whole_number(least: int, most: int) -> Callable[[object], int]:
    """Return a reader of whole numbers within bounds, both included."""

    def read(value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        raise ValueError(f"expected a whole number from {least} to {most}, without quotes")

    return read


def switch(value: object) -> bool:
    """Read a truth value."""
    if isinstance(value, bool):
        return value
    raise ValueError("expected true or false, without quotes")


def one_of(choices: type[Choice]) -> Callable[[object], Choice]:
    """Return a reader of an enumeration's values."""

    def read(value: object) -> Choice:
        if isinstance(value, str) and value in {choice.value for choice in choices}:
            return choices(value)
        raise ValueError("expected " + " or ".join(f'"{choice}"' for choice in choices))

    return read


def interval(value: object) -> timedelta | None:
    """Read a time between polls; None is "auto"."""
    if value == "auto":
        return None
    parts = re.fullmatch(r"([0-9]{1,6})([mhd])", value) if isinstance(value, str) else None
    if parts is None:
        raise ValueError('expected "auto" or a number with m, h or d, such as "30m"')
    interval = int(parts[1]) * UNITS[parts[2]]
    if not SHORTEST <= interval <= LONGEST:
        raise ValueError('expected "auto" or a time from "15m" to "31d"')
    return interval


def fastest(value: object) -> timedelta:
    """Read the shortest time between two polls of a feed that has no interval of its own."""
    expected = 'expected a time from "15m" to "1d", such as "1h"'
    try:
        read = interval(value)
    except ValueError as error:
        raise ValueError(expected) from error
    if read is None or read > timedelta(days=1):
        raise ValueError(expected)
    return read


def domains(value: object) -> tuple[str, ...]:
    """Read a list of domain names, in lower case and as A-labels."""
    expected = 'expected a list of domains, such as ["tumblr.com"]'
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise ValueError(expected)
    hosts = [host_of(f"https://{name.strip()}/") for name in value]
    if any(host is None or "." not in host for host in hosts):
        raise ValueError(expected)
    return tuple(dict.fromkeys(host for host in hosts if host))


def days(value: object) -> timedelta:
    """Read an age in whole days."""
    parts = re.fullmatch(r"([0-9]{1,5})d", value) if isinstance(value, str) else None
    if parts is None or not int(parts[1]):
        raise ValueError('expected a number of days with d, at least "1d", such as "90d"')
    return timedelta(days=int(parts[1]))


def _is_line(text: str, limit: int) -> bool:
    return len(text) <= limit and not any(unicodedata.category(sign) in _NO_LINE for sign in text)


def written_time(time: timedelta) -> str:
    """Return a time as the file has it, in the largest unit that fits: ``30m``, ``10d``."""
    unit = next((name for name in "dh" if not time % UNITS[name]), "m")
    return f"{time // UNITS[unit]}{unit}"
