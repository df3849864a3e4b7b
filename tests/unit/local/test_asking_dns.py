"""What does not answer is not waited for again and again."""

from dataclasses import dataclass, field

import pytest

from feedmirror.local.serving.asking_dns import OneMailsDns, SilentNames
from feedmirror.ports.dns import DnsUnavailableError


@dataclass
class Slow:
    """DNS that does not answer for a domain, which takes five seconds each time."""

    silent: str = "evil.example"
    now: float = 0.0
    asked: list[str] = field(default_factory=list)

    def elapsed(self) -> float:
        return self.now

    def txt(self, name: str) -> tuple[bytes, ...]:
        self.asked.append(name)
        if name.endswith(self.silent):
            self.now += 5
            raise DnsUnavailableError(name)
        return (b"found",)


def test_a_silent_organisation_is_asked_once_a_minute_whatever_the_name() -> None:
    slow = Slow()
    dns = SilentNames(slow, slow.elapsed)
    for number in range(60):
        with pytest.raises(DnsUnavailableError):
            dns.txt(f"s{number}._domainkey.evil.example")

    assert dns.txt("sel._domainkey.honest.example") == (b"found",)
    assert (slow.now, len(slow.asked)) == (5.0, 2)
    slow.now += 61
    slow.silent = "nobody.example"
    assert dns.txt("s1._domainkey.evil.example") == (b"found",)


def test_silence_of_one_organisation_says_nothing_of_another_under_one_suffix() -> None:
    slow = Slow(silent="evil.co.uk")
    dns = SilentNames(slow, slow.elapsed)
    with pytest.raises(DnsUnavailableError):
        dns.txt("_dmarc.evil.co.uk")

    assert dns.txt("_dmarc.honest.co.uk") == (b"found",)


def test_what_is_remembered_is_bounded() -> None:
    slow = Slow(silent="example")
    dns = SilentNames(slow, slow.elapsed)
    for number in range(1100):
        with pytest.raises(DnsUnavailableError):
            dns.txt(f"_dmarc.evil{number}.example")

    assert len(dns._silent_until) <= 1000  # noqa: SLF001 -- what grows is not seen from outside


def test_one_mail_waits_ten_seconds_in_all() -> None:
    slow = Slow(silent="example")
    dns = OneMailsDns(slow, slow.elapsed, slow.now)
    for number in range(5):
        with pytest.raises(DnsUnavailableError):
            dns.txt(f"_dmarc.evil{number}.example")

    assert slow.now == 15.0
    assert OneMailsDns(slow, slow.elapsed, slow.now).txt("honest.test") == (b"found",)
