"""One prober for all replicas: whoever holds the lease probes, and the others hear of it through the store."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog

from tidegate import metrics
from tidegate.clock import Clock
from tidegate.store import Change, Store, StoreUnavailable
from tidegate.watch.probes.board import Board
from tidegate.watch.probes.model import Outcome
from tidegate.watch.probes.wire import decoded, encoded

LEASE: Final = "watch"
"""Whoever holds it probes for all."""

LEASE_SECONDS: Final = 15.0
"""After so long without a word of its holder, another replica goes on."""

TOPIC: Final = "probes"

_ROUND_SECONDS: Final = 5.0


class StoreTurn:
    """The turn among the replicas of one store.

    While the store cannot be used for longer than a lease lives, nobody can hold it: then each replica probes for
    itself, and says so.

    Args:
        store: that the replicas share.
        board: told of what the others found.
        clock: for the lease, and for when the store was last heard of.
    """

    def __init__(self, store: Store, board: Board, clock: Clock) -> None:
        self._store = store
        self._board = board
        self._clock = clock
        self._lease = store.lease(LEASE, LEASE_SECONDS)
        self._lost_at: float | None = None
        self._met = False
        store.bus.subscribe(TOPIC, self._heard, reload=self._reload)

    @property
    def mine(self) -> bool:
        """Whether this replica runs the shared probes now."""
        return self._lease.held or self.alone

    @property
    def alone(self) -> bool:
        """Whether it does so since it cannot hear of the others."""
        if self._lost_at is None:
            return False
        # Nobody was ever heard of: there is nothing to wait for.
        return not self._met or self._clock.monotonic() - self._lost_at > LEASE_SECONDS

    async def run(self, changed: Callable[[], None]) -> None:
        """Take the lease or hold on to it, until cancelled."""
        before = False
        try:
            while True:
                await self._round()
                metrics.WATCH_TURN.set(2 if self.alone else float(self._lease.held))
                if self.mine is not before:
                    before = self.mine
                    changed()
                await asyncio.sleep(_ROUND_SECONDS)
        finally:
            await self._lease.release()

    async def share(self, outcome: Outcome) -> None:
        """Keep an outcome and tell the others; where the store is down they find out for themselves.

        Args:
            outcome: found here.
        """
        from tidegate.watch.probes import repo

        if self._lost_at is not None:
            return
        members = encoded(outcome)
        database = self._store.database
        try:
            async with database.begin() as connection:
                await repo.keep(connection, database.dialect, outcome.probe, members)
                await self._store.bus.publish(connection, TOPIC, members)
        except StoreUnavailable as error:
            structlog.get_logger("tidegate.watch").warning("outcome_not_shared", probe=outcome.probe, cause=error.cause)

    async def _round(self) -> None:
        try:
            await self._lease.acquire()
        except StoreUnavailable:
            self._lost_at = self._clock.monotonic() if self._lost_at is None else self._lost_at
        else:
            self._lost_at, self._met = None, True

    def _heard(self, change: Change) -> None:
        self._learn(change.body)

    async def _reload(self) -> None:
        from tidegate.watch.probes import repo

        async with self._store.database.read() as connection:
            rows = await repo.everything(connection)
        for members in rows:
            self._learn(members)

    def _learn(self, members: Mapping[str, Any]) -> None:
        try:
            outcome = decoded(members, self._clock.now())
        except (KeyError, ValueError, TypeError):
            return  # of a later version, whose replica knows what it means
        self._board.post(outcome)
