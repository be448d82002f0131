"""How many connections each address holds open, so that one of them cannot hold them all."""

import ipaddress
from collections.abc import Callable

from tidegate.http.proxy import limit_key


def is_loopback(address: str) -> bool:
    """Whether an address is this machine's own, as a proxy's beside the service is."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return True  # a Unix socket's peer has no address, and is on this machine


class Peers:
    """Open connections by address (an IPv4 address, or the /64 of an IPv6 one).

    There is an entry for an address only while it has a connection, so the bound on all connections bounds this too.

    Args:
        most: connections that one address may hold; 0 for any number.
        exempt: whether an address is a proxy, which connects for everybody.
    """

    __slots__ = ("_exempt", "_most", "_open")

    def __init__(self, most: int, exempt: Callable[[str], bool] = lambda _: False) -> None:
        self._most = most
        self._exempt = exempt
        self._open: dict[str, int] = {}

    def __len__(self) -> int:
        """How many addresses hold connections."""
        return len(self._open)

    def enter(self, address: str) -> bool:
        """Count a connection in; each one is counted out again, refused or not.

        Args:
            address: of the peer.

        Returns:
            whether the address may have it.
        """
        key = limit_key(address)
        held = self._open.get(key, 0) + 1
        self._open[key] = held
        return not self._most or held <= self._most or is_loopback(address) or self._exempt(address)

    def leave(self, address: str) -> None:
        """Count a connection out.

        Args:
            address: as it was counted in.
        """
        key = limit_key(address)
        held = self._open.get(key, 0) - 1
        if held > 0:
            self._open[key] = held
        else:
            self._open.pop(key, None)
