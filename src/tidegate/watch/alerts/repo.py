"""The rows of alerts."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tidegate.store.model import Dialect
from tidegate.store.upsert import insert
from tidegate.watch.alerts.schema import alert_record, watch_slots

_ROW: Final = 1


async def load(connection: AsyncConnection) -> tuple[int, bytes] | None:
    """Version and text of the record; None before the first."""
    row = (await connection.execute(select(alert_record.c.version, alert_record.c.record))).one_or_none()
    return None if row is None else (row.version, row.record.encode())


async def save(
    connection: AsyncConnection, dialect: Dialect, before: int, record: Mapping[str, Any], at: float
) -> bool:
    """Store a record in the place of that of another version, 0 for none; whether it was still that one."""
    values = {"version": before + 1, "record": orjson.dumps(record).decode(), "changed_at": at}
    if before == 0:
        done = await connection.execute(
            insert(dialect, alert_record).values({"id": _ROW, **values}).on_conflict_do_nothing()
        )
    else:
        same = (alert_record.c.id == _ROW) & (alert_record.c.version == before)
        done = await connection.execute(update(alert_record).where(same).values(values))
    return bool(done.rowcount)


async def put_slots(
    connection: AsyncConnection, dialect: Dialect, replica: str, slots: Mapping[int, Mapping[str, float]]
) -> None:
    """Note what a replica counted; what it said of a slot before is replaced."""
    rows = [
        {"slot": slot, "replica": replica, "figures": orjson.dumps(dict(figures)).decode()}
        for slot, figures in slots.items()
    ]
    adding = insert(dialect, watch_slots).values(rows)
    await connection.execute(
        adding.on_conflict_do_update(
            index_elements=[watch_slots.c.slot, watch_slots.c.replica], set_={"figures": adding.excluded.figures}
        )
    )


async def slots_after(connection: AsyncConnection, slot: int) -> Sequence[tuple[int, dict[str, float]]]:
    """What every replica counted after a slot, oldest first."""
    rows = await connection.execute(
        select(watch_slots.c.slot, watch_slots.c.figures).where(watch_slots.c.slot > slot).order_by(watch_slots.c.slot)
    )
    return [(row.slot, orjson.loads(row.figures)) for row in rows]


async def prune(connection: AsyncConnection, before: int) -> None:
    """Forget slots before one."""
    await connection.execute(delete(watch_slots).where(watch_slots.c.slot < before))
