"""Who is asking, and over what: the forwarding headers count only from proxies we trust."""

import ipaddress
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

IPv4 = ipaddress.IPv4Address
IPv6 = ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

UNKNOWN: Final = "unknown"
"""The address of a peer that has none, for instance on a Unix socket."""

_REMEMBERED: Final = 4096
_MOST_HOPS: Final = 32


class ProxyRule:
    """Finds the client behind the proxies.

    Args:
        trusted: networks of the proxies in front of this service.

    Attributes:
        any: whether there is such a proxy at all.
        is_trusted: whether an address is one of theirs.
    """

    __slots__ = ("_trusted", "any", "is_trusted")

    def __init__(self, trusted: Sequence[Network]) -> None:
        self._trusted = tuple(trusted)
        self.any = bool(self._trusted)
        self.is_trusted = lru_cache(_REMEMBERED)(self._is_trusted)

    def client(self, peer: str, forwarded_for: bytes | None) -> str:
        """The nearest address that is not a trusted proxy.

        ``X-Forwarded-For`` is read from its end, since only what trusted proxies
        appended is known to be true; an entry that is no address ends the walk.

        Args:
            peer: address of the connection.
            forwarded_for: the header, several joined by commas in their order.

        Returns:
            an address, or what the peer is called where it has none.
        """
        if forwarded_for is None or not self.is_trusted(peer):
            return peer
        client = peer
        for entry in reversed(forwarded_for.split(b",")[-_MOST_HOPS:]):
            hop = _plain(entry.strip().decode("latin-1"))
            if hop is None:
                return client
            client = hop
            if not self.is_trusted(hop):
                return client
        return client

    def scheme(self, peer: str, scheme: str, forwarded_proto: bytes | None) -> str:
        """``https`` or ``http``, as the client speaks it.

        Args:
            peer: address of the connection.
            scheme: of the connection.
            forwarded_proto: ``X-Forwarded-Proto``; the last entry, which is the nearest proxy's, counts.
        """
        if forwarded_proto is None or not self.is_trusted(peer):
            return scheme
        last = forwarded_proto.rsplit(b",", 1)[-1].strip().lower()
        return "https" if last == b"https" else "http"

    def _is_trusted(self, text: str) -> bool:
        try:
            address = _unmapped(ipaddress.ip_address(text))
        except ValueError:
            return False
        return any(address in network for network in self._trusted)


@lru_cache(_REMEMBERED)
def limit_key(address: str) -> str:
    """What the limits count an address as: itself, or the /64 of an IPv6 one.

    A single customer commonly holds a whole /64, so counting single IPv6 addresses
    would limit nobody (RFC 6177, section 2).
    """
    try:
        parsed = _unmapped(ipaddress.ip_address(address))
    except ValueError:
        return UNKNOWN
    if isinstance(parsed, IPv4):
        return str(parsed)
    return str(ipaddress.IPv6Network((int(parsed) >> 64 << 64, 64)))


def _unmapped(address: IPv4 | IPv6) -> IPv4 | IPv6:
    """``::ffff:192.0.2.1`` is 192.0.2.1 (RFC 4291, section 2.5.5.2)."""
    if isinstance(address, IPv6) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _plain(hop: str) -> str | None:
    """An entry without its port and brackets, or None where it is no address."""
    if hop.startswith("["):
        hop = hop[1:].split("]", 1)[0]
    elif hop.count(":") == 1:
        hop = hop.split(":", 1)[0]
    try:
        return str(ipaddress.ip_address(hop))
    except ValueError:
        return None
