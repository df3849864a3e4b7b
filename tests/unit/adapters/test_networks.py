"""Which addresses may be dialled, against a list of special ranges written independently."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmirror.adapters.networks import PUBLIC_PORTS, may_dial

# First and last addresses, in plain numbers: no network arithmetic is shared with the code.
SPECIAL_IPV4 = [
    ("0.0.0.0", "0.255.255.255"),  # noqa: S104 -- the start of a range, nothing is bound
    ("10.0.0.0", "10.255.255.255"),
    ("100.64.0.0", "100.127.255.255"),
    ("127.0.0.0", "127.255.255.255"),
    ("168.63.129.16", "168.63.129.16"),
    ("169.254.0.0", "169.254.255.255"),
    ("172.16.0.0", "172.31.255.255"),
    ("192.0.0.0", "192.0.0.255"),
    ("192.0.2.0", "192.0.2.255"),
    ("192.31.196.0", "192.31.196.255"),
    ("192.52.193.0", "192.52.193.255"),
    ("192.88.99.0", "192.88.99.255"),
    ("192.168.0.0", "192.168.255.255"),
    ("192.175.48.0", "192.175.48.255"),
    ("198.18.0.0", "198.19.255.255"),
    ("198.51.100.0", "198.51.100.255"),
    ("203.0.113.0", "203.0.113.255"),
    ("224.0.0.0", "255.255.255.255"),
]
SPECIAL_IPV6 = [
    ("::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2620:4f:8000::", "2620:4f:8000:ffff:ffff:ffff:ffff:ffff"),
    ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("4000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
]
RANGES_IPV4 = [(int(IPv4Address(a)), int(IPv4Address(b))) for a, b in SPECIAL_IPV4]
RANGES_IPV6 = [(int(IPv6Address(a)), int(IPv6Address(b))) for a, b in SPECIAL_IPV6]
EDGES_IPV4 = sorted({n for a, b in RANGES_IPV4 for n in (a - 1, a, b, b + 1) if 0 <= n < 2**32})
EDGES_IPV6 = sorted({n for a, b in RANGES_IPV6 for n in (a - 1, a, b, b + 1) if 0 <= n < 2**128})


def is_special(number: int, ranges: list[tuple[int, int]]) -> bool:
    return any(first <= number <= last for first, last in ranges)


@given(
    number=st.one_of(
        st.sampled_from(EDGES_IPV4),
        st.integers(0, 2**32 - 1),
        st.sampled_from(RANGES_IPV4).flatmap(lambda bounds: st.integers(*bounds)),
    ),
    port=st.sampled_from(sorted(PUBLIC_PORTS)),
)
def test_an_ipv4_address_may_be_dialled_exactly_if_no_registry_calls_it_special(
    number: int, port: int
) -> None:
    expected = not is_special(number, RANGES_IPV4)

    assert may_dial(str(IPv4Address(number)), port, allowed=()) is expected


@given(
    number=st.one_of(
        st.sampled_from(EDGES_IPV6),
        st.integers(0, 2**128 - 1),
        st.integers(int(IPv6Address("2000::")), int(IPv6Address("3fff:ffff::"))),
        st.sampled_from(RANGES_IPV6).flatmap(lambda bounds: st.integers(*bounds)),
    ),
    port=st.sampled_from(sorted(PUBLIC_PORTS)),
)
def test_an_ipv6_address_may_be_dialled_exactly_if_it_is_plain_global_unicast(
    number: int, port: int
) -> None:
    expected = not is_special(number, RANGES_IPV6)

    assert may_dial(str(IPv6Address(number)), port, allowed=()) is expected


@given(number=st.integers(0, 2**32 - 1), port=st.sampled_from(sorted(PUBLIC_PORTS)))
def test_no_way_to_write_an_ipv4_address_in_ipv6_may_be_dialled(number: int, port: int) -> None:
    forms = [
        IPv6Address(number),  # compatible
        IPv6Address(0xFFFF << 32 | number),  # mapped
        IPv6Address(int(IPv6Address("64:ff9b::")) | number),  # NAT64
        IPv6Address(int(IPv6Address("64:ff9b:1::")) | number),  # local NAT64
        IPv6Address(int(IPv6Address("2002::")) | number << 80),  # 6to4
        IPv6Address(int(IPv6Address("2001::")) | (number ^ 0xFFFFFFFF)),  # Teredo
    ]

    assert [str(form) for form in forms if may_dial(str(form), port, allowed=())] == []


@given(port=st.integers(0, 65535))
def test_a_public_address_may_be_dialled_on_web_ports_only(port: int) -> None:
    expected = port in {80, 443, 8080, 8443}

    assert may_dial("93.184.215.14", port, allowed=()) is expected
    assert may_dial("2606:2800:21f:cb07:6820:80da:af6b:8b2c", port, allowed=()) is expected


@given(port=st.integers(1, 65535), last=st.integers(0, 255))
def test_an_allowed_network_may_be_dialled_on_any_port_and_its_neighbours_on_none(
    port: int, last: int
) -> None:
    allowed = (ip_network("127.0.5.0/24"), ip_network("fd00::/8"))

    assert may_dial(f"127.0.5.{last}", port, allowed=allowed)
    assert may_dial(f"fd12::{last:x}", port, allowed=allowed)
    assert not may_dial(f"127.0.6.{last}", port, allowed=allowed)
    assert not may_dial(f"::ffff:127.0.5.{last}", port, allowed=allowed)
    assert not may_dial(f"fe80::{last:x}", port, allowed=allowed)


@pytest.mark.parametrize(
    "text",
    ["", "localhost", "2130706433", "0x7f.1", "0177.0.0.1", "8.8.8.8:80", "[2600::1]", "1.1"],
)
def test_what_is_no_ip_address_may_not_be_dialled(text: str) -> None:
    assert not may_dial(text, 80, allowed=(ip_network("0.0.0.0/0"), ip_network("::/0")))


def test_an_address_with_a_zone_may_not_be_dialled() -> None:
    assert may_dial("2606:2800::1", 443, allowed=())
    assert not may_dial("2606:2800::1%eth0", 443, allowed=())


def test_the_known_prizes_are_out_of_reach() -> None:
    prizes = [
        "169.254.169.254",
        "169.254.170.2",
        "127.0.0.1",
        "::1",
        "fd00:ec2::254",
        "192.0.0.192",
    ]

    assert [str(ip_address(prize)) for prize in prizes if may_dial(prize, 80, allowed=())] == []
