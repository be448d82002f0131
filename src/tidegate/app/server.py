"""Running applications: both listeners in one event loop, one handling of signals, a bounded end."""

import asyncio
import contextlib
import signal
import socket
import ssl
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Protocol, TypeVar, cast

import structlog
import uvicorn
from uvicorn._types import ASGI3Application
from uvicorn.lifespan.off import LifespanOff

from tidegate.app import memory
from tidegate.app.bounds import HttpLimits
from tidegate.app.listen import BACKLOG, allow_open_files, open_socket, split_bind
from tidegate.app.peers import Peers
from tidegate.app.protocol import Connection
from tidegate.app.refusals import Answers
from tidegate.app.together import bound_to
from tidegate.errors import TidegateError
from tidegate.http.answer import AsgiApp
from tidegate.http.proxy import Network, ProxyRule
from tidegate.http.shortcut import Shortcut

_T = TypeVar("_T")

SWEEP_TICKS: Final = 2
"""Connections are swept every so many tenths of a second; time-outs are that exact."""

_OPS_DRAIN_SECONDS: Final = 2
_FORCED_SECONDS: Final = 2.0
_CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""For TLS 1.2 (RFC 9325, section 4.2); the server's own default was a list of old ones in some of its versions."""


class StartFailedError(TidegateError):
    """The application's own start failed; the log says why."""


class ServerSettings(Protocol):
    """What the server needs of the settings."""

    @property
    def header_bytes(self) -> int:
        """Longest request head."""

    @property
    def header_timeout_ms(self) -> int:
        """Time for a head to arrive, and again for a body."""

    @property
    def body_bytes(self) -> int:
        """Longest body that the application reads."""

    @property
    def url_bytes(self) -> int:
        """Longest request target."""

    @property
    def message_bytes(self) -> int:
        """Most that a peer may send after a head."""

    @property
    def pipeline_max(self) -> int:
        """Requests that a peer may send ahead of their answers."""

    @property
    def keep_alive_seconds(self) -> int:
        """Time for the next request to begin."""

    @property
    def connections_max(self) -> int:
        """Connections at once."""

    @property
    def connections_per_address(self) -> int:
        """Connections at once of one address."""

    @property
    def trusted_proxies(self) -> tuple[Network, ...]:
        """Proxies in front, which connect for everybody."""

    @property
    def tls_certificate_file(self) -> Path | None:
        """PEM certificate chain, or None to speak plain HTTP."""

    @property
    def tls_key_file(self) -> Path | None:
        """PEM private key."""

    @property
    def documentation_url(self) -> str:
        """Base of the problem types; empty where no documentation is published."""


@dataclass(frozen=True, slots=True)
class Started:
    """Where the listeners are, once they are.

    Attributes:
        main: host and port of the main listener; the port is the real one where 0 or the next free one was asked.
        ops: the same of the operator's listener, if there is one.
    """

    main: tuple[str, int]
    ops: tuple[str, int] | None


def make_config(
    app: AsgiApp,
    settings: ServerSettings,
    *,
    bind: str,
    lifespan: bool = True,
    shortcuts: Mapping[bytes, Shortcut] = MappingProxyType({}),
) -> uvicorn.Config:
    """How uvicorn is to run an application, with this server's bounds; for `serve_all`, which keeps the time.

    Args:
        app: the ASGI application.
        settings: limits and TLS files.
        bind: ``host:port``; port 0 lets the system choose.
        lifespan: whether the application has a lifespan (a failure of it ends the start).
        shortcuts: to answers of POSTs, by request target; see `tidegate.app.protocol.Connection`.

    Raises:
        CannotListenError: ``bind`` is malformed.
    """
    host, port = split_bind(bind)
    return uvicorn.Config(
        cast("ASGI3Application", app),  # uvicorn types each event, we do not
        host=host,
        port=port,
        http=bound_to(_limits(settings), Answers(settings.documentation_url), shortcuts, _peers(settings)),
        ws="none",
        lifespan="on" if lifespan else "off",
        interface="asgi3",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,  # ours is rendered once a second, see _Server.on_tick
        ssl_certfile=settings.tls_certificate_file,
        ssl_keyfile=settings.tls_key_file,
        ssl_ciphers=_CIPHERS,
    )


