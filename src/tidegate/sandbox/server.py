"""Serving the sandbox on loopback: in a thread of its own, or inside a running event loop."""

import asyncio
import contextlib
import logging
import socket
import threading
from collections.abc import Callable, Generator
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from tidegate.sandbox import runtime
from tidegate.sandbox.model import Sandbox
from tidegate.sandbox.replies import Connections
from tidegate.sandbox.runtime import Running

LOOPBACK: Final = "127.0.0.1"
BACKLOG: Final = 256
STOP_SECONDS: Final = 5.0
FRAME_OCTETS: Final = 65536


def bind(host: str, port: int) -> socket.socket:
    """A listening socket on loopback.

    Args:
        host: a loopback address, or ``localhost``.
        port: 0 for any free one.

    Raises:
        ValueError: the host is not loopback. The sandbox makes sessions for anybody.
        OSError: the port is taken.
    """
    if not runtime.is_loopback(host):
        raise ValueError("the sandbox listens on loopback only")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio spares connections of a listener that says TCP the wait for the other side's acknowledgement, 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def url_of(listener: socket.socket) -> str:
    """The URL under which a listening socket is reached."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _protocol(connections: Connections) -> type[asyncio.Protocol]:
    """A protocol that notes its connections, so that a fault can break one."""

    class NotingProtocol(HttpToolsProtocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
            super().connection_made(transport)
            self._peer = transport.get_extra_info("peername")[:2]
            connections.opened(self._peer, transport)

        def connection_lost(self, exc: Exception | None) -> None:
            connections.closed(self._peer)
            super().connection_lost(exc)

    return NotingProtocol


class _QuietSocket(WebSocketsSansIOProtocol):
    """A socket that logs nothing: the usual one writes whole addresses, and the token stands in them."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.logger = self.conn.logger = _silent()


def _silent() -> logging.Logger:
    logger = logging.getLogger("tidegate.sandbox.socket")
    logger.setLevel(logging.CRITICAL + 1)
    logger.propagate = False
    return logger


class _Server(uvicorn.Server):
    """uvicorn's server, leaving the process's signals alone and saying when it listens."""

    def __init__(self, sandbox: Sandbox, listening: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                sandbox.app,
                http=_protocol(sandbox.connections),
                ws=_QuietSocket,
                ws_max_size=FRAME_OCTETS,
                ws_ping_interval=None,
                ws_per_message_deflate=False,
                lifespan="off",
                log_config=None,
                access_log=False,
                date_header=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=1,
            )
        )
        self._listening = listening

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._listening()


async def serve(
    sandbox: Sandbox, host: str = LOOPBACK, port: int = 0, *, listening: Callable[[str], None] | None = None
) -> None:
    """Serve in the running event loop until cancelled.

    Args:
        sandbox: what is served.
        host: a loopback address.
        port: 0 for any free one.
        listening: called with the URL when requests are answered.

    Raises:
        ValueError: the host is not loopback.
        OSError: the port is taken.
    """
    with bind(host, port) as listener:
        url = url_of(listener)
        sandbox.served_at(url)
        server = _Server(sandbox, lambda: listening(url) if listening else None)
        serving = asyncio.ensure_future(server.serve(sockets=[listener]))
        try:
            await asyncio.shield(serving)
        finally:
            server.should_exit = True
            await serving


class SandboxServer:
    """The sandbox in a thread with its own event loop; a context manager.

    Args:
        sandbox: what is served; a new one by default.
        port: 0 for any free one.
        host: a loopback address.
        state_dir: where the runtime file is written while it runs; None writes none.

    Attributes:
        sandbox: as given.
    """

    def __init__(
        self, sandbox: Sandbox | None = None, port: int = 0, host: str = LOOPBACK, state_dir: Path | None = None
    ) -> None:
        self.sandbox = sandbox or Sandbox()
        self._address = (host, port)
        self._runtime_file = None if state_dir is None else state_dir / runtime.FILE_NAME
        self._running: Running | None = None
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where it is served."""
        return self.sandbox.url

    @property
    def issuer_url(self) -> str:
        """The identity provider's ``iss``."""
        return self.sandbox.issuer_url

    @property
    def stream_url(self) -> str:
        """Stream's base URL."""
        return self.sandbox.stream_url

    @property
    def runtime_file(self) -> Path | None:
        """Where the runtime file is, if one is written."""
        return self._runtime_file

    def start(self) -> None:
        """Listen, and return when requests are answered.

        Raises:
            ValueError: the host is not loopback.
            OSError: the port is taken, or the runtime file cannot be written.
            RuntimeError: it does not come up.
        """
        listener = bind(*self._address)
        self.sandbox.served_at(url_of(listener))
        up = threading.Event()
        self._server = _Server(self.sandbox, up.set)
        self._thread = threading.Thread(target=_run, args=(self._server, listener), name="sandbox", daemon=True)
        self._thread.start()
        if not up.wait(STOP_SECONDS):
            self.stop()
            raise RuntimeError("the sandbox did not come up")
        if self._runtime_file is not None:
            self._announce(self._runtime_file)

    def _announce(self, path: Path) -> None:
        self._running = self.sandbox.running()
        try:
            runtime.write(path, self._running)
        except OSError:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop listening and remove the runtime file, if it is still ours."""
        if self._running is not None and self._runtime_file is not None:
            runtime.remove(self._runtime_file, self._running)
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(STOP_SECONDS)
        self._server = self._thread = self._running = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _run(server: _Server, listener: socket.socket) -> None:
    with listener, asyncio.Runner() as runner:
        runner.run(server.serve(sockets=[listener]))
