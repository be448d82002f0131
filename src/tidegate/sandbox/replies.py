"""Answers that are wrong on purpose, shared by both stand-ins.

A connection can only be dropped by whoever holds it. ASGI does not pass the
transport on, so the server's protocol notes it here under the peer's address.
"""

import threading
from email.utils import formatdate
from typing import Final, Protocol

from starlette.types import Receive, Scope

HTML_PAGE: Final = b"<!doctype html><html><body><h1>Sign in to the wireless network</h1></body></html>"


class Abortable(Protocol):
    """The part of a transport that is needed here."""

    def abort(self) -> None:
        """Close at once, without flushing."""


class Connections:
    """The open connections of one server, by the peer's address."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[tuple[str, int], Abortable] = {}

    def opened(self, peer: tuple[str, int], transport: Abortable) -> None:
        """Note a connection."""
        with self._lock:
            self._open[peer] = transport

    def closed(self, peer: tuple[str, int]) -> None:
        """Forget a connection."""
        with self._lock:
            self._open.pop(peer, None)

    async def drop(self, scope: Scope, receive: Receive) -> None:
        """Break the connection that a request came in on, without an answer.

        Args:
            scope: of the request.
            receive: of the request; awaited until the server has noticed.

        Raises:
            ConnectionResetError: the request came over no connection (an in-process client).
        """
        with self._lock:
            transport = self._open.get(tuple(scope.get("client") or ("", 0)))
        if transport is None:
            raise ConnectionResetError("the sandbox dropped the connection")
        transport.abort()
        message = await receive()
        while message["type"] != "http.disconnect":
            message = await receive()


def http_date(seconds: float) -> str:
    """The ``Date`` header (RFC 9110, section 6.6.1) of a stand-in whose clock may be wrong."""
    return formatdate(seconds, usegmt=True)
