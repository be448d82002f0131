"""The store as a running service holds it: a database, the bus of changes, and this replica's name."""

import asyncio
import os
import secrets
import socket
from typing import Final

import structlog

from tidegate.clock import Clock
from tidegate.store.bus import ChangeBus, Waker
from tidegate.store.database import Database
from tidegate.store.lease import Lease
from tidegate.store.model import StoreUnavailable

_PAUSE_SECONDS: Final = 1.0


def replica_name() -> str:
    """A name that no other process has: machine, process id and a random part."""
    return f"{socket.gethostname()[:64]}:{os.getpid()}:{secrets.token_hex(8)}"


class Store:
    """What rooms that keep something are given. Opening it is `run`'s work, so it never delays a start.

    Args:
        database: that all replicas share.
        clock: for leases and changes.
        waker: makes other replicas look at once, if there is one.
        poll_s: seconds between two looks at the changes.
        keep_s: seconds for which changes are kept.

    Attributes:
        database: for the rooms' own tables.
        bus: to tell other replicas, and to hear from them.
        replica: this process among the others.
    """

    def __init__(
        self, database: Database, clock: Clock, *, waker: Waker | None = None, poll_s: float = 0.2, keep_s: float
    ) -> None:
        self.database = database
        self.replica = replica_name()
        self._clock = clock
        self.bus = ChangeBus(database, clock, waker=waker, poll_s=poll_s, keep_s=keep_s, holder=self.replica)

    def lease(self, name: str, ttl_s: float) -> Lease:
        """A lease of this replica's, not yet taken.

        Args:
            name: of what is to be done by one replica at a time.
            ttl_s: seconds for which it is held.
        """
        return Lease(self.database, name, self.replica, ttl_s, self._clock)

    def down_seconds(self) -> float | None:
        """Seconds for which the database could not be used; None while it can."""
        return None if self.database.healthy() else self.bus.behind_seconds()

    async def run(self) -> None:
        """Bring the schema up to date, then hand changes over until cancelled."""
        log = structlog.get_logger("tidegate.store")
        told = False
        while True:
            try:
                if await self.database.migrate():
                    log.info("database_migrated", database=self.database.target.shown)
                break
            except StoreUnavailable as error:
                if not told:
                    log.warning("database_not_opened", cause=error.cause, error=str(error))
                told = True
                await asyncio.sleep(_PAUSE_SECONDS)
        await self.bus.run()
