"""What the store is told, what it hands out, and how it says that it cannot."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from tidegate.errors import TidegateError

Dialect = Literal["sqlite", "postgresql"]

POSTGRESQL_SCHEMES: Final = frozenset({"postgresql", "postgres"})
"""Both spellings that libpq reads."""

_SQLITE_PREFIX: Final = "sqlite:///"


class StoreUnavailable(TidegateError):
    """The database cannot be used at this moment.

    Args:
        cause: one of the words that the metric ``tidegate_store_failures_total`` has.
        detail: what the driver said, without values, addresses or credentials.
    """

    def __init__(self, cause: str, detail: str) -> None:
        super().__init__(f"the database is not available: {detail}")
        self.cause = cause


@dataclass(frozen=True, slots=True)
class DatabaseOptions:
    """Bounds of a database.

    Attributes:
        connections: the most connections to PostgreSQL, or for reading an SQLite file.
        timeout_s: seconds that connecting, waiting for a connection, and each statement may take.
    """

    connections: int = 5
    timeout_s: float = 5.0


@dataclass(frozen=True, slots=True)
class Target:
    """Where a database is.

    Attributes:
        dialect: which kind it is.
        path: SQLite's file.
        dsn: PostgreSQL's connection string, which can hold a password.
    """

    dialect: Dialect
    path: Path | None = None
    dsn: str = field(default="", repr=False)

    @property
    def shown(self) -> str:
        """For people: the file, or host and name; never a user or a password."""
        if self.path is not None:
            return str(self.path)
        parts = urlsplit(self.dsn)
        return f"{parts.netloc.rpartition('@')[2] or 'the default host'}{parts.path}"


def target_of(url: str) -> Target:
    """Take a database's URL apart.

    Args:
        url: ``sqlite:///relative/path``, ``sqlite:////absolute/path``, or PostgreSQL's connection URI
            (``postgresql://user@host:port/name?sslmode=verify-full``).

    Raises:
        ValueError: it is neither; the message does not repeat it.
    """
    if url.startswith(_SQLITE_PREFIX) and len(url) > len(_SQLITE_PREFIX):
        return Target("sqlite", path=Path(url.removeprefix(_SQLITE_PREFIX)))
    scheme, mark, _ = url.partition("://")
    if mark and scheme in POSTGRESQL_SCHEMES:
        return Target("postgresql", dsn=url)
    raise ValueError("not the URL of an SQLite file or of PostgreSQL")


@dataclass(frozen=True, slots=True)
class Change:
    """Something that happened and that every replica must know.

    Attributes:
        id: grows in the order in which changes were committed.
        topic: whose it is.
        body: what happened; JSON.
        at: when it was published, seconds since the epoch.
    """

    id: int
    topic: str
    body: Mapping[str, Any]
    at: float
