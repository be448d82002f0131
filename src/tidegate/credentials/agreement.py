"""How replicas agree on the states of generations."""

from collections.abc import Callable
from typing import Final, Protocol

from tidegate.clock import Clock
from tidegate.credentials.ring import Ring
from tidegate.store import Store, StoreUnavailable

TOPIC: Final = "credentials"
_TRIES: Final = 5


class Agreement(Protocol):
    """How replicas agree on a ring."""

    async def change(self, change: Callable[[Ring], Ring], mine: Ring) -> Ring:
        """Apply a change to the newest ring that there is.

        Args:
            change: may be called more than once; what it raises is passed on.
            mine: what this replica knows, for the case that there is nothing newer.

        Returns:
            the ring after it.

        Raises:
            StoreUnavailable: the others cannot be asked at this moment.
        """
        ...


class Alone:
    """The agreement of a single replica."""

    async def change(self, change: Callable[[Ring], Ring], mine: Ring) -> Ring:
        """Apply it to what this replica knows."""
        return change(mine)


class Shared:
    """The agreement of all replicas of one database: one row, and a change on the bus that says it is new.

    Args:
        store: the database and the bus.
        clock: for the time of a change.
        most: how many generations there may be.
    """

    def __init__(self, store: Store, clock: Clock, most: int) -> None:
        self._store = store
        self._clock = clock
        self._most = most

    async def change(self, change: Callable[[Ring], Ring], mine: Ring) -> Ring:
        """Apply it to the ring in the database; the first replica of all brings its own."""
        for _ in range(_TRIES):
            ring = await self._changed(change, mine)
            if ring is not None:
                return ring
        raise StoreUnavailable("conflict", "other replicas changed the credentials at the same time, again and again")

    async def _changed(self, change: Callable[[Ring], Ring], mine: Ring) -> Ring | None:
        from tidegate.credentials import repo

        database, now = self._store.database, self._clock.now()
        async with database.begin() as connection:
            stored = await repo.load(connection)
            theirs = mine if stored is None else Ring.from_json(stored, most=self._most)
            ring = change(theirs)
            if stored is None:
                done = await repo.create(connection, database.dialect, ring.version, ring.to_json(), now)
            elif ring is theirs:
                return theirs
            else:
                done = await repo.replace(connection, theirs.version, ring.version, ring.to_json(), now)
            if not done:
                return None
            await self._store.bus.publish(connection, TOPIC, {"version": ring.version})
        return ring
