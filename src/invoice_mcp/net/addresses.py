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

_NOT_PUBLIC: Final = (ipaddress.IPv4Network("192.0.0.0/24"), ipaddress.IPv4Network("168.63.129.16/32"))
"""Assigned to protocols, and Azure's service to its own machines: both have metadata of cloud machines in them."""


async def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses the system's resolver knows for `host`."""
    found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def may_connect(address: str, *, on_this_machine: bool) -> bool:
    """Whether `address` is public, or, for an origin that is this machine, whether it is this machine."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, _IPv6) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return parsed.is_loopback if on_this_machine else _is_public(parsed)


def _is_public(address: _IPv4 | _IPv6) -> bool:
    if isinstance(address, _IPv4):
        special = address.is_multicast or address.is_reserved or any(address in network for network in _NOT_PUBLIC)
        return address.is_global and not special
    if address in _NAT64:
        return _is_public(_IPv4(int(address) & 0xFFFFFFFF))
    return address in _UNICAST and address.is_global and not any(address in network for network in _TUNNELS)
