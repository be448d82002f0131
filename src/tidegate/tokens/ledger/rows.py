"""The ledger in the database: one chain for each start of a writer, its entries in batches.

Nothing here imports SQLAlchemy before a database is used.
"""

import contextlib
import secrets
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Final

from tidegate.clock import Clock
from tidegate.store import Database, StoreUnavailable
from tidegate.tokens.ledger.errors import LedgerError
from tidegate.tokens.ledger.keys import LedgerKey
from tidegate.tokens.ledger.model import Batch, Head, Opened
from tidegate.tokens.ledger.reading import KeptChain
from tidegate.tokens.ledger.segments import Pruned

_PAGE: Final = 20
"""Batches that are read at a time."""

Opens = Callable[[], AbstractAsyncContextManager[Database]]
"""Opens the database for the time of a block: each reading has an event loop of its own."""


class DatabaseSink:
    """Keeps this writer's chain in the database.

    A transaction leaves nothing half written, so there is nothing to take up after a crash: each start begins a chain.

    Args:
        database: that may not be there at the moment.
        clock: for when a chain begins.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._name = secrets.token_hex(8)

    async def open(self, key: LedgerKey) -> Opened:
        """Begin a chain."""
        from tidegate.tokens.ledger import repo

        with _told():
            async with self._database.begin() as connection:
                await repo.begin(connection, self._database.dialect, self._name, key.id, self._clock.now())
        return Opened(Head(self._name, 0, key.genesis(self._name)))

    async def append(self, batch: Batch) -> None:
        """Commit a batch."""
        from tidegate.tokens.ledger import repo

        with _told():
            async with self._database.begin() as connection:
                await repo.append(connection, self._database.dialect, self._name, batch)

    async def aclose(self) -> None:
        """Nothing is held; the database is closed by whoever opened it."""


class DatabaseChain:
    """A chain in the database.

    Args:
        opens: the database.
        name: of the chain.
        key_id: of the key that seals it.
    """

    def __init__(self, opens: Opens, name: str, key_id: str) -> None:
        self._opens = opens
        self.name = name
        self._key_id = key_id

    async def key_id(self) -> str | None:
        """Which key seals it."""
        return self._key_id

    async def begins(self, key: LedgerKey) -> tuple[Head, Pruned | None]:
        """What the first entry must be bound to, and what was pruned before it."""
        from tidegate.tokens.ledger import repo

        with _told():
            async with self._opens() as database, database.read() as connection:
                found = await repo.pruned(connection, self.name)
        if found is None:
            return Head(self.name, 0, key.genesis(self.name)), None
        record, seal = found
        return record.proved(key, seal).head(), record

    async def pieces(self, after: int) -> AsyncGenerator[Iterable[bytes], None]:
        """Its batches."""
        async with contextlib.aclosing(self.parts(after)) as parts:
            async for part in parts:
                yield (part,)

    async def remove(self, begins: Head, record: Pruned, key: LedgerKey) -> None:
        """Put on record what goes, and remove it, in one transaction."""
        from tidegate.tokens.ledger import repo

        with _told():
            async with self._opens() as database, database.begin() as connection:
                seal = key.sign(record.text())
                if not await repo.note_pruned(connection, database.dialect, record, seal, begins.n):
                    raise LedgerError(f"chain {self.name} was pruned by somebody else meanwhile")
                await repo.remove(connection, self.name, record.through)

    async def parts(self, after: int) -> AsyncGenerator[bytes, None]:
        """The entries' lines, batch by batch."""
        from tidegate.tokens.ledger import repo

        with _told():
            async with self._opens() as database:
                while True:
                    async with database.read() as connection:
                        page = await repo.after(connection, self.name, after, _PAGE)
                    if not page:
                        return
                    for _, octets in page:
                        yield octets
                    after = page[-1][0]


async def database_chains(opens: Opens) -> list[KeptChain]:
    """The chains of a ledger in the database.

    Args:
        opens: the database.

    Raises:
        LedgerError: it cannot be read.
    """
    from tidegate.tokens.ledger import repo

    with _told():
        async with opens() as database, database.read() as connection:
            return [DatabaseChain(opens, name, key_id) for name, key_id in await repo.begun(connection)]


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Turn a database that cannot be used into the ledger's own error."""
    try:
        yield
    except StoreUnavailable as error:
        raise LedgerError(str(error)) from error
