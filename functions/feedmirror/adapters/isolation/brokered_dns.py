"""DNS for a child process that can open no socket: it asks the parent, which answers few names."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from feedmirror.adapters.isolation.codec import from_json, to_json
from feedmirror.adapters.isolation.operation import Ask
from feedmirror.ports.dns import DnsUnavailableError, TxtLookup

_TXT = "txt"
_MOST = 10  # names of a mail: twice as many as signatures are tried
_LONGEST = 253
_OF_KEYS = "._domainkey."  # RFC 6376 §3.6.2.1


class TooCuriousError(Exception):
    """A child asks for what nothing that it is to do calls for: something has taken it over."""


@dataclass(frozen=True, slots=True)
class BrokeredDns:
    """DNS as the child has it."""

    ask: Ask

    def txt(self, name: str) -> tuple[bytes, ...]:
        """Return a name's texts, as the parent says; raises DnsUnavailableError as it does."""
        said = self.ask(_TXT, name)
        if said is None:
            raise DnsUnavailableError("the parent had no answer")
        return from_json(tuple[bytes, ...], said)


def is_of_a_key(name: str) -> bool:
    """Tell whether a name is one that a key of DKIM stands at."""
    return _OF_KEYS in name


@dataclass(slots=True)
class DnsAnswers:
    """What the parent says about one mail: the texts of a few names of the right form.

    A child that a mail has taken over could otherwise ask for ever, or tell by the names that it
    asks for what stood in the mails before.
    """

    dns: TxtLookup
    is_allowed: Callable[[str], bool] = is_of_a_key
    _asked: Iterator[int] = field(default_factory=count)

    def __call__(self, question: str, name: Any) -> Any:  # noqa: ANN401 -- any JSON
        """Return a name's texts as JSON, None where DNS gave none; raises TooCuriousError."""
        plain = question == _TXT and isinstance(name, str) and len(name) <= _LONGEST
        if not plain or not self.is_allowed(name) or next(self._asked) >= _MOST:
            raise TooCuriousError("its reader asks for what no mail needs")
        try:
            return to_json(self.dns.txt(name))
        except DnsUnavailableError:
            return None
