"""The store that the settings describe."""

from tidegate.clock import Clock
from tidegate.settings import Settings
from tidegate.store import Database, DatabaseOptions, Store
from tidegate.store.bus import Waker
from tidegate.store.wakers import PostgresWaker, RedisWaker

SQLITE_FILE = "tidegate.db"
"""Its name in the state directory, where no other database is configured."""


def store_wanted(settings: Settings) -> bool:
    """Whether anything is in the store, or can get there: else it is not opened, which saves a fifth of the memory.

    What is kept there comes from operators, webhooks, other replicas and the ledger. A file that is there may hold
    bans, whoever made it, so it is read even where nobody can add to it any more.

    Args:
        settings: sound ones.
    """
    configured = settings.database_url is not None or settings.redis_url is not None
    written = settings.operator_keys or settings.webhook_secrets or settings.ledger == "database"
    return configured or bool(written) or (settings.state_dir / SQLITE_FILE).exists()


def database_of(settings: Settings) -> Database:
    """The database, not yet connected to.

    Args:
        settings: sound ones.
    """
    url = settings.database_url
    return Database.open(
        url.get_secret_value() if url else f"sqlite:///{settings.state_dir / SQLITE_FILE}", _options(settings)
    )


def store_of(settings: Settings, clock: Clock) -> Store:
    """The store, not yet opened.

    Args:
        settings: sound ones.
        clock: for leases and changes.
    """
    database = database_of(settings)
    return Store(
        database,
        clock,
        waker=_waker(settings, database),
        poll_s=settings.changes_poll_ms / 1000,
        keep_s=settings.changes_keep_seconds,
    )


def _waker(settings: Settings, database: Database) -> Waker | None:
    """Redis where it is configured, else PostgreSQL itself; with a file nobody is woken, and it is read often."""
    if settings.redis_url is not None:
        return RedisWaker(settings.redis_url.get_secret_value())
    if database.dialect == "postgresql":
        return PostgresWaker(database.target.dsn, _options(settings))
    return None


def _options(settings: Settings) -> DatabaseOptions:
    return DatabaseOptions(connections=settings.database_connections, timeout_s=settings.database_timeout_ms / 1000)
