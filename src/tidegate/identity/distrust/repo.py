"""The rows of refused keys."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from tidegate.identity.distrust.schema import distrusted_keys
from tidegate.store.model import Dialect
from tidegate.store.upsert import insert


async def add(
    connection: AsyncConnection, dialect: Dialect, issuer: str, names: Iterable[str], operator: str, at: float
) -> None:
    """Note keys; those that are there stay as they are.

    Args:
        connection: of a transaction that writes.
        dialect: of the database.
        issuer: exact.
        names: of the keys.
        operator: who refuses them.
        at: seconds since the epoch.
    """
    rows = [{"issuer": issuer, "name": name, "operator": operator, "at": at} for name in names]
    await connection.execute(insert(dialect, distrusted_keys).values(rows).on_conflict_do_nothing())


async def everything(connection: AsyncConnection) -> list[tuple[str, str]]:
    """Issuer and name of every key."""
    rows = await connection.execute(select(distrusted_keys.c.issuer, distrusted_keys.c.name))
    return [(row.issuer, row.name) for row in rows]
