"""Bringing people's profiles to Stream, in the background.

An exchange offers what the session says of its person and goes on; everything that
waits happens here, in one task. Stream being slow, down or full never reaches the
exchange: the queue is bounded, and what does not fit is dropped and counted.

Only what a profile gives is sent. E-mail never is, nor a placeholder: Stream shows
users to other users. A user that exists is never replaced whole, which would wipe the
fields that others have set.
"""

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeVar

import structlog
from structlog.typing import FilteringBoundLogger

from tidegate import metrics
from tidegate.bounded import BoundedTable
from tidegate.clock import Clock
from tidegate.pauses import doubled
from tidegate.tokens.profile import Profile, differs
from tidegate.upstream.client import StreamClient
from tidegate.upstream.errors import AccessKeyError, AppSuspended, AuthFailed, CallRefused, UpstreamError
from tidegate.upstream.model import MAX_USERS_PER_CALL, Operation, PartialUpdate, StreamUser, query_pages
from tidegate.upstream.quota import Quota

_WINDOW_SECONDS: Final = 60.0

_R = TypeVar("_R")


@dataclass(frozen=True, slots=True)
class SyncOptions:
    """Bounds of profile sync.

    Attributes:
        queue_size: the most users that wait.
        memory_size: the most users of whom it is remembered what was synced last.
        calls_per_minute: the most calls made to Stream.
        reserve: the part of a limit of Stream's that is left for others, from 0 to 1.
        linger_s: seconds between the first offer and the first call, so that more can share it.
        pause_s: seconds; the first pause after a failure, doubled with each further one.
        pause_max_s: seconds; the longest pause.
    """

    queue_size: int = 10_000
    memory_size: int = 100_000
    calls_per_minute: int = 120
    reserve: float = 0.2
    linger_s: float = 0.5
    pause_s: float = 1.0
    pause_max_s: float = 60.0


def hashed(user_id: str) -> str:
    """A user id for the log: the same for the same user, without showing who it is."""
    return hashlib.sha256(user_id.encode()).hexdigest()[:16]


