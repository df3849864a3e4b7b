"""DNS as mails of strangers may ask it: what does not answer is not waited for again and again."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from feedmirror.addresses import organisational_domain
from feedmirror.ports.dns import DnsUnavailableError, TxtLookup

_MEMORY = 60.0  # seconds that a silent organisation is not asked again
_BUDGET = 10.0  # seconds that one mail may wait for DNS in all
_MOST_REMEMBERED = 1000


@dataclass(frozen=True, slots=True)
class SilentNames:
    """Asks DNS, and remembers for a minute whose name servers did not answer."""

    dns: TxtLookup
    elapsed: Callable[[], float]
    _silent_until: dict[str, float] = field(default_factory=dict, init=False, repr=False)
    _one_at_a_time: Lock = field(default_factory=Lock, init=False, repr=False, compare=False)

    def txt(self, name: str) -> tuple[bytes, ...]:
        """Return a name's texts; raises DnsUnavailableError, at once where it is remembered."""
        whose = organisational_domain(name.rstrip(".").lower()) or name
        if self._silent_until.get(whose, 0.0) > self.elapsed():
            raise DnsUnavailableError("its name servers did not answer a moment ago")
        try:
            return self.dns.txt(name)
        except DnsUnavailableError:
            self._remember(whose)
            raise

    def _remember(self, whose: str) -> None:
        now = self.elapsed()
        with self._one_at_a_time:
            if len(self._silent_until) >= _MOST_REMEMBERED:
                for known in [each for each, until in self._silent_until.items() if until <= now]:
                    del self._silent_until[known]
            if len(self._silent_until) < _MOST_REMEMBERED:
                self._silent_until[whose] = now + _MEMORY


@dataclass(frozen=True, slots=True)
class OneMailsDns:
    """Asks DNS for one mail, until its time is used up."""

    dns: TxtLookup
    elapsed: Callable[[], float]
    began: float

    def txt(self, name: str) -> tuple[bytes, ...]:
        """Return a name's texts; raises DnsUnavailableError, at once when the time is over."""
        if self.elapsed() - self.began > _BUDGET:
            raise DnsUnavailableError("this mail has waited long enough")
        return self.dns.txt(name)
