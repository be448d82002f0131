"""The rows of webhooks that came."""

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncConnection

from tidegate.store import Dialect
from tidegate.store.upsert import insert
from tidegate.tokens.webhooks.schema import deliveries


async def note(connection: AsyncConnection, dialect: Dialect, issuer: str, name: str, now: float) -> bool:
    """Note that a webhook came.

    Args:
        connection: of the transaction that acts on it.
        dialect: of the database.
        issuer: whose.
        name: its id.
        now: seconds since the epoch.

    Returns:
        whether it came for the first time.
    """
    row = insert(dialect, deliveries).values(issuer=issuer, id=name, at=now)
    done = await connection.execute(row.on_conflict_do_nothing(index_elements=["issuer", "id"]))
    return done.rowcount == 1


async def prune(connection: AsyncConnection, before: float) -> None:
    """Forget those that came before a moment."""
    await connection.execute(delete(deliveries).where(deliveries.c.at < before))
