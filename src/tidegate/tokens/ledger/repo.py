"""The rows of the ledger."""

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tidegate.store import Dialect
from tidegate.store.upsert import insert
from tidegate.tokens.ledger.model import Batch
from tidegate.tokens.ledger.schema import batches, chains, prunes
from tidegate.tokens.ledger.segments import Pruned


async def begin(connection: AsyncConnection, dialect: Dialect, name: str, key_id: str, now: float) -> None:
    """Say that a chain is there, and whose key seals it."""
    row = insert(dialect, chains).values(name=name, key_id=key_id, begun_at=now)
    await connection.execute(row.on_conflict_do_nothing(index_elements=["name"]))


async def append(connection: AsyncConnection, dialect: Dialect, name: str, batch: Batch) -> None:
    """Keep a batch once, however often it comes: a commit can succeed although nobody hears of it."""
    row = insert(dialect, batches).values(
        chain=name, first=batch.first, last=batch.last, since=batch.since, until=batch.until, octets=batch.octets
    )
    await connection.execute(row.on_conflict_do_nothing(index_elements=["chain", "first"]))


async def begun(connection: AsyncConnection) -> list[tuple[str, str]]:
    """Every chain with the id of its key, in the order in which they began."""
    rows = await connection.execute(select(chains.c.name, chains.c.key_id).order_by(chains.c.begun_at, chains.c.name))
    return [(row.name, row.key_id) for row in rows]


async def after(connection: AsyncConnection, name: str, first: int, most: int) -> list[tuple[int, bytes]]:
    """The next batches of a chain: their first entries and their lines.

    Args:
        connection: to read from.
        name: of the chain.
        first: of the last batch that is known.
        most: how many.
    """
    where = (batches.c.chain == name) & (batches.c.first > first)
    rows = await connection.execute(
        select(batches.c.first, batches.c.octets).where(where).order_by(batches.c.first).limit(most)
    )
    return [(row.first, bytes(row.octets)) for row in rows]


async def pruned(connection: AsyncConnection, name: str) -> tuple[Pruned, bytes] | None:
    """What was pruned from a chain, and the seal beside it, which is not checked."""
    rows = await connection.execute(select(prunes).where(prunes.c.chain == name))
    row = rows.one_or_none()
    return None if row is None else (Pruned(name, row.through, bytes(row.mac), row.at), bytes(row.seal))


async def note_pruned(connection: AsyncConnection, dialect: Dialect, record: Pruned, seal: bytes, through: int) -> bool:
    """Keep what is to be pruned; False where something else was pruned meanwhile.

    Args:
        connection: of a transaction.
        dialect: of the database.
        record: what is to be pruned.
        seal: over the record.
        through: number of the last entry that was pruned before; 0 for none.
    """
    values = {"through": record.through, "mac": record.mac, "at": record.at, "seal": seal}
    if through:
        where = (prunes.c.chain == record.chain) & (prunes.c.through == through)
        done = await connection.execute(update(prunes).where(where).values(values))
    else:
        row = insert(dialect, prunes).values(chain=record.chain, **values)
        done = await connection.execute(row.on_conflict_do_nothing(index_elements=["chain"]))
    return done.rowcount == 1


async def remove(connection: AsyncConnection, name: str, through: int) -> None:
    """Remove the batches of a chain up to an entry."""
    await connection.execute(delete(batches).where((batches.c.chain == name) & (batches.c.first <= through)))
