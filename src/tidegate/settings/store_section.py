"""Settings of the database, and of what tells replicas of each other's changes."""

from typing import Annotated

from pydantic import Field, SecretStr

from tidegate.settings import kinds as k
from tidegate.settings import stores
from tidegate.settings.spec import Section, spec


class StoreSection(Section):
    """The store."""

    database_url: Annotated[
        SecretStr | None,
        spec(
            "TIDEGATE_DATABASE_URL",
            stores.DatabaseUrl(),
            "Where bans, revocations and states are kept; one PostgreSQL for several replicas.",
            "`tidegate.db` in `TIDEGATE_STATE_DIR`",
        ),
    ] = Field(default=None)
    redis_url: Annotated[
        SecretStr | None,
        spec(
            "TIDEGATE_REDIS_URL",
            stores.RedisUrl(),
            "Redis or Valkey, to wake the other replicas when something changed; they look by themselves too.",
        ),
    ] = Field(default=None)
    database_connections: Annotated[
        int,
        spec(
            "TIDEGATE_DATABASE_CONNECTIONS",
            k.Integer(1, 100, "connections"),
            "How many connections to PostgreSQL at a time, besides one that listens for changes.",
        ),
    ] = 5
    database_timeout_ms: Annotated[
        int,
        spec(
            "TIDEGATE_DATABASE_TIMEOUT_MS",
            k.Integer(100, 60_000, "ms"),
            "How long connecting to the database, waiting for a connection, and each statement may take.",
        ),
    ] = 5_000
    changes_poll_ms: Annotated[
        int,
        spec(
            "TIDEGATE_CHANGES_POLL_MS",
            k.Integer(20, 900, "ms"),
            "How often a replica looks for changes that others made, where nothing wakes it earlier.",
        ),
    ] = 200
    changes_keep_seconds: Annotated[
        int,
        spec(
            "TIDEGATE_CHANGES_KEEP_SECONDS",
            k.Integer(3_600, 2_592_000, "s"),
            "How long changes are kept; a replica that was away for longer loads all anew, as each does at its start.",
        ),
    ] = 86_400
