"""Which addresses may be connected to: public ones, and those that the operator allowed one by one.

A name is resolved once, every address it has is judged, and the connection goes to a judged address: a name that says
something else a moment later (DNS rebinding) changes nothing. Called by `fetching` for every hop, and before a clone.
"""

import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import anyio

from crawler.errors import Blocked, CrawlError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

NEVER = tuple(
    ipaddress.ip_network(each)
    for each in (
        "0.0.0.0/8",
        "100.64.0.0/10",  # carriers' own; Alibaba's metadata is in it
        "168.63.129.16/32",  # Azure's metadata: a public address that is not the public's
        "192.0.0.0/24",  # Oracle's metadata is in it
        "192.88.99.0/24",
        "64:ff9b:1::/48",  # NAT64 of private networks
        "fec0::/10",
    )
)
"""Not private by every Python's `ipaddress`, and no place for a crawler."""

NAT64 = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True)
class Allowed:
    """Private addresses that may be connected to all the same: each a network and one port."""

    places: tuple[tuple[Network, int], ...] = ()

    @classmethod
    def of(cls, text: str) -> "Allowed":
        """From `127.0.0.1:8080 10.0.0.0/24:443 [::1]:80`; a port is a must."""
        return cls(tuple(_place(word) for word in text.replace(",", " ").split()))

    def __call__(self, address: Address, port: int) -> bool:
        return any(address in network and port == its for network, its in self.places)


def _place(word: str) -> tuple[Network, int]:
    network, _, port = word.rpartition(":")
    try:
        return ipaddress.ip_network(network.replace("[", "").replace("]", "")), int(port)
    except ValueError as error:
        sentence = f"CRAWLER_ALLOW_ADDRESSES: {word!r} is no ADDRESS:PORT, such as 127.0.0.1:8080 or [::1]:80."
        raise ValueError(sentence) from error


def public(address: Address) -> bool:
    """Whether anybody on the internet means the same machine by it; an IPv4 address inside IPv6 is judged itself."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if address in NAT64:
            inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        if not all(public(each) for each in inner if each is not None):
            return False
    if any(address in network for network in NEVER if network.version == address.version):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


async def system(host: str, port: int) -> Sequence[str]:
    """As the system resolves it."""
    found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]


async def checked(host: str, port: int, resolve: Resolve, allowed: Allowed) -> list[Address]:
    """The addresses of a host, in the resolver's order; refused if only one of them is not for us."""
    try:
        texts = await resolve(host, port)
    except OSError as error:
        raise CrawlError(f"{host} is no name that the DNS knows: {error.strerror or error}.") from error
    addresses = [ipaddress.ip_address(text.partition("%")[0]) for text in dict.fromkeys(texts)]
    if not addresses:
        raise CrawlError(f"{host} has no address.")
    for address in addresses:
        if not public(address) and not allowed(address, port):
            named = f"{host} is at {address}, which is" if host.strip("[]") != str(address) else f"{address} is"
            raise Blocked(
                f"{named} not public: refused. Whoever runs this server can allow it: "
                f"CRAWLER_ALLOW_ADDRESSES={f'[{address}]' if address.version == 6 else address}:{port}."
            )
    return addresses