class ProfileSync:
    """The queue of profiles and the task that empties it; used from one event loop.

    Args:
        client: to Stream.
        quota: what is left of Stream's limits.
        options: bounds.
        clock: paces the calls.
        log: where a pause, its end and a refused user are reported.
        hash_id: how a user id stands in the log.
        sleep: waits; a test passes one that moves its clock.
        jitter: a number from 0 to 1, so that replicas do not return together.
    """

    def __init__(
        self,
        client: StreamClient,
        quota: Quota,
        options: SyncOptions,
        clock: Clock,
        *,
        log: FilteringBoundLogger | None = None,
        hash_id: Callable[[str], str] = hashed,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._client = client
        self._quota = quota
        self._options = options
        self._clock = clock
        self._log: FilteringBoundLogger = log if log is not None else structlog.get_logger("tidegate.sync")
        self._hash_id = hash_id
        self._sleep = sleep
        self._jitter = jitter
        self._queue: dict[str, Profile] = {}
        self._queue_size = options.queue_size
        # A user's last profile is remembered as a hash of it, refused ones too: a
        # clash costs one update that comes late, and the memory stays small.
        self._synced: BoundedTable[str, int] = BoundedTable(max(2, options.memory_size))
        self._work = asyncio.Event()
        self._turn = asyncio.Lock()
        self._next_call = 0.0
        self._failures = 0
        self._dropped = self._counted = 0
        metrics.SYNC_QUEUE_ENTRIES.set_function(self._measure)
        metrics.SYNC_MEMORY_ENTRIES.set_function(self._synced.__len__)

    def __len__(self) -> int:
        """How many users wait."""
        return len(self._queue)

    def offer(self, user_id: str, profile: Profile) -> None:
        """Take note of what a session says of its person. Never waits, never raises.

        Args:
            user_id: at Stream.
            profile: of the person, as the session gives it.
        """
        queue = self._queue
        waits = user_id in queue
        if not waits and self._synced.get(user_id) == profile.digest:
            return
        if waits or len(queue) < self._queue_size:
            queue[user_id] = profile
            self._work.set()
        else:
            # The metric itself costs as much as all the rest of this, so it is
            # brought up to date when it is read.
            self._dropped += 1

    def forget(self, user_id: str) -> None:
        """Bring the user's profile anew when it is next offered, whatever was synced.

        Args:
            user_id: at Stream.
        """
        self._synced.discard(user_id)

    async def run(self) -> None:
        """Sync until cancelled; what waits then is left to :meth:`drain`."""
        while True:
            await self._work.wait()
            await self._sleep(self._options.linger_s)
            while self._queue:
                try:
                    await self._batch()
                except UpstreamError as error:
                    await self._sleep(self._pause(error))
            self._work.clear()

    async def drain(self, limit_s: float) -> int:
        """Sync what waits, for a limited time, at the usual pace; a failure ends it.

        Args:
            limit_s: seconds.

        Returns:
            how many users are left over.
        """
        try:
            async with asyncio.timeout(limit_s):
                while self._queue:
                    await self._batch()
        except (TimeoutError, UpstreamError):
            pass
        return len(self._queue)

    async def _batch(self) -> None:
        """One round for the first users of the queue; each leaves it when it is settled."""
        async with self._turn:
            # After failures fewer are taken, so that one user over whom Stream fails
            # does not hold up the others for ever.
            size = max(1, MAX_USERS_PER_CALL >> min(self._failures, 7))
            batch = dict(islice(self._queue.items(), size))
            try:
                await self._round(batch)
            except UpstreamError:
                self._to_the_end(batch)
                raise
            if self._failures:
                self._failures = 0
                self._log.info("sync_resumed", waiting=len(self._queue))

    async def _round(self, batch: Mapping[str, Profile]) -> None:
        existing: dict[str, StreamUser] = {}
        asked: list[str] = []
        for page in query_pages(list(batch)):
            query = self._halving(page, batch, Operation.QUERY_USERS, self._query)
            async for part, found in query:
                asked += part
                existing |= found
        missing = [user_id for user_id in asked if user_id not in existing]
        changes = {
            user_id: change
            for user_id in asked
            if user_id in existing and (change := _change(existing[user_id], batch[user_id]))
        }
        for user_id in asked:
            if user_id in existing and user_id not in changes:
                self._settle(user_id, batch[user_id], "unchanged")

        async def create(part: Sequence[str]) -> None:
            users = [{"id": user_id, **batch[user_id].present()} for user_id in part]
            await self._client.upsert_users(users, attempts=1)

        async def patch(part: Sequence[str]) -> None:
            await self._client.update_users_partial([changes[user_id] for user_id in part], attempts=1)

        await self._write(missing, batch, Operation.UPSERT_USERS, create, "created")
        await self._write(list(changes), batch, Operation.UPDATE_USERS, patch, "updated")

    async def _query(self, part: Sequence[str]) -> dict[str, StreamUser]:
        return await self._client.query_users(part, attempts=1)

    async def _write(
        self,
        users: Sequence[str],
        batch: Mapping[str, Profile],
        operation: Operation,
        send: Callable[[Sequence[str]], Awaitable[None]],
        result: str,
    ) -> None:
        async for part, _ in self._halving(users, batch, operation, send):
            for user_id in part:
                self._settle(user_id, batch[user_id], result)

    async def _halving(
        self,
        users: Sequence[str],
        batch: Mapping[str, Profile],
        operation: Operation,
        send: Callable[[Sequence[str]], Awaitable[_R]],
    ) -> AsyncIterator[tuple[Sequence[str], _R]]:
        """Call for all; where one of them makes Stream refuse the call, halve until it stands alone."""
        parts = [users] if users else []
        while parts:
            part = parts.pop()
            await self._pace(operation)
            try:
                answer = await send(part)
            except CallRefused as error:
                if isinstance(error, AccessKeyError | AuthFailed | AppSuspended):
                    raise
                if len(part) == 1:
                    self._refuse(part[0], batch[part[0]], error)
                else:
                    parts += (part[len(part) // 2 :], part[: len(part) // 2])
                continue
            yield part, answer

    async def _pace(self, operation: Operation) -> None:
        """Wait until a call is due: our own rate, and Stream's limit less the reserve."""
        while True:
            now = self._clock.monotonic()
            wait = max(self._next_call - now, self._quota.wait_seconds(operation, self._options.reserve))
            if wait <= 0:
                self._next_call = now + _WINDOW_SECONDS / self._options.calls_per_minute
                return
            await self._sleep(wait)

    def _settle(self, user_id: str, profile: Profile, result: str) -> None:
        """Remember what was synced; a newer profile that came meanwhile stays in the queue."""
        self._synced.put(user_id, profile.digest, self._clock.monotonic())
        if self._queue.get(user_id) == profile:
            del self._queue[user_id]
        metrics.SYNC_TOTAL.labels(result).inc()

    def _refuse(self, user_id: str, profile: Profile, error: CallRefused) -> None:
        self._settle(user_id, profile, "refused")
        self._log.warning("sync_user_refused", user=self._hash_id(user_id), operation=error.operation, code=error.code)

    def _measure(self) -> float:
        """Called when the metrics are read: count the drops since the last time, say how many wait."""
        dropped, self._counted = self._dropped - self._counted, self._dropped
        metrics.SYNC_DROPPED.inc(dropped)
        return len(self._queue)

    def _to_the_end(self, batch: Mapping[str, Profile]) -> None:
        for user_id in batch:
            if user_id in self._queue:
                self._queue[user_id] = self._queue.pop(user_id)

    def _pause(self, error: UpstreamError) -> float:
        """Seconds to leave Stream alone after a failure."""
        metrics.SYNC_TOTAL.labels("failed").inc()
        if not self._failures:
            self._log.warning(
                "sync_paused", operation=error.operation, error=type(error).__name__, code=error.label,
                waiting=len(self._queue),
            )  # fmt: skip
        usual = doubled(self._options.pause_s, self._failures) * (0.5 + 0.5 * self._jitter())
        self._failures += 1
        told = error.retry_after or 0.0
        return min(self._options.pause_max_s, max(told, usual))


def _change(user: StreamUser, profile: Profile) -> PartialUpdate | None:
    """What makes Stream's user what the profile says; None where nothing does."""
    known = {**user.custom, "name": user.name, "image": user.image, "role": user.role, "teams": user.teams}
    wanted = {name: value for name, value in profile.present().items() if differs(name, known.get(name), value)}
    gone = tuple(name for name in profile.removed() if name in known)
    return PartialUpdate(user.id, wanted, gone) if wanted or gone else None
