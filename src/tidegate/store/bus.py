"""The bus of changes: what one replica did, all replicas know, in order of commit and at least once.

A change is a row, written in the transaction that it tells of, so neither is there without the other. Every replica
reads the rows behind the last one it knows, several times a second. Whatever wakes it earlier only saves time:
nothing is lost where that is down. After a time in which the database could not be read, and at the start, everybody
who subscribed is asked to load all anew, so that not even rows which were pruned meanwhile are missed.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol

import orjson
import structlog

from tidegate import metrics
from tidegate.clock import Clock
from tidegate.pauses import ended, woken
from tidegate.store.database import Database
from tidegate.store.lease import Lease
from tidegate.store.model import Change, StoreUnavailable

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

Handler = Callable[[Change], Awaitable[None] | None]
Reload = Callable[[], Awaitable[None]]

BODY_BYTES: Final = 65_536
"""The greatest size of a change's body."""

HANDLER_SECONDS: Final = 10.0
"""How long one handler may take with one change; then the others go on without it."""

RELOAD_SECONDS: Final = 600.0
"""How long one may take to load everything. Each of its readings is bounded by the database's own time-out, and ended
in the middle it would begin anew for ever: a million bans would never be known."""

_BATCH: Final = 500
_GAP_SECONDS: Final = 0.01
"""Between two rounds, however often somebody wakes the bus."""
_PAUSE_SECONDS: Final = 1.0
"""After a round that failed."""
_PRUNES_PER_LIFE: Final = 24


class Waker(Protocol):
    """What makes other replicas look at once."""

    async def announce(self, connection: "AsyncConnection") -> None:
        """Called inside the transaction that publishes."""
        ...

    def announced(self) -> None:
        """Called after its commit. Does not wait, does not raise."""
        ...

    async def run(self, wake: Callable[[], None]) -> None:
        """Call ``wake`` whenever somebody published, until cancelled; connections that break are made anew."""
        ...


