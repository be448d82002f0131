"""The database and Redis, as this replica reaches them."""

from typing import Final

from tidegate.clock import Clock
from tidegate.store import Database, StoreUnavailable
from tidegate.store.wakers import CHANNEL
from tidegate.watch.probes.causes import CAUSES, Cause
from tidegate.watch.probes.model import Outcome, ProbeSpec, State
from tidegate.watch.probes.outcomes import fine, wrong

DATABASE: Final = "database"
REDIS: Final = "redis"
DATABASE_PERIOD_S: Final = 15.0
REDIS_PERIOD_S: Final = 30.0

_REDIS_SECONDS: Final = 3.0


class DatabaseProbe:
    """One small question.

    Args:
        database: of the store.
        clock: for the time that it takes.
        timeout_s: of the database.
    """

    def __init__(self, database: Database, clock: Clock, timeout_s: float) -> None:
        # Connecting and asking may each take the time-out.
        self.spec = ProbeSpec(DATABASE, "The database", DATABASE_PERIOD_S, 3 * timeout_s, each_replica=True)
        self._database = database
        self._clock = clock

    async def run(self) -> Outcome:
        """Ask."""
        began = self._clock.monotonic()
        try:
            async with self._database.read() as connection:
                await connection.exec_driver_sql("SELECT 1")
        except StoreUnavailable as error:
            text = f"The database cannot be used ({error.cause})."
            return wrong(DATABASE, self._clock.now(), State.FAILING, Cause.DATABASE_DOWN, text=text)
        return fine(DATABASE, self._clock.now(), {"response_seconds": self._clock.monotonic() - began})


class RedisProbe:
    """Says what wakes the replicas, on a connection of its own; a replica that is woken for nothing looks once.

    Args:
        url: of the server; with a password, so no error of the library is repeated.
        clock: for the time that it takes.
    """

    def __init__(self, url: str, clock: Clock) -> None:
        self.spec = ProbeSpec(REDIS, "Redis", REDIS_PERIOD_S, 3 * _REDIS_SECONDS, each_replica=True)
        self._url = url
        self._clock = clock

    async def run(self) -> Outcome:
        """Ask."""
        from redis.asyncio import Redis
        from redis.exceptions import RedisError

        began = self._clock.monotonic()
        connection = Redis.from_url(
            self._url, socket_connect_timeout=_REDIS_SECONDS, socket_timeout=_REDIS_SECONDS, client_name="tidegate"
        )
        try:
            await connection.publish(CHANNEL, b"")
        except (RedisError, OSError) as error:
            text = f"{CAUSES[Cause.REDIS_DOWN].text} ({type(error).__name__})"
            return wrong(REDIS, self._clock.now(), State.FAILING, Cause.REDIS_DOWN, text=text)
        finally:
            await connection.aclose()
        return fine(REDIS, self._clock.now(), {"response_seconds": self._clock.monotonic() - began})
