"""Addresses to listen on, and the system's limit of open files."""

import errno
import logging
import socket
import sys
from typing import Final

from tidegate.errors import TidegateError

BACKLOG: Final = 2048
"""Connections the system may hold for us before they are accepted."""

_LOGGER: Final = logging.getLogger("tidegate.server")
_LAST_PORT: Final = 65_535
_PORTS_TRIED: Final = 64
_SPARE_FILES: Final = 512


class PortTaken(TidegateError):
    """An address to listen on is in use.

    Args:
        host: the address.
        port: the port.
    """

    def __init__(self, host: str, port: int) -> None:
        super().__init__(f"{host} port {port} is in use by another program")
        self.host = host
        self.port = port


class CannotListenError(TidegateError):
    """An address to listen on is not ours, not allowed or not an address."""


def split_bind(bind: str) -> tuple[str, int]:
    """Host and port of ``host:port`` or ``[IPv6]:port``.

    Args:
        bind: the setting's value.

    Returns:
        The host without brackets, and the port.

    Raises:
        CannotListenError: it is neither.
    """
    host, colon, port = bind.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        host = ""
    if not (colon and host and port.isascii() and port.isdigit() and int(port) <= _LAST_PORT):
        raise CannotListenError(f"{bind!r} is not an address to listen on; write host:port or [IPv6 address]:port")
    return host, int(port)


def open_socket(host: str, port: int, *, next_free: bool = False) -> socket.socket:
    """A bound socket.

    Args:
        host: an address or a name of this machine.
        port: 0 lets the system choose.
        next_free: where the port is taken, try those after it.

    Returns:
        The socket, not yet listening.

    Raises:
        PortTaken: the port is taken (with ``next_free``: all that were tried).
        CannotListenError: the address cannot be listened on at all.
    """
    last = min(port + _PORTS_TRIED, _LAST_PORT + 1) if next_free and port else port + 1
    for candidate in range(port, last):
        try:
            return _bound(host, candidate)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise CannotListenError(f"cannot listen on {host} port {candidate}: {error.strerror}") from error
    raise PortTaken(host, port)


def _bound(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        if sys.platform != "win32":  # there it would allow two listeners on one port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)  # here, so that a port taken by a listener is seen now
    except OSError:
        listener.close()
        raise
    return listener


def allow_open_files(connections: int) -> None:
    """Raise the soft limit of open files so that the bound on connections is ours and not the shell's.

    Args:
        connections: how many are to be possible at once.
    """
    if sys.platform == "win32":
        return
    import resource  # not there on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _SPARE_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
        if allowed < wanted:
            _LOGGER.warning("open files are limited to %d; connections beyond that are not accepted", allowed)
