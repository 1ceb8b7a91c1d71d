"""The egress guard: which addresses a stranger may make us connect to.

The check is made in the call that makes the socket, on the very address that is dialled, so no second
look-up and no redirect gets around it. The table is fixed: it follows the IANA special-purpose registries
and does not change with the Python version.
"""

import socket
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

_PORTS = frozenset({80, 443, *range(8000, 9000)})
_NOT_PUBLIC_4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24",
        "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24",
        "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    )
)  # fmt: skip
_PUBLIC_6 = IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "2620:4f:8000::/48", "3ffe::/16",
    )
)  # fmt: skip


class RefusedAddressError(OSError):
    """The guard does not let a connection be made; to the resolver's loop it is one failed attempt."""


def is_public(address: Address) -> bool:
    """Whether an address is one of the public internet's."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address.scope_id is not None or address not in _PUBLIC_6:
            return False
        return not any(address in network for network in _NOT_PUBLIC_6)
    return not any(address in network for network in _NOT_PUBLIC_4)


class Guard:
    """Lets sockets be made to public addresses on web ports, and to what the operator allows."""

    def __init__(self, networks: Iterable[tuple[Network, int | None]] = ()) -> None:
        self._networks = tuple(networks)
        self.is_operators_host = lru_cache(maxsize=1024)(self._is_operators_host)

    def allows(self, address: str, port: int) -> bool:
        """Whether a connection to this address and port may be made."""
        try:
            found = ip_address(address)
        except ValueError:
            return False
        return self.is_allowed_network(found, port) or (port in _PORTS and is_public(found))

    def is_allowed_network(self, address: Address, port: int) -> bool:
        """Whether the operator allows this address and port in `allow_networks`."""
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(
            address.version == network.version and address in network and allowed in {None, port}
            for network, allowed in self._networks
        )

    def _is_operators_host(self, host: str, port: int) -> bool:
        """Whether a host as written in a URL is one of `allow_networks`: those know no floor and no gap."""
        if host == "localhost":
            return any(self.is_allowed_network(ip_address(text), port) for text in ("127.0.0.1", "::1"))
        try:
            return self.is_allowed_network(ip_address(host), port)
        except ValueError:
            return False

    def make_socket(
        self, info: tuple[int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[object, ...]]
    ) -> socket.socket:
        """The socket for an address that aiohttp is about to dial. Raises RefusedAddressError."""
        family, kind, protocol, _, address = info
        host, port = str(address[0]), int(str(address[1]))
        scope = len(address) > 3 and address[3] != 0
        if scope or not self.allows(host, port):
            raise RefusedAddressError(
                "the address is not public or the port not one of the web's;"
                " fetch.allow_networks can allow it"
            )
        made = socket.socket(family, kind, protocol)
        made.setblocking(False)
        return made
