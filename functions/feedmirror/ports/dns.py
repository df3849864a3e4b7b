"""What the domain name system says."""

from typing import Protocol


class DnsUnavailableError(Exception):
    """No answer could be had, which says nothing about the name; it may be asked again."""


class TxtLookup(Protocol):
    """Looks up TXT records (RFC 1035 §3.3.14)."""

    def txt(self, name: str) -> tuple[bytes, ...]:
        """Return a name's texts, each joined to one; none if it has none.

        Raises DnsUnavailableError.
        """