class ChangeBus:
    """One replica's end of the bus; used from one event loop.

    Args:
        database: that all replicas share.
        clock: for the changes' time, and for durations.
        waker: makes others look at once; None: they look when they look.
        poll_s: seconds between two looks.
        keep_s: seconds for which changes are kept.
        holder: this replica, among those that could prune.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        waker: Waker | None = None,
        poll_s: float = 0.2,
        keep_s: float = 86_400.0,
        holder: str = "",
    ) -> None:
        self._database = database
        self._clock = clock
        self._waker = waker
        self._poll_s = poll_s
        self._keep_s = keep_s
        self._handlers: dict[str, list[Handler]] = {}
        self._reloads: dict[Reload, str] = {}
        self._owed: dict[Reload, str] = {}
        self._position: int | None = None
        self._lost = False
        self._turn = asyncio.Lock()
        self._woken = asyncio.Event()
        self._current = clock.monotonic()
        self._prune_every = keep_s / _PRUNES_PER_LIFE
        self._prune_at = self._current + self._prune_every
        self._pruner = Lease(database, "changes", holder, self._prune_every, clock)
        self._log = structlog.get_logger("tidegate.store")
        metrics.CHANGES_BEHIND.set_function(self.behind_seconds)

    def subscribe(self, topic: str, handler: Handler, *, reload: Reload | None = None) -> None:
        """Have something called for each change of a topic, this replica's own included.

        Args:
            topic: whose changes.
            handler: idempotent: a change can come twice.
            reload: brings everything that the topic is about up to date from the database; called at the start, after
                each time in which the database could not be read, and after ``handler`` failed. A change that it
                already saw may still be handed over.
        """
        self._handlers.setdefault(topic, []).append(handler)
        if reload is not None:
            self._reloads[reload] = self._owed[reload] = topic

    async def publish(self, connection: "AsyncConnection", topic: str, body: Mapping[str, Any]) -> int:
        """Tell all replicas, if and when this transaction is committed.

        Args:
            connection: of a running ``database.begin()``.
            topic: at most 64 characters.
            body: JSON; at most 64 KiB, no secret.

        Returns:
            the change's number.

        Raises:
            ValueError: the body is too large.
        """
        from tidegate.store import change_repo

        octets = orjson.dumps(body)
        if len(octets) > BODY_BYTES:
            raise ValueError(f"the body of a change has at most {BODY_BYTES} bytes")
        number = await change_repo.add(connection, topic, octets, self._clock.now())
        if self._waker is not None:
            await self._waker.announce(connection)
        self._database.after_commit(connection, self._committed)
        return number

    def wake(self) -> None:
        """Look at once."""
        self._woken.set()

    def behind_seconds(self) -> float:
        """Seconds since this replica last knew everything."""
        return max(0.0, self._clock.monotonic() - self._current)

    async def run(self) -> None:
        """Hand changes over until cancelled. Where the database is gone, try again until it is back."""
        listening = None if self._waker is None else asyncio.create_task(self._waker.run(self.wake))
        try:
            while True:
                self._woken.clear()
                if not await self._round():
                    await asyncio.sleep(_PAUSE_SECONDS)
                    continue
                await asyncio.sleep(_GAP_SECONDS)
                await woken(self._woken, self._poll_s)
        finally:
            if listening is not None:
                await ended([listening], _PAUSE_SECONDS)

    async def catch_up(self) -> None:
        """Know everything that was committed until now.

        Raises:
            StoreUnavailable: the database cannot be read; everything is loaded anew once it can.
        """
        async with self._turn:
            began = self._clock.monotonic()
            try:
                await self._find_position()
                await self._reload()
                await self._drain()
            except StoreUnavailable:
                self._lost = True
                raise
            if not self._owed:
                self._current = began

    async def prune(self) -> int:
        """Forget changes that are older than they are kept, if this replica is the one to do it.

        Returns:
            how many were forgotten.

        Raises:
            StoreUnavailable: the database cannot be used.
        """
        from tidegate.store import change_repo

        if not await self._pruner.acquire():
            return 0
        async with self._database.begin() as connection:
            forgotten = await change_repo.prune(connection, self._clock.now() - self._keep_s)
        metrics.CHANGES_PRUNED.inc(forgotten)
        return forgotten

    def _committed(self) -> None:
        self.wake()
        if self._waker is not None:
            self._waker.announced()

    async def _round(self) -> bool:
        """One look, and pruning now and then; whether all went well."""
        lost, behind_s = self._lost, round(self.behind_seconds(), 1)
        try:
            await self.catch_up()
            if self._clock.monotonic() >= self._prune_at:
                self._prune_at = self._clock.monotonic() + self._prune_every
                await self.prune()
        except StoreUnavailable as error:
            if not lost:
                self._log.warning("changes_not_read", cause=error.cause, error=str(error))
            return False
        if lost:
            self._log.info("changes_read_again", behind_s=behind_s)
        return not self._owed

    async def _find_position(self) -> None:
        from tidegate.store import change_repo

        if self._position is not None and not self._lost:
            return
        async with self._database.read() as connection:
            newest = await change_repo.newest(connection)
        # Less than what is known already: a database that was restored from a copy.
        self._position = newest if self._position is None else min(self._position, newest)
        if self._lost:
            self._owed.update(self._reloads)
            self._lost = False

    async def _reload(self) -> None:
        for reload, topic in tuple(self._owed.items()):
            if await self._guarded(reload(), topic, RELOAD_SECONDS):
                self._owed.pop(reload, None)

    async def _drain(self) -> None:
        from tidegate.store import change_repo

        while True:
            async with self._database.read() as connection:
                batch = await change_repo.after(connection, self._position or 0, _BATCH)
            for change in batch:
                await self._hand_over(change)
                self._position = change.id
            if len(batch) < _BATCH:
                return

    async def _hand_over(self, change: Change) -> None:
        metrics.CHANGES_SEEN.inc()
        for handler in self._handlers.get(change.topic, ()):
            if not await self._guarded(_called(handler, change), change.topic, HANDLER_SECONDS):
                self._owed.update({reload: topic for reload, topic in self._reloads.items() if topic == change.topic})

    async def _guarded(self, work: Awaitable[None], topic: str, limit_s: float) -> bool:
        """Do a subscriber's work; what goes wrong with it is its own and holds up nobody else."""
        try:
            async with asyncio.timeout(limit_s):
                await work
        except StoreUnavailable:
            raise
        except Exception:  # noqa: BLE001 - whatever it was
            metrics.CHANGES_FAILED.inc()
            self._log.exception("change_not_handled", topic=topic)
            return False
        return True


async def _called(handler: Handler, change: Change) -> None:
    result = handler(change)
    if inspect.isawaitable(result):
        await result
