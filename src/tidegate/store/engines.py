"""SQLAlchemy's engines for both kinds of database, and what its errors mean. Imported when a database is used."""

import contextlib
import os
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import event
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import QueuePool

from tidegate.store.model import DatabaseOptions, StoreUnavailable, Target

if TYPE_CHECKING:
    import asyncpg

_RECYCLE_SECONDS: Final = 1_800
_IDLE_IN_TRANSACTION_MS: Final = 60_000


class Engines:
    """The engine that writes and the one that reads; with PostgreSQL they are the same.

    Args:
        target: where the database is.
        options: bounds.

    Attributes:
        writer: for transactions that write.
        reader: for those that do not.
    """

    def __init__(self, target: Target, options: DatabaseOptions) -> None:
        if target.path is None:
            self.writer = _postgresql(target.dsn, options)
            self.reader = self.writer.execution_options(postgresql_readonly=True)
        else:
            _make_private(target.path)
            self.writer = _sqlite(target.path, options, writes=True)
            self.reader = _sqlite(target.path, options, writes=False)

    async def dispose(self) -> None:
        """Close every connection."""
        await self.writer.dispose()
        await self.reader.dispose()

    def in_use(self) -> int:
        """How many connections are in use."""
        pools = {id(engine.pool): engine.pool for engine in (self.writer, self.reader)}
        return sum(pool.checkedout() for pool in pools.values() if isinstance(pool, QueuePool))

    @staticmethod
    def cause_of(error: Exception) -> str | None:
        """In one word why the database failed; None: it did not, the error is somebody else's."""
        match error:
            case IntegrityError() | DataError():
                return None
            case TimeoutError() | PoolTimeoutError():
                return "timeout"
            case DBAPIError(connection_invalidated=True) | OSError():
                return "unreachable"
            case DBAPIError():
                return "busy" if _is_busy(error.orig) else "refused"
            case _:
                return "refused" if type(error).__module__.startswith("asyncpg.") else None

    @staticmethod
    def describe(error: Exception) -> str:
        """What the driver said, by its class and code: its text can hold values."""
        said = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
        code = getattr(said, "sqlstate", None) or getattr(said, "sqlite_errorname", None)
        return f"{type(said).__name__} ({code})" if code else type(said).__name__


def _is_busy(error: BaseException | None) -> bool:
    """Whether another process holds SQLite's lock."""
    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF in (
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
    )


def _make_private(path: Path) -> None:
    """Make the file for its owner only; SQLite gives its companions the same mode."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | getattr(os, "O_CLOEXEC", 0), 0o600))
    except OSError as error:
        raise StoreUnavailable("refused", f"its file cannot be opened ({error.strerror})") from None


class _Sqlite(sqlite3.Connection):
    """A connection whose end is the end of its transaction.

    SQLite keeps a closed connection alive, lock and all, for as long as a statement of it exists, and one that was
    cancelled in mid-work exists until it is collected. Everybody else would wait for the lock until then.
    """

    def close(self) -> None:
        """Give up the lock, then close; in the connection's own thread, like every use of it.

        Nothing is raised that closing alone would not raise: the connection's thread ends only after a close that went
        well.
        """
        with contextlib.suppress(sqlite3.Error):  # also where it is closed already
            if self.in_transaction:
                self.rollback()
        super().close()


def _sqlite(path: Path, options: DatabaseOptions, *, writes: bool) -> AsyncEngine:
    engine = create_async_engine(
        f"sqlite+aiosqlite:///{path}",
        connect_args={"timeout": options.timeout_s, "factory": _Sqlite},
        # One writer: the others queue here, in turn, and not at the file's lock, where none is fair.
        pool_size=1 if writes else options.connections,
        max_overflow=0,
        pool_timeout=options.timeout_s,
        hide_parameters=True,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _: object) -> None:  # noqa: ANN401 - the adapted connection has no type
        connection.isolation_level = None  # BEGIN is ours to say
        cursor = connection.cursor()
        pragmas = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON") if writes else ("query_only=ON",)
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        # The write lock is taken at once: taken later it could fail with what was read already out of date.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql(dsn: str, options: DatabaseOptions) -> AsyncEngine:
    return create_async_engine(
        "postgresql+asyncpg://",
        async_creator=connector(dsn, options),
        pool_size=options.connections,
        max_overflow=0,
        pool_timeout=options.timeout_s,
        pool_pre_ping=True,
        pool_recycle=_RECYCLE_SECONDS,
        hide_parameters=True,
    )


def connector(dsn: str, options: DatabaseOptions) -> "Callable[..., Awaitable[asyncpg.Connection[Any]]]":
    """What makes a connection to PostgreSQL, by libpq's rules for the connection URI (``sslmode`` and all).

    Args:
        dsn: the connection URI.
        options: bounds.

    Returns:
        a function without arguments.
    """
    import asyncpg

    timeout_ms = str(round(options.timeout_s * 1_000))

    async def connect(**_: object) -> "asyncpg.Connection[Any]":
        try:
            return await asyncpg.connect(
                dsn,
                timeout=options.timeout_s,
                command_timeout=options.timeout_s,
                server_settings={
                    "application_name": "tidegate",
                    "statement_timeout": timeout_ms,
                    "lock_timeout": timeout_ms,
                    # A process that was stopped in the middle must not hold up the others for ever.
                    "idle_in_transaction_session_timeout": str(_IDLE_IN_TRANSACTION_MS),
                },
            )
        except ValueError:
            raise ConnectionError("the connection URI cannot be used") from None

    return connect
