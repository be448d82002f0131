"""What makes other replicas look at the changes at once: PostgreSQL's NOTIFY, or Redis. Only time depends on them.

Nothing but the wish to be looked at travels: whoever can send it can make replicas look, and no more.
"""

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any, Final

import structlog

from tidegate import metrics
from tidegate.store.model import DatabaseOptions

if TYPE_CHECKING:
    from prometheus_client import Gauge
    from redis.asyncio import Redis, client
    from sqlalchemy.ext.asyncio import AsyncConnection

CHANNEL: Final = "tidegate_changes"
"""Of PostgreSQL, where a name belongs to one database, and of Redis, where those who share it wake each other."""

_PAUSE_SECONDS: Final = 1.0
_REDIS_SECONDS: Final = 5.0


class _Listener(ABC):
    """Keeps a connection that listens, and makes it anew when it is lost.

    Args:
        name: of the way, for the log and the metric.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._log = structlog.get_logger("tidegate.store")

    async def run(self, wake: Callable[[], None]) -> None:
        """Call ``wake`` whenever somebody published, until cancelled."""
        try:
            await self._run(wake, metrics.CHANGES_WAKER_UP.labels(self._name))
        finally:
            with contextlib.suppress(KeyError):  # who was told to stop listening is not deaf
                metrics.CHANGES_WAKER_UP.remove(self._name)

    async def _run(self, wake: Callable[[], None], up: "Gauge") -> None:
        told = False
        while True:
            try:
                async with self._listening(wake) as lost:
                    up.set(1)
                    told = False
                    wake()  # for what was published while nobody listened
                    await lost()
                    self._log.info("waker_lost", way=self._name)
            except Exception as error:  # noqa: BLE001 - whatever it was, the bus looks by itself meanwhile
                if not told:
                    one = error.exceptions[0] if isinstance(error, ExceptionGroup) else error
                    self._log.warning("waker_not_listening", way=self._name, error=type(one).__name__)
                told = True
            finally:
                up.set(0)
            await asyncio.sleep(_PAUSE_SECONDS)

    @abstractmethod
    def _listening(self, wake: Callable[[], None]) -> contextlib.AbstractAsyncContextManager[Callable[[], Any]]:
        """Listen inside the block; gives what waits until the connection is lost."""


class PostgresWaker(_Listener):
    """LISTEN and NOTIFY. The notice is part of the transaction that publishes.

    It needs a connection of its own, straight to the server or by a pooler that keeps sessions together.

    Args:
        dsn: PostgreSQL's connection URI.
        options: bounds of a connection.
    """

    def __init__(self, dsn: str, options: DatabaseOptions) -> None:
        super().__init__("postgresql")
        self._dsn = dsn
        self._options = options

    async def announce(self, connection: "AsyncConnection") -> None:
        """Part of the transaction."""
        from sqlalchemy import func, select

        await connection.execute(select(func.pg_notify(CHANNEL, "")))

    def announced(self) -> None:
        """Nothing: the server does it."""

    @contextlib.asynccontextmanager
    async def _listening(self, wake: Callable[[], None]) -> AsyncIterator[Callable[[], Any]]:
        from tidegate.store.engines import connector

        connection = await connector(self._dsn, self._options)()
        try:
            lost = asyncio.Event()
            connection.add_termination_listener(lambda _: lost.set())
            await connection.add_listener(CHANNEL, lambda *_: wake())
            yield lost.wait
        finally:
            connection.terminate()


class RedisWaker(_Listener):
    """Redis or Valkey, by a channel.

    Args:
        url: ``redis://`` or ``rediss://``.
    """

    def __init__(self, url: str) -> None:
        super().__init__("redis")
        self._url = url
        self._due = asyncio.Event()

    async def announce(self, connection: "AsyncConnection") -> None:
        """Nothing: it would come before the commit."""

    def announced(self) -> None:
        """Have it sent soon; several at once are one."""
        self._due.set()

    @contextlib.asynccontextmanager
    async def _listening(self, wake: Callable[[], None]) -> AsyncIterator[Callable[[], Any]]:
        from redis.asyncio import Redis

        connections = Redis.from_url(
            self._url,
            socket_connect_timeout=_REDIS_SECONDS,
            socket_timeout=_REDIS_SECONDS,
            health_check_interval=_REDIS_SECONDS,
            client_name="tidegate",
        )
        try:
            async with connections.pubsub(ignore_subscribe_messages=True) as channel:
                await channel.subscribe(CHANNEL)
                yield lambda: self._exchange(connections, channel, wake)
        finally:
            await connections.aclose()

    async def _exchange(self, connections: "Redis", channel: "client.PubSub", wake: Callable[[], None]) -> None:
        """Send and hear until either breaks."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._send(connections))
            tasks.create_task(_hear(channel, wake))

    async def _send(self, connections: "Redis") -> None:
        while True:
            await self._due.wait()
            self._due.clear()
            await connections.publish(CHANNEL, b"")


async def _hear(channel: "client.PubSub", wake: Callable[[], None]) -> None:
    while True:
        if await channel.get_message(timeout=_REDIS_SECONDS) is not None:
            wake()
