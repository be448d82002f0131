"""The store that the settings describe."""

from tidegate.clock import Clock
from tidegate.settings import Settings
from tidegate.store import Database, DatabaseOptions, Store

SQLITE_FILE = "tidegate.db"
"""Its name in the state directory, where no other database is configured."""


def database_of(settings: Settings) -> Database:
    """The database, not yet connected to.

    Args:
        settings: sound ones.
    """
    url = settings.database_url
    return Database.open(
        url.get_secret_value() if url else f"sqlite:///{settings.state_dir / SQLITE_FILE}",
        DatabaseOptions(connections=settings.database_connections, timeout_s=settings.database_timeout_ms / 1000),
    )


def store_of(settings: Settings, clock: Clock) -> Store:
    """The store, not yet opened.

    Args:
        settings: sound ones.
        clock: for leases and changes.
    """
    return Store(
        database_of(settings), clock, poll_s=settings.changes_poll_ms / 1000, keep_s=settings.changes_keep_seconds
    )
