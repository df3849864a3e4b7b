"""Which addresses may be dialled: the public internet, and what the operator adds to it.

The table is explicit, from IANA's IPv4 and IPv6 special-purpose address registries (RFC 6890),
with the one address of the public space that a cloud gives its inside:
``ipaddress.is_global`` differs between Python versions and may call 192.0.0.192, multicast, NAT64
and 6to4 public. Everything here is pure.
"""

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network

PUBLIC_PORTS = frozenset({80, 443, 8080, 8443})

_SPECIAL_IPV4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network: RFC 791
        "10.0.0.0/8",  # private use: RFC 1918
        "100.64.0.0/10",  # shared address space: RFC 6598
        "127.0.0.0/8",  # loopback: RFC 1122
        "168.63.129.16/32",  # Azure's WireServer, which serves a machine's settings and keys
        "169.254.0.0/16",  # link local, with the cloud's metadata services: RFC 3927
        "172.16.0.0/12",  # private use: RFC 1918
        "192.0.0.0/24",  # IETF protocol assignments: RFC 6890
        "192.0.2.0/24",  # documentation: RFC 5737
        "192.31.196.0/24",  # AS112: RFC 7535
        "192.52.193.0/24",  # AMT: RFC 7450
        "192.88.99.0/24",  # 6to4 relays, deprecated: RFC 7526
        "192.168.0.0/16",  # private use: RFC 1918
        "192.175.48.0/24",  # AS112: RFC 7534
        "198.18.0.0/15",  # benchmarking: RFC 2544
        "198.51.100.0/24",  # documentation: RFC 5737
        "203.0.113.0/24",  # documentation: RFC 5737
        "224.0.0.0/4",  # multicast: RFC 5771
        "240.0.0.0/4",  # reserved, and limited broadcast: RFC 1112, RFC 8190
    )
)
# Only global unicast is public at all: loopback, link-local, unique-local, multicast, NAT64 and
# every form that carries an IPv4 address inside lie outside of it, or are listed below.
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_SPECIAL_IPV6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # IETF protocol assignments, with Teredo: RFC 2928
        "2001:db8::/32",  # documentation: RFC 3849
        "2002::/16",  # 6to4, an IPv4 address inside: RFC 3056
        "2620:4f:8000::/48",  # AS112: RFC 7534
        "3fff::/20",  # documentation: RFC 9637
    )
)


@lru_cache(maxsize=1024)  # each connection is asked about twice
def may_dial(address: str, port: int, *, allowed: tuple[Network, ...]) -> bool:
    """Tell whether a connection to an IP address and TCP port may be opened.

    A public address may be dialled on a web port (:data:`PUBLIC_PORTS`), an address inside one of
    the allowed networks on any port. What is no IP address may not be dialled.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if any(parsed in network for network in allowed):
        return True
    return port in PUBLIC_PORTS and _is_public(parsed)


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _SPECIAL_IPV4)
    if address.scope_id is not None or address not in _GLOBAL_UNICAST:
        return False
    return not any(address in network for network in _SPECIAL_IPV6)
