"""Which addresses may be connected to, judged on what a name resolved to and not on the name.

A name is resolved here and the connection is made to exactly the address that was judged, so that a name which
resolves differently the next moment gains nothing.
"""

import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import anyio

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a host name, in the order to try them. Raises OSError when there are none."""

_IPv4 = ipaddress.IPv4Address
_IPv6 = ipaddress.IPv6Address

_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_TUNNELS: Final = (ipaddress.IPv6Network("2001::/32"), ipaddress.IPv6Network("2002::/16"))
"""Teredo and 6to4, which have an IPv4 address inside and are used by nobody's invoicing system."""

_METADATA: Final = frozenset({_IPv4("168.63.129.16")})
"""Services of a cloud to its own machines on an address that looks public (this one is Azure's)."""


async def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses the system's resolver knows for `host`."""
    found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def may_connect(address: str, *, on_this_machine: bool) -> bool:
    """Whether `address` is public, or, for an origin that is this machine, whether it is this machine."""
    try:
        plain = _plain(ipaddress.ip_address(address))
    except ValueError:
        return False
    if on_this_machine:
        return plain.is_loopback
    if isinstance(plain, _IPv6):
        return plain in _UNICAST and plain.is_global and not any(plain in network for network in _TUNNELS)
    return plain.is_global and not plain.is_multicast and not plain.is_reserved and plain not in _METADATA


def _plain(address: _IPv4 | _IPv6) -> _IPv4 | _IPv6:
    """The IPv4 address that `address` stands for, where it stands for one."""
    if isinstance(address, _IPv6):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return _IPv4(int(address) & 0xFFFFFFFF)
    return address
