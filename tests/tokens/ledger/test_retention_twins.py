"""Pruning in files, in SQLite and in PostgreSQL: the same rules, and what is left proves everywhere."""

import asyncio
import contextlib

import pytest

from support.databases import new_database
from support.issuing import NOW
from support.ledgers import KEY, KEYS, OTHER_KEY, issued, sealed, summed
from tidegate.clock import ManualClock
from tidegate.store import Database
from tidegate.tokens.ledger.audit import audit
from tidegate.tokens.ledger.chain import Chain
from tidegate.tokens.ledger.errors import LedgerError
from tidegate.tokens.ledger.files import FileSink
from tidegate.tokens.ledger.model import Head
from tidegate.tokens.ledger.reading import file_chains
from tidegate.tokens.ledger.retention import prunable, prune
from tidegate.tokens.ledger.rows import DatabaseSink, database_chains

DAY = 86_400


class Kept:
    """A ledger somewhere, with one chain: each batch is a piece of its own there."""

    def __init__(self, *, folder=None, url=""):
        self._folder = folder
        self._url = url

    @contextlib.asynccontextmanager
    async def _database(self):
        database = Database.open(self._url)
        try:
            yield database
        finally:
            await database.aclose()

    async def chains(self):
        return await database_chains(self._database) if self._url else file_chains(self._folder)

    async def write(self, *batches):
        async with self._database() if self._url else contextlib.nullcontext() as database:
            clock = ManualClock(NOW)
            sink = DatabaseSink(database, clock) if self._url else FileSink(self._folder, segment_bytes=1)
            chain = Chain(KEY, (await sink.open(KEY)).head)
            for notes in batches:
                await sink.append(sealed(chain, notes))
            await sink.aclose()

    async def pruned(self, before, key=KEY):
        (chain,) = await self.chains()
        found = await prunable(chain, key, before)
        await prune(found, key, NOW + 9 * DAY)
        return found.pieces, found.entries

    async def state(self, checkpoints=None):
        (finding,) = await audit(await self.chains(), KEYS, checkpoints=checkpoints or {})
        return finding.wrong, finding.pruned_through, finding.entries


@pytest.fixture(params=["files", "sqlite", "postgresql"])
def kept(request, tmp_path):
    """Five days, two entries a day."""
    days = [[issued(NOW + day * DAY), issued(NOW + day * DAY + 60)] for day in range(5)]
    with contextlib.ExitStack() as until:
        made = Kept(folder=tmp_path / "ledger")
        if request.param != "files":
            made = Kept(url=until.enter_context(new_database(request.param, tmp_path, request.getfixturevalue)))
        asyncio.run(made.write(*days))
        yield made


def test_what_is_left_proves_and_can_be_pruned_again(kept):
    async def pruned_twice():
        assert await kept.pruned(NOW + 2 * DAY) == (2, 4)
        assert await kept.state() == ("", 4, 6)
        assert await kept.pruned(NOW + 3 * DAY + 30) == (1, 2)
        return await kept.state()

    assert asyncio.run(pruned_twice()) == ("", 6, 4)


def test_the_last_piece_stays_and_checkpoints_of_what_is_gone_are_met(kept):
    async def all_pruned():
        (chain,) = await kept.chains()
        assert await kept.pruned(NOW + 99 * DAY) == (4, 8)
        return await kept.state({chain.name: Head(chain.name, 3, b"\0" * 16)})

    assert asyncio.run(all_pruned()) == ("", 8, 2)


def test_a_piece_whose_last_entry_is_not_its_newest_stays_until_all_are_older(tmp_path, request):
    async def pruned_at(kept, *moments):
        await kept.write([issued(NOW + 0.9), summed(NOW + 0.1)], [issued(NOW + DAY)])
        return [await kept.pruned(moment) for moment in moments]

    for made in (
        Kept(folder=tmp_path / "ledger"),
        Kept(url=request.getfixturevalue("sqlite_files").new(tmp_path / "d")),
    ):
        (chain_before, chain_after) = asyncio.run(pruned_at(made, NOW + 0.5, NOW + 1))
        assert (chain_before, chain_after) == ((0, 0), (1, 2))


def test_who_was_overtaken_prunes_nothing(kept):
    async def overtaken():
        (chain,) = await kept.chains()
        late = await prunable(chain, KEY, NOW + 3 * DAY)
        await kept.pruned(NOW + 2 * DAY)
        with pytest.raises(LedgerError, match="meanwhile"):
            await prune(late, KEY, NOW + 9 * DAY)
        return await kept.state()

    assert asyncio.run(overtaken()) == ("", 4, 6)


def test_another_key_prunes_nothing(kept):
    with pytest.raises(LedgerError, match="holds up to entry 0"):
        asyncio.run(kept.pruned(NOW + 2 * DAY, OTHER_KEY))
    assert asyncio.run(kept.state()) == ("", 0, 10)


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("UPDATE ledger_prunes SET through = 6", "seal"),
        ("UPDATE ledger_prunes SET at = at + 1", "seal"),
        ("DELETE FROM ledger_prunes", "another number"),
    ],
)
@pytest.mark.anyio
async def test_the_record_in_the_database_cannot_be_forged(database, database_url, statement, why):
    from sqlalchemy import text

    made = Kept(url=database_url)
    await made.write(*[[issued(NOW + day * DAY)] for day in range(9)])
    await made.pruned(NOW + 4 * DAY)
    async with database.begin() as connection:
        await connection.execute(text(statement))

    assert why in (await made.state())[0]
