"""The ledger in the database: the same chain as in files, on SQLite and PostgreSQL."""

import contextlib

import pytest

from support.issuing import NOW
from support.ledgers import KEY, KEYS, issued, sealed
from tidegate.clock import ManualClock
from tidegate.store import Database
from tidegate.tokens.ledger.audit import audit
from tidegate.tokens.ledger.chain import Chain
from tidegate.tokens.ledger.errors import LedgerError
from tidegate.tokens.ledger.rows import DatabaseSink, database_chains
from tidegate.tokens.ledger.search import search, wanted

pytestmark = pytest.mark.anyio


def opener(url):
    @contextlib.asynccontextmanager
    async def opens():
        database = Database.open(url)
        try:
            yield database
        finally:
            await database.aclose()

    return opens


async def written(database, *counts):
    sink = DatabaseSink(database, ManualClock(NOW))
    chain = Chain(KEY, (await sink.open(KEY)).head)
    for count in counts:
        batch = sealed(chain, [issued(NOW + n, request=f"r-{chain.n + n}") for n in range(count)])
        await sink.append(batch)
    return sink, batch


async def test_every_batch_is_kept_and_the_chain_proves(database, database_url):
    await written(database, 3, 1, 30, *[1] * 25)
    await written(database, 2)
    kept = await database_chains(opener(database_url))

    findings = await audit(kept, KEYS, checkpoints={})
    assert sorted((finding.wrong, finding.entries) for finding in findings) == [("", 2), ("", 59)]
    found = [entry.request async for entry in search(kept, KEYS, wanted(KEYS, {"request": "r-58"}))]
    assert found == ["r-58"]


async def test_a_batch_that_comes_again_is_kept_once(database, database_url):
    sink, batch = await written(database, 3, 2)
    await sink.append(batch)

    (finding,) = await audit(await database_chains(opener(database_url)), KEYS, checkpoints={})
    assert (finding.wrong, finding.entries) == ("", 5)


@pytest.mark.parametrize(
    ("statement", "holds"),
    [
        ("UPDATE ledger_batches SET chain = chain || 'x' WHERE first = 4", 3),
        ("DELETE FROM ledger_batches WHERE first = 1", 0),
    ],
)
async def test_what_somebody_changed_in_the_table_shows(database, database_url, statement, holds):
    from sqlalchemy import text

    await written(database, 3, 2, 1)
    async with database.begin() as connection:
        await connection.execute(text(statement.replace("chain || 'x'", "'ffffffffffffffff'")))

    (finding,) = await audit(await database_chains(opener(database_url)), KEYS, checkpoints={})
    assert f"holds up to entry {holds}" in finding.wrong


async def test_a_database_that_is_gone_is_the_ledgers_own_error(database):
    sink, batch = await written(database, 1)
    await database.aclose()
    with pytest.raises(LedgerError):
        await sink.append(batch)
    with pytest.raises(LedgerError):
        await DatabaseSink(database, ManualClock(NOW)).open(KEY)
