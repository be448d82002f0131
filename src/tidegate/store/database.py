"""The database: SQLite and PostgreSQL behave alike to whoever uses them.

One transaction writes at a time on SQLite; on PostgreSQL as many as there are connections. Nothing is connected
before it is needed, and a database that is gone makes each use fail within its time-out: nobody waits for longer.
"""

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Final

from tidegate import metrics
from tidegate.store.model import DatabaseOptions, Dialect, StoreUnavailable, Target, target_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from tidegate.store.engines import Engines
    from tidegate.store.migrate import Standing

_USUAL: Final = DatabaseOptions()


class Database:
    """A database, used from one event loop.

    Args:
        target: where it is.
        options: bounds.
    """

    def __init__(self, target: Target, options: DatabaseOptions = _USUAL) -> None:
        self.target = target
        self._options = options
        self._engines: Engines | None = None
        self._opening = asyncio.Lock()
        self._closed = False
        self._severed = False
        self._up: bool | None = None
        self._after: dict[int, list[Callable[[], None]]] = {}
        metrics.STORE_UP.set_function(lambda: math.nan if self._up is None else float(self._up))
        metrics.STORE_CONNECTIONS.set_function(self._in_use)

    @classmethod
    def open(cls, url: str, options: DatabaseOptions = _USUAL) -> "Database":
        """A database by its URL; it is connected to when it is first used.

        Args:
            url: ``sqlite:///path`` or ``postgresql://...``.
            options: bounds.

        Raises:
            ValueError: the URL is neither.
        """
        return cls(target_of(url), options)

    @property
    def dialect(self) -> Dialect:
        """Which kind it is."""
        return self.target.dialect

    def healthy(self) -> bool:
        """Whether the last use went well; True before the first."""
        return self._up is not False

    def sever(self) -> None:
        """From now on every use fails as if the database could not be reached, until `rejoin`: for drills."""
        self._severed = True

    def rejoin(self) -> None:
        """End what `sever` began."""
        self._severed = False

    @contextlib.asynccontextmanager
    async def begin(self) -> AsyncIterator["AsyncConnection"]:
        """One transaction that may write: committed at the end of the block, rolled back by an exception.

        Do not open one inside another: on SQLite the inner one would wait for the outer one until it times out.

        Yields:
            the connection.

        Raises:
            StoreUnavailable: the database cannot be used; what was written counts only if no exception came, and
                if the connection broke during the commit itself, nobody can say whether it does.
        """
        async with self._used() as engines, engines.writer.begin() as connection:
            after = self._after[id(connection)] = []
            try:
                yield connection
            finally:
                del self._after[id(connection)]
        for then in after:
            then()

    @contextlib.asynccontextmanager
    async def read(self) -> AsyncIterator["AsyncConnection"]:
        """One consistent view that cannot write.

        Yields:
            the connection.

        Raises:
            StoreUnavailable: the database cannot be used.
        """
        async with self._used() as engines, engines.reader.connect() as connection:
            yield connection

    def after_commit(self, connection: "AsyncConnection", then: Callable[[], None]) -> None:
        """Have something called once a transaction is committed; never, if it is not.

        Args:
            connection: of a running :meth:`begin`.
            then: quick, and does not raise.
        """
        self._after[id(connection)].append(then)

    async def migrate(self) -> bool:
        """Bring the schema up to date; several replicas may try at the same time.

        Returns:
            whether something was done. A schema from a later version stays as it is: migrations only add.

        Raises:
            StoreUnavailable: the database cannot be used, or forbids it.
        """
        from tidegate.store import migrate

        if (await self.standing()).is_current:
            return False
        async with self.begin() as connection:
            return await migrate.upgrade(connection)

    async def standing(self) -> "Standing":
        """How far the schema is; nothing is changed.

        Raises:
            StoreUnavailable: the database cannot be used.
        """
        from tidegate.store import migrate

        async with self.read() as connection:
            return await migrate.standing(connection)

    async def aclose(self) -> None:
        """Close every connection; it cannot be used afterwards."""
        self._closed = True
        engines, self._engines = self._engines, None
        if engines is not None:
            await engines.dispose()

    @contextlib.asynccontextmanager
    async def _used(self) -> AsyncIterator["Engines"]:
        """Turn the failures of the driver into our own, and note how the database is."""
        engines = self._engines or await self._opened()
        if self._severed:
            self._up = False
            raise StoreUnavailable("unreachable", "it was severed")
        try:
            yield engines
        except Exception as error:
            cause = engines.cause_of(error)
            if cause is None:
                raise
            self._up = False
            metrics.STORE_FAILURES.labels(cause).inc()
            raise StoreUnavailable(cause, engines.describe(error)) from None
        self._up = True

    async def _opened(self) -> "Engines":
        async with self._opening:
            if self._closed:
                raise StoreUnavailable("closed", "it was closed")
            if self._engines is None:
                # Half a second of importing: not in the event loop.
                self._engines = await asyncio.to_thread(_open, self.target, self._options)
            return self._engines

    def _in_use(self) -> float:
        return 0.0 if self._engines is None else float(self._engines.in_use())


def _open(target: Target, options: DatabaseOptions) -> "Engines":
    from tidegate.store.engines import Engines

    return Engines(target, options)
