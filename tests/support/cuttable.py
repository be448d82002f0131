"""A way to a server that a test can cut: every connection breaks, and no new one is made."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit, urlunsplit


class Cuttable:
    """A relay on loopback.

    Attributes:
        port: where it listens while it is whole.
    """

    def __init__(self, path: str | None, address: tuple[str, int]) -> None:
        self._path = path
        self._address = address
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])

    async def mend(self) -> None:
        """Let connections through."""
        self._server = await asyncio.start_server(self._relay, "127.0.0.1", self.port)

    async def cut(self) -> None:
        """Break everything."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in tuple(self._writers):
            writer.transport.abort()
        await asyncio.sleep(0)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened = asyncio.open_unix_connection(self._path) if self._path else asyncio.open_connection(*self._address)
        there_reader, there_writer = await opened
        self._writers |= {writer, there_writer}
        try:
            await asyncio.gather(_pump(reader, there_writer), _pump(there_reader, writer))
        finally:
            for one in (writer, there_writer):
                self._writers.discard(one)
                one.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while octets := await reader.read(65_536):
            writer.write(octets)
            await writer.drain()
    writer.transport.abort()


@contextlib.asynccontextmanager
async def cuttable(url: str) -> AsyncIterator[tuple[Cuttable, str]]:
    """A relay before a server, and the server's URL by way of it.

    Args:
        url: of PostgreSQL, perhaps on a socket in the file system, or of Redis.
    """
    parts = urlsplit(url)
    directory = parse_qs(parts.query).get("host", [""])[0]
    path = f"{directory}/.s.PGSQL.5432" if directory else None
    relay = Cuttable(path, (parts.hostname or "127.0.0.1", parts.port or 0))
    await relay.mend()
    user = f"{parts.username}@" if parts.username else ""
    try:
        yield relay, urlunsplit((parts.scheme, f"{user}127.0.0.1:{relay.port}", parts.path, "", ""))
    finally:
        await relay.cut()
