"""The rows of changes."""

from typing import Final

import orjson
from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from tidegate.store.model import Change
from tidegate.store.schema import changes

_LOCK: Final = 0x7469_6465_6275_7300
"""PostgreSQL's advisory lock of whoever publishes; any number that nobody else uses."""


async def add(connection: AsyncConnection, topic: str, body: bytes, at: float) -> int:
    """Append a change to the transaction's work.

    Numbers are given in the order of commits: whoever publishes on PostgreSQL waits until those before are
    committed or gone, or a reader could pass a number that becomes visible only later. SQLite has one writer.

    Returns:
        its number.
    """
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    row = insert(changes).values(topic=topic, body=body.decode(), at=at).returning(changes.c.id)
    number: int = (await connection.execute(row)).scalar_one()
    return number


async def newest(connection: AsyncConnection) -> int:
    """The number of the last change; 0 before the first."""
    return (await connection.execute(select(func.max(changes.c.id)))).scalar_one() or 0


async def after(connection: AsyncConnection, position: int, limit: int) -> list[Change]:
    """The changes behind a number, in order.

    Args:
        connection: to read by.
        position: the last number that is known.
        limit: how many at most.
    """
    wanted = select(changes).where(changes.c.id > position).order_by(changes.c.id).limit(limit)
    rows = (await connection.execute(wanted)).all()
    return [Change(id=row.id, topic=row.topic, body=orjson.loads(row.body), at=row.at) for row in rows]


async def prune(connection: AsyncConnection, before: float) -> int:
    """Forget old changes; the newest stays, so that its number can be seen.

    Args:
        connection: of a transaction that writes.
        before: seconds since the epoch.

    Returns:
        how many were forgotten.
    """
    last = select(func.max(changes.c.id)).scalar_subquery()
    done = await connection.execute(delete(changes).where(changes.c.at < before, changes.c.id < last))
    return done.rowcount