def _limits(settings: ServerSettings) -> HttpLimits:
    return HttpLimits(
        header_bytes=settings.header_bytes,
        url_bytes=min(settings.url_bytes, settings.header_bytes),
        message_bytes=max(settings.message_bytes, settings.body_bytes),
        receive_seconds=settings.header_timeout_ms / 1000,
        keep_alive_seconds=settings.keep_alive_seconds,
        pipeline_max=settings.pipeline_max,
        connections_max=settings.connections_max,
    )


def _peers(settings: ServerSettings) -> Peers:
    return Peers(settings.connections_per_address, ProxyRule(settings.trusted_proxies).is_trusted)


class _Server(uvicorn.Server):
    """uvicorn's server with its socket opened beforehand and its signals handled by `serve_all`."""

    def __init__(self, config: uvicorn.Config, listener: socket.socket) -> None:
        super().__init__(config)
        self.listener = listener
        self.address: tuple[str, int] = listener.getsockname()[:2]
        self._connection_class = cast("type[Connection]", config.http)
        self.limits = self._connection_class.limits
        self._end: asyncio.Timeout | None = None

    async def open(self) -> None:
        """Start the application, then accept.

        Raises:
            StartFailedError: the application's start failed.
        """
        config = self.config
        if not config.loaded:
            _load(config)
        self.lifespan = config.lifespan_class(config)
        self.lifespan.state["guarded"] = True  # an application can tell that the bounds are there
        await self.lifespan.startup()
        if self.lifespan.should_exit:
            raise StartFailedError("the application's start failed; the log says why")
        await self.on_tick(0)
        self.servers = [await self._accept(config.ssl)]
        self.started = True

    async def end(self, *others: "_Server") -> None:
        """Drain, the others after it, and then end the application, which writes down what they did.

        After `hurry` the application's end has a moment too.
        """
        try:
            async with asyncio.timeout(_FORCED_SECONDS if self.force_exit else None) as self._end:
                for server in (self, *others):
                    await server.drain()
                await self.lifespan.shutdown()
        except TimeoutError:
            structlog.get_logger("tidegate").warning("not_ended_in_time", seconds=_FORCED_SECONDS)
        finally:
            self._end = None

    async def drain(self) -> None:
        """Accept no more, and wait for the requests in flight; the application goes on."""
        lifespan, self.lifespan = self.lifespan, LifespanOff(self.config)
        try:
            await self.shutdown()
        finally:
            self.lifespan = lifespan
        if self.force_exit:
            self._cancel_requests()  # those that began after the signal

    def hurry(self) -> None:
        """End the requests in flight, so that none is answered behind a closed ledger; all else has a moment."""
        self.force_exit = True
        self._cancel_requests()
        if self._end is not None and self._end.when() is None:
            self._end.reschedule(asyncio.get_running_loop().time() + _FORCED_SECONDS)

    def _cancel_requests(self) -> None:
        for task in tuple(self.server_state.tasks):
            task.cancel()

    async def _accept(self, tls: ssl.SSLContext | None) -> asyncio.base_events.Server:
        state, make = self.lifespan.state, self._connection_class
        return await asyncio.get_running_loop().create_server(
            lambda: make(self.config, self.server_state, state),
            sock=self.listener,
            ssl=tls,
            ssl_handshake_timeout=self.limits.receive_seconds if tls else None,
            backlog=BACKLOG,
        )

    async def on_tick(self, counter: int) -> bool:
        """Once a tenth of a second: the date, and the sweep."""
        if counter % 10 == 0:
            self._connection_class.common_head = b"date: %b\r\n" % formatdate(usegmt=True).encode("ascii")
        if counter % SWEEP_TICKS == 0:
            now = asyncio.get_running_loop().time()
            for connection in tuple(self.server_state.connections):
                cast("Connection", connection).expire(now)
        return self.should_exit


