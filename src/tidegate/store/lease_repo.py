"""The rows of leases."""

from sqlalchemy import ColumnElement, Double, and_, case, cast, extract, func, literal, or_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tidegate.store.model import Dialect
from tidegate.store.schema import leases
from tidegate.store.upsert import insert


def _now(dialect: Dialect, now: float) -> ColumnElement[float]:
    """The time that all holders share: PostgreSQL's own; on one machine with an SQLite file, that machine's."""
    if dialect == "postgresql":
        return cast(extract("epoch", func.clock_timestamp()), Double)
    return literal(now, Double)


async def take(
    connection: AsyncConnection, dialect: Dialect, name: str, holder: str, *, ttl_s: float, now: float
) -> int | None:
    """Take a lease that is free, over, or one's own.

    Returns:
        its fence, which is greater with every other holder; None where somebody else has it.
    """
    shared = _now(dialect, now)
    mine = and_(leases.c.holder == holder, leases.c.expires_at > shared)
    taken = (
        insert(dialect, leases)
        .values(name=name, holder=holder, fence=1, expires_at=shared + ttl_s)
        .on_conflict_do_update(
            index_elements=[leases.c.name],
            set_={
                "holder": holder,
                "fence": case((mine, leases.c.fence), else_=leases.c.fence + 1),
                "expires_at": shared + ttl_s,
            },
            where=or_(leases.c.holder == holder, leases.c.expires_at <= shared),
        )
        .returning(leases.c.fence)
    )
    fence: int | None = (await connection.execute(taken)).scalar_one_or_none()
    return fence


async def extend(
    connection: AsyncConnection, dialect: Dialect, name: str, holder: str, *, ttl_s: float, now: float
) -> bool:
    """Hold on to a lease that is one's own and not over."""
    shared = _now(dialect, now)
    held = and_(leases.c.name == name, leases.c.holder == holder, leases.c.expires_at > shared)
    done = await connection.execute(update(leases).where(held).values(expires_at=shared + ttl_s))
    return done.rowcount == 1


async def give_up(connection: AsyncConnection, name: str, holder: str) -> None:
    """Let the next one have it at once; the row stays for its fence."""
    mine = and_(leases.c.name == name, leases.c.holder == holder)
    await connection.execute(update(leases).where(mine).values(expires_at=0.0))
