"""TXT records from a name server on loopback."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import dns.message
import dns.rcode
import dns.rrset
import pytest

from feedmirror.adapters.dns import DnsTxtLookup
from feedmirror.ports.dns import DnsUnavailableError
from name_server import Script, a_name_server, answering


@contextmanager
def asking(script: Script) -> Iterator[tuple[DnsTxtLookup, list[str]]]:
    """Give a lookup of a name server that answers as the script says, and what it was asked."""
    with a_name_server(script) as (port, asked):
        yield DnsTxtLookup(["127.0.0.1"], port=port, seconds=1), asked


def test_the_strings_of_a_record_are_joined_and_records_are_kept_apart() -> None:
    long = "p=" + "A" * 253
    with asking(answering(f'"v=DKIM1; " "{long}" "BC"', '"v=spf1 -all"')) as (lookup, asked):
        found = lookup.txt("sel._domainkey.news.example")

    assert sorted(found) == sorted([f"v=DKIM1; {long}BC".encode(), b"v=spf1 -all"])
    assert asked == ["sel._domainkey.news.example."]


def test_a_name_of_one_label_is_asked_as_it_is() -> None:
    with asking(answering('"a"')) as (lookup, asked):
        lookup.txt("localhost")

    assert asked == ["localhost."]


def test_a_record_longer_than_512_bytes_comes_whole() -> None:
    key = " ".join(f'"{"A" * 200}"' for _ in range(5))
    with asking(answering(key)) as (lookup, _):
        assert lookup.txt("sel._domainkey.news.example") == (b"A" * 1000,)


def test_bytes_beyond_ascii_come_as_they_are() -> None:
    with asking(answering(r'"\255\000x"')) as (lookup, _):
        assert lookup.txt("news.example") == (b"\xff\0x",)


def test_nothing_is_kept_between_questions() -> None:
    with asking(answering('"a"')) as (lookup, asked):
        lookup.txt("news.example")
        lookup.txt("news.example")

    assert len(asked) == 2


def test_another_names_alias_is_followed_within_the_answer() -> None:
    def script(query: dns.message.Message) -> dns.message.Message:
        answer = dns.message.make_response(query)
        name = query.question[0].name
        answer.answer.append(dns.rrset.from_text(name, 60, "IN", "CNAME", "keys.esp.example."))
        answer.answer.append(dns.rrset.from_text("keys.esp.example.", 60, "IN", "TXT", '"k"'))
        return answer

    with asking(script) as (lookup, _):
        assert lookup.txt("sel._domainkey.news.example") == (b"k",)


@pytest.mark.parametrize("code", [dns.rcode.NOERROR, dns.rcode.NXDOMAIN])
def test_a_name_without_records_has_none(code: dns.rcode.Rcode) -> None:
    with asking(answering(code=code)) as (lookup, _):
        assert lookup.txt("news.example") == ()


@pytest.mark.parametrize("name", ["a..b", "x" * 64 + ".example", "a." * 130 + "example", "\\"])
def test_what_is_no_name_has_none_and_is_not_asked(name: str) -> None:
    with asking(answering('"a"')) as (lookup, asked):
        assert lookup.txt(name) == ()

    assert asked == []


@pytest.mark.parametrize("code", [dns.rcode.SERVFAIL, dns.rcode.REFUSED])
def test_a_server_that_fails_is_no_answer(code: dns.rcode.Rcode) -> None:
    with (
        asking(answering(code=code)) as (lookup, _),
        pytest.raises(DnsUnavailableError, match="NoNameservers"),
    ):
        lookup.txt("news.example")


def test_silence_ends_in_time_and_is_no_answer() -> None:
    start = time.perf_counter()
    with (
        asking(lambda _: None) as (lookup, _),
        pytest.raises(DnsUnavailableError, match="LifetimeTimeout"),
    ):
        lookup.txt("news.example")

    assert 0.9 < time.perf_counter() - start < 3


def test_noise_is_no_answer() -> None:
    with (
        asking(lambda query: query.to_wire()[:2] + b"\xff" * 40) as (lookup, _),
        pytest.raises(DnsUnavailableError),
    ):
        lookup.txt("news.example")


def test_making_a_lookup_reads_and_sends_nothing() -> None:
    DnsTxtLookup(["not an address"])
