"""The row of the ring."""

from typing import Any, Final

import orjson
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tidegate.credentials.schema import credential_ring
from tidegate.store.model import Dialect
from tidegate.store.upsert import insert

_ROW: Final = 1


async def load(connection: AsyncConnection) -> dict[str, Any] | None:
    """The ring as it was stored; None before the first time.

    In a transaction that writes, PostgreSQL holds the row until the end; SQLite has one writer anyway.
    """
    wanted = select(credential_ring.c.ring).where(credential_ring.c.id == _ROW).with_for_update()
    text = (await connection.execute(wanted)).scalar_one_or_none()
    members: dict[str, Any] | None = None if text is None else orjson.loads(text)
    return members


async def create(connection: AsyncConnection, dialect: Dialect, version: int, ring: dict[str, Any], at: float) -> bool:
    """Store the first ring; whether it was the first."""
    row = {"id": _ROW, "version": version, "ring": orjson.dumps(ring).decode(), "changed_at": at}
    done = await connection.execute(insert(dialect, credential_ring).values(row).on_conflict_do_nothing())
    return bool(done.rowcount)


async def replace(connection: AsyncConnection, before: int, version: int, ring: dict[str, Any], at: float) -> bool:
    """Store a ring in the place of that of another version; whether it was still that one."""
    values = {"version": version, "ring": orjson.dumps(ring).decode(), "changed_at": at}
    same = (credential_ring.c.id == _ROW) & (credential_ring.c.version == before)
    done = await connection.execute(update(credential_ring).where(same).values(values))
    return bool(done.rowcount)
