"""DNS by dnspython: one question at a time, answered within seconds, and nothing kept."""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from feedmirror.ports.dns import DnsUnavailableError

if TYPE_CHECKING:
    from dns.resolver import Resolver

_EDNS_PAYLOAD = 1232  # bytes: the longest keys come whole, and no datagram is fragmented


class DnsTxtLookup:
    """Asks the machine's own name servers, or those that are given."""

    def __init__(
        self, nameservers: Sequence[str] = (), *, port: int = 53, seconds: float = 5.0
    ) -> None:
        """Take what to ask and how long at the most; nothing is read or sent before it is asked."""
        self._nameservers = nameservers
        self._port = port
        self._seconds = seconds

    def txt(self, name: str) -> tuple[bytes, ...]:
        """Return a name's TXT records; a text that is no DNS name has none."""
        import dns.exception  # noqa: PLC0415 -- 100 ms, only for mails that need a key
        import dns.name  # noqa: PLC0415 -- with it
        import dns.resolver  # noqa: PLC0415 -- with it

        try:
            absolute = dns.name.from_text(name)
        except (dns.exception.DNSException, UnicodeError, ValueError):
            return ()
        try:
            answer = self._resolver.resolve(
                absolute, "TXT", raise_on_no_answer=False, lifetime=self._seconds
            )
        except dns.resolver.NXDOMAIN:
            return ()
        except (dns.exception.DNSException, OSError, EOFError) as error:
            raise DnsUnavailableError(f"no answer from DNS: {type(error).__name__}") from error
        return tuple(b"".join(record.strings) for record in answer.rrset or ())

    @cached_property
    def _resolver(self) -> "Resolver":
        from dns.resolver import Resolver  # noqa: PLC0415 -- as above

        resolver = Resolver(configure=not self._nameservers)
        if self._nameservers:
            resolver.nameservers = list(self._nameservers)
            resolver.port = self._port
        resolver.use_edns(0, 0, _EDNS_PAYLOAD)
        return resolver
