"""Connections to other servers that bear no flood of interim answers.

A server may send interim answers (1xx) before the one that counts (RFC 9110, section 15.2), and the HTTP library reads
all that lie in a buffer without letting anybody else have a turn: thousands in one read, half a second for everybody.
So they are counted here, below the library and before it parses them.
"""

import re
import ssl
from typing import Any, Final

import httpx2

INTERIM_MOST: Final = 16
"""Of one answer. Servers send one or two: to go on with a body, or early hints."""

_INTERIM: Final = re.compile(rb"HTTP/[0-9]\.[0-9] 1[0-9]{2}")
_REMEMBERED: Final = len(b"HTTP/1.1 103") - 1


class InterimCount:
    """Counts the interim answers in what is read."""

    __slots__ = ("_seen", "_tail")

    def __init__(self) -> None:
        self._seen = 0
        self._tail = b""

    def reset(self) -> None:
        """A request is sent, so another answer begins."""
        self._seen = 0
        self._tail = b""

    def note(self, data: bytes) -> None:
        """Count in what was just read.

        Args:
            data: octets, in pieces of any size.

        Raises:
            httpx2.RemoteProtocolError: there are too many.
        """
        window = self._tail + data
        self._seen += len(_INTERIM.findall(window))
        self._tail = window[-_REMEMBERED:]
        if self._seen > INTERIM_MOST:
            raise httpx2.RemoteProtocolError("too many interim answers")


class _Stream:
    """A connection whose reads are counted; everything else is the library's."""

    def __init__(self, inner: Any) -> None:  # noqa: ANN401 - a class that the library does not show
        self._inner = inner
        self._count = InterimCount()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - the library's
        data: bytes = await self._inner.read(max_bytes, timeout=timeout)
        self._count.note(data)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - the same
        self._count.reset()
        await self._inner.write(buffer, timeout=timeout)

    async def start_tls(self, *args: Any, **named: Any) -> "_Stream":
        return _Stream(await self._inner.start_tls(*args, **named))

    async def aclose(self) -> None:
        await self._inner.aclose()

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - as the library has it
        return self._inner.get_extra_info(info)


class _Backend:
    """Opens such connections."""

    def __init__(self, inner: Any) -> None:  # noqa: ANN401 - a class that the library does not show
        self._inner = inner

    async def connect_tcp(self, *args: Any, **named: Any) -> _Stream:
        return _Stream(await self._inner.connect_tcp(*args, **named))

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


class GuardedTransport(httpx2.AsyncHTTPTransport):
    """HTTP/1.1 over connections on which interim answers are bounded. It reads no environment variables.

    Args:
        verify: whom it trusts.
        limits: of its connections.
    """

    def __init__(self, verify: ssl.SSLContext, limits: httpx2.Limits) -> None:
        super().__init__(verify=verify, limits=limits, trust_env=False)
        pool: Any = self._pool
        pool._network_backend = _Backend(pool._network_backend)  # noqa: SLF001 - the library has no other way in
