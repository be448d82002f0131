"""Leases: at most one of several replicas does a thing at a time."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from tidegate.clock import Clock
from tidegate.store.database import Database
from tidegate.store.model import StoreUnavailable

Found = TypeVar("Found")

_OWN_PART: Final = 0.9
"""The holder believes in its lease for this part of it, so that clocks of different pace do no harm."""


class Lease:
    """The right to do something alone, until it runs out.

    It is counted from before the database was asked, so the holder stops believing in it before anybody else can
    take it. What must never happen twice, not even after the holder was stopped in mid-work and woke up later,
    has to compare `fence` where it writes.

    Args:
        database: that all replicas share.
        name: of what is to be done alone.
        holder: this replica; different for each process.
        ttl_s: seconds for which it is held.
        clock: durations of the holder; on SQLite the shared time too.

    Attributes:
        fence: greater for every later holder; 0 before the first time.
    """

    def __init__(self, database: Database, name: str, holder: str, ttl_s: float, clock: Clock) -> None:
        self._database = database
        self._name = name
        self._holder = holder
        self._ttl_s = ttl_s
        self._clock = clock
        self._until = float("-inf")
        self.fence = 0

    @property
    def held(self) -> bool:
        """Whether this replica holds it at this moment; costs nothing."""
        return self._clock.monotonic() < self._until

    async def acquire(self) -> bool:
        """Take it, or hold on to it.

        Returns:
            whether it is held now.

        Raises:
            StoreUnavailable: the database cannot be used; what was held is held until it runs out.
        """
        from tidegate.store import lease_repo

        fence = await self._asked(lease_repo.take)
        if fence is not None:
            self.fence = fence
        return self.held

    async def renew(self) -> bool:
        """Hold on to it; unlike :meth:`acquire`, never take it again once it was lost.

        Returns:
            whether it is held now.

        Raises:
            StoreUnavailable: the database cannot be used; what was held is held until it runs out.
        """
        from tidegate.store import lease_repo

        await self._asked(lease_repo.extend)
        return self.held

    async def release(self) -> None:
        """Let somebody else have it at once. Where the database cannot be reached, it runs out by itself."""
        from tidegate.store import lease_repo

        if not self.held:
            return
        self._until = float("-inf")
        try:
            async with self._database.begin() as connection:
                await lease_repo.give_up(connection, self._name, self._holder)
        except StoreUnavailable:
            return

    async def _asked(self, way: Callable[..., Awaitable[Found]]) -> Found:
        """What one of the ways to hold a lease found; nothing, where it is not held."""
        asked, now = self._clock.monotonic(), self._clock.now()
        async with self._database.begin() as connection:
            found = await way(connection, self._database.dialect, self._name, self._holder, ttl_s=self._ttl_s, now=now)
        self._until = asked + self._ttl_s * _OWN_PART if found else float("-inf")
        return found
