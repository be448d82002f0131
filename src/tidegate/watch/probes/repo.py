"""The rows of outcomes."""

from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from tidegate.store.model import Dialect
from tidegate.store.upsert import insert
from tidegate.watch.probes.schema import probe_outcomes


async def keep(connection: AsyncConnection, dialect: Dialect, probe: str, members: Mapping[str, Any]) -> None:
    """Keep an outcome in the place of the one before.

    Args:
        connection: of a transaction that writes.
        dialect: of the database.
        probe: its name.
        members: JSON.
    """
    row = {"outcome": orjson.dumps(dict(members)).decode(), "at": members["at"]}
    kept = insert(dialect, probe_outcomes).values(probe=probe, **row)
    await connection.execute(kept.on_conflict_do_update(index_elements=[probe_outcomes.c.probe], set_=row))


async def everything(connection: AsyncConnection) -> list[dict[str, Any]]:
    """The last outcome of each probe."""
    rows = await connection.execute(select(probe_outcomes.c.outcome).order_by(probe_outcomes.c.probe))
    return [orjson.loads(row.outcome) for row in rows]
