"""The job that tells Stream of revocations and bans, until it holds.

What is owed stands in the database, so it outlives this process, and all replicas know
how much it is; one of them at a time works it off.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import structlog

from tidegate import metrics
from tidegate.clock import Clock
from tidegate.pauses import doubled, woken
from tidegate.store import Database, Lease, StoreUnavailable
from tidegate.tokens.standing.model import Entry
from tidegate.tokens.standing.service import StandingService
from tidegate.tokens.standing.tell import NoLongerOurs, Teller
from tidegate.upstream.errors import BreakerOpen, CallRefused, RateLimited, UpstreamError
from tidegate.upstream.model import MAX_USERS_PER_CALL

LEASE: Final = "standing"
"""Whoever holds it tells Stream."""

LEASE_SECONDS: Final = 30.0
_TURN_SECONDS: Final = 5.0
"""Between two looks at what is owed, where nobody says that something changed."""
_PRUNE_SECONDS: Final = 3_600.0
_PAUSE_SECONDS: Final = 0.5
_LATER_MOST: Final = 500
"""Users with whom it does not work at a time; with more of them it is not about users."""


class Pusher:
    """One on each replica, of which one works.

    Args:
        database: what is owed stands there.
        service: says when something changed.
        teller: speaks to Stream.
        lease: named `LEASE`.
        clock: for pauses.
        pause_max_s: the longest pause after a failure, seconds.
        jitter: a number from 0 to 1.
    """

    def __init__(
        self,
        database: Database,
        service: StandingService,
        teller: Teller,
        lease: Lease,
        clock: Clock,
        *,
        pause_max_s: float = 15.0,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._database = database
        self._service = service
        self._teller = teller
        self._lease = lease
        self._clock = clock
        self._pause_max_s = pause_max_s
        self._jitter = jitter
        self._log = structlog.get_logger("tidegate.standing")
        self._woken = asyncio.Event()
        self._failures = 0
        self._not_before = self._renew_at = self._look_at = float("-inf")
        self._prune_at = clock.monotonic() + _PRUNE_SECONDS
        self._later: dict[str, tuple[int, float]] = {}
        self._doubtful: tuple[int | None, Sequence[Entry]] | None = None
        self._fence = 0
        self._count = 0
        self._oldest: float | None = None
        teller.before_each(self._still_mine)
        service.on_change(self._woken.set)
        metrics.STANDING_OWED.set_function(lambda: self._count)
        metrics.STANDING_OWED_SECONDS.set_function(self._waits)

    def untold(self) -> tuple[int, float]:
        """How many users, and one for the app, Stream is to be told of, and for how many seconds the first waits."""
        return self._count, self._waits()

    def _waits(self) -> float:
        return 0.0 if self._oldest is None else max(0.0, self._clock.now() - self._oldest)

    async def run(self) -> None:
        """Tell Stream until cancelled; then let another replica go on at once."""
        try:
            while True:
                self._woken.clear()
                wait = await self.turn()
                await woken(self._woken, wait)
        finally:
            await self._lease.release()

    async def turn(self) -> float:
        """Do what can be done now.

        Returns:
            seconds after which to look again, if nothing changes before.
        """
        try:
            await self._forget()
            await self._settle_doubt()
            if await self._is_mine():
                await self._work()
            await self._measure()
        except StoreUnavailable:
            return _TURN_SECONDS  # the store reports that itself
        now = self._clock.monotonic()
        if self._lease.held and now < self._look_at:
            return min(_TURN_SECONDS, self._look_at - now + 0.01)
        if not self._count or not self._lease.held:
            return _TURN_SECONDS
        first = min((due for _, due in self._later.values()), default=now)
        return min(_TURN_SECONDS, max(0.01, self._not_before - now, first - now))

    async def _is_mine(self) -> bool:
        """Whether this replica is the one to tell; the database is asked a few times in the lease's life."""
        now = self._clock.monotonic()
        if now < self._renew_at:
            return self._lease.held
        self._renew_at = now + LEASE_SECONDS / 3
        return await self._lease.acquire()

    async def _still_mine(self) -> None:
        """Asked before each call; also after a long sleep, in which everything may have changed.

        Raises:
            NoLongerOurs: the lease ran out, or is another one by now; what there is to tell must be read anew.
        """
        if not await self._is_mine() or self._lease.fence != self._fence:
            raise NoLongerOurs("the lease ran out")

    async def _forget(self) -> None:
        """Forget what is over, on every replica: what each remembers counts towards its bound."""
        if self._clock.monotonic() >= self._prune_at:
            self._prune_at = self._clock.monotonic() + _PRUNE_SECONDS
            await self._service.prune()

    async def _work(self) -> None:
        """Tell what is owed and can be told now."""
        from tidegate.tokens.standing import repo

        while await self._is_mine() and (now := self._clock.monotonic()) >= self._not_before:
            self._fence = self._lease.fence
            waiting = {user_id for user_id, (_, due) in self._later.items() if due > now}
            async with self._database.read() as connection:
                app = await repo.app_debt(connection)
                found = await repo.debts(connection, MAX_USERS_PER_CALL, waiting, self._clock.now())
            if app is None and not found:
                return
            await self._tell(app, found)

    async def _tell(self, app: int | None, found: Sequence[Entry]) -> None:
        # From here on Stream may have been told. Whatever comes in between, that is either noted or looked at again.
        self._doubtful = app, found
        try:
            if found:
                await self._tell_users(found)
            # After the users: for some seconds Stream may then refuse our own calls too.
            if app is not None:
                await self._tell_app(app)
        except UpstreamError as error:
            await self._pause(error, [entry.standing.user_id for entry in found])
            await self._settle_doubt()
            return
        except NoLongerOurs:
            metrics.STANDING_TOLD.labels("any", "overtaken").inc()
            self._log.warning("standing_overtaken")
            await self._settle_doubt()
            return
        self._doubtful = None
        if self._failures:
            self._failures = 0
            self._log.info("standing_told_again")

    async def _tell_app(self, version: int) -> None:
        from tidegate.tokens.standing import repo

        records, _ = await self._service.cuts()
        if records:
            await self._teller.app(max(record.cut.last for record in records))
        async with self._database.begin() as connection:
            if not await repo.settle(connection, repo.APP, version):
                await repo.doubt_app(connection, self._database.dialect, version, self._clock.now())
        metrics.STANDING_TOLD.labels("app", "told").inc()

    async def _tell_users(self, found: Sequence[Entry]) -> None:
        from tidegate.tokens.standing import repo

        refused, absent = await self._teller.users([entry.standing for entry in found])
        now = self._clock.now()
        async with self._database.begin() as connection:
            for entry in sorted(found, key=_by_user):
                standing = entry.standing
                if standing.user_id in absent:
                    if await repo.note_absent(connection, entry, now):
                        self._look_at = self._clock.monotonic() + repo.LOOK_AGAIN[repo.ABSENT]
                    continue
                if standing.user_id in refused:
                    await repo.note_trouble(connection, [standing.user_id], refused[standing.user_id].label)
                    continue
                banned, deactivated = self._teller.holds(standing)
                there = replace(standing, banned_there=banned, deactivated_there=deactivated)
                await repo.note_there(connection, there)
                if not await repo.settle(connection, standing.user_id, standing.version):
                    await repo.doubt(connection, self._database.dialect, standing, now)
                self._later.pop(standing.user_id, None)
        metrics.STANDING_TOLD.labels("user", "told").inc(len(found) - len(refused) - len(absent))
        for user_id, error in refused.items():
            self._put_off(user_id, error)

    def _put_off(self, user_id: str, error: CallRefused) -> None:
        """Try a user again later, and later still; the others go on."""
        metrics.STANDING_TOLD.labels("user", "refused").inc()
        tries = self._later.get(user_id, (0, 0.0))[0] + 1
        if tries == 1:
            self._log.warning("standing_refused", operation=error.operation, code=error.label)
        wait = min(self._pause_max_s * 20, doubled(1.0, tries))
        self._later[user_id] = (tries, self._clock.monotonic() + wait)
        if len(self._later) > _LATER_MOST:
            self._later.clear()
            self._not_before = self._clock.monotonic() + self._pause_max_s

    async def _pause(self, error: UpstreamError, users: Sequence[str]) -> None:
        """Leave Stream alone for a while; what is owed says why."""
        from tidegate.tokens.standing import repo

        metrics.STANDING_TOLD.labels("any", "failed").inc()
        if not self._failures:
            self._log.warning("standing_not_told", operation=error.operation, code=error.label)
        usual = doubled(_PAUSE_SECONDS, self._failures) * (0.5 + 0.5 * self._jitter())
        self._failures += 1
        told = (error.retry_after or 0.0) if isinstance(error, RateLimited | BreakerOpen) else 0.0
        wait = min(self._pause_max_s, max(told, usual))
        self._not_before = self._clock.monotonic() + wait
        async with self._database.begin() as connection:
            await repo.note_trouble(connection, [repo.APP, *users], error.label)

    async def _settle_doubt(self) -> None:
        """Owe again what changed while Stream was told of it, where telling did not come to its end."""
        from tidegate.tokens.standing import repo

        if self._doubtful is None:
            return
        app, found = self._doubtful
        async with self._database.begin() as connection:
            for entry in sorted(found, key=_by_user):
                await repo.doubt(connection, self._database.dialect, entry.standing, self._clock.now())
            if app is not None:
                await repo.doubt_app(connection, self._database.dialect, app, self._clock.now())
        self._doubtful = None

    async def _measure(self) -> None:
        from tidegate.tokens.standing import repo

        async with self._database.read() as connection:
            self._count, self._oldest = await repo.arrears(connection)


def _by_user(entry: Entry) -> str:
    """Rows are locked in one order by everybody, so that no two wait for each other."""
    return entry.standing.user_id