def _load(config: uvicorn.Config) -> None:
    """Read what the server needs from disk: certificate and key."""
    try:
        config.load()
    except OSError as error:  # ssl.SSLError is one
        raise StartFailedError(
            f"the TLS certificate or its key cannot be used ({error.strerror or type(error).__name__}): "
            "TIDEGATE_TLS_CERTIFICATE_FILE and TIDEGATE_TLS_KEY_FILE need PEM files that belong together"
        ) from None


async def serve_all(
    main: uvicorn.Config,
    ops: uvicorn.Config | None,
    *,
    on_started: Callable[[Started], Awaitable[None] | None] = lambda _: None,
    on_stopping: Callable[[], None] = lambda: None,
    shutdown_seconds: int = 20,
    next_free_port: bool = False,
) -> None:
    """Run the main listener and the operator's until SIGTERM or SIGINT.

    At the first signal ``on_stopping`` is called, so that readiness fails; then no connection is accepted any more
    and requests in flight have ``shutdown_seconds`` to end; then the same for the operator's listener, with two
    seconds; then the application's lifespan ends. A second signal, whenever it comes, ends the requests in flight
    and leaves all else two seconds.

    Args:
        main: from `make_config`.
        ops: the operator's listener; it stays open until the main one has drained.
        on_started: called when both accept.
        on_stopping: called first of all at the end.
        shutdown_seconds: the drain's limit.
        next_free_port: where the main port is taken, take one of the next.

    Raises:
        PortTaken: an address is in use; nothing was started.
        CannotListenError: an address cannot be listened on.
        StartFailedError: the application's start failed.
    """
    with contextlib.ExitStack() as sockets:
        servers: list[_Server] = []
        for config, following in ((main, next_free_port), (ops, False)):
            if config is not None:
                listener = open_socket(config.host, config.port, next_free=following)
                sockets.callback(listener.close)
                config.timeout_graceful_shutdown = shutdown_seconds if config is main else _OPS_DRAIN_SECONDS
                servers.append(_Server(config, listener))
        allow_open_files(sum(server.limits.connections_max for server in servers))
        with _signals(servers, on_stopping):
            await _run(servers, on_started)


async def _run(servers: Sequence[_Server], on_started: Callable[[Started], Awaitable[None] | None]) -> None:
    opened: list[_Server] = []
    try:
        for server in servers:
            await server.open()
            opened.append(server)
        waiting = on_started(Started(servers[0].address, servers[1].address if servers[1:] else None))
        if waiting is not None:
            await waiting
        memory.settle()
        await asyncio.gather(*(server.main_loop() for server in servers))
    finally:
        if opened:
            await opened[0].end(*opened[1:])


@contextlib.contextmanager
def _signals(servers: Sequence[_Server], on_stopping: Callable[[], None]) -> Iterator[None]:
    """Turn SIGTERM and SIGINT into an orderly end, the second one into an immediate one."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if servers[0].should_exit:
            structlog.get_logger("tidegate").warning("stopping_at_once", why="a second signal: what is in flight ends")
            for server in servers:
                server.hurry()
            return
        on_stopping()
        for server in servers:
            server.should_exit = True

    numbers = (signal.SIGTERM, signal.SIGINT)
    if sys.platform == "win32":
        before = {number: signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop)) for number in numbers}
    else:
        before = {number: signal.getsignal(number) for number in numbers}
        for number in numbers:
            loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            if sys.platform != "win32":
                loop.remove_signal_handler(number)
            signal.signal(number, handler)


def run(coroutine: Coroutine[Any, Any, _T]) -> _T:
    """Run a coroutine to its end in a new event loop, uvloop's where it is installed.

    Args:
        coroutine: for instance `serve_all`.

    Returns:
        Its result.
    """
    try:
        import uvloop  # not there on Windows
    except ImportError:
        return asyncio.run(coroutine)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(coroutine)
